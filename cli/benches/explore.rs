//! What an exploration costs: 1,000 interruptions of OpenSC's `pkcs15-tool --dump` within 3 minutes on two processors.
//!
//! `cargo bench -p vmyna-cli --bench explore` prints the figure and its target. Exit status 1 if it is missed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a measurement ends where it can't be made"
)]

use std::process::{Command, exit};
use std::time::Instant;

/// Seconds for 1,000 interruptions.
const TARGET: f64 = 180.0;

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        // `cargo test --all-targets` runs benchmarks to see whether they still work; timing has no place there.
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    let begin = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_vmyna"))
        .args(["explore", "--jobs", "2", "--limit", "60", "--json"])
        .arg(&report)
        .args(["--", "pkcs15-tool", "--dump"])
        .output()
        .unwrap()
        .status;
    let seconds = begin.elapsed().as_secs_f64();
    assert!(matches!(status.code(), Some(0 | 1)), "{status}");
    let report: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap();
    let met = report["met"].as_u64().unwrap();
    assert!(met >= 1000, "only {met} interruptions");
    let thousand = seconds * 1000.0 / met as f64;
    println!(
        "explore: {met} interruptions of pkcs15-tool --dump in {seconds:.1} s; 1,000 in {thousand:.1} s (target: {TARGET} s)"
    );
    if thousand > TARGET {
        exit(1);
    }
}
