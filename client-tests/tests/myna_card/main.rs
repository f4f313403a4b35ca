//! The client `myna-card` 3.3.4 (Rust, MIT), the most complete one there is, over a reader in this process.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)] // the whole file is tests

mod card_manager;
mod certificates;
mod common_and_juki;
mod measured;
mod one_holder;
mod pins;
mod secure_session;
mod selection;
mod signatures;
mod surface;
mod text;

use myna_card::ap::jpki::JpkiAp;
use myna_card::{Card, Command, Date, Error, Pin, Result, RsaPublicKey};
use rsa::RsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::PublicKeyParts;
use vmyna_card_os::declaration::PrivateKey;
use vmyna_client_tests::{A_DAY, PIN, SIGN_PIN, SoftwareCard, specimen};

/// The client's view of the JPKI application.
type Jpki<'a> = JpkiAp<'a, SoftwareCard>;

fn card() -> Card<SoftwareCard> {
    Card::new(SoftwareCard::new())
}

fn auth_pin() -> Pin {
    Pin::numeric(PIN).unwrap()
}

fn sign_pin() -> Pin {
    Pin::new(SIGN_PIN).unwrap()
}

fn text_pin() -> Pin {
    Pin::numeric(PIN).unwrap()
}

/// The PIN of 住基AP and of 共通カードAP.
fn residence_pin() -> Pin {
    Pin::numeric(PIN).unwrap()
}

/// 照合番号A: the My Number of the fictional holder.
fn code_a() -> Pin {
    Pin::numeric(specimen().summary.person.my_number.digits()).unwrap()
}

/// 照合番号B: 25 October of Heisei 1, card until 2036, security code 2026.
fn code_b() -> Pin {
    Pin::numeric("01102520362026").unwrap()
}

/// 生年月日.
fn birth_pin() -> Pin {
    Pin::numeric("011025").unwrap()
}

/// The public half of an authority's test key, as the client writes one.
fn public_half(pem: &str) -> RsaPublicKey {
    as_the_client_writes_it(&RsaPrivateKey::from_pkcs8_pem(pem).unwrap())
}

/// The public half of a key of the card, likewise.
fn public_half_of(key: &PrivateKey) -> RsaPublicKey {
    as_the_client_writes_it(&RsaPrivateKey::from_pkcs8_der(key.as_pkcs8_der()).unwrap())
}

fn as_the_client_writes_it(key: &RsaPrivateKey) -> RsaPublicKey {
    RsaPublicKey {
        exponent: key.e().to_bytes_be(),
        modulus: key.n().to_bytes_be(),
    }
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
