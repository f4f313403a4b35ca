//! READ BINARY `00 B0`.

use crate::common::{Rig, SIZES, pattern};

/// The Le field of each length, and the most bytes it allows.
const LENGTHS: [(&str, usize); 10] = [
    ("01", 1),
    ("20", 32),
    ("FF", 255),
    ("00", 256),
    ("000001", 1),
    ("000100", 256),
    ("000101", 257),
    ("007FFF", 32_767),
    ("008000", 32_768),
    ("000000", 65_536),
];

/// What a read of a file of `size` bytes must answer.
fn expected(size: usize, offset: usize, length: usize) -> (Vec<u8>, u16) {
    if offset >= size {
        return (Vec::new(), 0x6B00);
    }
    (pattern(size)[offset..size.min(offset + length)].to_vec(), 0x9000)
}

#[test]
fn a_read_of_the_current_ef_gives_what_is_there_and_refuses_to_begin_at_its_end_or_beyond() {
    let mut rig = Rig::at_alpha();
    for (id, size) in SIZES {
        assert_eq!(rig.sw(&format!("00A4020C 02 {id:04X}")), 0x9000);
        for offset in [0, 1, 2, 127, 128, 254, 255, 256, 257, 258, 32_766, 32_767] {
            for (le, length) in LENGTHS {
                let answer = rig.send(&format!("00B0{offset:04X} {le}"));
                assert!(
                    answer == expected(size, offset, length),
                    "{size} bytes from {offset}, Le {le}: {:04X}",
                    answer.1
                );
            }
        }
    }
}

#[test]
fn a_short_identifier_reads_at_every_offset_of_one_byte_and_selects_the_file() {
    let mut rig = Rig::at_alpha();
    for (id, size) in SIZES {
        for offset in 0..=255 {
            for (le, length) in LENGTHS {
                let answer = rig.send(&format!("00B0{:02X}{offset:02X} {le}", 0x80 + id));
                assert!(
                    answer == expected(size, offset, length),
                    "{size} bytes from {offset}, Le {le}: {:04X}",
                    answer.1
                );
            }
        }
        assert_eq!(
            rig.send("00B00000 01"),
            expected(size, 0, 1),
            "it is the current EF now"
        );
    }
}

#[test]
fn reading_in_pieces_until_6b00_gives_the_whole_file() {
    for (id, size) in SIZES {
        for piece in [1usize, 7, 0xE0, 0xFF, 0x100] {
            if size / piece > 5000 {
                continue;
            }
            let mut rig = Rig::at_alpha();
            rig.expect(&[(&format!("00A4020C 02 {id:04X}"), 0x9000)]);
            let mut content = Vec::new();
            // The last byte of the largest file lies at the last offset there is.
            while content.len() < 0x8000 {
                let (data, sw) = rig.send(&format!("00B0{:04X} {:02X}", content.len(), piece & 0xFF));
                if sw == 0x6B00 {
                    break;
                }
                assert_eq!(sw, 0x9000);
                content.extend(data);
            }
            assert!(content == pattern(size), "{size} bytes in pieces of {piece}");
        }
    }
}

#[test]
fn without_a_current_ef_there_is_nothing_to_read() {
    Rig::at_root().expect(&[("00B00000 00", 0x6986)]);
    Rig::at_alpha().expect(&[("00B00000 00", 0x6986), ("00B07FFF 00", 0x6986)]);
}

#[test]
fn a_short_identifier_without_file_is_not_found_and_leaves_the_current_ef() {
    let mut rig = Rig::at_alpha();
    rig.expect(&[("00A4020C 02 0002", 0x9000)]);
    for sfi in [0x0F, 0x13, 0x14, 0x15, 0x17, 0x1D] {
        rig.expect(&[(&format!("00B0{:02X}00 00", 0x80 + sfi), 0x6A82)]);
        assert_eq!(rig.send("00B00000 00"), expected(1, 0, 256));
    }
}

#[test]
fn of_all_p1_only_offsets_and_short_identifiers_exist() {
    for p1 in 0x80..=0xFFu16 {
        let sw = Rig::at_alpha().send(&format!("00B0{p1:02X}00 00")).1;
        assert_eq!(
            sw == 0x6A86,
            !(0x81..=0x9E).contains(&p1),
            "P1 {p1:02X} answers {sw:04X}"
        );
    }
}

#[test]
fn an_internal_ef_is_never_read_and_an_ef_with_records_not_by_this_command() {
    for id in [
        0x0C, 0x0D, 0x0E, 0x10, 0x11, 0x12, 0x16, 0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x1E,
    ] {
        let mut rig = Rig::at_alpha();
        rig.expect(&[
            ("00200098 04 31323334", 0x9000),
            (&format!("00B0{:02X}00 00", 0x80 + id), 0x6981),
            (&format!("00A4020C 02 {id:04X}"), 0x9000),
            ("00B00000 00", 0x6981),
        ]);
    }
    Rig::at_root().expect(&[
        ("00A4020C 02 001E", 0x9000),
        ("00B00000 00", 0x6981),
        ("00B09E00 00", 0x6981),
    ]);
}

#[test]
fn a_read_without_le_or_with_data_is_refused() {
    let mut rig = Rig::at_alpha();
    rig.expect(&[("00A4020C 02 0004", 0x9000)]);
    for wrong in [
        "00B00000",
        "00B08400",
        "00B00000 01 00",
        "00B00000 01 00 00",
        "00B00000 000001 00 0000",
    ] {
        assert_eq!(rig.sw(wrong), 0x6700, "{wrong}");
    }
}

#[test]
fn access_is_asked_for_before_the_offset_is_looked_at() {
    let mut rig = Rig::at_alpha();
    rig.expect(&[
        ("00B08700 00", 0x6982),
        ("00B087FF 00", 0x6982),
        ("00A4020C 02 0007", 0x9000),
        ("00B07FFF 00", 0x6982),
    ]);
}

#[test]
fn a_refused_read_by_short_identifier_still_selects_the_file() {
    let mut rig = Rig::at_alpha();
    rig.expect(&[
        ("00A4020C 02 0002", 0x9000),
        ("00B08700 00", 0x6982),
        ("00B00000 00", 0x6982),
    ]);
}

#[test]
fn a_file_opens_by_exactly_the_pins_it_names() {
    const THREE: &str = "00200098 04 31323334";
    const FIVE: &str = "00200099 06 414243313233";
    const OTHER: &str = "0020009A 04 37373737";
    const UNLIMITED: &str = "0020009B 04 30303030";
    let states: [(&[&str], [u16; 5]); 6] = [
        //                      0007    0008    0009    000A    000B
        (&[], [0x6982, 0x6982, 0x6982, 0x6982, 0x6982]),
        (&[THREE], [0x9000, 0x6982, 0x6982, 0x9000, 0x6982]),
        (&[FIVE], [0x6982, 0x6982, 0x6982, 0x9000, 0x6982]),
        (&[OTHER, UNLIMITED], [0x6982, 0x6982, 0x6982, 0x6982, 0x6982]),
        (&[THREE, FIVE], [0x9000, 0x6982, 0x6982, 0x9000, 0x9000]),
        (
            &[UNLIMITED, FIVE, OTHER, THREE],
            [0x9000, 0x6982, 0x6982, 0x9000, 0x9000],
        ),
    ];
    for (pins, answers) in states {
        let mut rig = Rig::at_alpha();
        pins.iter().for_each(|pin| rig.expect(&[(pin, 0x9000)]));
        for (id, answer) in (0x07..).zip(answers) {
            rig.expect(&[(&format!("00B0{:02X}00 00", 0x80 + id), answer)]);
            rig.expect(&[(&format!("00A4020C 02 {id:04X}"), 0x9000), ("00B00000 000000", answer)]);
        }
    }
}
