//! Root and signers against OpenSSL, and against the published certificate of the real root.

mod elements;

use std::process::Command;

use der::{DateTime, Decode as _};
use p256::pkcs8::DecodePublicKey as _;
use sha2::{Digest as _, Sha256};
use vmyna_apdu::hex;
use vmyna_mdoc::SignerKey;
use x509_cert::Certificate;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, SubjectKeyIdentifier};

use super::*;
use crate::x509::ServiceUrl;

/// The real root, as published with a verifier and checked there against the operator's page (2026).
mod real {
    pub(super) const NAMES: [&str; 2] = ["mncmdocRootCA", "Japan Agency for Local Authority Information Systems"];
    pub(super) const URIS: [&str; 2] = ["j-lis.go.jp", "digital.go.jp"];
    pub(super) const SERIAL: &str = "4FB7B01CA3CD6731A5E449699E7165AAEAAD139F";
    pub(super) const KEY: &str = "AD7EEF98C6D0CFE4246FCDE167BC573B83D124A0";
    pub(super) const DIGEST: &str = "6E8A3108609316961D142426CE842B7927FD281755317056E1574EB9EDE80A0E";
    pub(super) const LENGTH: usize = 782;
}

fn time(text: &str) -> DateTime {
    text.parse().unwrap()
}

fn authority() -> MdocAuthority {
    MdocAuthority::establish(&[7; 32], time("2024-11-01T01:00:00Z"), &ServiceUrl::default()).unwrap()
}

fn certificate(der: &[u8]) -> Certificate {
    Certificate::from_der(der).unwrap()
}

fn identifier(certificate: &Certificate) -> Vec<u8> {
    let (_, SubjectKeyIdentifier(id)) = certificate.tbs_certificate.get().unwrap().unwrap();
    id.as_bytes().to_vec()
}

/// What OpenSSL prints of a certificate.
fn openssl_text(der: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("certificate.der");
    std::fs::write(&file, der).unwrap();
    let out = Command::new("openssl")
        .args(["x509", "-inform", "DER", "-noout", "-text", "-in"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

/// Whether OpenSSL accepts the signer under the root at a time, by its strict rules.
fn openssl_verifies(root: &[u8], signer: &[u8], at: DateTime) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let pem = |name: &str, der: &[u8]| {
        let text = der::pem::encode_string("CERTIFICATE", der::pem::LineEnding::LF, der).unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let out = Command::new("openssl")
        .args(["verify", "-x509_strict", "-check_ss_sig", "-purpose", "any", "-attime"])
        .arg(at.unix_duration().as_secs().to_string())
        .arg("-CAfile")
        .arg(pem("root.pem", root))
        .arg(pem("signer.pem", signer))
        .output()
        .unwrap();
    out.status.success()
}

#[test]
fn the_root_can_not_be_taken_for_the_real_one() {
    let authority = authority();
    let mut others: Vec<Vec<u8>> = vec![
        authority
            .signer(time("2026-11-01T01:00:00Z"), 0)
            .unwrap()
            .signer
            .certificate,
    ];
    let roots = authority.roots(time("2050-01-01T00:00:00Z")).unwrap();
    others.extend(roots.iter().map(|root| root.certificate().to_vec()));
    others.extend(
        crate::specimen::mdoc()
            .unwrap()
            .roots(time("2030-01-01T00:00:00Z"))
            .unwrap()
            .iter()
            .map(|root| root.certificate().to_vec()),
    );
    for der in others {
        let certificate = certificate(&der);
        let fields = &certificate.tbs_certificate;
        let (subject, issuer) = (fields.subject.to_string(), fields.issuer.to_string());
        let readable = String::from_utf8_lossy(&der);
        for word in real::NAMES.iter().chain(&real::URIS) {
            assert!(!readable.contains(word), "{subject}");
        }
        assert!(subject.contains("TEST") && issuer.contains("TEST"), "{subject}");
        assert!(readable.contains(".invalid"), "{subject}");
        assert_ne!(hex::encode(fields.serial_number.as_bytes()), real::SERIAL);
        assert_ne!(hex::encode(&identifier(&certificate)), real::KEY);
        assert_ne!(hex::encode(&Sha256::digest(&der)), real::DIGEST);
    }
}

#[test]
fn the_root_has_the_form_of_the_real_one() {
    let authority = authority();
    let root = authority.root(time("2026-11-01T01:00:00Z")).unwrap();
    let fields = &root.parsed().tbs_certificate;
    let order: Vec<String> = fields
        .extensions
        .iter()
        .flatten()
        .map(|one| one.extn_id.to_string())
        .collect();
    assert_eq!(
        order,
        [
            "2.5.29.19",
            "2.5.29.35",
            "2.5.29.18",
            "2.5.29.17",
            "2.5.29.31",
            "2.5.29.14",
            "2.5.29.15"
        ]
    );
    assert_eq!(
        fields.subject.to_string(),
        "C=JP,O=vmyna TEST: issuer of virtual cards for testing only,CN=vmynaTESTroot"
    );
    assert_eq!(fields.serial_number.as_bytes().len(), 20);
    let text = openssl_text(root.certificate());
    for line in [
        "Signature Algorithm: ecdsa-with-SHA384",
        "NIST CURVE: P-384",
        "Not Before: Nov  1 01:00:00 2024 GMT",
        "Not After : Feb 28 00:59:59 2030 GMT",
        "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0",
        "X509v3 Issuer Alternative Name: \n                URI:https://vmyna.invalid/ca",
        "X509v3 Subject Alternative Name: \n                URI:https://vmyna.invalid/ca",
        "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign",
        &format!(
            "URI:http://localhost:47910/crl/{}.crl",
            hex::encode(&identifier(root.parsed()))
        ),
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let authority: Option<(bool, AuthorityKeyIdentifier)> = fields.get().unwrap();
    let authority = authority.unwrap().1;
    assert_eq!(authority.key_identifier.unwrap().as_bytes(), identifier(root.parsed()));
    assert!(authority.authority_cert_issuer.is_none() && authority.authority_cert_serial_number.is_none());
    // The address of the list is longer than the real one's by nine bytes; the rest is as long, but for the signature, whose
    // two numbers have one byte more or less each.
    assert!(
        root.certificate().len().abs_diff(real::LENGTH + 9) <= 4,
        "{}",
        root.certificate().len()
    );
}

#[test]
fn a_signer_has_the_form_of_annex_b() {
    let authority = authority();
    let signer = authority.signer(time("2026-12-01T01:00:00Z"), 0).unwrap();
    let text = openssl_text(&signer.signer.certificate);
    for line in [
        "Signature Algorithm: ecdsa-with-SHA384",
        "NIST CURVE: P-256",
        "Issuer: CN=vmynaTESTroot, O=vmyna TEST: issuer of virtual cards for testing only, C=JP",
        "Subject: CN=vmyna TEST mdoc signer 2026, O=vmyna TEST: issuer of virtual cards for testing only, C=JP",
        "X509v3 Extended Key Usage: critical\n                1.0.18013.5.1.2",
        "X509v3 Key Usage: critical\n                Digital Signature",
        "X509v3 Issuer Alternative Name: \n                URI:https://vmyna.invalid/ca",
        "/crl/",
    ] {
        assert!(text.replace(" = ", "=").contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("Basic Constraints"), "{text}");
    let der = certificate(&signer.signer.certificate);
    assert_eq!(der.tbs_certificate.serial_number.as_bytes(), signer.serial);
    let public = p256::ecdsa::VerifyingKey::from_public_key_der(
        &der::Encode::to_der(&der.tbs_certificate.subject_public_key_info).unwrap(),
    );
    let SignerKey::P256(key) = &signer.signer.key else {
        panic!("another curve")
    };
    assert_eq!(public.unwrap(), p256::ecdsa::VerifyingKey::from(key.public_key()));
}

#[test]
fn a_signer_verifies_under_its_root_and_no_other() {
    let authority = authority();
    let at = time("2026-12-01T01:00:00Z");
    let signer = authority.signer(at, 0).unwrap();
    let root = authority.root(at).unwrap();
    assert!(openssl_verifies(root.certificate(), &signer.signer.certificate, at));
    let later = authority.root(time("2028-11-01T01:00:00Z")).unwrap();
    assert!(!openssl_verifies(later.certificate(), &signer.signer.certificate, at));
    let other = MdocAuthority::establish(&[8; 32], time("2024-11-01T01:00:00Z"), &ServiceUrl::default()).unwrap();
    assert!(!openssl_verifies(
        other.root(at).unwrap().certificate(),
        &signer.signer.certificate,
        at
    ));
    let mut changed = signer.signer.certificate.clone();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    assert!(!openssl_verifies(root.certificate(), &changed, at));
}

#[test]
fn every_day_from_2016_to_2050_has_a_signer_for_the_next_thirty_days() {
    let authority = authority();
    let second = std::time::Duration::from_secs(1);
    let day = 24 * 60 * 60 * second;
    let later = |time: DateTime, by| DateTime::from_unix_duration(time.unix_duration() + by).unwrap();
    let mut at = time("2016-01-01T00:00:00Z");
    let mut signers = 0;
    // From the first to the last second of each signer.
    while at < time("2051-01-01T00:00:00Z") {
        let signer = authority.signer(at, 0).unwrap();
        let root = authority.root(at).unwrap();
        let (begin, end) = signer.validity;
        assert!(begin <= at && root.begin() <= begin && end <= root.end(), "{at}");
        assert_eq!(end, later(begin, 457 * day - second), "{at}");
        assert_eq!(root.end(), later(root.begin(), 1945 * day - second), "{at}");
        let next_root = crate::validity::next_generation(root.begin()).unwrap();
        let next = later(begin, 365 * day).min(next_root);
        assert!(later(next, 31 * day) <= end, "{at}: {begin} to {end}");
        assert_ne!(authority.signer(next, 0).unwrap().serial, signer.serial, "{at}");
        signers += 1;
        at = next;
    }
    // One a year, and one for the day that each leap year adds.
    assert_eq!(signers, 36 + 9);
}

#[test]
fn the_roots_until_a_day_are_those_of_every_generation() {
    let authority = authority();
    let begins = |until: &str| -> Vec<String> {
        let roots = authority.roots(time(until)).unwrap();
        roots.iter().map(|root| root.begin().to_string()).collect()
    };
    assert_eq!(begins("2024-11-01T01:00:00Z"), ["2024-11-01T01:00:00Z"]);
    assert_eq!(
        begins("2032-10-31T00:00:00Z"),
        ["2024-11-01T01:00:00Z", "2028-11-01T01:00:00Z"]
    );
    assert_eq!(begins("2016-12-01T00:00:00Z"), ["2016-11-01T01:00:00Z"]);
    assert_eq!(begins("1970-01-02T00:00:00Z"), ["1970-01-01T00:00:00Z"]);
}

#[test]
fn the_root_before_is_valid_as_long_as_its_signers_are() {
    let authority = authority();
    let begins = |at: &str| -> Vec<String> {
        let roots = authority.valid_roots(time(at)).unwrap();
        roots.iter().map(|root| root.begin().to_string()).collect()
    };
    for (at, expected) in [
        (
            "2024-11-01T01:00:00Z",
            &["2020-11-01T01:00:00Z", "2024-11-01T01:00:00Z"][..],
        ),
        (
            "2026-02-28T00:59:59Z",
            &["2020-11-01T01:00:00Z", "2024-11-01T01:00:00Z"],
        ),
        ("2026-02-28T01:00:00Z", &["2024-11-01T01:00:00Z"]),
        (
            "2017-01-01T00:00:00Z",
            &["2012-11-01T01:00:00Z", "2016-11-01T01:00:00Z"],
        ),
        ("1970-01-02T00:00:00Z", &["1970-01-01T00:00:00Z"]),
    ] {
        assert_eq!(begins(at), expected, "{at}");
    }
    // The last signer of the root before.
    let signer = authority.signer(time("2024-11-01T00:59:59Z"), 0).unwrap();
    let root = authority.root(time("2020-11-01T01:00:00Z")).unwrap();
    assert!(root.begin() < signer.validity.0 && signer.validity.1 <= root.end());
}

#[test]
fn a_seed_makes_the_same_certificates_and_files_take_them_up_again() {
    let at = time("2033-05-05T05:05:05Z");
    let first = authority();
    let files = first.files().unwrap();
    let [key, root] = paths();
    let again = MdocAuthority::resume(&files[&key], &files[&root], &ServiceUrl::default()).unwrap();
    for other in [authority(), again] {
        assert_eq!(
            other.root(at).unwrap().certificate(),
            first.root(at).unwrap().certificate()
        );
        let (one, two) = (other.signer(at, 1).unwrap(), first.signer(at, 1).unwrap());
        assert_eq!(one.signer.certificate, two.signer.certificate);
    }
    let replaced = first.signer(at, 1).unwrap();
    let signer = first.signer(at, 0).unwrap();
    assert_ne!(replaced.serial, signer.serial);
    let public = |signer: &DocumentSigner| {
        certificate(&signer.signer.certificate)
            .tbs_certificate
            .subject_public_key_info
    };
    assert!(public(&replaced) != public(&signer) && replaced.validity == signer.validity);
}

#[test]
fn a_set_that_begins_on_29_february_keeps_its_generations() {
    let begin = time("2024-02-29T20:00:00Z");
    let authority = MdocAuthority::establish(&[7; 32], begin, &ServiceUrl::default()).unwrap();
    assert_eq!(authority.root(begin).unwrap().begin(), time("2024-02-28T20:00:00Z"));
    assert_eq!(authority.roots(begin).unwrap().len(), 1);
}

#[test]
fn damaged_files_of_another_set_and_other_keys_are_refused() {
    let files = authority().files().unwrap();
    let [key, certificate] = paths();
    let other = MdocAuthority::establish(&[8; 32], time("2024-11-01T01:00:00Z"), &ServiceUrl::default());
    let other = other.unwrap().files().unwrap();
    let resume = |key: &[u8], certificate: &[u8]| {
        MdocAuthority::resume(key, certificate, &ServiceUrl::default())
            .err()
            .unwrap()
            .to_string()
    };
    assert!(resume(&other[&key], &files[&certificate]).contains("and its key"));
    assert!(resume(b"\xFF", &files[&certificate]).contains("P-384"));
    assert!(
        resume(
            vmyna_test_vectors::specimens::keys::SIGN_CA.as_bytes(),
            &files[&certificate]
        )
        .contains("P-384")
    );
    assert!(resume(&files[&key], &files[&certificate][1..]).contains("ASN.1"));
}
