//! The words that a smart card and its readers share.
//!
//! A C-APDU ([`CommandApdu`]) goes to the card, an R-APDU ([`ResponseApdu`]) with a [`StatusWord`] comes back. [`Aid`] and
//! [`FileId`] name applications and files, [`instruction`] names instructions. [`mask`] hides PINs, [`hex`] reads and writes
//! hexadecimal digits, [`Text`] holds a text in English and Japanese, and [`Foreign`] one that others have written. A card is an [`Icc`], a program uses it through a
//! [`Reader`].
//!
//! ```
//! use vmyna_apdu::{CommandApdu, ResponseApdu, StatusWord, hex, instruction, mask::Masked};
//!
//! let bytes = hex::decode("00 20 00 80 04 31 32 33 34")?;
//! let command = CommandApdu::parse(&bytes)?;
//! assert_eq!(instruction::name(command.ins), Some("VERIFY"));
//! assert_eq!(Masked(&bytes).to_string(), "0020008004********");
//!
//! let response = ResponseApdu::parse(&[0x63, 0xC2]).ok_or("shorter than a status word")?;
//! assert_eq!(response.status_word, StatusWord::tries_left(2));
//! assert_eq!(response.status_word.meaning(), "2 tries left");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The crate has no dependencies. It must never know an application, a file's content or a rule of a card, and it must never
//! print a data field.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod aid;
mod command_apdu;
mod file_id;
pub mod foreign;
pub mod hex;
pub mod icc;
pub mod instruction;
pub mod mask;
pub mod reader;
mod response_apdu;
mod status_word;
mod text;
mod type_b;

pub use aid::Aid;
pub use command_apdu::{CommandApdu, Malformed};
pub use file_id::FileId;
pub use foreign::{Foreign, ShowPath, shown};
pub use icc::{Icc, IccError, Incident, Pull};
pub use reader::{MovedBy, Movement, Reader, ReaderError};
pub use response_apdu::ResponseApdu;
pub use status_word::StatusWord;
pub use text::{Language, Text};
pub use type_b::TypeB;
