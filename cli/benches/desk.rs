//! What the desk costs: the time to its first page, an APDU of a program with the desk and without it, the time until an APDU is
//! on the page, and the memory of the process over 100,000 APDUs.
//!
//! `cargo bench -p vmyna-cli --bench desk` prints the figures and their targets. Exit status 1 if one is missed. The figures of
//! a shared machine are noisy: what is compared is measured in turn, and medians are compared.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a measurement ends where it can't be made"
)]

#[cfg(feature = "desk")]
#[path = "desk/clients.rs"]
mod clients;

#[cfg(feature = "desk")]
#[path = "desk/figures.rs"]
mod figures;

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        // `cargo test --all-targets` runs benchmarks to see whether they still work; timing has no place there.
        return;
    }
    #[cfg(feature = "desk")]
    figures::measure();
}
