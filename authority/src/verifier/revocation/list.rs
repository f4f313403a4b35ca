//! Revocation lists (RFC 5280, 5 and 6.3): the complete one and a municipality's.

use der::asn1::{ObjectIdentifier, Uint};
use der::{Decode, Encode};
use vmyna_apdu::{Text, text};
use x509_cert::crl::{CertificateList, RevokedCert};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::crl::IssuingDistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, KeyUsages};

use super::{List, Status, fresh};
use crate::register::{Reason, distribution_points};
use crate::revocation_list::{AUTHORITY_KEY_IDENTIFIER, CRL_NUMBER, ISSUING_DISTRIBUTION_POINT, REASON_CODE};
use crate::verifier::Settings;
use crate::verifier::block;
use crate::verifier::certificate::{Received, extension_fault, signature_hash, usages};
use crate::verifier::parts;
use crate::verifier::report::fixed;
use crate::verifier::trust::Anchor;

/// What the lists state, and the name of the list that stated it: one that shows a revocation, else one that shows none, else
/// the reason why one of this authority's can't be used.
pub(super) fn status(
    lists: &[List],
    certificate: &Received<'_>,
    anchor: &Anchor,
    settings: &Settings<'_>,
) -> (Result<Status, Text>, String) {
    let none = Err(fixed("there is none", "ありません"));
    let mut best = (0, none, String::new());
    for list in lists {
        let signed = signed_list(&list.der, anchor);
        let (rank, status) = match signed.map(|signed| in_list(&signed, certificate, settings)) {
            Ok(Ok(Status::Revoked(since, reason))) => (4, Ok(Status::Revoked(since, reason))),
            Ok(Ok(Status::Good)) => (3, Ok(Status::Good)),
            Ok(Err(why)) => (2, Err(why)),
            Err(why) => (1, Err(why)),
        };
        if best.0 < rank {
            best = (rank, status, list.name.clone());
        }
    }
    (best.1, best.2)
}

fn unreadable(error: der::Error) -> Text {
    text!("it can't be read: {error}", "読み取れません: {error}")
}

/// A list that the authority's key has signed.
fn signed_list(der: &[u8], anchor: &Anchor) -> Result<CertificateList, Text> {
    let list = CertificateList::from_der(der).map_err(unreadable)?;
    let signed = parts::signed_part(der).map_err(unreadable)?;
    check_signer(&list, signed, anchor)?;
    Ok(list)
}

/// What a list states of a certificate.
fn in_list(list: &CertificateList, certificate: &Received<'_>, settings: &Settings<'_>) -> Result<Status, Text> {
    let fields = &list.tbs_cert_list;
    let extensions = fields.crl_extensions.as_deref().unwrap_or_default();
    if let Some(fault) = extension_fault(extensions, &[ISSUING_DISTRIBUTION_POINT]) {
        return Err(fault);
    }
    let number = find(extensions, CRL_NUMBER).map(|extension| Uint::from_der(extension.extn_value.as_bytes()));
    if !matches!(number, Some(Ok(_))) {
        return Err(fixed("it has no number", "リスト番号がありません"));
    }
    if let Some(point) = find(extensions, ISSUING_DISTRIBUTION_POINT) {
        let point = IssuingDistributionPoint::from_der(point.extn_value.as_bytes()).map_err(unreadable)?;
        check_scope(&point, certificate)?;
    }
    let this_update = fields.this_update.to_date_time();
    fresh(
        this_update,
        fields.next_update.map(|time| time.to_date_time()),
        settings,
    )?;
    let end = certificate.fields().validity.not_after.to_date_time();
    if settings.at <= end && end < this_update {
        return Err(fixed(
            "it was made after the end of the certificate, and need not show it any more",
            "証明書の満了後に作られたため、失効が載っていない可能性があります",
        ));
    }
    let serial = &certificate.fields().serial_number;
    let mut status = Status::Good;
    for entry in fields.revoked_certificates.as_deref().unwrap_or_default() {
        if let Some(fault) = extension_fault(
            entry.crl_entry_extensions.as_deref().unwrap_or_default(),
            &[REASON_CODE],
        ) {
            return Err(fault);
        }
        if entry.serial_number == *serial {
            let since = entry.revocation_date.to_date_time();
            let earlier = matches!(&status, Status::Revoked(before, _) if *before <= since);
            if !earlier {
                status = Status::Revoked(since, reason(entry));
            }
        }
    }
    Ok(status)
}

/// The list is of the very key that issued the certificate, and that key may sign lists.
fn check_signer(list: &CertificateList, signed: &[u8], anchor: &Anchor) -> Result<(), Text> {
    let fields = &list.tbs_cert_list;
    let issuer = &anchor.certificate.tbs_certificate;
    if fields.issuer != issuer.subject {
        return Err(fixed("it is another authority's", "別の認証局のリストです"));
    }
    let extensions = fields.crl_extensions.as_deref().unwrap_or_default();
    let identifier = find(extensions, AUTHORITY_KEY_IDENTIFIER)
        .and_then(|extension| AuthorityKeyIdentifier::from_der(extension.extn_value.as_bytes()).ok())
        .and_then(|identifier| identifier.key_identifier);
    if identifier.as_ref().map(|id| id.as_bytes()) != Some(&anchor.id.0) {
        return Err(fixed(
            "it is of another key of the authority",
            "認証局の別の鍵によるリストです",
        ));
    }
    if !usages(issuer).is_some_and(|usage| usage.0.contains(KeyUsages::CRLSign)) {
        return Err(fixed(
            "the authority may not sign lists (cRLSign is missing)",
            "認証局はリストに署名できません（cRLSignがありません）",
        ));
    }
    let algorithm = &list.signature_algorithm;
    let hash = signature_hash(algorithm).filter(|_| *algorithm == fields.signature);
    let hash = hash.ok_or_else(|| {
        fixed(
            "its signature algorithm is not accepted, or differs inside and outside",
            "署名アルゴリズムを受け入れられないか、内側と外側で異なります",
        )
    })?;
    block::verify(&anchor.key, list.signature.raw_bytes(), signed, hash)
}

/// The list covers the certificate: it is of the certificate's own distribution point, for users' certificates, for all
/// reasons.
fn check_scope(point: &IssuingDistributionPoint, certificate: &Received<'_>) -> Result<(), Text> {
    if point.indirect_crl || point.only_some_reasons.is_some() {
        return Err(fixed(
            "it is an indirect list, or not for all reasons",
            "間接リストであるか、一部の理由だけのリストです",
        ));
    }
    if point.only_contains_ca_certs || point.only_contains_attribute_certs {
        return Err(fixed(
            "it does not cover users' certificates",
            "利用者の証明書のリストではありません",
        ));
    }
    let Some(covered) = &point.distribution_point else {
        return Ok(());
    };
    let own = distribution_points(certificate.fields()).unwrap_or_default();
    match own.iter().any(|own| share_a_name(own, covered)) {
        true => Ok(()),
        false => Err(fixed(
            "it covers another municipality than the certificate's",
            "証明書とは別の市区町村のリストです",
        )),
    }
}

fn share_a_name(one: &DistributionPointName, other: &DistributionPointName) -> bool {
    let (DistributionPointName::FullName(one), DistributionPointName::FullName(other)) = (one, other) else {
        return false;
    };
    let same = |one: &GeneralName, other: &GeneralName| match (one.to_der(), other.to_der()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    };
    one.iter().any(|one| other.iter().any(|other| same(one, other)))
}

fn find(extensions: &[Extension], id: ObjectIdentifier) -> Option<&Extension> {
    extensions.iter().find(|extension| extension.extn_id == id)
}

/// The name of the reason in an entry: an ENUMERATED of one octet.
fn reason(entry: &RevokedCert) -> String {
    let code = find(entry.crl_entry_extensions.as_deref().unwrap_or_default(), REASON_CODE);
    match code.map(|code| code.extn_value.as_bytes()) {
        None => Reason::Unspecified.name().to_owned(),
        Some(&[0x0A, 0x01, code]) => match Reason::of_code(code) {
            Some(reason) => reason.name().to_owned(),
            None => format!("reason {code}"),
        },
        Some(_) => "unreadable reason".to_owned(),
    }
}
