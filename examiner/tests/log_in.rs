//! Log-ins as openssl checks them: `openssl ocsp` finds in each answer of the responder what is wrong, and an examination of a
//! script of `openssl verify` and `openssl dgst` finds what these don't check.

#![cfg(feature = "exam")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use der::DateTime;
use der::pem::{LineEnding, encode_string};
use vmyna_candidates::{Anchors, Subject, Workshop, all};
use vmyna_examiner::exam::Exam;
use vmyna_examiner::exam::settings::Settings;
use vmyna_examiner::report::Standing;
use vmyna_examiner::responder::{Responder, ResponderError, is_another};
use vmyna_issuance::x509::ServiceUrl;
use vmyna_issuance::x509::names::Hierarchy;
use vmyna_testkit::client;
use vmyna_testkit::waiting::{LIMIT, within};

/// What openssl prints, for candidates by what the responder answers of them. Of two answers about one certificate openssl
/// takes the first, as its issue 32376 reports.
const PRINTED: &[(&str, &[&str])] = &[
    ("log-in.reissued.twin", &["Response verify OK", "leaf.pem: good"]),
    ("log-in.by-answer.twin", &["Response verify OK", "leaf.pem: good"]),
    (
        "log-in.revoked",
        &["Response verify OK", "leaf.pem: revoked", "keyCompromise"],
    ),
    (
        "log-in.on-hold",
        &["Response verify OK", "leaf.pem: revoked", "certificateHold"],
    ),
    ("log-in.no-status", &["Responder Error: trylater (3)"]),
    (
        "log-in.answer-for-another-serial",
        &["Response verify OK", "ERROR: No Status found"],
    ),
    ("log-in.answer-for-another-name", &["ERROR: No Status found"]),
    ("log-in.answer-for-another-key", &["ERROR: No Status found"]),
    (
        "log-in.answer-by-cardholder",
        &["Response Verify Failure", "missing ocspsigning usage"],
    ),
    ("log-in.answer-unknown", &["Response verify OK", "leaf.pem: unknown"]),
    ("log-in.answer-ended", &["Response verify OK", "Status times invalid"]),
    ("log-in.answer-to-another-request", &["Nonce Verify error"]),
    (
        "log-in.answer-good-and-revoked",
        &["Response verify OK", "leaf.pem: good"],
    ),
];

/// A workshop whose certificates name a free port, at the time of the machine, to which openssl holds answers.
fn workshop() -> (Workshop, ServiceUrl) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url: ServiceUrl = format!("http://localhost:{port}").parse().unwrap();
    let mut anchors = Anchors::built_in().unwrap();
    anchors.authorities = anchors.authorities.with_service(&url);
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let now = DateTime::from_unix_duration(Duration::from_secs(since.as_secs())).unwrap();
    (Workshop::new(anchors, [8; 32], now).unwrap(), url)
}

fn ask(folder: &Path, workshop: &Workshop, url: &ServiceUrl, subject: &Subject) -> String {
    let pem = |name: &str, der: &[u8]| {
        let text = encode_string("CERTIFICATE", LineEnding::LF, der).unwrap();
        fs::write(folder.join(name), text).unwrap();
    };
    let authority = workshop.authority(Hierarchy::Authentication).unwrap();
    pem("ca.pem", authority.certificate());
    let card = &subject.card.as_ref().unwrap().card;
    pem("leaf.pem", &card.jpki.auth.as_ref().unwrap().certificate);
    let mut openssl = client("openssl", "openssl");
    openssl
        .current_dir(folder)
        .args(["ocsp", "-CAfile", "ca.pem", "-issuer", "ca.pem", "-cert", "leaf.pem"]);
    let output = openssl.arg("-url").arg(url.ocsp()).output().unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

/// The address that a responder can't have.
fn in_use(workshop: &Workshop, url: &ServiceUrl) -> String {
    let Err(ResponderError::InUse(address)) = Responder::start(workshop) else {
        panic!("two programs share a port");
    };
    assert_eq!(format!("http://{address}"), url.to_string());
    address
}

/// The responder. The port of a connection that ends, here or in another program, is in use for a moment longer.
fn started(workshop: &Workshop) -> Responder {
    let mut last = Responder::start(workshop);
    within(LIMIT, || {
        if matches!(last, Err(ResponderError::InUse(_))) {
            last = Responder::start(workshop);
        }
        last.is_ok()
    });
    last.unwrap()
}

#[test]
fn openssl_finds_in_each_answer_what_is_wrong() {
    let (workshop, url) = workshop();
    // Another program is at the address, and then another examination.
    let port = TcpListener::bind(("127.0.0.1", url.port())).unwrap();
    assert!(!is_another(&in_use(&workshop, &url)));
    drop(port);
    let responder = started(&workshop);
    assert_eq!(responder.sign_url(), format!("{url}/ocsp/sign-ca"));
    assert!(is_another(&in_use(&workshop, &url)));
    let folder = tempfile::tempdir().unwrap();
    let all = all();
    let make = |(name, expected): &(&'static str, &'static [&'static str])| {
        (*name, all.find(name).unwrap().make(&workshop).unwrap(), *expected)
    };
    let made: Vec<_> = PRINTED.iter().map(make).collect();
    // All at once, as in runs at the same time.
    let stated = made
        .iter()
        .map(|(_, subject, _)| responder.state(subject, workshop.now()));
    let stated: Vec<_> = stated.collect();
    for (name, subject, expected) in &made {
        let printed = ask(folder.path(), &workshop, &url, subject);
        for text in *expected {
            assert!(printed.contains(text), "{name}: {text}: {printed}");
        }
    }
    drop(stated);
    let (_, subject, _) = made.iter().find(|(name, ..)| *name == "log-in.revoked").unwrap();
    let printed = ask(folder.path(), &workshop, &url, subject);
    assert!(printed.contains("leaf.pem: good"), "{printed}");
    drop(responder);
    // The port is free again.
    drop(started(&workshop));
}

/// Verifies certificate, list and signature. Its arguments are the anchors, the lists, certificate, challenge and signature.
const SCRIPT: &str = r#"
cat "$1"/auth-ca-*.pem "$1"/sign-ca-*.pem > anchors.pem
for list in "$2"/*.crl; do lists="$lists -CRLfile $list"; done
openssl verify -CAfile anchors.pem -purpose sslclient -policy 1.2.392.200149.8.5.1.0.30 -explicit_policy \
    -crl_check $lists "$3" &&
openssl x509 -in "$3" -pubkey -noout > key.pem &&
openssl dgst -sha256 -verify key.pem -signature "$5" "$4"
"#;

/// What `openssl verify` and `openssl dgst` accept: it takes anyPolicy for any policy, and any key that it can read.
const ACCEPTED: &[&str] = &[
    "log-in.policy-any",
    "log-in.short-key",
    "log-in.exponent-1",
    "log-in.exponent-3",
];

fn exam(workshop: Workshop) -> Exam {
    let words = [
        "sh",
        "-c",
        SCRIPT,
        "sh",
        "{trust}",
        "{crls}",
        "{certificate}",
        "{challenge}",
        "{signature}",
    ];
    let mut exam = Exam::new(all(), workshop, words.map(str::to_owned).to_vec());
    let settings = r#"
        claims = ["log-in", "revocation", "revocation-lists"]
        [program]
        private-folder = true
    "#;
    exam.settings = Settings::parse(settings).unwrap();
    exam.jobs = 2;
    exam
}

#[test]
fn an_examination_of_openssl_finds_the_checks_that_it_does_not_make() {
    vmyna_testkit::require_program("openssl", "openssl");
    let exam = exam(workshop().0);
    let examined = exam.run(&AtomicBool::new(false), &|_, _| {}).unwrap();
    assert!(examined.examinable);
    let entries = &examined.report.entries;
    let found: Vec<&str> = entries
        .iter()
        .filter(|entry| entry.standing == Standing::Finding)
        .map(|entry| &*entry.name)
        .collect();
    assert_eq!(found, ACCEPTED, "{found:?}");
}
