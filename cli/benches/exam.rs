//! What an examination costs: 100 candidates with a program that takes 50 ms, on two processors, within 15 seconds.
//!
//! `cargo bench -p vmyna-cli --bench exam` prints the time and its target. Exit status 1 if it is missed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a measurement ends where it can't be made"
)]

use std::process::{Command, Stdio, exit};
use std::time::{Duration, Instant};

/// The target.
const MOST: Duration = Duration::from_secs(15);
/// So many candidates at least are run; which ones makes no difference to a program that only waits.
const CANDIDATES: u64 = 100;

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        // `cargo test --all-targets` runs benchmarks to see whether they still work; timing has no place there.
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let begin = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_vmyna"))
        .current_dir(folder.path())
        .args([
            "exam",
            "--jobs",
            "2",
            "--only",
            "^(good|text|face|my-number)",
            "--json",
            "report.json",
        ])
        .args(["--", "sleep", "0.05"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    let took = begin.elapsed();
    // It accepts what is wrong.
    assert_eq!(status.code(), Some(1));
    let report = std::fs::read(folder.path().join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    let candidates = report["candidates"].as_array().unwrap();
    let run = candidates.iter().filter(|one| !one["got"].is_null()).count() as u64;
    println!("exam: {run} candidates of 50 ms, 2 jobs: {:.1} s", took.as_secs_f64());
    let for_all = took.mul_f64(CANDIDATES as f64 / run.min(CANDIDATES) as f64);
    println!("target: {CANDIDATES} candidates within {} s", MOST.as_secs());
    if for_all > MOST {
        println!("missed");
        exit(1);
    }
}
