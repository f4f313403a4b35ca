//! The plug is pulled: at every write of a command, at every byte of it, with nothing, all or a random part of what was
//! not synced arriving; and again while the card recovers from that. And the disk fails: at any write, at any sync. And what lies
//! on it rots.
//!
//! The rule, after each of them: the state is the one before a change or the one behind it, never a mixture. What the
//! host was answered holds. A consumed try never comes back without the right PIN; nothing is verified.
//!
//! `cargo test` cuts everywhere the first time and at a sample of places the second; the tests marked `ignored` cut
//! everywhere twice: `cargo test -p vmyna-card-os --test power_cuts -- --ignored --nocapture`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

#[path = "../common/mod.rs"]
mod common;
mod cost;
mod cuts;
mod damage;
mod disk;
mod failures;
