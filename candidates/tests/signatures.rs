//! Each wrong signature is wrong in one respect: of all checks of vmyna's verifier, those that are named here fail and no other.
//! Right ones pass all of them, and openssl, xmlsec1 and pyHanko accept them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

#[path = "cards/reader.rs"]
mod reader;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Output;
use std::sync::LazyLock;

use vmyna_authority::verifier::card_files::{CardFile, card_files};
use vmyna_authority::verifier::compare::{Claims, compare};
use vmyna_authority::verifier::report::{Report, Verdict};
use vmyna_authority::verifier::revocation::{List, Sources};
use vmyna_authority::verifier::trust::Trust;
use vmyna_authority::verifier::{Settings, certificate, signed_data};
use vmyna_candidates::{Anchors, Candidate, Expected, Group, MadeFile, Role, Subject, Workshop, all, x509};
use vmyna_issuance::specimen;
use vmyna_issuance::x509::names::Hierarchy;
use vmyna_testkit::{client, install_python_packages};

const NOW: &str = "2026-11-30T00:00:00Z";

static WORKSHOP: LazyLock<Workshop> =
    LazyLock::new(|| Workshop::new(Anchors::built_in().unwrap(), [7; 32], NOW.parse().unwrap()).unwrap());

/// The steps of the verifier that are not passed, for each wrong one without a PDF or XML. Where there are several, one follows
/// from another: without a trusted issuer nothing is known of revocation, and the two reasons of S13 name the same end.
const REFUSED_BY: &[(&str, &[&str])] = &[
    ("cms.content-changed", &["cms.message-digest"]),
    ("cms.digest-replaced", &["cms.signature"]),
    ("cms.other-type-in-attribute", &["cms.content-type"]),
    ("cms.other-type-of-content", &["cms.content-type"]),
    ("cms.attributes-as-content", &["cms.attributes"]),
    ("cms.certificate-ended", &["certificate.validity"]),
    ("cms.no-signer", &["cms.signers"]),
    ("cms.one-signer-wrong", &["cms.signature"]),
    ("cms.other-signer-wrong", &["cms.signature"]),
    ("cms.key-of-one-certificate-name-of-another", &["cms.certificate"]),
    ("cms.signing-certificate-of-another", &["cms.signing-certificate"]),
    // A note.
    ("cms.signing-certificate-absent", &[]),
    (
        "cms.signed-with-authentication-key",
        &[
            "certificate.attributes",
            "certificate.extended-key-usage",
            "certificate.key-usage",
            "certificate.policy",
            "certificate.purpose",
        ],
    ),
    ("cms.key-usage", &["certificate.key-usage"]),
    ("cms.other-policy", &["certificate.policy"]),
    ("cms.no-policy", &["certificate.policy"]),
    ("cms.any-policy", &["certificate.policy"]),
    ("cms.foreign-key", &["certificate.signature"]),
    (
        "cms.foreign-authority",
        &["certificate.issuer", "certificate.revocation"],
    ),
    ("cms.other-hierarchy", &["certificate.issuer", "certificate.revocation"]),
    (
        "cms.issued-by-cardholder",
        &["certificate.issuer", "certificate.revocation"],
    ),
    ("cms.ended", &["certificate.validity"]),
    ("cms.not-begun", &["certificate.validity"]),
    ("cms.unknown-critical-extension", &["certificate.extensions"]),
    (
        "cms.extension-twice",
        &["certificate.extensions", "certificate.key-usage"],
    ),
    ("cms.certificate-changed", &["certificate.signature"]),
    ("cms.revoked", &["revocation.crl"]),
    ("cms.moved-since", &["revocation.crl"]),
    (
        "cms.digest-algorithm-differs",
        &["cms.algorithms", "cms.message-digest", "cms.signature"],
    ),
    ("cms.padding-short", &["cms.signature"]),
    ("cms.padding-parameters", &["cms.signature"]),
    ("cms.padding-type", &["cms.signature"]),
    ("cms.padding-fill", &["cms.signature"]),
    ("cms.bytes-behind", &["cms.form"]),
    ("sign-certificate.other-person", &["compare"]),
    ("sign-certificate.substitute-without-mark", &["compare"]),
    // A note.
    ("sign-certificate.marks-short", &[]),
    ("sign-certificate.name-twice", &["certificate.attributes"]),
    ("sign-certificate.key-usage", &["certificate.key-usage"]),
    ("sign-certificate.other-policy", &["certificate.policy"]),
    ("sign-certificate.no-policy", &["certificate.policy"]),
    ("sign-certificate.any-policy", &["certificate.policy"]),
    ("sign-certificate.foreign-key", &["certificate.signature"]),
    (
        "sign-certificate.foreign-authority",
        &["certificate.issuer", "certificate.revocation"],
    ),
    (
        "sign-certificate.other-hierarchy",
        &["certificate.issuer", "certificate.revocation"],
    ),
    (
        "sign-certificate.issued-by-cardholder",
        &["certificate.issuer", "certificate.revocation"],
    ),
    ("sign-certificate.ended", &["certificate.validity"]),
    ("sign-certificate.not-begun", &["certificate.validity"]),
    ("sign-certificate.unknown-critical", &["certificate.extensions"]),
    (
        "sign-certificate.extension-twice",
        &["certificate.extensions", "certificate.key-usage"],
    ),
    ("sign-certificate.changed-bit", &["certificate.signature"]),
];

fn ours(prefix: &str) -> Vec<Candidate> {
    let all = all();
    let ours: Vec<Candidate> = all.iter().filter(|one| one.name.starts_with(prefix)).cloned().collect();
    assert!(!ours.is_empty());
    ours
}

fn settings(subject: &Subject) -> Settings<'static> {
    let now = NOW.parse().unwrap();
    let mut trust = Trust::default();
    for (_, authority) in x509::authorities(&WORKSHOP).unwrap() {
        trust.certificate(authority.certificate(), true).unwrap();
    }
    for (id, key) in specimen::authorities().unwrap().data_roots() {
        trust.cv_key(id, key.clone(), true);
    }
    static GENUINE: LazyLock<Vec<x509::NamedList>> =
        LazyLock::new(|| x509::genuine_lists(&WORKSHOP, NOW.parse().unwrap()).unwrap());
    let lists = subject.lists.clone().unwrap_or_else(|| GENUINE.clone());
    let lists = lists.into_iter().map(|(name, der)| List { name, der }).collect();
    Settings {
        trust,
        at: now,
        clock: now,
        purpose: Some(Hierarchy::Signature),
        form: None,
        revocation: Sources {
            lists,
            ..Sources::default()
        },
        nonce: [7; 32],
    }
}

/// The names of the steps that decide against it.
fn deciding(reports: &[Report]) -> BTreeSet<&'static str> {
    let steps = reports.iter().flat_map(|report| &report.steps);
    let against = steps.filter(|step| step.verdict > Verdict::Note);
    against.map(|step| step.id).collect()
}

fn found(candidate: &Candidate) -> BTreeSet<&'static str> {
    let subject = candidate.make(&WORKSHOP).unwrap();
    let settings = settings(&subject);
    let mut claims = Claims::default();
    if let Some(card) = &subject.card {
        let seen = reader::look(&mut *card.fresh([2; 32]).unwrap(), &card.card, 2);
        let files = [1, 2, 3, 4, 7].map(|id: u16| CardFile {
            name: format!("text-{id:04}"),
            bytes: seen.text[&id].clone(),
        });
        let mut reports = card_files(&files, &settings, &mut claims);
        let sign = card.card.jpki.sign.as_ref().unwrap();
        reports.push(certificate(&sign.certificate, "certificate", &settings, &mut claims));
        let mut found = deciding(&reports);
        if compare(&claims).is_some_and(|report| report.verdict() > Verdict::Note) {
            found.insert("compare");
        }
        return found;
    }
    let content = &subject.files[&MadeFile::Content];
    let cms = &subject.files[&MadeFile::Cms];
    deciding(&signed_data::signed_data(
        cms,
        Some(content),
        &[],
        "cms",
        &settings,
        &mut claims,
    ))
}

#[test]
fn each_wrong_one_is_wrong_in_one_respect_and_each_right_one_in_none() {
    let table: BTreeMap<_, _> = REFUSED_BY.iter().copied().collect();
    assert_eq!(table.len(), REFUSED_BY.len());
    let mut other = Vec::new();
    let mut met = 0;
    for candidate in ours("cms.").iter().chain(&ours("sign-certificate.")) {
        let expected: BTreeSet<&str> = match (table.get(candidate.name), candidate.role) {
            (Some(expected), Role::Wrong) => {
                met += 1;
                expected.iter().copied().collect()
            }
            (None, Role::Good | Role::Twin) => BTreeSet::new(),
            _ => panic!("{} is not in the table, or is there and right", candidate.name),
        };
        let found = found(candidate);
        if found != expected {
            other.push(format!("{}: {found:?} in place of {expected:?}", candidate.name));
        }
    }
    assert!(other.is_empty(), "{}", other.join("\n"));
    assert_eq!(met, REFUSED_BY.len());
}

/// A folder with the sign authorities as PEM.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::new();
    for (_, authority) in x509::authorities(&WORKSHOP).unwrap() {
        if authority.hierarchy() == Hierarchy::Signature {
            let certificate = authority.certificate();
            text += &pem(certificate);
        }
    }
    fs::write(folder.path().join("trust.pem"), text).unwrap();
    folder
}

fn pem(der: &[u8]) -> String {
    use base64ct::{Base64, Encoding};
    let text = Base64::encode_string(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

/// Runs a program in a folder with the files of a candidate.
fn run(folder: &Path, subject: &Subject, program: (&str, &str), arguments: &[&str]) -> Output {
    for (file, bytes) in &subject.files {
        let name = match file {
            MadeFile::Cms => "cms",
            MadeFile::Content => "content",
            MadeFile::Xml => "xml",
            file => panic!("{file:?}"),
        };
        fs::write(folder.join(name), bytes).unwrap();
    }
    let (program, package) = program;
    client(program, package)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// Every candidate of the prefix is accepted by a program exactly if it is right or in this list.
fn judged_by(prefix: &str, accepts: impl Fn(&Candidate) -> Output, passes: &[&str]) {
    let mut other = Vec::new();
    let mut passed = 0;
    for candidate in ours(prefix) {
        let output = accepts(&candidate);
        let pass = passes.contains(&candidate.name);
        passed += usize::from(pass);
        let right = candidate.role != Role::Wrong;
        if output.status.success() != (pass || right) && candidate.expected != Expected::Notice {
            other.push(format!("{}: {} {}", candidate.name, output.status, printed(&output)));
        }
    }
    assert!(other.is_empty(), "{}", other.join("\n"));
    assert_eq!(passed, passes.len());
}

#[test]
fn openssl_accepts_signed_data_that_is_right_and_refuses_what_it_checks() {
    let folder = folder();
    let trust = ["-CAfile", "trust.pem", "-purpose", "any", "-attime", "1795996800"];
    let verify = [
        "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "cms", "-content", "content",
    ];
    let arguments = [&verify[..], &["-out", "/dev/null"], &trust].concat();
    // What it leaves to its callers, or to other options.
    let passes = [
        "cms.other-type-in-attribute",
        "cms.other-type-of-content",
        "cms.attributes-as-content",
        "cms.bytes-behind",
        "cms.key-usage",
        "cms.other-policy",
        "cms.no-policy",
        "cms.any-policy",
        "cms.revoked",
    ];
    judged_by(
        "cms.",
        |candidate| {
            run(
                folder.path(),
                &candidate.make(&WORKSHOP).unwrap(),
                ("openssl", "openssl"),
                &arguments,
            )
        },
        &passes,
    );
}

/// The arguments of xmlsec1 with which it verifies under the authorities. By default it takes the first key that is stated.
const XMLSEC: [&str; 7] = [
    "verify",
    "--id-attr:Id",
    "https://vmyna.invalid/order:Order",
    "--trusted-pem",
    "trust.pem",
    "--verification-gmt-time",
    "2026-11-30+00:00:00",
];
const FROM_CERTIFICATE: [&str; 2] = ["--enabled-key-data", "x509"];

#[test]
fn xmlsec_accepts_documents_that_are_right_and_refuses_what_it_checks() {
    let folder = folder();
    let verify = |candidate: &Candidate, arguments: &[&str]| {
        let subject = candidate.make(&WORKSHOP).unwrap();
        run(folder.path(), &subject, ("xmlsec1", "xmlsec1"), arguments)
    };
    let by_certificate = [&XMLSEC[..], &FROM_CERTIFICATE, &["xml"]].concat();
    // What it leaves to its callers, or to other options.
    let passes = [
        "xml.digest-sha1",
        "xml.reference-to-file",
        "xml.rsa-sha1",
        "xml.wrapped-other-id",
        "xml.xpath-transform",
    ];
    judged_by("xml.", |candidate| verify(candidate, &by_certificate), &passes);
    // Those that it refuses are signed all the same: by the key that they state, under the secret, without the forged element.
    let one = |name: &str| ours(name).remove(0);
    let output = verify(&one("xml.key-value-of-another-key"), &[&XMLSEC[..], &["xml"]].concat());
    assert!(output.status.success(), "{}", printed(&output));
    let sign = WORKSHOP.card(vmyna_candidates::Person::A).jpki.sign.as_ref().unwrap();
    let public = x509::fields(&sign.certificate).unwrap().subject_public_key_info;
    fs::write(folder.path().join("secret"), der::Encode::to_der(&public).unwrap()).unwrap();
    let hmac = [&["verify", "--hmackey", "secret"], &XMLSEC[1..3], &["xml"]].concat();
    let output = verify(&one("xml.hmac"), &hmac);
    assert!(output.status.success(), "{}", printed(&output));
    let wrapped = one("xml.wrapped-same-id").make(&WORKSHOP).unwrap();
    let text = String::from_utf8(wrapped.files[&MadeFile::Xml].clone()).unwrap();
    let (before, behind) = text.split_once("</Archive>").unwrap();
    let (_, signature) = behind.split_once("</Order>").unwrap();
    fs::write(folder.path().join("cut"), format!("{before}</Archive>{signature}")).unwrap();
    let arguments = [&XMLSEC[..], &FROM_CERTIFICATE, &["cut"]].concat();
    let output = client("xmlsec1", "xmlsec1")
        .args(&arguments)
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", printed(&output));
}

#[test]
fn pyhanko_accepts_documents_that_are_right_and_refuses_what_it_checks() {
    let folder = folder();
    let python = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    install_python_packages(&manifest.join("../cli/tests/clients/python/requirements.txt"), &python).unwrap();
    let candidates = ours("pdf.");
    for candidate in &candidates {
        let subject = candidate.make(&WORKSHOP).unwrap();
        fs::write(folder.path().join(candidate.name), &subject.files[&MadeFile::Pdf]).unwrap();
    }
    let output = vmyna_testkit::isolated(python.join("bin/python"))
        .arg(manifest.join("tests/signatures/validate.py"))
        .args(["trust.pem", "2026-11-30T00:00:00+00:00"])
        .args(candidates.iter().map(|candidate| candidate.name))
        .current_dir(folder.path())
        .output()
        .unwrap();
    let verdicts: BTreeMap<String, bool> = printed(&output)
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, verdict)| (name.to_owned(), verdict == "accepted"))
        .collect();
    let mut other = Vec::new();
    for candidate in &candidates {
        let expected = match candidate.name {
            // Beside a byte range it takes a hexadecimal string only.
            "pdf.literal-string" => false,
            // It reads the signed data and not what follows.
            "pdf.bytes-behind" => true,
            _ => candidate.role != Role::Wrong,
        };
        if verdicts.get(candidate.name) != Some(&expected) {
            other.push(format!("{}: {expected} expected", candidate.name));
        }
    }
    assert!(other.is_empty(), "{}\n{}", other.join("\n"), printed(&output));
}

#[test]
fn the_group_has_each_check_and_each_twin() {
    let all = all();
    let ours = all.iter().filter(|one| one.group == Group::Signatures);
    let used: BTreeSet<&str> = ours.clone().filter_map(|one| Some(one.check?.id)).collect();
    let checks: BTreeSet<&str> = vmyna_candidates::signatures::CHECKS
        .iter()
        .map(|check| check.id)
        .collect();
    assert_eq!(used, checks);
    for twin in ours.filter_map(|one| one.twin) {
        assert!(all.find(twin).is_some_and(|twin| twin.role == Role::Twin), "{twin}");
    }
}
