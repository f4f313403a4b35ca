//! `vmyna ca`: authorities after issuing, as the programs see them that check certificates.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

#[path = "../common/mod.rs"]
mod common;

mod bench;
mod counter;
mod generations;
mod interrupted;
mod phone;
mod register;
mod trust;
