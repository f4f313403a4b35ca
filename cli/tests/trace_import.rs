//! `vmyna trace import`: logs that pcscd, OpenSC, scriptor, pyscard and tshark's programs write while they use the card become
//! traces of the same conversation, which are shown, replayed and compared.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use common::{Printed, Stack, vmyna};
use vmyna_testkit::{PrivatePcscd, client, require_program};

const SCRIPT: &str =
    "# a session\n00A4040C0AD392F000260100000001\n00A4020C020018\n002000800431323334\n00B08A0030\nreset\n00200098\n";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.file(name);
        fs::write(&file, content).unwrap();
        file
    }
}

fn import(log: &Path, trace: &Path, options: &[&str]) -> Output {
    let mut command = vmyna(["trace", "import"]);
    command.arg(log).arg("-o").arg(trace).args(options).output().unwrap()
}

#[track_caller]
fn diff(a: &Path, b: &Path, status: i32) -> String {
    let mut command = vmyna(["conformance", "diff"]);
    command.arg(a).arg(b).output().unwrap().exits_with(status).out()
}

#[track_caller]
fn replay(trace: &Path) -> String {
    let mut command = vmyna(["trace", "replay", "--pin", "auth=1234"]);
    command.arg(trace).output().unwrap().exits_with(0).out()
}

/// Runs a client with the card and a trace of vmyna's own. Gives the trace, and what the client has printed.
#[track_caller]
fn run(folder: &Folder, program: &Path, arguments: &[&str], debug: bool) -> (PathBuf, Vec<u8>) {
    let own = folder.file("own.pcapng");
    let mut command = vmyna(["run", "--trace"]);
    command.arg(&own).arg("--").arg(program).args(arguments);
    if debug {
        command.env("OPENSC_DEBUG", "9");
    }
    let output = command.output().unwrap().exits_with(0);
    let log = if debug {
        output.stderr
    } else {
        [output.stderr, output.stdout].concat()
    };
    (own, log)
}

#[test]
fn scriptor_s_output_becomes_the_trace_that_run_has_written() {
    let folder = Folder::new();
    let script = folder.write("script", SCRIPT);
    let scriptor = require_program("scriptor", "pcsc-tools");
    let (own, log) = run(&folder, &scriptor, &[script.to_str().unwrap()], false);
    let log = folder.write("scriptor.log", log);
    for name in ["t.pcapng", "t.txt"] {
        let trace = folder.file(name);
        let said = import(&log, &trace, &[]).exits_with(0).out();
        assert!(
            said.ends_with(": 5 commands and 5 answers from a log of scriptor\n"),
            "{said}"
        );
        assert_eq!(fs::metadata(&trace).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(diff(&trace, &own, 0), "no difference\n");
        let said = replay(&trace);
        assert!(said.starts_with("6 answers and answers to reset"), "{said}");
    }
}

#[test]
fn pyscard_s_observer_becomes_a_trace() {
    let folder = Folder::new();
    let program = folder.write(
        "program.py",
        "from smartcard.System import readers\n\
         from smartcard.CardConnectionObserver import ConsoleCardConnectionObserver\n\
         connection = readers()[0].createConnection()\n\
         connection.addObserver(ConsoleCardConnectionObserver())\n\
         connection.connect()\n\
         print('a line of the program')\n\
         for apdu in ['00A4040C0AD392F000260100000001', '0020009804 31323334', '00B08A0030']:\n\
         \x20   connection.transmit(list(bytes.fromhex(apdu)))\n\
         connection.disconnect()\n",
    );
    let python = Path::new("/usr/bin/python3");
    let (own, log) = run(&folder, python, &[program.to_str().unwrap()], false);
    let (log, trace) = (folder.write("log", log), folder.file("t.pcapng"));
    import(&log, &trace, &[]).exits_with(0);
    assert_eq!(diff(&own, &trace, 0), "no difference\n");
    replay(&trace);
}

#[test]
fn opensc_s_debug_log_of_a_login_becomes_a_trace_without_the_pin() {
    let folder = Folder::new();
    let tool = require_program("pkcs11-tool", "opensc");
    let module = common::opensc_module();
    let (own, log) = run(
        &folder,
        &tool,
        &["--module", &module, "--login", "--pin", "1234", "-O"],
        true,
    );
    let (log, trace) = (folder.write("log", log), folder.file("t.pcapng"));
    import(&log, &trace, &[]).exits_with(0);
    assert_eq!(diff(&own, &trace, 0), "no difference\n");
    let has = |file: &Path| fs::read(file).unwrap().windows(5).any(|bytes| bytes == b"\x041234");
    assert!(!has(&trace));
    let whole = folder.file("whole.pcapng");
    import(&log, &whole, &["--show-secrets", "--from", "opensc"]).exits_with(0);
    assert!(has(&whole));
    replay(&trace);
}

#[test]
fn pcscd_s_log_becomes_a_trace_of_each_session_with_its_resets() {
    let folder = Folder::new();
    let script = folder.write("script", SCRIPT);
    let options = ["--debug", "--apdu"];
    let stack = Stack::in_pcscd(PrivatePcscd::start_with(1, &options).unwrap(), &[]);
    let scriptor = stack
        .program(("scriptor", "pcsc-tools"), &[script.to_str().unwrap()])
        .output()
        .unwrap()
        .exits_with(0);
    let output = folder.write("scriptor.log", [scriptor.stderr, scriptor.stdout].concat());
    let log = folder.write("pcscd.log", stack.pcscd.log());
    drop(stack);
    let [of_pcscd, of_scriptor] = ["pcscd.pcapng", "scriptor.pcapng"].map(|name| folder.file(name));
    import(&log, &of_pcscd, &[]).exits_with(0);
    import(&output, &of_scriptor, &[]).exits_with(0);
    assert_eq!(diff(&of_pcscd, &of_scriptor, 0), "no difference\n");
    let mut show = vmyna(["trace", "show"]);
    let shown = show.arg(&of_pcscd).output().unwrap().exits_with(0).out();
    assert!(shown.contains("-- power on   ATR 3BE000FF8131FE4514"), "{shown}");
    assert!(shown.contains("-- warm reset   ATR 3BE000FF8131FE4514"), "{shown}");
    replay(&of_pcscd);
}

#[test]
fn classic_pcap_and_pcapng_of_own_traces_keep_what_is_masked() {
    let folder = Folder::new();
    let own = folder.file("own.pcapng");
    let mut command = vmyna(["apdu", "--trace"]);
    command
        .arg(&own)
        .args(["00A4040C0AD392F000260100000001", "0020009804 31323334", "0084000008"]);
    command.output().unwrap().exits_with(0);
    let classic = folder.file("classic.pcap");
    let mut editcap = client("editcap", "tshark");
    editcap
        .args(["-F", "pcap"])
        .arg(&own)
        .arg(&classic)
        .output()
        .unwrap()
        .exits_with(0);
    for (log, name) in [(&classic, "a.pcapng"), (&own, "b.txt")] {
        let trace = folder.file(name);
        import(log, &trace, &["--show-secrets"]).exits_with(0);
        assert_eq!(diff(&own, &trace, 0), "no difference\n");
        replay(&trace);
    }
}

#[test]
fn gsmtap_is_read_from_pcap_and_pcapng_alike() {
    let folder = Folder::new();
    let classic = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../reader-bridge/tests/logs/gsmtap.pcap"
    ));
    let pcapng = folder.file("gsmtap.pcapng");
    let mut editcap = client("editcap", "tshark");
    editcap
        .args(["-F", "pcapng"])
        .arg(classic)
        .arg(&pcapng)
        .output()
        .unwrap()
        .exits_with(0);
    let [a, b] = ["a.txt", "b.txt"].map(|name| folder.file(name));
    import(classic, &a, &[]).exits_with(0);
    import(&pcapng, &b, &[]).exits_with(0);
    let [a, b] = [a, b].map(|trace| fs::read_to_string(trace).unwrap());
    assert_eq!(a, b);
    assert!(a.contains("2026-11-23T14:55:01.250000Z [GSMTAP] -- power on"), "{a}");
    assert!(a.contains(">> (4+8) A0200001 08 ****************"), "{a}");
}

#[test]
fn another_card_s_answers_are_the_differences() {
    let folder = Folder::new();
    let log = |sw: &str, data: &str| {
        format!("> 00A4040C0AD392F000260100000001\n< 9000\n> 00200098\n< {sw}\n> 00B0820000\n< {data}9000\n")
    };
    let [a, b] = [("63C3", "31323334"), ("63C1", "41424344")].map(|(sw, data)| {
        let (log, trace) = (folder.write(sw, log(sw, data)), folder.file(&format!("{sw}.pcapng")));
        import(&log, &trace, &["--show-secrets"]).exits_with(0);
        trace
    });
    let said = diff(&a, &b, 1);
    assert!(
        said.contains("how many tries are left? (auth PIN)\n  A: 63C3 (3 tries left)\n  B: 63C1 (1 try left)\n"),
        "{said}"
    );
    // Read from a file: secret.
    assert!(
        said.contains("A: 9000, 4 bytes: ********9000") && !said.contains("313233"),
        "{said}"
    );
    let recording = folder.write("recording.json", "{}");
    diff(&a, &recording, 2);
}

#[test]
fn nothing_is_written_if_the_log_is_not_understood() {
    let folder = Folder::new();
    let trace = folder.file("t.pcapng");
    let table: [(&str, &[&str], &str); 5] = [
        (
            "> 00A40000\n< 9000\n> 0020zz 31323334\n",
            &[],
            "line 3: not bytes in hexadecimal (read as lines)",
        ),
        (
            "hello\n",
            &[],
            "not a log of a known format: name what wrote it with --from",
        ),
        (
            "hello\n",
            &["--from", "pcscd"],
            "line 1: not a line of this format (read as pcscd)",
        ),
        ("# nothing\n", &["--from", "lines"], "no message of a card"),
        (
            "A>> T=1 (4+0000) 00\nOutgoing APDU (5 bytes):\n",
            &[],
            "lines of several formats: gp, opensc",
        ),
    ];
    for (text, options, words) in table {
        let log = folder.write("log", text);
        let said = import(&log, &trace, options).exits_with(2).err();
        assert!(said.contains(words) && !said.contains("3132"), "{said}");
        assert!(!trace.exists());
    }
    let log = folder.write("log", "> 00A40000\n< 9000\n");
    fs::write(&trace, "mine").unwrap();
    assert!(
        import(&log, &trace, &[])
            .exits_with(2)
            .err()
            .contains("overwrites nothing")
    );
    assert_eq!(fs::read(&trace).unwrap(), b"mine");
    import(&folder.file("missing"), &folder.file("u"), &[]).exits_with(2);
    vmyna(["trace", "import", "--from", "nothing", "x", "-o", "y"])
        .output()
        .unwrap()
        .exits_with(2);
}
