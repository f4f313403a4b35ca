//! A card as a computer sees it: in a reader of this process ([`software`]), in a slot of vpcd, the virtual reader of
//! pcscd ([`vpcd`]), or in a reader of the machine's PC/SC service ([`pcsc_client`], with the cargo feature `pcsc`).
//!
//! ```
//! use vmyna_reader_bridge::SoftwareReader;
//! use vmyna_reader_bridge::apdu::{Reader, ReaderError};
//! # use vmyna_testkit::test_card::TestCard;
//! # let card = TestCard::default();
//!
//! let mut reader = SoftwareReader::new("Desk");
//! // `card` is any `Icc`.
//! reader.put(Box::new(card))?;
//! let mut response = Vec::new();
//! reader.transmit(&[0x00, 0xA4, 0x00, 0x00], &mut response)?;
//! assert!(response.ends_with(&[0x90, 0x00]));
//!
//! reader.remove()?;
//! let without = reader.transmit(&[0x00, 0xA4, 0x00, 0x00], &mut response);
//! assert!(matches!(without, Err(ReaderError::NoCard { .. })));
//! # Ok::<(), ReaderError>(())
//! ```
//!
//! Three wrappers can stand between a reader and a card: a contactless reader ([`contactless`]), faults made on purpose
//! ([`fault`]), and a trace of all messages ([`trace`]).
//!
//! The crate knows a card only as the trait [`Icc`](apdu::Icc). It has no async runtime: a reader is one blocking
//! conversation in a thread of the caller. It must never interpret a command or a response, nor log one. Three exceptions
//! have their reason: a contactless reader answers the commands to itself, a trace masks secrets, and a fault looks for the
//! commands that it is for.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod contactless;
pub mod fault;
#[cfg(feature = "pcsc")]
pub mod pcsc_client;
pub mod software;
pub mod trace;
pub mod vpcd;

pub use rand_core;
pub use vmyna_apdu as apdu;
pub use vmyna_apdu::TypeB;

pub use contactless::ContactlessReader;
pub use software::SoftwareReader;
