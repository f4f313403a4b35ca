//! The six signature schemes on both keys, each signature checked by the client with the certificate it has read.

use myna_card::ap::jpki::{JpkiAp, SignatureScheme, ef};
use myna_card::data::{sha256, sha256_digest_info};
use myna_card::{Card, Command, RsaPublicKey};
use vmyna_client_tests::SoftwareCard;
use vmyna_testkit::clients::{Way, proves};

use super::{Jpki, auth_pin, card, refused, sign_pin, status_of};

const SCHEMES: [SignatureScheme; 6] = [
    SignatureScheme::Verbatim,
    SignatureScheme::Sha256Bare,
    SignatureScheme::PreHashedDigestInfo,
    SignatureScheme::Sha256DigestInfo,
    SignatureScheme::PreHashedPss,
    SignatureScheme::Sha256Pss,
];

/// Input lengths at both ends of what each scheme takes: (shortest, longest).
fn lengths(scheme: SignatureScheme) -> [usize; 2] {
    match scheme {
        SignatureScheme::Verbatim => [1, 245],
        SignatureScheme::PreHashedDigestInfo | SignatureScheme::PreHashedPss => [32, 32],
        _ => [1, 255],
    }
}

fn salted(scheme: SignatureScheme) -> bool {
    matches!(scheme, SignatureScheme::PreHashedPss | SignatureScheme::Sha256Pss)
}

/// Does something in the application after both PINs.
fn verified<T>(act: impl FnOnce(&mut Jpki<'_>) -> T) -> T {
    let mut card = card();
    let mut jpki = JpkiAp::select(&mut card).unwrap();
    jpki.verify_auth_pin(&auth_pin()).unwrap();
    jpki.verify_sign_pin(&sign_pin()).unwrap();
    act(&mut jpki)
}

fn keys(jpki: &mut Jpki<'_>) -> [RsaPublicKey; 2] {
    [
        jpki.read_auth_certificate().unwrap().public_key().unwrap(),
        jpki.read_sign_certificate().unwrap().public_key().unwrap(),
    ]
}

#[test]
fn every_scheme_on_both_keys_gives_signatures_that_the_certificates_verify() {
    let _signs = proves("myna-card.signs", Way::Software);
    let _schemes = proves("myna-card.schemes", Way::Software);
    verified(|jpki| {
        for scheme in SCHEMES {
            for length in lengths(scheme) {
                let data = vec![0xA5; length];
                for signature in [
                    jpki.sign_with_auth_key_checked(scheme, &data).unwrap(),
                    jpki.sign_with_sign_key_checked(scheme, &data).unwrap(),
                ] {
                    assert_eq!(signature.len(), 256, "{scheme:?}");
                }
            }
        }
    });
}

#[test]
fn a_signature_verifies_with_its_own_key_its_own_text_and_its_own_scheme_only() {
    verified(|jpki| {
        let [auth, sign] = keys(jpki);
        let data = sha256(b"text");
        for scheme in SCHEMES {
            let signature = jpki.sign_with_auth_key(scheme, &data).unwrap();
            scheme.verify(&auth, &data, &signature).unwrap();
            assert!(scheme.verify(&sign, &data, &signature).is_err(), "{scheme:?}");
            assert!(
                scheme.verify(&auth, &sha256(b"other"), &signature).is_err(),
                "{scheme:?}"
            );
            for other in SCHEMES.into_iter().filter(|other| *other != scheme) {
                assert!(
                    other.verify(&auth, &data, &signature).is_err(),
                    "{scheme:?} as {other:?}"
                );
            }
        }
    });
}

#[test]
fn a_scheme_with_salt_gives_another_signature_each_time_and_one_without_never() {
    verified(|jpki| {
        let data = sha256(b"text");
        for scheme in SCHEMES {
            let [first, second] = [(); 2].map(|()| jpki.sign_with_sign_key(scheme, &data).unwrap());
            assert_eq!(first != second, salted(scheme), "{scheme:?}");
        }
    });
}

#[test]
fn the_card_hashes_as_the_host_does() {
    verified(|jpki| {
        let mut sign = |scheme, data: &[u8]| jpki.sign_with_auth_key(scheme, data).unwrap();
        let hash = sha256(b"text");
        let by_card = sign(SignatureScheme::Sha256DigestInfo, b"text");
        assert_eq!(sign(SignatureScheme::PreHashedDigestInfo, &hash), by_card);
        assert_eq!(sign(SignatureScheme::Verbatim, &sha256_digest_info(&hash)), by_card);
        let bare = sign(SignatureScheme::Sha256Bare, b"text");
        assert_eq!(sign(SignatureScheme::Verbatim, &hash), bare);
        assert_ne!(bare, by_card);
    });
}

#[test]
fn no_scheme_signs_before_the_pin() {
    let mut card = card();
    let mut jpki = JpkiAp::select(&mut card).unwrap();
    let data = sha256(b"text");
    for scheme in SCHEMES {
        assert_eq!(refused(jpki.sign_with_auth_key(scheme, &data)), 0x6982, "{scheme:?}");
        assert_eq!(refused(jpki.sign_with_sign_key(scheme, &data)), 0x6982, "{scheme:?}");
    }
}

/// Most other clients select the key's file and sign with `80 2A 00 80`.
#[test]
fn the_selected_key_gives_the_same_signature_as_its_short_identifier() {
    verified(|jpki| {
        let data = sha256_digest_info(&sha256(b"text"));
        let named = jpki.sign_with_auth_key(SignatureScheme::Verbatim, &data).unwrap();
        jpki.card().select_ef(ef::AUTH_KEY).unwrap();
        let command = Command::with_data_le(0x80, 0x2A, 0x00, 0x80, data, 256);
        assert_eq!(jpki.card().call_ok(&command).unwrap(), named);
    });
}

/// What the client would not send, sent all the same.
fn sign_raw(card: &mut Card<SoftwareCard>, p1: u8, length: usize) -> u16 {
    let command = Command::with_data_le(0x80, 0x2A, p1, 0x97, vec![1; length], 256);
    status_of(card, &command)
}

#[test]
fn the_card_refuses_other_schemes_and_lengths_as_the_client_says_it_does() {
    verified(|jpki| {
        let card = jpki.card();
        for p1 in 6..=0xFF {
            assert_eq!(sign_raw(card, p1, 32), 0x6A86, "{p1:02X}");
        }
        for (scheme, length) in [(0, 246), (2, 31), (2, 33), (4, 31), (4, 33)] {
            let status_word = sign_raw(card, scheme, length);
            assert!(
                matches!(status_word, 0x6985 | 0x6700),
                "{scheme} {length}: {status_word:04X}"
            );
        }
    });
}
