//! The identity provider over HTTP: the basic checks of an OpenID provider, each a test of its own, and bad input.
//!
//! docs/idp.md has the table of these checks; the test `every_row_of_the_table_names_a_test` compares it with this folder.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

mod assertions;
mod authorization;
mod cards;
mod hostile;
mod http;
mod keys;
mod pages;
mod phones;
mod registration;
mod rig;
mod signing;
mod table;
mod tokens;
mod userinfo;
