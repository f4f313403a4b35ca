//! Class and instruction bytes, malformed APDUs, and the instructions that exist only to be refused.

use vmyna_apdu::{Aid, FileId};
use vmyna_card_os::declaration::{Access, Application, Body, Condition, File, Format, Operation, Pin, ReferenceData};
use vmyna_card_os::rule::{Basis, Certainty};

use crate::common::{ALPHA, ROOT, Rig, bytes};

/// What a class byte alone decides; `None` where the instruction decides.
fn answer_to_class(cla: u8, ins: u8) -> Option<u16> {
    let (further, channel, chaining, secure) = (cla & 0x60, cla & 0x03, cla & 0x10, cla & 0x0C);
    match (further, channel, chaining, secure) {
        (0, 0, 0, 0) => None,
        (0, 0, 0, 0x04) => Some(0x6882), // proprietary secure messaging
        (0, 0, 0, _) if ins == 0xA4 => Some(0x6882),
        (0, 0, 0, _) => Some(0x69FC),
        (0, 0, _, _) => Some(0x6884),
        (0, _, _, _) => Some(0x6881),
        _ => Some(0x6E00),
    }
}

#[test]
fn every_class_but_00_and_80_is_refused_for_its_own_reason() {
    for cla in 0..=0xFFu8 {
        for (ins, command) in [
            (0xB0, "B08400 00"),
            (0x20, "200098"),
            (0xA4, "A4040C 02 D392"),
            (0x2A, "2A0090 01 5A 00"),
            (0xFF, "FF0000"),
        ] {
            let Some(expected) = answer_to_class(cla, ins) else {
                assert!(matches!(cla, 0x00 | 0x80));
                continue;
            };
            assert_eq!(
                Rig::at_alpha().sw(&format!("{cla:02X}{command}")),
                expected,
                "CLA {cla:02X} INS {ins:02X}"
            );
        }
    }
}

#[test]
fn the_published_answers_to_classes_are_among_them() {
    // CLA with channel bits; READ, VERIFY and SELECT under secure messaging without a session.
    let table = [
        ("01B08400 00", 0x6881),
        ("02B08400 00", 0x6881),
        ("03A4040C 02 D392", 0x6881),
        ("08B08400 00", 0x69FC),
        ("08200098", 0x69FC),
        ("08A4040C 02 D392", 0x6882),
    ];
    Rig::at_alpha().expect(&table);
}

/// The instructions of a class (JICSAP, and the card's own).
const OF_CLASS_00: [u8; 9] = [0x20, 0x24, 0x82, 0x84, 0x88, 0xA4, 0xB0, 0xB2, 0xCA];
const OF_CLASS_80: [u8; 10] = [0x06, 0x2A, 0x32, 0x50, 0x52, 0x54, 0x8A, 0xA2, 0xAE, 0xFC];

#[test]
fn each_of_all_instructions_is_known_in_its_own_class_only() {
    for (cla, known) in [(0x00, &OF_CLASS_00[..]), (0x80, &OF_CLASS_80[..])] {
        for ins in 0..=0xFFu8 {
            for rest in ["0000", "0000 00", "0080 01 5A", "0098 04 31323334 00", "FFFF 000000"] {
                let sw = Rig::at_alpha().send(&format!("{cla:02X}{ins:02X}{rest}")).1;
                assert_eq!(
                    sw != 0x6D00,
                    known.contains(&ins),
                    "{cla:02X}{ins:02X}{rest} answers {sw:04X}"
                );
            }
        }
    }
}

#[test]
fn instructions_of_other_cards_are_unknown() {
    // GET RESPONSE, RESET RETRY COUNTER, UPDATE BINARY, WRITE BINARY, APPEND RECORD, MSE, ISO's PSO, GET DATA with odd INS.
    for command in [
        "00C00000 00",
        "002C0080 04 31323334",
        "00D60000 01 00",
        "00D00000 01 00",
        "00E20000 01 00",
        "002241B6 00",
        "002A9E9A 01 00 00",
        "00CB0000 00",
    ] {
        assert_eq!(Rig::at_alpha().sw(command), 0x6D00, "{command}");
    }
}

#[test]
fn bytes_that_are_no_apdu_are_a_wrong_length_and_touch_nothing() {
    let mut rig = Rig::at_alpha();
    rig.expect(&[("00200098 04 31323334", 0x9000), ("00A4020C 02 0007", 0x9000)]);
    for wrong in [
        "",
        "00",
        "00A4",
        "00A404",
        "00B00000 0000",
        "00200098 04 313233",
        "00200098 04 31323334 0000",
        "00A4040C 02 D3",
        "00A40400 000002 D3",
        "FF",
    ] {
        assert_eq!(rig.sw(wrong), 0x6700, "{wrong}");
        assert_eq!(rig.send("00B00000 00").1, 0x9000, "after {wrong}");
    }
    rig.expect(&[("00200098", 0x63C3)]);
}

#[test]
fn what_only_the_issuer_may_do_is_refused_whatever_comes_with_it() {
    for command in ["8006", "8050", "8052", "8054"] {
        for rest in [
            "0000",
            "0080",
            "0098",
            "0000 00",
            "0098 08 0102030405060708",
            "0000 01 00 00",
        ] {
            for pins in [
                &[][..],
                &[
                    "00200098 04 31323334",
                    "00200099 06 414243313233",
                    "0020009A 04 37373737",
                ],
            ] {
                let mut rig = Rig::at_alpha();
                pins.iter().for_each(|pin| rig.expect(&[(pin, 0x9000)]));
                assert_eq!(rig.sw(&format!("{command}{rest}")), 0x6982, "{command}{rest}");
            }
        }
    }
}

#[test]
fn unlock_key_unblocks_nothing() {
    Rig::at_alpha().expect(&[
        ("8054009C", 0x6982),
        ("0020009C", 0x63C0),
        ("0020009C 04 31323334", 0x6984),
    ]);
}

#[test]
fn manage_attributes_reaches_the_check_of_the_issuer_for_p1_22_and_24_only() {
    for p1 in 0..=0xFFu8 {
        let expected = if matches!(p1, 0x22 | 0x24) { 0x6982 } else { 0x6A86 };
        assert_eq!(
            Rig::at_alpha().sw(&format!("808A{p1:02X}00 01 00")),
            expected,
            "P1 {p1:02X}"
        );
    }
}

#[test]
fn external_authenticate_is_refused_for_every_file() {
    let mut rig = Rig::at_alpha();
    rig.expect(&[("00200098 04 31323334", 0x9000), ("00200099 06 414243313233", 0x9000)]);
    for id in (0x01..=0x0E).chain([0x10, 0x11, 0x12, 0x16, 0x18, 0x1E]) {
        assert_eq!(
            rig.sw(&format!("008200{:02X} 08 0102030405060708", 0x80 + id)),
            0x6982,
            "EF {id:04X}"
        );
    }
    rig.expect(&[
        ("0082008F 01 00", 0x6A82),
        ("00820000 01 00", 0x6A86),
        ("00820190 01 00", 0x6A86),
    ]);
}

#[test]
fn set_session_key_is_refused_where_no_secure_session_exists() {
    // The length is judged before access.
    for data in ["", "01 00", "04 80022222", "04 81022222"] {
        assert_eq!(Rig::at_alpha().sw(&format!("80AE0000 {data}")), 0x6700);
    }
    for length in [255, 257] {
        let other = format!("80AE0000 00{length:04X} {}", "5A".repeat(length));
        assert_eq!(Rig::at_alpha().sw(&other), 0x6700);
    }
    let long = format!("80AE0000 000100 {}", "5A".repeat(256));
    assert_eq!(Rig::at_alpha().sw(&long), 0x6982);
    assert_eq!(Rig::at_alpha().sw(&format!("{long} 0000")), 0x6700);
    for p1_p2 in ["0001", "0100", "FFFF"] {
        assert_eq!(Rig::at_alpha().sw(&format!("80AE{p1_p2}")), 0x6A86);
    }
}

#[test]
fn the_last_command_indicator_is_a_wrong_length_where_it_is_not_declared() {
    Rig::at_alpha().expect(&[
        ("80FC0000", 0x6700),
        ("80FC0000 00", 0x6700),
        ("80FC0000 01 00", 0x6700),
    ]);
    Rig::at_root().expect(&[("80FC0000", 0x6700)]);
}

#[test]
fn the_last_command_indicator_changes_nothing_where_it_is_declared() {
    let basis = Basis::new(Certainty::Assumed, "synthetic");
    let root = Application::new(Aid::new(&bytes(ROOT)).unwrap(), "root", "", basis.clone());
    let pin = File::new(
        FileId::new(0x18),
        "PIN",
        "",
        Body::Pin(Pin::new(ReferenceData::new(b"1234"), Format::digits(4), 3)),
        Access::NONE.with(Operation::Verify, Condition::Always),
        basis.clone(),
    );
    let behind_it = File::new(
        FileId::new(7),
        "file",
        "",
        Body::Transparent(vec![0x5A].into()),
        Access::read(Condition::Verified(FileId::new(0x18))),
        basis.clone(),
    );
    let token = Application::new(Aid::new(&bytes(ALPHA)).unwrap(), "token", "", basis.clone())
        .with_files(vec![pin, behind_it])
        .with_last_command(basis);
    let mut rig = Rig::of(vec![root, token]);
    rig.expect(&[("80FC0000", 0x6700)]);
    rig.select(ALPHA);
    rig.expect(&[
        ("00200098 04 31323334", 0x9000),
        ("00A4020C 02 0007", 0x9000),
        ("80FC0000", 0x9000),
        ("00B00000 00", 0x9000),
        ("80FC0000 00", 0x6700),
        ("80FC0000 01 00", 0x6700),
        ("80FC0001", 0x6A86),
        ("00FC0000", 0x6D00),
    ]);
}

#[test]
fn of_all_p1_p2_only_06c1_and_00c1_check_a_terminals_certificate() {
    let mut rig = Rig::at_alpha();
    rig.expect(&[("00A4020C 02 0016", 0x9000)]);
    for p1_p2 in 0..=0xFFFFu16 {
        let sw = rig.sw(&format!("80A2{p1_p2:04X} 01 00"));
        assert_eq!(
            sw != 0x6A86,
            matches!(p1_p2, 0x06C1 | 0x00C1),
            "80A2{p1_p2:04X} answers {sw:04X}"
        );
    }
}

#[test]
fn a_terminals_certificate_is_checked_by_the_current_key_of_that_kind_only() {
    let mut rig = Rig::at_alpha();
    let zeros = |p1_p2: &str, length: usize| format!("80A2{p1_p2} 00{length:04X} {}", "00".repeat(length));
    let (body, signature) = (zeros("06C1", 307), zeros("00C1", 261));
    for command in [&body, &signature] {
        rig.select(ALPHA);
        assert_eq!(rig.sw(command), 0x6986, "{command} without a current EF");
        for id in [0x01, 0x0C, 0x10, 0x18, 0x1E] {
            rig.expect(&[(&format!("00A4020C 02 {id:04X}"), 0x9000), (command, 0x6981)]);
        }
    }
    rig.expect(&[("00A4020C 02 0016", 0x9000), (&body, 0x6A80), (&signature, 0x6985)]);
}

#[test]
fn the_lengths_of_80a2_are_judged_before_the_current_ef() {
    for p1_p2 in ["06C1", "00C1"] {
        for length in 0..=310usize {
            let lc = if length == 0 {
                String::new()
            } else {
                format!("00{length:04X}")
            };
            let command = format!("80A2{p1_p2} {lc} {}", "00".repeat(length));
            let right = if p1_p2 == "06C1" { 307 } else { 261 };
            let expected = if length == right { 0x6986 } else { 0x6700 };
            assert_eq!(Rig::at_alpha().sw(&command), expected, "{p1_p2} with {length} bytes");
            if length > 0 {
                assert_eq!(
                    Rig::at_alpha().sw(&format!("{command} 0000")),
                    0x6700,
                    "{p1_p2} with an Le"
                );
            }
        }
    }
}
