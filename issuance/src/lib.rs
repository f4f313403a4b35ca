//! Issuance (発行): from a person to that person's card with its certificates, keys and files.
//!
//! ```
//! use vmyna_issuance::person_file::{self, Defaults};
//! use vmyna_issuance::zeroize::Zeroizing;
//! use vmyna_issuance::{desk::Desk, rand_core::OsRng, series::Series, specimen};
//!
//! let person = r#"
//!     name = "見本　太郎"
//!     address = "東京都千代田区見本町１"
//!     birth = "1990-04-01"
//!     sex = "male"
//!     municipality = { code = "131016" }
//! "#;
//! let defaults = Defaults::new("taro".parse()?, "2026-11-01T01:00:00Z".parse()?);
//! let file = person_file::read(person, &defaults, &mut OsRng).map_err(|errors| errors[0].clone())?;
//! let desk = Desk::new(specimen::authorities()?);
//! let mut issued = Vec::new();
//! let series = Series::new(desk, Zeroizing::new([7; 32]), None);
//! series.issue([Ok(file.order)], &(), |card| Ok::<_, std::io::Error>(issued.push(card)))?;
//! assert_eq!(issued[0].summary.expiry.to_string(), "2036-04-01");
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! | Module | Gives |
//! |---|---|
//! | [`person_file`] | an order from a TOML file |
//! | [`toml_file`] | the errors of TOML files, with their places |
//! | [`application_file`] | applications of others from a TOML file |
//! | [`invent`] | fictional people and the orders of their cards |
//! | [`order`] | what a card is issued from |
//! | [`municipalities`] | codes and names of Japanese municipalities |
//! | [`characters`] | the characters that certificates carry, and substitutes for others |
//! | [`validity`] | the ends of certificates and cards |
//! | [`numbers`] | the numbers that a card gets at issue |
//! | [`keys`] | RSA keys, reproducible from a seed and a label |
//! | [`authorities`] | the keys and certificates that sign cards |
//! | [`ca_folder`] | authorities in a folder |
//! | [`specimen`] | the authorities of the built-in specimen cards |
//! | [`x509`] | the JPKI certificate authorities and the two certificates of a card |
//! | [`mdoc`] | the issuing authority of the mdoc of a phone (カード代替電磁的記録) |
//! | [`cv`] | the key that signs card-verifiable certificates |
//! | [`card_data`] | the objects of the card manager's GET DATA |
//! | [`text_data`] | the files of the input-assist application, signed |
//! | [`face_data`] | the files of the face-info application, signed |
//! | [`font`] | the outlines of the font that all pictures are drawn with |
//! | [`pictures`] | the pictures of the card's face: lines of text as PNG, the default photo; both sides of a whole card |
//! | [`desk`] | an issued card from an order, numbers and keys |
//! | [`reissue`] | single parts of an issued card, made anew |
//! | [`series`] | many cards, on all processors |
//! | [`story`] | people and what happens to them, from a TOML file |
//!
//! Dates, serial numbers and random generators come from the caller, so that the same input gives the same card.
//!
//! This crate must never read a clock or the system's random source, and no file but those of a [`ca_folder`]
//! and of an [`application_file`]. It must never issue under the name of a real authority. A private key, a PIN or a My Number never gets into an error, a log
//! line or a `Debug` output.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod application_file;
pub mod authorities;
pub mod ca_folder;
pub mod card_data;
pub mod characters;
pub mod cv;
mod data_signer;
pub mod desk;
mod error;
pub mod face_data;
pub mod font;
pub mod invent;
pub mod issuer_key;
pub mod keys;
pub mod mdoc;
pub mod municipalities;
pub mod numbers;
pub mod order;
pub mod person_file;
pub mod pictures;
mod processors;
pub mod reissue;
pub mod series;
pub mod specimen;
pub mod story;
pub mod text_data;
pub mod toml_file;
pub mod validity;
pub mod x509;

pub use error::IssuanceError;
pub use vmyna_applets::{self as applets, DateTime};
pub use vmyna_mdoc;
pub use {der, rand_core, rsa, spki, x509_cert, zeroize};

use vmyna_card_os::tlv::Tlv;

/// The longest file that READ BINARY reaches.
const LONGEST_FILE: usize = 0x8000;

/// A data object of the card's files.
fn object(tag: u16, value: &[u8]) -> Result<Vec<u8>, IssuanceError> {
    let mut bytes = Vec::with_capacity(value.len() + 5);
    let too_long = |_| IssuanceError::Input("a data object of a card's file holds at most 65,535 bytes");
    Tlv { tag, value }.write(&mut bytes).map_err(too_long)?;
    Ok(bytes)
}
