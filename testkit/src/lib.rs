//! What tests, demonstrations and benchmarks need around vmyna: a PC/SC service of their own.
//!
//! [`PrivatePcscd`] starts the machine's `pcscd` on a socket and free TCP ports, so that any number of
//! tests run at the same time, without root, and without touching the machine's own PC/SC service. The binary
//! `private-pcscd` of this package offers the same to scripts. [`LocalServer`] starts servers that clients log in to, and
//! [`clients`] is the list of clients that tests prove to work, [`verifiers`] that of the checks that they make. [`test_card`] is a card for tests of readers.
//!
//! This crate must never become part of the product: it panics with the command that installs what is missing, and it looks
//! for programs where Debian and Ubuntu put them.

#[cfg(feature = "access")]
pub mod access;
mod client;
pub mod clients;
pub mod configurations;
mod killed;
mod npm;
mod own_process;
mod page;
mod pcscd;
mod ports;
mod programs;
mod python;
mod server;
pub mod test_card;
pub mod verifiers;
pub mod waiting;
mod watchdog;

pub use client::{client, isolated};
pub use killed::killed_at;
pub use npm::install_packages;
pub use own_process::in_own_process;
pub use page::{assert_page, assert_picture};
pub use pcscd::PrivatePcscd;
pub use ports::free_pairs;
pub use programs::{find_vpcd_driver, require_library, require_program, require_vpcd_driver};
pub use python::install_python_packages;
pub use server::LocalServer;
