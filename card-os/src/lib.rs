//! The operating system of a virtual My Number Card (個人番号カード): JICSAP 1.1 on ISO/IEC 7816-4.
//!
//! Bytes of a C-APDU go in, bytes of an R-APDU come out, and what happened in between is told to an observer. The crate
//! knows no application by name: what a card *is* comes in as data (see [`application`]), and so do the randomness, the
//! engine that computes with private keys and the store that keeps the card's state. It has no sockets, clock or threads,
//! and no files but those of the one store that outlives the process (`store::durable`, a cargo feature); and it never
//! panics on what a host sends.
//!
//! The way of a command, each step in its own module:
//! bytes → [`apdu`] → [`command::Class`] → [`command::Instruction`] → file or key → [`access`] → effect, committed to
//! the [`store`] before the answer leaves → R-APDU. Every behaviour that the declarations can't say stands in [`rule`].

pub mod access;
pub mod application;
mod card;
pub mod command;
mod context;
pub mod event;
pub mod file;
mod icc;
pub mod key;
pub mod pin;
pub mod rule;
mod secure_messaging;
mod session;
pub mod store;
pub mod tlv;

pub use vmyna_apdu as apdu;

pub use card::{Card, CardError, NoPower, Parts};
