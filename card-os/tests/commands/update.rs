//! UPDATE BINARY `00 D6`, UPDATE RECORD `00 DC` and APPEND RECORD `00 E2`, on the applications of `common::free`.

use vmyna_card_os::state::MemoryStore;

use crate::common::free::{self, FREE, OWN_DENIAL, RECORDS, ROOM, record};
use crate::common::{ALPHA, BETA, GAMMA, Rig, hex, pattern};

const PIN: &str = "00200098 04 31323334";

fn data(bytes: &[u8]) -> String {
    match bytes.len() {
        0 => String::new(),
        length @ 1..=255 => format!("{length:02X} {}", hex(bytes)),
        length => format!("00{length:04X} {}", hex(bytes)),
    }
}

/// The records of an EF of FREE, one behind the other.
fn records(rig: &mut Rig, sfi: u8) -> Vec<u8> {
    let (data, sw) = rig.send(&format!("00B201{:02X} 000000", sfi << 3 | 5));
    assert_eq!(sw, 0x9000);
    data
}

#[test]
fn no_instruction_exists_in_an_application_that_does_not_declare_it() {
    for aid in [ALPHA, BETA, GAMMA, free::BELOW] {
        let mut rig = free::rig();
        rig.select(aid);
        for ins in ["D6", "DC", "E2", "46"] {
            for rest in [
                "0000",
                "0000 00",
                "0080 01 5A",
                "8004 01 5A 00",
                "8180 00",
                "FFFF 000000",
            ] {
                assert_eq!(rig.sw(&format!("00{ins}{rest}")), 0x6D00, "{aid} 00{ins}{rest}");
                assert_eq!(rig.sw(&format!("80{ins}{rest}")), 0x6D00, "{aid} 80{ins}{rest}");
            }
        }
        for p1 in ["10", "11"] {
            assert_eq!(rig.sw(&format!("802A{p1}90 01 5A 00")), 0x6A86, "{aid}");
        }
    }
}

/// Every P1 and P2 of UPDATE BINARY, with EF 0001 current at first. Each form that writes is read back.
#[test]
fn of_all_65536_forms_of_update_binary_those_inside_a_file_write() {
    let mut rig = free::rig();
    let mut written = 0;
    for p1 in 0..=0xFFu8 {
        for p2 in 0..=0xFFu8 {
            rig.expect(&[("00A4020C 02 0001", 0x9000)]);
            let offset = if p1 < 0x80 {
                u16::from_be_bytes([p1, p2])
            } else {
                u16::from(p2)
            };
            let inside = |size: u16| if offset < size { 0x9000 } else { 0x6B00 };
            let expected = match p1 {
                0x00..0x80 | 0x81 => inside(20),
                0x80 | 0x9F..=0xFF => 0x6A86,
                0x82..=0x85 => OWN_DENIAL,
                0x86 | 0x87 => 0x9000,
                0x8C..=0x8E | 0x90..=0x93 | 0x95 | 0x98 | 0x99 => 0x6981,
                0x9A => OWN_DENIAL,
                _ => 0x6A82,
            };
            let byte = p1 ^ p2 ^ 0xA5;
            let sw = rig.sw(&format!("00D6{p1:02X}{p2:02X} 01 {byte:02X}"));
            assert_eq!(sw, expected, "00D6{p1:02X}{p2:02X} answers {sw:04X}");
            if sw == 0x9000 {
                written += 1;
                let read = rig.send(&format!("00B0{p1:02X}{p2:02X} 01"));
                assert_eq!(read, (vec![byte], 0x9000), "00B0{p1:02X}{p2:02X}");
            }
        }
    }
    assert_eq!(written, 20 + 20 + 256 + 256);
}

#[test]
fn an_update_writes_its_bytes_and_no_other_or_nothing() {
    for offset in 0..=21usize {
        for length in 1..=22usize {
            let mut rig = free::rig();
            let new = vec![0xEE; length];
            let sw = rig.sw(&format!("00D681{offset:02X} {}", data(&new)));
            let mut expected = pattern(20);
            let code = match (offset, offset + length) {
                (20.., _) => 0x6B00,
                (_, 21..) => 0x6700,
                (from, to) => {
                    expected[from..to].fill(0xEE);
                    0x9000
                }
            };
            assert_eq!(sw, code, "{length} bytes from {offset}");
            assert_eq!(
                rig.send("00B08100 00"),
                (expected, 0x9000),
                "{length} bytes from {offset}"
            );
        }
    }
    // The longest file in one command.
    let mut rig = free::rig();
    let new: Vec<u8> = pattern(32_768).iter().map(|byte| !byte).collect();
    assert_eq!(rig.sw(&format!("00D68600 {}", data(&new))), 0x9000);
    assert_eq!(rig.send("00B08600 000000"), (new, 0x9000));
    assert_eq!(rig.sw(&format!("00D68601 {}", data(&vec![0; 32_768]))), 0x6700);
}

#[test]
fn an_update_without_data_or_with_le_is_a_wrong_length() {
    let mut rig = free::rig();
    for header in ["00D68100", "00DC0164", "00E20060"] {
        for rest in ["", "00", "000000", "01 5A 00", "000001 5A 0000"] {
            assert_eq!(rig.sw(&format!("{header} {rest}")), 0x6700, "{header} {rest}");
        }
    }
    assert_eq!(rig.send("00B08100 00"), (pattern(20), 0x9000));
    assert_eq!(
        records(&mut rig, 0x0C),
        (1..=RECORDS).flat_map(record).collect::<Vec<_>>()
    );
}

#[test]
fn access_is_asked_for_before_offset_record_and_room() {
    let mut rig = free::rig();
    let table = [
        ("00D682FF 01 5A", 0x6B00),
        ("00DC096C 01 5A", 0x6A83),
        ("00E20068 01 5A", 0x6A84),
    ];
    for (command, _) in table {
        assert_eq!(rig.sw(command), OWN_DENIAL, "{command}");
    }
    rig.expect(&[(PIN, 0x9000)]);
    for (command, expected) in table {
        assert_eq!(rig.sw(command), expected, "{command}");
    }
    rig.expect(&[("00D68200 01 5A", 0x9000), ("00D68300 01 5A", OWN_DENIAL)]);
}

#[test]
fn without_a_current_ef_nothing_is_updated() {
    free::rig().expect(&[
        ("00D60000 01 5A", 0x6986),
        ("00DC0104 01 5A", 0x6986),
        ("00E20000 01 5A", 0x6986),
        ("00468080 00", 0x6986),
        ("00A4020C 02 000C", 0x9000),
        ("00DC0104 01 5A", 0x9000),
        ("00E20000 01 5A", 0x9000),
    ]);
}

/// The answer of UPDATE RECORD and APPEND RECORD to an EF that is not 000C or 000D.
fn other_file(sfi: u8) -> u16 {
    match sfi {
        0x0E => OWN_DENIAL,
        0x01..=0x07 | 0x10..=0x13 | 0x15 | 0x18..=0x1A => 0x6981,
        _ => 0x6A82,
    }
}

#[test]
fn of_all_65536_forms_of_update_record_those_of_a_present_record_write() {
    let mut rig = free::rig();
    let mut written = 0;
    for p2 in 0..=0xFFu8 {
        for p1 in 0..=0xFFu8 {
            rig.expect(&[("00A4020C 02 000C", 0x9000)]);
            let expected = match (p2 >> 3, p2 & 0x07) {
                (0x1F, _) | (_, 0..=3 | 5..) => 0x6A86,
                (0x00 | 0x0C, _) if (1..=RECORDS).contains(&usize::from(p1)) => 0x9000,
                (0x00 | 0x0C, _) => 0x6A83,
                (0x0D, _) => OWN_DENIAL,
                (sfi, _) => other_file(sfi),
            };
            let sw = rig.sw(&format!("00DC{p1:02X}{p2:02X} 02 {p1:02X}{p2:02X}"));
            assert_eq!(sw, expected, "00DC{p1:02X}{p2:02X} answers {sw:04X}");
            if sw == 0x9000 {
                written += 1;
                assert_eq!(rig.send(&format!("00B2{p1:02X}{p2:02X} 00")).0, [p1, p2]);
            }
        }
    }
    assert_eq!(written, 2 * RECORDS);
}

#[test]
fn of_all_65536_forms_of_append_record_p1_00_and_mode_0_append() {
    let store = Box::<MemoryStore>::default;
    for p2 in 0..=0xFFu8 {
        let mut rig = free::on(store());
        rig.expect(&[("00A4020C 02 000C", 0x9000)]);
        for p1 in 1..=0xFFu8 {
            assert_eq!(
                rig.sw(&format!("00E2{p1:02X}{p2:02X} 01 5A")),
                0x6A86,
                "00E2{p1:02X}{p2:02X}"
            );
        }
        let expected = match (p2 >> 3, p2 & 0x07) {
            (0x1F, _) | (_, 1..) => 0x6A86,
            (0x00 | 0x0C, _) => 0x9000,
            (0x0D, _) => OWN_DENIAL,
            (sfi, _) => other_file(sfi),
        };
        assert_eq!(rig.sw(&format!("00E200{p2:02X} 01 5A")), expected, "00E200{p2:02X}");
        let last = rig.send("00B20464 00");
        assert_eq!(last.1 == 0x9000, expected == 0x9000, "00E200{p2:02X}");
    }
}

#[test]
fn records_fill_their_room_and_no_more() {
    let mut rig = free::rig();
    for length in 1..=ROOM.1 + 1 {
        let expected = if length <= ROOM.1 { 0x9000 } else { 0x6700 };
        let record = vec![length as u8; length];
        assert_eq!(rig.sw(&format!("00DC0264 {}", data(&record))), expected, "{length}");
        assert_eq!(rig.send("00B20264 00").0 == record, expected == 0x9000, "{length}");
    }
    let too_long = data(&[0; ROOM.1 + 1]);
    assert_eq!(rig.sw(&format!("00E20060 {too_long}")), 0x6700);
    for number in RECORDS + 1..=ROOM.0 {
        assert_eq!(rig.sw(&format!("00E20060 02 {number:02X}5A")), 0x9000);
        assert_eq!(rig.send(&format!("00B2{number:02X}64 00")).0, [number as u8, 0x5A]);
    }
    assert_eq!(rig.sw("00E20060 01 5A"), 0x6A84);
    assert_eq!(rig.sw("00DC0664 01 5A"), 0x6A83);
    assert_eq!(rig.sw("00DC0564 01 77"), 0x9000);
    // Without a stated room there is that of the records as issued.
    rig.expect(&[
        (PIN, 0x9000),
        ("00DC016C 02 AABB", 0x9000),
        ("00DC016C 03 AABBCC", 0x6700),
    ]);
    rig.expect(&[("00E20068 01 AA", 0x6A84)]);
    assert_eq!(records(&mut rig, 0x0D), [0xAA, 0xBB]);
}

#[test]
fn what_was_updated_survives_power_and_the_process_and_ends_with_the_state() {
    let mut rig = free::rig();
    rig.expect(&[
        ("00D68105 02 AABB", 0x9000),
        ("00DC0164 01 77", 0x9000),
        ("00E20060 01 88", 0x9000),
    ]);
    let mut expected = pattern(20);
    expected[5..7].copy_from_slice(&[0xAA, 0xBB]);
    let now = [&[0x77][..], &record(2), &record(3), &[0x88]].concat();
    let check = |rig: &mut Rig| {
        rig.select(FREE);
        assert_eq!(rig.send("00B08100 00").0, expected);
        assert_eq!(records(rig, 0x0C), now);
    };
    check(&mut rig);
    rig.card.power_on();
    check(&mut rig);
    let mut rig = free::on(rig.card.into_store());
    check(&mut rig);
    rig.card.reset_state().unwrap();
    rig.card.power_on();
    rig.select(FREE);
    assert_eq!(rig.send("00B08100 00").0, pattern(20));
    assert_eq!(
        records(&mut rig, 0x0C),
        (1..=RECORDS).flat_map(record).collect::<Vec<_>>()
    );
}

#[test]
fn what_cannot_be_stored_is_not_written() {
    struct Full;
    impl vmyna_card_os::state::Store for Full {
        fn load(&mut self) -> Result<vmyna_card_os::state::State, vmyna_card_os::state::StoreError> {
            Ok(vmyna_card_os::state::State::default())
        }
        fn commit(&mut self, _: &vmyna_card_os::state::Change) -> Result<(), vmyna_card_os::state::StoreError> {
            Err(vmyna_card_os::state::StoreError::other("full"))
        }
        fn reset(&mut self) -> Result<(), vmyna_card_os::state::StoreError> {
            Ok(())
        }
    }
    let mut rig = free::on(Box::new(Full));
    for command in ["00D68100 01 5A", "00DC0164 01 5A", "00E20060 01 5A"] {
        assert_eq!(rig.sw(command), 0x6581, "{command}");
    }
    assert_eq!(rig.sw("00468095 00"), 0x6581);
    assert_eq!(rig.send("00B08100 00").0, pattern(20));
    assert_eq!(rig.sw("00468195 00"), 0x6A88);
}
