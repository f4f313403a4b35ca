//! GET DATA `00 CA`.

use crate::common::{ALPHA, Rig, bytes, pattern};

#[test]
fn each_of_all_65536_tags_is_found_only_where_it_is_declared() {
    for application in [crate::common::ROOT, ALPHA] {
        let mut rig = Rig::at_root();
        rig.select(application);
        for tag in 0..=0xFFFFu16 {
            let expected = match tag {
                0x0100 => (bytes(application), 0x9000),
                0x00F2 if application != ALPHA => (b"20361025".to_vec(), 0x9000),
                0x00F8 if application != ALPHA => (Vec::new(), 0x6700), // longer than this Le
                0x00F9 if application != ALPHA => (Vec::new(), 0x6982),
                _ => (Vec::new(), 0x6A88),
            };
            assert_eq!(rig.send(&format!("00CA{tag:04X} 00")), expected, "{tag:04X}");
        }
    }
}

#[test]
fn an_object_longer_than_le_is_refused_and_comes_whole_with_a_longer_one() {
    let mut rig = Rig::at_root();
    for (le, enough) in [
        ("01", false),
        ("00", false),
        ("00023E", false),
        ("00023F", true),
        ("000240", true),
        ("000000", true),
    ] {
        let expected = if enough {
            (pattern(575), 0x9000)
        } else {
            (Vec::new(), 0x6700)
        };
        assert!(rig.send(&format!("00CA00F8 {le}")) == expected, "Le {le}");
    }
    for le in 1..=255 {
        let expected = if le < 8 { 0x6700 } else { 0x9000 };
        assert_eq!(rig.send(&format!("00CA00F2 {le:02X}")).1, expected, "Le {le:02X}");
    }
}

#[test]
fn get_data_needs_le_and_takes_no_data() {
    let mut rig = Rig::at_root();
    for wrong in [
        "00CA00F2",
        "00CA00F2 01 00",
        "00CA00F2 01 00 00",
        "00CA00F2 000001 00 0000",
    ] {
        assert_eq!(rig.sw(wrong), 0x6700, "{wrong}");
    }
}

#[test]
fn objects_come_back_with_their_application_and_leave_the_current_ef_alone() {
    let mut rig = Rig::at_alpha();
    rig.expect(&[
        ("00A4020C 02 0002", 0x9000),
        ("00CA0100 00", 0x9000),
        ("00CA00F2 00", 0x6A88),
        ("00B00000 00", 0x9000),
    ]);
    rig.select(crate::common::ROOT);
    rig.expect(&[("00CA00F2 00", 0x9000)]);
}
