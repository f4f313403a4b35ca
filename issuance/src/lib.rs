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
//! | [`invent`] | fictional people and the orders of their cards |
//! | [`municipalities`] | codes and names of Japanese municipalities |
//! | [`person`] | the cardholder, the check digits of their numbers, the codes derived from them |
//! | [`order`] | what a card is issued from |
//! | [`person_file`] | an order from a TOML file |
//! | [`characters`] | the characters that certificates carry, substitutes for others |
//! | [`keys`] | RSA keys, reproducible from a seed and a label |
//! | [`x509`] | the JPKI certificate authorities and the two certificates of a card |
//! | [`cv`] | card-verifiable certificates and key ids |
//! | [`card_data`] | the objects of the card manager's GET DATA |
//! | [`text_data`] | the files of the input-assist application, signed |
//! | [`face_data`] | the files of the face-info application, signed |
//! | [`font`] | the outlines of the font that all pictures are drawn with |
//! | [`pictures`] | the pictures of the card's face: lines of text as PNG, the default photo |
//! | [`authorities`] | who certifies and signs: the keys and certificates of a folder |
//! | [`numbers`] | the numbers that a card gets at issue |
//! | [`desk`] | an issued card from an order, numbers and keys |
//! | [`series`] | many of them, on all processors |

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
mod issuer_key;
pub mod keys;
pub mod municipalities;
pub mod numbers;
pub mod order;
pub mod person_file;
pub mod pictures;
pub mod series;
pub mod specimen;
pub mod text_data;
pub mod validity;
pub mod x509;

pub use error::IssuanceError;

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
