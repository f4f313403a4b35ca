//! `vmyna conformance`: vmyna passes all of its own vectors on every way to the card, a stranger's card is not harmed, and
//! what is written down holds nothing of the holder.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use common::{Printed, Serve, Stack, modes_are_as_before, typed, typed_at, vmyna};
use vmyna_testkit::client;

/// Hanako's PINs, and the permission to write to her card.
const ALL: [&str; 17] = [
    "--disposable",
    "--pin",
    "auth=1234",
    "--pin",
    "sign=ABC123",
    "--pin",
    "input-assist=1234",
    "--pin",
    "residence=1234",
    "--pin",
    "common=1234",
    "--pin",
    "code-a=123456789018",
    "--pin",
    "code-b=01102520362026",
    "--pin",
    "birth=011025",
];

/// The last line says that all passed but what is for other kinds of card.
#[track_caller]
fn all_passed(out: &str) {
    let last = out.lines().last().unwrap();
    assert!(
        last.contains(" passed, 0 failed, ") && !out.contains("--pin") && !out.contains("--disposable"),
        "{out}"
    );
    let passed: usize = last.split(' ').next().unwrap().parse().unwrap();
    assert!(passed > 500, "{out}");
}

#[test]
fn the_virtual_card_passes_in_the_software_reader_and_the_reports_are_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let [junit, json, record] = ["junit.xml", "report.json", "record.json"].map(|name| directory.path().join(name));
    let mut command = vmyna(["conformance", "--junit"]);
    command
        .arg(&junit)
        .arg("--json")
        .arg(&json)
        .arg("--record")
        .arg(&record);
    all_passed(&command.output().unwrap().exits_with(0).out());

    let checked = client("xmllint", "libxml2-utils")
        .args(["--noout", "--xpath", "count(//testcase)"])
        .arg(&junit)
        .output()
        .unwrap();
    let cases: usize = checked.exits_with(0).out().trim().parse().unwrap();
    let report: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    assert_eq!(report["vectors"].as_array().unwrap().len(), cases);

    let text = std::fs::read_to_string(&record).unwrap().to_uppercase();
    let hex = |value: &str| value.bytes().map(|byte| format!("{byte:02X}")).collect::<String>();
    for secret in ["123456789018", "01102520362026", "ABC123", "花子", "東京都"] {
        assert!(!text.contains(secret) && !text.contains(&hex(secret)), "{secret}");
    }
    assert!(text.contains("{PIN:AUTH}") && !text.contains("0431323334"));

    let again = directory.path().join("again.json");
    vmyna(["conformance", "--record"])
        .arg(&again)
        .output()
        .unwrap()
        .exits_with(0);
    diff(&record, &again).exits_with(0);
    let old = directory.path().join("old.json");
    vmyna(["conformance", "--card", "specimen:hanako@contact-old", "--record"])
        .arg(&old)
        .output()
        .unwrap()
        .exits_with(0);
    let told = diff(&record, &old).exits_with(1).out();
    assert!(told.contains("data.card-certificate.older"), "{told}");
}

#[test]
fn a_trace_has_a_conversation_for_each_vector_and_each_can_be_replayed() {
    let directory = tempfile::tempdir().unwrap();
    let trace = directory.path().join("t.pcapng");
    let mut command = vmyna(["conformance", "select", "pin.jpki", "--show-secrets", "--trace"]);
    let out = command.arg(&trace).output().unwrap().exits_with(0).out();
    let shown = vmyna(["trace", "show"])
        .arg(&trace)
        .output()
        .unwrap()
        .exits_with(0)
        .out();
    let of_line = |line: &str| Some(line.split_once(" [")?.1.split_once("] ")?.0.to_owned());
    let mut names: Vec<String> = shown.lines().filter_map(of_line).collect();
    names.dedup();
    // What is new each time is told once, and nothing is left out but what is not for this card.
    let passed: usize = out.lines().last().unwrap().split(' ').next().unwrap().parse().unwrap();
    assert_eq!(names.len(), passed + 1, "{names:?}");
    assert!(passed > 20 && names[0] == "examination" && names.contains(&"select.jpki".to_owned()));
    let replay = || {
        let mut command = vmyna(["trace", "replay"]);
        command.arg(&trace);
        command
    };
    let mut show = vmyna(["trace", "show", "--reader", "select.jpki"]);
    let one = show.arg(&trace).output().unwrap().exits_with(0).out();
    let there: Vec<&str> = shown.lines().filter(|line| line.contains(" [select.jpki] ")).collect();
    assert_eq!(one.matches('#').count(), there.len());
    for name in &names {
        replay().args(["--reader", name]).output().unwrap().exits_with(0);
    }
    let asked = replay().output().unwrap().exits_with(2).err();
    assert!(
        asked.contains("\"select.jpki\"") && asked.contains('…') && asked.len() < 1000,
        "{asked}"
    );
}

#[test]
fn two_outputs_into_one_file_are_refused_before_either_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("f.json");
    for (one, other) in [("--json", "--record"), ("--junit", "--trace")] {
        let mut command = vmyna(["conformance", "select"]);
        let refused = command.arg(one).arg(&file).arg(other).arg(&file).output().unwrap();
        assert!(refused.exits_with(2).err().contains("f.json is to hold two things"));
        assert!(!file.exists());
    }
}

fn diff(a: &Path, b: &Path) -> std::process::Output {
    vmyna(["conformance", "diff"]).arg(a).arg(b).output().unwrap()
}

/// A `vmyna conformance --vpcd` that waits for its card; ends with the test.
struct Waiting(Child);

impl Waiting {
    /// Gives the port too, from what it says.
    fn start(arguments: &[&str]) -> (Self, String) {
        let mut command = vmyna(["conformance", "--vpcd", "0"]);
        let mut child = command
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut errors = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        errors.read_line(&mut line).unwrap();
        let port = line.trim().rsplit(':').next().unwrap().to_owned();
        std::thread::spawn(move || errors.read_to_string(&mut String::new()));
        (Self(child), port)
    }

    fn end(mut self) -> (Option<i32>, String) {
        let mut out = String::new();
        self.0.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        (self.0.wait().unwrap().code(), out)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_card_that_speaks_vpcds_protocol_passes_without_pcscd() {
    let (waiting, port) = Waiting::start(&ALL);
    let _serve = Serve::start(&["--vpcd", &format!(":{port}")]);
    let (status, out) = waiting.end();
    assert_eq!(status, Some(0), "{out}");
    all_passed(&out);
}

#[test]
fn the_card_passes_behind_pcscd_and_its_driver() {
    let stack = Stack::start();
    let output = stack
        .vmyna(["conformance", "--reader", "#0"])
        .args(ALL)
        .output()
        .unwrap();
    all_passed(&output.exits_with(0).out());
}

#[test]
fn the_card_passes_behind_the_own_service() {
    let mut command = vmyna([
        "run",
        "--",
        env!("CARGO_BIN_EXE_vmyna"),
        "conformance",
        "--reader",
        "#0",
    ]);
    all_passed(&command.args(ALL).output().unwrap().exits_with(0).out());
}

/// Runs a script inside `vmyna run`, where `$VMYNA` is vmyna.
fn inside(card: &str, script: &str) -> std::process::Output {
    let mut command = vmyna(["run", "--card", card, "--", "sh", "-c", script]);
    command
        .env("VMYNA", env!("CARGO_BIN_EXE_vmyna"))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn a_card_in_a_reader_gets_no_wrong_pin_and_nothing_that_writes_unless_asked() {
    let directory = tempfile::tempdir().unwrap();
    let record = directory.path().join("record.json");
    let script = format!(
        "\"$VMYNA\" conformance --reader '#0' --pin auth=1234 --pin sign=ABC123 --record '{}'",
        record.display()
    );
    let out = inside("specimen:hanako", &script).exits_with(0).out();
    assert!(
        out.contains("--allow-wrong-pins") && out.contains("--disposable") && out.contains("--pin code-a"),
        "{out}"
    );
    let text = std::fs::read_to_string(record).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    for vector in report["vectors"].as_array().unwrap() {
        let sent = vector["steps"].as_array().unwrap();
        if !sent.is_empty() {
            assert_eq!(vector["effect"], "reads", "{vector}");
        }
    }
}

#[test]
fn at_the_first_wrong_pin_everything_stops_after_one_try() {
    let query = "\"$VMYNA\" apdu --reader '#0' --plain 00A4040C0AD392F000260100000001 00200098 0020009B";
    let script =
        format!("\"$VMYNA\" conformance --reader '#0' --pin auth=9999 --pin sign=ABC123; echo status $?; {query}");
    let output = inside("specimen:hanako", &script).exits_with(0);
    assert!(
        output.out().contains("status 1") && output.out().ends_with("63C2\n63C5\n"),
        "{}",
        output.out()
    );
    assert!(
        output.err().contains("auth") && output.err().contains("2 tries are left"),
        "{}",
        output.err()
    );
}

#[test]
fn a_pin_with_one_try_left_is_not_touched_even_when_it_is_given() {
    let wrong =
        "\"$VMYNA\" apdu --reader '#0' --plain 00A4040C0AD392F000260100000001 002000980439393939 002000980439393939";
    let query = "\"$VMYNA\" apdu --reader '#0' --plain 00A4040C0AD392F000260100000001 00200098";
    let conformance = "\"$VMYNA\" conformance --reader '#0' --pin auth=1234 --allow-wrong-pins verify";
    let script = format!("{wrong} >/dev/null; {conformance} >/dev/null; echo status $?; {query}");
    let out = inside("specimen:hanako", &script).exits_with(0).out();
    assert!(out.contains("status 0") && out.ends_with("63C1\n"), "{out}");
}

#[test]
fn wrong_pins_are_all_given_back() {
    let script = "\"$VMYNA\" conformance --reader '#0' --allow-wrong-pins --pin auth=1234 --pin sign=ABC123 verify pin \
                  && \"$VMYNA\" apdu --reader '#0' --plain 00A4040C0AD392F000260100000001 00200098 0020009B";
    let out = inside("specimen:hanako", script).exits_with(0).out();
    assert!(out.ends_with("63C3\n63C5\n"), "{out}");
}

#[test]
fn the_older_name_of_a_pin_is_accepted() {
    for pin in ["birth-date=011025", "face-code-a=123456789018", "card-info=1234"] {
        vmyna(["conformance", "--pin", pin, "select.jpki"])
            .output()
            .unwrap()
            .exits_with(0);
    }
}

#[test]
fn what_makes_no_sense_is_answered_with_status_2_and_nothing_is_sent() {
    for arguments in [
        &["no-such-group"][..],
        &["--pin", "auth"],
        &["--pin", "auth=12345"],
        &["--pin", "nobody=1"],
        &["--vpcd", "0", "--reader", "#0"],
        &["--record", "/no/such/folder/file"],
        &["diff", "/no/such/file", "/no/such/file"],
    ] {
        let output = vmyna(["conformance"]).args(arguments).output().unwrap().exits_with(2);
        assert!(!output.err().contains("12345"), "{}", output.err());
    }
    let list = vmyna(["conformance", "--list", "select"])
        .output()
        .unwrap()
        .exits_with(0)
        .out();
    assert!(list.contains("select.jpki") && !list.contains("verify."), "{list}");
}

#[test]
fn what_came_of_a_run_is_told_in_japanese_and_files_stay_english() {
    let directory = tempfile::tempdir().unwrap();
    let report = directory.path().join("report.json");
    // Her code B is not his.
    let mut command = vmyna([
        "conformance",
        "--lang",
        "ja",
        "--pin",
        "code-b=01102520362026",
        "files-face.codes",
        "verify.success",
        "select.jpki",
        "--card",
        "specimen:showa",
        "--json",
    ]);
    let output = command.arg(&report).output().unwrap().exits_with(1);
    let told = output.out();
    for expected in [
        "files-face        0 合格    1 不合格\n",
        "\n不合格 files-face.codes\n",
        "  実測: myna-card: ",
        "カードの応答は63C9、期待値は9000\n",
        "\n合格2、不合格1、省略0、",
    ] {
        assert!(told.contains(expected), "{expected} is missing in\n{told}");
    }
    assert!(
        output.err().contains("仮想カードspecimen:showaのカード（ATR "),
        "{}",
        output.err()
    );
    assert!(output.err().contains("3件中1件のベクタが不合格"), "{}", output.err());
    let report = std::fs::read_to_string(&report).unwrap();
    assert!(report.contains("the card answers 63C9, expected 9000") && report.contains("the virtual card"));
    assert!(!report.contains("不合格") && !report.contains("期待値"), "{report}");

    let mut list = vmyna(["conformance", "--lang", "ja", "--list", "change.auth"]);
    let listed = list.output().unwrap().exits_with(0).out();
    assert!(
        listed.contains("    文書による: jpki/myna") && listed.contains("。書き込み。PIN: auth"),
        "{listed}"
    );
}

/// The time between the last answer and the first PIN that is sent is too short for a hand. Ctrl-S stops the terminal's
/// output, so the command waits for the end of the line when it has read the last answer; Ctrl-C comes then.
#[test]
fn ctrl_c_while_the_last_pin_is_taken_sends_none_and_leaves_the_terminal_as_it_was() {
    let vmyna = env!("CARGO_BIN_EXE_vmyna");
    let script =
        format!("trap : INT; stty -g; {vmyna} run -- {vmyna} conformance --reader '#0' pin; echo status $?; stty -g");
    let (first, last) = ("4 digits; 3 tries left): ", "birth (");
    let asked = |then: &[(&str, &[u8])]| {
        let steps = [
            &[
                (first, &b"1234\n\n\n\n\n\n\n"[..]),
                (last, b""),
                ("left): ", b"\x13011025\n"),
            ],
            then,
        ]
        .concat();
        let shown = typed_at(&script, &steps);
        modes_are_as_before(&shown);
        shown
    };
    // Ctrl-Q, and the PINs are used.
    let shown = asked(&[("", b"\x11")]);
    assert!(shown.contains("status 0\n"), "{shown}");
    let shown = asked(&[("", b"\x03")]);
    assert!(
        shown.contains("vmyna: interrupted; nothing was sent\nstatus 130\n"),
        "{shown}"
    );
}

#[test]
fn pins_are_asked_for_unseen_and_ctrl_c_leaves_the_terminal_as_it_was() {
    let vmyna = env!("CARGO_BIN_EXE_vmyna");
    let script =
        format!("trap : INT; stty -g; {vmyna} run -- {vmyna} conformance --reader '#0' pin; echo status $?; stty -g");
    for (keys, expected) in [
        // The first PIN, a wrong key taken back; none for the others.
        (&b"1239\x7F4\n\n\n\n\n\n\n\n\n"[..], "25 left out"),
        (b"12\x03", "vmyna: interrupted; nothing was sent\nstatus 130\n"),
    ] {
        let shown = typed(&script, "4 digits; 3 tries left): ", keys);
        assert!(shown.contains(expected) && !shown.contains("123"), "{shown}");
        modes_are_as_before(&shown);
    }
}

#[test]
fn a_recording_that_can_not_be_written_leaves_the_one_before_it_and_tells_what_came_out_all_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let [record, json] = ["record.json", "report.json"].map(|name| directory.path().join(name));
    std::fs::write(&record, "the recording of another day").unwrap();
    // No file longer than 4 KiB or so; on a disk without room it is the same.
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -f 8; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_vmyna")]);
    command.args(["conformance", "select", "--junit", "/dev/full", "--record"]);
    let output = command
        .arg(&record)
        .arg("--json")
        .arg(&json)
        .output()
        .unwrap()
        .exits_with(1);
    assert!(output.out().contains(" passed, 0 failed"), "{}", output.out());
    assert!(output.err().contains("/dev/full can't be written"), "{}", output.err());
    assert_eq!(
        std::fs::read_to_string(&record).unwrap(),
        "the recording of another day"
    );
    assert_eq!(
        std::fs::read_dir(directory.path()).unwrap().count(),
        1,
        "something was left behind"
    );
}

#[test]
fn a_pin_whose_name_is_wrong_is_not_repeated() {
    for arguments in [
        &["conformance", "--pin", "atuh=7351"][..],
        &["conformance", "--pin", "7351"],
        &["conformance", "--pin", "auth=73515"],
        &["trace", "replay", "/dev/null", "--pin", "7351"],
    ] {
        let output = vmyna(arguments).output().unwrap().exits_with(2);
        let said = output.out() + &output.err();
        assert!(!said.contains("7351"), "{arguments:?}: {said}");
    }
}
