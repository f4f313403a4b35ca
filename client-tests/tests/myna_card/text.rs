//! 券面事項入力補助AP: the cardholder's data as text, their digests and signatures, the PINs that open them, and the key by
//! which the card proves that it is present.

use myna_card::ap::jpki::SignatureScheme;
use myna_card::ap::text::{Attributes, TextAp, ef};
use myna_card::card::Retries;
use myna_card::data::{Date, Sex, verification_code_b};
use myna_card::{CardVerifiableCertificate, Error, Pin, ShortEfId};
use vmyna_client_tests::{SoftwareCard, TEXT_ROOT_KEY, specimen};
use vmyna_testkit::clients::{Way, proves};

use super::{card, code_a, code_b, public_half, public_half_of, refused, text_pin};

/// The client's view of the application.
type Text<'a> = TextAp<'a, SoftwareCard>;

/// Does something in the application after the PIN.
fn verified<T>(act: impl FnOnce(&mut Text<'_>) -> T) -> T {
    let mut card = card();
    let mut text = TextAp::select(&mut card).unwrap();
    text.verify_pin(&text_pin()).unwrap();
    act(&mut text)
}

#[test]
fn the_client_reads_the_number_and_the_four_attributes_of_the_fictional_holder() {
    verified(|text| {
        let number = text.read_my_number().unwrap();
        assert_eq!(number.as_bytes(), specimen().summary.person.my_number.digits());
        // The client compares the offset table with where the objects are.
        let attributes = text.read_attributes().unwrap();
        assert_eq!(attributes.name, "見本　花子");
        assert_eq!(attributes.split_name(), Some(("見本", "花子")));
        assert_eq!(attributes.address, "東京都千代田区見本町一丁目２番３号");
        assert_eq!(attributes.birth_date.to_string(), "1989-10-25");
        assert_eq!(attributes.sex, Sex::Female);
    });
}

#[test]
fn the_codes_that_the_client_makes_of_what_is_printed_are_the_cards() {
    let number = verified(|text| text.read_my_number().unwrap());
    assert_eq!(number.as_verification_code_a().unwrap().as_bytes(), code_a().as_bytes());
    let birth = Date::parse(b"19891025").unwrap();
    let made = verification_code_b(birth, 2036, specimen().summary.security_code.as_str().as_bytes()).unwrap();
    assert_eq!(made.as_bytes(), code_b().as_bytes());
    let mut card = card();
    let mut text = TextAp::select(&mut card).unwrap();
    text.verify_code_b(&made).unwrap();
    text.read_attributes().unwrap();
}

#[test]
fn the_digests_are_those_of_the_files_as_they_lie_on_the_card_and_the_signature_verifies() {
    let _proof = proves("myna-card.text", Way::Software);
    verified(|text| {
        let issuer = text.read_certificate().unwrap().public_key;
        let record = text.read_integrity_record().unwrap();
        record.verify(&issuer).unwrap();
        let number = text.read_my_number_file().unwrap();
        assert_eq!(number.len(), 17);
        assert!(record.matches_my_number_file(&number));
        assert!(
            !record.matches_my_number_file(&number[..15]),
            "the filler belongs to the digest"
        );
        let attributes = text.read_ef(ef::ATTRIBUTES).unwrap();
        assert!(record.matches_attributes_file(&attributes).unwrap());
        let mut altered = attributes.clone();
        *altered.last_mut().unwrap() ^= 1;
        assert!(!record.matches_attributes_file(&altered).unwrap());
        assert_eq!(
            Attributes::digest_source(&attributes).unwrap().len(),
            attributes.len() - 14,
            "header and table"
        );
        let mut forged = record.clone();
        forged.signed_data[40] ^= 1;
        assert!(forged.verify(&issuer).is_err());
    });
}

#[test]
fn the_certificate_verifies_with_our_root_and_with_none_of_the_real_ones() {
    let certificate = TextAp::select(&mut card()).unwrap().read_certificate().unwrap();
    certificate.verify_with(&public_half(TEXT_ROOT_KEY)).unwrap();
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
        assert_ne!(real.key_id, certificate.issuer_key_id.as_bytes());
    }
    let mut forged: CardVerifiableCertificate = certificate;
    forged.signed_data[0] ^= 1;
    assert!(forged.verify_with(&public_half(TEXT_ROOT_KEY)).is_err());
}

#[test]
fn the_basic_information_is_what_cards_were_seen_to_say() {
    let basic = TextAp::select(&mut card()).unwrap().read_ap_basic_data().unwrap();
    assert_eq!(basic.identification.to_bytes(), [0x01, 0x03, 0x0E, 0x01]);
    assert_eq!(basic.public_key_id.number(), "7000034");
    assert_eq!(basic.trailing.len(), 128);
    // 32 bytes of something, then filler.
    assert_eq!(basic.digest().map(<[u8]>::len), Some(32));
}

#[test]
fn the_card_proves_its_presence_with_the_key_that_the_issuer_has_signed() {
    verified(|text| {
        let issuer = text.read_certificate().unwrap().public_key;
        let signed = text.read_signed_public_key().unwrap();
        signed.verify(&issuer).unwrap();
        assert_eq!(
            signed.public_key,
            public_half_of(&specimen().input_assist.as_ref().unwrap().authentication_key)
        );
        let challenge = text.card().get_challenge(16).unwrap();
        let signature = text.sign(&challenge).unwrap();
        let scheme = SignatureScheme::Sha256DigestInfo;
        scheme.verify(&signed.public_key, &challenge, &signature).unwrap();
        assert!(scheme.verify(&signed.public_key, b"other", &signature).is_err());
        assert!(
            scheme.verify(&issuer, &challenge, &signature).is_err(),
            "the issuer's key is another"
        );
    });
}

#[test]
fn the_key_for_that_needs_no_pin_and_is_not_for_internal_authenticate() {
    let mut card = card();
    let mut text = TextAp::select(&mut card).unwrap();
    let signature = text.sign(b"challenge").unwrap();
    let key = public_half_of(&specimen().input_assist.as_ref().unwrap().authentication_key);
    SignatureScheme::Sha256DigestInfo
        .verify(&key, b"challenge", &signature)
        .unwrap();
    let sfi = ShortEfId::from_ef_id(0x0013).unwrap();
    assert_eq!(refused(text.card().internal_authenticate(sfi, b"challenge")), 0x6985);
    text.verify_pin(&text_pin()).unwrap();
    assert_eq!(refused(text.card().internal_authenticate(sfi, b"challenge")), 0x6985);
}

/// (what is verified, the files it opens beside 0004 and 0005, which are free)
const OPENS: [(&str, &[u16]); 4] = [
    ("nothing", &[]),
    ("the PIN", &[1, 2, 3, 6, 7]),
    ("A", &[1, 3, 6, 7]),
    ("B", &[2, 3, 6, 7]),
];

#[test]
fn each_credential_opens_the_files_that_the_client_says_it_opens() {
    for (credential, opened) in OPENS {
        let mut card = card();
        let mut text = TextAp::select(&mut card).unwrap();
        match credential {
            "the PIN" => text.verify_pin(&text_pin()).unwrap(),
            "A" => text.verify_code_a(&code_a()).unwrap(),
            "B" => text.verify_code_b(&code_b()).unwrap(),
            _ => {}
        }
        for id in 1..=7 {
            let file = text.read_ef(id);
            if opened.contains(&id) || matches!(id, ef::CERTIFICATE | ef::AP_BASIC_DATA) {
                assert!(!file.unwrap().is_empty(), "{id:04X} after {credential}");
            } else {
                assert_eq!(refused(file), 0x6982, "{id:04X} after {credential}");
            }
        }
    }
}

#[test]
fn the_counters_are_3_10_and_10_and_each_counts_for_itself() {
    let mut card = card();
    let mut text = TextAp::select(&mut card).unwrap();
    let has = |text: &mut Text<'_>, expected: [u8; 3]| {
        for (key, tries) in [ef::PIN, ef::CODE_A, ef::CODE_B].into_iter().zip(expected) {
            assert_eq!(text.retries(key).unwrap(), Retries::Remaining(tries), "{key:04X}");
        }
    };
    let wrong = |result: myna_card::Result<()>, left| {
        assert!(
            matches!(result, Err(Error::PinIncorrect { retries: Some(n) }) if n == left),
            "{result:?}"
        );
    };
    has(&mut text, [3, 10, 10]);
    wrong(text.verify_code_a(&code_b()), 9);
    has(&mut text, [3, 9, 10]);
    wrong(text.verify_code_b(&code_a()), 9);
    wrong(text.verify_pin(&code_a()), 2);
    has(&mut text, [2, 9, 9]);
    text.verify_code_a(&code_a()).unwrap();
    has(&mut text, [2, 10, 9]);
}

#[test]
fn the_key_reference_that_is_blocked_on_every_card_is_so_here() {
    let mut card = card();
    let mut text = TextAp::select(&mut card).unwrap();
    for _ in 0..2 {
        assert_eq!(text.retries(ef::BLOCKED_0012).unwrap(), Retries::Blocked);
        text.card().select_ef(ef::BLOCKED_0012).unwrap();
        let attempt = text.card().verify(&text_pin());
        assert!(matches!(attempt, Err(Error::PinBlocked)), "{attempt:?}");
    }
    text.verify_pin(&text_pin()).unwrap();
}

#[test]
fn the_client_changes_the_pin_and_the_new_one_survives_loss_of_power() {
    let new = Pin::numeric("5678").unwrap();
    let mut card = card();
    let mut text = TextAp::select(&mut card).unwrap();
    text.change_pin(&text_pin(), &new).unwrap();
    text.card().transport().power_cycle();
    let mut text = TextAp::select(&mut card).unwrap();
    assert!(matches!(
        text.verify_pin(&text_pin()),
        Err(Error::PinIncorrect { retries: Some(2) })
    ));
    text.verify_pin(&new).unwrap();
    text.read_my_number().unwrap();
    let too_long = Pin::numeric("56789").unwrap();
    assert_eq!(refused(text.change_pin(&new, &too_long)), 0x6A80);
    assert_eq!(refused(text.card().change_key(&text_pin())), 0x6982, "not this way");
}

#[test]
fn before_the_pin_it_is_not_changed() {
    let mut card = card();
    let mut text = TextAp::select(&mut card).unwrap();
    text.card().select_ef(ef::PIN).unwrap();
    let new = Pin::numeric("5678").unwrap();
    assert_eq!(refused(text.card().change_reference_data(&new)), 0x6982);
    text.verify_pin(&text_pin()).unwrap();
}
