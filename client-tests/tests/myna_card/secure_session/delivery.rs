//! SET SESSION KEY: what the card takes as the delivery of a key, and which applications take none.

use myna_card::ap::common::CommonAp;
use myna_card::ap::jpki::JpkiAp;
use myna_card::ap::juki::JukiAp;
use myna_card::ap::surface::SurfaceAp;
use myna_card::ap::text::TextAp;
use myna_card::{Card, Command, SecureSession};
use vmyna_client_tests::{SoftwareCard, specimen};

use super::super::{
    auth_pin, birth_pin, card, code_a, code_b, public_half_of, refused, residence_pin, sign_pin, status_of, text_pin,
};
use super::{SEED, delivery_key};

/// SET SESSION KEY with this message encrypted.
fn deliver(card: &mut Card<SoftwareCard>, message: &[u8]) -> u16 {
    let encrypted = delivery_key().encrypt_oaep_sha256(message).unwrap();
    status_of(card, &Command::with_data(0x80, 0xAE, 0x00, 0x00, encrypted))
}

#[test]
fn only_the_form_with_one_key_to_encrypt_is_taken() {
    let mut card = card();
    let mut text = TextAp::select(&mut card).unwrap();
    text.verify_pin(&text_pin()).unwrap();
    let key = |tag: u8| [&[tag, 0x20][..], &SEED].concat();
    let delivery = |keys: &[Vec<u8>]| {
        let keys = keys.concat();
        [&[0xA0, keys.len() as u8][..], &keys].concat()
    };
    // A key for checksums, alone and with the other.
    for wrong in [
        delivery(&[key(0x81)]),
        delivery(&[key(0x80), key(0x81)]),
        delivery(&[]),
        delivery(&[[&[0x80, 0x10][..], &SEED[..16]].concat()]),
        key(0x80),
        vec![],
    ] {
        assert_eq!(deliver(text.card(), &wrong), 0x6A80, "{wrong:02X?}");
    }
    assert_eq!(deliver(text.card(), &delivery(&[key(0x80)])), 0x9000);
}

#[test]
fn a_delivery_under_another_key_or_not_below_the_modulus_is_refused_as_measured() {
    let mut card = card();
    let mut text = TextAp::select(&mut card).unwrap();
    let other = public_half_of(&specimen().input_assist.as_ref().unwrap().authentication_key);
    // The condition comes before the delivery is looked at.
    assert_eq!(refused(SecureSession::establish(text.card(), &other, &SEED)), 0x6982);
    text.verify_pin(&text_pin()).unwrap();
    let too_large = Command::with_data(0x80, 0xAE, 0x00, 0x00, [0xFF; 256]);
    assert_eq!(status_of(text.card(), &too_large), 0x6F00);
    let modulus = Command::with_data(0x80, 0xAE, 0x00, 0x00, delivery_key().modulus);
    assert_eq!(status_of(text.card(), &modulus), 0x6F00);
    let mut below = delivery_key().modulus;
    *below.last_mut().unwrap() -= 1;
    let below = Command::with_data(0x80, 0xAE, 0x00, 0x00, below);
    assert_eq!(status_of(text.card(), &below), 0x6A80);
    // Under another key the number may by chance be above the modulus.
    let under_other = refused(SecureSession::establish(text.card(), &other, &SEED));
    assert!(matches!(under_other, 0x6A80 | 0x6F00), "{under_other:04X}");
    text.open_secure_session(&SEED).unwrap();
}

/// The client's table: why each of the others refuses, with every credential of the holder.
#[test]
fn the_other_applications_refuse_as_measured() {
    let mut card = card();
    let establish =
        |card: &mut Card<SoftwareCard>| refused(SecureSession::establish(card, &delivery_key(), &SEED).map(|_| ()));
    let mut common = CommonAp::select(&mut card).unwrap();
    assert_eq!(establish(common.card()), 0x66F1);
    common.verify_pin(&residence_pin()).unwrap();
    assert_eq!(establish(common.card()), 0x66F1);
    let mut surface = SurfaceAp::select(&mut card).unwrap();
    assert_eq!(establish(surface.card()), 0x66F1);
    surface.verify_code_a(&code_a()).unwrap();
    surface.verify_code_b(&code_b()).unwrap();
    surface.verify_birth_date(&birth_pin()).unwrap();
    assert_eq!(establish(surface.card()), 0x66F1);
    let mut juki = JukiAp::select(&mut card).unwrap();
    assert_eq!(establish(juki.card()), 0x6982);
    juki.verify_pin(&residence_pin()).unwrap();
    assert_eq!(establish(juki.card()), 0x6982);
    let mut jpki = JpkiAp::select(&mut card).unwrap();
    assert_eq!(establish(jpki.card()), 0x6982);
    jpki.verify_auth_pin(&auth_pin()).unwrap();
    jpki.verify_sign_pin(&sign_pin()).unwrap();
    assert_eq!(establish(jpki.card()), 0x6982);
}
