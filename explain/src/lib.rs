//! What the bytes, files, rules and decisions of a My Number Card mean, in English and Japanese.
//!
//! - [`Narrator`] follows a conversation with a card and describes each C-APDU and R-APDU, in a line or field by field.
//! - [`Reasons`] is an observer of a virtual card: it collects why the card gave each answer; [`NotedReasons`] without words,
//!   which are made later.
//! - [`status`], [`access`], [`rules`] and [`reasons`] explain status words, access conditions, rules and events.
//! - [`atr`] and [`ats`] explain what a card answers to a reset, and over the air.
//! - [`files`] lists applications and files, and decodes what a file holds.
//!
//! ```
//! use rand_core::OsRng;
//! use vmyna_applets::specimen;
//! use vmyna_card_os::state::MemoryStore;
//! use vmyna_explain::{Language, Narrator, Reasons};
//!
//! let issued = specimen::find("hanako")?.ok_or("no such specimen")?;
//! let mut card = issued.card(Box::<MemoryStore>::default(), Box::new(OsRng))?;
//! let reasons = Reasons::default();
//! card.observe(reasons.observer());
//! card.power_on();
//!
//! // VERIFY with a PIN, before any file is selected.
//! let command = b"\x00\x20\x00\x80\x041234";
//! let mut response = Vec::new();
//! card.transmit(command, &mut response)?;
//! for language in [Language::En, Language::Ja] {
//!     let narrator = Narrator::new().in_language(language);
//!     println!("{}", narrator.command(command)); // >> (4+4) 00200080 04 ********   VERIFY current EF, 4 bytes
//!     println!("{}", narrator.fields(command).join("\n"));
//! }
//! let reason = reasons.take().pop().ok_or("the card gave no reason")?;
//! assert!(reason.en.starts_with("rule reference.no-current-ef [documented]: the command acts on the current EF"));
//! assert!(reason.ja.contains("コマンドはカレントEFを対象とするが、何も選択されていない"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The crate must never decide anything: it describes what a declaration states and what a card decided. It must never show
//! the value of a PIN or of a private key. A [`Narrator`] masks the PINs of commands, unless it was asked to show them.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod access;
pub mod atr;
pub mod ats;
mod directory;
mod field;
mod fields;
pub mod files;
mod historical;
mod japanese;
mod narrator;
mod noted;
mod over_the_air;
mod reader_commands;
pub mod reasons;
pub mod rules;
#[cfg(test)]
mod specimen;
pub mod status;

pub use field::Field;
pub use narrator::{Narrator, is_for_current_ef, secured, shortened};
pub use noted::{Noted, NotedReasons, Reason};
pub use reader_commands::ReaderKind;
pub use reasons::Reasons;
pub use vmyna_apdu::{Language, StatusWord, Text};
pub use vmyna_card_os::declaration::{Access, Application, Condition, DataObject, File, Operation, Verdict};
pub use vmyna_card_os::rule::{Basis, Certainty, Rule};
pub use vmyna_card_os::{Event, Observer};
