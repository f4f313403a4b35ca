//! Programs that verify signed documents, examined: the verifier of examples/verifiers/python, of which each mutant lacks one
//! check, and openssl, xmlsec1 and pyHanko as they are published.

#![cfg(feature = "exam")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use regex::Regex;
use vmyna_candidates::{Anchors, Candidate, Workshop, all};
use vmyna_examiner::exam::settings::Settings;
use vmyna_examiner::exam::{Exam, ExamError, Examined};
use vmyna_examiner::report::{Standing, json};
use vmyna_examiner::responder::ResponderError;
use vmyna_testkit::verifiers::{Shown, assert_row};
use vmyna_testkit::{install_python_packages, isolated, require_program};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// An environment of Python with asn1crypto and pyHanko.
static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let requirements = Path::new(ROOT).join("cli/tests/clients/python/requirements.txt");
    install_python_packages(&requirements, &folder).unwrap();
    folder.join("bin")
});

/// All examinations are of the same people, whose keys take time.
static EXAM: LazyLock<Mutex<Exam>> = LazyLock::new(|| {
    let now = "2026-11-30T00:00:00Z".parse().unwrap();
    let workshop = Workshop::new(Anchors::built_in().unwrap(), [9; 32], now).unwrap();
    let mut exam = Exam::new(all(), workshop, Vec::new());
    exam.jobs = 2;
    Mutex::new(exam)
});

/// Examines a program with the candidates whose names match.
fn examine(settings: &str, program: Vec<String>, only: &str) -> Examined {
    let mut exam = EXAM.lock().unwrap_or_else(PoisonError::into_inner);
    exam.settings = Settings::parse(settings).unwrap();
    exam.program = program;
    exam.only = Some(Regex::new(only).unwrap());
    /// Another examination on this machine can have the responder's address for a while.
    const PATIENCE: Duration = Duration::from_secs(300);
    let start = Instant::now();
    loop {
        match exam.run(&AtomicBool::new(false), &|_, _| {}) {
            Err(ExamError::Responder(ResponderError::InUse(_))) if start.elapsed() < PATIENCE => {
                thread::sleep(Duration::from_millis(50));
            }
            examined => break examined.unwrap(),
        }
    }
}

/// The candidates that a program should not have treated so.
fn findings(examined: &Examined) -> BTreeSet<String> {
    assert!(examined.examinable, "{:?}", examined.report.notes);
    let entries = examined.report.entries.iter();
    let found = entries.filter(|entry| entry.standing == Standing::Finding);
    // A program that hangs on a busy machine shows nothing of its checks.
    let slow = |entry: &&vmyna_examiner::report::Entry| assert_ne!(entry.verdict, "hung", "{}", entry.name);
    found.inspect(slow).map(|entry| entry.name.clone()).collect()
}

/// A kind of documents that the verifier takes: the beginning of the candidates' names, and the arguments.
type Kind = (&'static str, &'static [&'static str]);

const KINDS: [Kind; 2] = [("cms", &["{cms}", "{content}"]), ("pdf", &["{pdf}"])];

/// What the verifier lacks without a check, or does wrong with it.
fn verify(without: Option<&str>, (kind, files): Kind, only: &str) -> BTreeSet<String> {
    let settings = fs::read_to_string(Path::new(ROOT).join("examples/exam/documents.toml")).unwrap();
    // Other tests keep the machine busy.
    let settings = settings.replace("limit = 10 ", "limit = 60 ");
    let mut program = vec![
        PYTHON.join("python").to_str().unwrap().to_owned(),
        "-B".to_owned(),
        format!("{ROOT}/examples/verifiers/python/verify.py"),
    ];
    program.extend(
        without
            .into_iter()
            .flat_map(|check| ["--without".to_owned(), check.to_owned()]),
    );
    program.extend(files.iter().map(|file| (*file).to_owned()));
    findings(&examine(&settings, program, &format!(r"^{kind}\.({only})$")))
}

/// The checks of the verifier, by its own list.
fn checks() -> Vec<String> {
    let output = isolated(PYTHON.join("python"))
        .args(["-B", "verify.py", "--list"])
        .current_dir(Path::new(ROOT).join("examples/verifiers/python"))
        .output()
        .unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    list.lines().map(str::to_owned).collect()
}

/// The candidates that a program without this check accepts, or can accept.
fn about<'c>(check: &str, candidates: &'c [Candidate]) -> Vec<&'c Candidate> {
    let about = |one: &&Candidate| one.check.is_some_and(|own| own.id == check) || one.also.contains(&check);
    candidates.iter().filter(about).collect()
}

/// The findings of a mutant are all about the check that it lacks, and one of them is a candidate of that check.
fn assert_found(check: &str, findings: &BTreeSet<String>, candidates: &[Candidate]) {
    let expected = about(check, candidates);
    let name = |one: &Candidate| one.name.to_owned();
    let owns = expected
        .iter()
        .filter(|one| one.check.is_some_and(|own| own.id == check));
    let owns: BTreeSet<String> = owns.map(|one| name(one)).collect();
    let expected: BTreeSet<String> = expected.into_iter().map(name).collect();
    assert!(findings.is_subset(&expected), "{check}: {findings:?}");
    assert!(!findings.is_disjoint(&owns), "{check} is not found: {findings:?}");
}

fn documents() -> Vec<Candidate> {
    let all = all();
    let documents = all
        .iter()
        .filter(|one| KINDS.iter().any(|(kind, _)| one.name.starts_with(kind)));
    documents.cloned().collect()
}

#[test]
fn the_whole_verifier_does_all_that_it_must() {
    for kind in KINDS {
        assert_eq!(verify(None, kind, ".*"), BTreeSet::new());
    }
}

/// Runs each mutant with the candidates that `only` chooses.
fn mutants(only: impl Fn(&str, &[Candidate]) -> String) {
    let candidates = documents();
    let checks = checks();
    assert!(checks.len() > 30);
    for check in checks {
        let only = only(&check, &candidates);
        let concerned = about(&check, &candidates);
        let kinds = KINDS
            .iter()
            .filter(|(kind, _)| concerned.iter().any(|one| one.name.starts_with(kind)));
        let found = kinds.flat_map(|kind| verify(Some(&check), *kind, &only)).collect();
        assert_found(&check, &found, &candidates);
    }
}

#[test]
fn each_mutant_is_found_by_the_candidates_of_its_check() {
    mutants(|check, candidates| {
        let names = about(check, candidates)
            .into_iter()
            .filter_map(|one| one.name.split_once('.'));
        names.map(|(_, name)| name).collect::<Vec<_>>().join("|")
    });
}

#[test]
#[ignore = "heavy: some 2,000 runs of the verifier, minutes"]
fn each_mutant_is_found_by_no_other_candidate() {
    mutants(|_, _| ".*".to_owned());
}

/// The checks that a program of others does not make of what is claimed for it. `row`: its row in docs/verifiers.md.
fn lacks(row: &str, claims: &str, program: &[&str], only: &str) -> BTreeSet<&'static str> {
    let program = program.iter().map(|text| (*text).to_owned()).collect();
    let settings = format!("claims = [{claims}]\n[program]\ntime = true\nlimit = 120\n");
    let examined = examine(&settings, program, only);
    assert_row(row, &Shown::of(&json(&examined.report)));
    let findings = findings(&examined);
    let all = all();
    let found = all.iter().filter(|one| findings.contains(one.name));
    found.map(|one| one.check.map_or(one.name, |check| check.id)).collect()
}

fn program(name: &str, package: &str) -> String {
    require_program(name, package).to_str().unwrap().to_owned()
}

/// Options of openssl for the time of the examinations, and one of the given authorities.
const AT: [&str; 2] = ["-attime", "1795996800"];

#[test]
fn openssl_cms_is_examined() {
    let openssl = program("openssl", "openssl");
    let verify = [
        &openssl,
        "cms",
        "-verify",
        "-binary",
        "-inform",
        "DER",
        "-in",
        "{cms}",
        "-content",
        "{content}",
    ];
    let trust = ["-out", "/dev/null", "-CAfile", "{trust}/sign-ca-2024.pem"];
    let by = |row: &str, options: &[&str]| {
        let program = [&verify[..], &trust, &AT, options].concat();
        lacks(row, "\"signatures\"", &program, r"^cms\.")
    };
    // With a policy it still takes a certificate that states anyPolicy (S11b).
    let always = ["S03", "S04", "S11a", "S11b", "S21a"];
    let with = |more: &[&'static str]| always.iter().chain(more).copied().collect::<BTreeSet<_>>();
    // The form with the fewest demands, and that with the most.
    assert_eq!(by("openssl cms 3.0, CMS", &["-purpose", "any"]), with(&["S07a"]));
    let policy = ["-policy", "1.2.392.200149.8.5.1.0.20", "-explicit_policy"];
    let demanding = [&["-purpose", "any", "-cades"][..], &policy].concat();
    assert_eq!(by("openssl cms 3.0 with CAdES and policy, CMS", &demanding), with(&[]));
}

#[test]
fn xmlsec_is_examined() {
    let xmlsec = program("xmlsec1", "xmlsec1");
    let verify = [&xmlsec, "verify", "--id-attr:Id", "https://vmyna.invalid/order:Order"];
    let trust = [
        "--trusted-der",
        "{trust}/sign-ca-2024.der",
        "--verification-gmt-time",
        "2026-11-30+00:00:00",
    ];
    let by = |row: &str, options: &[&str]| {
        lacks(
            row,
            "\"signatures\"",
            &[&verify[..], &trust, options, &["{xml}"]].concat(),
            r"^xml\.",
        )
    };
    let always = ["S22", "S24a", "S24b", "S25a", "S25c"];
    let with = |more: &[&'static str]| always.iter().chain(more).copied().collect::<BTreeSet<_>>();
    assert_eq!(by("xmlsec1 1.2, XML", &[]), with(&["S24c"]));
    let certificates = ["--enabled-key-data", "x509"];
    assert_eq!(by("xmlsec1 1.2 with certificates only, XML", &certificates), with(&[]));
}

#[test]
#[ignore = "heavy: each of some 25 runs of pyHanko takes a second"]
fn pyhanko_is_examined() {
    let pyhanko = PYTHON.join("pyhanko");
    let program = [
        pyhanko.to_str().unwrap(),
        "sign",
        "validate",
        "--trust",
        "{trust}/sign-ca-2024.pem",
        "--trust-replace",
        "--no-revocation-check",
        "{pdf}",
    ];
    // It takes the time of the clock.
    let lacks = lacks("pyHanko 0.38.0, PDF", "\"signatures\"", &program, r"^pdf\.");
    assert_eq!(lacks, BTreeSet::from(["S21b"]));
}
