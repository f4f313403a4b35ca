//! What a cardholder's certificate must have for its purpose: key usage, extended key usage and policy.

use der::asn1::ObjectIdentifier;
use vmyna_apdu::{Text, text};
use vmyna_issuance::x509::names::Hierarchy;
use x509_cert::certificate::TbsCertificate;
use x509_cert::ext::pkix::{BasicConstraints, CertificatePolicies, ExtendedKeyUsage, KeyUsages};

use super::certificate::{purpose_title, usages};
use super::report::{Report, fixed};
use super::trust::Anchor;

const CLIENT_AUTHENTICATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");

/// A policy that a certificate can state.
#[derive(Clone, Copy)]
struct Policy {
    purpose: Hierarchy,
    /// Whether it is of the test hierarchy; otherwise of production.
    test: bool,
    /// Whether it is that of a phone's certificates alone (移動端末設備用電子証明書).
    phone: bool,
    id: ObjectIdentifier,
}

const fn known(purpose: Hierarchy, test: bool, phone: bool, id: &str) -> Policy {
    let id = ObjectIdentifier::new_unwrap(id);
    Policy {
        purpose,
        test,
        phone,
        id,
    }
}

/// The policies of cardholders' certificates: of the service's certificate profile, and of a published production certificate.
/// Those of phones are `assumed`: one weak source gives the one of production, and the other is made by analogy. A phone's
/// certificate for authentication has the policy of a card's (`assumed`), so nothing in it names the phone.
const POLICIES: [Policy; 6] = [
    known(Hierarchy::Signature, true, false, "1.2.392.200149.8.5.1.0.20"),
    known(Hierarchy::Signature, false, false, "1.2.392.200149.8.5.1.1.20"),
    known(Hierarchy::Signature, true, true, "1.2.392.200149.8.5.1.0.40"),
    known(Hierarchy::Signature, false, true, "1.2.392.200149.8.5.1.1.40"),
    known(Hierarchy::Authentication, true, false, "1.2.392.200149.8.5.1.0.30"),
    known(Hierarchy::Authentication, false, false, "1.2.392.200149.8.5.1.3.30"),
];

/// The purpose that a certificate claims: by its policy, else by its key usage.
pub(super) fn claimed(fields: &TbsCertificate) -> Hierarchy {
    let stated = policy(fields).ok();
    let by_policy = POLICIES.iter().find(|policy| Some(policy.id) == stated);
    by_policy.map_or_else(|| by_usage(fields), |policy| policy.purpose)
}

/// Whether a certificate states that it is on a phone.
pub(super) fn is_phones(fields: &TbsCertificate) -> bool {
    let stated = policy(fields).ok();
    POLICIES.iter().any(|policy| policy.phone && Some(policy.id) == stated)
}

fn by_usage(fields: &TbsCertificate) -> Hierarchy {
    match usages(fields) {
        Some(usage) if usage.0.contains(KeyUsages::NonRepudiation) => Hierarchy::Signature,
        _ => Hierarchy::Authentication,
    }
}

/// The one policy of a certificate.
fn policy(fields: &TbsCertificate) -> Result<ObjectIdentifier, Text> {
    let stated: der::Result<Option<(bool, CertificatePolicies)>> = fields.get();
    match stated.ok().flatten().map(|(_, policies)| policies.0) {
        Some(policies) if policies.len() == 1 => Ok(policies[0].policy_identifier),
        Some(policies) => {
            let count = policies.len();
            Err(text!(
                "the certificate states {count} policies, not one",
                "証明書のポリシーが1つではなく{count}個あります"
            ))
        }
        None => Err(fixed(
            "the certificate states no policy",
            "証明書にポリシーがありません",
        )),
    }
}

/// Checks all of it.
pub(super) fn check(report: &mut Report, fields: &TbsCertificate, purpose: Hierarchy, anchor: Option<&Anchor>) {
    let (en, ja) = purpose_title(purpose);
    check_usage(report, fields, purpose);
    check_extended_usage(report, fields, purpose);
    match (policy(fields), anchor) {
        (Err(reason), _) => report.invalid("certificate.policy", reason),
        (Ok(stated), anchor) => {
            let test = anchor.is_none_or(Anchor::is_test);
            let of_purpose = POLICIES
                .iter()
                .filter(|policy| policy.purpose == purpose && policy.test == test);
            let expected = of_purpose.clone().map(|policy| policy.id.to_string());
            let expected = expected.collect::<Vec<_>>().join(", ");
            report.check(
                "certificate.policy",
                of_purpose.clone().any(|policy| policy.id == stated),
                text!(
                    "the policy {stated} is that for {en}",
                    "ポリシー{stated}は{ja}のものです"
                ),
                text!(
                    "the policy is {stated}, and that for {en} under this authority is {expected}",
                    "ポリシーは{stated}ですが、この認証局の{ja}は{expected}です"
                ),
            );
            if is_phones(fields) {
                report.note(
                    "certificate.token",
                    fixed(
                        "the certificate is on a phone, by its policy, which is assumed",
                        "ポリシー（推定）によると、スマートフォンの電子証明書です",
                    ),
                );
            }
        }
    }
    let constraints: der::Result<Option<(bool, BasicConstraints)>> = fields.get();
    report.check(
        "certificate.end-entity",
        matches!(&constraints, Ok(None)) || matches!(&constraints, Ok(Some((_, found))) if !found.ca),
        fixed("the certificate is no authority's", "認証局の証明書ではありません"),
        fixed(
            "the certificate is an authority's, or its basic constraints can't be read",
            "認証局の証明書であるか、基本制約を読み取れません",
        ),
    );
    if let Some(hierarchy) = anchor.and_then(Anchor::hierarchy) {
        let (issuer_en, issuer_ja) = purpose_title(hierarchy);
        report.check(
            "certificate.purpose",
            hierarchy == purpose,
            text!("the authority issues for {en}", "{ja}の認証局の発行です"),
            text!(
                "the authority issues for {issuer_en}, and the certificate is used for {en}",
                "{issuer_ja}の認証局の発行ですが、{ja}として使われています"
            ),
        );
    } else if anchor.is_some() {
        report.note(
            "certificate.purpose",
            fixed(
                "the authority's name does not state what it issues for",
                "認証局の名前に用途がありません",
            ),
        );
    }
}

fn check_usage(report: &mut Report, fields: &TbsCertificate, purpose: Hierarchy) {
    let (en, ja) = purpose_title(purpose);
    let Some(usage) = usages(fields) else {
        report.invalid(
            "certificate.key-usage",
            fixed(
                "the certificate states no key usage that can be read",
                "証明書に読み取れる鍵用途がありません",
            ),
        );
        return;
    };
    let needed = match purpose {
        Hierarchy::Signature => KeyUsages::DigitalSignature | KeyUsages::NonRepudiation,
        Hierarchy::Authentication => KeyUsages::DigitalSignature.into(),
    };
    let authority = !usage.0.is_disjoint(KeyUsages::KeyCertSign | KeyUsages::CRLSign);
    // A key for signatures with legal effect must not answer the challenge of a log-in.
    let mixed = purpose == Hierarchy::Authentication && usage.0.contains(KeyUsages::NonRepudiation);
    report.check(
        "certificate.key-usage",
        usage.0.contains(needed) && !authority && !mixed,
        text!("the key usage is that for {en}", "鍵用途は{ja}のものです"),
        text!("the key usage is not that for {en}", "鍵用途が{ja}のものではありません"),
    );
}

fn check_extended_usage(report: &mut Report, fields: &TbsCertificate, purpose: Hierarchy) {
    let stated: der::Result<Option<(bool, ExtendedKeyUsage)>> = fields.get();
    let stated = stated.map(|stated| stated.map(|(_, usage)| usage.0));
    let holds = match (purpose, &stated) {
        (Hierarchy::Signature, Ok(None)) => true,
        (Hierarchy::Authentication, Ok(Some(usage))) => usage.contains(&CLIENT_AUTHENTICATION),
        _ => false,
    };
    let (ok, invalid) = match purpose {
        Hierarchy::Signature => (
            fixed(
                "no extended key usage, as the profile has it",
                "プロファイルのとおり拡張鍵用途はありません",
            ),
            fixed(
                "the certificate has an extended key usage, which the profile for digital signature lacks",
                "署名用のプロファイルにない拡張鍵用途があります",
            ),
        ),
        Hierarchy::Authentication => (
            fixed("the extended key usage is clientAuth", "拡張鍵用途はclientAuthです"),
            fixed(
                "the extended key usage is not clientAuth",
                "拡張鍵用途がclientAuthではありません",
            ),
        ),
    };
    report.check("certificate.extended-key-usage", holds, ok, invalid);
}
