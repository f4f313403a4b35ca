//! Applications in the free area of a card: for one run with `--ap`, from issue on, and installed into an issued card and
//! removed again, also while a process uses it or is killed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use common::{Printed, Serve, vmyna};
use tempfile::TempDir;
use vmyna_testkit::{client, killed_at, require_program};

/// An application with a PIN, a file that it opens, a secret one, and the name of the cardholder.
const NOTES: &str = r#"
format = 1
[[application]]
name = "notes"
title = "覚書AP"
aid = "F0 54 45 53 54 01"
source = "an invention of this test"

[[application.pin]]
name = "pin"
title = "暗証番号"
ef = "0006"
length = 8
tries = 3
value = "73918264"
change = "pin"

[[application.file]]
name = "greeting"
title = "挨拶"
ef = "0001"
content = { text = "hello" }
read = "always"

[[application.file]]
name = "note"
title = "覚書"
ef = "0002"
content = { text = "confidential" }
read = "pin"
update = "pin"
secret = true

[[application.file]]
name = "holder"
ef = "0003"
content = { person = "name" }
read = "always"
"#;
const SELECT: &str = "00A4040C 06 F05445535401";
const READ: &str = "00B08100 00";
const VERIFY: &str = "00200086 08 3733393138323634";
const VERIFY_WRONG: &str = "00200086 08 3030303030303030";
const READ_NOTE: &str = "00B08200 00";
const HELLO: &str = "68656C6C6F9000";

/// The same application with another name and the last byte of its AID.
fn other(name: &str, last: u8) -> String {
    let aid = format!("54 45 53 54 {last:02X}");
    NOTES
        .replace("\"notes\"", &format!("\"{name}\""))
        .replace("54 45 53 54 01", &aid)
}

struct Bench {
    folder: TempDir,
}

impl Bench {
    /// A folder with the declarations `notes.ap.toml` and `more.ap.toml`.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("notes.ap.toml"), NOTES).unwrap();
        fs::write(folder.path().join("more.ap.toml"), other("more", 2)).unwrap();
        Self { folder }
    }

    /// The folder with the issued card `c`.
    fn issued(arguments: &[&str]) -> Self {
        let bench = Self::new();
        let people = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/people/hanako.toml");
        bench.ok(&[&["issue", "--seed", "7", "-o", "c", people], arguments].concat());
        bench
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = vmyna(arguments)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = output.out() + &output.err();
        // Fewer digits could be those of a time or a process.
        assert!(
            !text.contains("73918264") && !text.contains("3733393138323634"),
            "{arguments:?} shows the PIN:\n{text}"
        );
        output
    }

    #[track_caller]
    fn ok(&self, arguments: &[&str]) -> String {
        self.run(arguments).exits_with(0).out()
    }

    /// What standard error has of a command that ends with this exit status.
    #[track_caller]
    fn refused(&self, status: i32, arguments: &[&str]) -> String {
        self.run(arguments).exits_with(status).err()
    }

    /// The answers to C-APDUs.
    #[track_caller]
    fn answers(&self, card: &[&str], steps: &[&str]) -> Vec<String> {
        let out = self.ok(&[&["apdu", "--plain"], card, steps].concat());
        out.lines().map(str::to_owned).collect()
    }

    /// Whether the application is on the card as declared, or not at all.
    #[track_caller]
    fn has_notes(&self) -> bool {
        match &self.answers(&["--card", "c"], &[SELECT, READ])[..] {
            [selected, read] if selected == "9000" => {
                assert_eq!(read, HELLO);
                true
            }
            [selected, _] => {
                assert_eq!(selected, "6A82");
                false
            }
            other => panic!("{other:?}"),
        }
    }
}

const SPECIMEN: [&str; 4] = ["--card", "specimen:hanako", "--ap", "notes.ap.toml"];

#[test]
fn a_built_in_card_has_an_application_for_one_run_and_keeps_nothing() {
    let bench = Bench::new();
    let answers = bench.answers(&SPECIMEN, &[SELECT, READ, READ_NOTE, VERIFY, READ_NOTE]);
    assert_eq!(answers, ["9000", HELLO, "6982", "9000", "636F6E666964656E7469616C9000"]);
    assert_eq!(
        bench.answers(&SPECIMEN, &[SELECT, VERIFY_WRONG, VERIFY_WRONG])[2],
        "63C1"
    );
    assert_eq!(bench.answers(&SPECIMEN, &[SELECT, VERIFY_WRONG])[1], "63C2");
    let both = [&SPECIMEN[..], &["--ap", "more.ap.toml"]].concat();
    assert_eq!(
        bench.answers(&both, &["00A4040C 06 F05445535402", READ]),
        ["9000", HELLO]
    );
    assert_eq!(bench.answers(&["--card", "specimen:hanako"], &[SELECT]), ["6A82"]);
    let program = require_program("opensc-tool", "opensc");
    let program = program.to_str().unwrap();
    let run = bench.ok(&["run", "--ap", "notes.ap.toml", "--", program, "-s", SELECT, "-s", READ]);
    assert!(run.contains("hello"), "{run}");
}

#[test]
fn every_command_that_describes_a_card_has_the_names_of_the_declaration() {
    let bench = Bench::new();
    let why = bench.ok(&[&["apdu", "--why"][..], &SPECIMEN, &[SELECT, READ_NOTE]].concat());
    for words in [
        "SELECT AP notes",
        "(note)",
        "notes 0002 (note): denied: read needs pin (0006)",
    ] {
        assert!(why.contains(words), "{words}:\n{why}");
    }
    let why = bench.ok(&[&["apdu", "--why", "--lang", "ja"][..], &SPECIMEN, &[SELECT, READ_NOTE]].concat());
    assert!(why.contains("覚書AP") && why.contains("暗証番号"), "{why}");
    let explained = bench.ok(&["explain", "--ap", "notes.ap.toml", SELECT, READ]);
    assert!(
        explained.contains("AID of notes (覚書AP)") && explained.contains("EF 0001 (greeting)"),
        "{explained}"
    );
    let files = bench.ok(&["files", "specimen:hanako", "--ap", "notes.ap.toml", "notes"]);
    assert!(files.contains("greeting") && files.contains("覚書AP"), "{files}");
    assert_eq!(
        bench.ok(&[
            "files",
            "specimen:hanako",
            "--ap",
            "notes.ap.toml",
            "notes/greeting",
            "--raw"
        ]),
        "hello"
    );
    let pins = bench.ok(&["pin", "specimen:hanako", "--ap", "notes.ap.toml"]);
    assert!(
        pins.lines()
            .any(|line| line.starts_with("notes") && line.contains("0006") && line.contains("3 of 3")),
        "{pins}"
    );
    let refused = bench.refused(2, &["files", "specimen:hanako", "notes"]);
    assert!(refused.contains("no application"), "{refused}");
}

#[test]
fn a_trace_names_the_files_of_the_card_and_masks_what_its_declaration_calls_secret() {
    let bench = Bench::new();
    let steps = [SELECT, VERIFY, READ_NOTE, READ];
    for trace in ["t.txt", "t.pcapng"] {
        bench.ok(&[&["apdu", "--trace", trace][..], &SPECIMEN, &steps].concat());
    }
    let text = fs::read_to_string(bench.path().join("t.txt")).unwrap();
    assert!(text.contains("SELECT AP notes") && text.contains("(note)"), "{text}");
    let shown = bench.ok(&["trace", "show", "t.pcapng", "--ap", "notes.ap.toml"]);
    assert!(
        shown.contains("SELECT AP notes") && shown.contains("(greeting)"),
        "{shown}"
    );
    for text in [text, shown] {
        assert!(text.contains(&"**".repeat(12)) && !text.contains("636F6E66"), "{text}");
        assert!(text.contains("68656C6C6F"), "{text}");
    }
    // The new content of a secret file is as secret as the old one, also if the card refuses it.
    let update = "00D68200 03 414243";
    // So is what the card refuses before it looks for the file: with an Le, and before the application is selected.
    let early = ["00D68200 03 414243", "00D68200 03 414243 00"];
    let steps = [early[0], SELECT, early[1], update, VERIFY, update];
    for trace in ["u.txt", "u.pcapng"] {
        bench.ok(&[&["apdu", "--trace", trace][..], &SPECIMEN, &steps].concat());
    }
    let text = fs::read_to_string(bench.path().join("u.txt")).unwrap();
    assert!(
        text.matches("00D68200 03 ******").count() == 4 && !text.contains("414243"),
        "{text}"
    );
    let replay = [
        "trace",
        "replay",
        "u.pcapng",
        "--ap",
        "notes.ap.toml",
        "--pin",
        "notes/pin=73918264",
    ];
    let refused = bench.refused(1, &replay);
    assert!(refused.contains("content of a secret file is masked"), "{refused}");
    let unnamed = bench.ok(&["trace", "show", "t.pcapng"]);
    assert!(
        !unnamed.contains("notes") && unnamed.contains("SELECT AP F05445535401"),
        "{unnamed}"
    );
    let replay = [
        "trace",
        "replay",
        "t.pcapng",
        "--ap",
        "notes.ap.toml",
        "--pin",
        "notes/pin=73918264",
    ];
    assert!(bench.ok(&replay).contains("5 answers"));
    let missing = bench.refused(2, &replay[..5]);
    assert!(missing.contains("--pin notes/0006=VALUE"), "{missing}");
}

#[test]
fn a_card_of_an_image_wants_an_application_installed() {
    let bench = Bench::issued(&[]);
    for command in [
        &["apdu", "--card", "c", SELECT][..],
        &["files", "c"],
        &["explain", "--card", "c", SELECT],
    ] {
        let refused = bench.refused(1, &[command, &["--ap", "notes.ap.toml"]].concat());
        assert!(refused.contains("`vmyna card install c FILE`"), "{refused}");
    }
    let refused = bench.refused(
        2,
        &["run", "--vpcd-card", "35999", "--ap", "notes.ap.toml", "--", "true"],
    );
    assert!(refused.contains("--ap is for a virtual card"), "{refused}");
}

#[test]
fn a_faulty_file_is_an_error_with_its_line_before_anything_is_done() {
    let bench = Bench::issued(&[]);
    let bad = NOTES.replace("read = \"pin\"", "read = \"pine\"");
    fs::write(bench.path().join("bad.ap.toml.bad"), bad).unwrap();
    let line = 1 + NOTES.lines().position(|line| line == "read = \"pin\"").unwrap();
    for command in [
        &["apdu", "--ap", "bad.ap.toml.bad", SELECT][..],
        &[
            "issue",
            "--random",
            "-o",
            "new",
            "--ap",
            "notes.ap.toml",
            "bad.ap.toml.bad",
        ],
        &["card", "install", "c", "notes.ap.toml", "bad.ap.toml.bad"],
    ] {
        let refused = bench.refused(2, command);
        assert!(
            refused.contains("bad.ap.toml.bad") && refused.contains(&format!("line {line}")),
            "{refused}"
        );
    }
    assert!(!bench.path().join("new").exists() && !bench.has_notes());
    let absent = bench.refused(2, &["apdu", "--ap", "absent.ap.toml", SELECT]);
    assert!(absent.contains("absent.ap.toml"), "{absent}");
    let twice = bench.refused(2, &["apdu", "--ap", "notes.ap.toml", "--ap", "notes.ap.toml", SELECT]);
    assert!(twice.contains("notes"), "{twice}");
}

#[test]
fn each_card_is_issued_with_the_applications_and_its_own_values() {
    let bench = Bench::new();
    let issue = |output: &str| {
        let whom = ["issue", "--people", "3", "--key-pool", "1", "--seed", "1", "-o", output];
        bench.ok(&[&whom[..], &["--ap", "notes.ap.toml", "more.ap.toml"]].concat());
    };
    issue("town");
    let names = bench.refused(2, &["pin", "town"]);
    let names: Vec<&str> = names.split("there are ").nth(1).unwrap().trim().split(", ").collect();
    assert_eq!(names.len(), 3);
    let mut holders = Vec::new();
    for name in names {
        let card = format!("town#{name}");
        let list = bench.ok(&["card", "list", &card]);
        assert_eq!(list.lines().filter(|line| line.contains("issued")).count(), 2, "{list}");
        let holder = bench.ok(&["files", &card, "notes/holder", "--raw"]);
        assert!(bench.ok(&["show", &card]).contains(holder.trim()), "{holder}");
        holders.push(holder);
    }
    holders.sort();
    holders.dedup();
    assert_eq!(holders.len(), 3);
    issue("again");
    assert!(fs::read(bench.path().join("town")).unwrap() == fs::read(bench.path().join("again")).unwrap());
}

#[test]
fn an_application_is_installed_used_removed_and_as_issued_again() {
    let bench = Bench::issued(&[]);
    assert!(bench.ok(&["card", "list", "c"]).contains("free area is empty"));
    let done = bench.ok(&["card", "install", "c", "notes.ap.toml", "more.ap.toml"]);
    assert!(
        done.contains("installed notes (F05445535401), more (F05445535402)"),
        "{done}"
    );
    let list = bench.ok(&["card", "list", "c"]);
    assert!(
        list.contains("notes  F05445535401  installed") && list.contains("覚書AP"),
        "{list}"
    );
    assert!(bench.has_notes());
    // What use changes in it is kept.
    assert_eq!(bench.answers(&["--card", "c"], &[SELECT, VERIFY_WRONG])[1], "63C2");
    let pins = bench.ok(&["pin", "c"]);
    assert!(
        pins.lines()
            .any(|line| line.starts_with("notes") && line.contains("2 of 3")),
        "{pins}"
    );
    let twice = bench.refused(2, &["card", "install", "c", "notes.ap.toml"]);
    assert!(twice.contains("notes.ap.toml") && twice.contains("notes"), "{twice}");
    let wrong = bench.refused(2, &["card", "remove", "c", "notes", "absent"]);
    assert!(
        wrong.contains("no application absent") && wrong.contains("notes (F05445535401)"),
        "{wrong}"
    );
    assert!(bench.has_notes());
    // By its AID in any case.
    let done = bench.ok(&["card", "remove", "c", "f05445535401"]);
    assert!(done.contains("removed notes"), "{done}");
    assert!(!bench.has_notes());
    assert_eq!(bench.ok(&["card", "list", "c"]).lines().count(), 1);
    // Installed again it is as declared: nothing is left of the first one.
    bench.ok(&["card", "install", "c", "notes.ap.toml"]);
    let pins = bench.ok(&["pin", "c"]);
    assert!(
        pins.lines()
            .any(|line| line.starts_with("notes") && line.contains("3 of 3")),
        "{pins}"
    );
    let reset = bench.run(&["card", "reset-state", "c", "--yes"]).exits_with(0);
    assert!(reset.err().contains("notes"), "{}", reset.err());
    assert!(bench.ok(&["card", "list", "c"]).contains("free area is empty"));
}

#[test]
fn an_issued_application_can_be_removed_and_is_back_after_a_reset() {
    let bench = Bench::issued(&["--ap", "notes.ap.toml"]);
    assert!(bench.has_notes());
    bench.ok(&["card", "remove", "c", "notes"]);
    let list = bench.ok(&["card", "list", "c"]);
    assert!(
        list.contains("empty") && list.contains("notes (F05445535401) was issued with the card, and removed"),
        "{list}"
    );
    assert!(!bench.has_notes());
    fs::write(bench.path().join("notes.ap.toml"), NOTES.replace("hello", "other")).unwrap();
    bench.ok(&["card", "install", "c", "notes.ap.toml"]);
    assert_eq!(bench.answers(&["--card", "c"], &[SELECT, READ])[1], "6F746865729000");
    assert!(bench.ok(&["card", "list", "c"]).contains("installed"));
    bench.ok(&["card", "reset-state", "c", "--yes"]);
    assert!(bench.has_notes() && bench.ok(&["card", "list", "c"]).contains("issued"));
}

#[test]
fn a_card_in_use_gets_and_loses_an_application_by_its_process() {
    let bench = Bench::issued(&[]);
    let socket = bench.path().join("socket");
    let mut serve = Serve::start_by(vmyna(["serve", "--card", "c", "--socket", "socket"]).current_dir(&bench.folder));
    serve.wait_for("PCSCLITE_CSOCK_NAME");
    let ask = |apdus: &[&str]| {
        let mut tool = client("opensc-tool", "opensc");
        tool.args(apdus.iter().flat_map(|apdu| ["-s", *apdu]))
            .env("PCSCLITE_CSOCK_NAME", &socket);
        let output = tool.output().unwrap();
        output.out() + &output.err()
    };
    assert!(!ask(&[SELECT, READ]).contains("hello"));
    let done = bench.ok(&["card", "install", "c", "notes.ap.toml"]);
    assert!(done.contains("has the card in use and did it"), "{done}");
    assert!(ask(&[SELECT, READ]).contains("hello"));
    assert!(bench.ok(&["card", "list", "c"]).contains("installed"));
    let pins = bench.ok(&["pin", "c"]);
    assert!(pins.contains("notes") && pins.contains("reported by process"), "{pins}");
    let done = bench.ok(&["card", "remove", "c", "notes"]);
    assert!(done.contains("has the card in use and did it"), "{done}");
    assert!(!ask(&[SELECT, READ]).contains("hello"));
    serve.signal("INT");
    serve.end();
}

#[test]
fn what_commands_have_changed_survives_a_reset_of_pins_and_is_dropped_only_with_consent() {
    const UPDATE_NOTE: &str = "00D68200 04 6F746865";
    const OTHER_NOTE: &str = "6F7468656964656E7469616C9000";
    let bench = Bench::issued(&["--ap", "notes.ap.toml"]);
    for in_use in [false, true] {
        bench.answers(&["--card", "c"], &[SELECT, VERIFY, UPDATE_NOTE, VERIFY_WRONG]);
        let inspected = bench.ok(&["card", "inspect", "c"]);
        assert!(
            inspected.contains("notes 0002: contents changed by commands"),
            "{inspected}"
        );
        let shown = bench.run(&["files", "c", "notes/0002"]).exits_with(0);
        assert!(
            shown
                .err()
                .contains("notes/0002 (note): commands have changed it since"),
            "{}",
            shown.err()
        );
        let issued = bench.run(&["files", "c", "--issued", "notes/0002"]).exits_with(0);
        assert_eq!(issued.err(), "");
        let mut serve = in_use.then(|| {
            let mut serve = vmyna(["serve", "--card", "c", "--socket", "socket"]);
            let mut serve = Serve::start_by(serve.current_dir(&bench.folder));
            serve.wait_for("PCSCLITE_CSOCK_NAME");
            serve
        });
        let refused = bench.refused(2, &["card", "reset-state", "c"]);
        assert!(
            refused.contains("notes 0002 note: contents changed by commands → as issued"),
            "in use: {in_use}\n{refused}"
        );
        let done = bench.ok(&["card", "reset-state", "c", "--pins"]);
        assert_eq!(done.contains("its contents stay"), !in_use, "{done}");
        if let Some(serve) = &mut serve {
            serve.signal("INT");
            serve.end();
        }
        let answers = bench.answers(&["--card", "c"], &[SELECT, VERIFY_WRONG, VERIFY, READ_NOTE]);
        assert_eq!(answers, ["9000", "63C2", "9000", OTHER_NOTE], "in use: {in_use}");
        bench.ok(&["card", "reset-state", "c", "--yes"]);
        let answers = bench.answers(&["--card", "c"], &[SELECT, VERIFY, READ_NOTE]);
        assert_eq!(answers[2], "636F6E666964656E7469616C9000");
        bench.ok(&["card", "reset-state", "c", "--yes"]);
    }
}

#[test]
fn a_card_that_a_counter_changes_waits_and_a_built_in_one_keeps_nothing() {
    let bench = Bench::issued(&[]);
    for command in [
        &["card", "install", "specimen:hanako", "notes.ap.toml"][..],
        &["card", "remove", "specimen:hanako", "notes"],
    ] {
        let refused = bench.refused(2, command);
        assert!(refused.contains("keeps no state"), "{refused}");
    }
    assert!(bench.ok(&["card", "list", "specimen:hanako"]).contains("empty"));
    bench.ok(&["card", "install", "c", "notes.ap.toml"]);
    let image = vmyna::applets::image::Image::open(&bench.path().join("c")).unwrap();
    let name = image.names().next().unwrap().parse().unwrap();
    let place = vmyna::StatePlace::beside(&bench.path().join("c"), &name, image.identity(&name).unwrap());
    let mark = vmyna::PendingMark::take(&place).unwrap().unwrap();
    for command in [
        &["card", "install", "c", "more.ap.toml"][..],
        &["card", "remove", "c", "notes"],
    ] {
        let refused = bench.refused(1, command);
        assert!(refused.contains("is changing this card now"), "{refused}");
    }
    mark.remove().unwrap();
    assert!(bench.has_notes());
    bench.ok(&["card", "remove", "c", "notes"]);
}

#[test]
fn twenty_long_applications_are_installed_and_what_does_not_fit_is_refused() {
    let bench = Bench::issued(&[]);
    let long = |name: &str, last, size: usize| {
        let file =
            format!("ef = \"0004\"\nname = \"long\"\nsize = {size}\nread = \"always\"\ncontent = {{ text = \"x\" }}\n");
        let text = other(name, last) + "\n[[application.file]]\n" + &file;
        fs::write(bench.path().join(format!("{name}.ap.toml")), text).unwrap();
        format!("{name}.ap.toml")
    };
    let files: Vec<String> = (0..20)
        .map(|last| long(&format!("long-{last}"), last, 32_768))
        .collect();
    let mut install = vec!["card", "install", "c"];
    install.extend(files.iter().map(String::as_str));
    bench.ok(&install);
    assert_eq!(bench.ok(&["card", "list", "c"]).lines().count(), 20);
    let answers = bench.answers(
        &["--card", "c"],
        &["00A4040C 06 F05445535413", "00A4020C 02 0004", "00B07FFE 000000"],
    );
    assert_eq!(answers, ["9000", "9000", "FFFF9000"]);
    long("more", 30, 10);
    let refused = bench.refused(2, &["card", "install", "c", "more.ap.toml"]);
    assert!(refused.contains("20"), "{refused}");
    bench.ok(&["card", "remove", "c", "long-0"]);
    bench.ok(&["card", "install", "c", "more.ap.toml"]);
    let longer = long("longer", 31, 32_769);
    let refused = bench.refused(2, &["apdu", "--ap", &longer, SELECT]);
    assert!(refused.contains("32768"), "{refused}");
}

#[test]
fn an_installation_that_can_not_be_written_changes_nothing() {
    let bench = Bench::issued(&[]);
    // A state that exists, so that its folder need not be made.
    bench.answers(&["--card", "c"], &[SELECT]);
    bench.ok(&["card", "install", "c", "more.ap.toml"]);
    let limited = format!(
        "ulimit -f 1; exec {} card install c notes.ap.toml",
        env!("CARGO_BIN_EXE_vmyna")
    );
    let mut shell = common::starting("sh");
    let output = shell
        .args(["-c", &limited])
        .current_dir(&bench.folder)
        .output()
        .unwrap();
    assert!(
        !output.status.success() && output.err().contains("ulimit -f"),
        "{}",
        output.err()
    );
    assert!(!bench.has_notes());
    assert_eq!(bench.ok(&["card", "list", "c"]).lines().count(), 1);
}

/// The system calls by which a state and its mark are written.
const CALLS: &str = "pwrite64,fdatasync,fsync,ftruncate,unlink,rename,linkat";

#[test]
fn an_installation_that_is_killed_is_done_or_not_and_the_card_can_be_used() {
    let bench = Bench::issued(&[]);
    let (mut done, mut not_done) = (0, 0);
    for number in 1.. {
        let mut install = vmyna(["card", "install", "c", "notes.ap.toml"]);
        install.current_dir(&bench.folder).env("VMYNA_REGISTER", "none");
        let killed = !killed_at(&install, CALLS, number).status.success();
        let installed = bench.has_notes();
        if !killed {
            assert!(installed);
            break;
        }
        match installed {
            true => done += 1,
            false => not_done += 1,
        }
        // Whatever it left, the same command or the way back works.
        match installed {
            true => bench.ok(&["card", "remove", "c", "notes"]),
            false => bench.ok(&["card", "install", "c", "notes.ap.toml"]),
        };
        bench.ok(&["card", "reset-state", "c", "--yes"]);
    }
    assert!(done >= 1 && not_done >= 3, "{done} done, {not_done} not done");
    println!("{done} kills after which it was installed, {not_done} after which it was not");
}
