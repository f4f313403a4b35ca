//! `vmyna apdu` as a person or a script uses it: from arguments, standard input and a prompt, with right and wrong input.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::process::Stdio;

use common::{Printed, run_with_input, starting, vmyna};
use vmyna_testkit::require_program;

const SELECT_JPKI: &str = "00A4040C0AD392F000260100000001";
const SELECT_AUTH_PIN: &str = "00A4020C020018";
const QUERY: &str = "00200080";
const VERIFY: &str = "0020008004 31323334";
/// The whole token information. It has 160 bytes, so this Le is a wrong one for the fault `sw=6Cxx`.
const READ_TOKEN: &str = "00B0860000";

#[test]
fn plain_output_is_one_line_of_response_hex_an_apdu_and_nothing_else() {
    let output = vmyna(["apdu", "--plain", SELECT_JPKI, SELECT_AUTH_PIN, QUERY])
        .output()
        .unwrap()
        .exits_with(0);
    assert_eq!(
        (output.out().as_str(), output.err().as_str()),
        ("9000\n9000\n63C3\n", "")
    );
}

#[test]
fn lines_of_standard_input_are_answered_like_arguments() {
    let input = format!("# the auth PIN\n\n{SELECT_JPKI}\r\n00:A4:02:0C 02 00 18\n{QUERY}");
    let output = run_with_input(&mut vmyna(["apdu", "--plain"]), input.as_bytes()).exits_with(0);
    assert_eq!(output.out(), "9000\n9000\n63C3\n");
    run_with_input(&mut vmyna(["apdu"]), b"").exits_with(0);
}

#[test]
fn the_prompt_answers_goes_on_after_a_fault_and_ends_with_the_input() {
    let script = require_program("script", "bsdutils");
    let mut command = starting(script);
    let vmyna = format!("{} apdu", env!("CARGO_BIN_EXE_vmyna"));
    command
        .args(["--quiet", "--return", "--command", &vmyna, "/dev/null"])
        .env("TERM", "dumb");
    let input = format!(".help\n{SELECT_JPKI}\nxyz\n.eject\n{VERIFY}\n00200098\n.quit\n");
    let output = run_with_input(&mut command, input.as_bytes()).exits_with(0).out();
    for expected in [
        "SELECT AP jpki",
        "Ctrl-D",
        "'x' is not a hexadecimal digit",
        "no directive \".eject\"",
        "63C3   3 tries left",
    ] {
        assert!(output.contains(expected), "{expected} is missing in\n{output}");
    }
}

#[test]
fn lines_pasted_at_the_prompt_are_an_apdu_each() {
    let mut command = starting(require_program("script", "bsdutils"));
    let vmyna = format!("{} apdu --plain", env!("CARGO_BIN_EXE_vmyna"));
    // A terminal that marks what is pasted.
    command
        .args(["--quiet", "--return", "--command", &vmyna, "/dev/null"])
        .env("TERM", "xterm");
    let input = format!("\u{1b}[200~{SELECT_JPKI}\n{SELECT_AUTH_PIN}\n{QUERY}\u{1b}[201~\r");
    let output = run_with_input(&mut command, input.as_bytes()).out();
    let answers: Vec<_> = output
        .lines()
        .map(str::trim)
        .filter(|line| ["9000", "63C3", "6700"].contains(line))
        .collect();
    assert_eq!(answers, ["9000", "9000", "63C3"], "{output}");
}

#[test]
fn nothing_can_be_expected_at_the_prompt() {
    let mut command = starting(require_program("script", "bsdutils"));
    let vmyna = format!("{} apdu --expect 9000", env!("CARGO_BIN_EXE_vmyna"));
    command.args(["--quiet", "--return", "--command", &vmyna, "/dev/null"]);
    assert!(
        run_with_input(&mut command, b"")
            .exits_with(2)
            .out()
            .contains("--expect is for scripts")
    );
}

#[test]
fn pins_are_masked_unless_the_user_asks_for_them() {
    let steps = [SELECT_JPKI, SELECT_AUTH_PIN, VERIFY];
    let masked = vmyna(["apdu", "--why"])
        .args(steps)
        .output()
        .unwrap()
        .exits_with(0)
        .out();
    assert!(
        masked.contains("00200080 04 ********") && !masked.contains("31323334"),
        "{masked}"
    );
    // A time can be 1234 µs.
    let words: Vec<_> = masked.split_whitespace().collect();
    let is_shown = |pair: &[&str]| pair[0].contains("1234") && pair[1] != "µs";
    assert!(!words.windows(2).any(is_shown), "{masked}");
    let shown = vmyna(["apdu", "--show-secrets"])
        .args(steps)
        .output()
        .unwrap()
        .exits_with(0)
        .out();
    assert!(shown.contains("00200080 04 31323334"), "{shown}");
}

#[test]
fn warm_reset_keeps_what_was_verified_and_loss_of_power_does_not() {
    let read = "00B0810000";
    let verify_sign = "0020009B06414243313233";
    for (between, expected) in [(".reset", "9000"), (".power-cycle", "6982")] {
        let steps = [SELECT_JPKI, verify_sign, between, SELECT_JPKI, read];
        let output = vmyna(["apdu", "--plain"])
            .args(steps)
            .output()
            .unwrap()
            .exits_with(0)
            .out();
        assert!(output.trim_end().ends_with(expected), "{between}: {output}");
    }
    let steps = [SELECT_JPKI, verify_sign, ".remove", ".insert", SELECT_JPKI, read];
    vmyna(["apdu", "--plain", "--expect", "9000,9000,9000,6982"])
        .args(steps)
        .output()
        .unwrap()
        .exits_with(0);
}

#[test]
fn an_apdu_without_a_card_is_not_answered_and_says_so() {
    let output = vmyna(["apdu", "--plain", QUERY, ".remove", QUERY])
        .output()
        .unwrap()
        .exits_with(1);
    assert_eq!(output.out(), "6986\n");
    assert!(
        output
            .err()
            .starts_with("vmyna: APDU 2 was not answered: no card in the reader"),
        "{}",
        output.err()
    );
}

#[test]
fn the_first_unexpected_status_word_ends_the_run() {
    let run = |expect, steps: &[&str]| {
        vmyna(["apdu", "--plain", "--expect", expect])
            .args(steps)
            .output()
            .unwrap()
    };
    run("9000,9000,63CX", &[SELECT_JPKI, SELECT_AUTH_PIN, QUERY]).exits_with(0);
    let output = run("9000", &[SELECT_JPKI, "00B0810000", QUERY]).exits_with(1);
    assert_eq!(output.out(), "9000\n6982\n");
    assert_eq!(
        output.err(),
        "vmyna: APDU 2 was answered 6982 (security status not satisfied), expected 9000\n"
    );
    assert_eq!(run("9000,9000", &[SELECT_JPKI]).exits_with(2).out(), "");
    run("900", &[SELECT_JPKI]).exits_with(2);
    run_with_input(&mut vmyna(["apdu", "--expect", "9000,9000"]), SELECT_JPKI.as_bytes()).exits_with(2);
}

#[test]
fn input_that_makes_no_sense_is_told_with_its_place_and_sends_nothing() {
    let output = vmyna(["apdu", "--plain", SELECT_JPKI, "00A40"])
        .output()
        .unwrap()
        .exits_with(2);
    assert_eq!(output.out(), "");
    assert!(
        output
            .err()
            .contains("argument 2: 5 hexadecimal digits are an odd number"),
        "{}",
        output.err()
    );
    let output = run_with_input(
        &mut vmyna(["apdu", "--plain"]),
        format!("{SELECT_JPKI}\n00G4\n").as_bytes(),
    );
    let output = output.exits_with(2);
    assert_eq!(output.out(), "9000\n");
    assert!(
        output
            .err()
            .contains("standard input, line 2: 'G' is not a hexadecimal digit"),
        "{}",
        output.err()
    );
    run_with_input(&mut vmyna(["apdu"]), b"\xFF\xFE\n").exits_with(2);
    for arguments in [
        &["--card", "specimen:nobody"][..],
        &["--card", "card.vmyna"],
        &["--plain", "--why"],
        &["--unknown"],
    ] {
        let output = vmyna(["apdu"])
            .args(arguments)
            .arg(QUERY)
            .output()
            .unwrap()
            .exits_with(2);
        assert_eq!(output.out(), "");
    }
}

#[test]
fn arguments_without_an_apdu_do_not_turn_to_standard_input() {
    for argument in ["", " ", "# a comment"] {
        let output = run_with_input(&mut vmyna(["apdu", "--plain", argument]), QUERY.as_bytes()).exits_with(2);
        assert_eq!(output.out(), "");
    }
}

#[test]
fn no_apdu_at_all_is_not_what_a_script_expects() {
    run_with_input(&mut vmyna(["apdu", "--expect", "9000"]), b"").exits_with(2);
    vmyna(["apdu", "--expect", "9000", ".reset"])
        .output()
        .unwrap()
        .exits_with(2);
}

#[test]
fn a_byte_order_mark_in_front_of_the_first_line_is_skipped() {
    let input = format!("\u{FEFF}{SELECT_JPKI}\n");
    assert_eq!(
        run_with_input(&mut vmyna(["apdu", "--plain"]), input.as_bytes())
            .exits_with(0)
            .out(),
        "9000\n"
    );
}

#[test]
fn an_apdu_of_300_kb_is_refused_and_the_longest_possible_one_is_answered() {
    let long = "00".repeat(300_000);
    let output = run_with_input(&mut vmyna(["apdu"]), long.as_bytes()).exits_with(2);
    assert!(
        output.err().contains("at most 65544 bytes, this has 300000"),
        "{}",
        output.err()
    );
    let endless = "00".repeat(3_000_000);
    assert!(
        run_with_input(&mut vmyna(["apdu"]), endless.as_bytes())
            .exits_with(2)
            .err()
            .contains("longer than")
    );
    let longest = format!("00A4040C 00FFFF {} 0000", "00".repeat(65_535));
    let output = run_with_input(&mut vmyna(["apdu", "--plain"]), longest.as_bytes()).exits_with(0);
    assert_eq!(output.out(), "6700\n");
}

#[test]
fn bytes_that_are_no_apdu_are_the_cards_to_refuse() {
    let output = vmyna(["apdu", "--plain", "00", "00A4", "00A4040C0501"])
        .output()
        .unwrap()
        .exits_with(0);
    assert_eq!(output.out(), "6700\n6700\n6700\n");
}

#[test]
fn a_reader_of_the_output_that_leaves_early_is_no_fault_and_a_full_disk_is() {
    let mut child = vmyna(["demo"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    child.wait().unwrap();
    assert_eq!(said, "");
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = vmyna(["demo"]).stdout(full).output().unwrap().exits_with(1);
    assert!(
        output
            .err()
            .starts_with("vmyna: the output can't be written: No space left"),
        "{}",
        output.err()
    );
}

#[test]
fn without_a_pcsc_service_its_commands_say_where_they_looked_for_one() {
    for arguments in [&["readers"][..], &["apdu", "--reader", "any", QUERY]] {
        let output = vmyna(arguments)
            .env("PCSCLITE_CSOCK_NAME", "/nonexistent/socket")
            .output()
            .unwrap()
            .exits_with(1);
        assert!(
            output.err().contains("no PC/SC service answers at /nonexistent/socket"),
            "{}",
            output.err()
        );
    }
}

#[test]
fn the_demo_explains_and_every_answer_is_as_it_says() {
    let output = vmyna(["demo"]).output().unwrap().exits_with(0).out();
    for expected in [
        "specimen:hanako",
        "denied: read needs sign password (001B); verified: none",
        "it is right",
        "20 answers were as described",
    ] {
        assert!(output.contains(expected), "{expected} is missing in\n{output}");
    }
    assert!(!output.contains("31323334"));
}

#[test]
fn the_demo_knows_the_pins_of_an_issued_card_and_spends_none_of_its_tries() {
    let folder = tempfile::tempdir().unwrap();
    let person = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/people/hanako.toml");
    let person = fs::read_to_string(person).unwrap();
    // The auth PIN is the one that would be the wrong one elsewhere.
    let person = person
        .replace("auth = \"1234\"", "auth = \"0000\"")
        .replace("ABC123", "QX7ZK93WVB");
    assert!(person.contains("0000") && person.contains("QX7ZK93WVB"));
    fs::write(folder.path().join("hanako.toml"), person).unwrap();
    let run = |arguments: &[&str]| {
        vmyna(arguments)
            .current_dir(&folder)
            .output()
            .unwrap()
            .exits_with(0)
            .out()
    };
    run(&["issue", "hanako.toml", "-o", "c", "--seed", "5"]);
    // In use it has another PIN, and fewer tries left.
    let change = "00240198 04 38383838";
    let select = "00A4040C0AD392F000260100000001";
    run(&[
        "apdu",
        "--card",
        "c",
        select,
        "00200098 04 30303030",
        change,
        "00200098 04 30303030",
    ]);
    let demo = run(&["demo", "--card", "c"]);
    assert!(demo.contains("20 answers were as described"), "{demo}");
    run(&[
        "apdu",
        "--card",
        "c",
        "--expect",
        "9000,63C2,9000",
        select,
        "00200098",
        "00200098 04 38383838",
    ]);
}

#[test]
fn the_demo_refuses_a_card_that_can_not_do_what_it_shows() {
    for (card, lack) in [
        ("specimen:child", "keys to log in and to sign"),
        ("specimen:blocked", "tries of its PINs"),
    ] {
        let refused = vmyna(["demo", "--card", card]).output().unwrap().exits_with(2);
        assert!(
            refused.err().contains(card) && refused.err().contains(lack),
            "{}",
            refused.err()
        );
        assert_eq!(refused.out(), "");
    }
}

#[test]
fn help_and_completions_are_there_for_every_command() {
    for command in ["demo", "apdu", "serve", "readers", "completions"] {
        assert!(
            vmyna([command, "--help"])
                .output()
                .unwrap()
                .exits_with(0)
                .out()
                .contains("Usage:")
        );
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = vmyna(["completions", shell]).output().unwrap().exits_with(0).out();
        assert!(script.contains("vmyna") && script.contains("serve"));
    }
    vmyna([] as [&str; 0]).output().unwrap().exits_with(2);
}

#[test]
fn announced_data_are_fetched_and_a_wrong_le_is_mended_on_request() {
    const READ: &str = "00B08A00000000";
    let whole = vmyna(["apdu", "--plain", SELECT_JPKI, READ])
        .output()
        .unwrap()
        .exits_with(0)
        .out();
    let run = |fault: &str, options: &[&str]| {
        let mut command = vmyna(["apdu", "--fault", fault]);
        command.args(options).args([SELECT_JPKI, READ]).output().unwrap()
    };
    for fault in ["sw=61xx,ins=B0", "sw=61xx,ins=B0,piece=100"] {
        let output = run(fault, &["--auto-response", "--plain", "--expect", "9000"]).exits_with(0);
        assert_eq!(output.out(), whole, "{fault}");
    }
    // Without the option the answer is the announcement.
    let output = run("sw=61xx,ins=B0", &["--plain"]).exits_with(0);
    assert_eq!(output.out(), "9000\n6100\n");
    let token = vmyna(["apdu", "--plain", SELECT_JPKI, READ_TOKEN])
        .output()
        .unwrap()
        .exits_with(0)
        .out();
    let mut command = vmyna(["apdu", "--plain", "--fault", "sw=6Cxx,ins=B0"]);
    command.args(["--auto-response", SELECT_JPKI, READ_TOKEN]);
    assert_eq!(command.output().unwrap().exits_with(0).out(), token);
    let read = ["--auto-response", SELECT_JPKI, "00B08A0010"];
    let whole = vmyna(["apdu", "--plain", SELECT_JPKI, "00B08A0010"])
        .output()
        .unwrap()
        .exits_with(0)
        .out();
    let mut command = vmyna(["apdu", "--fault", "sw=61xx,ins=B0,piece=10"]);
    let out = command.args(read).output().unwrap().exits_with(0).out();
    let lines: Vec<_> = out.lines().filter(|line| line.starts_with(">>")).collect();
    assert_eq!(
        lines[1..],
        [
            ">> (4+0) 00B08A00 10   READ BINARY EF 000A, 16 bytes from 0 (auth certificate)",
            ">> (4+0) 00C00000 0A   GET RESPONSE",
            ">> (4+0) 00C00000 06   GET RESPONSE",
        ],
        "{out}"
    );
    assert_eq!(whole.lines().nth(1).unwrap().len(), 2 * 18);
}

#[test]
fn follow_up_commands_are_in_the_trace_and_end_at_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("t.txt");
    let mut command = vmyna([
        "apdu",
        "--auto-response",
        "--plain",
        "--fault",
        "sw=6Cxx,ins=B0",
        "--trace",
    ]);
    let out = command
        .arg(&trace)
        .args([SELECT_JPKI, READ_TOKEN])
        .output()
        .unwrap()
        .exits_with(0)
        .out();
    assert_eq!(out.lines().count(), 2, "{out}");
    let trace = fs::read_to_string(trace).unwrap();
    // The command, the status word with the right length, and the command with it, in this order.
    let places = [" 00B08600 00 ", " 6CA0", " 00B08600 A0 "].map(|part| trace.find(part));
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{places:?} in\n{trace}"
    );
    let mut command = vmyna(["apdu", "--auto-response", "--fault", "sw=61xx,ins=B0,piece=1"]);
    let output = command
        .args([SELECT_JPKI, "00B08A00000000"])
        .output()
        .unwrap()
        .exits_with(1);
    assert!(output.err().contains("after 1024 further commands"), "{}", output.err());
}
