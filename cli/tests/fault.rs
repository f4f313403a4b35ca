//! `--fault` and `--latency` as a person types them: each kind of fault under `apdu`, the files of examples/faults, what is
//! told and what is wrong, and what a trace keeps.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use common::{Printed, run_with_input, vmyna};

const SELECT_JPKI: &str = "00A4040C0AD392F000260100000001";
const SELECT_TEXT: &str = "00A4040C0AD3921000310001010408";
const VERIFY_AUTH: &str = "0020009804 31323334";
const WRONG_AUTH: &str = "0020009804 30303030";
const QUERY_AUTH: &str = "00200098";
/// The token's label and more: 160 bytes.
const READ_TOKEN: &str = "00B0860000";
const GET_RESPONSE: &str = "00C0000000";
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/faults");

/// `vmyna apdu --plain` with these faults, JPKI selected.
fn apdu(faults: &[&str], apdus: &[&str]) -> Output {
    let faults = faults.iter().flat_map(|fault| ["--fault", fault]);
    vmyna(["apdu", "--plain"])
        .args(faults)
        .arg(SELECT_JPKI)
        .args(apdus)
        .output()
        .unwrap()
}

/// The answers behind that of SELECT.
#[track_caller]
fn answers(faults: &[&str], apdus: &[&str]) -> Vec<String> {
    let output = apdu(faults, apdus).exits_with(0);
    assert_eq!(output.err(), "", "{faults:?}");
    output.out().lines().skip(1).map(str::to_owned).collect()
}

fn example(name: &str) -> String {
    format!("{EXAMPLES}/{name}")
}

#[test]
fn the_second_verify_is_answered_what_was_asked_for_and_the_others_by_the_card() {
    let expected = ["63C3", "6581", "9000"];
    assert_eq!(
        answers(&["sw=6581,ins=20,nth=2"], &[QUERY_AUTH, VERIFY_AUTH, VERIFY_AUTH]),
        expected
    );
}

#[test]
fn an_executed_command_costs_a_try_and_one_that_is_not_seen_costs_none() {
    let left = |fault| answers(&[fault], &[WRONG_AUTH, QUERY_AUTH]);
    assert_eq!(left("sw=6581,ins=20,data"), ["6581", "63C3"]);
    assert_eq!(left("sw=6581,ins=20,data,executed"), ["6581", "63C2"]);
}

#[test]
fn who_follows_61xx_and_6cxx_gets_the_data_of_the_card() {
    let plain = answers(&[], &[READ_TOKEN]).remove(0);
    assert_eq!(plain.len(), 2 * (160 + 2));
    assert_eq!(
        answers(&["sw=61xx"], &[READ_TOKEN, GET_RESPONSE]),
        ["61A0".to_owned(), plain.clone()]
    );
    assert_eq!(
        answers(&["sw=6Cxx"], &[READ_TOKEN, "00B08600A0"]),
        ["6CA0".to_owned(), plain.clone()]
    );
    let pieces = answers(&["sw=61xx,piece=100"], &[READ_TOKEN, GET_RESPONSE, "00C000003C"]);
    assert_eq!(pieces[0], "6164");
    let first = pieces[1].strip_suffix("613C").unwrap();
    assert_eq!(format!("{first}{}", pieces[2]), plain);
    // What nobody fetches is forgotten, and the card itself knows no GET RESPONSE.
    let forgotten = answers(&["sw=61xx"], &[READ_TOKEN, QUERY_AUTH, GET_RESPONSE]);
    assert_eq!(forgotten, ["61A0", "63C3", "6D00"]);
}

#[test]
fn a_card_that_is_pulled_out_is_put_back_by_insert_without_anything_verified() {
    for (fault, verified) in [("remove,ins=20,nth=2", false), ("remove=answered,ins=20,nth=2", true)] {
        let input = format!("{SELECT_JPKI}\n{VERIFY_AUTH}\n{VERIFY_AUTH}\n");
        let output = run_with_input(&mut vmyna(["apdu", "--plain", "--fault", fault]), input.as_bytes());
        assert_eq!(
            output.out().matches("9000").count(),
            if verified { 3 } else { 2 },
            "{fault}"
        );
        let input = format!("{SELECT_JPKI}\n{VERIFY_AUTH}\n.insert\n{SELECT_JPKI}\n{QUERY_AUTH}\n802A00970101 00\n");
        let mut command = vmyna(["apdu", "--plain", "--fault", "remove=answered,ins=20,nth=1"]);
        let output = run_with_input(&mut command, input.as_bytes()).exits_with(0);
        assert_eq!(output.out(), "9000\n9000\n9000\n63C3\n6982\n");
    }
    let output = apdu(&["remove,ins=20"], &[VERIFY_AUTH]).exits_with(1);
    assert!(
        output
            .err()
            .contains("APDU 2 was not answered: the card was pulled out"),
        "{}",
        output.err()
    );
}

#[test]
fn a_mute_card_gives_no_answer_and_a_damaged_one_is_shown_as_it_is() {
    let output = apdu(&["mute,ins=20"], &[QUERY_AUTH]).exits_with(1);
    assert!(output.err().contains("does not answer"), "{}", output.err());
    let output = apdu(&["garbled=one-byte,ins=20"], &[QUERY_AUTH]).exits_with(1);
    assert!(output.err().contains("has no status word"), "{}", output.err());
    assert_eq!(output.out(), "9000\n63\n");
    let plain = answers(&[], &[READ_TOKEN]).remove(0);
    let cut = answers(&["garbled=cut,ins=B0"], &[READ_TOKEN]).remove(0);
    assert_eq!(cut, format!("{}9000", &plain[..160]));
    let bits = answers(&["garbled,ins=B0"], &[READ_TOKEN]);
    assert_ne!(bits[0], plain);
    assert_eq!(bits, answers(&["garbled=bits,ins=B0,seed=0"], &[READ_TOKEN]));
    assert_ne!(bits, answers(&["garbled=bits,ins=B0,seed=1"], &[READ_TOKEN]));
}

#[test]
fn a_fault_that_fires_is_told_and_one_that_has_not_is_warned_of_and_the_status_is_as_without() {
    let mut command = vmyna(["apdu", "--fault", "sw=6581,ins=20,nth=2", "--fault", "sw=6985,ins=2A"]);
    let output = command
        .args([SELECT_JPKI, QUERY_AUTH, QUERY_AUTH])
        .output()
        .unwrap()
        .exits_with(0);
    assert_eq!(
        output.err(),
        "!! fault 1: sw=6581,ins=20,nth=2\nvmyna: warning: fault 2 never fired: sw=6985,ins=2A (0 matched)\n"
    );
    let output = apdu(&["sw=6581,ins=20,nth=3"], &[QUERY_AUTH]).exits_with(0);
    assert_eq!(
        output.err(),
        "vmyna: warning: fault 1 never fired: sw=6581,ins=20,nth=3 (1 matched)\n"
    );
    // Also when the command itself fails, be it that the card is never there.
    for fault in ["mute,ins=20", "mute,on=power-on", "remove,on=power-on"] {
        let output = apdu(&[fault, "sw=6985,ins=2A"], &[QUERY_AUTH]).exits_with(1);
        assert!(output.err().contains("fault 2 never fired"), "{}", output.err());
    }
}

#[test]
fn a_latency_is_taken_and_changes_no_answer() {
    for latency in ["card", "1", "none"] {
        let mut command = vmyna(["apdu", "--plain", "--latency", latency]);
        let output = command.args([SELECT_JPKI, VERIFY_AUTH]).output().unwrap().exits_with(0);
        assert_eq!(output.out(), "9000\n9000\n", "{latency}");
    }
    // At least so long; how much longer is the machine's affair.
    let start = std::time::Instant::now();
    let mut command = vmyna(["apdu", "--plain", "--latency", "150", SELECT_JPKI, QUERY_AUTH]);
    command.output().unwrap().exits_with(0);
    assert!(start.elapsed() >= std::time::Duration::from_millis(300));
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_sent() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let wrong = file(
        "wrong.toml",
        "[[fault]]\nsw = \"6581\"\nins = 20\n\n[[fault]]\nwhen = 3\n",
    );
    let slow = file("slow.toml", "[latency]\n");
    let slower = file("slower.toml", "[latency]\nsign = 3000\n");
    let missing = directory.path().join("missing.toml");
    for (arguments, told) in [
        (&["--fault", "ins=20"][..], "sw=6581,ins=20,nth=2"),
        (&["--fault", "sw=65"], "`sw`"),
        (&["--fault", missing.to_str().unwrap()], "missing.toml"),
        (
            &["--fault", &wrong],
            "wrong.toml: line 3: fault 1, `ins` is hexadecimal",
        ),
        (&["--fault", &wrong], "wrong.toml: line 6: fault 2, `when` is no key"),
        (
            &["--fault", &slow, "--fault", &slower],
            "slower.toml: a file before it has a [latency]",
        ),
        (&["--latency", "slow"], "\"card\""),
        (&["--latency", "card", "--reader", "Desk"], "--reader"),
    ] {
        let output = vmyna(["apdu"])
            .args(arguments)
            .arg(SELECT_JPKI)
            .output()
            .unwrap()
            .exits_with(2);
        assert!(output.err().contains(told), "{arguments:?}: {}", output.err());
        assert_eq!(output.out(), "");
    }
    // The same faults, read by the other commands.
    for command in [
        &["run", "--fault", &wrong, "--", "true"][..],
        &["serve", "--fault", &wrong],
    ] {
        let output = vmyna(command).output().unwrap().exits_with(2);
        assert!(output.err().contains("wrong.toml: line 3"), "{}", output.err());
    }
}

#[test]
fn the_help_of_each_command_tells_of_faults() {
    for command in ["apdu", "run", "serve"] {
        let help = vmyna([command, "--help"]).output().unwrap().exits_with(0).out();
        for word in [
            "--fault",
            "--latency",
            "sw=61xx",
            "remove=answered",
            "too-long",
            "\nExamples:\n",
        ] {
            assert!(help.contains(word), "{command} --help has no {word}");
        }
    }
}

/// Each file of examples/faults is used here, so that none is forgotten.
#[test]
fn the_examples_do_what_their_comments_say() {
    let mut names: Vec<PathBuf> = fs::read_dir(EXAMPLES)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    let names: Vec<_> = names
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "lost-signature.toml",
            "memory-failure.toml",
            "slow-card.toml",
            "two-steps.toml"
        ]
    );

    let expected = ["6581", "63C3", "6581", "63C2", "63C1"];
    let apdus = [WRONG_AUTH, QUERY_AUTH, WRONG_AUTH, QUERY_AUTH, WRONG_AUTH];
    assert_eq!(answers(&[&example("memory-failure.toml")], &apdus), expected);

    let plain = answers(&[], &[READ_TOKEN]).remove(0);
    let mut apdus = vec![READ_TOKEN];
    apdus.extend([GET_RESPONSE; 10]);
    let mut fetched = two_steps(&apdus);
    assert_eq!(fetched.remove(0), "6110");
    let data: String = fetched.iter().map(|answer| &answer[..answer.len() - 4]).collect();
    assert_eq!(data + "9000", plain);

    let output = apdu(&[&example("lost-signature.toml")], &[VERIFY_AUTH, "802A009701 01 00"]).exits_with(1);
    assert!(
        output
            .err()
            .contains("APDU 3 was not answered: the card was pulled out"),
        "{}",
        output.err()
    );

    let apdus = [READ_TOKEN; 20];
    let slow = vmyna([
        "apdu",
        "--plain",
        "--latency",
        "none",
        "--fault",
        &example("slow-card.toml"),
        SELECT_JPKI,
    ])
    .args(apdus)
    .output()
    .unwrap()
    .exits_with(0);
    let differing: Vec<_> = (1..)
        .zip(slow.out().lines().skip(1).map(str::to_owned))
        .filter(|(_, answer)| *answer != plain)
        .collect();
    assert_eq!(differing.iter().map(|(number, _)| *number).collect::<Vec<i32>>(), [19]);
}

/// The answers under examples/faults/two-steps.toml, whose other faults don't fire.
fn two_steps(apdus: &[&str]) -> Vec<String> {
    let output = apdu(&[&example("two-steps.toml")], apdus).exits_with(0);
    assert_eq!(output.err().matches("never fired").count(), 2);
    output.out().lines().skip(1).map(str::to_owned).collect()
}

/// The file that holds the My Number, after its PIN: fetched in two steps and as it comes.
#[test]
fn what_is_fetched_in_a_second_step_is_masked_in_a_trace_like_what_is_given_at_once() {
    const MY_NUMBER: &str = "123456789018";
    let directory = tempfile::tempdir().unwrap();
    let pieces = ["00B0810000", GET_RESPONSE, GET_RESPONSE, GET_RESPONSE, GET_RESPONSE];
    // Three bytes stand before the twelve digits: of these lengths, one has four digits or more in its first piece, one in
    // each piece between, one in its last.
    let ways: [(&str, &[&str]); 7] = [
        ("delay=1,ins=B0", &["00B0810000"]),
        ("sw=61xx,ins=B0", &["00B0810000", GET_RESPONSE]),
        ("sw=61xx,ins=B0,piece=7", &pieces[..4]),
        ("sw=61xx,ins=B0,piece=5", &pieces),
        ("sw=61xx,ins=B0,piece=11", &pieces[..3]),
        ("sw=6Cxx,ins=B0", &["00B0810000", "00B0810011"]),
        ("garbled=trailing,ins=B0", &["00B0810000"]),
    ];
    for (number, (fault, apdus)) in ways.into_iter().enumerate() {
        let run = |trace: &Path, options: &[&str]| {
            let mut command = vmyna(["apdu", "--plain", "--fault", fault, "--trace"]);
            command.arg(trace).args(options);
            command.args([SELECT_TEXT, "0020009104 31323334"]).args(apdus);
            command.output().unwrap().exits_with(0)
        };
        let trace = directory.path().join(format!("{number}.txt"));
        let output = run(&trace, &[]);
        let digits: String = MY_NUMBER.bytes().map(|digit| format!("{digit:02X}")).collect();
        let answered: String = output
            .out()
            .lines()
            .map(|answer| answer[..answer.len() - 4].to_owned())
            .collect();
        assert!(answered.contains(&digits), "{fault}: {}", output.out());
        let shown = fs::read_to_string(&trace).unwrap();
        assert!(
            shown.contains("****") && four_digits(&shown, &digits) == 0,
            "{fault}: {shown}"
        );
        // They were there to be hidden: all nine rows, but for those that lie in two pieces.
        let open = directory.path().join(format!("{number}-open.txt"));
        run(&open, &["--show-secrets"]);
        let shown = fs::read_to_string(&open).unwrap();
        assert!(four_digits(&shown, &digits) >= 3, "{fault}: {shown}");
    }
}

/// How many of the rows of four digits of a number, which is given in hexadecimal, are in a trace in whatever spacing.
fn four_digits(trace: &str, digits: &str) -> usize {
    let text: String = trace.split_whitespace().collect();
    let rows = (0..=digits.len() - 8).step_by(2).map(|start| &digits[start..start + 8]);
    rows.filter(|row| text.contains(row)).count()
}
