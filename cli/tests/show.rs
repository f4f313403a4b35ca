//! `vmyna show` as a person or a script uses it: the text, the JSON, and the pictures as other programs see them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use common::{Printed, vmyna};
use serde_json::Value;
use vmyna_testkit::{isolated, require_program};

const HANAKO: &str = "specimen:hanako";

#[test]
fn the_summary_has_all_data_of_the_cardholder_and_no_pin() {
    let output = vmyna(["show", HANAKO]).output().unwrap().exits_with(0);
    let text = output.out();
    for expected in [
        "見本　花子",
        "平成元年10月25日",
        "1989-10-25",
        "123456789018",
        "12345678903",
        "千代田区",
        "2036-10-25",
        "999900000000001",
        "3BE000FF8131FE4514",
        "VMYNA00000000113101003A",
        "vmyna pin specimen:hanako",
    ] {
        assert!(text.contains(expected), "{expected} is missing in\n{text}");
    }
    assert!(
        !text.contains("ABC123") && !text.lines().any(|line| line.ends_with(" 1234")),
        "{text}"
    );
    assert_eq!(output.err(), "");
}

#[test]
fn the_json_has_the_fields_that_scripts_rely_on() {
    let output = vmyna(["show", HANAKO, "--json"]).output().unwrap().exits_with(0);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |pointer: &str| {
        json.pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("{pointer}"))
    };
    for (pointer, expected) in [
        ("/name", "hanako"),
        ("/holder/name", "見本　花子"),
        ("/holder/birth", "1989-10-25"),
        ("/holder/birth_japanese", "平成元年10月25日"),
        ("/holder/sex", "female"),
        ("/holder/my_number", "123456789018"),
        ("/holder/residence_code", "12345678903"),
        ("/municipality/code", "13101"),
        ("/municipality/code_with_check_digit", "131016"),
        ("/municipality/title", "千代田区"),
        ("/expiry", "2036-10-25"),
        ("/profile/name", "contact"),
        ("/profile/atr", "3BE000FF8131FE4514"),
        ("/serials/card", "999900000000001"),
    ] {
        assert_eq!(text(pointer), expected, "{pointer}");
    }
    for certificate in ["sign", "auth", "sign_ca", "auth_ca"] {
        for field in ["subject", "serial", "not_before", "not_after", "last_day", "state"] {
            text(&format!("/certificates/{certificate}/{field}"));
        }
    }
    assert!(json["key_pool"].is_null() && json["remarks"].as_array().unwrap().is_empty());
    let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(
        keys.iter()
            .all(|key| key.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')),
        "{keys:?}"
    );
}

#[test]
fn the_pictures_are_private_png_files_of_an_id_1_card_at_300_dpi() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = folder.path().join("pictures");
    let mut command = vmyna(["show", HANAKO, "--json", "--png"]);
    command.arg(&pictures);
    // A second time in place of the first.
    command.output().unwrap().exits_with(0);
    let output = command.output().unwrap().exits_with(0);
    serde_json::from_slice::<Value>(&output.stdout).unwrap();
    assert!(
        output.err().contains("front.png") && output.err().contains("back.png"),
        "{}",
        output.err()
    );
    assert_eq!(fs::read_dir(&pictures).unwrap().count(), 2);
    for name in ["front.png", "back.png"] {
        let path = pictures.join(name);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let run = |program: &Path, arguments: &[&str]| {
            let mut command = isolated(program);
            command.args(arguments).arg(&path).output().unwrap().exits_with(0).out()
        };
        let checked = run(&require_program("pngcheck", "pngcheck"), &["-v"]);
        for expected in ["1011 x 638", "11811x11811 pixels/meter", "No errors detected"] {
            assert!(checked.contains(expected), "{expected} is missing in\n{checked}");
        }
        let kind = run(&require_program("file", "file"), &["--brief"]);
        assert!(
            kind.starts_with("PNG image data, 1011 x 638, 8-bit/color RGBA"),
            "{kind}"
        );
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let output = vmyna(["show", HANAKO, "--png"])
        .arg(&file)
        .output()
        .unwrap()
        .exits_with(1);
    assert!(output.err().contains(&*file.to_string_lossy()), "{}", output.err());
}

#[test]
fn cards_in_other_states_report_them() {
    for (card, expected) in [
        ("specimen:child", "sign     none on this card (署名用電子証明書)"),
        ("specimen:expired", "2025-01-02, EXPIRED"),
        ("specimen:expired", "2020-01-02T14:59:59Z, EXPIRED"),
        ("specimen:long", "remarks"),
    ] {
        let text = vmyna(["show", card]).output().unwrap().exits_with(0).out();
        assert!(text.contains(expected), "{expected} is missing in\n{text}");
    }
    let output = vmyna(["show", "specimen:child", "--json"])
        .output()
        .unwrap()
        .exits_with(0);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        json["certificates"]["sign"].is_null() && json["certificates"]["auth"].is_object(),
        "{json}"
    );
}

#[test]
fn a_card_of_an_image_is_shown_like_a_specimen() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("town.vmyna");
    let mut command = vmyna(["issue", "--people", "2", "--seed", "7", "--key-pool", "1", "--output"]);
    command.arg(&image).output().unwrap().exits_with(0);
    let unnamed = vmyna(["show"]).arg(&image).output().unwrap();
    assert!(
        !unnamed.status.success() && unnamed.err().contains("#p000001"),
        "{}",
        unnamed.err()
    );
    let card = format!("{}#p000002", image.display());
    let text = vmyna(["show", &card]).output().unwrap().exits_with(0).out();
    assert!(text.contains(&format!("vmyna pin {card}")), "{text}");
    assert!(
        text.contains("one set, which all cards of its collection share"),
        "{text}"
    );
}
