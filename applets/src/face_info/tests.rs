//! The application of the specimen's card, by APDUs. Values are written by hand.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rsa::Pkcs1v15Sign;
use sha2::{Digest, Sha256};
use vmyna_card_os::key::RustEngine;
use vmyna_card_os::tlv::Tlv;
use vmyna_card_os::{Card, Parts};

use super::*;
use crate::cv;
use crate::specimen;

const SELECT: &[u8] = &[
    0x00, 0xA4, 0x04, 0x0C, 10, 0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x02,
];
/// Reference data: short identifier, value.
type Value = (u8, &'static [u8]);
const BIRTH_DATE: Value = (0x11, b"011025");
const B: Value = (0x12, b"01102520362026");
const A: Value = (0x13, b"123456789018");

/// The card in a reader, the application selected.
struct Rig(Card);

impl Rig {
    fn new() -> Self {
        let mut card = Card::new(
            Parts::new(
                specimen::find("hanako").unwrap().unwrap().applications(),
                Profile::contact().atr,
                Box::new(ChaCha20Rng::seed_from_u64(1)),
            )
            .with_engine(Box::new(RustEngine)),
        )
        .unwrap();
        card.power_on();
        let mut rig = Self(card);
        assert_eq!(rig.send(SELECT), (vec![], 0x9000));
        rig
    }

    fn send(&mut self, command: &[u8]) -> (Vec<u8>, u16) {
        let mut response = Vec::new();
        self.0.transmit(command, &mut response).unwrap();
        let sw = response.split_off(response.len() - 2);
        (response, u16::from_be_bytes([sw[0], sw[1]]))
    }

    fn verify(&mut self, (sfi, value): Value) -> u16 {
        self.send(&[&[0x00, 0x20, 0x00, 0x80 | sfi, value.len() as u8], value].concat())
            .1
    }

    /// READ BINARY of a whole file, extended.
    fn read(&mut self, sfi: u8) -> (Vec<u8>, u16) {
        self.send(&[0x00, 0xB0, 0x80 | sfi, 0, 0, 0, 0])
    }
}

#[test]
fn each_file_opens_with_its_values_and_with_no_other() {
    const NO: u16 = 0x6982;
    const YES: u16 = 0x9000;
    // Verified values; then the status words of EF 0001 to 0006.
    let table: [(&[Value], [u16; 6]); 8] = [
        (&[], [NO, NO, YES, YES, NO, NO]),
        (&[BIRTH_DATE], [YES, NO, YES, YES, NO, NO]),
        (&[A], [NO, YES, YES, YES, YES, YES]),
        (&[B], [NO, YES, YES, YES, NO, YES]),
        (&[A, B], [NO, YES, YES, YES, YES, YES]),
        (&[BIRTH_DATE, A], [YES, YES, YES, YES, YES, YES]),
        (&[BIRTH_DATE, B], [YES, YES, YES, YES, NO, YES]),
        (&[BIRTH_DATE, A, B], [YES, YES, YES, YES, YES, YES]),
    ];
    for (values, expected) in table {
        let mut rig = Rig::new();
        for value in values {
            assert_eq!(rig.verify(*value), 0x9000);
        }
        let sw = [1, 2, 3, 4, 5, 6].map(|sfi| rig.read(sfi).1);
        assert_eq!(sw, expected, "{} values verified", values.len());
    }
}

#[test]
fn the_values_have_ten_tries_and_none_can_be_changed() {
    for value in [BIRTH_DATE, B, A] {
        let mut rig = Rig::new();
        let query = [0x00, 0x20, 0x00, 0x80 | value.0];
        assert_eq!(rig.send(&query).1, 0x63CA);
        assert_eq!(rig.verify((value.0, b"000000")), 0x63C9);
        assert_eq!(rig.verify(value), 0x9000);
        assert_eq!(rig.send(&query).1, 0x63CA);
        let header = [0x00, 0x24, 0x01, 0x80 | value.0, value.1.len() as u8];
        assert_eq!(rig.send(&[&header, value.1].concat()).1, 0x6982);
    }
}

/// What a terminal does: read the signed public key, have a challenge signed without any credential.
#[test]
fn the_key_signs_without_a_credential_what_the_signed_public_key_verifies() {
    let mut rig = Rig::new();
    let digest = Sha256::digest(b"challenge");
    let prefix = [
        0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04,
        0x20,
    ];
    let header = [0x80, 0x2A, 0x00, 0x00, 51];
    let (signature, sw) = rig.send(&[&header[..], &prefix, &digest, &[0]].concat());
    assert_eq!((signature.len(), sw), (256, 0x9000));

    assert_eq!(rig.verify(BIRTH_DATE), 0x9000);
    let (record, _) = rig.read(1);
    let objects = Tlv::read_all(Tlv::read_only(&record).unwrap().value).unwrap();
    let key = cv::decode_public_key(objects[1].value).unwrap();
    key.verify(Pkcs1v15Sign::new::<Sha256>(), &digest, &signature).unwrap();
}

#[test]
fn the_key_is_not_for_internal_authenticate_whatever_is_verified() {
    let mut rig = Rig::new();
    for value in [None, Some(A), Some(B), Some(BIRTH_DATE)] {
        assert!(value.is_none_or(|value| rig.verify(value) == 0x9000));
        assert_eq!(rig.send(&[0x00, 0x88, 0x00, 0x9A, 1, 0x55, 0]), (vec![], 0x6985));
    }
}

#[test]
fn a_session_key_finds_no_security_environment_whatever_is_verified() {
    let mut rig = Rig::new();
    let command = [&[0x80, 0xAE, 0x00, 0x00, 0x00, 0x01, 0x00][..], &[1; 256]].concat();
    for value in [None, Some(A), Some(B), Some(BIRTH_DATE)] {
        assert!(value.is_none_or(|value| rig.verify(value) == 0x9000));
        assert_eq!(rig.send(&command).1, 0x66F1);
    }
}

#[test]
fn the_unknown_file_is_sixteen_bytes_of_filler() {
    let mut rig = Rig::new();
    assert_eq!(rig.verify(B), 0x9000);
    assert_eq!(rig.read(6), (vec![0xFF; 16], 0x9000));
}

#[test]
fn neither_values_nor_the_photo_appear_in_debug_output() {
    let applications = specimen::find("hanako").unwrap().unwrap().applications();
    let shown = format!(
        "{:?}",
        applications.iter().find(|application| application.aid == AID).unwrap()
    );
    for secret in ["011025", "123456789018", "jp2", "106, 112"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}
