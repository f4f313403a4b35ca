//! A virtual My Number Card (個人番号カード) for programs and their tests.
//!
//! A card has a name ([`CardSource`]): `specimen:hanako` is built in, `FILE#NAME` is one that was issued into an image. An
//! issued card keeps its state ([`StatePlace`]) beside its image. A [`Bench`] puts faults and traces between a card and its
//! reader, always in the same order.
//!
//! This program makes Hanako's card, verifies a PIN and signs:
//!
//! ```
//! use vmyna::{Bench, Exchange};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let mut reader = Bench::new().reader(&"specimen:hanako".parse()?)?;
//!     reader.send("00A4040C 0A D392F000260100000001")?; // SELECT the JPKI application (公的個人認証AP)
//!     reader.send("00200098 04 31323334")?; // VERIFY the PIN to log in (利用者証明用): 1234
//!     let digest_info = format!("3031300D060960864801650304020105000420{}", "5A".repeat(32)); // SHA-256
//!     let signature = reader.send(&format!("802A0097 33 {digest_info} 00"))?; // COMPUTE DIGITAL SIGNATURE
//!     Ok(assert_eq!(signature.len(), 256))
//! }
//! ```
//!
//! The card behaves like the chip, byte for byte, and protects nothing: it is a test tool, and its people are fictional. The
//! library must never print anything, nor put a PIN, a key or a My Number into an error or `Debug` output.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod bench;
mod contents;
mod control;
#[cfg(feature = "authority")]
pub mod counter;
mod error;
mod exchange;
mod folder;
mod in_use;
mod install;
#[cfg(feature = "authority")]
pub mod life;
mod pending;
#[cfg(feature = "authority")]
pub mod phone;
mod private_directory;
mod secrecy;
pub mod service;
mod source;
mod state;

pub use bench::{Bench, Slot};
pub use contents::ContentsError;
pub use control::{ControlError, ControlErrorKind};
pub use error::Error;
pub use exchange::{Exchange, SendError};
pub use folder::{FolderError, FolderProblem, STATE_VARIABLE};
pub use in_use::KeptCard;
pub use pending::{FoundMark, LONGEST_MARK, PendingMark, replacement_from_bytes, replacement_to_bytes};
pub use private_directory::PrivateDirectory;
pub use source::{CardSource, OpenCard, ParseCardError};
pub use state::{Replaced, Reset, StatePlace, Tries, TriesSource};

pub use vmyna_apdu as apdu;
pub use vmyna_applets as applets;
#[cfg(feature = "authority")]
pub use vmyna_authority as authority;
pub use vmyna_card_os as card_os;
#[cfg(feature = "authority")]
pub use vmyna_issuance as issuance;
pub use vmyna_pcsc_service as pcsc;
pub use vmyna_reader_bridge as reader_bridge;
