//! The desk by bare sockets: what its page does, and what a hostile client or page would.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "a panic is how a test fails"
)]

mod cards;
mod counter;
mod hostile;
mod readers;
mod rig;
mod trace;
