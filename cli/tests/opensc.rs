//! Debian's OpenSC, unmodified, on the card in a real pcscd with vpcd: it recognises the card, lists it, reads the
//! certificates, logs in and signs, and openssl verifies what it signed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::{Printed, Stack, is_signed, opensc_module, openssl, phone_image, write_public_key};
use vmyna_applets::PhoneKind;
use vmyna_applets::jpki;
use vmyna_applets::specimen;
use vmyna_testkit::clients::{Way, proves};

const OPENSC_TOOL: (&str, &str) = ("opensc-tool", "opensc");
const PKCS15_TOOL: (&str, &str) = ("pkcs15-tool", "opensc");
const PKCS15_CRYPT: (&str, &str) = ("pkcs15-crypt", "opensc");
const PKCS11_TOOL: (&str, &str) = ("pkcs11-tool", "opensc");
const P11TOOL: (&str, &str) = ("p11tool", "gnutls-bin");

/// One of the card's two keys, as OpenSC shows it.
struct Key {
    /// Identifier of the key, its PIN and its certificate.
    id: &'static str,
    /// Which of the card's PKCS#11 slots it is in.
    slot: &'static str,
    pin: &'static str,
    certificate: Vec<u8>,
}

/// The PINs of the specimens.
const AUTH_PIN: &str = "1234";
const SIGN_PIN: &str = "ABC123";

fn hanako() -> jpki::Contents {
    specimen::find("hanako").unwrap().unwrap().jpki
}

fn keys() -> [Key; 2] {
    let card = hanako();
    [
        Key {
            id: "01",
            slot: "0",
            pin: AUTH_PIN,
            certificate: card.auth.unwrap().certificate,
        },
        Key {
            id: "02",
            slot: "1",
            pin: SIGN_PIN,
            certificate: card.sign.unwrap().certificate,
        },
    ]
}

fn run(stack: &Stack, program: (&str, &str), directory: &Path, arguments: &[&str]) -> Output {
    stack
        .program(program, arguments)
        .current_dir(directory)
        .output()
        .unwrap()
}

#[track_caller]
fn succeed(stack: &Stack, program: (&str, &str), directory: &Path, arguments: &[&str]) -> String {
    let output = run(stack, program, directory, arguments).exits_with(0);
    output.out() + &output.err()
}

#[test]
fn opensc_recognises_the_card_by_its_atr_and_lists_all_of_it() {
    let _proof = proves("opensc.lists", Way::Vpcd);
    let (stack, here) = (Stack::start(), Path::new("/"));
    assert_eq!(
        succeed(&stack, OPENSC_TOOL, here, &["--name"]).lines().next(),
        Some("jpki")
    );
    assert!(succeed(&stack, OPENSC_TOOL, here, &["--atr"]).contains("3b:e0:00:ff:81:31:fe:45:14"));
    let dump = succeed(&stack, PKCS15_TOOL, here, &["--dump"]);
    for object in [
        "PKCS#15 Card [JPKI]",
        "PIN [User Authentication PIN]",
        "PIN [Digital Signature PIN]",
        "Private RSA Key [User Authentication Key]",
        "Private RSA Key [Digital Signature Key]",
        "X.509 Certificate [User Authentication Certificate]",
        "X.509 Certificate [Digital Signature Certificate]",
        "X.509 Certificate [User Authentication Certificate CA]",
        "X.509 Certificate [Digital Signature Certificate CA]",
    ] {
        assert!(dump.contains(object), "{object} is missing in\n{dump}");
    }
    let tries: Vec<_> = dump
        .lines()
        .filter(|line| line.contains("Tries left"))
        .map(str::trim)
        .collect();
    assert_eq!(tries, ["Tries left     : 3", "Tries left     : 5"]);
    assert_eq!(
        succeed(&stack, PKCS15_TOOL, here, &["--list-certificates"])
            .matches("X.509 Certificate")
            .count(),
        4
    );
}

#[test]
fn opensc_reads_the_free_certificates_as_they_are_and_the_sign_certificate_only_with_its_password() {
    let _proof = proves("opensc.certificates", Way::Vpcd);
    let (stack, directory) = (Stack::start(), tempfile::tempdir().unwrap());
    let (card, here) = (hanako(), directory.path());
    let free = [
        ("1", card.auth.unwrap().certificate),
        ("3", card.auth_ca_certificate),
        ("4", card.sign_ca_certificate),
    ];
    for (id, expected) in free {
        succeed(
            &stack,
            PKCS15_TOOL,
            here,
            &["--read-certificate", id, "--output", "certificate.pem"],
        );
        assert_eq!(der(here, "certificate.pem"), expected, "certificate {id}");
    }
    let read_sign = ["--read-certificate", "2", "--output", "sign.pem"];
    assert_ne!(run(&stack, PKCS15_TOOL, here, &read_sign).status.code(), Some(0));
    assert!(!here.join("sign.pem").exists());
    let with_pin = ["--verify-pin", "--auth-id", "02", "--pin", SIGN_PIN];
    succeed(&stack, PKCS15_TOOL, here, &[&with_pin[..], &read_sign].concat());
    assert_eq!(der(here, "sign.pem"), card.sign.unwrap().certificate);
}

fn der(directory: &Path, pem: &str) -> Vec<u8> {
    openssl(
        directory,
        &["x509", "-in", pem, "-outform", "DER", "-out", "certificate.der"],
    );
    fs::read(directory.join("certificate.der")).unwrap()
}

#[test]
fn a_wrong_pin_costs_a_try_that_opensc_sees_and_a_right_one_brings_it_back() {
    let _proof = proves("opensc.pins", Way::Vpcd);
    let (stack, here) = (Stack::start(), Path::new("/"));
    let accepted = |pin| {
        run(
            &stack,
            PKCS15_TOOL,
            here,
            &["--verify-pin", "--auth-id", "01", "--pin", pin],
        )
        .status
        .success()
    };
    let tries_left = || {
        let pins = succeed(&stack, PKCS15_TOOL, here, &["--list-pins"]);
        pins.lines()
            .find_map(|line| line.trim().strip_prefix("Tries left     : "))
            .unwrap()
            .to_owned()
    };
    assert!(accepted("1234"));
    assert_eq!(tries_left(), "3");
    assert!(!accepted("0000"));
    assert_eq!(tries_left(), "2");
    assert!(accepted("1234"));
    assert_eq!(tries_left(), "3");
    for left in ["2", "1", "0"] {
        assert!(!accepted("9999"));
        assert_eq!(tries_left(), left);
    }
    assert!(!accepted("1234"));
    assert_eq!(tries_left(), "0");
}

#[test]
fn pkcs11_shows_each_key_in_a_slot_of_its_own_and_passes_its_own_tests() {
    let _opensc_pkcs11 = proves("opensc.pkcs11", Way::Vpcd);
    let _opensc_self_test = proves("opensc.self-test", Way::Vpcd);
    let _gnutls_tokens = proves("gnutls.tokens", Way::Vpcd);
    let (stack, here) = (Stack::start(), Path::new("/"));
    let slots = succeed(&stack, PKCS11_TOOL, here, &["--list-slots"]);
    assert!(
        slots.contains("JPKI (User Authentication PIN)") && slots.contains("JPKI (Digital Signature PIN)"),
        "{slots}"
    );
    assert!(succeed(&stack, PKCS11_TOOL, here, &["--list-mechanisms"]).contains("SHA256-RSA-PKCS"));
    assert!(succeed(&stack, PKCS11_TOOL, here, &["--list-objects"]).contains("Certificate Object"));
    for key in keys() {
        let tested = succeed(
            &stack,
            PKCS11_TOOL,
            here,
            &["--login", "--pin", key.pin, "--slot-index", key.slot, "--test"],
        );
        assert!(tested.contains("No errors"), "{tested}");
    }
    assert!(
        succeed(
            &stack,
            P11TOOL,
            here,
            &["--provider", &opensc_module(), "--list-tokens"]
        )
        .contains("JPKI%20%28User%20Authentication%20PIN%29")
    );
}

#[test]
fn what_pkcs11_signs_with_either_key_openssl_verifies_with_the_certificate() {
    let _proof = proves("opensc.pkcs11-signs", Way::Vpcd);
    let (stack, directory) = (Stack::start(), tempfile::tempdir().unwrap());
    let here = directory.path();
    fs::write(here.join("text"), "おはよう").unwrap();
    openssl(here, &["dgst", "-sha256", "-binary", "-out", "hash", "text"]);
    // What a program gives to the raw mechanism: DigestInfo of SHA-256.
    let digest_info = [
        &hex("3031300D060960864801650304020105000420")[..],
        &fs::read(here.join("hash")).unwrap(),
    ]
    .concat();
    fs::write(here.join("digest-info"), digest_info).unwrap();
    for key in keys() {
        write_public_key(here, &key.certificate);
        for (mechanism, input) in [("SHA256-RSA-PKCS", "text"), ("RSA-PKCS", "digest-info")] {
            let login = [
                "--login",
                "--pin",
                key.pin,
                "--slot-index",
                key.slot,
                "--sign",
                "--id",
                key.id,
            ];
            let sign = [
                "--mechanism",
                mechanism,
                "--input-file",
                input,
                "--output-file",
                "signature",
            ];
            succeed(&stack, PKCS11_TOOL, here, &[&login[..], &sign].concat());
            is_signed(here, "signature");
            fs::remove_file(here.join("signature")).unwrap();
        }
    }
}

#[test]
fn what_pkcs15_crypt_signs_with_either_key_openssl_verifies_with_the_certificate() {
    let _proof = proves("opensc.pkcs15-signs", Way::Vpcd);
    let (stack, directory) = (Stack::start(), tempfile::tempdir().unwrap());
    let here = directory.path();
    fs::write(here.join("text"), "おやすみ").unwrap();
    openssl(here, &["dgst", "-sha256", "-binary", "-out", "hash", "text"]);
    for key in keys() {
        write_public_key(here, &key.certificate);
        let sign = [
            "--sign",
            "--key",
            key.id,
            "--pin",
            key.pin,
            "--sha-256",
            "--pkcs1",
            "--raw",
        ];
        succeed(
            &stack,
            PKCS15_CRYPT,
            here,
            &[&sign[..], &["--input", "hash", "--output", "signature"]].concat(),
        );
        is_signed(here, "signature");
        fs::remove_file(here.join("signature")).unwrap();
    }
}

fn hex(digits: &str) -> Vec<u8> {
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// As an unmodified OpenSC was seen to read an iPhone over a contactless reader in 2025.
#[test]
fn opensc_lists_the_token_of_a_phone_and_signs_with_both_keys() {
    let _works = proves("opensc.phone", Way::Vpcd);
    let _ends = proves("opensc.phone.certificate", Way::Vpcd);
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let phone = phone_image(here, PhoneKind::Iphone);
    let stack = Stack::start_with(&["--card", &phone]);
    let dump = succeed(&stack, PKCS15_TOOL, here, &["--dump"]);
    for object in [
        "PIN [User Authentication PIN]",
        "PIN [Digital Signature PIN]",
        "Private RSA Key [User Authentication Key]",
        "Private RSA Key [Digital Signature Key]",
        "X.509 Certificate [User Authentication Certificate]",
        "X.509 Certificate [Digital Signature Certificate]",
        "X.509 Certificate [User Authentication Certificate CA]",
    ] {
        assert!(dump.contains(object), "{object} is missing in\n{dump}");
    }
    let read = ["--output", "certificate.pem", "--read-certificate"];
    for key in keys() {
        let refused = run(&stack, PKCS15_TOOL, here, &[&read[..], &[key.id]].concat());
        assert_ne!(refused.status.code(), Some(0));
    }
    // It reads the certificates of a PKCS#11 token before the log-in, so that this one has none for its key.
    let objects = [
        "--slot-index",
        "0",
        "--login",
        "--pin",
        AUTH_PIN,
        "--list-objects",
        "--type",
        "cert",
    ];
    let certificates = succeed(&stack, PKCS11_TOOL, here, &objects);
    assert!(
        !certificates.contains("User Authentication Certificate\n"),
        "{certificates}"
    );
    fs::write(here.join("text"), "おはよう").unwrap();
    for key in keys() {
        let after_pin = ["--verify-pin", "--auth-id", key.id, "--pin", key.pin];
        succeed(&stack, PKCS15_TOOL, here, &[&read[..], &[key.id], &after_pin].concat());
        assert_eq!(der(here, "certificate.pem"), key.certificate);
        write_public_key(here, &key.certificate);
        let login = ["--login", "--pin", key.pin, "--slot-index", key.slot];
        let sign = ["--sign", "--id", key.id, "--mechanism", "SHA256-RSA-PKCS"];
        let files = ["--input-file", "text", "--output-file", "signature"];
        succeed(&stack, PKCS11_TOOL, here, &[&login[..], &sign, &files].concat());
        is_signed(here, "signature");
        fs::remove_file(here.join("signature")).unwrap();
    }
}
