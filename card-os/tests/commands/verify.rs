//! VERIFY `00 20`, CHANGE REFERENCE DATA `00 24 01`, CHANGE KEY `80 32 00`.

use vmyna_apdu::FileId;
use vmyna_card_os::declaration::{self, Body, Format};

use crate::common::{ALPHA, APPLICATIONS, Rig, hex};

/// A PIN of alpha: short identifier, right value, a wrong one, tries at issue.
struct Pin {
    id: u8,
    right: &'static str,
    wrong: &'static str,
    tries: u16,
}

const PINS: [Pin; 3] = [
    Pin {
        id: 0x18,
        right: "1234",
        wrong: "1235",
        tries: 3,
    },
    Pin {
        id: 0x19,
        right: "ABC123",
        wrong: "abc123",
        tries: 5,
    },
    Pin {
        id: 0x1A,
        right: "7777",
        wrong: "7778",
        tries: 10,
    },
];

/// `INS P1 P2 Lc value`.
fn with(header: &str, value: &str) -> String {
    format!("{header} {:02X} {}", value.len(), hex(value.as_bytes()))
}

/// The three ways to name a PIN: preceded by SELECT of its EF, by short identifier, by short identifier of a selected EF.
fn forms(id: u8) -> [(String, String); 3] {
    let select = format!("00A4020C 02 00{id:02X}");
    let current = "002000 80".to_owned();
    let sfi = format!("002000 {:02X}", 0x80 + id);
    [
        (select.clone(), current),
        ("00A4020C 02 0001".to_owned(), sfi.clone()),
        (select, sfi),
    ]
}

#[test]
fn every_situation_of_a_pin_has_its_status_word_in_every_form() {
    for Pin {
        id,
        right,
        wrong,
        tries,
    } in PINS
    {
        for (before, verify) in forms(id) {
            let mut rig = Rig::at_alpha();
            rig.expect(&[(&before, 0x9000)]);
            let (right, wrong) = (with(&verify, right), with(&verify, wrong));
            let with_le = format!("{verify} 00");
            let query = |rig: &mut Rig, left| rig.expect(&[(&verify, 0x63C0 + left), (&with_le, 0x6700)]);
            query(&mut rig, tries);
            // Counted down to every number and restored by the right value.
            for lost in 0..tries {
                for left in (tries - lost..tries).rev() {
                    rig.expect(&[(&wrong, 0x63C0 + left)]);
                    query(&mut rig, left);
                }
                rig.expect(&[(&right, 0x9000)]);
                query(&mut rig, tries);
            }
            // Counted down to the end.
            for left in (0..tries).rev() {
                rig.expect(&[(&wrong, 0x63C0 + left)]);
                query(&mut rig, left);
            }
            for _ in 0..3 {
                rig.expect(&[(&wrong, 0x6984), (&right, 0x6984)]);
                query(&mut rig, 0);
            }
        }
    }
}

#[test]
fn a_pin_issued_blocked_stays_so() {
    Rig::at_alpha().expect(&[
        ("0020009C", 0x63C0),
        ("0020009C 04 31323334", 0x6984),
        ("0020009C 04 31323335", 0x6984),
        ("0020009C", 0x63C0),
    ]);
}

#[test]
fn a_pin_without_limit_answers_6300_and_never_blocks() {
    let mut rig = Rig::at_alpha();
    for _ in 0..40 {
        rig.expect(&[("0020009B 04 31313131", 0x6300), ("0020009B", 0x6300)]);
    }
    rig.expect(&[("0020009B 04 30303030", 0x9000), ("0020009B", 0x6300)]);
}

#[test]
fn the_counters_of_pins_are_apart() {
    let mut rig = Rig::at_alpha();
    rig.expect(&[
        ("00200098 04 31313131", 0x63C2),
        ("00200099 06 313131313131", 0x63C4),
        ("00200099 06 313131313131", 0x63C3),
        ("0020009A 04 37373737", 0x9000),
        ("00200098", 0x63C2),
        ("00200099", 0x63C3),
        ("0020009A", 0x63CA),
    ]);
    rig.select("D3921000310001010402");
    rig.expect(&[("00200098", 0x63C3)]);
}

#[test]
fn one_to_sixteen_bytes_of_another_length_are_a_wrong_value_and_more_are_no_pin() {
    for length in 1..=16usize {
        let sw = if length == 4 { 0x9000 } else { 0x63C2 };
        // Beginning and continuation of the right value among them.
        let value = &"1234\0\0\0\0\0\0\0\0\0\0\0\0"[..length];
        Rig::at_alpha().expect(&[(&with("00200098", value), sw)]);
    }
    for length in [17, 32, 255] {
        let mut rig = Rig::at_alpha();
        rig.expect(&[(&with("00200098", &"1".repeat(length)), 0x6700), ("00200098", 0x63C3)]);
    }
}

#[test]
fn upper_and_lower_case_are_different_values() {
    Rig::at_alpha().expect(&[
        (&with("00200099", "abc123"), 0x63C4),
        (&with("00200099", "ABC123"), 0x9000),
    ]);
}

#[test]
fn extended_lengths_verify_as_well() {
    Rig::at_alpha().expect(&[
        ("00200098 000004 31323335", 0x63C2),
        ("00200098 000004 31323334", 0x9000),
    ]);
}

#[test]
fn a_value_with_an_le_is_refused_and_costs_no_try() {
    let mut rig = Rig::at_alpha();
    for (wrong, right) in [
        ("00200098 04 31323335 00", "00200098 04 31323334 00"),
        ("00200098 000004 31323335 0000", "00200098 000004 31323334 0000"),
        ("00200098 00", "00200098 000000"),
    ] {
        rig.expect(&[(wrong, 0x6700), (right, 0x6700), ("00200098", 0x63C3)]);
    }
    // Nothing was verified either.
    rig.expect(&[
        ("00240198 04 35353535", 0x6982),
        ("00200098 04 31323334", 0x9000),
        ("00240198 04 35353535 00", 0x6700),
        ("00200098 04 31323334", 0x9000),
    ]);
}

#[test]
fn a_pin_is_named_by_the_current_ef_or_a_short_identifier_and_nothing_else() {
    for p2 in 0..=0xFFu8 {
        let expected = match p2 {
            0x80 => 0x6986, // no EF is selected
            0x98 => 0x63C3,
            0x99 => 0x63C5,
            0x9A => 0x63CA,
            0x9B => 0x6300,
            0x9C => 0x63C0,
            0x81..=0x8E | 0x90..=0x92 | 0x96 | 0x9E => 0x6981, // no PIN
            0x8F..=0x9E => 0x6A82,                             // nothing
            _ => 0x6A86,
        };
        assert_eq!(Rig::at_alpha().sw(&format!("002000{p2:02X}")), expected, "P2 {p2:02X}");
    }
    for p1 in 1..=0xFF {
        assert_eq!(
            Rig::at_alpha().sw(&format!("0020{p1:02X}98 04 31323334")),
            0x6A86,
            "P1 {p1:02X}"
        );
    }
    Rig::at_root().expect(&[("00200080", 0x6986), ("00200082", 0x6A82), ("00200098", 0x6A82)]);
}

/// Published is 6986 for "no IEF selected"; whether a current EF that is no PIN counts as none is not.
#[test]
fn a_current_ef_that_is_no_pin_compares_nothing_and_leaves_every_pin_alone() {
    for id in [0x01, 0x04, 0x0C, 0x10, 0x16, 0x1E] {
        let mut rig = Rig::at_alpha();
        rig.expect(&[("00200098 04 31323334", 0x9000)]);
        for command in [
            "00200080",
            "00200080 04 31323334",
            "00200080 04 31323335",
            "00240180 04 35353535",
        ] {
            rig.expect(&[(&format!("00A4020C 02 {id:04X}"), 0x9000)]);
            assert!(matches!(rig.sw(command), 0x6981 | 0x6986), "{command} at EF {id:04X}");
        }
        rig.expect(&[("00200098", 0x63C3), ("00B08700 00", 0x9000)]);
    }
}

#[test]
fn a_wrong_value_ends_the_right_that_an_earlier_right_one_gave() {
    let mut rig = Rig::at_alpha();
    rig.expect(&[
        ("00200098 04 31323334", 0x9000),
        ("00B08700 00", 0x9000),
        ("00200099 06 313131313131", 0x63C4), // of another PIN
        ("00B08700 00", 0x9000),
        ("00200098 04 31323335", 0x63C2),
        ("00B08700 00", 0x6982),
    ]);
}

#[test]
fn a_verified_pin_can_be_changed_and_only_the_new_value_counts() {
    for (before, verify) in forms(0x19) {
        let change = verify.replace("002000", "002401");
        let mut rig = Rig::at_alpha();
        rig.expect(&[
            (&before, 0x9000),
            (&with(&change, "NEW456"), 0x6982),
            (&with(&verify, "ABC123"), 0x9000),
            (&with(&change, "NEW456"), 0x9000),
            (&with(&verify, "ABC123"), 0x63C4),
            (&with(&change, "ABC123"), 0x6982),
            (&with(&verify, "NEW456"), 0x9000),
        ]);
        rig.card.power_on();
        rig.select(ALPHA);
        rig.expect(&[
            (&with("00200099", "ABC123"), 0x63C4),
            (&with("00200099", "NEW456"), 0x9000),
        ]);
    }
}

#[test]
fn a_change_keeps_the_pin_verified_and_the_other_pins_as_they_are() {
    let mut rig = Rig::at_alpha();
    rig.expect(&[
        ("00200098 04 31323334", 0x9000),
        ("00240198 04 35353535", 0x9000),
        ("00B08700 00", 0x9000),
        ("00200098", 0x63C3),
        ("0020009B 04 30303030", 0x9000),
        ("0020009C", 0x63C0),
    ]);
}

#[test]
fn a_new_pin_of_a_wrong_form_is_refused_and_the_old_one_stays() {
    let table: [(u8, &str, &[&str]); 2] = [
        (
            0x98,
            "1234",
            &[
                "1",
                "123",
                "12345",
                "12a4",
                "ABCD",
                "    ",
                "1234567890123456",
                "\0\0\0\0",
            ],
        ),
        (0x99, "ABC123", &["A", "ABC12", "abc123", "ABC 12", "ABC-12", "\0BC123"]),
    ];
    for (p2, old, wrong) in table {
        for new in wrong {
            let (verify, change) = (format!("002000{p2:02X}"), format!("002401{p2:02X}"));
            Rig::at_alpha().expect(&[
                (&with(&change, new), 0x6982), // the right is asked for first
                (&with(&verify, old), 0x9000),
                (&with(&change, new), 0x6A80),
                (&with(&verify, old), 0x9000),
            ]);
        }
    }
}

#[test]
fn a_change_without_a_value_or_with_one_of_more_than_16_bytes_is_refused() {
    for header in ["00240198", "8032009A"] {
        for wrong in [
            header.to_owned(),
            format!("{header} 00"),
            with(header, &"1".repeat(17)),
            with(header, &"1".repeat(255)),
        ] {
            let mut rig = Rig::at_alpha();
            rig.expect(&[("00200098 04 31323334", 0x9000), ("0020009A 04 37373737", 0x9000)]);
            assert_eq!(rig.sw(&wrong), 0x6700, "{wrong}");
        }
    }
}

#[test]
fn each_pin_is_changed_only_by_the_instruction_declared_for_it() {
    Rig::at_alpha().expect(&[
        ("0020009A 04 37373737", 0x9000),
        ("0024019A 04 38383838", 0x6982),
        ("8032009A 04 38383838", 0x9000),
        ("0020009A 04 38383838", 0x9000),
        ("00200098 04 31323334", 0x9000),
        ("80320098 04 31323334", 0x6982),
    ]);
}

#[test]
fn a_change_of_a_blocked_pin_is_refused() {
    Rig::at_alpha().expect(&[("0024019C 04 35353535", 0x6982), ("0020009C", 0x63C0)]);
}

#[test]
fn the_forms_of_the_changing_instructions_are_one_p1_and_a_reference() {
    let mut rig = Rig::at_alpha();
    for (cla, ins, right_p1) in [(0x00, 0x24, 0x01), (0x80, 0x32, 0x00)] {
        for p1 in 0..=0xFFu8 {
            for p2 in 0..=0xFFu8 {
                let expected = match p2 {
                    _ if p1 != right_p1 => 0x6A86,
                    0x80 => 0x6986,
                    0x98..=0x9C => 0x6982,
                    0x81..=0x8E | 0x90..=0x92 | 0x96 | 0x9E => 0x6981,
                    0x8F..=0x9E => 0x6A82,
                    _ => 0x6A86,
                };
                let command = format!("{cla:02X}{ins:02X}{p1:02X}{p2:02X} 04 35353535");
                rig.select(ALPHA); // leaves no EF selected
                assert_eq!(rig.sw(&command), expected, "{command}");
            }
        }
    }
}

/// Alpha's PIN 0018 as the issuer of a card without PINs leaves it.
fn without_pin() -> Rig {
    let mut applications = APPLICATIONS.clone();
    let files = &mut applications[1].files;
    let file = files.iter_mut().find(|file| file.id == FileId::new(0x18)).unwrap();
    file.body = Body::Pin(declaration::Pin::unset(Format::digits(4), 3));
    let mut rig = Rig::of(applications);
    rig.expect(&[(&format!("00A4040C 0A {ALPHA}"), 0x9000)]);
    rig
}

#[test]
fn an_unset_pin_answers_like_a_blocked_one_and_no_value_opens_it() {
    let mut rig = without_pin();
    for value in ["1234", "0000", "****", "1", "ABCDEFGHIJKLMNOP"] {
        rig.expect(&[
            ("002000 98", 0x63C0),
            (&with("002000 98", value), 0x6984),
            (&with("002401 98", value), 0x6982),
            ("00A4020C 02 0018", 0x9000),
            ("002000 80", 0x63C0),
            (&with("002000 80", value), 0x6984),
        ]);
    }
    // The PIN beside it is as ever.
    rig.expect(&[(&with("002000 99", "ABC123"), 0x9000)]);
}

#[test]
fn an_unset_pin_has_a_limit_and_no_tries() {
    let mut pin = declaration::Pin::unset(Format::digits(4), 3);
    assert_eq!((pin.max_tries, pin.tries_at_issue), (Some(3), 0));
    pin.tries_at_issue = 1;
    let refused = |pin: &declaration::Pin| {
        let mut applications = APPLICATIONS.clone();
        let files = &mut applications[1].files;
        let file = files.iter_mut().find(|file| file.id == FileId::new(0x18)).unwrap();
        file.body = Body::Pin(pin.clone());
        declaration::check(&applications).unwrap_err().to_string()
    };
    assert!(refused(&pin).ends_with("a PIN without a value has a limit, and no tries at issue"));
    pin.tries_at_issue = 0;
    pin.max_tries = None;
    assert!(refused(&pin).ends_with("a PIN without a value has a limit, and no tries at issue"));
}
