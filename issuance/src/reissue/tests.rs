//! Parts of Hanako's card, made anew.

use vmyna_applets::cv::{CvCertificate, KeyId};
use vmyna_test_vectors::specimens::keys as pem;

use super::*;
use crate::keys::{self, KeyPair};
use crate::order::CertificateText;
use crate::x509::{self, Holder};
use crate::{municipalities, specimen, text_data};
use vmyna_applets::Token;

fn desk() -> Desk {
    Desk::new(specimen::authorities().unwrap())
}

fn hanako() -> IssuedCard {
    vmyna_applets::specimen::find("hanako").unwrap().unwrap()
}

#[test]
fn files_signed_again_for_the_same_person_are_the_same() {
    let (before, mut card) = (hanako(), hanako());
    let person = card.summary.person.clone();
    desk().sign_files(&mut card, &person).unwrap();
    assert_eq!(card.summary, before.summary);
    let files = |card: &IssuedCard| {
        let text = card
            .input_assist
            .as_ref()
            .unwrap()
            .data
            .files()
            .map(|(_, file)| file.as_bytes().to_vec());
        let face = card
            .face_info
            .as_ref()
            .unwrap()
            .data
            .files()
            .map(|(_, file)| file.as_bytes().to_vec());
        (text, face)
    };
    assert_eq!(files(&card), files(&before));
}

#[test]
fn files_of_a_person_who_moved_are_signed_by_the_new_municipality() {
    let mut card = hanako();
    let code = vmyna_applets::person::MunicipalityCode::from_digits(*b"27127").unwrap();
    card.summary.person.municipality = municipalities::find(code).unwrap();
    card.summary.person.address = "大阪府大阪市北区見本町１".to_owned();
    let photo_before = face_data::photo(&card).unwrap();
    let person = card.summary.person.clone();
    desk().sign_files(&mut card, &person).unwrap();
    assert_eq!(text_data::name_and_address(&card).unwrap()[1], person.address);
    assert_eq!(face_data::photo(&card).unwrap(), photo_before);
    let certificate = CvCertificate::from_file(card.face_info.as_ref().unwrap().data.certificate.as_bytes()).unwrap();
    assert_eq!(certificate.subject(), KeyId::new(7_271_272, 0, 0).unwrap());
}

#[test]
fn a_certificate_is_known_as_ours_by_its_key_identifier_also_of_a_later_generation() {
    let mut desk = desk();
    let card = hanako();
    let own = &card.jpki.sign.as_ref().unwrap().certificate;
    assert!(desk.issued(own).unwrap());
    // A card without certificates has those of its authorities, which name no issuer.
    for authority in [hanako().jpki.sign_ca_certificate, hanako().jpki.auth_ca_certificate] {
        assert_eq!(desk.issuer_of(&authority).unwrap(), Some(authority));
    }
    let key = KeyPair::new(&keys::from_pem(pem::FACE_ROOT).unwrap()).unwrap();
    let text = x509::certified_text(own).unwrap().unwrap();
    let request = Request {
        serial: 7,
        not_before: "2033-01-05T00:00:00Z".parse().unwrap(),
        not_after: "2036-10-25T14:59:59Z".parse().unwrap(),
        public_key: &key.public,
        holder: Holder::Signature {
            common_name: "x",
            person: &card.summary.person,
            text: &text,
        },
        token: Token::Card,
    };
    let later = desk.certify(&request).unwrap();
    assert_ne!(later.authority, card.jpki.sign_ca_certificate);
    assert!(self::desk().issued(&later.certificate).unwrap());
    let mut foreign = Desk::new(
        crate::authorities::Authorities::take_up(
            &crate::authorities::establish(&[9; 32], "2024-11-01T01:00:00Z".parse().unwrap(), &|| Ok(())).unwrap(),
        )
        .unwrap(),
    );
    assert!(!foreign.issued(own).unwrap());
    assert!(!foreign.issued(&hanako().jpki.auth_ca_certificate).unwrap());
}

#[test]
fn the_texts_of_a_certificate_are_read_with_their_marks() {
    let card = hanako();
    let person = &card.summary.person;
    let key = KeyPair::new(&keys::from_pem(pem::FACE_ROOT).unwrap()).unwrap();
    let mut moved = person.clone();
    moved.name = "髙橋　花子".to_owned();
    let text = CertificateText::of(&moved, &crate::characters::Substitutes::default()).unwrap();
    let request = Request {
        serial: 7,
        not_before: "2026-12-05T00:00:00Z".parse().unwrap(),
        not_after: "2029-10-25T14:59:59Z".parse().unwrap(),
        public_key: &key.public,
        holder: Holder::Signature {
            common_name: "x",
            person: &moved,
            text: &text,
        },
        token: Token::Card,
    };
    let certificate = desk().certify(&request).unwrap().certificate;
    let read = x509::certified_text(&certificate).unwrap().unwrap();
    assert_eq!(
        (read.name.text, read.name.replaced),
        (text.name.text, text.name.replaced)
    );
    let auth = &card.jpki.auth.as_ref().unwrap().certificate;
    assert!(x509::certified_text(auth).unwrap().is_none());
}
