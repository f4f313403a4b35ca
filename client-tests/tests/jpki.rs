//! The client `jpki` 0.4.3 (Rust, LGPL) over a reader in this process.
//!
//! It gives each command a buffer of Le bytes, status word included, and sends the command again when the answer did not
//! fit: every command goes to the card twice, VERIFY too.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)] // the whole file is tests

use std::rc::Rc;

use jpki::Card;
use jpki::ap::crypto::CertType;
use jpki::ap::{CryptoAp, SupportAp, SurfaceAp};
use jpki::card::Error;
use jpki::nfc;
use myna_card::Certificate;
use myna_card::data::{sha256, sha256_digest_info};
use vmyna_client_tests::{SoftwareCard, specimen};

/// The client with the JPKI application selected.
fn open(card: &SoftwareCard) -> CryptoAp<&SoftwareCard, ()> {
    let client = CryptoAp::open((), Rc::new(Card::new(Box::new(card)))).unwrap();
    card.take_commands();
    client
}

fn auth_pin() -> Vec<u8> {
    specimen().pins.auth.into()
}

fn sign_pin() -> Vec<u8> {
    specimen().pins.sign.into()
}

fn verifies(certificate: &[u8], text: &[u8], signature: &[u8]) -> bool {
    let key = Certificate::parse(certificate).unwrap().public_key().unwrap();
    key.verify_pkcs1_sha256(text, signature).is_ok()
}

#[test]
fn the_four_certificates_are_read_byte_for_byte() {
    let card = SoftwareCard::new();
    let client = open(&card);
    let specimen = specimen();
    for (kind, expected) in [
        (CertType::Auth, specimen.auth_certificate),
        (CertType::AuthCA, specimen.auth_ca_certificate),
        (CertType::Sign, specimen.sign_certificate),
        (CertType::SignCA, specimen.sign_ca_certificate),
    ] {
        assert_eq!(client.read_certificate((), kind, sign_pin()).unwrap(), expected);
    }
}

#[test]
fn both_keys_sign_a_digest_info_that_the_certificates_verify() {
    let card = SoftwareCard::new();
    let client = open(&card);
    let digest = sha256_digest_info(&sha256(b"text"));
    let by_auth = client.auth((), auth_pin(), digest.clone()).unwrap();
    let by_sign = client.sign((), sign_pin(), digest).unwrap();
    let specimen = specimen();
    assert!(verifies(specimen.auth_certificate, b"text", &by_auth));
    assert!(verifies(specimen.sign_certificate, b"text", &by_sign));
    assert!(!verifies(specimen.auth_certificate, b"text", &by_sign));
    assert!(!verifies(specimen.auth_certificate, b"other", &by_auth));
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

#[test]
fn an_application_that_the_card_does_not_have_is_reported_as_not_found() {
    let software = SoftwareCard::new();
    let card = Rc::new(Card::new(Box::new(&software)));
    let text = SupportAp::open((), Rc::clone(&card)).err().unwrap();
    let surface = SurfaceAp::open((), Rc::clone(&card)).err().unwrap();
    for error in [text, surface] {
        assert!(matches!(error, Error::Apdu(nfc::Error::FileNotFound)), "{error}");
    }
}
