//! The client `myna` 0.3.0 (Rust, Apache) over a reader in this process.
//!
//! Of the digital signature key it only knows the PIN's counter: its other functions for that key are not written.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)] // the whole file is tests

use myna::card::{Apdu, KeyType};
use myna::crypto::{extract_pubkey, verify, verify_cert};
use myna::error::{ApduError, CryptoError};
use myna_card::data::{sha256, sha256_digest_info};
use vmyna_client_tests::{PIN, SoftwareCard, auth_certificate, specimen};
use vmyna_testkit::clients::{Way, proves};

const AUTH: KeyType = KeyType::UserAuth;

fn pin() -> &'static str {
    PIN
}

#[test]
fn it_is_a_my_number_card() {
    assert!(SoftwareCard::new().is_mynumber_card().unwrap());
}

/// The client selects the private key's file before the certificate's.
#[test]
fn the_auth_certificate_is_read_byte_for_byte() {
    let _proof = proves("myna.reads", Way::Software);
    let card = SoftwareCard::new();
    assert_eq!(card.get_cert(AUTH).unwrap(), auth_certificate());
    let files = card.take_commands().into_iter().filter(|command| command[1] == 0xA4);
    let files: Vec<_> = files.map(|command| command[command.len() - 1]).collect();
    assert_eq!(files, [0x01, 0x17, 0x0A]);
}

#[test]
fn every_file_that_is_free_is_read_to_its_end_in_chunks_of_255() {
    let specimen = specimen();
    for (file, expected) in [
        ([0, 0x0A], auth_certificate()),
        ([0, 0x0B], &specimen.jpki.auth_ca_certificate),
        ([0, 0x02], &specimen.jpki.sign_ca_certificate),
    ] {
        let card = SoftwareCard::new();
        card.select_jpki_ap().unwrap();
        card.select_ef(&file).unwrap();
        assert_eq!(card.read_cert().unwrap(), expected);
    }
}

#[test]
fn the_auth_certificate_is_signed_by_its_authority_and_not_by_the_other() {
    let specimen = specimen();
    let certificate = SoftwareCard::new().get_cert(AUTH).unwrap();
    verify_cert(&certificate, &specimen.jpki.auth_ca_certificate).unwrap();
    let by_other = verify_cert(&certificate, &specimen.jpki.sign_ca_certificate);
    assert!(matches!(by_other, Err(CryptoError::VerificationError)), "{by_other:?}");
    let by_itself = verify_cert(&certificate, &certificate);
    assert!(matches!(by_itself, Err(CryptoError::NoCAError)), "{by_itself:?}");
}

#[test]
fn the_auth_key_signs_what_its_certificate_verifies() {
    let _proof = proves("myna.signs", Way::Software);
    let card = SoftwareCard::new();
    let hash = sha256(b"text");
    let signature = card.compute_sig(pin(), &sha256_digest_info(&hash), AUTH).unwrap();
    let key = || extract_pubkey(&card.get_cert(AUTH).unwrap()).unwrap();
    verify(key(), &hash, &signature).unwrap();
    assert!(verify(key(), &sha256(b"other"), &signature).is_err());
}

#[test]
fn the_retry_counters_are_3_and_5_and_a_query_takes_none() {
    let card = SoftwareCard::new();
    for _ in 0..5 {
        assert_eq!(card.get_retry_counter(AUTH).unwrap(), 3);
        assert_eq!(card.get_retry_counter(KeyType::DigitalSign).unwrap(), 5);
    }
}

#[test]
fn a_wrong_pin_costs_a_try_and_the_right_one_gives_them_back() {
    let card = SoftwareCard::new();
    for left in [2, 1] {
        let error = card.compute_sig("0000", &[1], AUTH).unwrap_err();
        assert!(matches!(error, ApduError::PinIncorrect(n) if n == left), "{error:?}");
        assert_eq!(card.get_retry_counter(AUTH).unwrap(), left);
    }
    card.compute_sig(pin(), &[1], AUTH).unwrap();
    assert_eq!(card.get_retry_counter(AUTH).unwrap(), 3);
}

#[test]
fn without_tries_the_counter_is_0_and_the_right_pin_is_refused_with_6984() {
    let card = SoftwareCard::new();
    for _ in 0..3 {
        card.compute_sig("0000", &[1], AUTH).unwrap_err();
    }
    let error = card.compute_sig(pin(), &[1], AUTH).unwrap_err();
    assert!(matches!(error, ApduError::Command(0x69, 0x84)), "{error:?}");
    assert_eq!(card.get_retry_counter(AUTH).unwrap(), 0);
}

#[test]
fn get_challenge_gives_as_many_bytes_as_are_asked_for_and_256_for_0() {
    let card = SoftwareCard::new();
    for size in 0..=255 {
        let expected = if size == 0 { 256 } else { usize::from(size) };
        assert_eq!(card.get_challenge(size).unwrap().len(), expected);
    }
}
