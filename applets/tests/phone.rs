//! The token of a phone: what it answers where it differs from a card.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

mod common;

use common::subject::{Subject, phone};
use common::{AUTH, CARD_INFO, FACE_INFO, INPUT_ASSIST, ISD, JPKI, RESIDENCE_CODE, Rig, SIGN, hex};
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::signature::Verifier;
use sha2::Sha256;
use vmyna_applets::{Interface, PhoneKind, Profile};
use vmyna_card_os::rule::Certainty;
use x509_cert::der::{Decode, Encode};
use x509_cert::spki::DecodePublicKey;

/// Both kinds, with the JPKI application selected.
fn phones() -> [(PhoneKind, Rig); 2] {
    let mut rigs = [PhoneKind::Iphone, PhoneKind::Android].into_iter().map(|kind| {
        Subject::Phone(kind).choose();
        let mut rig = Rig::loaded();
        rig.select(JPKI);
        (kind, rig)
    });
    [rigs.next().unwrap(), rigs.next().unwrap()]
}

/// The label as myna-card's `TokenType` has it, byte for byte.
#[test]
fn the_label_is_the_kinds_own_padded_with_spaces() {
    for (kind, mut rig) in phones() {
        let expected: &[u8; 32] = match kind {
            PhoneKind::Android => b"JPKIAPGPSETOKEN                 ",
            _ => b"JPKIAPIOSTOKEN                  ",
        };
        rig.expect(&[("00A4020C 02 0006", 0x9000)]);
        let info = rig.data("00B0000000");
        assert_eq!(info.len(), 160);
        assert_eq!(&info[..32], expected, "{kind:?}");
    }
}

#[test]
fn the_auth_certificate_is_read_after_the_auth_pin_only() {
    for (kind, mut rig) in phones() {
        let read = |rig: &mut Rig| {
            rig.expect(&[("00A4020C 02 000A", 0x9000)]);
            rig.sw("00B0000000")
        };
        assert_eq!(read(&mut rig), 0x6982, "{kind:?}");
        rig.expect(&[(SIGN, 0x9000)]);
        assert_eq!(
            read(&mut rig),
            0x6982,
            "{kind:?}: the sign password opens the sign certificate"
        );
        rig.expect(&[("00A4020C 02 0001", 0x9000), ("00B0000000", 0x9000), (AUTH, 0x9000)]);
        assert_eq!(read(&mut rig), 0x9000, "{kind:?}");
        rig.expect(&[("00200098 04 39393939", 0x63C2)]);
        assert_eq!(read(&mut rig), 0x6982, "{kind:?}: a wrong PIN closes it");
    }
}

#[test]
fn each_key_signs_after_its_pin_for_its_certificate() {
    let (_, mut rig) = phones().into_iter().next().unwrap();
    let message = b"a phone signs as a card does";
    for (pin, key, certificate) in [(AUTH, "0017", "000A"), (SIGN, "001A", "0001")] {
        rig.expect(&[(&format!("00A4020C 02 {key}"), 0x9000)]);
        let sign = format!("802A0380 {:02X} {} 00", message.len(), hex(message));
        rig.expect(&[(&sign, 0x6982), (pin, 0x9000), (&format!("00A4020C 02 {key}"), 0x9000)]);
        let signature = rig.data(&sign);
        rig.expect(&[(&format!("00A4020C 02 {certificate}"), 0x9000)]);
        let file = rig.data("00B00000 000000");
        let certificate = x509_cert::Certificate::from_der(common::der_object(&file)).unwrap();
        let public = certificate.tbs_certificate.subject_public_key_info.to_der().unwrap();
        let public = rsa::RsaPublicKey::from_public_key_der(&public).unwrap();
        let verifier = VerifyingKey::<Sha256>::new(public);
        verifier
            .verify(message, &Signature::try_from(signature.as_slice()).unwrap())
            .unwrap();
    }
}

#[test]
fn no_other_application_of_the_card_is_there_and_asking_changes_nothing() {
    for (kind, mut rig) in phones() {
        rig.expect(&[(AUTH, 0x9000), ("00A4020C 02 000A", 0x9000)]);
        let absent = [
            INPUT_ASSIST,
            FACE_INFO,
            RESIDENCE_CODE,
            CARD_INFO,
            "A0000002310600000000000000000000",
            "D392F0004F0100000000000000000000",
            "D39210003100",
        ];
        for aid in absent {
            for p2 in ["0C", "00", "02"] {
                let select = format!("00A404{p2} {:02X} {aid}", aid.len() / 2);
                assert_eq!(rig.sw(&select), 0x6A82, "{kind:?} {select}");
            }
        }
        // Still the same application, EF and PIN.
        rig.expect(&[("00B00000 04", 0x9000)]);
    }
}

#[test]
fn it_has_neither_a_contact_atr_nor_an_object_of_the_card_manager() {
    for (kind, mut rig) in phones() {
        for aid in [JPKI, ISD] {
            rig.select(aid);
            for tag in ["5F51", "7F21", "0042", "0045", "0066", "00F0", "00F2", "00F7", "00F8"] {
                assert_eq!(rig.sw(&format!("00CA{tag} 000000")), 0x6A88, "{kind:?} {aid} {tag}");
            }
        }
    }
}

#[test]
fn only_an_iphone_takes_the_last_command_indicator_and_it_ends_nothing() {
    for (kind, mut rig) in phones() {
        let answer = if kind == PhoneKind::Iphone { 0x9000 } else { 0x6700 };
        rig.expect(&[
            (AUTH, 0x9000),
            ("00A4020C 02 000A", 0x9000),
            ("80FC0000", answer),
            ("00B00000 04", 0x9000),
        ]);
        rig.expect(&[("80FC0000 00", 0x6700), ("80FC0000 01 00", 0x6700)]);
        rig.select(ISD);
        rig.expect(&[("80FC0000", 0x6700)]);
    }
}

#[test]
fn the_pins_are_the_phones_own_and_change_as_the_cards() {
    for (_, mut rig) in phones() {
        rig.expect(&[
            ("00A4020C 02 0018", 0x9000),
            ("00240180 04 35363738", 0x6982),
            ("00200080 04 31323334", 0x9000),
            ("00240180 04 35363738", 0x9000),
            ("00200080 04 31323334", 0x63C2),
            ("00200080 04 35363738", 0x9000),
            ("0020009B", 0x63C5),
        ]);
    }
}

#[test]
fn the_profiles_of_phones_are_found_by_name_and_no_card_is_issued_so() {
    for (kind, name) in PhoneKind::ALL.into_iter().zip(Profile::PHONE_NAMES) {
        let profile = Profile::phone(kind);
        assert_eq!(profile.name, name);
        assert_eq!(Profile::named(name).as_ref(), Some(&profile));
        assert_eq!(Profile::find(name), None);
        assert!(
            matches!(profile.interface, Interface::Contactless(type_b) if type_b.pseudo_atr()[..] == profile.atr[..])
        );
        assert!(Profile::all().all(|card| card.token_label != profile.token_label));
        assert_eq!(phone(kind).phone(), Some(kind));
        assert_eq!(PhoneKind::find(kind.name()), Some(kind));
        let facts = &profile.facts;
        assert!(
            facts
                .iter()
                .all(|(what, basis)| !what.is_empty() && !basis.source.is_empty())
        );
        let certainty = |what: &str| {
            facts
                .iter()
                .find(|(fact, _)| *fact == what)
                .map(|(_, basis)| basis.certainty)
        };
        assert_eq!(certainty("ATR"), Some(Certainty::Assumed));
        assert_eq!(certainty("RSA-2048 keys"), Some(Certainty::Assumed));
        assert!(certainty("the label of the token") > Some(Certainty::Assumed));
    }
}
