//! The known behaviour of a My Number Card (個人番号カード) as test vectors, and their runner. The card may be vmyna's,
//! another emulator's, or a real one in a real reader.
//!
//! ```
//! use vmyna_conformance::apdu::Reader;
//! use vmyna_conformance::run::{Permissions, RunError, Subject, examine, run};
//! use vmyna_conformance::{pins::Values, report::Report, suite::Suite};
//!
//! /// Runs every vector that a card allows: without a PIN, without a wrong PIN, without writing.
//! fn judge(suite: &Suite, reader: &mut dyn Reader) -> Result<Report, RunError> {
//!     let vectors: Vec<_> = suite.vectors.iter().collect();
//!     let mut subject = Subject::InReader(reader);
//!     let card = examine(&mut subject)?;
//!     let (values, allowed) = (Values::default(), Permissions::default());
//!     Ok(run(&vectors, &mut subject, "desk", card, &values, allowed, &mut |_| {}))
//! }
//! let suite = Suite::built_in()?;
//! assert!(suite.select(&["select".to_owned()])?.len() > 10);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! The vectors are TOML ([`vector`]). Each states its source and certainty, so that a run over a real card turns
//! `assumed` into `measured`. [`suite`] reads the built-in vectors, makes those of the access matrix, and those of [`order`]. [`run`] sends
//! them to a card. [`report`], [`junit`] and [`record`] hold the results, with texts in two languages
//! ([`Text`](apdu::Text)).
//!
//! The crate knows a card only as a [`Reader`](apdu::Reader). Inside this workspace it depends on `vmyna-apdu` and
//! `vmyna-test-vectors` alone, so that no expected answer comes from the code that it judges.
//!
//! It must never
//! - learn an expected answer from vmyna's own code: vectors are written from published sources;
//! - send a wrong PIN, a writing command or an issuer's command to a card without the permission for exactly that;
//! - show a PIN, or personal data that a card answered.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod access;
mod check;
pub mod declared;
mod english;
pub mod hosts;
pub mod junit;
mod keys;
pub mod order;
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
