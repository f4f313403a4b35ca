//! What can't be explored: exit status 2 and a message.

use std::fs;

use crate::common::Printed;
use crate::programs::{Signer, command, explore};

#[test]
fn a_program_that_can_not_be_explored_is_misuse() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("other"), "{}").unwrap();
    let words = |words: &[&str]| -> Vec<String> { words.iter().map(|word| (*word).to_owned()).collect() };
    for (options, program, message) in [
        (&[][..], words(&["./no-such-program"]), "can't be run"),
        (&[], words(&["true"]), "sent no command"),
        (&["--limit", "0.3"], words(&["sleep", "600"]), "--limit"),
        (&["--limit", "0"], words(&["true"]), "0.1 to 3600"),
        (&["--only", "("], words(&["true"]), "regex"),
        (&["--resume", "other"], words(&["true"]), "other can't be gone on with"),
        (
            &["--json", "none/report"],
            words(&["true"]),
            "none/report can't be written",
        ),
    ] {
        let output = command(folder.path(), options, &program)
            .output()
            .unwrap()
            .exits_with(2);
        assert!(
            output.err().contains(message),
            "{options:?} {program:?}: {}",
            output.err()
        );
    }
}

#[test]
fn the_file_of_another_exploration_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["--resume", "known", "--only", "^remove@6 "];
    command(folder.path(), &options, &Signer::C.words("none"))
        .output()
        .unwrap()
        .exits_with(0);
    let output = command(folder.path(), &options, &Signer::C.words("retry"))
        .output()
        .unwrap();
    let message = output.exits_with(2).err();
    assert!(message.contains("of another exploration"), "{message}");
}

#[test]
fn enough_findings_end_the_exploration_and_reports_have_them() {
    let folder = tempfile::tempdir().unwrap();
    let options = [
        "--max-findings",
        "1",
        "--jobs",
        "1",
        "--out",
        "out",
        "--html",
        "r.html",
        "--junit",
        "r.xml",
    ];
    let output = command(folder.path(), &options, &Signer::C.words("crash"))
        .output()
        .unwrap()
        .exits_with(1);
    assert!(
        output.out().contains("1 finding. Not all interruptions were explored."),
        "{}",
        output.out()
    );
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(read("r.html").contains("sw=6Cxx,ins=B0,nth=1") && read("r.xml").contains("failures=\"1\""));
    let commands = read("out/sw-6Cxx@2.crash.apdus");
    assert!(commands.ends_with("2: 00B0000000 -> 0 bytes, 6CA0\n"), "{commands}");
}

/// A wrong PIN on purpose: its try is no finding, and that it is tried twice is.
#[test]
fn the_undisturbed_run_is_judged_too() {
    let with = |fault: &str| -> Vec<String> {
        let words = Signer::C.words(fault);
        words.iter().map(|word| word.replace("1234", "4321")).collect()
    };
    let options = ["--only", "^mute@0 "];
    let explored = explore(&options, &with("none"));
    assert!(explored.findings().is_empty() && explored.output.out().contains("ends with exit status 1"));
    let explored = explore(&options, &with("retry"));
    let finding = explored.findings()[0];
    assert_eq!(
        (&finding["name"], &finding["problem"]),
        (&"undisturbed".into(), &"try-consumed".into())
    );
}
