//! An examination of a verifier of another project: `@auth0/mdl` (npm). It accepts everything that is right, and what it does
//! not check is found.
//!
//! The program around it, client-tests/tests/mdoc/node/exam.mjs, accepts if every check of the library has passed and there is
//! a document. What the library returns to its caller without a check of its own is therefore found too: document type and
//! status.

#![cfg(feature = "exam")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]
#![allow(clippy::disallowed_methods, reason = "tests read files as they like")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use der::DateTime;
use regex::Regex;
use vmyna_candidates::{Anchors, Workshop, all};
use vmyna_examiner::exam::Exam;
use vmyna_examiner::exam::settings::Settings;
use vmyna_examiner::report::{Standing, json};
use vmyna_testkit::verifiers::{Shown, assert_row};
use vmyna_testkit::{install_packages, require_program};

/// What `@auth0/mdl` 3.0.1 accepts. It takes neither the request nor revocation lists, so that neither is judged.
const NOT_SEEN: &[&str] = &[
    "mdoc.algorithm-unprotected",
    "mdoc.signer-for-key-agreement",
    "mdoc.signer-of-a-reader",
    "mdoc.stated-by-the-device",
    "mdoc.status-of-an-error",
    "mdoc.type-not-asked-for",
    "parsing.cbor-indefinite-length",
    "parsing.cbor-key-twice",
];

#[test]
#[ignore = "a process of Node.js for each candidate; `make test-heavy` runs it"]
fn what_auth0_mdl_does_not_check_is_found() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../client-tests/tests/mdoc/node");
    let packages = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mdoc-node");
    install_packages(&source, &packages, &[]).unwrap();
    std::fs::copy(source.join("exam.mjs"), packages.join("exam.mjs")).unwrap();
    // The library reads the clock of the system.
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let now = DateTime::from_unix_duration(Duration::from_secs(since.as_secs())).unwrap();
    let workshop = Workshop::new(Anchors::built_in().unwrap(), [18; 32], now).unwrap();
    let node = require_program("node", "nodejs");
    let script = packages.join("exam.mjs");
    let words = [
        &*node.to_string_lossy(),
        &*script.to_string_lossy(),
        "{trust}",
        "{mdoc}",
        "{transcript}",
    ];
    let mut exam = Exam::new(all(), workshop, words.map(str::to_owned).to_vec());
    exam.settings = Settings::parse("claims = ['mdoc']").unwrap();
    exam.only = Some(Regex::new(r"^(mdoc\.|parsing\.cbor)").unwrap());
    exam.jobs = 2;
    let examined = exam.run(&AtomicBool::new(false), &|_, _| ()).unwrap();
    assert!(examined.examinable, "{:#?}", examined.report.notes);
    let report = examined.report;
    let names = |standing| -> BTreeSet<&str> {
        let entries = report.entries.iter().filter(|entry| entry.standing == standing);
        entries.map(|entry| entry.name.as_str()).collect()
    };
    let passed = names(Standing::Passed);
    let of_mdocs = passed.iter().filter(|name| !name.starts_with("good."));
    let (passed, findings) = (of_mdocs.count(), NOT_SEEN.len());
    println!("counted: {passed} answers of phones judged rightly by @auth0/mdl, {findings} not");
    assert_row("@auth0/mdl 3.0.1, mdoc", &Shown::of(&json(&report)));
    assert_eq!(names(Standing::Finding), NOT_SEEN.iter().copied().collect());
}
