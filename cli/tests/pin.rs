//! `vmyna pin` as a person or a script uses it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use common::{Printed, vmyna};
use serde_json::Value;

#[test]
fn every_pin_has_its_tries_its_names_and_what_changes_it_and_none_its_value() {
    let text = vmyna(["pin", "specimen:hanako"]).output().unwrap().exits_with(0).out();
    let line = |application: &str, ef: &str| {
        let is_wanted = |line: &&str| line.split_whitespace().take(2).eq([application, ef]);
        text.lines()
            .find(is_wanted)
            .unwrap_or_else(|| panic!("{application} {ef} is missing in\n{text}"))
    };
    for (application, ef, tries, changed, title) in [
        (
            "jpki",
            "0018",
            "3 of 3",
            "CHANGE REFERENCE DATA",
            "利用者証明用暗証番号",
        ),
        ("jpki", "001B", "5 of 5", "CHANGE REFERENCE DATA", "署名用パスワード"),
        (
            "input_assist",
            "0011",
            "3 of 3",
            "CHANGE REFERENCE DATA",
            "券面事項入力補助用暗証番号",
        ),
        (
            "input_assist",
            "0012",
            "BLOCKED, 0 of 3",
            "nothing",
            "blocked key reference",
        ),
        ("face_info", "0013", "10 of 10", "nothing", "照合番号A"),
        (
            "residence_code",
            "001C",
            "3 of 3",
            "CHANGE KEY",
            "住民基本台帳用暗証番号",
        ),
    ] {
        let line = line(application, ef);
        for expected in [tries, changed, title] {
            assert!(line.contains(expected), "{expected} is missing in {line}");
        }
    }
    for value in ["1234", "ABC123", "123456789018", "01102520362026", "011025"] {
        assert!(!text.contains(value), "{text}");
    }
}

#[test]
fn the_table_agrees_with_what_the_card_answers() {
    for card in ["specimen:hanako", "specimen:blocked"] {
        agrees_with_the_card(card);
    }
}

fn agrees_with_the_card(card: &str) {
    let output = vmyna(["pin", card, "--json"]).output().unwrap().exits_with(0);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let pins = report["pins"].as_array().unwrap();
    assert_eq!(pins.len(), 11);
    for (aid, application) in [
        ("D392F000260100000001", "jpki"),
        ("D3921000310001010408", "input_assist"),
        ("D3921000310001010402", "face_info"),
        ("D3921000310001010401", "residence_code"),
        ("D3921000310001010100", "card_info"),
    ] {
        for pin in pins.iter().filter(|pin| pin["application"] == application) {
            let select = format!("00A4040C0A{aid}");
            let ef = pin["ef"].as_str().unwrap();
            let steps = [
                "apdu",
                "--plain",
                "--card",
                card,
                &select,
                &format!("00A4020C02{ef}"),
                "00200080",
            ];
            let answers = vmyna(steps).output().unwrap().exits_with(0).out();
            let left = pin["tries_left"].as_u64().unwrap();
            assert_eq!(
                answers.lines().last().unwrap(),
                format!("63C{left:X}"),
                "{card} {application} {ef}"
            );
            assert_eq!(pin["blocked"], left == 0);
            assert!(left == 0 || card != "specimen:blocked");
        }
    }
}
