//! What the card manager gives: data objects, the chain of card-verifiable certificates, the contact ATR, random numbers.

use std::collections::BTreeSet;

use myna_card::ap::jpki::{JpkiAp, SignatureScheme};
use myna_card::data::KeyId;
use myna_card::mf::tag;
use myna_card::{CardVerifiableCertificate, Command, Date, Error, MasterFile};
use vmyna_client_tests::{CV_ROOT_KEY, specimen};

use super::{Jpki, auth_pin, card, public_half, refused, status_of};

const TAGS: [u16; 8] = [
    tag::ISSUER_IDENTIFICATION,
    tag::CARD_IDENTIFICATION,
    tag::CARD_RECOGNITION,
    tag::MUNICIPALITY_CODE,
    tag::EXPIRY,
    tag::INTERMEDIATE_KEY_ID,
    tag::CHAIN_UPPER,
    tag::CHAIN_LOWER,
];

fn chain() -> Vec<CardVerifiableCertificate> {
    MasterFile::new(&mut card()).certificate_chain().unwrap()
}

#[test]
fn every_data_object_the_client_knows_is_there_at_power_up() {
    let mut card = card();
    let mut manager = MasterFile::new(&mut card);
    for (tag, (own_tag, value)) in TAGS.into_iter().zip(&specimen().card_data) {
        assert_eq!((tag, manager.data_object(tag).unwrap()), (*own_tag, value.clone()));
    }
    assert_eq!(refused(manager.data_object(0x0043)), 0x6A88);
}

#[test]
fn the_client_reads_dates_codes_and_key_ids_out_of_the_data_objects() {
    let mut card = card();
    let mut manager = MasterFile::new(&mut card);
    let mut text = |tag| String::from_utf8(manager.data_object(tag).unwrap()).unwrap();
    assert_eq!(text(tag::MUNICIPALITY_CODE), "13101");
    assert!(text(tag::CARD_IDENTIFICATION).starts_with("VMYNA-"));
    let expiry = Date::parse(&manager.data_object(tag::EXPIRY).unwrap()).unwrap();
    assert_eq!(expiry.to_string(), "2036-10-25");
    let chain = manager.certificate_chain().unwrap();
    let id = |object: Vec<u8>| KeyId::parse(&object).unwrap();
    let issuer = id(manager.data_object(tag::ISSUER_IDENTIFICATION).unwrap());
    let intermediate = id(manager.data_object(tag::INTERMEDIATE_KEY_ID).unwrap());
    assert_eq!(issuer, chain[0].issuer_key_id);
    assert_eq!(intermediate, chain[0].subject_key_id);
    // GlobalPlatform's arc, 1.2.840.114283.
    let recognition = manager.data_object(tag::CARD_RECOGNITION).unwrap();
    let arc = [0x06, 0x07, 0x2A, 0x86, 0x48, 0x86, 0xFC, 0x6B];
    assert!(recognition.windows(arc.len()).any(|window| window == arc));
}

#[test]
fn a_large_data_object_is_refused_with_6700_and_the_client_asks_again_with_an_extended_le() {
    let mut card = card();
    let object = MasterFile::new(&mut card).data_object(tag::CHAIN_UPPER).unwrap();
    assert_eq!(object.len(), 575);
    let sent = card.transport().take_commands();
    assert_eq!(
        sent,
        [&[0, 0xCA, 0, 0xF8, 0][..], &[0, 0xCA, 0, 0xF8, 0, 0, 0]].map(Vec::from)
    );
    MasterFile::new(&mut card).data_object(tag::EXPIRY).unwrap();
    assert_eq!(card.transport().take_commands(), [vec![0, 0xCA, 0, 0xF2, 0]]);
}

#[test]
fn the_chain_verifies_from_the_root_key_down_to_the_cards_own_key() {
    let [upper, lower] = <[_; 2]>::try_from(chain()).unwrap();
    upper.verify_with(&public_half(CV_ROOT_KEY)).unwrap();
    assert_eq!(upper.subject_key_id, lower.issuer_key_id);
    lower.verify_with(&upper.public_key).unwrap();
    assert_ne!(lower.public_key, upper.public_key);
    assert_eq!(lower.public_key.bits(), 2048);
}

#[test]
fn a_link_of_the_chain_does_not_verify_with_another_key() {
    let [upper, lower] = <[_; 2]>::try_from(chain()).unwrap();
    for (certificate, key) in [(&upper, &upper.public_key), (&lower, &lower.public_key)] {
        let error = certificate.verify_with(key).unwrap_err();
        assert!(matches!(error, Error::SignatureInvalid(_)), "{error}");
    }
    let mut forged = lower.clone();
    forged.signed_data[40] ^= 1;
    assert!(forged.verify_with(&upper.public_key).is_err());
}

/// The client pins the keys of the real hierarchies: a specimen must never pass for a card of theirs.
#[test]
fn the_chain_is_of_none_of_the_authorities_that_the_client_trusts() {
    let chain = chain();
    let error = CardVerifiableCertificate::verify_chain(&chain).unwrap_err();
    assert!(
        matches!(error, Error::UnknownCertificateAuthority(id) if id == chain[0].issuer_key_id),
        "{error}"
    );
    assert!(
        myna_card::ca::KNOWN
            .iter()
            .all(|known| { chain.iter().all(|link| known.key_id != link.subject_key_id.as_bytes()) })
    );
}

#[test]
fn the_contact_atr_is_the_readers_in_the_card_manager_and_in_an_application() {
    let mut card = card();
    let atr = card.transport().atr();
    assert_eq!(card.contact_atr().unwrap(), atr);
    JpkiAp::select(&mut card).unwrap();
    assert_eq!(card.contact_atr().unwrap(), atr);
    MasterFile::select(&mut card).unwrap();
    assert_eq!(card.contact_atr().unwrap(), atr);
}

#[test]
fn the_other_data_objects_are_the_card_managers_alone() {
    let mut card = card();
    JpkiAp::select(&mut card).unwrap();
    for tag in TAGS {
        assert_eq!(refused(card.get_data(tag)), 0x6A88, "{tag:04X}");
    }
    let mut manager = MasterFile::select(&mut card).unwrap();
    assert_eq!(manager.certificate_chain().unwrap().len(), 2);
}

#[test]
fn selecting_the_card_manager_ends_the_right_that_a_pin_gave() {
    let mut card = card();
    let sign = |jpki: &mut Jpki<'_>| jpki.sign_with_auth_key(SignatureScheme::Sha256DigestInfo, b"text");
    let mut jpki = JpkiAp::select(&mut card).unwrap();
    jpki.verify_auth_pin(&auth_pin()).unwrap();
    sign(&mut jpki).unwrap();
    // Selecting the same application keeps it.
    sign(&mut JpkiAp::select(&mut card).unwrap()).unwrap();
    MasterFile::select(&mut card).unwrap();
    assert_eq!(refused(sign(&mut JpkiAp::select(&mut card).unwrap())), 0x6982);
}

#[test]
fn the_files_of_jicsap_that_the_client_has_not_found_on_a_real_card_are_not_here_either() {
    let mut card = card();
    let mut manager = MasterFile::new(&mut card);
    assert_eq!(refused(manager.card_identifier()), 0x6A82);
    assert_eq!(refused(manager.application_folders()), 0x6A82);
    assert_eq!(refused(manager.ic_manufacturer_id()), 0x6A82);
    assert_eq!(refused(manager.card().read_record(1)), 0x6986, "no EF is selected");
}

#[test]
fn select_mf_is_refused_at_power_up_and_does_nothing_in_an_application() {
    let mut card = card();
    let select_mf = Command::new(0x00, 0xA4, 0x00, 0x00);
    let by_identifier = Command::with_data(0x00, 0xA4, 0x00, 0x0C, [0x3F, 0x00]);
    assert_eq!(status_of(&mut card, &select_mf), 0x6A86);
    assert_eq!(status_of(&mut card, &by_identifier), 0x6A82);
    JpkiAp::select(&mut card).unwrap();
    assert_eq!(status_of(&mut card, &select_mf), 0x9000);
    assert_eq!(status_of(&mut card, &by_identifier), 0x6A82);
    card.select_ef(0x0018).unwrap();
}

#[test]
fn get_challenge_gives_exactly_as_many_bytes_as_are_asked_for_from_1_to_256() {
    let mut card = card();
    for application in [false, true] {
        if application {
            JpkiAp::select(&mut card).unwrap();
        }
        // The client itself checks the length of each answer.
        let challenges: BTreeSet<_> = (1..=256).map(|length| card.get_challenge(length).unwrap()).collect();
        assert_eq!(challenges.iter().map(Vec::len).max(), Some(256));
        let long = challenges.iter().filter(|challenge| challenge.len() >= 16);
        let beginnings: BTreeSet<_> = long.map(|challenge| &challenge[..16]).collect();
        assert_eq!(beginnings.len(), 241, "two challenges begin alike");
    }
}

#[test]
fn get_challenge_refuses_the_extended_form_and_other_parameters() {
    let mut card = card();
    for (p1, p2, le, status_word) in [
        (0, 0, 257, 0x6985),
        (0, 0, 65_536, 0x6985),
        (1, 0, 8, 0x6A86),
        (0, 1, 8, 0x6A86),
    ] {
        let command = Command::with_le(0x00, 0x84, p1, p2, le);
        assert_eq!(status_of(&mut card, &command), status_word, "{p1} {p2} {le}");
    }
}
