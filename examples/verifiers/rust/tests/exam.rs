//! The examination accepts the whole verifier, and finds of each mutant the check that it lacks.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use vmyna_candidates::{Anchors, Candidate, Candidates, Expected, Group, Role, Workshop, all};
use vmyna_examiner::exam::settings::Settings;
use vmyna_examiner::exam::{Exam, ExamError};
use vmyna_examiner::report::Standing;
use vmyna_examiner::responder::ResponderError;

/// Another examination on this machine can have the responder's address for a while.
const PATIENCE: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(50);

const VERIFIER: &str = env!("CARGO_BIN_EXE_card-verifier");

/// What the verifier claims and how it reports; a user's example, too.
const SETTINGS: &str = include_str!("../../../exam/card.toml");

/// Checks that fall together in this verifier: the mutant, and the checks that it lacks.
const TOGETHER: &[(&str, &[&str])] = &[
    // The signature is not looked at, so its form is not either.
    ("T04", &["T04", "T18"]),
    // A foreign authority has a known name and another key.
    ("T06", &["T06", "T07"]),
    ("F06", &["F06a", "F06b"]),
    // The card of a forger has a session of its own.
    ("T10", &["T10", "T19"]),
    // A replayed answer is one that is not verified.
    ("T11", &["T11", "T14"]),
    ("F07b", &["F07b", "F07c"]),
    // Any signature over the chip's key but the municipality's.
    ("T12", &["T12", "T13"]),
    // Whatever is wrong with an answer, or with its form, does not matter if the answer is not looked at.
    ("A05", &["A04", "A05", "A06", "A07", "A08", "A09", "A10", "A12"]),
    // A certificate of no authority has a signature that no authority's key verifies, as one that was changed.
    ("A13", &["A13", "A14", "A41"]),
    // The card can bring any authority, also that of another test hierarchy.
    ("A14", &["A14", "A17"]),
    // The last second is a time.
    ("A24", &["A24", "A25"]),
    // The lists of all generations have one issuer's name, and those of others do not have the serial number.
    ("A31", &["A27", "A28", "A29", "A30", "A31", "A32"]),
    // One digest is over birth date, sex and the chip's key.
    ("F03", &["F03", "F04"]),
];

/// What a mutant lacks.
fn lacks(mutant: &str) -> BTreeSet<&str> {
    let found = TOGETHER.iter().find(|(id, _)| *id == mutant);
    found.map_or_else(|| [mutant].into(), |(_, checks)| checks.iter().copied().collect())
}

fn mutants() -> Vec<String> {
    let output = Command::new(VERIFIER).arg("--list").output().unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    list.lines()
        .map(|line| line.split_once('\t').unwrap().0.to_owned())
        .collect()
}

/// An examination of the verifier without these checks.
fn exam() -> Exam {
    let now = "2026-12-01T00:00:00Z".parse().unwrap();
    let workshop = Workshop::new(Anchors::built_in().unwrap(), [7; 32], now).unwrap();
    let mut exam = Exam::new(all(), workshop, Vec::new());
    exam.jobs = std::thread::available_parallelism().unwrap().get();
    exam
}

/// Examines a mutant, or the whole verifier, with some of the candidates; returns the checks of its findings, and findings
/// without check by their names.
fn findings(exam: &mut Exam, mutant: Option<&str>, chosen: impl Fn(&Candidate) -> bool) -> BTreeSet<String> {
    let all = all();
    let twins: BTreeSet<&str> = all
        .iter()
        .filter(|candidate| chosen(candidate))
        .filter_map(|one| one.twin)
        .collect();
    exam.candidates = Candidates::default();
    for candidate in all.iter() {
        if candidate.name == "good.card" || chosen(candidate) || twins.contains(candidate.name) {
            exam.candidates.add(candidate.clone());
        }
    }
    let mut program = vec![VERIFIER, "--text", "--face", "--my-number", "--log-in"];
    let mut settings = SETTINGS.to_owned();
    match mutant {
        // No list covers a certificate that no authority has issued.
        Some("A14" | "A16") => settings = settings.replace(r#", "revocation", "revocation-lists""#, ""),
        _ => program.push("--revocation"),
    }
    if mutant.is_some_and(|mutant| mutant != "F11") {
        settings = settings.replace("|compare the pictures", "");
    }
    program.extend(mutant.iter().flat_map(|mutant| ["--without", mutant]));
    program.extend(["{pin}", "{code-b}", "{code-a}", "{birth-date}"]);
    exam.program = program.into_iter().map(str::to_owned).collect();
    exam.settings = Settings::parse(&settings).unwrap();
    let start = Instant::now();
    let examined = loop {
        match exam.run(&AtomicBool::new(false), &|_, _| ()) {
            Err(ExamError::Responder(ResponderError::InUse(_))) if start.elapsed() < PATIENCE => thread::sleep(PAUSE),
            examined => break examined.unwrap(),
        }
    };
    assert!(examined.examinable, "{mutant:?}");
    let found = examined
        .report
        .entries
        .iter()
        .filter(|entry| entry.standing == Standing::Finding);
    found
        .map(|entry| {
            let check = all
                .find(&entry.name)
                .filter(|one| one.role == Role::Wrong)
                .and_then(|one| one.check);
            match (check, entry.verdict) {
                (Some(check), "accepted-wrong" | "silent") => check.id.to_owned(),
                _ => format!("{} {}", entry.name, entry.verdict),
            }
        })
        .collect()
}

/// The checks of this verifier, that of notices without its own candidates.
fn examines(mutant: &str, candidate: &Candidate) -> bool {
    let of_mutant = candidate.check.is_some_and(|check| lacks(mutant).contains(check.id));
    let decides = matches!(candidate.expected, Expected::Refuse | Expected::Notice);
    candidate.role == Role::Wrong && decides && of_mutant
}

#[test]
fn the_whole_verifier_passes_and_each_mutant_is_found() {
    let mut exam = exam();
    let of_cards = |candidate: &Candidate| !matches!(candidate.group, Group::Signatures | Group::Mdoc | Group::Pins);
    let found = findings(&mut exam, None, of_cards);
    assert!(found.is_empty(), "the whole verifier: {found:?}");
    let mut wrong = Vec::new();
    for mutant in mutants() {
        let found = findings(&mut exam, Some(&mutant), |candidate| examines(&mutant, candidate));
        if found.iter().map(String::as_str).collect::<BTreeSet<_>>() != lacks(&mutant) {
            wrong.push(format!("{mutant}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("counted: {} mutants of the verifier of cards", mutants().len());
}

/// The same with every candidate for every mutant: nothing else is found.
#[test]
#[ignore = "heavy: each of some 50 mutants with some 200 candidates, minutes"]
fn no_other_check_of_a_mutant_is_found() {
    let mut exam = exam();
    let of_cards = |candidate: &Candidate| !matches!(candidate.group, Group::Signatures | Group::Mdoc | Group::Pins);
    let mut wrong = Vec::new();
    for mutant in mutants() {
        // Notices are recognised by one pattern, so a mutant is examined with those of its own check only.
        let chosen = |one: &Candidate| of_cards(one) && (one.expected != Expected::Notice || examines(&mutant, one));
        let found = findings(&mut exam, Some(&mutant), chosen);
        if found.iter().map(String::as_str).collect::<BTreeSet<_>>() != lacks(&mutant) {
            wrong.push(format!("{mutant}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_settings_are_those_of_the_guide() {
    assert!(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../exam/card.toml")
            .is_file()
    );
    Settings::parse(include_str!("../../../exam/log-in.toml")).unwrap();
}
