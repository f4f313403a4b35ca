//! Every built-in specimen as a card in a reader: what makes each of them worth having. Codes and dates are written by hand
//! from the person files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{
    AUTH, CARD_INFO, FACE_INFO, INPUT_ASSIST, ISD, JPKI, RESIDENCE_CODE, Rig, SIGN, der_object, hex, specimen,
};
use der::{Decode, Encode};
use rsa::pkcs8::DecodePublicKey;
use rsa::{Pkcs1v15Sign, RsaPublicKey};
use sha2::{Digest, Sha256};
use vmyna_card_os::key::default_engine;
use vmyna_card_os::tlv::Tlv;
use x509_cert::Certificate;

/// What the reference data of a specimen is: name, My Number (照合番号A), birth PIN, 照合番号B.
const CODES: [(&str, &str, &str, &str); 15] = [
    ("hanako", "123456789018", "011025", "01102520362026"),
    ("child", "900912345670", "300505", "30050520315248"),
    ("foreign", "900924691345", "040314", "04031420366225"),
    ("long", "900937037016", "500831", "50083120367202"),
    ("expired", "900949382681", "450102", "45010220258179"),
    ("blocked", "900961728356", "110909", "11090920369156"),
    ("meiji", "900974074029", "011023", "01102320360133"),
    ("taisho", "900986419692", "010730", "01073020361110"),
    ("showa", "900998765367", "011225", "01122520352087"),
    ("heisei", "901011111030", "010108", "01010820363064"),
    ("reiwa", "901023456700", "010501", "01050120314041"),
    ("leap", "901035802379", "120229", "12022920365018"),
    ("reference", "537686677188", "550217", "55021720352285"),
    ("no-pin", "901048148040", "160707", "16070720366171"),
    ("infant", "901060493712", "080520", "08052020317309"),
];

/// The holders under 15.
const CHILDREN: [&str; 3] = ["child", "reiwa", "infant"];
const BLOCKED: &str = "blocked";
/// The one without PINs, which has no certificate to sign either.
const NO_PIN: &str = "no-pin";

/// The specimens whose PINs can be verified.
fn with_pins() -> impl Iterator<Item = (&'static str, &'static str, &'static str, &'static str)> {
    CODES.into_iter().filter(|(name, ..)| ![BLOCKED, NO_PIN].contains(name))
}

/// The specimen's card under power, an application selected.
fn at(name: &str, aid: &str) -> Rig {
    let mut rig = Rig::of(&specimen(name).applications(), default_engine());
    rig.select(aid);
    rig
}

/// VERIFY by short identifier.
fn verify(sfi: u8, value: &str) -> String {
    format!("002000{:02X} {:02X} {}", 0x80 | sfi, value.len(), hex(value.as_bytes()))
}

/// A whole file by short identifier, extended.
fn file(rig: &mut Rig, sfi: u8) -> Vec<u8> {
    rig.data(&format!("00B0{:02X}00 000000", 0x80 | sfi))
}

/// The same in pieces of 256 bytes at most.
fn file_in_pieces(rig: &mut Rig, sfi: u8) -> Vec<u8> {
    let mut file = rig.data(&format!("00B0{:02X}00 00", 0x80 | sfi));
    loop {
        let (piece, sw) = rig.send(&format!("00B0{:04X} 00", file.len()));
        if sw == 0x6B00 {
            return file;
        }
        assert!(matches!(sw, 0x9000 | 0x6282), "{sw:04X}");
        let short = piece.len() < 256;
        file.extend(piece);
        if short {
            return file;
        }
    }
}

/// EF 0002 of the input-assist application.
fn attributes(name: &str) -> Vec<u8> {
    let mut rig = at(name, INPUT_ASSIST);
    rig.expect(&[(&verify(0x11, "1234"), 0x9000)]);
    file(&mut rig, 0x02)
}

/// EF 0002 of the face-info application.
fn face(name: &str) -> Vec<u8> {
    let (_, my_number, ..) = CODES.iter().find(|(of, ..)| *of == name).unwrap();
    let mut rig = at(name, FACE_INFO);
    rig.expect(&[(&verify(0x13, my_number), 0x9000)]);
    file(&mut rig, 0x02)
}

/// The value of an object directly below the file's only one.
fn value(file: &[u8], tag: u16) -> Vec<u8> {
    let objects = Tlv::read_all(Tlv::read_only(file).unwrap().value).unwrap();
    objects.iter().find(|object| object.tag == tag).unwrap().value.to_vec()
}

fn certificate(rig: &mut Rig, sfi: u8) -> Certificate {
    Certificate::from_der(der_object(&file(rig, sfi))).unwrap()
}

#[test]
fn every_specimen_is_in_the_table_and_makes_a_card_with_all_six_applications() {
    let mut names = CODES.map(|(name, ..)| name);
    names.sort_unstable();
    assert_eq!(vmyna_applets::specimen::names().unwrap(), names);
    for name in names {
        let mut rig = at(name, ISD);
        for aid in [JPKI, INPUT_ASSIST, FACE_INFO, RESIDENCE_CODE, CARD_INFO, ISD] {
            rig.select(aid);
        }
    }
}

#[test]
fn the_codes_of_every_specimen_are_right_through_verify_and_others_are_not() {
    for (name, my_number, birth, code_b) in CODES.into_iter().filter(|(name, ..)| *name != BLOCKED) {
        let pins = [
            (FACE_INFO, 0x11, birth),
            (FACE_INFO, 0x12, code_b),
            (FACE_INFO, 0x13, my_number),
            (INPUT_ASSIST, 0x14, my_number),
            (INPUT_ASSIST, 0x15, code_b),
        ];
        for (aid, sfi, value) in pins {
            let wrong = value.replace(|digit: char| digit.is_ascii_digit(), "9");
            at(name, aid).expect(&[
                (&verify(sfi, &wrong), 0x63C9),
                (&verify(sfi, value), 0x9000),
                (&format!("002000{:02X}", 0x80 | sfi), 0x63CA),
            ]);
        }
    }
}

#[test]
fn the_holders_pins_are_1234_and_abc123() {
    for (name, ..) in with_pins() {
        at(name, JPKI).expect(&[(AUTH, 0x9000), (SIGN, 0x9000)]);
        at(name, INPUT_ASSIST).expect(&[(&verify(0x11, "1234"), 0x9000)]);
        at(name, RESIDENCE_CODE).expect(&[(&verify(0x1C, "1234"), 0x9000)]);
        at(name, CARD_INFO).expect(&[(&verify(0x1C, "1234"), 0x9000)]);
    }
}

#[test]
fn every_specimen_logs_in_and_signs_with_the_keys_of_its_certificates() {
    let digest = Sha256::digest(b"message");
    let digest_info = format!("3031300D060960864801650304020105000420{}", hex(&digest));
    for (name, ..) in with_pins() {
        let mut rig = at(name, JPKI);
        rig.expect(&[(AUTH, 0x9000), (SIGN, 0x9000)]);
        let keys: &[(u8, u8)] = match CHILDREN.contains(&name) {
            true => &[(0x17, 0x0A)],
            false => &[(0x17, 0x0A), (0x1A, 0x01)],
        };
        for (key, own) in keys {
            let public = certificate(&mut rig, *own).tbs_certificate.subject_public_key_info;
            let public = RsaPublicKey::from_public_key_der(&public.to_der().unwrap()).unwrap();
            let signature = rig.data(&format!("802A00{:02X} 33 {digest_info} 00", 0x80 | key));
            let valid = public.verify(Pkcs1v15Sign::new::<Sha256>(), &digest, &signature);
            assert!(valid.is_ok(), "{name} EF {key:04X}");
        }
    }
}

#[test]
fn every_specimens_texts_are_the_holders() {
    for (name, my_number, ..) in with_pins() {
        let (person, file_0002) = (specimen(name).summary.person, attributes(name));
        assert_eq!(value(&file_0002, 0xDF22), person.name.as_bytes(), "{name}");
        assert_eq!(value(&file_0002, 0xDF23), person.address.as_bytes(), "{name}");
        assert_eq!(value(&file_0002, 0xDF24), person.birth.digits().as_bytes(), "{name}");
        assert_eq!(value(&file_0002, 0xDF25), [person.sex.iso5218_digit()], "{name}");
        let mut rig = at(name, INPUT_ASSIST);
        rig.expect(&[(&verify(0x11, "1234"), 0x9000)]);
        let number = format!("FF100C{}FFFF", hex(my_number.as_bytes()));
        assert_eq!(hex(&file(&mut rig, 0x01)), number, "{name}");
    }
}

#[test]
fn the_offset_tables_of_every_specimen_say_where_its_objects_are() {
    for (name, ..) in with_pins() {
        for file in [attributes(name), face(name)] {
            let outer = Tlv::read_only(&file).unwrap();
            let (table, mut rest) = Tlv::read(outer.value).unwrap();
            assert_eq!(table.tag, 0xDF21);
            let offsets = table
                .value
                .chunks(2)
                .map(|two| usize::from(u16::from_be_bytes([two[0], two[1]])));
            let mut walked = Vec::new();
            while !rest.is_empty() {
                walked.push(file.len() - rest.len());
                rest = Tlv::read(rest).unwrap().1;
            }
            assert_eq!(offsets.collect::<Vec<_>>(), walked, "{name}");
        }
    }
}

#[test]
fn holders_under_15_have_no_certificate_to_sign_and_all_others_both() {
    for (name, ..) in CODES {
        let child = CHILDREN.contains(&name) || name == NO_PIN;
        let mut rig = at(name, JPKI);
        assert_eq!(
            hex(&file(&mut rig, 0x08)),
            if child { "008F00" } else { "8F8F00" },
            "{name}"
        );
        let there = if child { 0x6A82 } else { 0x9000 };
        rig.expect(&[
            ("00A4020C 02 0001", there),
            ("00A4020C 02 001A", there),
            ("00A4020C 02 000A", 0x9000),
            ("00A4020C 02 0017", 0x9000),
            ("00A4020C 02 0002", 0x9000),
            ("00A4020C 02 001B", 0x9000),
        ]);
        if child && name != NO_PIN {
            rig.expect(&[(SIGN, 0x9000), ("00B08100 00", 0x6A82), ("802A009A 01 5A 00", 0x6A82)]);
        }
    }
}

#[test]
fn every_pin_of_the_blocked_card_has_no_try_left_and_refuses_its_right_value() {
    let (_, my_number, birth, code_b) = CODES.into_iter().find(|(name, ..)| *name == BLOCKED).unwrap();
    let pins = [
        (JPKI, 0x18, "1234"),
        (JPKI, 0x1B, "ABC123"),
        (INPUT_ASSIST, 0x11, "1234"),
        (INPUT_ASSIST, 0x14, my_number),
        (INPUT_ASSIST, 0x15, code_b),
        (FACE_INFO, 0x11, birth),
        (FACE_INFO, 0x12, code_b),
        (FACE_INFO, 0x13, my_number),
        (RESIDENCE_CODE, 0x1C, "1234"),
        (CARD_INFO, 0x1C, "1234"),
    ];
    for (aid, sfi, value) in pins {
        let query = format!("002000{:02X}", 0x80 | sfi);
        at(BLOCKED, aid).expect(&[
            (&query, 0x63C0),
            (&verify(sfi, value), 0x6984),
            (&verify(sfi, "0000"), 0x6984),
            (&query, 0x63C0),
        ]);
    }
    at(BLOCKED, JPKI).expect(&[
        ("00B08100 00", 0x6982),
        ("802A0097 01 5A 00", 0x6982),
        ("802A009A 01 5A 00", 0x6982),
        ("00240198 04 35363738", 0x6982),
        ("00B08A00 04", 0x9000),
    ]);
    at(BLOCKED, INPUT_ASSIST).expect(&[("00B08100 00", 0x6982), ("00B08200 00", 0x6982)]);
    at(BLOCKED, FACE_INFO).expect(&[("00B08100 00", 0x6982), ("00B08200 00", 0x6982)]);
}

/// The values that the town hall would have set, and others: no value opens what was never set.
#[test]
fn no_pin_of_the_card_without_pins_is_set_and_its_certificate_and_printed_codes_are_there() {
    for (aid, sfi, value) in [
        (JPKI, 0x18, "1234"),
        (JPKI, 0x1B, "ABC123"),
        (INPUT_ASSIST, 0x11, "1234"),
        (RESIDENCE_CODE, 0x1C, "1234"),
        (CARD_INFO, 0x1C, "1234"),
    ] {
        let query = format!("002000{:02X}", 0x80 | sfi);
        at(NO_PIN, aid).expect(&[(&query, 0x63C0), (&verify(sfi, value), 0x6984), (&query, 0x63C0)]);
    }
    let mut rig = at(NO_PIN, JPKI);
    rig.expect(&[
        ("802A0097 01 5A 00", 0x6982),
        ("00A4020C 02 001A", 0x6A82),
        ("00A4020C 02 0001", 0x6A82),
    ]);
    certificate(&mut rig, 0x0A);
    let (_, my_number, birth, _) = CODES.into_iter().find(|(name, ..)| *name == NO_PIN).unwrap();
    at(NO_PIN, INPUT_ASSIST).expect(&[(&verify(0x14, my_number), 0x9000), ("00B08100 00", 0x9000)]);
    at(NO_PIN, FACE_INFO).expect(&[(&verify(0x11, birth), 0x9000), ("00B08100 000000", 0x9000)]);
}

#[test]
fn the_card_of_an_infant_has_no_photo_and_every_other_has_one() {
    for (name, ..) in CODES.into_iter().filter(|(name, ..)| *name != BLOCKED) {
        assert_eq!(value(&face(name), 0xDF27).is_empty(), name == "infant", "{name}");
        assert_eq!(specimen(name).summary.without_photo, name == "infant", "{name}");
    }
    assert_eq!(specimen("infant").summary.expiry.to_string(), "2031-05-20");
}

#[test]
fn no_other_card_has_lost_a_try() {
    for (name, ..) in with_pins() {
        at(name, JPKI).expect(&[("00200098", 0x63C3), ("0020009B", 0x63C5)]);
        at(name, INPUT_ASSIST).expect(&[("00200091", 0x63C3), ("00200094", 0x63CA), ("00200095", 0x63CA)]);
        at(name, FACE_INFO).expect(&[("00200091", 0x63CA), ("00200092", 0x63CA), ("00200093", 0x63CA)]);
        at(name, RESIDENCE_CODE).expect(&[("0020009C", 0x63C3)]);
        at(name, CARD_INFO).expect(&[("0020009C", 0x63C3)]);
    }
}

#[test]
fn the_expired_card_and_its_certificates_have_ended_and_the_card_answers_all_the_same() {
    assert_eq!(hex(&at("expired", ISD).data("00CA00F2 00")), hex(b"20250102"));
    let record = at("expired", CARD_INFO).data("00B2010C 00");
    assert!(record.ends_with(b"20250102"), "{record:?}");
    assert_eq!(value(&face("expired"), 0xDF29), b"20250102");
    let mut rig = at("expired", JPKI);
    rig.expect(&[(AUTH, 0x9000), (SIGN, 0x9000)]);
    for sfi in [0x01, 0x0A] {
        let end = certificate(&mut rig, sfi)
            .tbs_certificate
            .validity
            .not_after
            .to_date_time();
        // The fifth birthday after issue, in Japan.
        assert_eq!(end.to_string(), "2020-01-02T14:59:59Z", "EF {sfi:04X}");
    }
    rig.expect(&[("802A0097 01 5A 00", 0x9000), ("802A009A 01 5A 00", 0x9000)]);
}

#[test]
fn the_first_day_of_every_era_is_a_birth_date_in_its_first_year() {
    // Digit of the era in the certificate (subjectAltName), first day.
    for (name, era, day) in [
        ("meiji", '1', "18681023"),
        ("taisho", '2', "19120730"),
        ("showa", '3', "19261225"),
        ("heisei", '4', "19890108"),
    ] {
        assert_eq!(value(&attributes(name), 0xDF24), day.as_bytes(), "{name}");
        let mut rig = at(name, JPKI);
        rig.expect(&[(SIGN, 0x9000)]);
        let der = file(&mut rig, 0x01);
        let birth = format!("{era}{day}");
        let found = der.windows(birth.len()).any(|bytes| bytes == birth.as_bytes());
        assert!(found, "{name}: no {birth} in the certificate");
    }
    // Too young for such a certificate.
    assert_eq!(value(&attributes("reiwa"), 0xDF24), b"20190501");
    assert_eq!(value(&face("reiwa"), 0xDF22), b"20190501");
}

#[test]
fn who_was_born_on_29_february_has_that_birthday_and_a_card_to_the_last_day_of_february() {
    assert_eq!(value(&attributes("leap"), 0xDF24), b"20000229");
    assert_eq!(hex(&at("leap", ISD).data("00CA00F2 00")), hex(b"20360229"));
    let mut rig = at("leap", JPKI);
    let end = certificate(&mut rig, 0x0A)
        .tbs_certificate
        .validity
        .not_after
        .to_date_time();
    // The fifth birthday after 1 November 2026: 2031 has no 29 February.
    assert_eq!(end.to_string(), "2031-02-28T14:59:59Z");
}

#[test]
fn a_long_name_and_address_make_a_file_of_more_than_256_bytes_with_lengths_in_two() {
    let whole = attributes("long");
    assert!(whole.len() > 256, "{}", whole.len());
    assert_eq!(whole[..3], [0xFF, 0x20, 0x82]);
    assert_eq!(usize::from(u16::from_be_bytes([whole[3], whole[4]])), whole.len() - 5);
    let address = value(&whole, 0xDF23);
    let header = [&[0xDF, 0x23, 0x82][..], &(address.len() as u16).to_be_bytes()].concat();
    assert!(address.len() > 127 && whole.windows(5).any(|bytes| bytes == header));
    // The table follows: the name begins behind `FF20 82 hh ll` and the table, not where it does on a short card.
    let table = |name| value(&attributes(name), 0xDF21);
    assert_eq!(table("long")[..2], [0x00, 0x10]);
    assert_eq!(table("hanako")[..2], [0x00, 0x0E]);

    let mut rig = at("long", INPUT_ASSIST);
    rig.expect(&[(&verify(0x11, "1234"), 0x9000)]);
    assert_eq!(file_in_pieces(&mut rig, 0x02), whole);
    assert!(
        !specimen("long").summary.remarks.is_empty(),
        "the pictures' texts don't fit"
    );
}

#[test]
fn a_foreign_residents_name_is_in_latin_letters_everywhere() {
    let name = "SPECIMEN　JOHN　PAUL".as_bytes();
    assert_eq!(value(&attributes("foreign"), 0xDF22), name);
    let mut rig = at("foreign", JPKI);
    rig.expect(&[(SIGN, 0x9000)]);
    let der = file(&mut rig, 0x01);
    assert!(
        der.windows(name.len()).any(|bytes| bytes == name),
        "not in the certificate"
    );
}
