//! SELECT of the card's applications and of one that it does not have, and what that does to a right that a PIN gave.

use myna_card::ap::common::CommonAp;
use myna_card::ap::jpki::JpkiAp;
use myna_card::ap::juki::JukiAp;
use myna_card::ap::surface::SurfaceAp;
use myna_card::ap::text::{TextAp, ef};
use myna_card::{Card, Command, Result};
use vmyna_client_tests::SoftwareCard;

use super::{auth_pin, card, refused, status_of, text_pin};

type Select = fn(&mut Card<SoftwareCard>) -> Result<()>;

/// (name, how the client selects it)
const OTHERS: [(&str, Select); 4] = [
    ("common", |card| CommonAp::select(card).map(|_| ())),
    ("juki", |card| JukiAp::select(card).map(|_| ())),
    ("surface", |card| SurfaceAp::select(card).map(|_| ())),
    ("text", |card| TextAp::select(card).map(|_| ())),
];

/// The driving licence, an application that only cards with one have.
const LICENCE: [u8; 16] = [0xA0, 0, 0, 2, 0x31, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

#[test]
fn every_application_that_the_client_knows_is_there_at_power_up_and_from_every_other_one() {
    for (name, select) in OTHERS {
        let mut card = card();
        select(&mut card).unwrap_or_else(|error| panic!("{name}: {error}"));
        JpkiAp::select(&mut card).unwrap();
        for (other, select_other) in OTHERS {
            select_other(&mut card).unwrap();
            select(&mut card).unwrap_or_else(|error| panic!("{name} after {other}: {error}"));
        }
    }
}

#[test]
fn an_application_that_the_card_does_not_have_is_reported_with_6a82() {
    let mut card = card();
    assert_eq!(refused(card.select_df(&LICENCE)), 0x6A82, "at power-up");
    for (name, select) in OTHERS {
        select(&mut card).unwrap();
        assert_eq!(refused(card.select_df(&LICENCE)), 0x6A82, "from {name}");
    }
}

#[test]
fn a_failed_select_leaves_the_application_and_the_right_as_they_were() {
    let mut card = card();
    JpkiAp::select(&mut card).unwrap().verify_auth_pin(&auth_pin()).unwrap();
    refused(card.select_df(&LICENCE));
    // `80 2A 00 97` names the key in the application that is selected.
    let command = Command::with_data_le(0x80, 0x2A, 0x00, 0x97, *b"text", 256);
    assert_eq!(status_of(&mut card, &command), 0x9000);
}

#[test]
fn a_visit_to_any_other_application_ends_the_right_and_select_of_the_same_one_keeps_it() {
    for (name, select) in OTHERS {
        let mut card = card();
        let mut text = TextAp::select(&mut card).unwrap();
        text.verify_pin(&text_pin()).unwrap();
        select(text.card()).unwrap();
        let mut text = TextAp::select(&mut card).unwrap();
        let file = text.read_ef(ef::MY_NUMBER);
        if name == "text" {
            assert!(!file.unwrap().is_empty());
        } else {
            assert_eq!(refused(file), 0x6982, "after a visit to {name}");
        }
    }
}
