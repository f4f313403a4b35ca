//! What a My Number Card (個人番号カード) is: its applications, each declared as data, and how a card is issued.
//!
//! A declaration is a function of the card's generation ([`Profile`]) and of what the card of one person holds; it can be
//! compared with the published facts line by line, each with its certainty and source. How a card *behaves* is
//! `vmyna-card-os`'s matter.

pub mod calendar;
pub mod card_info;
pub mod card_manager;
pub mod cv;
pub mod face_info;
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

pub use pin_at_issue::PinAtIssue;
pub use profile::{Interface, Profile};

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

/// Access to a PIN that anybody may try and nothing changes: it is printed on the card, or is the holder's number.
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
    File {
        id,
        name: name.into(),
        title: title.into(),
        body,
        access,
        basis,
        secret: false,
    }
}
