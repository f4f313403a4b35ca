//! The mdoc of a virtual My Number Card on a phone (カード代替電磁的記録, `org.iso.23220.1.jp.mnc`), by ISO/IEC 18013-5.
//!
//! [`issue`] makes an [`IssuerSigned`] from [`Attributes`]: the elements, and a document signer's signature over their digests.
//! The elements and the document type are public; digests, curves and the form of dates are `assumed`, and say so where they
//! are stated.
//!
//! The crate has no clock and no randomness of its own, and opens no file. It must never encode anew what was signed, release an
//! element without consent, or show a My Number or a portrait in `Debug` or an error.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
#![allow(dead_code, reason = "presenting and verifying follow")]

mod attributes;
mod cbor;
mod cose;
pub mod element;
mod error;
mod issue;
mod issuer_signed;
mod keys;
mod security_object;

pub use attributes::{Attributes, BirthDate, BirthDateForm, Sex};
pub use cbor::{CborError, MAX_BYTES, MAX_DEPTH, MAX_ITEMS};
pub use ciborium::Value;
pub use element::{DOC_TYPE, NAMESPACE, NAMESPACE_JP};
pub use error::ParseError;
pub use issue::{IssueError, Signer, ValidityError, issue};
pub use issuer_signed::{IssuerSigned, Item};
pub use keys::SignerKey;
pub use security_object::{SecurityObject, Validity};
