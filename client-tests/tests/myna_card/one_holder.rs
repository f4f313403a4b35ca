//! All applications of the card speak of one card and one person.

use myna_card::MasterFile;
use myna_card::ap::common::CommonAp;
use myna_card::ap::jpki::JpkiAp;
use myna_card::ap::surface::SurfaceAp;
use myna_card::ap::text::TextAp;
use myna_card::mf::tag;

use super::{birth_pin, card, code_a, sign_pin, text_pin};

#[test]
fn birth_expiry_and_municipality_are_the_same_wherever_they_are_told() {
    let mut card = card();
    let mut manager = MasterFile::select(&mut card).unwrap();
    let municipality = String::from_utf8(manager.data_object(tag::MUNICIPALITY_CODE).unwrap()).unwrap();
    let expiry = myna_card::Date::parse(&manager.data_object(tag::EXPIRY).unwrap()).unwrap();
    let info = CommonAp::select(&mut card).unwrap().read_card_info().unwrap();
    assert_eq!((&info.municipality_code, info.expiry), (&municipality, expiry));

    let mut surface = SurfaceAp::select(&mut card).unwrap();
    surface.verify_code_a(&code_a()).unwrap();
    surface.verify_birth_date(&birth_pin()).unwrap();
    assert_eq!(surface.read_ap_basic_data().unwrap().municipality_code, municipality);
    let face = surface.read_card_face().unwrap();
    assert_eq!(face.expiry, expiry);
    assert_eq!(surface.read_age_record().unwrap().birth_date, face.birth_date);

    let mut text = TextAp::select(&mut card).unwrap();
    text.verify_pin(&text_pin()).unwrap();
    let attributes = text.read_attributes().unwrap();
    assert_eq!((attributes.birth_date, attributes.sex), (face.birth_date, face.sex));
}

#[test]
fn name_and_address_of_the_sign_certificate_are_those_of_the_text_application() {
    let mut card = card();
    let mut text = TextAp::select(&mut card).unwrap();
    text.verify_pin(&text_pin()).unwrap();
    let attributes = text.read_attributes().unwrap();
    let mut jpki = JpkiAp::select(&mut card).unwrap();
    jpki.verify_sign_pin(&sign_pin()).unwrap();
    let certificate = jpki.read_sign_certificate().unwrap();
    for part in [&attributes.name, &attributes.address] {
        // A UTF8String: tag, length, text.
        let string = [&[0x0C, u8::try_from(part.len()).unwrap()][..], part.as_bytes()].concat();
        assert!(
            certificate.der().windows(string.len()).any(|bytes| bytes == string),
            "{part} is not in the certificate"
        );
    }
}

/// No key of the card serves two purposes, and none of its signers is another's.
#[test]
fn every_public_key_that_the_card_shows_is_another() {
    let mut card = card();
    let mut keys = Vec::new();
    let chain = MasterFile::select(&mut card).unwrap().certificate_chain().unwrap();
    keys.extend(chain.into_iter().map(|certificate| certificate.public_key));
    let mut text = TextAp::select(&mut card).unwrap();
    text.verify_pin(&text_pin()).unwrap();
    keys.push(text.read_certificate().unwrap().public_key);
    keys.push(text.read_session_key_public_key().unwrap().public_key);
    keys.push(text.read_signed_public_key().unwrap().public_key);
    let mut surface = SurfaceAp::select(&mut card).unwrap();
    surface.verify_birth_date(&birth_pin()).unwrap();
    keys.push(surface.read_certificate().unwrap().public_key);
    keys.push(surface.read_age_record().unwrap().public_key);
    let mut jpki = JpkiAp::select(&mut card).unwrap();
    jpki.verify_sign_pin(&sign_pin()).unwrap();
    for certificate in [
        jpki.read_auth_certificate().unwrap(),
        jpki.read_auth_ca_certificate().unwrap(),
        jpki.read_sign_certificate().unwrap(),
        jpki.read_sign_ca_certificate().unwrap(),
    ] {
        keys.push(certificate.public_key().unwrap());
    }
    let all = keys.len();
    keys.sort_by(|a, b| a.modulus.cmp(&b.modulus));
    keys.dedup();
    assert_eq!((keys.len(), all), (11, 11));
}
