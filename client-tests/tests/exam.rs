//! The checks that clients make, as `vmyna exam` shows them: the rows of docs/verifiers.md.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)] // the whole file is tests

use std::path::{Path, PathBuf};

use vmyna_testkit::isolated;
use vmyna_testkit::verifiers::{Shown, assert_row};

const VERIFY_WITH: &str = env!("CARGO_BIN_EXE_verify-with");

/// The command of the workspace, which is built before these tests.
fn vmyna() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
        PathBuf::from,
    );
    let vmyna = target.join("debug/vmyna");
    assert!(
        vmyna.is_file(),
        "these tests need the command vmyna: cargo build --package vmyna-cli"
    );
    vmyna
}

/// Examines a client and compares its row.
#[track_caller]
fn row(program: &str, claims: &str, only: &str, arguments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let settings = format!("claims = [{claims}]\n[program]\ntime = true\nprivate-folder = true\n");
    std::fs::write(folder.path().join("exam.toml"), settings).unwrap();
    let mut command = isolated(vmyna());
    command.args([
        "exam",
        "--seed",
        "1",
        "--now",
        "2026-12-01T00:00:00Z",
        "--only",
        only,
        "--json",
        "report.json",
        "--",
        VERIFY_WITH,
    ]);
    let output = command.args(arguments).current_dir(folder.path()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code().is_some_and(|code| code <= 1),
        "{program}: {errors}"
    );
    let report = std::fs::read(folder.path().join("report.json")).unwrap();
    assert_row(program, &Shown::of(&serde_json::from_slice(&report).unwrap()));
}

#[test]
fn myna() {
    row(
        "myna 0.3.0, log-in",
        r#""log-in""#,
        "^log-in",
        &["myna", "{certificate}", "{challenge}", "{signature}"],
    );
}

#[test]
fn jpki() {
    row("jpki 0.4.3, text data", r#""text""#, "^text", &["jpki", "{pin}"]);
}

#[test]
fn myna_card() {
    row(
        "myna-card 3.3.4, text data",
        r#""text", "my-number""#,
        "^(text|my-number)",
        &["myna-card-text", "{pin}"],
    );
    row(
        "myna-card 3.3.4, face",
        r#""face""#,
        "^face",
        &["myna-card-face", "{code-b}", "{birth-date}"],
    );
    row(
        "myna-card 3.3.4, log-in",
        r#""log-in""#,
        "^log-in",
        &["myna-card-log-in", "{pin}"],
    );
}
