//! The authority after issuing: what it knows of each certificate ([`register`]), what it answers about it, and what its
//! counter does with cards ([`counter`]).

#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod counter;
pub mod ocsp;
pub mod register;
pub mod revocation_list;
#[cfg(feature = "server")]
pub mod server;
pub mod verifier;
