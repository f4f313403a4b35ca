//! What a My Number Card (個人番号カード) is known to do, as test vectors that any card can take: vmyna, another emulator,
//! or a real card in a real reader. With each vector stand its source and how certain it is, so that a run over a real card
//! turns what is `assumed` into what is `measured`.
//!
//! The vectors are TOML ([`vector`]); [`suite`] reads the built-in ones and makes those of the access matrix; [`run`] puts
//! them to a card and [`report`], [`junit`] and [`record`] tell what came of it, for people in two languages
//! ([`Text`](apdu::Text)). The crate knows a card only as the reader bridge's traits. It must never
//! - learn an expected answer from vmyna's own code: vectors are written from published sources;
//! - send a wrong PIN, a writing command or one of the issuer's to a card whose holder has not allowed just that;
//! - show a PIN, or personal data that a card answered.

mod access;
mod check;
mod english;
pub mod junit;
mod keys;
mod pattern;
pub mod pins;
pub mod record;
pub mod report;
pub mod rows;
pub mod run;
mod secure;
pub mod suite;
mod template;
pub mod vector;

pub use check::CHECKS;
pub use vmyna_apdu as apdu;
