//! The commands that take a card, with the token of a phone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use common::{Printed, phone_image, vmyna};
use vmyna_applets::PhoneKind;

const SELECT: &str = "00A4040C0AD392F000260100000001";
const AUTH: &str = "002000980431323334";

/// What a command prints about the token, and its exit status; `PHONE` in the arguments is the image.
#[track_caller]
fn run(kind: PhoneKind, status: i32, arguments: &[&str]) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let image = phone_image(folder.path(), kind);
    let arguments = arguments.iter().map(|argument| match *argument {
        "PHONE" => image.as_str(),
        argument => argument,
    });
    let output = vmyna(arguments)
        .current_dir(&folder)
        .output()
        .unwrap()
        .exits_with(status);
    (output.out(), output.err())
}

#[test]
fn show_has_the_kind_and_nothing_that_only_a_card_has() {
    let (iphone, _) = run(PhoneKind::Iphone, 0, &["show", "PHONE"]);
    let (android, _) = run(PhoneKind::Android, 0, &["show", "PHONE"]);
    for (text, kind) in [(&iphone, "iPhone"), (&android, "Android")] {
        let begins = |word: &str| text.lines().any(|line| line.starts_with(word));
        assert!(
            begins("phone ") && text.contains(&format!("kind             {kind}\n")),
            "{text}"
        );
        for word in ["name ", "PINs ", "token serial ", "mdoc "] {
            assert!(begins(word), "{word} is missing in\n{text}");
        }
        for word in ["card ", "card serial", "residence code", "security code", "expiry"] {
            assert!(!begins(word), "{word} in\n{text}");
        }
    }
    assert!(iphone.contains("phone show") && !android.contains("phone show"));
    assert!(iphone.contains("123456789018") && !android.contains("123456789018"));
    let (json, _) = run(PhoneKind::Android, 0, &["show", "PHONE", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["phone"], serde_json::json!({"kind": "android", "mdoc": false}));
    assert_eq!(json["profile"]["name"], "phone-android");
    assert!(json["certificates"]["auth"]["subject"].is_string());
    for absent in [
        "/expiry",
        "/expired",
        "/security_code",
        "/serials/card",
        "/holder/my_number",
        "/holder/residence_code",
    ] {
        assert_eq!(json.pointer(absent), None, "{absent}");
    }
}

#[test]
fn what_only_a_card_can_do_is_refused_with_the_reason() {
    let declaration = concat!(env!("CARGO_MANIFEST_DIR"), "/../applications/employee/employee.ap.toml");
    for (arguments, reason) in [
        (&["show", "PHONE", "--png", "pictures"][..], "no sides to draw"),
        (&["card", "install", "PHONE", declaration], "no free area"),
        (&["card", "remove", "PHONE", "employee"], "no free area"),
        (&["card", "list", "PHONE"], "no free area"),
        (&["demo", "--card", "PHONE"], "because it is a phone"),
    ] {
        let (_, error) = run(PhoneKind::Iphone, 2, arguments);
        assert!(
            error.contains(reason) && error.contains("phone"),
            "{arguments:?}: {error}"
        );
    }
}

#[test]
fn files_and_pin_name_what_a_phone_has() {
    let (files, _) = run(PhoneKind::Iphone, 0, &["files", "PHONE", "--why"]);
    for expected in [
        "jpki",
        "auth certificate",
        "80 FC 00 00",
        "jpki/myna issue 6",
        "assumed",
    ] {
        assert!(files.contains(expected), "{expected} is missing in\n{files}");
    }
    assert!(!files.contains("5F51") && !files.contains("face_info"), "{files}");
    let (android, _) = run(PhoneKind::Android, 0, &["files", "PHONE", "--lang", "ja"]);
    assert!(
        !android.contains("80 FC 00 00") && android.contains("利用者証明用電子証明書"),
        "{android}"
    );
    let (pins, _) = run(PhoneKind::Android, 0, &["pin", "PHONE", "--json"]);
    let pins: serde_json::Value = serde_json::from_str(&pins).unwrap();
    let pins: Vec<_> = pins["pins"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pin| pin["ef"].as_str().unwrap())
        .collect();
    assert_eq!(pins, ["0018", "001B"]);
}

#[test]
fn apdu_gives_the_reason_of_what_a_phone_answers() {
    let card = ["apdu", "--why", "--card", "PHONE", SELECT];
    let read = "00B08A0004";
    let (text, _) = run(
        PhoneKind::Iphone,
        0,
        &[&card[..], &[read, AUTH, read, "80FC0000"]].concat(),
    );
    for expected in ["6982", "access.denied", "last-command-indicator.taken"] {
        assert!(text.contains(expected), "{expected} is missing in\n{text}");
    }
    let commands = [SELECT, read, AUTH, read, "80FC0000", "00A4040C0AD3921000310001010402"];
    for (kind, indicator) in [(PhoneKind::Iphone, "9000"), (PhoneKind::Android, "6700")] {
        let (plain, _) = run(
            kind,
            0,
            &[&["apdu", "--plain", "--card", "PHONE"], &commands[..]].concat(),
        );
        let answers: Vec<_> = plain.lines().collect();
        assert_eq!(answers[..3], ["9000", "6982", "9000"], "{plain}");
        assert!(
            answers[3].starts_with("3082") && answers[3].ends_with("9000"),
            "{plain}"
        );
        assert_eq!(answers[4..], [indicator, "6A82"], "{plain}");
    }
}

#[test]
fn the_state_of_a_phone_is_kept_and_reset_as_a_cards() {
    let folder = tempfile::tempdir().unwrap();
    let image = phone_image(folder.path(), PhoneKind::Iphone);
    let run = |arguments: &[&str]| {
        vmyna(arguments)
            .current_dir(&folder)
            .output()
            .unwrap()
            .exits_with(0)
            .out()
    };
    let change = ["apdu", "--plain", "--card", &image, SELECT, AUTH, "002401980435363738"];
    assert_eq!(run(&change), "9000\n9000\n9000\n");
    assert_eq!(
        run(&["apdu", "--plain", "--card", &image, SELECT, AUTH]),
        "9000\n63C2\n"
    );
    assert!(run(&["pin", &image]).contains("2 of 3"));
    assert!(run(&["card", "inspect", &image]).contains("of this card"));
    run(&["card", "reset-state", &image, "--yes"]);
    assert_eq!(
        run(&["apdu", "--plain", "--card", &image, SELECT, AUTH]),
        "9000\n9000\n"
    );
}

#[test]
fn conformance_takes_the_vectors_of_a_phone() {
    for kind in [PhoneKind::Iphone, PhoneKind::Android] {
        let (text, _) = run(
            kind,
            0,
            &["conformance", "--card", "PHONE", "phone", "access.phone-jpki", "select"],
        );
        assert!(text.lines().last().unwrap().contains(" passed, 0 failed, "), "{text}");
    }
}
