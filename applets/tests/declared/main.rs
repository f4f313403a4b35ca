//! Applications that declare all that the free area allows (files that are written, keys that the card makes, keys of
//! hosts, shared PINs, an application below another one and a locked one) beside the card's own: a small model and the card
//! side by side, and instructions that no application declares.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

#[path = "../common/mod.rs"]
mod common;
mod inventions;
mod reference;
mod side_by_side;
mod undeclared;
