//! Issuance (発行): from a person to the certificates, keys and card objects of that person's card.
//!
//! Everything here is a function of its arguments: dates, serial numbers and random generators come from the caller, so
//! that the same input gives the same card. This module must never read a clock, a file or the system's random source,
//! and never put a private key, a PIN or a My Number into an error, a log line or a `Debug` output.
//!
//! | Module | Gives |
//! |---|---|
//! | [`calendar`] | civil dates, Japanese eras |
//! | [`validity`] | when a certificate or a card ends |
//! | [`person`] | the cardholder, the check digits of their numbers, the codes derived from them |
//! | [`keys`] | RSA keys, reproducible from a seed and a label |
//! | [`x509`] | the JPKI certificate authorities and the two certificates of a card |
//! | [`cv`] | card-verifiable certificates and key ids |
//! | [`card_data`] | the objects of the card manager's GET DATA |
//! | [`specimen`] | the built-in specimen card `specimen:hanako` |

pub mod calendar;
pub mod card_data;
pub mod cv;
mod error;
pub mod keys;
pub mod person;
pub mod specimen;
pub mod validity;
pub mod x509;

pub use error::IssuanceError;
