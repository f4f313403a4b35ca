//! Data about the My Number Card (個人番号カード), as constants without logic: what other crates test with, and the
//! built-in specimen cards.
//!
//! Each kind of data has a feature of its own; without features the crate is empty.
//!
//! | Feature | Gives |
//! |---|---|
//! | `access` | [`ACCESS`]: the access rules of every file, in TOML, written by hand from published sources |
//! | `specimens` | [`specimens`]: an image of complete cards of fictional people, what they were issued from, and public test keys |
//! | `vectors` | [`conformance`]: what a card answers to which command, and [`ORDER`]: which of two faults it reports, in TOML |
//!
//! ```
//! # #[cfg(feature = "specimens")] {
//! use vmyna_test_vectors::specimens;
//!
//! let (name, person) = specimens::PEOPLE[0];
//! assert_eq!(name, "hanako");
//! assert!(person.contains("name = \"見本　花子\""));
//! // An image starts with eight fixed bytes, the format version and the number of cards.
//! assert_eq!(specimens::IMAGE[..8], *b"\x89VMYNA\r\n");
//! assert!(specimens::keys::SIGN_CA.starts_with("-----BEGIN PRIVATE KEY-----"));
//! # }
//! ```
//!
//! This crate must never contain code that interprets its data, and never data of a real person or a key of a real
//! authority.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

/// The access rules of every file and PIN, in TOML. The file's head explains its form.
#[cfg(feature = "access")]
pub const ACCESS: &str = include_str!("../access.toml");

/// What a card answers when two things are wrong with a command at once, in TOML. The file's head explains its form.
#[cfg(feature = "vectors")]
pub const ORDER: &str = include_str!("../order.toml");

#[cfg(feature = "vectors")]
pub mod conformance;
#[cfg(feature = "specimens")]
pub mod specimens;
