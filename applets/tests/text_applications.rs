//! 券面事項入力補助AP, 住基AP and 共通カードAP on the specimen card of 見本花子, a fictional person: what clients meet there
//! beyond the access rules, against what is published about real cards.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{CARD_INFO, INPUT_ASSIST, RESIDENCE_CODE, Rig, hex, specimen};
use rsa::pkcs8::DecodePrivateKey;
use rsa::{Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey};
use sha2::{Digest, Sha256};
use vmyna_applets::cv::{self, CvCertificate};
use vmyna_card_os::tlv::Tlv;

/// VERIFY of the specimen's reference data by short identifier.
const PIN: &str = "00200091 04 31323334";
const CODE_A: &str = "00200094 0C 313233343536373839303138";
const CODE_B: &str = "00200095 0E 3031313032353230333632303236";
const RESIDENCE_PIN: &str = "0020009C 04 31323334";

fn at(aid: &str) -> Rig {
    let mut rig = Rig::hanako();
    rig.select(aid);
    rig
}

/// A whole file by short identifier, as jsapdu reads it.
fn file(rig: &mut Rig, sfi: u8) -> Vec<u8> {
    rig.data(&format!("00B0{:02X}00 000000", 0x80 + sfi))
}

fn verifies(key: &RsaPublicKey, message: &[u8], signature: &[u8]) -> bool {
    key.verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message), signature)
        .is_ok()
}

/// The public key that EF 0007 of the input-assist application shows.
fn shown_key(rig: &mut Rig) -> RsaPublicKey {
    let signed = file(rig, 0x07);
    let outer = Tlv::read_only(&signed).unwrap();
    cv::decode_public_key(Tlv::read(outer.value).unwrap().0.value).unwrap()
}

#[test]
fn every_file_of_input_assist_has_its_size_and_content() {
    let mut rig = at(INPUT_ASSIST);
    rig.expect(&[(PIN, 0x9000)]);
    let data = specimen("hanako").input_assist.unwrap().data;
    let filler = vec![0xFF; 16].into();
    let issued = data.files().into_iter().chain([(0x0008, &filler)]);
    // Hanako's address is one character shorter than the test card's holder's: 101 bytes for 104.
    let sizes = [17, 101, 336, 568, 164, 269, 536, 16];
    for ((id, content), size) in issued.zip(sizes) {
        let read = file(&mut rig, id as u8);
        assert_eq!(read.len(), size, "EF {id:04X}");
        assert_eq!(read, content.as_bytes(), "EF {id:04X}");
    }
    assert_eq!(
        hex(&file(&mut rig, 0x01)),
        format!("FF100C{}FFFF", hex(b"123456789018"))
    );
}

#[test]
fn code_a_is_the_my_number_and_code_b_what_the_face_shows() {
    at(INPUT_ASSIST).expect(&[
        (CODE_A, 0x9000),
        ("00B0810000", 0x9000),
        ("00B0820000", 0x6982),
        (CODE_B, 0x9000),
        ("00B0820000", 0x9000),
    ]);
}

#[test]
fn the_card_proves_its_presence_without_a_credential_by_the_key_that_the_municipality_signed() {
    let mut rig = at(INPUT_ASSIST);
    let challenge = b"a challenge of the host";
    let digest_info = format!(
        "3031300D060960864801650304020105000420{}",
        hex(&Sha256::digest(challenge))
    );
    // The application's default key, and the same by its short identifier.
    let default = rig.data(&format!("802A0000 33 {digest_info} 00"));
    let named = rig.data(&format!("802A0093 33 {digest_info} 00"));
    assert_eq!(default, named);

    let certificate = CvCertificate::from_file(&file(&mut rig, 0x04)).unwrap();
    rig.expect(&[(PIN, 0x9000)]);
    let own = shown_key(&mut rig);
    assert!(verifies(&own, challenge, &default));
    assert!(!verifies(&own, b"another challenge", &default));

    let signed = file(&mut rig, 0x07);
    let [key, signature] = Tlv::read_all(Tlv::read_only(&signed).unwrap().value).unwrap()[..] else {
        panic!("EF 0007 holds a key and a signature");
    };
    let mut signed_bytes = Vec::new();
    key.write(&mut signed_bytes).unwrap();
    assert!(verifies(
        &certificate.public_key().unwrap(),
        &signed_bytes,
        signature.value
    ));
}

#[test]
fn the_presence_key_is_not_for_internal_authenticate_whatever_is_verified() {
    let mut rig = at(INPUT_ASSIST);
    let command = "00880093 08 0102030405060708 00";
    for verified in ["00200091", PIN, CODE_A, CODE_B] {
        rig.sw(verified);
        rig.expect(&[(command, 0x6985)]);
    }
}

#[test]
fn the_key_0012_is_blocked_from_the_beginning_and_stays_so() {
    let mut rig = at(INPUT_ASSIST);
    let attempts = [
        "00200092 04 31323334",
        "00200092 10 FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
        "00200092 01 00",
    ];
    for attempt in attempts {
        rig.expect(&[("00200092", 0x63C0), (attempt, 0x6984), ("00200092", 0x63C0)]);
    }
}

#[test]
fn every_pin_of_the_three_applications_has_its_own_tries() {
    let table = [
        (INPUT_ASSIST, 0x11, 3),
        (INPUT_ASSIST, 0x14, 10),
        (INPUT_ASSIST, 0x15, 10),
        (RESIDENCE_CODE, 0x1C, 3),
        (CARD_INFO, 0x1C, 3),
    ];
    let mut rig = Rig::hanako();
    for (aid, sfi, tries) in table {
        rig.select(aid);
        let query = format!("002000{:02X}", 0x80 + sfi);
        let wrong = format!("{query} 04 39393939");
        assert_eq!(rig.sw(&query), 0x63C0 + tries, "{aid} {sfi:02X}");
        assert_eq!(rig.sw(&wrong), 0x63C0 + tries - 1, "{aid} {sfi:02X}");
    }
    // Each cost its own counter one try, although two of them share an identifier.
    for (aid, sfi, tries) in table {
        rig.select(aid);
        assert_eq!(rig.sw(&format!("002000{:02X}", 0x80 + sfi)), 0x63C0 + tries - 1);
    }
}

#[test]
fn the_common_record_is_read_without_a_credential_as_clients_read_it() {
    let record = hex(b"\x01\x1C9999000000000011310120361025");
    let mut rig = at(CARD_INFO);
    // jpki/myna; sc-tools-myna after SELECT; by short identifier to the last record.
    assert_eq!(hex(&rig.data("00B2010C00")), record);
    rig.expect(&[("00A4020C020001", 0x9000)]);
    assert_eq!(hex(&rig.data("00B2010500")), record);
    assert_eq!(hex(&rig.data("00B2010D00")), record);
    rig.expect(&[("00B2020C00", 0x6A83), ("00B0810000", 0x6981)]);
}

#[test]
fn the_key_reference_is_the_same_record_in_both_applications() {
    let one = at(CARD_INFO).data("00B2011400");
    let other = at(RESIDENCE_CODE).data("00B2011400");
    assert_eq!(one.len(), 18);
    assert_eq!(one, other);
}

#[test]
fn the_common_key_answers_internal_authenticate_without_a_credential_and_always_alike() {
    let key = specimen("hanako").card_info.unwrap().authentication_key;
    let key = RsaPrivateKey::from_pkcs8_der(key.as_pkcs8_der())
        .unwrap()
        .to_public_key();
    let mut rig = at(CARD_INFO);
    for length in [1, 32, 255] {
        let challenge = vec![0xA5; length];
        let command = format!("00880099 {length:02X} {} 00", hex(&challenge));
        let signature = rig.data(&command);
        assert!(verifies(&key, &challenge, &signature), "{length} bytes");
        assert_eq!(rig.data(&command), signature, "{length} bytes");
    }
}

#[test]
fn change_key_takes_a_new_pin_after_verify_in_one_application_only() {
    for (aid, other) in [(CARD_INFO, RESIDENCE_CODE), (RESIDENCE_CODE, CARD_INFO)] {
        let mut rig = at(aid);
        rig.expect(&[
            ("00A4020C02001C", 0x9000),
            ("80320080 04 35363738", 0x6982),
            ("00200080 04 31323334", 0x9000),
            ("80320080 04 35363738", 0x9000),
            ("00240180 04 31323334", 0x6982),
            ("00200080 04 31323334", 0x63C2),
            ("00200080 04 35363738", 0x9000),
        ]);
        rig.select(other);
        rig.expect(&[(RESIDENCE_PIN, 0x9000)]);
    }
}

#[test]
fn the_residence_code_is_text_behind_the_pin() {
    let mut rig = at(RESIDENCE_CODE);
    rig.expect(&[
        ("00A4020C020021", 0x9000),
        ("00B2010400", 0x6982),
        (RESIDENCE_PIN, 0x9000),
        ("00A4020C020021", 0x9000),
    ]);
    assert_eq!(rig.data("00B2010400"), b"\x01\x0B12345678903");
}

#[test]
fn no_file_with_a_short_identifier_is_there_that_nobody_saw_on_a_card() {
    let table: [(&str, &[u8]); 3] = [
        (
            INPUT_ASSIST,
            &[
                0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x11, 0x12, 0x13, 0x14, 0x15, 0x1E,
            ],
        ),
        (RESIDENCE_CODE, &[0x02, 0x1C]),
        (CARD_INFO, &[0x01, 0x02, 0x19, 0x1C]),
    ];
    for (aid, there) in table {
        let mut rig = at(aid);
        for sfi in 1..=30 {
            let expected = if there.contains(&sfi) { 0x9000 } else { 0x6A82 };
            assert_eq!(
                rig.sw(&format!("00A4020C0200{sfi:02X}")),
                expected,
                "{aid} EF {sfi:04X}"
            );
        }
    }
}

#[test]
fn a_session_key_is_refused_by_the_common_and_the_residence_application_each_in_its_way() {
    let command = format!("80AE0000 000100 {}", "00".repeat(256));
    for (aid, sw) in [(CARD_INFO, 0x66F1), (RESIDENCE_CODE, 0x6982)] {
        let mut rig = at(aid);
        rig.expect(&[(&command, sw), (RESIDENCE_PIN, 0x9000), (&command, sw)]);
    }
}
