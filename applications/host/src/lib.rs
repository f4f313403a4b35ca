//! What the host programs of this package share: the card through PC/SC, PINs, TLV, signatures, and output.
//!
//! A host program is the part of an application outside the card. Each program in `src/bin` uses one application of
//! `applications/`, and runs with a virtual card (`vmyna run --ap FILE -- PROGRAM`) as with any other in a PC/SC reader.
//!
//! The package is an example and never part of a product: no crate depends on it. It must never print or keep a PIN, send a
//! command twice, or leave the card with a verified PIN.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod card;
pub mod employee;
mod error;
mod files;
pub mod http;
pub mod library;
mod output;
mod pin;
pub mod signature;
mod text;
pub mod tlv;

pub use card::{Answer, Card, key_reference};
pub use error::HostError;
pub use files::{read, read_text, replace};
pub use output::{Common, main, print};
pub use pin::Pin;
pub use text::{jis_x_0208, plain};
