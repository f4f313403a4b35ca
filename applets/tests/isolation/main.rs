//! No right crosses from one application to another, and none is lost that must survive: every ordered pair of
//! applications × every set of PINs verified in the first × everything that can happen between them, in a reader.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

#[allow(dead_code, reason = "the other test crate that reads the table uses all of it")]
#[path = "../access_matrix/attempt.rs"]
mod attempt;
#[path = "../common/mod.rs"]
mod common;
mod desk;
mod events;
mod pairs;
#[allow(dead_code, reason = "the other test crate that reads the table looks at all of it")]
#[path = "../access_matrix/rules.rs"]
mod rules;
