//! The portal over HTTP: what it accepts of a provider, of a browser and of other pages.
//!
//! The provider here can lie, which an honest one can't be brought to do. The browser tests of the command use the real one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]
#![allow(unreachable_pub, reason = "the modules of one test program")]

mod application;
mod browser;
mod log_in;
mod pages;
mod provider;
mod second;
mod server;
mod sessions;
