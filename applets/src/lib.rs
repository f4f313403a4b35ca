//! What a My Number Card (個人番号カード) is: its applications, each declared as data, and how a card is issued.
//!
//! A declaration is a function of the card's generation ([`Profile`]) and of what the card of one person holds; it can be
//! compared with the published facts line by line, each with its certainty and source. How a card *behaves* is
//! `vmyna-card-os`'s matter.

pub mod card_manager;
pub mod issuance;
pub mod jpki;
mod profile;
pub mod specimen;

pub use profile::Profile;

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
