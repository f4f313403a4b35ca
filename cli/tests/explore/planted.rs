//! Faults that are planted into programs of three languages.

use std::path::Path;
use std::process::Output;

use serde_json::Value;
use vmyna_testkit::{isolated, require_program};

use crate::common::Printed;
use crate::programs::{Explored, Signer, explore};

/// A fault by its name, the interruption that shows it, the problem, and the fault that replays it.
struct Planted {
    name: &'static str,
    only: &'static str,
    problem: &'static str,
    replay: &'static str,
}

const PLANTED: [Planted; 5] = [
    Planted {
        name: "hang",
        only: "^remove@6 ",
        problem: "hang",
        replay: "remove,ins=2A,nth=1",
    },
    Planted {
        name: "success",
        only: "^sw=6581@6 ",
        problem: "unsigned-success",
        replay: "sw=6581,ins=2A,nth=1",
    },
    Planted {
        name: "retry",
        only: "^sw=63C2",
        problem: "try-consumed",
        replay: "sw=63C2,ins=20,data,nth=1",
    },
    Planted {
        name: "log",
        only: "^sw=6982@4 VERIFY",
        problem: "pin-in-output",
        replay: "sw=6982,ins=20,nth=1",
    },
    Planted {
        name: "crash",
        only: "^sw=6Cxx@2 ",
        problem: "crash",
        replay: "sw=6Cxx,ins=B0,nth=1",
    },
];

/// The finding with this replay.
#[track_caller]
fn found<'a>(explored: &'a Explored, planted: &Planted) -> &'a Value {
    let findings = explored.findings();
    let found = findings
        .iter()
        .find(|one| (&one["problem"], &one["fault"]) == (&planted.problem.into(), &planted.replay.into()));
    found.unwrap_or_else(|| panic!("{}: {}", planted.name, explored.output.out()))
}

/// Runs the line of a finding as a user does who pastes it into a shell; `timeout` ends it.
fn pasted(line: &str) -> Output {
    let vmyna = Path::new(env!("CARGO_BIN_EXE_vmyna")).parent().unwrap();
    let path = format!("{}:{}", vmyna.display(), std::env::var("PATH").unwrap());
    isolated(require_program("timeout", "coreutils"))
        .args(["--kill-after=1", "3", "sh", "-c", line])
        .env("PATH", path)
        .output()
        .unwrap()
}

/// What the line shows without this project: exit status 124 is that of `timeout`.
#[track_caller]
fn shows(planted: &Planted, line: &str) {
    let output = match planted.name {
        "retry" => pasted(&line.replace("vmyna run ", "vmyna run --verbose ")),
        _ => pasted(line),
    };
    let (status, out, err) = (output.status.code(), output.out(), output.err());
    assert!(!err.contains("never fired"), "{line}: {err}");
    let is_shown = match planted.name {
        "hang" => status == Some(124),
        "success" => status == Some(0) && out.ends_with("signed\n") && !out.contains("not signed"),
        "retry" => err.matches("00200080 04 ********").count() == 2,
        "log" => ["31 32 33 34", "49, 50, 51, 52", "ACAAgAQxMjM0"]
            .iter()
            .any(|pin| err.contains(pin)),
        _ => status == Some(139) || err.contains("Traceback") || err.contains("ArrayIndexOutOfBounds"),
    };
    assert!(is_shown, "{line}: {status:?}\n{out}\n{err}");
}

#[track_caller]
fn each_is_found_and_replayed(signer: Signer) {
    for planted in &PLANTED {
        let options = ["--limit", "5", "--jobs", "2", "--only", planted.only];
        let explored = explore(&options, &signer.words(planted.name));
        assert_eq!(explored.findings().len(), 1, "{}", explored.output.out());
        let finding = found(&explored, planted);
        let line = finding["replay"].as_str().unwrap();
        let printed = explored.output.out();
        assert!(printed.contains(&format!("  replay: {line}\n")), "{printed}");
        // The arguments are as they were typed; nothing else shows the PIN.
        assert!(
            !printed
                .replace(&signer.words(planted.name).join(" "), "")
                .contains("1234"),
            "{printed}"
        );
        shows(planted, line);
    }
}

#[test]
fn faults_in_a_program_in_c_are_found_and_shrunk() {
    each_is_found_and_replayed(Signer::C);
}

#[test]
fn faults_in_a_program_in_python_are_found_and_shrunk() {
    each_is_found_and_replayed(Signer::Python);
}

#[test]
fn faults_in_a_program_in_java_are_found_and_shrunk() {
    each_is_found_and_replayed(Signer::Java);
}

/// Eight commands with each interruption; one VERIFY with the one that is only for that.
#[test]
fn a_careful_program_in_c_has_no_finding_under_all_interruptions() {
    let explored = explore(&["--jobs", "4", "--limit", "20"], &Signer::C.words("none"));
    assert!(explored.findings().is_empty(), "{}", explored.output.out());
    assert_eq!(explored.number("met") + explored.number("without_effect"), 8 * 20 + 1);
    // Without data there is nothing to fetch: two interruptions at five commands. 256 bytes are what Le 00 asks for: 6Cxx of
    // two signatures. The program has its transaction: no probe at eight commands.
    assert_eq!(explored.number("without_effect"), 2 * 5 + 2 + 8);
}

#[test]
fn the_pin_verify_and_signature_of_careful_programs_have_no_finding() {
    for signer in [Signer::Python, Signer::Java] {
        let explored = explore(
            &[
                "--only",
                "^(remove|sw|other-reset|transaction).*@[46] ",
                "--jobs",
                "2",
                "--limit",
                "30",
            ],
            &signer.words("none"),
        );
        assert!(explored.findings().is_empty(), "{signer:?}: {}", explored.output.out());
        assert!(explored.number("met") >= 14, "{}", explored.output.out());
    }
}

#[test]
#[ignore = "some minutes: every interruption of three programs with five faults; `make test-heavy` runs it"]
fn all_interruptions_find_each_fault_and_none_in_careful_programs() {
    for signer in [Signer::C, Signer::Python, Signer::Java] {
        let explored = explore(&["--limit", "30"], &signer.words("none"));
        let (met, without) = (explored.number("met"), explored.number("without_effect"));
        println!("counted: explore: {signer:?}, careful: {met} interruptions, {without} without an effect, no finding");
        assert!(explored.findings().is_empty(), "{signer:?}: {}", explored.output.out());
        for planted in &PLANTED {
            let explored = explore(&["--limit", "5"], &signer.words(planted.name));
            found(&explored, planted);
            let (met, findings) = (explored.number("met"), explored.findings().len());
            println!(
                "counted: explore: {signer:?}, {}: {met} interruptions, {findings} findings",
                planted.name
            );
        }
    }
}
