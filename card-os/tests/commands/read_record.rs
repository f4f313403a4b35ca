//! READ RECORD `00 B2`.

use crate::common::{RECORDS, Rig, record};

/// The records from `number`, one or all, of EF 000C.
fn expected(number: usize, to_last: bool) -> (Vec<u8>, u16) {
    if !(1..=RECORDS).contains(&number) {
        return (Vec::new(), 0x6A83);
    }
    let last = if to_last { RECORDS } else { number };
    ((number..=last).flat_map(record).collect(), 0x9000)
}

/// Every P1 and P2, with EF 000C current at first.
#[test]
fn of_all_65536_forms_those_with_a_record_number_and_mode_4_or_5_read() {
    let mut rig = Rig::at_alpha();
    let mut read = 0;
    for p2 in 0..=0xFFu8 {
        let (sfi, mode) = (p2 >> 3, p2 & 0x07);
        for p1 in 0..=0xFFu8 {
            rig.expect(&[("00A4020C 02 000C", 0x9000)]);
            let answer = rig.send(&format!("00B2{p1:02X}{p2:02X} 000000"));
            let expected = match (sfi, mode) {
                (0x1F, _) | (_, 0..=3 | 6..) => (Vec::new(), 0x6A86),
                (0x00 | 0x0C, _) => expected(usize::from(p1), mode == 5),
                (0x0D, _) => (Vec::new(), 0x6982),
                (0x0E, _) => (Vec::new(), 0x6A83),
                // Transparent and internal EFs.
                (0x01..=0x0B | 0x10..=0x12 | 0x16 | 0x18..=0x1C | 0x1E, _) => (Vec::new(), 0x6981),
                _ => (Vec::new(), 0x6A82),
            };
            assert!(
                answer == expected,
                "00B2{p1:02X}{p2:02X} answers {:04X}, not {:04X}",
                answer.1,
                expected.1
            );
            read += usize::from(answer.1 == 0x9000);
        }
    }
    assert_eq!(read, 2 * 2 * RECORDS, "the current EF or 000C, one record or all");
}

#[test]
fn a_short_identifier_selects_the_file() {
    let mut rig = Rig::at_alpha();
    assert_eq!(rig.send("00B20164 00"), expected(1, false));
    assert_eq!(rig.send("00B20204 00"), expected(2, false));
}

#[test]
fn without_a_current_ef_there_is_no_record() {
    Rig::at_alpha().expect(&[("00B20104 00", 0x6986), ("00B20105 00", 0x6986)]);
    Rig::at_root().expect(&[
        ("00B20104 00", 0x6986),
        ("00A4020C 02 001E", 0x9000),
        ("00B20104 00", 0x6981),
    ]);
}

#[test]
fn protected_records_open_by_their_pin() {
    let mut rig = Rig::at_alpha();
    rig.expect(&[("00B2016C 00", 0x6982), ("00200098 04 31323334", 0x9000)]);
    assert_eq!(rig.send("00B2016C 00"), (record(1), 0x9000));
}

#[test]
fn access_is_asked_for_before_the_record_is_looked_for() {
    Rig::at_alpha().expect(&[("00B2096C 00", 0x6982), ("00B2006C 00", 0x6982)]);
}

#[test]
fn a_record_longer_than_le_is_never_returned_longer_than_le() {
    let mut rig = Rig::at_alpha();
    for le in 1..=255usize {
        let (data, sw) = rig.send(&format!("00B20364 {le:02X}"));
        assert!(data.len() <= le && record(3).starts_with(&data), "Le {le}");
        assert!(sw == 0x9000 || data.is_empty(), "Le {le}");
    }
}

#[test]
fn a_read_without_le_or_with_data_is_refused() {
    for wrong in ["00B20164", "00B20164 01 00", "00B20164 01 00 00"] {
        assert_eq!(Rig::at_alpha().sw(wrong), 0x6700, "{wrong}");
    }
}
