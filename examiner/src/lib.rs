//! Runs programs that read a My Number Card, each time with another card or another interruption, and judges what they do.
//!
//! This crate must never put a PIN, a key or a My Number into a report.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]
