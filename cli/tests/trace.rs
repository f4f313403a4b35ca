//! Traces: Wireshark's own program decodes them as they are, nothing secret is in them, a killed process leaves one that can
//! be read, and replaying one finds the first answer that is another.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rand_core::OsRng;
use rsa::pkcs8::DecodePrivateKey;
use rsa::{Oaep, RsaPrivateKey};
use sha2::Sha256;
use vmyna_applets::specimen;
use vmyna_card_os::declaration::SecureSession;

use common::{Printed, Serve, vmyna};
use vmyna_testkit::{client, isolated, require_program};

const SELECT_JPKI: &str = "00A4040C0AD392F000260100000001";
const SELECT_INPUT_ASSIST: &str = "00A4040C0AD3921000310001010408";
const VERIFY_SIGN: &str = "0020009B06414243313233";
const VERIFY_INPUT_ASSIST: &str = "002000910431323334";
const READ_SIGN_CERTIFICATE: &str = "00B08100000000";
const READ_MY_NUMBER: &str = "00B0810000";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// `vmyna apdu` with a trace, these options and APDUs.
#[track_caller]
fn trace(file: &Path, options: &[&str], apdus: &[&str]) {
    let mut command = vmyna(["apdu", "--trace"]);
    command
        .arg(file)
        .args(options)
        .args(apdus)
        .output()
        .unwrap()
        .exits_with(0);
}

fn replay(file: &Path, options: &[&str]) -> Command {
    let mut command = vmyna(["trace", "replay"]);
    command.arg(file).args(options);
    command
}

#[track_caller]
fn show(file: &Path, options: &[&str]) -> String {
    vmyna(["trace", "show"])
        .arg(file)
        .args(options)
        .output()
        .unwrap()
        .exits_with(0)
        .out()
}

/// These fields of each packet, separated by `|`, as tshark decodes them with nobody's configuration.
#[track_caller]
fn tshark(file: &Path, fields: &[&str]) -> Vec<String> {
    let home = tempfile::tempdir().unwrap();
    let mut command = client("tshark", "tshark");
    command.env("HOME", home.path()).env("XDG_CONFIG_HOME", home.path());
    command.args(["-T", "fields", "-E", "separator=|", "-r"]).arg(file);
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.output().unwrap().exits_with(0);
    output.out().lines().map(str::to_owned).collect()
}

#[test]
fn tshark_decodes_commands_answers_and_the_answer_to_reset_without_configuration() {
    let folder = Folder::new();
    let file = folder.file("t.pcapng");
    // No random answer: tshark decodes an answer that begins with 3B or 3F as an answer to reset.
    trace(
        &file,
        &[],
        &[SELECT_JPKI, "00B0810004", VERIFY_SIGN, "00B0880003", ".remove"],
    );
    let fields = [
        "iso7816.apdu.ins",
        "iso7816.apdu.sw1",
        "iso7816.resp_to",
        "frame.interface_name",
        "_ws.malformed",
    ];
    let reader = "software reader";
    assert_eq!(
        tshark(&file, &fields),
        [
            format!("|||{reader}|"),
            format!("0xa4|||{reader}|"),
            format!("|0x90|2|{reader}|"),
            format!("0xb0|||{reader}|"),
            format!("|0x69|4|{reader}|"),
            format!("0x20|||{reader}|"),
            format!("|0x90|6|{reader}|"),
            format!("0xb0|||{reader}|"),
            format!("|0x90|8|{reader}|"),
            format!("|||{reader}|"),
        ]
    );
    let columns = tshark(
        &file,
        &["_ws.col.Source", "_ws.col.Info", "iso7816.apdu.body", "frame.comment"],
    );
    assert!(
        columns[0].contains("ATR, ") && columns[0].ends_with("|power on"),
        "{columns:?}"
    );
    assert_eq!(columns[1], "Interface|Select file|d392f000260100000001|");
    assert_eq!(columns[4], "Card|Response APDU (to Read binary)||");
    assert_eq!(columns[5], "Interface|Verify|2a2a2a2a2a2a|secret bytes 5..11 masked");
    assert!(columns[9].ends_with("|power off"), "{columns:?}");
    // Not long ago, in seconds since 1970.
    let time: f64 = tshark(&file, &["frame.time_epoch"])[0].parse().unwrap();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    assert!((0.0..120.0).contains(&(now.as_secs_f64() - time)), "{time}");
}

#[test]
fn no_pin_and_nothing_of_a_secret_file_is_in_a_trace_unless_it_is_asked_for() {
    let folder = Folder::new();
    let apdus = [
        SELECT_JPKI,
        VERIFY_SIGN,
        READ_SIGN_CERTIFICATE,
        SELECT_INPUT_ASSIST,
        VERIFY_INPUT_ASSIST,
        READ_MY_NUMBER,
        "00B08200000000",
        "00B08300000000",
        "00A4040C0AD3921000310001010402",
        "002000930C313233343536373839303138",
        "00B08200000000",
        "00B08500000000",
        "0020009106303131303235",
        "00B08100000000",
        "00A4040C0AD3921000310001010401",
        "0020009C0431323334",
        "00A4020C020021",
        "00B2010400",
    ];
    let whole = folder.file("whole.pcapng");
    trace(&whole, &["--show-secrets", "--expect", "9000"], &apdus);
    let secrets: [&[u8]; 5] = [b"ABC123", b"\x041234", b"123456789018", "見本".as_bytes(), b"011025"];
    let has = |file: &[u8], wanted: &[u8]| file.windows(wanted.len()).any(|bytes| bytes == wanted);
    let shown = fs::read(&whole).unwrap();
    for secret in secrets {
        assert!(has(&shown, secret), "{secret:?} was to be found");
    }
    for name in ["masked.pcapng", "masked.txt"] {
        let file = folder.file(name);
        trace(&file, &["--expect", "9000"], &apdus);
        let bytes = fs::read(&file).unwrap();
        for secret in secrets {
            assert!(!has(&bytes, secret), "{name}: {secret:?}");
            let digits: String = secret.iter().map(|byte| format!("{byte:02X}")).collect();
            assert!(!has(&bytes, digits.as_bytes()), "{name}: {digits}");
        }
        assert!(show(&file, &["--show-secrets"]).contains("********"));
    }
    // Whoever shows a trace with secrets to others has to say so too.
    assert!(!show(&whole, &[]).contains("414243313233"));
    assert!(show(&whole, &["--show-secrets"]).contains("414243313233"));
}

#[test]
fn what_anybody_can_read_is_not_masked() {
    let folder = Folder::new();
    let file = folder.file("t.pcapng");
    trace(&file, &[], &[SELECT_JPKI, "00B08A0004"]);
    assert!(show(&file, &[]).contains("\n   308206"), "{}", show(&file, &[]));
}

#[test]
fn a_trace_is_for_its_owner_only_and_overwrites_nothing() {
    let folder = Folder::new();
    let file = folder.file("t.pcapng");
    trace(&file, &[], &[SELECT_JPKI]);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read(&file).unwrap();
    let output = vmyna(["apdu", SELECT_JPKI, "--trace"])
        .arg(&file)
        .output()
        .unwrap()
        .exits_with(2);
    assert!(output.err().contains("overwrites nothing"), "{}", output.err());
    assert_eq!(fs::read(&file).unwrap(), before);
    let missing = folder.file("no/t.pcapng");
    let output = vmyna(["demo", "--trace"]).arg(&missing).output().unwrap().exits_with(2);
    assert!(output.err().contains("t.pcapng"), "{}", output.err());
}

#[test]
fn the_text_form_is_a_line_a_message() {
    let folder = Folder::new();
    let by_name = folder.file("t.txt");
    trace(&by_name, &[], &[SELECT_JPKI, "00200098", VERIFY_SIGN]);
    let by_option = folder.file("t");
    trace(&by_option, &["--trace-format", "text"], &[SELECT_JPKI]);
    let text = fs::read_to_string(by_name).unwrap();
    let lines: Vec<_> = text
        .lines()
        .map(|line| line.split_once("Z [software reader] ").unwrap().1)
        .collect();
    assert_eq!(lines.len(), 7);
    assert_eq!(lines[0], "-- power on   ATR 3BE000FF8131FE4514");
    assert_eq!(lines[1], ">> (4+10) 00A4040C 0A D392F000260100000001   SELECT AP jpki");
    assert!(
        lines[4].starts_with("<< (0+2) ") && lines[4].contains(" µs 63C3   "),
        "{}",
        lines[4]
    );
    assert_eq!(
        lines[5],
        ">> (4+6) 0020009B 06 ************   VERIFY EF 001B, 6 bytes (sign password)"
    );
    assert!(show(&by_option, &[]).contains("SELECT AP jpki"));
}

#[test]
fn the_tour_is_replayed_with_its_pins_and_another_card_is_told_at_its_first_other_answer() {
    let folder = Folder::new();
    for name in ["demo.pcapng", "demo.txt"] {
        let file = folder.file(name);
        vmyna(["demo", "--trace"]).arg(&file).output().unwrap().exits_with(0);
        let pins = [
            "--pin",
            "auth=1234",
            "--pin",
            "jpki/001B=ABC123",
            "--pin",
            "input-assist=1234",
        ];
        let output = replay(&file, &pins).output().unwrap().exits_with(0);
        assert!(output.out().contains(" masked"), "{}", output.out());
        let output = replay(&file, &[]).output().unwrap().exits_with(2);
        assert!(
            output.err().contains("message 16: ") && output.err().contains("--pin auth=VALUE"),
            "{}",
            output.err()
        );
        let output = replay(&file, &["--pin", "login=1234"]).output().unwrap().exits_with(2);
        assert!(output.err().contains("there are auth, sign, "), "{}", output.err());
        let contactless = [&pins[..], &["--card", "specimen:hanako@contactless"]].concat();
        let output = replay(&file, &contactless).output().unwrap().exits_with(1);
        assert!(
            output
                .err()
                .contains("message 1: the trace has the ATR 3BE000FF8131FE4514"),
            "{}",
            output.err()
        );
        let other = [&pins[..], &["--card", "specimen:foreign"]].concat();
        let output = replay(&file, &other).output().unwrap().exits_with(1);
        assert!(
            output
                .err()
                .contains("message 3: the data differ at offset 1; to GET DATA 00F0"),
            "{}",
            output.err()
        );
    }
}

#[test]
fn random_answers_are_alike_by_length_and_wrong_pins_stay_wrong() {
    let folder = Folder::new();
    let file = folder.file("t.pcapng");
    let hash = "00".repeat(32);
    let pss = format!("802A049720{hash}00");
    let bare = format!("802A029720{hash}00");
    trace(
        &file,
        &[],
        &[
            SELECT_JPKI,
            "0084000008",
            "002000980430303030",
            "002000980431323334",
            &pss,
            &bare,
            ".reset",
            &pss,
        ],
    );
    let output = replay(&file, &["--pin", "auth=1234"]).output().unwrap().exits_with(0);
    assert!(output.out().contains("3 by length and status word"), "{}", output.out());
    let output = replay(&file, &["--pin", "auth=0000"]).output().unwrap().exits_with(1);
    assert!(
        output
            .err()
            .contains("message 9: the trace has 9000, the card answers 63C1"),
        "{}",
        output.err()
    );
    let output = replay(&file, &["--pin", "auth=12345"]).output().unwrap().exits_with(2);
    assert!(
        output.err().contains("message 8: ") && !output.err().contains("12345"),
        "{}",
        output.err()
    );
}

#[test]
fn a_changed_pin_is_given_once_more() {
    let folder = Folder::new();
    let file = folder.file("t.pcapng");
    let apdus = [
        SELECT_JPKI,
        "00A4020C020018",
        "002000800431323334",
        "002401800434333231",
        "002000800434333231",
    ];
    trace(&file, &["--expect", "9000"], &apdus);
    let old = ["--pin", "auth=1234"];
    let output = replay(&file, &old).output().unwrap().exits_with(2);
    assert!(
        output.err().contains("message 8: ") && output.err().contains("a further --pin auth="),
        "{}",
        output.err()
    );
    replay(&file, &[&old[..], &["--pin", "auth=4321"]].concat())
        .output()
        .unwrap()
        .exits_with(0);
}

/// SET SESSION KEY for hanako's card: the key encrypted to the one that no file shows.
fn session_key() -> String {
    let applications = specimen::find("hanako").unwrap().unwrap().applications();
    let offered = applications
        .iter()
        .find_map(|application| match &application.secure_session {
            SecureSession::Offered { key, .. } => RsaPrivateKey::from_pkcs8_der(key.as_pkcs8_der()).ok(),
            SecureSession::Refused(_) => None,
        });
    let delivery = [&[0xA0, 0x22, 0x80, 0x20][..], &[0x55; 32]].concat();
    let key = offered.unwrap().to_public_key();
    let encrypted = key.encrypt(&mut OsRng, Oaep::new::<Sha256>(), &delivery).unwrap();
    let digits: String = encrypted.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("80AE0000000100{digits}")
}

#[test]
fn under_secure_messaging_secret_answers_are_masked_and_compared_by_length() {
    let folder = Folder::new();
    let file = folder.file("t.pcapng");
    let key = session_key();
    let read = "08B00000000005 9603000000 0000";
    let apdus = [
        SELECT_INPUT_ASSIST,
        VERIFY_INPUT_ASSIST,
        &key,
        "00A4020C020001",
        read,
        "00A4020C020005",
        read,
    ];
    trace(&file, &["--expect", "9000"], &apdus);
    let told = show(&file, &["--show-secrets"]);
    let answers: Vec<_> = told.split(">> (4+5)").skip(1).collect();
    assert!(answers[0].contains("READ BINARY under secure messaging\n"), "{told}");
    assert!(
        answers[0].contains("   ****************") && !answers[1].contains('*'),
        "{told}"
    );
    let output = replay(&file, &["--pin", "input-assist=1234"])
        .output()
        .unwrap()
        .exits_with(0);
    assert!(output.out().contains("2 by length and status word"), "{}", output.out());
    // A PIN that went enciphered can't be supplied.
    let secured = folder.file("secured.pcapng");
    let verify = format!("08200091 13 8611 01{}", "00".repeat(16));
    trace(&secured, &[], &[SELECT_INPUT_ASSIST, &verify]);
    let output = replay(&secured, &[]).output().unwrap().exits_with(1);
    assert!(
        output.err().contains("message 4: ") && output.err().contains("--show-secrets"),
        "{}",
        output.err()
    );
}

#[test]
fn of_a_card_in_a_reader_all_that_is_read_is_masked() {
    let folder = Folder::new();
    let file = folder.file("t.pcapng");
    let mut command = vmyna([
        "run",
        "--",
        env!("CARGO_BIN_EXE_vmyna"),
        "apdu",
        "--reader",
        "vmyna",
        "--trace",
    ]);
    command
        .arg(&file)
        .args([SELECT_JPKI, "00B08A0004", "0084000004", ".power-cycle"]);
    command.output().unwrap().exits_with(0);
    let told = show(&file, &["--show-secrets"]);
    let lines: Vec<_> = told.lines().collect();
    assert!(
        lines[3].starts_with("#4 << (4+2) ") && lines[4] == "   ********",
        "{told}"
    );
    assert!(
        !lines[7].contains('*') && lines[9].starts_with("#8 -- power on   ATR 3BE0"),
        "{told}"
    );
}

#[test]
fn readers_of_one_trace_are_told_apart() {
    let folder = Folder::new();
    let file = folder.file("t.pcapng");
    let opensc = require_program("opensc-tool", "opensc");
    let mut command = vmyna(["run", "--card", "specimen:hanako", "--card", "specimen:child"]);
    command
        .args(["--reader-name", "Desk", "--reader-name", "Door", "--trace"])
        .arg(&file)
        .arg("--");
    let script = "\"$0\" -r Desk -s 00A4040C0AD392F000260100000001 && \"$0\" -r Door -s 00A4040C0AD392F000260100000001 && \
                  \"$1\" reader remove --reader Desk && \"$1\" reader insert --reader Desk specimen:leap && \"$0\" -r Desk -a";
    command
        .args(["sh", "-c", script])
        .arg(&opensc)
        .arg(env!("CARGO_BIN_EXE_vmyna"));
    command.output().unwrap().exits_with(0);
    let lines = tshark(&file, &["frame.interface_name", "iso7816.apdu.ins"]);
    for reader in ["Desk", "Door"] {
        assert!(lines.contains(&format!("{reader}|0xa4")), "{lines:?}");
    }
    assert!(
        lines.iter().any(|line| line.starts_with("put in #1: specimen:leap|")),
        "{lines:?}"
    );
    assert!(show(&file, &[]).contains("[Door] >> (4+10) 00A4040C 0A D392F000260100000001   SELECT AP jpki"));
    let output = replay(&file, &[]).output().unwrap().exits_with(2);
    assert!(output.err().contains("\"Desk\", \"Door\""), "{}", output.err());
    replay(&file, &["--reader", "Door", "--card", "specimen:child"])
        .output()
        .unwrap()
        .exits_with(0);
}

#[test]
fn a_killed_process_leaves_a_trace_that_can_be_read() {
    let folder = Folder::new();
    let file = folder.file("t.pcapng");
    let socket = folder.file("pcsc");
    let mut serve = Serve::start(&["--socket", socket.to_str().unwrap(), "--trace", file.to_str().unwrap()]);
    serve.wait_for("PCSCLITE_CSOCK_NAME");
    let mut command = client("opensc-tool", "opensc");
    command
        .env("PCSCLITE_CSOCK_NAME", &socket)
        .args(["-s", "00A4040C0AD392F000260100000001"]);
    command.output().unwrap().exits_with(0);
    serve.signal("KILL");
    serve.end();
    let lines = tshark(&file, &["iso7816.apdu.ins"]);
    assert!(lines.contains(&"0xa4".to_owned()), "{lines:?}");
    // And one that was cut within a message.
    let bytes = fs::read(&file).unwrap();
    let torn = folder.file("torn.pcapng");
    fs::write(&torn, &bytes[..bytes.len() - 5]).unwrap();
    let output = vmyna(["trace", "show"]).arg(&torn).output().unwrap().exits_with(0);
    assert!(output.err().contains("cut off"), "{}", output.err());
}

#[test]
fn what_is_no_trace_is_told() {
    let folder = Folder::new();
    let file = folder.file("t.pcapng");
    for (content, told) in [
        (&b"GIF89a"[..], "neither"),
        (b"", "no message"),
        (&[0xFF; 100], "neither"),
    ] {
        fs::write(&file, content).unwrap();
        for command in ["show", "replay"] {
            let output = vmyna(["trace", command]).arg(&file).output().unwrap().exits_with(2);
            assert!(output.err().contains(told), "{}", output.err());
        }
    }
    let output = vmyna(["trace", "show"])
        .arg(folder.file("none"))
        .output()
        .unwrap()
        .exits_with(2);
    assert!(output.err().contains("no such file"), "{}", output.err());
}

#[test]
fn what_is_no_trace_is_a_wrong_argument() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("bad.txt");
    std::fs::write(&file, "no trace\n").unwrap();
    for path in [&*file, directory.path(), std::path::Path::new("/dev/null")] {
        for what in ["show", "replay"] {
            let output = vmyna(["trace", what]).arg(path).output().unwrap().exits_with(2);
            assert!(output.err().contains(&*path.to_string_lossy()), "{}", output.err());
        }
    }
}

#[test]
fn a_trace_that_reaches_the_limit_of_files_sizes_ends_and_stops_neither_card_nor_program() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = isolated("sh");
    // A file of at most one block, which the trace soon fills; the program has no limit of its own to meet.
    let program = "for i in 1 2 3 4 5 6 7 8; do pkcs15-tool --list-pins >/dev/null || exit 3; done; exit 7";
    let vmyna = env!("CARGO_BIN_EXE_vmyna");
    command.args(["-c", "ulimit -f 1; exec \"$@\"", "sh", vmyna, "run", "--trace"]);
    let output = command
        .arg(directory.path().join("t.pcapng"))
        .args(["--", "sh", "-c", program])
        .output()
        .unwrap()
        .exits_with(7);
    assert!(output.err().contains("the trace ends here"), "{}", output.err());
}
