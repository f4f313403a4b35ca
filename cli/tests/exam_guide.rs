//! The commands of docs/exam.md do what the page states, in both languages; and the row of Java in docs/verifiers.md.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Output;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use vmyna_testkit::verifiers::{Shown, assert_row};
use vmyna_testkit::{isolated, require_program};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const VMYNA: &str = env!("CARGO_BIN_EXE_vmyna");

/// The commands of a page, without those for a verifier of the reader's own.
fn commands(page: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new(ROOT).join("docs").join(page)).unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix("    "));
    let commands = lines.filter(|line| line.starts_with("vmyna ") || line.starts_with("javac "));
    commands
        .filter(|line| !line.contains("your-verifier"))
        .map(str::to_owned)
        .collect()
}

/// A folder in which the repository's examples are, and the programs are found.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        symlink(Path::new(ROOT).join("examples"), desk.0.path().join("examples")).unwrap();
        desk
    }

    fn run(&self, command: &str) -> Output {
        let programs = Path::new(VMYNA).parent().unwrap();
        assert!(
            programs.join("card-verifier").is_file(),
            "these tests need the verifier: cargo build --package vmyna-example-verifier"
        );
        require_program("java", "default-jdk-headless");
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        let mut shell = isolated(require_program("sh", "dash"));
        shell.args(["-c", command]).env("PATH", path);
        // Java starts in a third of the time.
        shell.env("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC");
        shell.current_dir(self.0.path());
        shell.output().unwrap()
    }

    /// Runs a command that must end so; returns the findings of its report.
    #[track_caller]
    fn ends(&self, command: &str, status: i32) -> Value {
        let command = command.replacen("vmyna exam", "vmyna exam --json report.json", 1);
        // Another examination on this machine can have the responder's address for a while.
        let start = Instant::now();
        let is_busy =
            |output: &Output| String::from_utf8_lossy(&output.stderr).contains("is in use, and the certificates");
        let output = loop {
            let output = self.run(&command);
            if !is_busy(&output) || start.elapsed() > Duration::from_secs(300) {
                break output;
            }
            thread::sleep(Duration::from_millis(50));
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (printed, errors) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(status), "{command}\n{printed}\n{errors}");
        let report = fs::read(self.0.path().join("report.json")).unwrap_or_else(|_| b"null".to_vec());
        serde_json::from_slice(&report).unwrap()
    }
}

#[test]
fn the_commands_of_the_guide_end_as_it_states() {
    let commands = commands("exam.md");
    assert_eq!(commands, self::commands("exam.ja.md"));
    let [whole, mutant, javac, java, ci] = &commands[..] else {
        panic!("{commands:#?}");
    };
    let desk = Desk::new();
    desk.ends(whole, 0);
    let report = desk.ends(mutant, 1);
    let findings = report["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["finding"] == true);
    let checks: Vec<&str> = findings.map(|entry| entry["check"].as_str().unwrap()).collect();
    assert!(
        !checks.is_empty() && checks.iter().all(|check| *check == "T01"),
        "{checks:?}"
    );

    assert!(desk.run(javac).status.success(), "{javac}");
    let report = desk.ends(java, 1);
    assert_row("PKIX of Java 17, log-in", &Shown::of(&report));

    desk.ends(ci, 0);
    for report in ["exam.xml", "exam.html"] {
        assert!(desk.0.path().join(report).is_file(), "{report}");
    }
}

#[test]
fn the_settings_in_the_guide_are_the_example() {
    let example = fs::read_to_string(Path::new(ROOT).join("examples/exam/card.toml")).unwrap();
    let block: String = example
        .lines()
        .map(|line| {
            if line.is_empty() {
                "\n".to_owned()
            } else {
                format!("    {line}\n")
            }
        })
        .collect();
    for page in ["exam.md", "exam.ja.md"] {
        let text = fs::read_to_string(Path::new(ROOT).join("docs").join(page)).unwrap();
        assert!(text.contains(&block), "{page}");
    }
}
