//! Services in place of programs: the reference service in JavaScript, whole and without one check each, and services that
//! misbehave.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests read files and start threads as they like"
)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc;

use regex::Regex;
use serde_json::Value;
use tempfile::TempDir;
use vmyna_candidates::{Anchors, Candidates, Workshop, all, x509};
use vmyna_examiner::exam::http::{Service, ServiceError};
use vmyna_examiner::exam::settings::Settings;
use vmyna_examiner::exam::{Exam, ExamError, trust};
use vmyna_examiner::report::{Entry, Report, Standing};
use vmyna_testkit::{isolated, require_program};

const NOW: &str = "2026-12-01T03:04:05Z";
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/verifiers/javascript");

fn workshop() -> Workshop {
    Workshop::new(Anchors::built_in().unwrap(), [18; 32], NOW.parse().unwrap()).unwrap()
}

/// The anchors and lists that the service is given.
static TRUST: LazyLock<TempDir> = LazyLock::new(|| {
    let (folder, workshop) = (tempfile::tempdir().unwrap(), workshop());
    trust::write_anchors(&folder.path().join("trust"), &workshop).unwrap();
    let lists = x509::genuine_lists(&workshop, workshop.now()).unwrap();
    trust::write_lists(&folder.path().join("crls"), &lists).unwrap();
    folder
});

/// The reference service, ended with the test.
struct Reference {
    child: Child,
    url: String,
}

impl Reference {
    fn start(arguments: &[&str]) -> Self {
        let folder = |name: &str| TRUST.path().join(name);
        let mut node = isolated(require_program("node", "nodejs"));
        node.arg(Path::new(EXAMPLE).join("service.mjs"))
            .args(["--time", NOW])
            .arg("--trust")
            .arg(folder("trust"))
            .arg("--crls")
            .arg(folder("crls"))
            .args(arguments);
        let mut child = node.stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        lines.read_line(&mut url).unwrap();
        let url = url.trim().to_owned();
        Self { child, url }
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn settings(file: &str) -> Settings {
    let text = std::fs::read_to_string(Path::new(EXAMPLE).join(file)).unwrap();
    Settings::parse(&text).unwrap()
}

/// Examinations of several services with the same candidates.
struct Examiner(Exam);

impl Examiner {
    fn new(file: &str, only: &str) -> Self {
        let candidates: Candidates = all().kept();
        let mut exam = Exam::new(candidates, workshop(), Vec::new());
        exam.settings = settings(file);
        exam.only = Some(Regex::new(only).unwrap());
        exam.jobs = 2;
        Self(exam)
    }

    fn report(&mut self, url: &str) -> Report {
        self.0.program = vec![url.to_owned()];
        self.0.service = Some(Service::new(url, &self.0.settings.http, false).unwrap());
        let examined = self.0.run(&AtomicBool::new(false), &|_, _| ()).unwrap();
        assert!(examined.examinable, "{:#?}", examined.report);
        examined.report
    }
}

/// A candidate as a report has it.
#[derive(Debug, PartialEq)]
struct Reported {
    check: String,
    also: Vec<String>,
    line: String,
}

fn reported(report: &Report, standing: Standing) -> Vec<Reported> {
    let field = |entry: &Entry, wanted: &str| -> Value {
        let found = entry.fields.iter().find(|(name, _)| *name == wanted);
        found.unwrap().1.clone()
    };
    let entries = report.entries.iter().filter(|entry| entry.standing == standing);
    let entries = entries.map(|entry| Reported {
        check: field(entry, "check").as_str().unwrap_or_default().to_owned(),
        also: serde_json::from_value(field(entry, "also")).unwrap(),
        line: format!("{}: {}; {:?}", entry.name, entry.headline.en, entry.details.last()),
    });
    entries.collect()
}

/// What a signature would show: without A05 none is verified.
const OF_SIGNATURES: [&str; 9] = ["A02", "A04", "A06", "A07", "A08", "A09", "A10", "A11", "A12"];

/// All findings are about this check, or about one that falls together with it, and there is one.
fn assert_names(report: &Report, id: &str) {
    let findings = reported(report, Standing::Finding);
    let is_other = |one: &&Reported| {
        let unsigned = id == "A05" && OF_SIGNATURES.contains(&one.check.as_str());
        one.check != id && !one.also.iter().any(|also| also == id) && !unsigned
    };
    let others: Vec<_> = findings.iter().filter(is_other).collect();
    assert!(others.is_empty(), "without {id}: {others:#?}");
    assert!(
        findings.iter().any(|one| one.check == id),
        "without {id}: nothing is found"
    );
}

/// The checks that a whole service has passed, of which there are no findings.
fn assert_whole(report: &Report, switches: &BTreeSet<String>) {
    assert_eq!(reported(report, Standing::Finding), []);
    let passed: BTreeSet<_> = reported(report, Standing::Passed)
        .into_iter()
        .map(|one| one.check)
        .collect();
    assert!(switches.is_subset(&passed), "{switches:?} {passed:?}");
}

/// Every check that has a switch in a file of the service.
fn switches(file: &str) -> BTreeSet<String> {
    let source = std::fs::read_to_string(Path::new(EXAMPLE).join(file)).unwrap();
    let pattern = Regex::new(r#"(?:must|notice|has)\("([A-Z]\d\d[a-z]?)""#).unwrap();
    pattern
        .captures_iter(&source)
        .map(|found| found[1].to_owned())
        .collect()
}

#[test]
fn every_check_that_the_service_for_phones_lacks_is_named() {
    let mut examiner = Examiner::new("mdoc.toml", r"^(mdoc|parsing\.cbor)");
    let switches = switches("mdoc.mjs");
    assert_eq!(switches.len(), 29);
    assert_whole(&examiner.report(&Reference::start(&[]).url), &switches);
    for id in &switches {
        let service = Reference::start(&["--without", id]);
        assert_names(&examiner.report(&service.url), id);
    }
}

fn log_in_names(examiner: &mut Examiner, id: &str) {
    let late = id == "A03";
    examiner.0.settings = settings("log-in.toml");
    if !late {
        // The wait for the end of a challenge is long.
        let form = examiner.0.settings.http.values_mut().next().unwrap();
        form.challenge.as_mut().unwrap().ends_after = None;
    }
    let lifetime = if late { "5" } else { "300" };
    let service = Reference::start(&["--lifetime", lifetime, "--without", id]);
    assert_names(&examiner.report(&service.url), id);
}

#[test]
fn a_whole_log_in_passes_and_a_lack_of_its_sessions_or_chain_is_named() {
    let mut examiner = Examiner::new("log-in.toml", r"^log-in\.");
    let whole = examiner.report(&Reference::start(&["--lifetime", "5"]).url);
    assert_whole(&whole, &switches("login.mjs"));
    for id in ["A01", "A02", "A04", "A13"] {
        log_in_names(&mut examiner, id);
    }
}

#[test]
#[ignore = "a minute and more; `make test-heavy` runs it"]
fn every_check_that_the_log_in_lacks_is_named() {
    let mut examiner = Examiner::new("log-in.toml", r"^log-in\.");
    let switches = switches("login.mjs");
    assert_eq!(switches.len(), 15);
    for id in &switches {
        log_in_names(&mut examiner, id);
    }
    println!(
        "counted: {} checks of a log-in, each named when it is left out",
        switches.len()
    );
}

/// A server that answers each request with these bytes. The requests.
fn answering(answer: &'static [u8]) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/prefix/", listener.local_addr().unwrap());
    let (sender, received) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut piece = [0; 1 << 16];
            let is_whole = |request: &[u8]| {
                let text = String::from_utf8_lossy(request);
                let (head, body) = text.split_once("\r\n\r\n")?;
                let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "))?;
                Some(body.len() >= length.parse::<usize>().ok()?)
            };
            while is_whole(&request) != Some(true) {
                let count = stream.read(&mut piece).unwrap();
                assert_ne!(count, 0);
                request.extend(&piece[..count]);
            }
            let _ = sender.send(String::from_utf8(request).unwrap());
            let _ = stream.write_all(answer);
        }
    });
    (url, received)
}

fn got(url: &str) -> Vec<Value> {
    let mut exam = Exam::new(all(), workshop(), vec![url.to_owned()]);
    exam.settings = settings("mdoc.toml");
    exam.only = Some(Regex::new("^mdoc.ended$").unwrap());
    exam.service = Some(Service::new(url, &exam.settings.http, false).unwrap());
    let report = exam.run(&AtomicBool::new(false), &|_, _| ()).unwrap().report;
    let fields = report.entries.iter().flat_map(|entry| entry.fields.clone());
    let got = fields.filter(|(name, value)| *name == "got" && !value.is_null());
    got.map(|(_, value)| value).collect()
}

#[test]
fn a_redirect_is_not_followed_and_each_request_is_marked() {
    let (other, reached) = answering(b"HTTP/1.1 200 OK\r\n\r\n");
    let answer: &'static str = format!("HTTP/1.1 302 Found\r\nLocation: {other}\r\n\r\n").leak();
    let (url, received) = answering(answer.as_bytes());
    let seen = got(&url);
    assert!(!seen.is_empty() && seen.iter().all(|got| got == "unclear"), "{seen:?}");
    assert!(reached.try_recv().is_err());
    for request in received.try_iter() {
        assert!(request.starts_with("POST /prefix/mdoc HTTP/1."), "{request}");
        assert!(request.contains("\r\nX-Vmyna-Exam: test data\r\n"), "{request}");
    }
}

#[test]
fn a_service_that_fails_or_hangs_up_has_crashed() {
    for answer in [&b"HTTP/1.1 500 Internal Server Error\r\n\r\n"[..], b""] {
        let (url, _received) = answering(answer);
        let seen = got(&url);
        assert!(!seen.is_empty() && seen.iter().all(|got| got == "crashed"), "{seen:?}");
    }
}

#[test]
fn nothing_is_sent_to_the_internet_unless_the_service_is_the_users_own() {
    // A documentation address (RFC 5737): with a connection the error would be another one.
    let url = "http://192.0.2.1:9";
    let mut exam = Exam::new(all(), workshop(), vec![url.to_owned()]);
    exam.settings = settings("mdoc.toml");
    exam.service = Some(Service::new(url, &exam.settings.http, false).unwrap());
    let error = exam.run(&AtomicBool::new(false), &|_, _| ()).unwrap_err();
    assert!(matches!(error, ExamError::Service(ServiceError::Http(_))), "{error}");
    assert_eq!(
        error.to_string(),
        "the address is neither on this machine nor in a private network"
    );
}

#[test]
fn a_request_of_another_form_is_an_error_with_its_place() {
    let error = |text: &str, url: &str| {
        let settings = Settings::parse(text).unwrap();
        Service::new(url, &settings.http, false).err().unwrap().to_string()
    };
    let url = "http://127.0.0.1:1";
    let form = "[http.mdoc]\npath = '/a'\n";
    for (text, url, expected) in [
        ("", url, "the settings have no request"),
        (form, "https://127.0.0.1", "the address is not of the form"),
        (form, url, "[http.mdoc]: a request has either a `body` or a `file`"),
        (
            "[http.mdoc]\npath = 'a'\nfile = 'mdoc'",
            url,
            "[http.mdoc]: a path begins with /",
        ),
        (&format!("{form}file = 'pin'"), url, "[http.mdoc]: there is no file pin"),
        (
            &format!("{form}body = '{{pin}}'"),
            url,
            "[http.mdoc]: a service is given files",
        ),
        (
            &format!("{form}body = '{{pim}}'"),
            url,
            "[http.mdoc]: there is no placeholder {pim}",
        ),
    ] {
        let error = error(text, url);
        assert!(error.starts_with(expected), "{text}: {error}");
    }
}
