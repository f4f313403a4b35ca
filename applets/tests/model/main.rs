//! The reference model and the specimen card, side by side: random sequences of commands over all applications, with
//! resets, loss of power and restarts between them. Any difference is a failure, told by the shortest sequence that has it,
//! in a form that can be kept as a test vector.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

#[path = "../common/mod.rs"]
mod common;
mod plan;
mod reference;
#[allow(dead_code, reason = "the other test crate that reads the table looks at all of it")]
#[path = "../access_matrix/rules.rs"]
mod rules;
mod side_by_side;
