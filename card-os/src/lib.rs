//! The operating system of a virtual My Number Card (個人番号カード): JICSAP 1.1 on ISO/IEC 7816-4.
//!
//! A C-APDU goes in as bytes, and an R-APDU comes out. An [`Observer`] sees each step in between.
//!
//! ```
//! use vmyna_card_os::apdu::{Aid, FileId};
//! use vmyna_card_os::declaration::{Access, Application, Body, Condition, File};
//! use vmyna_card_os::rule::{Basis, Certainty};
//! use vmyna_card_os::{Card, Parts, rand_core::OsRng};
//!
//! let basis = Basis::new(Certainty::Assumed, "an example");
//! let aid = Aid::new(b"example").ok_or("an AID has 1 to 16 bytes")?;
//! let body = Body::Transparent(b"hello".to_vec().into());
//! let file = File::new(FileId::new(1), "greeting", "挨拶", body, Access::read(Condition::Always), basis.clone());
//! let application = Application::new(aid, "example", "例", basis).with_files(vec![file]);
//!
//! let mut card = Card::new(Parts::new([application], [0x3B, 0x00], Box::new(OsRng)))?;
//! card.power_on();
//! let mut response = Vec::new();
//! card.transmit(&[0x00, 0xB0, 0x81, 0x00, 0x00], &mut response)?; // READ BINARY of EF 0001
//! assert_eq!(response, b"hello\x90\x00");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The crate knows no application by name: a [`declaration`] describes them. Random numbers, the engine that computes with
//! private keys and the store that keeps the state also come from outside. It has no sockets, clock or threads. Its only
//! files are those of the optional store on disk (`state::durable`, a cargo feature). It never panics on a command.
//!
//! Modules, each of which uses only those before it: [`rule`] (behaviour that no declaration describes), [`declaration`]
//! (the issued card), [`key`] (engines and paddings), [`state`] (session and store), [`command`] (the way of a command).

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod card;
pub mod command;
pub mod declaration;
mod icc;
pub mod key;
mod names;
pub mod rule;
pub mod state;
pub mod tlv;

pub use rand_core;
pub use vmyna_apdu as apdu;

pub use card::{Card, CardError, NoPower, Parts};
pub use command::event::{Event, Observer};
