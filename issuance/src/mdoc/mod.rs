//! The mdoc of a phone (カード代替電磁的記録): its issuing authority, and the elements from a card.
//!
//! | Type | Is |
//! |---|---|
//! | [`MdocAuthority`] | the authority of a set: the roots of all times and what they certify |
//! | [`Root`] | a root of one generation: P-384, signs signers' certificates and its revocation list |
//! | [`DocumentSigner`] | a key that signs mdocs: P-256 |
//!
//! [`issue`] makes an mdoc from a card as it is now.
//!
//! The real root is public, and the form of the root here follows it. Nothing else of that authority is published: key,
//! subject, validity and extended key usage of the signers are `assumed`, from ISO/IEC 18013-5, Annex B.
//!
//! | | Root | Signer |
//! |---|---|---|
//! | begins | every four years, like the authorities of the card | every 365 days, and anew after a revocation |
//! | lasts | 1,945 days, like the real one | 457 days, the most that Annex B allows |
//! | key | P-384, ecdsa-with-SHA384 | P-256, ECDSA with SHA-256 (ES256) |
//! | serial number | 20 bytes | 20 bytes |
//!
//! Roots and signers are made from the first root's key, so a set needs that key and no other to know those of every time.
//! Signatures are deterministic (RFC 6979). This module must never issue under the name of a real authority, never choose a
//! date, and never fetch randomness.

mod authority;
mod certificates;
mod elements;
mod issue;

pub use authority::{DocumentSigner, MdocAuthority, Root};
pub(crate) use authority::{FOLDER, paths};
pub use elements::attributes;
pub use issue::{VALIDITY, device_key, issue};

#[cfg(test)]
mod tests;
