//! The three Rust clients on the token of a phone: what each knows of phones, and what the auth certificate behind its PIN
//! means for those that know nothing of them.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)] // the whole file is tests

use std::rc::Rc;

use jpki::ap::CryptoAp;
use jpki::ap::crypto::CertType;
use myna::card::{Apdu, KeyType};
use myna::error::ApduError;
use myna_card::ap::jpki::{JpkiAp, SignatureScheme, TokenType};
use myna_card::ap::surface::SurfaceAp;
use myna_card::ap::text::TextAp;
use myna_card::data::{sha256, sha256_digest_info};
use myna_card::{Card, Certificate, Error, Pin};
use vmyna_applets::PhoneKind;
use vmyna_client_tests::{PIN, SIGN_PIN, SoftwareCard, auth_certificate, phone, sign_certificate, specimen};
use vmyna_testkit::clients::{Way, proves};

const KINDS: [PhoneKind; 2] = [PhoneKind::Iphone, PhoneKind::Android];

fn token(kind: PhoneKind) -> SoftwareCard {
    SoftwareCard::of(&phone(kind))
}

fn verifies(certificate: &[u8], signature: &[u8]) -> bool {
    let key = Certificate::parse(certificate).unwrap().public_key().unwrap();
    key.verify_pkcs1_sha256(b"text", signature).is_ok()
}

#[test]
fn myna_card_knows_each_kind_and_reads_and_signs_after_the_pins() {
    let _proof = proves("myna-card.phone", Way::Software);
    for kind in KINDS {
        let mut card = Card::new(token(kind));
        let mut jpki = JpkiAp::select(&mut card).unwrap();
        let known = match kind {
            PhoneKind::Android => TokenType::Android,
            _ => TokenType::IPhone,
        };
        assert_eq!(jpki.read_token_type().unwrap(), known);
        assert!(!jpki.read_token_info().unwrap().token_type.is_physical_card());
        assert!(jpki.read_certificate_availability().unwrap().has_auth_certificate());
        let before = jpki.read_auth_certificate_der().unwrap_err();
        assert!(matches!(before, Error::Status(sw) if sw.value() == 0x6982), "{before}");
        jpki.verify_auth_pin(&Pin::numeric(PIN).unwrap()).unwrap();
        assert_eq!(jpki.read_auth_certificate_der().unwrap(), auth_certificate());
        assert_eq!(
            jpki.read_auth_ca_certificate_der().unwrap(),
            specimen().jpki.auth_ca_certificate
        );
        let by_auth = jpki
            .sign_with_auth_key(SignatureScheme::Sha256DigestInfo, b"text")
            .unwrap();
        jpki.verify_sign_pin(&Pin::new(SIGN_PIN).unwrap()).unwrap();
        assert_eq!(jpki.read_sign_certificate_der().unwrap(), sign_certificate());
        let by_sign = jpki
            .sign_with_sign_key(SignatureScheme::Sha256DigestInfo, b"text")
            .unwrap();
        assert!(verifies(auth_certificate(), &by_auth) && verifies(sign_certificate(), &by_sign));
        assert!(TextAp::select(&mut card).is_err() && SurfaceAp::select(&mut card).is_err());
    }
}

#[test]
fn jpki_signs_with_both_keys_and_reads_the_auth_certificate_only_once_it_has_signed() {
    let _works = proves("jpki.phone", Way::Software);
    let _ends = proves("jpki.phone.certificate", Way::Software);
    for kind in KINDS {
        let card = token(kind);
        let client = CryptoAp::open((), Rc::new(jpki::Card::new(Box::new(&card)))).unwrap();
        assert_eq!(
            (client.auth_pin_status(()).unwrap(), client.sign_pin_status(()).unwrap()),
            (3, 5)
        );
        let read = |kind| client.read_certificate((), kind, SIGN_PIN.into());
        // It presents a password for the sign certificate only.
        read(CertType::Auth).unwrap_err();
        assert_eq!(read(CertType::Sign).unwrap(), sign_certificate());
        let digest = sha256_digest_info(&sha256(b"text"));
        let by_auth = client.auth((), PIN.into(), digest.clone()).unwrap();
        let by_sign = client.sign((), SIGN_PIN.into(), digest).unwrap();
        assert!(verifies(auth_certificate(), &by_auth) && verifies(sign_certificate(), &by_sign));
        assert_eq!(read(CertType::Auth).unwrap(), auth_certificate());
    }
}

#[test]
fn myna_signs_though_it_takes_the_phone_for_no_my_number_card() {
    let _works = proves("myna.phone", Way::Software);
    let _ends = proves("myna.phone.label", Way::Software);
    for kind in KINDS {
        let card = token(kind);
        assert!(!card.is_mynumber_card().unwrap());
        let before = card.get_cert(KeyType::UserAuth).unwrap_err();
        assert!(matches!(before, ApduError::Execution(_)), "{before:?}");
        let digest = sha256_digest_info(&sha256(b"text"));
        let signature = card.compute_sig(PIN, &digest, KeyType::UserAuth).unwrap();
        assert!(verifies(auth_certificate(), &signature));
        // It selects the application again, which keeps what was verified.
        assert_eq!(card.get_cert(KeyType::UserAuth).unwrap(), auth_certificate());
        assert_eq!(card.get_retry_counter(KeyType::DigitalSign).unwrap(), 5);
    }
}
