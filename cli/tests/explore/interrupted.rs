//! An exploration that is interrupted or killed: nothing is left running, and it goes on.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::common::{PATIENCE, Printed, signal, wait};
use crate::programs::{Signer, command, explore_in};

/// Begins an exploration and waits until its file has some runs.
fn begun(folder: &Path, options: &[&str], fault: &str) -> Child {
    let mut command = command(folder, options, &Signer::C.words(fault));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let end = Instant::now() + PATIENCE;
    while runs(folder) < 5 {
        assert!(Instant::now() < end, "it keeps nothing");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child
}

/// How many runs the file knows. It is never half a file.
fn runs(folder: &Path) -> usize {
    let Ok(text) = fs::read_to_string(folder.join("known")) else {
        return 0;
    };
    let known: Value = serde_json::from_str(&text).unwrap();
    known["runs"].as_array().unwrap().len()
}

const OPTIONS: [&str; 6] = ["--jobs", "1", "--limit", "20", "--resume", "known"];

#[test]
fn a_killed_exploration_goes_on_to_the_same_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = begun(folder.path(), &OPTIONS, "success");
    child.kill().unwrap();
    wait(&mut child);
    let known = runs(folder.path());
    let explored = explore_in(
        folder.path(),
        &[&OPTIONS[2..], &["--jobs", "4"]].concat(),
        &Signer::C.words("success"),
    );
    assert_eq!(explored.number("met") + explored.number("without_effect"), 8 * 20 + 1);
    let faults: Vec<_> = explored
        .findings()
        .iter()
        .map(|one| one["fault"].as_str().unwrap())
        .collect();
    assert!(faults.contains(&"sw=6581,ins=2A,nth=1"), "{faults:?}");
    assert!(runs(folder.path()) > known);
    // All is known now: it ends at once, with the same findings.
    let again = explore_in(folder.path(), &OPTIONS, &Signer::C.words("success"));
    assert_eq!(again.findings().len(), faults.len());
    assert!(again.output.out().contains("sw=6581,ins=2A,nth=1"));
}

#[test]
fn ctrl_c_leaves_what_is_known_and_no_process() {
    let folder = tempfile::tempdir().unwrap();
    let only = [
        "--only",
        "^(sw=6F00|delay=1000@[0-4] |remove@7 )",
        "--json",
        "report.json",
    ];
    // The last one of these hangs. Slow answers give it time to keep what is known.
    let mut child = begun(
        folder.path(),
        &[&OPTIONS[..2], &["--limit", "600"], &OPTIONS[4..], &only].concat(),
        "hang",
    );
    let end = Instant::now() + PATIENCE;
    while hanging(child.id()).is_empty() {
        assert!(
            Instant::now() < end && child.try_wait().unwrap().is_none(),
            "no program runs"
        );
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let programs = hanging(child.id());
    signal(child.id(), "INT");
    let status = wait(&mut child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(status.code(), Some(130), "{}", output.err());
    assert!(
        output.out().contains("Not all interruptions were explored."),
        "{}",
        output.out()
    );
    for program in programs {
        assert!(
            !Path::new(&format!("/proc/{program}/exe")).exists(),
            "{program} still runs"
        );
    }
    let report: Value = serde_json::from_str(&fs::read_to_string(folder.path().join("report.json")).unwrap()).unwrap();
    assert!(report["complete"] == false && report["met"].as_u64().unwrap() >= 5);
    assert!(runs(folder.path()) >= 5);
}

/// The processes that this one has started.
fn hanging(parent: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{parent}/task")).unwrap().flatten();
    let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let numbers: Vec<u32> = children
        .flat_map(|text| {
            text.split_whitespace()
                .map(|number| number.parse().unwrap())
                .collect::<Vec<_>>()
        })
        .collect();
    numbers
}
