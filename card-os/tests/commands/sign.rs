//! COMPUTE DIGITAL SIGNATURE `80 2A`, INTERNAL AUTHENTICATE `00 88`, GET CHALLENGE `00 84`.

use sha2::{Digest, Sha256};

use crate::common::{BETA, Rig, bytes, hex};

/// EMSA-PKCS1-v1_5 of `parts` under a key of 2048 bits, as the plain engine answers it: the key's number in front.
fn type_1(key: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    [&[key, 0x01][..], &vec![0xFF; 253 - content.len()], &[0x00], &content].concat()
}

/// `DigestInfo` of SHA-256 in front of the hash (RFC 8017, 9.2).
fn digest_info() -> Vec<u8> {
    bytes("3031300D060960864801650304020105000420")
}

fn sign(p1: u8, p2: u8, input: &[u8]) -> String {
    let lc = if input.len() > 255 {
        format!("00{:04X}", input.len())
    } else {
        format!("{:02X}", input.len())
    };
    let le = if input.len() > 255 { "0000" } else { "00" };
    format!("802A{p1:02X}{p2:02X} {lc} {} {le}", hex(input))
}

/// Every P1 and P2 with an input that each scheme takes, PIN 0018 verified or not.
#[test]
fn each_of_all_65536_forms_gives_its_class_of_answer() {
    let input = [0x5A; 32];
    for pin_verified in [false, true] {
        let mut rig = Rig::at_alpha();
        if pin_verified {
            rig.expect(&[("00200098 04 31323334", 0x9000)]);
        }
        let (mut signed, mut refused) = (0, 0);
        for p1 in 0..=0xFFu8 {
            for p2 in 0..=0xFFu8 {
                // The current EF is the key behind PIN 0018 each time.
                rig.expect(&[("00A4020C 02 0011", 0x9000)]);
                let by_pin = if pin_verified { 0x9000 } else { 0x6982 };
                let expected = match (p1, p2) {
                    (6.., _) => 0x6A86,
                    (_, 0x00 | 0x90) => 0x9000,
                    (_, 0x80 | 0x91) => by_pin,
                    (_, 0x92) => 0x6982,
                    (_, 0x81..=0x8E | 0x96 | 0x98..=0x9C | 0x9E) => 0x6981,
                    (_, 0x8F..=0x9E) => 0x6A82,
                    _ => 0x6A86,
                };
                let (data, sw) = rig.send(&sign(p1, p2, &input));
                assert_eq!(sw, expected, "802A{p1:02X}{p2:02X}");
                assert_eq!(data.len(), if sw == 0x9000 { 256 } else { 0 });
                let key = if matches!(p2, 0x00 | 0x90) { 0x10 } else { 0x11 };
                assert!(
                    data.first().is_none_or(|first| *first == key),
                    "802A{p1:02X}{p2:02X} used another key"
                );
                signed += usize::from(sw == 0x9000);
                refused += usize::from(sw == 0x6A86);
            }
        }
        assert_eq!(signed, 6 * if pin_verified { 4 } else { 2 });
        assert_eq!(refused, 250 * 256 + 6 * 224);
    }
}

#[test]
fn the_padding_is_that_of_the_scheme() {
    let mut rig = Rig::at_alpha();
    for length in [1usize, 19, 32, 51, 244, 245] {
        let input = vec![0x5A; length];
        let hash = Sha256::digest(&input);
        let answer = |rig: &mut Rig, p1| rig.send(&sign(p1, 0x90, &input));
        assert_eq!(
            answer(&mut rig, 0),
            (type_1(0x10, &[&input]), 0x9000),
            "the input as it is"
        );
        assert_eq!(
            answer(&mut rig, 1),
            (type_1(0x10, &[&hash]), 0x9000),
            "a bare hash made on the card"
        );
        assert_eq!(
            answer(&mut rig, 3),
            (type_1(0x10, &[&digest_info(), &hash]), 0x9000),
            "hash and DigestInfo"
        );
    }
    let hash = [0x77; 32];
    assert_eq!(
        rig.send(&sign(2, 0x90, &hash)),
        (type_1(0x10, &[&digest_info(), &hash]), 0x9000)
    );
}

#[test]
fn pss_signatures_differ_each_time_and_the_others_do_not() {
    let mut rig = Rig::at_alpha();
    for p1 in 0..6 {
        let [first, second] = [(); 2].map(|()| rig.send(&sign(p1, 0x90, &[0x5A; 32])));
        assert_eq!(first.1, 0x9000);
        assert_eq!(first == second, p1 < 4, "P1 {p1:02X}");
        assert!(
            p1 < 4 || first.0.last() == Some(&0xBC),
            "the end of every EMSA-PSS block"
        );
    }
}

#[test]
fn an_input_of_a_length_that_the_scheme_does_not_take_is_refused() {
    let mut rig = Rig::at_alpha();
    for length in 0..=300usize {
        for p1 in 0..6u8 {
            let takes = match p1 {
                0 => (1..=245).contains(&length),
                2 | 4 => length == 32,
                _ => length >= 1,
            };
            let command = if length == 0 {
                format!("802A{p1:02X}90 00")
            } else {
                sign(p1, 0x90, &vec![1; length])
            };
            let sw = rig.send(&command).1;
            assert!(
                if takes {
                    sw == 0x9000
                } else {
                    matches!(sw, 0x6700 | 0x6985)
                },
                "{length} bytes, P1 {p1:02X}: {sw:04X}"
            );
        }
    }
}

#[test]
fn without_the_pin_even_a_wrong_input_is_answered_6982() {
    let mut rig = Rig::at_alpha();
    rig.expect(&[(&sign(0, 0x91, &[1; 246]), 0x6982), (&sign(2, 0x91, &[1; 3]), 0x6982)]);
}

#[test]
fn a_signature_never_comes_shorter_than_it_is() {
    let mut rig = Rig::at_alpha();
    for le in 1..=255 {
        assert_eq!(rig.sw(&format!("802A0090 01 5A {le:02X}")), 0x6700, "Le {le:02X}");
    }
    for (le, sw) in [("", 0x6700), ("00", 0x9000)] {
        assert_eq!(rig.send(&format!("802A0090 01 5A {le}")).1, sw);
    }
    for (le, sw) in [("00FF", 0x6700), ("0100", 0x9000), ("0101", 0x9000), ("0000", 0x9000)] {
        assert_eq!(rig.send(&format!("802A0090 000001 5A {le}")).1, sw);
    }
}

#[test]
fn a_short_identifier_selects_the_key_and_many_signatures_follow_one_verify() {
    let mut rig = Rig::at_alpha();
    rig.expect(&[("00200098 04 31323334", 0x9000), (&sign(0, 0x91, &[1]), 0x9000)]);
    for _ in 0..20 {
        assert_eq!(rig.send(&sign(0, 0x80, &[1])), (type_1(0x11, &[&[1]]), 0x9000));
    }
}

#[test]
fn without_a_current_ef_or_default_key_there_is_no_key() {
    let mut rig = Rig::at_alpha();
    rig.expect(&[(&sign(0, 0x80, &[1]), 0x6986)]);
    rig.select(BETA);
    rig.expect(&[
        (&sign(0, 0x80, &[1]), 0x6986),
        (&sign(0, 0x00, &[1]), 0x6A88),
        (&sign(0, 0x90, &[1]), 0x6A82),
    ]);
}

#[test]
fn internal_authenticate_signs_1_to_255_bytes_always_with_the_same_result() {
    let mut rig = Rig::at_alpha();
    for length in 1..=255usize {
        let challenge = vec![0xC5; length];
        let expected = (type_1(0x10, &[&digest_info(), &Sha256::digest(&challenge)]), 0x9000);
        let command = format!("00880090 {length:02X} {} 00", hex(&challenge));
        assert_eq!(rig.send(&command), expected);
        assert_eq!(rig.send(&command), expected);
    }
    rig.expect(&[
        ("00880090", 0x6700),
        ("00880090 00", 0x6700),
        ("00880090 01 C5", 0x6700),
    ]);
    let long = format!("00880090 000100 {} 0000", "C5".repeat(256));
    assert_eq!(rig.sw(&long), 0x6700);
}

#[test]
fn internal_authenticate_takes_only_a_key_declared_for_it() {
    for p2 in 0..=0xFFu8 {
        let expected = match p2 {
            0x90 => 0x9000,
            0x91 | 0x92 => 0x6982,
            0x80 => 0x6986,
            0x81..=0x8E | 0x96 | 0x98..=0x9C | 0x9E => 0x6981,
            0x8F..=0x9E => 0x6A82,
            _ => 0x6A86,
        };
        let mut rig = Rig::at_alpha();
        rig.expect(&[("00200098 04 31323334", 0x9000)]);
        // Here no EF is selected: VERIFY by short identifier has selected the PIN's, SELECT takes that back.
        rig.select(crate::common::ALPHA);
        assert_eq!(rig.send(&format!("008800{p2:02X} 01 C5 00")).1, expected, "P2 {p2:02X}");
    }
    for p1 in 1..=0xFF {
        Rig::at_alpha().expect(&[(&format!("0088{p1:02X}90 01 C5 00"), 0x6A86)]);
    }
}

#[test]
fn get_challenge_gives_exactly_le_bytes_in_every_application() {
    let mut rig = Rig::at_root();
    for _ in 0..2 {
        for le in 0..=255usize {
            let (data, sw) = rig.send(&format!("00840000 {le:02X}"));
            assert_eq!((data.len(), sw), (if le == 0 { 256 } else { le }, 0x9000));
        }
        rig.select(BETA);
    }
    let [first, second] = [(); 2].map(|()| rig.send("00840000 08").0);
    assert_ne!(first, second);
}

#[test]
fn get_challenge_takes_no_extended_le_no_p1_p2_and_no_data() {
    let mut rig = Rig::at_root();
    for le in ["000001", "000008", "000100", "000101", "000000"] {
        assert_eq!(rig.sw(&format!("00840000 {le}")), 0x6985, "Le {le}");
    }
    for p1_p2 in 1..=0xFFFF {
        assert_eq!(rig.sw(&format!("0084{p1_p2:04X} 08")), 0x6A86);
    }
    rig.expect(&[("00840000", 0x6700), ("00840000 01 00 08", 0x6700)]);
}
