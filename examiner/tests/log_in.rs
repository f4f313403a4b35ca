//! `openssl ocsp` asks the responder of an examination, and finds in each answer what is wrong.

#![cfg(feature = "exam")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, SystemTime};

use der::DateTime;
use der::pem::{LineEnding, encode_string};
use vmyna_candidates::{Anchors, Subject, Workshop, all};
use vmyna_examiner::responder::{Responder, ResponderError};
use vmyna_issuance::x509::ServiceUrl;
use vmyna_issuance::x509::names::Hierarchy;
use vmyna_testkit::client;

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

#[test]
fn openssl_finds_in_each_answer_what_is_wrong() {
    let (workshop, url) = workshop();
    let responder = Responder::start(&workshop).unwrap();
    assert_eq!(responder.sign_url(), format!("{url}/ocsp/sign-ca"));
    let Err(ResponderError::InUse(address)) = Responder::start(&workshop) else {
        panic!("two responders share a port");
    };
    assert_eq!(format!("http://{address}"), url.to_string());
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
    drop(Responder::start(&workshop).unwrap());
}
