//! Runs programs that read a My Number Card, each time with another card or another interruption, and judges what they do.
//!
//! | Module | What it does |
//! |---|---|
//! | [`exam`] | runs a program with forged cards and signatures |
//! | [`explore`] | interrupts a program's conversation with its card at every command, in every way |
//! | [`leaks`] | looks for PINs and My Numbers in what a program printed |
//! | [`program`] | one run of a program: started, given its input, watched, ended |
//! | [`report`] | findings as text, JSON, JUnit XML and HTML |
//! | `responder` | the responder (OCSP) of an examination |
//! | [`stage`] | the card of one run, its reader, and what was seen of them |
//!
//! This crate must never put a PIN, a key or a My Number into a report.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

#[cfg(feature = "exam")]
pub mod exam;
pub mod explore;
pub mod leaks;
pub mod program;
pub mod report;
#[cfg(feature = "exam")]
pub mod responder;
pub mod stage;
