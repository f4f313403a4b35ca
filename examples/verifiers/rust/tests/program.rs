//! The verifier with a genuine card, and with arguments and authorities that it can't use.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rsa::RsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePublicKey};
use tempfile::TempDir;
use vmyna_testkit::isolated;

const VERIFIER: &str = env!("CARGO_BIN_EXE_card-verifier");
/// Code B, My Number and birth date of the specimen hanako, whose PIN is 1234.
const VALUES: [&str; 4] = ["1234", "01102520362026", "123456789018", "011025"];
const PARTS: [&str; 4] = ["--text", "--face", "--my-number", "--log-in"];

fn vmyna() -> PathBuf {
    let vmyna = Path::new(VERIFIER).with_file_name("vmyna");
    assert!(
        vmyna.is_file(),
        "these tests need the command vmyna: cargo build --package vmyna-cli"
    );
    vmyna
}

/// The authorities of the specimens as anchors. Each of `left_out` is missing.
fn anchors(left_out: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../test-vectors/specimens/ca");
    for (name, file) in [("auth-ca", "auth-ca.der"), ("sign-ca", "sign-ca.der")] {
        fs::copy(from.join(name).join("certificate.der"), folder.path().join(file)).unwrap();
    }
    for (name, file) in [("text-root", "7000033-001.der"), ("face-root", "7000023-001.der")] {
        let pem = fs::read_to_string(from.join(name).join("key.pem")).unwrap();
        let key = RsaPrivateKey::from_pkcs8_pem(&pem).unwrap().to_public_key();
        fs::write(folder.path().join(file), key.to_public_key_der().unwrap().as_bytes()).unwrap();
    }
    for file in left_out {
        fs::remove_file(folder.path().join(file)).unwrap();
    }
    folder
}

fn verify(anchors: &Path, arguments: &[&str]) -> Output {
    let mut command: Command = isolated(vmyna());
    command
        .args(["run", "--card", "specimen:hanako", "--", VERIFIER])
        .args(arguments);
    command
        .env("VMYNA_EXAM_TRUST", anchors)
        .env("VMYNA_EXAM_TIME", "2026-11-30T00:00:00Z");
    command.output().unwrap()
}

#[track_caller]
fn refused(left_out: &str, parts: &[&str], check: &str) {
    let output = verify(anchors(&[left_out]).path(), &[parts, &VALUES].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.starts_with(&format!("refused: {check}: ")), "{errors}");
}

#[test]
fn a_genuine_card_is_accepted_with_its_authorities_only() {
    let output = verify(anchors(&[]).path(), &[&PARTS[..], &VALUES].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        (output.status.code(), &*output.stdout),
        (
            Some(0),
            &b"compare the pictures of name and face with the person\naccepted\n"[..]
        ),
        "{errors}"
    );
    refused("7000033-001.der", &["--text"], "T09");
    refused("7000023-001.der", &["--face"], "T09");
    refused("auth-ca.der", &["--log-in"], "A14");
}

#[test]
fn each_check_is_listed_once_and_no_other_can_be_left_out() {
    let output = Command::new(VERIFIER).arg("--list").output().unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    let names: Vec<&str> = list.lines().map(|line| line.split_once('\t').unwrap().0).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    assert!(names.len() >= 50, "{}", names.len());
    for arguments in [
        &["--without", "T99", "1234"][..],
        &["--text"],
        &["--unknown", "1234"],
        &["--without"],
    ] {
        let output = Command::new(VERIFIER).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}
