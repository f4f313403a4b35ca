//! The applications of `applications/` under programs of other projects: OpenSC's and pyscard's generic commands read each
//! of them, and openssl verifies what their keys sign and the certificates that their declarations ask for.
//!
//! The card has all of them at once, loaded with `--ap`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use common::python::with_pyscard;
use common::{Printed, openssl, vmyna};
use vmyna_apdu::hex;
use vmyna_testkit::clients::{Way, proves};
use vmyna_testkit::require_program;

const APPLICATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../applications");
const PYSCARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/pyscard");

/// Commands to each application, each with the beginning of the answer; the status word of all of them is 9000.
const READ: [(&str, &str); 34] = [
    // Driving licence: WEF01, and after the PIN WEF02.
    ("00A4040C10A0000002310600000000000000000000", ""),
    ("00B09A0003", "C10101"),
    ("002000860431323334", ""),
    ("00A4020C02001B", ""),
    ("00B0000000", "C200C300C4044D254E49C50735313331313235C6"),
    ("00A4020C02001C", ""),
    ("00B0000000", "B1820100"),
    // Residence: version and kind, and after the card number entries and signature.
    ("00A4040C10D392F0004F0100000000000000000000", ""),
    ("00B08B0000", "C00430303031"),
    ("00B08A0000", "C1023037"),
    ("002000860C544530303030303030305354", ""),
    ("00A4040C10D392F0004F0200000000000000000000", ""),
    ("002000960C544530303030303030305354", ""),
    ("00B0830000", "C5083230333631303235C6083139383931303235"),
    ("00B0860000", "DFD18201D249492A00"),
    ("00A4040C10D392F0004F0400000000000000000000", ""),
    ("002000960C544530303030303030305354", ""),
    ("00B0820000", "DC60"),
    // Seal registration: municipality, and after the PIN the number.
    ("00A4040C0BF0544553542D5345414C01", ""),
    ("00B0810000", "C10F5445535420"),
    ("002000860431323334", ""),
    ("00B0820000", "C20D544553542D"),
    ("00B0830000", "3082"),
    // Civil servants: ministry, and after the PIN the staff entry.
    ("00A4040C0CF0544553542D434956494C01", ""),
    ("00B0810000", "C10E5445535420"),
    ("0020008606313233343536", ""),
    ("00B0820000", "C20B544553542D"),
    ("00B0830000", "3082"),
    // Employees: an empty entry; a PIN.
    ("00A4040C0FF0544553542D454D504C4F59454501", ""),
    ("00B0810000", "FFFFFFFF"),
    ("002000860431323334", ""),
    // And the card's own application, as ever.
    ("00A4040C0AD392F000260100000001", ""),
    ("00A4020C02000A", ""),
    ("00B0000004", "3082"),
];

/// `vmyna run` with a card that has all the applications, and this program.
fn with_all(program: &Path) -> Command {
    let mut command = vmyna(["run"]);
    for name in [
        "driving-licence",
        "residence",
        "seal-registration",
        "civil-servant",
        "employee",
    ] {
        command.arg("--ap").arg(format!("{APPLICATIONS}/{name}/{name}.ap.toml"));
    }
    command.arg("--").arg(program);
    command
}

/// Fails the test unless these are the answers to the commands of [`READ`].
#[track_caller]
fn are_answers(answers: &[String]) {
    assert_eq!(answers.len(), READ.len(), "{answers:#?}");
    for ((command, begin), answer) in READ.iter().zip(answers) {
        assert!(
            answer.starts_with(begin) && answer.ends_with("9000") && begin.is_empty() == (answer == "9000"),
            "{command}: {answer}"
        );
    }
}

/// The answers in what opensc-tool prints: a status word in words, and lines of 16 bytes.
fn answers_of_opensc(printed: &str) -> Vec<String> {
    let mut answers: Vec<(String, String)> = Vec::new();
    for line in printed.lines() {
        if let Some(status) = line.strip_prefix("Received (SW1=0x") {
            let digits = [&status[..2], &status[10..12]].concat();
            answers.push((String::new(), digits));
        } else if let (false, Some((data, _))) = (line.starts_with("Sending"), answers.last_mut()) {
            *data += &line
                .chars()
                .take(48)
                .filter(|letter| *letter != ' ')
                .collect::<String>();
        }
    }
    answers.into_iter().map(|(data, status)| data + &status).collect()
}

#[test]
fn opensc_reads_every_application_by_its_generic_commands() {
    let _proof = proves("opensc.applications", Way::Service);
    let mut command = with_all(&require_program("opensc-tool", "opensc"));
    command.args(["--card-driver", "default"]);
    for (apdu, _) in READ {
        command.args(["--send-apdu", apdu]);
    }
    are_answers(&answers_of_opensc(&command.output().unwrap().exits_with(0).out()));
}

#[test]
fn pyscard_reads_every_application_by_its_generic_commands() {
    let _proof = proves("pyscard.applications", Way::Service);
    let mut command = with_all(&with_pyscard());
    command.arg(format!("{PYSCARD}/send.py"));
    command.args(READ.map(|(apdu, _)| apdu));
    let printed = command.output().unwrap().exits_with(0).out();
    are_answers(&printed.lines().map(str::to_owned).collect::<Vec<_>>());
}

/// A value of DER, shorter than 128 bytes.
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(value.len()).unwrap()][..], value].concat()
}

#[test]
fn openssl_verifies_signatures_with_p_384_in_both_forms_and_the_certificate() {
    let _proof = proves("openssl.p-384", Way::Service);
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("text"), "こんにちは\n").unwrap();
    openssl(here, &["dgst", "-sha384", "-binary", "-out", "hash", "text"]);
    let hash = hex::encode(&fs::read(here.join("hash")).unwrap());
    let mut command = with_all(&with_pyscard());
    command.arg(format!("{PYSCARD}/send.py"));
    let sign = ["10", "11"].map(|form| format!("802A{form}9730{hash}00"));
    command.args(["00A4040C0CF0544553542D434956494C01", "0020008606313233343536"]);
    command.args(["00B0830000", "00B0010000", "00B0020000"]).args(&sign);
    let printed = command.output().unwrap().exits_with(0).out();
    let answers: Vec<&str> = printed.lines().collect();
    let [select, verify, parts @ .., signed, raw] = &answers[..] else {
        panic!("{printed}");
    };
    assert_eq!([*select, *verify], ["9000"; 2]);
    let data = |answer: &str| hex::decode(answer.strip_suffix("9000").unwrap_or_default()).unwrap();
    fs::write(
        here.join("certificate.der"),
        parts.iter().flat_map(|part| data(part)).collect::<Vec<_>>(),
    )
    .unwrap();
    openssl(
        here,
        &[
            "x509",
            "-in",
            "certificate.der",
            "-inform",
            "DER",
            "-out",
            "certificate.pem",
        ],
    );
    let authority = format!("{APPLICATIONS}/civil-servant/TEST-authority.pem");
    // The specimen's card has been issued; the day of the test is of no interest.
    let verified = openssl(
        here,
        &["verify", "-no_check_time", "-CAfile", &authority, "certificate.pem"],
    );
    assert_eq!(verified.trim(), "certificate.pem: OK");
    openssl(
        here,
        &["x509", "-in", "certificate.pem", "-pubkey", "-noout", "-out", "key.pem"],
    );

    fs::write(here.join("der"), data(signed)).unwrap();
    let raw = data(raw);
    assert_eq!(raw.len(), 96);
    let numbers = raw.chunks(48).map(|number| der(0x02, &[&[0], number].concat()));
    // Leading zeros are no DER, and openssl compares: numbers have none but before an upper bit.
    let numbers = numbers.map(|number| shortest(&number)).collect::<Vec<_>>().concat();
    fs::write(here.join("raw"), der(0x30, &numbers)).unwrap();
    for form in ["der", "raw"] {
        let verified = openssl(
            here,
            &["dgst", "-sha384", "-verify", "key.pem", "-signature", form, "text"],
        );
        assert_eq!(verified.trim(), "Verified OK", "{form}");
    }
}

/// An INTEGER of DER without needless leading zeros.
fn shortest(number: &[u8]) -> Vec<u8> {
    let mut value = &number[2..];
    while let [0, next, ..] = value
        && *next < 0x80
    {
        value = &value[1..];
    }
    der(0x02, value)
}

#[test]
fn openssl_verifies_what_a_key_of_p_256_signs_that_was_made_on_the_card() {
    let _proof = proves("openssl.p-256", Way::Service);
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut command = with_all(&with_pyscard());
    command
        .arg(format!("{PYSCARD}/employee.py"))
        .arg(format!("{APPLICATIONS}/employee/TEST-terminal-key.pem"))
        .current_dir(here)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    fs::write(here.join("text"), [7; 32]).unwrap();
    child.stdin.take().unwrap().write_all(&[7; 32]).unwrap();
    child.wait_with_output().unwrap().exits_with(0);
    openssl(
        here,
        &["pkey", "-pubin", "-inform", "DER", "-in", "card.der", "-out", "key.pem"],
    );
    let verify = [
        "dgst",
        "-sha256",
        "-verify",
        "key.pem",
        "-signature",
        "card.sig",
        "text",
    ];
    assert_eq!(openssl(here, &verify).trim(), "Verified OK");
}
