//! Each wrong card of a log-in is wrong in one respect: of all checks of vmyna's verifier, those that are named here fail and
//! no other. Right ones pass all of them. What `openssl verify` and `openssl ocsp` check, they refuse too.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use vmyna_apdu::{Icc, Text};
use vmyna_authority::verifier::block::Message;
use vmyna_authority::verifier::compare::Claims;
use vmyna_authority::verifier::report::{Report, Verdict};
use vmyna_authority::verifier::revocation::{List, Sources};
use vmyna_authority::verifier::trust::Trust;
use vmyna_authority::verifier::{AgreedForm, Settings, signature};
use vmyna_candidates::ocsp::{OcspAnswer, Responders};
use vmyna_candidates::{Anchors, Candidate, Expected, Group, MadeFile, Part, Role, Subject, Workshop, all, x509};
use vmyna_card_os::key::SHA256_DIGEST_INFO;
use vmyna_issuance::x509::names::Hierarchy;

const NOW: &str = "2026-12-01T03:04:05Z";
const CHALLENGE: &[u8] = b"a challenge of a service";

/// The steps of the verifier that are not passed, for each wrong candidate. Where there are several, one follows from another:
///
/// - Without a trusted issuer nothing is known of revocation.
/// - A certificate for the other purpose differs in all that states the purpose.
/// - The verifier takes a key usage that is there twice for one that can't be read.
const REFUSED_BY: &[(&str, &[&str])] = &[
    ("log-in.other-person", &["signature.value"]),
    ("log-in.foreign-key", &["certificate.signature"]),
    (
        "log-in.foreign-authority",
        &["certificate.issuer", "certificate.revocation"],
    ),
    (
        "log-in.issued-by-cardholder",
        &["certificate.issuer", "certificate.revocation"],
    ),
    (
        "log-in.other-hierarchy",
        &["certificate.issuer", "certificate.revocation"],
    ),
    (
        "log-in.sign-certificate",
        &[
            "certificate.key-usage",
            "certificate.extended-key-usage",
            "certificate.policy",
            "certificate.purpose",
        ],
    ),
    ("log-in.key-usage", &["certificate.key-usage"]),
    ("log-in.extended-key-usage", &["certificate.extended-key-usage"]),
    ("log-in.policy-other", &["certificate.policy"]),
    ("log-in.policy-none", &["certificate.policy"]),
    ("log-in.policy-any", &["certificate.policy"]),
    ("log-in.unknown-critical", &["certificate.extensions"]),
    (
        "log-in.extension-twice",
        &["certificate.extensions", "certificate.key-usage"],
    ),
    ("log-in.ended", &["certificate.validity"]),
    ("log-in.not-begun", &["certificate.validity"]),
    ("log-in.hour-ago", &["certificate.validity"]),
    ("log-in.authority-ended", &["issuer.validity"]),
    ("log-in.changed-bit", &["certificate.signature"]),
    ("log-in.other-algorithm", &["certificate.algorithm"]),
    // Accounts are beyond the verifier.
    ("log-in.serial-of-another", &[]),
    ("log-in.renewed", &[]),
    ("log-in.other-challenge", &["signature.value"]),
    ("log-in.other-form", &["signature.form"]),
    ("log-in.pss", &["signature.form"]),
    ("log-in.short-fill", &["signature.value"]),
    ("log-in.parameters", &["signature.value"]),
    ("log-in.block-type", &["signature.value"]),
    ("log-in.fill", &["signature.value"]),
    ("log-in.above-modulus", &["signature.value"]),
    ("log-in.leading-zero", &["signature.value"]),
    ("log-in.sha-1", &["signature.form"]),
    ("log-in.short-key", &["certificate.key", "signature.value"]),
    ("log-in.exponent-1", &["certificate.key", "signature.value"]),
    ("log-in.exponent-3", &["certificate.key", "signature.value"]),
    // The exchange is wrong, and what is sent in it is right.
    ("log-in.answer-twice", &[]),
    ("log-in.other-session", &[]),
    ("log-in.late-answer", &[]),
    ("log-in.own-challenge", &[]),
    ("log-in.revoked", &["revocation.crl", "revocation.ocsp"]),
    ("log-in.on-hold", &["revocation.crl", "revocation.ocsp"]),
    ("log-in.no-status", &["revocation.ocsp"]),
    ("log-in.list-of-another-municipality", &["revocation.crl"]),
    ("log-in.list-ended", &["revocation.crl"]),
    ("log-in.list-by-foreign-key", &["revocation.crl"]),
    ("log-in.list-with-unknown-extension", &["revocation.crl"]),
    ("log-in.answer-for-another-serial", &["revocation.ocsp"]),
    ("log-in.answer-for-another-name", &["revocation.ocsp"]),
    ("log-in.answer-for-another-key", &["revocation.ocsp"]),
    ("log-in.answer-by-cardholder", &["revocation.ocsp"]),
    ("log-in.answer-unknown", &["revocation.ocsp"]),
    ("log-in.answer-ended", &["revocation.ocsp"]),
    ("log-in.answer-to-another-request", &["revocation.ocsp"]),
    ("log-in.answer-good-and-revoked", &["revocation.ocsp"]),
];

static WORKSHOP: LazyLock<Workshop> =
    LazyLock::new(|| Workshop::new(Anchors::built_in().unwrap(), [7; 32], NOW.parse().unwrap()).unwrap());

static RESPONDERS: LazyLock<Responders> = LazyLock::new(|| Responders::new(&WORKSHOP).unwrap());

static TRUST: LazyLock<Trust> = LazyLock::new(|| {
    let mut trust = Trust::default();
    for (_, authority) in x509::authorities(&WORKSHOP).unwrap() {
        trust.certificate(authority.certificate(), true).unwrap();
    }
    trust
});

static LISTS: LazyLock<Vec<x509::NamedList>> =
    LazyLock::new(|| x509::genuine_lists(&WORKSHOP, WORKSHOP.now()).unwrap());

fn log_ins() -> Vec<Candidate> {
    let all = all();
    all.iter().filter(|one| one.group == Group::LogIn).cloned().collect()
}

fn transmit(card: &mut dyn Icc, command: &[u8]) -> Vec<u8> {
    let mut response = Vec::new();
    card.transmit(command, &mut response).unwrap();
    let answer = response.strip_suffix(&[0x90, 0x00]);
    answer
        .unwrap_or_else(|| panic!("{command:02X?}: {response:02X?}"))
        .to_vec()
}

/// The certificate, and the signature of the challenge: by the card, or by what answers in its place.
fn logged_in(subject: &Subject) -> (Vec<u8>, Vec<u8>) {
    use sha2::{Digest, Sha256};
    let Some(forged) = &subject.card else {
        let answer = subject.answer.as_ref().unwrap();
        return (
            subject.files[&MadeFile::Certificate].clone(),
            answer(CHALLENGE).unwrap(),
        );
    };
    let mut card = forged.fresh([1; 32]).unwrap();
    card.power_on(&mut Vec::new()).unwrap();
    transmit(
        &mut *card,
        b"\x00\xA4\x04\x0C\x0A\xD3\x92\xF0\x00\x26\x01\x00\x00\x00\x01",
    );
    transmit(&mut *card, b"\x00\xA4\x02\x0C\x02\x00\x18");
    transmit(&mut *card, b"\x00\x20\x00\x80\x041234");
    transmit(&mut *card, b"\x00\xA4\x02\x0C\x02\x00\x17");
    let digest = Sha256::digest(CHALLENGE);
    let sign = [b"\x80\x2A\x00\x80\x33", &SHA256_DIGEST_INFO[..], &digest, b"\x00"].concat();
    let signature = transmit(&mut *card, &sign);
    (forged.card.jpki.auth.as_ref().unwrap().certificate.clone(), signature)
}

fn status(subject: &Subject, serial: u32) -> OcspAnswer {
    let found = subject.statuses.iter().find(|(known, _)| *known == serial);
    found.map_or(OcspAnswer::Good, |(_, answer)| *answer)
}

fn verified(candidate: &Candidate, subject: &Subject) -> Report {
    let (certificate, value) = logged_in(subject);
    let ask = |url: &str, request: &[u8]| {
        assert_eq!(url, "http://localhost:47910/ocsp/auth-ca");
        let answer = RESPONDERS.answer(request, WORKSHOP.now(), |serial| status(subject, serial));
        answer.map_err(|error| Text::same(error.to_string()))
    };
    let claims = |part| candidate.claim.0.contains(&part);
    let lists = subject.lists.as_ref().unwrap_or(&LISTS);
    let lists = lists.iter().map(|(name, der)| List {
        name: name.clone(),
        der: der.clone(),
    });
    let by_ocsp = claims(Part::Revocation).then(|| "http://localhost:47910/ocsp/auth-ca".to_owned());
    let settings = Settings {
        trust: TRUST.clone(),
        at: WORKSHOP.now(),
        clock: WORKSHOP.now(),
        purpose: Some(Hierarchy::Authentication),
        form: Some(AgreedForm::DigestInfo),
        revocation: Sources {
            lists: if claims(Part::RevocationOcsp) {
                Vec::new()
            } else {
                lists.collect()
            },
            ocsp: by_ocsp,
            ask: Some(&ask),
            ..Sources::default()
        },
        nonce: [9; 32],
    };
    let message = Message::Data(CHALLENGE.to_vec());
    signature(
        &value,
        &message,
        &certificate,
        Vec::new(),
        &settings,
        &mut Claims::default(),
    )
}

fn failed(report: &Report) -> Vec<&'static str> {
    let failed = report.steps.iter().filter(|step| step.verdict > Verdict::Note);
    failed.map(|step| step.id).collect()
}

#[test]
fn each_wrong_log_in_is_wrong_in_one_respect_and_each_right_one_in_none() {
    let expected: BTreeMap<&str, &[&str]> = REFUSED_BY.iter().copied().collect();
    let mut missing: Vec<&str> = expected.keys().copied().collect();
    for candidate in log_ins() {
        let subject = candidate.make(&WORKSHOP).unwrap();
        let report = verified(&candidate, &subject);
        let mut found = failed(&report);
        found.sort_unstable();
        let mut steps = match candidate.role {
            Role::Wrong => expected[candidate.name].to_vec(),
            Role::Twin | Role::Good => Vec::new(),
        };
        steps.sort_unstable();
        assert_eq!(found, steps, "{}: {:#?}", candidate.name, report.steps);
        assert_eq!(
            candidate.role == Role::Wrong,
            candidate.twin.is_some(),
            "{}",
            candidate.name
        );
        let refused = subject.misuse.is_some() || !steps.is_empty();
        assert_eq!(candidate.expected == Expected::Refuse, refused, "{}", candidate.name);
        missing.retain(|name| *name != candidate.name);
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn each_wrong_log_in_has_a_right_twin_and_a_check() {
    let all = all();
    for candidate in log_ins().iter().filter(|one| one.role == Role::Wrong) {
        let twin = all.find(candidate.twin.unwrap()).unwrap();
        assert!(
            twin.role == Role::Twin && twin.group == Group::LogIn,
            "{}",
            candidate.name
        );
        assert!(
            twin.claim.0.iter().all(|part| candidate.claim.0.contains(part)),
            "{}",
            candidate.name
        );
        assert!(candidate.check.is_some(), "{}", candidate.name);
    }
}

#[test]
fn no_name_of_a_real_authority_and_no_address_of_a_real_host_is_in_a_certificate() {
    for candidate in log_ins() {
        let subject = candidate.make(&WORKSHOP).unwrap();
        let Some(card) = &subject.card else { continue };
        let jpki = &card.card.jpki;
        let all = [&jpki.auth.as_ref().unwrap().certificate, &jpki.auth_ca_certificate];
        for der in all {
            let text = String::from_utf8_lossy(der);
            for real in ["Japan Agency", "公的個人認証", "地方公共団体", "go.jp"] {
                assert!(!text.contains(real), "{}: {real}", candidate.name);
            }
            for (at, _) in text.match_indices("http://") {
                assert!(text[at..].starts_with("http://localhost:47910/"), "{}", candidate.name);
            }
        }
    }
}

/// What `openssl verify` finds, for each candidate whose certificate or list is wrong. In every other certificate it finds
/// nothing: it takes any policy for anyPolicy, and knows neither challenge nor key's length.
const OPENSSL_FINDS: &[(&str, &str)] = &[
    ("log-in.foreign-key", "certificate signature failure"),
    (
        "log-in.foreign-authority",
        "self-signed certificate in certificate chain",
    ),
    ("log-in.issued-by-cardholder", "invalid CA certificate"),
    ("log-in.other-hierarchy", "self-signed certificate in certificate chain"),
    ("log-in.sign-certificate", "no explicit policy"),
    ("log-in.key-usage", "unsuitable certificate purpose"),
    ("log-in.extended-key-usage", "unsuitable certificate purpose"),
    ("log-in.policy-other", "no explicit policy"),
    ("log-in.policy-none", "no explicit policy"),
    ("log-in.unknown-critical", "unhandled critical extension"),
    // It does not read such a certificate's extensions, and so not its issuer.
    ("log-in.extension-twice", "unable to get local issuer certificate"),
    ("log-in.ended", "certificate has expired"),
    ("log-in.not-begun", "certificate is not yet valid"),
    ("log-in.hour-ago", "certificate has expired"),
    ("log-in.authority-ended", "certificate has expired"),
    ("log-in.changed-bit", "certificate signature failure"),
    ("log-in.other-algorithm", "certificate signature failure"),
    ("log-in.revoked", "certificate revoked"),
    ("log-in.on-hold", "certificate revoked"),
    ("log-in.no-status", "unable to get certificate CRL"),
    ("log-in.list-of-another-municipality", "different CRL scope"),
    ("log-in.list-ended", "CRL has expired"),
    ("log-in.list-by-foreign-key", "CRL signature failure"),
    ("log-in.list-with-unknown-extension", "unhandled critical CRL extension"),
];

fn pem(label: &str, der: &[u8]) -> String {
    der::pem::encode_string(label, der::pem::LineEnding::LF, der).unwrap()
}

/// What `openssl verify` prints of the certificate of a candidate, with its lists.
fn openssl_verify(folder: &std::path::Path, candidate: &Candidate, subject: &Subject) -> String {
    let card = &subject.card.as_ref().unwrap().card.jpki;
    let file = |name: &str| folder.join(name);
    std::fs::write(
        file("leaf.pem"),
        pem("CERTIFICATE", &card.auth.as_ref().unwrap().certificate),
    )
    .unwrap();
    std::fs::write(file("card-ca.pem"), pem("CERTIFICATE", &card.auth_ca_certificate)).unwrap();
    let trust = x509::authorities(&WORKSHOP).unwrap().into_iter();
    let trust: String = trust.map(|(_, one)| pem("CERTIFICATE", one.certificate())).collect();
    std::fs::write(file("trust.pem"), trust).unwrap();
    let lists = subject.lists.as_ref().unwrap_or(&LISTS).iter();
    let lists: String = lists.map(|(_, list)| pem("X509 CRL", list)).collect();
    std::fs::write(file("lists.pem"), lists).unwrap();
    let at = WORKSHOP.now().unix_duration().as_secs().to_string();
    let mut openssl = vmyna_testkit::client("openssl", "openssl");
    openssl
        .current_dir(folder)
        .args(["verify", "-CAfile", "trust.pem", "-untrusted", "card-ca.pem"]);
    openssl.args(["-attime", &at, "-purpose", "sslclient"]);
    openssl.args(["-policy", "1.2.392.200149.8.5.1.0.30", "-explicit_policy"]);
    if !candidate.claim.0.contains(&Part::RevocationOcsp) {
        openssl.arg("-crl_check");
        // A file without a list is an error of its own.
        if subject.lists.as_ref().is_none_or(|lists| !lists.is_empty()) {
            openssl.args(["-CRLfile", "lists.pem"]);
        }
    }
    let output = openssl.arg("leaf.pem").output().unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[test]
fn openssl_verify_finds_in_a_certificate_or_list_only_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let finds: BTreeMap<&str, &str> = OPENSSL_FINDS.iter().copied().collect();
    for candidate in log_ins() {
        let subject = candidate.make(&WORKSHOP).unwrap();
        if subject.card.is_none() {
            continue;
        }
        let printed = openssl_verify(folder.path(), &candidate, &subject);
        let found = match finds.get(candidate.name) {
            Some(expected) => printed.contains(&format!("lookup: {expected}")),
            None => printed.trim() == "leaf.pem: OK",
        };
        assert!(found, "{}: {printed}", candidate.name);
    }
}
