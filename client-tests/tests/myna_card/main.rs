//! The client `myna-card` 3.3.4 (Rust, MIT), the most complete one there is, over a reader in this process.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)] // the whole file is tests

mod absent;
mod card_manager;
mod certificates;
mod measured;
mod pins;
mod signatures;

use myna_card::ap::jpki::JpkiAp;
use myna_card::{Card, Command, Date, Error, Pin, Result};
use vmyna_client_tests::{A_DAY, SoftwareCard, specimen};

/// The client's view of the JPKI application.
type Jpki<'a> = JpkiAp<'a, SoftwareCard>;

fn card() -> Card<SoftwareCard> {
    Card::new(SoftwareCard::new())
}

fn auth_pin() -> Pin {
    Pin::numeric(specimen().pins.auth).unwrap()
}

fn sign_pin() -> Pin {
    Pin::new(specimen().pins.sign).unwrap()
}

fn a_day() -> Date {
    Date::parse(A_DAY).unwrap()
}

/// The status word with which the card refused, as the client reports it.
#[track_caller]
fn refused<T>(result: Result<T>) -> u16 {
    match result.err() {
        Some(Error::Status(status_word)) => status_word.value(),
        other => panic!("not refused with a status word: {other:?}"),
    }
}

/// Sends a command that the client has no function for; gives the status word.
fn status_of(card: &mut Card<SoftwareCard>, command: &Command) -> u16 {
    card.call(command).unwrap().status.value()
}
