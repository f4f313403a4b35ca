//! The authority after issuing: what it knows of each certificate ([`register`]), what it answers about it, and what the
//! counter ([`counter`]) and the kiosk ([`kiosk`]) do with cards.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod counter;
pub mod http_client;
#[cfg(feature = "server")]
pub mod http_server;
pub mod kiosk;
pub mod ocsp;
pub mod register;
pub mod revocation_list;
#[cfg(feature = "server")]
pub mod server;
pub mod verifier;
