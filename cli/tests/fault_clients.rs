//! Debian's OpenSC, unmodified, meets a card that fails on purpose: through `vmyna run`, and through pcscd and vpcd. What it
//! makes of each fault is what a real card that fails would make it do; afterwards the card works again.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use common::{Printed, Serve, Stack, is_signed, openssl, vmyna, write_public_key};
use vmyna_applets::specimen;
use vmyna_testkit::{client, require_program};

const PKCS15_TOOL: (&str, &str) = ("pkcs15-tool", "opensc");

/// What the scripts share: one word for what a program's exit status says, and waiting for the card.
const WORDS: &str = r#"
say() { "$@" >/dev/null 2>&1 && echo good || echo bad; }
verify() { say pkcs15-tool --verify-pin --auth-id 01 --pin "$1"; }
tries() { pkcs15-tool --list-pins 2>/dev/null | sed -n 's/.*Tries left *: //p' | head -1; }
sign() {
    say pkcs11-tool --login --pin 1234 --sign --id 01 --mechanism SHA256-RSA-PKCS \
        --input-file text --output-file signature
}
fired() { until grep -q '!! fault 1' "$LOG"; do sleep 0.05; done; }
back() { until "$VMYNA" reader list | grep -q 'card with ATR'; do sleep 0.05; done; }
"#;

/// A script with these faults; OpenSC's tools are there. It ends within a minute.
fn script(options: &[&str], directory: &Path, script: &str) -> Output {
    prepared(options, directory, script).output().unwrap()
}

/// The same where each fault that fires is told, so that the script can wait until it has `fired`; and what was told.
fn logged(options: &[&str], script: &str) -> (Output, String) {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    let mut command = prepared(&[&["--verbose"], options].concat(), Path::new("/"), script);
    command.env("LOG", &log).stderr(fs::File::create(&log).unwrap());
    let output = command.stdout(Stdio::piped()).spawn().unwrap().wait_with_output();
    (output.unwrap(), fs::read_to_string(&log).unwrap())
}

fn prepared(options: &[&str], directory: &Path, script: &str) -> Command {
    for (program, package) in [
        ("pkcs15-tool", "opensc"),
        ("pkcs11-tool", "opensc"),
        ("opensc-tool", "opensc"),
    ] {
        require_program(program, package);
    }
    let mut command = vmyna(["run"]);
    command
        .args(options)
        .arg("--")
        .arg(require_program("timeout", "coreutils"));
    command
        .args(["60", "sh", "-c", &format!("{WORDS}{script}")])
        .current_dir(directory)
        .env("VMYNA", env!("CARGO_BIN_EXE_vmyna"));
    command
}

/// What a script prints, its lines as one; no warning is to be told.
#[track_caller]
fn told(options: &[&str], text: &str) -> String {
    let output = script(options, Path::new("/"), text).exits_with(0);
    assert!(!output.err().contains("never fired"), "{}", output.err());
    output.out().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The certificate of her authentication key, DER.
fn hanakos_certificate() -> Vec<u8> {
    let card = specimen::find("hanako").unwrap().unwrap();
    card.jpki.auth.unwrap().certificate
}

/// A text to sign, and the key that verifies it.
fn text_in(directory: &Path) {
    fs::write(directory.join("text"), "こんばんは").unwrap();
    write_public_key(directory, &hanakos_certificate());
}

#[test]
fn the_second_pin_meets_a_memory_failure_and_costs_a_try_only_if_the_card_has_seen_it() {
    let second = "verify 1234; verify 0000; tries; verify 1234; tries";
    assert_eq!(
        told(&["--fault", "sw=6581,ins=20,data,nth=2"], second),
        "good bad 3 good 3"
    );
    assert_eq!(
        told(&["--fault", "sw=6581,ins=20,data,nth=2,executed"], second),
        "good bad 2 good 3"
    );
}

#[test]
fn a_card_that_is_pulled_out_while_it_signs_comes_back_and_signs() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/faults/lost-signature.toml");
    let directory = tempfile::tempdir().unwrap();
    text_in(directory.path());
    let output = script(&["--fault", example], directory.path(), "sign; back; sign").exits_with(0);
    assert_eq!((output.out().as_str(), output.err().as_str()), ("bad\ngood\n", ""));
    is_signed(directory.path(), "signature");
    // Whoever puts it back at once waits until it has left.
    let options = ["--fault", "remove,executed,ins=2A,nth=1,back=0"];
    let output = script(&options, directory.path(), "sign; back; sign").exits_with(0);
    assert_eq!(output.out(), "bad\ngood\n");
    // Without `back` a hand is needed.
    let output = script(
        &["--fault", "remove,ins=2A,nth=1"],
        directory.path(),
        r#"sign; say opensc-tool --name; "$VMYNA" reader insert; sign"#,
    );
    assert_eq!(output.exits_with(0).out(), "bad\nbad\ngood\n");
}

#[test]
fn a_reader_that_is_unplugged_instead_of_an_answer_comes_back_with_its_card() {
    let challenge = "say opensc-tool --card-driver default --send-apdu 0084000008";
    let unplugged = format!(r#"{challenge}; opensc-tool --list-readers; "$VMYNA" reader plug; {challenge}"#);
    let output = script(&["--fault", "unplug,ins=84,nth=1"], Path::new("/"), &unplugged).exits_with(0);
    assert_eq!(output.out(), "bad\nNo smart card readers found.\ngood\n");
    let back = format!("{challenge}; back; {challenge}");
    let output = script(
        &["--fault", "unplug,executed,ins=84,nth=1,back=100"],
        Path::new("/"),
        &back,
    );
    assert_eq!(output.exits_with(0).out(), "bad\ngood\n");
}

/// OpenSC tries a signature again by itself, but not a PIN.
#[test]
fn a_mute_card_a_damaged_answer_and_a_refusal_fail_a_pin_and_the_next_one_is_good() {
    for fault in [
        "mute",
        "mute,executed",
        "garbled=one-byte",
        "garbled=trailing",
        "garbled=bits",
        "sw=6985",
        "sw=6F00,executed",
    ] {
        let fault = format!("{fault},ins=20,data,nth=1");
        assert_eq!(
            told(&["--fault", &fault], "verify 1234; verify 1234"),
            "bad good",
            "{fault}"
        );
    }
    let dead = ["--fault", "mute=until-reset,ins=20,data,nth=1"];
    assert_eq!(
        told(
            &dead,
            r#"verify 1234; "$VMYNA" reader remove; "$VMYNA" reader insert; verify 1234"#
        ),
        "bad good"
    );
}

#[test]
fn a_signature_that_is_refused_fails_but_opensc_gets_over_one_refusal() {
    let directory = tempfile::tempdir().unwrap();
    text_in(directory.path());
    for (fault, expected) in [("sw=6985,ins=2A", "bad\n"), ("sw=6985,ins=2A,nth=1", "good\n")] {
        let output = script(&["--fault", fault], directory.path(), "sign").exits_with(0);
        assert_eq!(
            (output.out().as_str(), output.err().as_str()),
            (expected, ""),
            "{fault}"
        );
    }
    is_signed(directory.path(), "signature");
}

/// The certificate is read by 7 commands, each of which is answered in pieces.
#[test]
fn opensc_follows_61xx_and_reads_the_certificate_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    for fault in ["sw=61xx,ins=B0", "sw=61xx,ins=B0,piece=100"] {
        let read = "say pkcs15-tool --read-certificate 1 --output certificate.pem";
        let output = script(&["--fault", fault], directory.path(), read).exits_with(0);
        assert_eq!(
            (output.out().as_str(), output.err().as_str()),
            ("good\n", ""),
            "{fault}"
        );
        is_hanakos(directory.path());
    }
}

#[track_caller]
fn is_hanakos(directory: &Path) {
    let der = ["x509", "-in", "certificate.pem", "-outform", "DER", "-out", "read.der"];
    openssl(directory, &der);
    assert_eq!(fs::read(directory.join("read.der")).unwrap(), hanakos_certificate());
    fs::remove_file(directory.join("certificate.pem")).unwrap();
}

#[test]
fn opensc_follows_6cxx_and_gets_the_same_bytes() {
    let apdus = "opensc-tool -s 00A4040C0AD392F000260100000001 -s 00B0860000 | tail -n +2";
    assert_eq!(told(&["--fault", "sw=6Cxx,ins=B0"], apdus), told(&[], apdus));
}

/// An hour, of which nobody waits a second.
#[test]
fn a_hand_takes_a_card_out_that_holds_its_answer_back_and_puts_it_back() {
    let (output, log) = logged(
        &["--fault", "delay=3600000,ins=20,data,nth=1"],
        r#"verify 1234 & fired; "$VMYNA" reader remove; wait; "$VMYNA" reader insert; verify 1234"#,
    );
    assert_eq!(output.exits_with(0).out(), "bad\ngood\n", "{log}");
    assert!(
        log.contains("[vmyna 00 00] !! fault 1: delay=3600000,ins=20,data,nth=1"),
        "{log}"
    );
}

#[test]
fn a_program_that_ends_while_its_answer_is_held_back_ends_the_run_with_its_own_status() {
    let (output, log) = logged(
        &["--fault", "delay=3600000,ins=20,data,nth=1", "--fault", "mute,ins=FE"],
        "pkcs15-tool --verify-pin --auth-id 01 --pin 1234 & fired; kill $!; exit 7",
    );
    output.exits_with(7);
    assert!(
        log.contains("!! fault 1") && log.contains("fault 2 never fired: mute,ins=FE (0 matched)"),
        "{log}"
    );
}

#[test]
fn each_card_and_each_that_is_put_in_later_counts_for_itself() {
    let output = script(
        &[
            "--card",
            "specimen:hanako",
            "--card",
            "specimen:taisho",
            "--fault",
            "sw=6581,ins=20,data,nth=1",
        ],
        Path::new("/"),
        r#"each() { say pkcs15-tool --reader "$1" --verify-pin --auth-id 01 --pin 1234; }
        each 'vmyna 00 00'; each 'vmyna 01 00'; each 'vmyna 00 00'; each 'vmyna 01 00'
        "$VMYNA" reader insert --reader 'vmyna 01 00' specimen:showa; each 'vmyna 01 00'; each 'vmyna 01 00'"#,
    );
    assert_eq!(output.exits_with(0).out(), "bad\nbad\ngood\ngood\nbad\ngood\n");
}

/// The program of `vmyna serve --socket`, whose readers other programs find by themselves.
#[test]
fn a_service_of_its_own_has_the_same_faults_and_tells_at_its_end_which_never_fired() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("s");
    let socket = socket.to_str().unwrap();
    let faults = ["--fault", "sw=6581,ins=20,data,nth=1", "--fault", "mute,ins=2A"];
    let mut serve = Serve::start(&[&["--socket", socket], &faults[..]].concat());
    serve.wait_for("Ctrl-C ends it");
    let mut verify = client("pkcs15-tool", "opensc");
    verify
        .args(["--verify-pin", "--auth-id", "01", "--pin", "1234"])
        .env("PCSCLITE_CSOCK_NAME", socket);
    assert!(!verify.status().unwrap().success());
    assert!(verify.status().unwrap().success());
    serve.signal("INT");
    let (status, log) = serve.end();
    assert!(status.success());
    assert!(
        log.contains("fault 2 never fired: mute,ins=2A") && !log.contains("fault 1 never"),
        "{log}"
    );
}

fn read_certificate(stack: &Stack, directory: &Path) -> bool {
    let read = ["--read-certificate", "1", "--output", "certificate.pem"];
    let mut read = stack.program(PKCS15_TOOL, &read);
    read.current_dir(directory).output().unwrap().status.success()
}

#[test]
fn through_pcscd_status_words_and_data_in_two_steps_arrive() {
    let directory = tempfile::tempdir().unwrap();
    let faults = [
        "--fault",
        "sw=61xx,ins=B0,piece=100",
        "--fault",
        "sw=6581,ins=20,data,nth=1",
    ];
    let stack = Stack::start_with(&faults);
    assert!(read_certificate(&stack, directory.path()));
    is_hanakos(directory.path());
    let verify = ["--verify-pin", "--auth-id", "01", "--pin", "1234"];
    let verify = || stack.program(PKCS15_TOOL, &verify).output().unwrap().status.success();
    assert!(!verify());
    assert!(verify());
}

#[test]
fn through_pcscd_a_card_is_pulled_out_missed_and_put_back() {
    let directory = tempfile::tempdir().unwrap();
    for fault in [
        "remove,ins=B0,nth=2,back=50",
        "remove=answered,ins=B0,nth=2,back=50",
        "mute,ins=B0,nth=2",
    ] {
        let mut stack = Stack::start_with(&["--fault", fault]);
        stack.serve.wait_for("is in the reader");
        assert!(!read_certificate(&stack, directory.path()), "{fault}");
        stack.serve.wait_for("is in the reader");
        stack.wait_for_card();
        assert!(read_certificate(&stack, directory.path()), "{fault}");
        is_hanakos(directory.path());
        stack.serve.signal("INT");
        let (status, log) = stack.serve.end();
        assert!(status.success() && log.contains("card taken out"), "{log}");
        assert!(!log.contains("never fired"), "{log}");
    }
}

#[test]
fn through_pcscd_a_card_that_is_not_put_back_ends_serve_which_says_what_to_do() {
    let mut stack = Stack::start_with(&["--fault", "remove,ins=B0,nth=2"]);
    assert!(!read_certificate(&stack, Path::new("/")));
    let (status, log) = stack.serve.end();
    assert!(status.success() && log.contains("back=MS"), "{log}");
}

#[test]
fn through_pcscd_ctrl_c_does_not_wait_for_an_answer_that_is_held_back() {
    let mut stack = Stack::start_with(&["--verbose", "--fault", "delay=3600000,ins=B0,nth=2"]);
    let mut program = stack
        .program(PKCS15_TOOL, &["--read-certificate", "1"])
        .spawn()
        .unwrap();
    stack.serve.wait_for("!! fault 1");
    stack.serve.signal("INT");
    let (status, _) = stack.serve.end();
    assert!(status.success());
    assert!(!common::wait(&mut program).success());
}
