//! The operating system of a virtual My Number Card (個人番号カード): JICSAP 1.1 on ISO/IEC 7816-4.
//!
//! A C-APDU goes in as bytes, and an R-APDU comes out. An [`Observer`] sees each step in between.
//!
//! The crate knows no application by name: a [`declaration`] describes them. Random numbers, the engine that computes with
//! private keys and the store that keeps the state also come from outside. It has no sockets, clock or threads. Its only
//! files are those of the optional store on disk (`state::durable`, a cargo feature). It never panics on a command.
//!
//! Modules, each of which uses only those before it: [`rule`] (behaviour that no declaration describes), [`declaration`]
//! (the issued card), [`key`] (engines and paddings), [`state`] (session and store), [`command`] (the way of a command).

mod card;
pub mod command;
pub mod declaration;
mod icc;
pub mod key;
pub mod rule;
pub mod state;
pub mod tlv;

pub use vmyna_apdu as apdu;

pub use card::{Card, CardError, NoPower, Parts};
pub use command::event::{Event, Observer};
