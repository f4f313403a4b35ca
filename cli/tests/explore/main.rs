//! `vmyna explore`: faults that are planted into programs of three languages are found and replayed, programs of other
//! projects are explored, and an exploration that is interrupted or killed goes on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

#[path = "../common/mod.rs"]
mod common;

mod clients;
mod interrupted;
mod misuse;
mod planted;
mod programs;
