//! The card keeps the access rules of `test-vectors/access.toml`, which was written by hand from published sources:
//! every object × operation × set of verified PINs × history, by APDUs only. Nothing here may learn a rule from the
//! declarations; they are only asked which objects there are.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod attempt;
#[path = "../common/mod.rs"]
mod common;
mod inventory;
mod matrix;
mod pins;
mod rules;
