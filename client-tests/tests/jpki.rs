//! The client `jpki` 0.4.3 (Rust, LGPL) over a reader in this process.
//!
//! It gives each command a buffer of Le bytes, status word included, and sends the command again when the answer did not
//! fit: every command goes to the card twice, VERIFY too.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)] // the whole file is tests

use std::rc::Rc;

use jpki::Card;
use jpki::ap::crypto::CertType;
use jpki::ap::support::Sex;
use jpki::ap::surface::Pin;
use jpki::ap::{CryptoAp, SupportAp, SurfaceAp};
use jpki::card::Error;
use jpki::nfc;
use myna_card::Certificate;
use myna_card::data::{sha256, sha256_digest_info};
use vmyna_client_tests::{PIN, SIGN_PIN, SoftwareCard, auth_certificate, sign_certificate, specimen};
use vmyna_testkit::clients::{Way, proves};

/// The client with the JPKI application selected.
fn open(card: &SoftwareCard) -> CryptoAp<&SoftwareCard, ()> {
    let client = CryptoAp::open((), Rc::new(Card::new(Box::new(card)))).unwrap();
    card.take_commands();
    client
}

fn auth_pin() -> Vec<u8> {
    PIN.into()
}

fn sign_pin() -> Vec<u8> {
    SIGN_PIN.into()
}

fn verifies(certificate: &[u8], text: &[u8], signature: &[u8]) -> bool {
    let key = Certificate::parse(certificate).unwrap().public_key().unwrap();
    key.verify_pkcs1_sha256(text, signature).is_ok()
}

#[test]
fn the_four_certificates_are_read_byte_for_byte() {
    let _proof = proves("jpki.certificates", Way::Software);
    let card = SoftwareCard::new();
    let client = open(&card);
    let specimen = specimen();
    for (kind, expected) in [
        (CertType::Auth, auth_certificate()),
        (CertType::AuthCA, &specimen.jpki.auth_ca_certificate),
        (CertType::Sign, sign_certificate()),
        (CertType::SignCA, &specimen.jpki.sign_ca_certificate),
    ] {
        assert_eq!(client.read_certificate((), kind, sign_pin()).unwrap(), expected);
    }
}

#[test]
fn both_keys_sign_a_digest_info_that_the_certificates_verify() {
    let _proof = proves("jpki.signs", Way::Software);
    let card = SoftwareCard::new();
    let client = open(&card);
    let digest = sha256_digest_info(&sha256(b"text"));
    let by_auth = client.auth((), auth_pin(), digest.clone()).unwrap();
    let by_sign = client.sign((), sign_pin(), digest).unwrap();
    assert!(verifies(auth_certificate(), b"text", &by_auth));
    assert!(verifies(sign_certificate(), b"text", &by_sign));
    assert!(!verifies(auth_certificate(), b"text", &by_sign));
    assert!(!verifies(auth_certificate(), b"other", &by_auth));
}

#[test]
fn the_status_of_a_pin_is_the_tries_left_before_and_after_it_was_right() {
    let card = SoftwareCard::new();
    let client = open(&card);
    let status = || (client.auth_pin_status(()).unwrap(), client.sign_pin_status(()).unwrap());
    assert_eq!(status(), (3, 5));
    client.auth((), auth_pin(), vec![1]).unwrap();
    client.sign((), sign_pin(), vec![1]).unwrap();
    assert_eq!(status(), (3, 5));
}

#[test]
fn a_query_sent_twice_takes_no_try() {
    let card = SoftwareCard::new();
    let client = open(&card);
    for _ in 0..5 {
        assert_eq!(client.auth_pin_status(()).unwrap(), 3);
    }
    let queries = card.take_commands().into_iter().filter(|command| command[1] == 0x20);
    assert_eq!(queries.collect::<Vec<_>>(), vec![vec![0x00, 0x20, 0x00, 0x80]; 10]);
}

#[test]
fn each_command_is_sent_twice_and_a_wrong_pin_costs_two_tries() {
    let _proof = proves("jpki.twice", Way::Software);
    let card = SoftwareCard::new();
    let client = open(&card);
    let error = client.auth((), b"0000".to_vec(), vec![1]).unwrap_err();
    assert!(matches!(error, Error::Apdu(nfc::Error::VerifyFailed(1))), "{error}");
    let sent = card.take_commands();
    assert_eq!(sent.len(), 4);
    assert!(sent[2] == sent[3] && sent[2][..4] == [0x00, 0x20, 0x00, 0x80]);
    assert_eq!(client.auth_pin_status(()).unwrap(), 1);
    client.auth((), auth_pin(), vec![1]).unwrap();
    assert_eq!(client.auth_pin_status(()).unwrap(), 3);
}

#[test]
fn without_tries_the_status_is_0_and_the_right_pin_is_refused() {
    let card = SoftwareCard::new();
    let client = open(&card);
    for _ in 0..2 {
        client.auth((), b"0000".to_vec(), vec![1]).unwrap_err();
    }
    assert_eq!(client.auth_pin_status(()).unwrap(), 0);
    let error = client.auth((), auth_pin(), vec![1]).unwrap_err();
    assert!(
        matches!(error, Error::Apdu(nfc::Error::ReferencedDataBlocked)),
        "{error}"
    );
    assert_eq!(client.sign_pin_status(()).unwrap(), 5);
}

#[test]
fn the_sign_certificate_is_not_read_with_a_wrong_pin() {
    let card = SoftwareCard::new();
    let client = open(&card);
    let error = client
        .read_certificate((), CertType::Sign, b"WRONG1".to_vec())
        .unwrap_err();
    assert!(matches!(error, Error::Apdu(nfc::Error::VerifyFailed(3))), "{error}");
}

/// The card as the client holds it, for its other two applications.
fn hold(software: &SoftwareCard) -> Rc<Card<&SoftwareCard, ()>> {
    Rc::new(Card::new(Box::new(software)))
}

const CODE_A: &[u8] = b"123456789018";
const CODE_B: &[u8] = b"01102520362026";

#[test]
fn the_number_and_the_four_attributes_are_read_as_text() {
    let _proof = proves("jpki.text", Way::Software);
    let software = SoftwareCard::new();
    let client = SupportAp::open((), hold(&software)).unwrap();
    let pin = || PIN.into();
    assert_eq!(client.pin_status(()).unwrap(), 3);
    assert_eq!(client.read_my_number_raw((), pin()).unwrap().len(), 17);
    assert_eq!(client.read_my_number((), pin()).unwrap().as_bytes(), CODE_A);
    let attributes = client.read_attributes((), pin()).unwrap();
    assert_eq!(attributes.name, "見本　花子");
    assert_eq!(attributes.address, "東京都千代田区見本町一丁目２番３号");
    assert_eq!(attributes.date_of_birth, "19891025");
    assert!(matches!(attributes.sex, Sex::Female), "{:?}", attributes.sex);
}

#[test]
fn the_text_is_not_read_with_a_wrong_pin() {
    let software = SoftwareCard::new();
    let client = SupportAp::open((), hold(&software)).unwrap();
    let error = client.read_my_number((), b"0000".to_vec()).unwrap_err();
    // It sends each command twice.
    assert!(matches!(error, Error::Apdu(nfc::Error::VerifyFailed(1))), "{error}");
}

#[test]
fn the_face_is_read_to_its_end_by_either_code_in_pieces_of_256() {
    let _proof = proves("jpki.face", Way::Software);
    for pin in [|| Pin::A(CODE_A.into()), || Pin::B(CODE_B.into())] {
        let software = SoftwareCard::new();
        let client = SurfaceAp::open((), hold(&software)).unwrap();
        let raw = client.read_surface_raw((), pin()).unwrap();
        let face = myna_card::ap::surface::CardFace::parse(&raw).unwrap();
        let read = client.read_surface((), pin()).unwrap();
        assert_eq!(read.date_of_birth, b"19891025");
        assert_eq!(read.sex, b"2");
        assert_eq!(read.expiry_date, b"20361025");
        let pictures = [
            (read.name, face.name_image),
            (read.address, face.address_image),
            (read.photo, face.photo),
            (read.code, face.security_code_image),
        ];
        for (read, expected) in pictures {
            assert_eq!(read, expected.data);
        }
        assert_eq!(read.signature, face.signature);
    }
}

#[test]
fn the_codes_have_ten_tries_each() {
    let software = SoftwareCard::new();
    let client = SurfaceAp::open((), hold(&software)).unwrap();
    assert_eq!(
        (client.pin_a_status(()).unwrap(), client.pin_b_status(()).unwrap()),
        (10, 10)
    );
    // The client's documentation has the date of birth with four digits of a Christian year; a card does not take that.
    let error = client
        .read_surface_raw((), Pin::B(b"1989102520362026".to_vec()))
        .unwrap_err();
    assert!(matches!(error, Error::Apdu(nfc::Error::VerifyFailed(8))), "{error}");
    assert_eq!(
        (client.pin_a_status(()).unwrap(), client.pin_b_status(()).unwrap()),
        (10, 8)
    );
}
