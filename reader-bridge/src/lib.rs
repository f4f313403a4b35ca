//! What a computer sees of a card: a reader in this process ([`software`]), the machine's PC/SC service through vpcd
//! ([`vpcd`]), and the readers that the machine's service knows ([`pcsc_client`], with the cargo feature `pcsc`). A
//! contactless reader ([`contactless`]) stands between one of the first two and a card, as can faults on purpose
//! ([`fault`]), and [`trace`] writes down what is said.
//!
//! This crate knows a card only as the trait [`Icc`](apdu::Icc). It has no async runtime: a reader is one blocking conversation in
//! a thread of the caller's. It must never look into a command or a response, nor log one; but a contactless reader answers
//! the commands that are meant for itself, a trace masks what is secret, and faults look for the commands they are meant for.

pub mod contactless;
pub mod fault;
#[cfg(feature = "pcsc")]
pub mod pcsc_client;
pub mod software;
pub mod trace;
pub mod vpcd;

pub use vmyna_apdu as apdu;
pub use vmyna_apdu::TypeB;

pub use contactless::ContactlessReader;
pub use software::SoftwareReader;
