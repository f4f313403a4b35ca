//! Applications that this release of the card does not have, secure messaging, which the JPKI application of no card has.

use myna_card::ap::common::CommonAp;
use myna_card::ap::jpki::{JpkiAp, SignatureScheme};
use myna_card::ap::juki::JukiAp;
use myna_card::ap::surface::SurfaceAp;
use myna_card::ap::text::TextAp;
use myna_card::{Card, Command, Result, SecureSession};
use vmyna_client_tests::SoftwareCard;

use super::{auth_pin, card, refused, sign_pin, status_of};

type Select = fn(&mut Card<SoftwareCard>) -> Result<()>;

/// (name, how the client selects it)
const ABSENT: [(&str, Select); 4] = [
    ("common", |card| CommonAp::select(card).map(|_| ())),
    ("juki", |card| JukiAp::select(card).map(|_| ())),
    ("surface", |card| SurfaceAp::select(card).map(|_| ())),
    ("text", |card| TextAp::select(card).map(|_| ())),
];

#[test]
fn an_application_that_the_card_does_not_have_is_reported_with_6a82() {
    for (name, select) in ABSENT {
        let mut card = card();
        assert_eq!(refused(select(&mut card)), 0x6A82, "{name} at power-up");
        JpkiAp::select(&mut card).unwrap();
        assert_eq!(refused(select(&mut card)), 0x6A82, "{name} from another application");
    }
}

#[test]
fn a_failed_select_leaves_the_application_and_the_right_as_they_were() {
    for (name, select) in ABSENT {
        let mut card = card();
        JpkiAp::select(&mut card).unwrap().verify_auth_pin(&auth_pin()).unwrap();
        refused(select(&mut card));
        // `80 2A 00 97` names the key in the application that is selected.
        let command = Command::with_data_le(0x80, 0x2A, 0x00, 0x97, *b"text", 256);
        assert_eq!(status_of(&mut card, &command), 0x9000, "{name}");
    }
}

#[test]
fn the_jpki_application_sets_up_no_secure_session_even_after_both_pins() {
    let mut card = card();
    let mut jpki = JpkiAp::select(&mut card).unwrap();
    jpki.verify_auth_pin(&auth_pin()).unwrap();
    jpki.verify_sign_pin(&sign_pin()).unwrap();
    let key = jpki.read_auth_certificate().unwrap().public_key().unwrap();
    let session = SecureSession::establish(jpki.card(), &key, &[7; 32]);
    assert_eq!(refused(session), 0x6982);
    // The refusal has cost nothing.
    jpki.sign_with_auth_key(SignatureScheme::Sha256Pss, b"text").unwrap();
}
