//! 券面事項確認AP: the face of the card as pictures, the age record, the rendered My Number, and the key by which the card
//! proves that it is present.

use myna_card::ap::jpki::SignatureScheme;
use myna_card::ap::surface::{SurfaceAp, ef};
use myna_card::card::Retries;
use myna_card::data::{ImageFormat, Sex};
use myna_card::{Error, Pin, ShortEfId};
use vmyna_client_tests::{FACE_ROOT_KEY, SoftwareCard, specimen};
use vmyna_testkit::clients::{Way, proves};

use super::{birth_pin, card, code_a, code_b, public_half, public_half_of, refused};

/// The client's view of the application.
type Surface<'a> = SurfaceAp<'a, SoftwareCard>;

/// Does something in the application after all three credentials.
fn verified<T>(act: impl FnOnce(&mut Surface<'_>) -> T) -> T {
    let mut card = card();
    let mut surface = SurfaceAp::select(&mut card).unwrap();
    surface.verify_birth_date(&birth_pin()).unwrap();
    surface.verify_code_a(&code_a()).unwrap();
    surface.verify_code_b(&code_b()).unwrap();
    act(&mut surface)
}

#[test]
fn the_age_record_says_the_date_of_birth_and_its_signature_verifies() {
    verified(|surface| {
        let issuer = surface.read_certificate().unwrap().public_key;
        let record = surface.read_age_record().unwrap();
        assert_eq!(record.birth_date.to_string(), "1989-10-25");
        record.verify(&issuer).unwrap();
        assert!(
            record.verify(&record.public_key).is_err(),
            "the card's own key does not sign data"
        );
        let mut forged = record.clone();
        forged.signed_data[5] ^= 1;
        assert!(forged.verify(&issuer).is_err());
    });
}

#[test]
fn the_face_has_its_fields_and_pictures_and_its_signature_verifies_over_all_three_parts() {
    let _proof = proves("myna-card.face", Way::Software);
    verified(|surface| {
        let issuer = surface.read_certificate().unwrap().public_key;
        // The client compares the offset table with where the objects are.
        let face = surface.read_card_face().unwrap();
        assert_eq!(face.birth_date.to_string(), "1989-10-25");
        assert_eq!(face.sex, Sex::Female);
        assert_eq!(face.expiry.to_string(), "2036-10-25");
        for picture in [&face.name_image, &face.address_image, &face.security_code_image] {
            assert_eq!(picture.format, ImageFormat::Png);
        }
        assert_eq!(face.photo.format, ImageFormat::Jpeg2000);
        face.verify(&issuer).unwrap();
        for part in 0..3 {
            let mut forged = face.clone();
            *forged.signed_segments[part].last_mut().unwrap() ^= 1;
            assert!(forged.verify(&issuer).is_err(), "part {part}");
        }
    });
}

#[test]
fn the_my_number_is_a_picture_and_its_signature_verifies() {
    verified(|surface| {
        let issuer = surface.read_certificate().unwrap().public_key;
        let record = surface.read_my_number_image().unwrap();
        assert_eq!(record.image.format, ImageFormat::Png);
        record.verify(&issuer).unwrap();
        let mut forged = record.clone();
        forged.signed_data[20] ^= 1;
        assert!(forged.verify(&issuer).is_err());
    });
}

#[test]
fn the_three_records_carry_the_key_by_which_the_card_proves_its_presence() {
    verified(|surface| {
        let key = surface.read_age_record().unwrap().public_key;
        assert_eq!(surface.read_card_face().unwrap().public_key, key);
        assert_eq!(surface.read_my_number_image().unwrap().public_key, key);
        assert_eq!(key.bits(), 2048);
        let challenge = surface.card().get_challenge(16).unwrap();
        let signature = surface.sign(&challenge).unwrap();
        let scheme = SignatureScheme::Sha256DigestInfo;
        scheme.verify(&key, &challenge, &signature).unwrap();
        assert!(scheme.verify(&key, b"other", &signature).is_err());
        // The other application of the card proves it with another key.
        assert_ne!(
            key,
            public_half_of(&specimen().input_assist.as_ref().unwrap().authentication_key)
        );
    });
}

#[test]
fn that_key_needs_no_credential_and_is_not_for_internal_authenticate() {
    let key = verified(|surface| surface.read_age_record().unwrap().public_key);
    let mut card = card();
    let mut surface = SurfaceAp::select(&mut card).unwrap();
    let signature = surface.sign(b"challenge").unwrap();
    SignatureScheme::Sha256DigestInfo
        .verify(&key, b"challenge", &signature)
        .unwrap();
    let sfi = ShortEfId::from_ef_id(0x001A).unwrap();
    assert_eq!(refused(surface.card().internal_authenticate(sfi, b"challenge")), 0x6985);
}

#[test]
fn the_certificate_verifies_with_our_root_and_with_none_of_the_real_ones() {
    let certificate = SurfaceAp::select(&mut card()).unwrap().read_certificate().unwrap();
    certificate.verify_with(&public_half(FACE_ROOT_KEY)).unwrap();
    let error = certificate.verify().unwrap_err();
    assert!(
        matches!(error, Error::UnknownCertificateAuthority(id) if id == certificate.issuer_key_id),
        "{error}"
    );
    for real in myna_card::ca::KNOWN {
        assert!(
            certificate.verify_with(&real.to_public_key()).is_err(),
            "{}",
            real.name()
        );
    }
}

#[test]
fn the_basic_information_names_the_municipality_and_is_what_cards_were_seen_to_say() {
    let basic = SurfaceAp::select(&mut card()).unwrap().read_ap_basic_data().unwrap();
    assert_eq!(basic.identification.to_bytes(), [0x06, 0x03, 0x0E, 0x01]);
    assert_eq!(basic.version, 0);
    assert_eq!(basic.municipality_code, "13101");
    let sealed = basic.encrypted_reference_number;
    assert_eq!(sealed.data.len(), 256);
    for id in [basic.public_key_id, sealed.key_id] {
        assert!(id.number().starts_with('7'), "{id}");
    }
}

/// (what is verified, the files it opens beside 0003 and 0004, which are free)
const OPENS: [(&str, &[u16]); 4] = [
    ("nothing", &[]),
    ("the date of birth", &[1]),
    ("A", &[2, 5, 6]),
    ("B", &[2, 6]),
];

#[test]
fn each_credential_opens_the_files_that_the_client_says_it_opens() {
    for (credential, opened) in OPENS {
        let mut card = card();
        let mut surface = SurfaceAp::select(&mut card).unwrap();
        match credential {
            "the date of birth" => surface.verify_birth_date(&birth_pin()).unwrap(),
            "A" => surface.verify_code_a(&code_a()).unwrap(),
            "B" => surface.verify_code_b(&code_b()).unwrap(),
            _ => {}
        }
        for id in 1..=6 {
            let file = surface.read_ef(id);
            if opened.contains(&id) || matches!(id, ef::AP_BASIC_DATA | ef::CERTIFICATE) {
                assert!(!file.unwrap().is_empty(), "{id:04X} after {credential}");
            } else {
                assert_eq!(refused(file), 0x6982, "{id:04X} after {credential}");
            }
        }
    }
}

#[test]
fn the_counters_of_the_three_credentials_count_for_themselves() {
    let mut card = card();
    let mut surface = SurfaceAp::select(&mut card).unwrap();
    for key in [ef::BIRTH_DATE, ef::CODE_B, ef::CODE_A] {
        assert_eq!(surface.retries(key).unwrap(), Retries::Remaining(10), "{key:04X}");
    }
    // A and B have each other's identifiers in the other application of the card: an easy mistake, and a costly one.
    let wrong = surface.verify_code_a(&code_b());
    assert!(
        matches!(wrong, Err(Error::PinIncorrect { retries: Some(9) })),
        "{wrong:?}"
    );
    let gregorian = Pin::numeric("891025").unwrap();
    let wrong = surface.verify_birth_date(&gregorian);
    assert!(
        matches!(wrong, Err(Error::PinIncorrect { retries: Some(9) })),
        "{wrong:?}"
    );
    let left = [ef::BIRTH_DATE, ef::CODE_B, ef::CODE_A].map(|key| surface.retries(key).unwrap());
    assert_eq!(left, [9, 10, 9].map(Retries::Remaining));
}
