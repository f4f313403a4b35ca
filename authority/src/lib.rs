//! The authority after issuing: what it knows of each certificate ([`register`]), and what it answers about it.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod ocsp;
pub mod register;
pub mod revocation_list;
#[cfg(feature = "server")]
pub mod server;
