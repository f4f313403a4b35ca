//! Status words that the client's documentation says were measured on real cards, for commands that it has no function for.

use myna_card::ap::jpki::{JpkiAp, ef};
use myna_card::{Card, Command, ShortEfId};
use vmyna_client_tests::SoftwareCard;

use super::{auth_pin, card, refused, sign_pin, status_of};

fn jpki_selected() -> Card<SoftwareCard> {
    let mut card = card();
    JpkiAp::select(&mut card).unwrap();
    card
}

#[test]
fn a_secured_command_without_a_session_is_refused_with_69fc() {
    let mut card = jpki_selected();
    card.select_ef(ef::AUTH_CERTIFICATE).unwrap();
    let secured = Command::with_data_le(0x08, 0xB0, 0x00, 0x00, [0x96, 0x01, 0x10], 256);
    assert_eq!(status_of(&mut card, &secured), 0x69FC);
}

#[test]
fn the_last_command_indicator_of_a_phone_is_refused_with_6700() {
    let mut card = jpki_selected();
    assert_eq!(status_of(&mut card, &Command::new(0x80, 0xFC, 0x00, 0x00)), 0x6700);
}

#[test]
fn the_terminal_certificate_command_refuses_the_parameters_that_a_card_refuses() {
    let mut card = jpki_selected();
    for (p1, p2) in [(0x00, 0x00), (0x00, 0xAE), (0x80, 0x00), (0x00, 0xB6)] {
        let command = Command::with_data(0x80, 0xA2, p1, p2, [0; 307]);
        assert_eq!(status_of(&mut card, &command), 0x6A86, "{p1:02X}{p2:02X}");
    }
}

#[test]
fn manage_attributes_asks_for_the_issuer_in_two_forms_and_has_no_others() {
    let mut card = jpki_selected();
    for p1 in 0..=0xFF {
        let reaches_the_issuers_check = status_of(&mut card, &Command::with_data(0x80, 0x8A, p1, 0x00, [0])) == 0x6982;
        assert_eq!(reaches_the_issuers_check, matches!(p1, 0x22 | 0x24), "{p1:02X}");
    }
}

#[test]
fn no_key_of_the_jpki_application_answers_internal_authenticate_not_even_after_its_pin() {
    let mut card = jpki_selected();
    for verified in [false, true] {
        for key in [ef::AUTH_KEY, ef::SIGN_KEY] {
            let sfi = ShortEfId::from_ef_id(key).unwrap();
            let result = card.internal_authenticate(sfi, b"challenge");
            assert_eq!(refused(result), 0x6982, "{key:04X} {verified}");
        }
        let mut jpki = JpkiAp::select(&mut card).unwrap();
        jpki.verify_auth_pin(&auth_pin()).unwrap();
        jpki.verify_sign_pin(&sign_pin()).unwrap();
    }
}
