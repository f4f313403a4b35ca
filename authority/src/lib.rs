//! The authority after issuing: what it knows of each certificate ([`register`]), what it answers about it, what the counter
//! ([`counter`]) and the kiosk ([`kiosk`]) do with cards, how a phone gets certificates of its own ([`phone`]), and which signers
//! of mdocs are revoked ([`mdoc`]).

#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod counter;
pub mod http_client;
#[cfg(feature = "server")]
pub mod http_server;
pub mod kiosk;
pub mod mdoc;
pub mod ocsp;
pub mod phone;
pub mod register;
pub mod revocation_list;
#[cfg(feature = "server")]
pub mod server;
mod terminal;
pub mod verifier;
