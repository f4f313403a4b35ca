//! SELECT `00 A4`.

use crate::common::{ALPHA, BETA, GAMMA, ROOT, Rig, bytes, hex};

/// SELECT by name with this P2.
fn by_name(p2: u8, name: &str) -> String {
    match name.len() / 2 {
        0 => format!("00A404{p2:02X}"),
        length => format!("00A404{p2:02X} {length:02X} {name}"),
    }
}

#[test]
fn power_up_selects_the_first_application() {
    assert_eq!(Rig::at_root().selected(), ROOT);
}

#[test]
fn a_full_name_or_its_beginning_selects_the_first_application_that_has_it() {
    let table = [
        (ROOT, ROOT),
        (ALPHA, ALPHA),
        (BETA, BETA),
        (GAMMA, GAMMA),
        ("A0", ROOT),
        ("D3", ALPHA),
        ("D392", ALPHA),
        ("D39210", ALPHA),
        ("D392100031000101040", ALPHA),
        ("D392F0", GAMMA),
    ];
    for from in [ROOT, ALPHA, BETA, GAMMA] {
        for (name, expected) in table.iter().filter(|(name, _)| name.len() % 2 == 0) {
            for p2 in [0x00, 0x0C] {
                let mut rig = Rig::at_root();
                rig.select(from);
                assert_eq!(rig.sw(&by_name(p2, name)), 0x9000, "{name}");
                assert_eq!(rig.selected(), *expected, "{name} from {from}");
            }
        }
    }
}

#[test]
fn a_warm_reset_keeps_application_and_security_status_and_leaves_no_current_ef() {
    let mut rig = Rig::at_alpha();
    rig.expect(&[
        ("00200098 04 31323334", 0x9000),
        ("00A4020C 02 0007", 0x9000),
        ("00B0000001", 0x9000),
    ]);
    rig.card.reset().unwrap();
    assert_eq!(rig.selected(), ALPHA);
    // By its short identifier the file can still be read: PIN 0018 is verified.
    rig.expect(&[("00B0000001", 0x6986), ("00B0870001", 0x9000)]);
}

#[test]
fn an_unknown_name_is_not_found_and_leaves_application_file_and_security_status() {
    let longer = format!("{ALPHA}00");
    for name in [
        "A1",
        "D393",
        "D3921000310001010403",
        "A000000151000000",
        longer.as_str(),
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
    ] {
        for p2 in [0x00, 0x02, 0x0C, 0x0E] {
            let mut rig = Rig::at_alpha();
            rig.expect(&[("00200098 04 31323334", 0x9000), ("00A4020C 02 0007", 0x9000)]);
            assert_eq!(rig.sw(&by_name(p2, name)), 0x6A82, "{name}");
            assert_eq!(rig.selected(), ALPHA);
            assert_eq!(
                rig.send("00B00000 00").1,
                0x9000,
                "EF 0007 is still selected and PIN 0018 verified"
            );
        }
    }
}

#[test]
fn an_empty_name_selects_the_application_of_power_up() {
    for command in ["00A40400", "00A4040C", "00A40400 00", "00A4040C 00"] {
        let mut rig = Rig::at_alpha();
        assert_eq!(rig.send(command).1, 0x9000, "{command}");
        assert_eq!(rig.selected(), ROOT, "{command}");
    }
}

#[test]
fn the_next_occurrence_lies_behind_the_selected_application_and_the_last_one_ends_it() {
    let table: [(&str, &str, &[&str]); 6] = [
        (ROOT, "", &[ALPHA, BETA, GAMMA]),
        (ROOT, "D392", &[ALPHA, BETA, GAMMA]),
        (ROOT, "D39210", &[ALPHA, BETA]),
        (ALPHA, "D39210", &[BETA]),
        (BETA, "D39210", &[]),
        (GAMMA, "", &[]),
    ];
    for (from, name, expected) in table {
        for p2 in [0x02, 0x0E] {
            let mut rig = Rig::at_root();
            rig.select(from);
            let mut last = from;
            for next in expected {
                assert_eq!(rig.sw(&by_name(p2, name)), 0x9000);
                assert_eq!(rig.selected(), *next, "next {name} from {last}");
                last = next;
            }
            assert_eq!(rig.sw(&by_name(p2, name)), 0x6A82, "there is no further {name}");
            assert_eq!(rig.selected(), last);
        }
    }
}

#[test]
fn of_all_p2_only_first_and_next_occurrence_with_and_without_fci_exist() {
    for p2 in 0..=0xFF {
        let expected = if matches!(p2, 0x00 | 0x02 | 0x0C | 0x0E) {
            0x9000
        } else {
            0x6A86
        };
        assert_eq!(Rig::at_root().sw(&by_name(p2, "D392")), expected, "P2 {p2:02X}");
        let of_a_file = format!("00A402{p2:02X} 02 0001");
        let expected = if matches!(p2, 0x00 | 0x0C) { 0x9000 } else { 0x6A86 };
        assert_eq!(Rig::at_alpha().sw(&of_a_file), expected, "P2 {p2:02X} of an EF");
    }
}

#[test]
fn of_all_p1_only_mf_ef_and_name_exist() {
    for p1 in 0..=0xFF {
        let expected = match p1 {
            0x00 => 0x6A82, // there is no MF to be had by identifier
            0x02 => 0x9000,
            0x04 => 0x6A82, // no application is named 0001
            _ => 0x6A86,    // 09, a path, among them (OpenSC issue 801)
        };
        assert_eq!(
            Rig::at_alpha().sw(&format!("00A4{p1:02X}0C 02 0001")),
            expected,
            "P1 {p1:02X}"
        );
    }
}

#[test]
fn a_name_of_more_than_16_bytes_is_refused() {
    for length in [17, 32, 255] {
        let command = format!("00A4040C {length:02X} {}", "D3".repeat(length));
        assert!(matches!(Rig::at_root().sw(&command), 0x6700 | 0x6A82));
    }
}

#[test]
fn fci_names_the_application_or_file_and_is_cut_to_le() {
    let of = |tag, value: &str| {
        [
            &[0x6F, value.len() as u8 / 2 + 2, tag, value.len() as u8 / 2],
            &bytes(value)[..],
        ]
        .concat()
    };
    for (select, whole) in [
        (by_name(0x00, ALPHA), of(0x84, ALPHA)),
        (by_name(0x00, "D3921000310001010402"), of(0x84, BETA)),
        (by_name(0x00, "D392F0"), of(0x84, GAMMA)), // the full name, also after a partial one
        ("00A40200 02 0004".to_owned(), of(0x83, "0004")),
    ] {
        let mut rig = Rig::at_alpha();
        for ne in 0..=255usize {
            let (data, sw) = rig.send(&format!("{select} {ne:02X}"));
            let length = if ne == 0 { 256 } else { ne };
            assert_eq!(
                (data, sw),
                (whole[..whole.len().min(length)].to_vec(), 0x9000),
                "{select} with Le {ne:02X}"
            );
            rig.select(ALPHA);
        }
        assert_eq!(rig.sw(&select), 0x9000, "without Le there is nothing to return");
    }
}

#[test]
fn p2_0c_returns_nothing_even_with_le() {
    let mut rig = Rig::at_root();
    assert_eq!(rig.sw(&format!("{} 00", by_name(0x0C, ALPHA))), 0x9000);
    assert_eq!(rig.sw("00A4020C 02 0004 00"), 0x9000);
}

#[test]
fn extended_lengths_select_as_well() {
    let mut rig = Rig::at_root();
    let (data, sw) = rig.send(&format!("00A40400 00000A {ALPHA} 0000"));
    assert_eq!((hex(&data), sw), (format!("6F0C840A{ALPHA}"), 0x9000));
    assert_eq!(rig.selected(), ALPHA);
}

#[test]
fn every_declared_file_can_be_selected_and_no_other_identifier() {
    let mut rig = Rig::at_alpha();
    let declared: Vec<u16> = (0x01..=0x0E)
        .chain(0x10..=0x12)
        .chain([0x16])
        .chain(0x18..=0x1C)
        .chain([0x1E, 0x2F01])
        .collect();
    for id in 0..=0xFFFF {
        let expected = if declared.contains(&id) { 0x9000 } else { 0x6A82 };
        assert_eq!(rig.sw(&format!("00A4020C 02 {id:04X}")), expected, "EF {id:04X}");
    }
}

#[test]
fn a_file_that_is_not_there_leaves_the_current_one() {
    let mut rig = Rig::at_alpha();
    rig.expect(&[("00A4020C 02 0002", 0x9000), ("00A4020C 02 7777", 0x6A82)]);
    assert_eq!(rig.send("00B00000 00").0.len(), 1);
}

#[test]
fn an_ef_is_named_by_two_bytes() {
    let mut rig = Rig::at_alpha();
    for wrong in [
        "00A4020C",
        "00A4020C 00",
        "00A4020C 01 01",
        "00A4020C 03 000100",
        "00A40200 01 01 00",
    ] {
        assert_eq!(rig.sw(wrong), 0x6700, "{wrong}");
    }
}

#[test]
fn select_of_an_application_leaves_no_ef_selected_also_when_it_was_selected_before() {
    for name in [ALPHA, "D392", "D39210003100010104"] {
        let mut rig = Rig::at_alpha();
        rig.expect(&[
            ("00A4020C 02 0002", 0x9000),
            (&by_name(0x0C, name), 0x9000),
            ("00B00000 00", 0x6986),
        ]);
    }
}

#[test]
fn select_mf_is_refused_at_power_up_and_accepted_without_effect_in_an_application() {
    for command in ["00A40000", "00A4000C", "00A40000 00"] {
        let mut rig = Rig::at_root();
        assert_eq!(rig.sw(command), 0x6A86, "{command} at power-up");
        rig.select(ALPHA);
        rig.expect(&[("00200098 04 31323334", 0x9000), ("00A4020C 02 0007", 0x9000)]);
        assert_eq!(rig.sw(command), 0x9000, "{command} in an application");
        assert_eq!(rig.selected(), ALPHA);
        assert_eq!(
            rig.send("00B00000 00").1,
            0x9000,
            "{command} has no effect on EF and PIN"
        );
        rig.select(ROOT);
        assert_eq!(rig.sw(command), 0x6A86, "{command} back at the first application");
    }
}

#[test]
fn no_identifier_selects_the_mf_or_a_file_under_it() {
    for id in ["3F00", "2F10", "2F11", "2F01", "0001"] {
        for p2 in ["00", "0C"] {
            assert_eq!(
                Rig::at_root().sw(&format!("00A400{p2} 02 {id}")),
                0x6A82,
                "{id} at power-up"
            );
            assert_eq!(
                Rig::at_alpha().sw(&format!("00A400{p2} 02 {id}")),
                0x6A82,
                "{id} in an application"
            );
        }
        assert_eq!(
            Rig::at_root().sw(&format!("00A4020C 02 {id}")),
            0x6A82,
            "{id} as an EF at power-up"
        );
    }
}
