//! Revocation by the lists that the caller names (RFC 5280, 6.3).

use der::Decode;
use x509_cert::crl::{CertificateList, RevokedCert};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::CrlDistributionPoints;
use x509_cert::ext::pkix::crl::{CrlReason, IssuingDistributionPoint};
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};

use crate::certificate::{Certificate, Signed};
use crate::steps::{Refusal, Steps};
use crate::trust::Trust;

/// Looks the certificate up. A list counts if it is signed by the issuer, has not ended, and covers the certificate.
pub(crate) fn check(steps: &Steps, trust: &Trust, leaf: &Certificate, issuer: &Certificate) -> Result<(), Refusal> {
    let mut reason = Refusal::new("A37", "there is no revocation list for the certificate");
    for bytes in &trust.lists {
        let Ok(list) = CertificateList::from_der(bytes) else {
            continue;
        };
        if list.tbs_cert_list.issuer != leaf.tbs.issuer {
            continue;
        }
        match covers(steps, trust, &list, bytes, leaf, issuer) {
            Ok(()) => return look_up(steps, &list, leaf),
            Err(refusal) => reason = refusal,
        }
    }
    match steps.lack("A37") && reason.id == "A37" {
        true => Ok(()),
        false => Err(reason),
    }
}

fn covers(
    steps: &Steps,
    trust: &Trust,
    list: &CertificateList,
    bytes: &[u8],
    leaf: &Certificate,
    issuer: &Certificate,
) -> Result<(), Refusal> {
    let signed = Signed::read(bytes).map_err(Refusal::form)?;
    let extensions = list.tbs_cert_list.crl_extensions.as_deref().unwrap_or_default();
    let scope = match find(extensions, "2.5.29.28") {
        Some(bytes) => {
            IssuingDistributionPoint::from_der(bytes)
                .map_err(Refusal::form)?
                .distribution_point
        }
        None => None,
    };
    let points = leaf
        .extension::<CrlDistributionPoints>("2.5.29.31")
        .map(|points| points.0);
    let names = points
        .iter()
        .flatten()
        .filter_map(|point| point.distribution_point.as_ref());
    // A list without a scope is complete.
    let own = scope
        .as_ref()
        .is_none_or(|scope| names.into_iter().any(|name| overlap(scope, name)));
    steps.check("A29", own, "the revocation list is that of another distribution point")?;
    let right = signed.is_signed_by(steps, &issuer.key);
    steps.check("A31", right, "the revocation list is not the authority's")?;
    let begun = list.tbs_cert_list.this_update.to_unix_duration() <= trust.time;
    let end = list.tbs_cert_list.next_update;
    let fresh = begun && end.is_some_and(|end| trust.time <= end.to_unix_duration());
    steps.check("A30", fresh, "the revocation list has ended")?;
    let known = |extension: &Extension| !extension.critical || extension.extn_id.to_string() == "2.5.29.28";
    let entries = || list.tbs_cert_list.revoked_certificates.iter().flatten();
    let plain = entries().all(|entry| {
        entry
            .crl_entry_extensions
            .iter()
            .flatten()
            .all(|extension| !extension.critical)
    });
    steps.check(
        "A32",
        plain && extensions.iter().all(known),
        "a critical extension of the list is not known",
    )
}

fn overlap(scope: &DistributionPointName, name: &DistributionPointName) -> bool {
    match (scope, name) {
        (DistributionPointName::FullName(scope), DistributionPointName::FullName(names)) => {
            let same = |name: &GeneralName| scope.contains(name);
            names.iter().any(same)
        }
        _ => false,
    }
}

fn look_up(steps: &Steps, list: &CertificateList, leaf: &Certificate) -> Result<(), Refusal> {
    let mut entries = list.tbs_cert_list.revoked_certificates.iter().flatten();
    let Some(entry) = entries.find(|entry| entry.serial_number == leaf.tbs.serial_number) else {
        return Ok(());
    };
    match is_on_hold(entry) {
        true => steps.check("A28", false, "the certificate is on hold"),
        false => steps.check("A27", false, "the certificate is revoked"),
    }
}

fn is_on_hold(entry: &RevokedCert) -> bool {
    let extensions = entry.crl_entry_extensions.as_deref().unwrap_or_default();
    let reason = find(extensions, "2.5.29.21").map(CrlReason::from_der);
    matches!(reason, Some(Ok(CrlReason::CertificateHold)))
}

fn find<'a>(extensions: &'a [Extension], oid: &str) -> Option<&'a [u8]> {
    let found = extensions.iter().find(|extension| extension.extn_id.to_string() == oid);
    found.map(|extension| extension.extn_value.as_bytes())
}
