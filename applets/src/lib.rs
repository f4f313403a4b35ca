//! What a My Number Card (個人番号カード) is: its applications, each declared as data, its generations, and the issued
//! card with its image on disk.
//!
//! ```
//! use vmyna_applets::card_os::state::MemoryStore;
//! use vmyna_applets::{rand_core::OsRng, specimen};
//!
//! let hanako = specimen::find("hanako")?.ok_or("no such specimen")?;
//! let mut card = hanako.card(Box::<MemoryStore>::default(), Box::new(OsRng))?;
//! card.power_on();
//! // SELECT the JPKI application.
//! let command = b"\x00\xA4\x04\x0C\x0A\xD3\x92\xF0\x00\x26\x01\x00\x00\x00\x01";
//! let mut response = Vec::new();
//! card.transmit(command, &mut response)?;
//! assert_eq!(response, [0x90, 0x00]);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! | Module | Gives |
//! |---|---|
//! | [`specimen`] | built-in cards of fictional people |
//! | [`image`] | issued cards in a file |
//! | [`issued`] | an issued card: what an image keeps, and what becomes a card in use |
//! | [`Profile`] | generation, batch and interface of a card |
//! | [`card_manager`], [`jpki`], [`input_assist`], [`face_info`], [`residence_code`], [`card_info`] | one application each |
//! | [`free_area`] | applications of others beside them |
//! | [`atr`] | an ATR of a card's own |
//! | [`file_size`] | the sizes of the files, and what is behind their objects |
//! | [`pins`] | the names of the PINs |
//! | [`person`], [`birth`], [`calendar`], [`cv`] | cardholder, birth date, dates, card-verifiable certificates |
//!
//! A declaration is a function of the card's generation and of the contents of one person's card. A reader can compare
//! it with the published facts line by line, because each line has its certainty and source. The crate `vmyna-card-os`
//! decides how a card behaves, and `vmyna-issuance` makes cards.
//!
//! This crate must never issue a card, make a key or draw a picture. It must never read a clock. A PIN, a private key or
//! a My Number never gets into an error or a `Debug` output.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod aids;
pub mod atr;
pub mod birth;
pub mod calendar;
pub mod card_info;
pub mod card_manager;
pub mod cv;
pub mod face_info;
pub mod file_size;
pub mod free_area;
pub mod image;
pub mod input_assist;
pub mod issued;
pub mod jpki;
pub mod person;
mod pin_at_issue;
pub mod pins;
mod profile;
pub mod residence_code;
pub mod specimen;

pub use der::DateTime;
pub use pin_at_issue::PinAtIssue;
pub use profile::{Interface, PhoneKind, Profile, Token};
pub use {rand_core, rsa, vmyna_apdu as apdu, vmyna_card_os as card_os};

use vmyna_apdu::FileId;
use vmyna_card_os::declaration::{Access, Body, Condition, File, Operation};
use vmyna_card_os::rule::{Basis, Certainty};

const fn measured(source: &'static str) -> Basis {
    Basis::new(Certainty::Measured, source)
}

const fn documented(source: &'static str) -> Basis {
    Basis::new(Certainty::Documented, source)
}

const fn assumed(source: &'static str) -> Basis {
    Basis::new(Certainty::Assumed, source)
}

/// Access to a PIN that is free to try and that nothing changes: it is printed on the card, or is the cardholder's number.
fn verify_only() -> Access {
    Access::NONE.with(Operation::Verify, Condition::Always)
}

/// An elementary file with its English and Japanese name.
fn elementary_file(
    id: FileId,
    (name, title): (&'static str, &'static str),
    body: Body,
    access: Access,
    basis: Basis,
) -> File {
    File::new(id, name, title, body, access, basis)
}

/// EF 001E of the JPKI, input-assist and face-info applications: it can be selected and not read.
fn unknown_internal_file() -> File {
    elementary_file(
        FileId::new(0x001E),
        ("unknown internal file", "用途不明の内部ファイル"),
        Body::Reserved,
        Access::NONE,
        assumed(
            "myna-card: 001E selects and reads answer 6981, but its sweep of the card manager finds none; jsapdu lists it here",
        ),
    )
}
