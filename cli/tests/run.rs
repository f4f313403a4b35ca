//! `vmyna run`: unmodified programs of Debian find the card, without pcscd and without root; what the program does with its
//! exit status, its signals and its streams is what its caller sees; cards come and go meanwhile; and nothing is left.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::{
    PATIENCE, Printed, Serve, is_signed, opensc_module, run_with_input, signal, starting, vmyna, wait, write_public_key,
};
use vmyna_applets::specimen;
use vmyna_testkit::clients::{Way, proves};
use vmyna_testkit::{client, require_program};

const VMYNA: &str = env!("CARGO_BIN_EXE_vmyna");

/// `vmyna run` with these options and this program of a Debian package.
fn program(options: &[&str], (name, package): (&str, &str), arguments: &[&str]) -> Command {
    let mut command = vmyna(["run"]);
    command
        .args(options)
        .arg("--")
        .arg(require_program(name, package))
        .args(arguments);
    command
}

#[track_caller]
fn succeed(options: &[&str], name: (&str, &str), arguments: &[&str]) -> String {
    let output = program(options, name, arguments).output().unwrap().exits_with(0);
    output.out() + &output.err()
}

/// `vmyna run` with a script in which `$VMYNA` is vmyna.
fn script(options: &[&str], script: &str) -> Command {
    let mut command = program(options, ("sh", "dash"), &["-c", script]);
    command.env("VMYNA", VMYNA);
    command
}

/// A program that runs until it is killed, at the latest at the end of the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const OPENSC_TOOL: (&str, &str) = ("opensc-tool", "opensc");
const PKCS15_TOOL: (&str, &str) = ("pkcs15-tool", "opensc");
const PKCS11_TOOL: (&str, &str) = ("pkcs11-tool", "opensc");
const PCSC_SCAN: (&str, &str) = ("pcsc_scan", "pcsc-tools");
const P11TOOL: (&str, &str) = ("p11tool", "gnutls-bin");

#[test]
fn signals_that_were_ignored_are_ignored_by_the_program_too() {
    for signal in ["HUP", "INT", "TERM"] {
        let script = format!("trap '' {signal}; exec \"$0\" run -- sh -c 'kill -{signal} $$; echo survived'");
        let mut shell = starting("sh");
        let output = shell
            .args(["-c", &script, env!("CARGO_BIN_EXE_vmyna")])
            .output()
            .unwrap();
        assert_eq!(output.exits_with(0).out(), "survived\n", "{signal}");
    }
}

#[test]
fn opensc_lists_recognises_and_dumps_the_card() {
    let _proof = proves("opensc.lists", Way::Service);
    assert!(succeed(&[], OPENSC_TOOL, &["--list-readers"]).contains("Yes             vmyna 00 00"));
    let told = succeed(&[], OPENSC_TOOL, &["--atr", "--name"]);
    assert!(
        told.contains("3b:e0:00:ff:81:31:fe:45:14") && told.contains("jpki"),
        "{told}"
    );
    let dump = succeed(&[], PKCS15_TOOL, &["--dump"]);
    for object in [
        "PKCS#15 Card [JPKI]",
        "PIN [Digital Signature PIN]",
        "Private RSA Key [User Authentication Key]",
        "X.509 Certificate [Digital Signature Certificate CA]",
    ] {
        assert!(dump.contains(object), "{object} is missing in\n{dump}");
    }
}

#[test]
fn pkcs11_lists_passes_its_own_tests_and_signs_what_openssl_verifies() {
    let _opensc_pkcs11 = proves("opensc.pkcs11", Way::Service);
    let _opensc_self_test = proves("opensc.self-test", Way::Service);
    let _gnutls_tokens = proves("gnutls.tokens", Way::Service);
    let slots = succeed(&[], PKCS11_TOOL, &["--list-slots"]);
    assert!(slots.contains("JPKI (Digital Signature PIN)"), "{slots}");
    assert!(succeed(&[], PKCS11_TOOL, &["--list-objects"]).contains("Certificate Object"));
    assert!(
        succeed(&[], P11TOOL, &["--provider", &opensc_module(), "--list-tokens"])
            .contains("JPKI%20%28User%20Authentication%20PIN%29")
    );
    let directory = tempfile::tempdir().unwrap();
    let card = specimen::find("hanako").unwrap().unwrap().jpki;
    let keys = [
        ("0", "1234", "01", card.auth.unwrap().certificate),
        ("1", "ABC123", "02", card.sign.unwrap().certificate),
    ];
    for (slot, pin, id, certificate) in keys {
        let login = ["--login", "--pin", pin, "--slot-index", slot];
        let tested = succeed(&[], PKCS11_TOOL, &[&login[..], &["--test"]].concat());
        assert!(tested.contains("No errors"), "{tested}");
        let sign = program(&[], PKCS11_TOOL, &[&login[..], &["--sign", "--id", id]].concat())
            .args([
                "--mechanism",
                "SHA256-RSA-PKCS",
                "--input-file",
                "text",
                "--output-file",
                "signature",
            ])
            .current_dir(prepare(directory.path(), &certificate))
            .output()
            .unwrap();
        sign.exits_with(0);
        is_signed(directory.path(), "signature");
    }
}

/// A text to sign, and the key that verifies it.
fn prepare<'a>(directory: &'a Path, certificate: &[u8]) -> &'a Path {
    fs::write(directory.join("text"), "こんにちは").unwrap();
    write_public_key(directory, certificate);
    directory
}

#[test]
fn a_hundred_at_once_each_sign_and_none_fails() {
    let directory = tempfile::tempdir().unwrap();
    let card = specimen::find("hanako").unwrap().unwrap().jpki;
    prepare(directory.path(), &card.auth.unwrap().certificate);
    let sign = "--login --pin 1234 --slot-index 0 --sign --id 01 --mechanism SHA256-RSA-PKCS";
    let children: Vec<_> = (0..100)
        .map(|number| {
            let files = format!("--input-file text --output-file signature{number}");
            let arguments: Vec<_> = sign.split(' ').chain(files.split(' ')).collect();
            let mut command = program(&[], PKCS11_TOOL, &arguments);
            command
                .current_dir(directory.path())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for (number, child) in children.into_iter().enumerate() {
        child.wait_with_output().unwrap().exits_with(0);
        is_signed(directory.path(), &format!("signature{number}"));
    }
}

#[test]
fn streams_and_exit_status_are_those_of_the_program() {
    let output = run_with_input(&mut script(&[], "cat; echo wrong >&2; exit 7"), b"as it came\0\xFF").exits_with(7);
    assert_eq!(output.stdout, b"as it came\0\xFF");
    assert_eq!(output.err(), "wrong\n");
    script(&[], "kill -s KILL $$").output().unwrap().exits_with(128 + 9);
    script(&[], "kill -s TERM $$").output().unwrap().exits_with(128 + 15);
    let missing = vmyna(["run", "--", "no-such-program-here"])
        .output()
        .unwrap()
        .exits_with(127);
    assert!(missing.err().contains("no-such-program-here can't be run"));
    vmyna(["run", "--", "/etc/passwd"]).output().unwrap().exits_with(126);
    vmyna(["run"]).output().unwrap().exits_with(2);
    vmyna(["run", "--card", "specimen:nobody", "--", "true"])
        .output()
        .unwrap()
        .exits_with(2);
    vmyna(["run", "--power-off", "soon", "--", "true"])
        .output()
        .unwrap()
        .exits_with(2);
}

#[test]
fn ctrl_c_reaches_the_program_once_and_vmyna_waits_for_it() {
    let command = script(&[], "trap 'echo caught' INT; echo ready; while :; do sleep 0.05; done");
    // As a terminal does it: to all of a process group, in which nobody ignores it.
    let mut command = at_a_terminal(&command);
    let mut running = Running(command.process_group(0).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    for _ in 0..3 {
        kill(&format!("-s INT -- -{}", running.0.id()));
        assert_eq!(lines.next().unwrap().unwrap(), "caught");
        thread::sleep(Duration::from_millis(200));
    }
    assert!(running.0.try_wait().unwrap().is_none());
    // SIGTERM is passed on; the program has not asked to catch it.
    signal(running.0.id(), "TERM");
    assert_eq!(wait(&mut running.0).code(), Some(128 + 15));
    assert_eq!(lines.map(Result::unwrap).count(), 0, "caught more than once");
}

/// The command with Ctrl-C as a terminal's shell leaves it: tests in the background of a script are started with it ignored.
fn at_a_terminal(command: &Command) -> Command {
    let mut env = Command::new("env");
    env.arg("--default-signal=INT,QUIT")
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => env.env(name, value),
            None => env.env_remove(name),
        };
    }
    env
}

fn kill(arguments: &str) {
    assert!(
        Command::new("sh")
            .args(["-c", &format!("kill {arguments}")])
            .status()
            .unwrap()
            .success()
    );
}

/// The directory of the sockets of this `vmyna run`, from inside.
const SOCKET_DIRECTORY: &str = r#"dirname "$PCSCLITE_CSOCK_NAME""#;

#[test]
fn the_directory_is_private_and_gone_afterwards_even_after_sigkill_once_another_has_run() {
    let told = script(
        &[],
        &format!("stat -c %a \"$({SOCKET_DIRECTORY})\"; {SOCKET_DIRECTORY}"),
    )
    .output()
    .unwrap();
    let told = told.exits_with(0).out();
    let mut lines = told.lines();
    assert_eq!(lines.next(), Some("700"));
    assert!(!Path::new(lines.next().unwrap()).exists());
    let mut command = script(&[], &format!("{SOCKET_DIRECTORY}; exec sleep 30"));
    let mut killed = Running(command.stdout(Stdio::piped()).process_group(0).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(killed.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let left = PathBuf::from(line.trim());
    // Another leaves alone what is in use.
    script(&[], "true").output().unwrap().exits_with(0);
    assert!(left.exists());
    let group = killed.0.id();
    killed.0.kill().unwrap();
    killed.0.wait().unwrap();
    assert!(left.exists());
    script(&[], "true").output().unwrap().exits_with(0);
    assert!(!left.exists());
    kill(&format!("-s KILL -- -{group}"));
}

#[test]
fn a_reader_is_unplugged_and_plugged_in_with_its_card_while_the_program_runs() {
    let told = script(
        &["--reader-name", "Desk", "--card", "specimen:hanako"],
        r#"set -e
        "$VMYNA" reader unplug Desk
        "$VMYNA" reader list
        opensc-tool --list-readers
        ! "$VMYNA" reader remove
        "$VMYNA" reader plug desk
        ! "$VMYNA" reader plug --reader Desk
        opensc-tool --name"#,
    )
    .output()
    .unwrap()
    .exits_with(0);
    let (out, err) = (told.out(), told.err());
    assert!(
        out.starts_with("#0 Desk\n   unplugged\nNo smart card readers found.\n"),
        "{out}"
    );
    assert!(out.ends_with("jpki\n"), "{out}");
    assert!(
        err.contains("\"Desk\" is unplugged; `vmyna reader plug` plugs it in"),
        "{err}"
    );
    assert!(err.contains("\"Desk\" is plugged in already"), "{err}");
}

/// Without the property OpenSC takes the reader for one that knows short APDUs alone.
#[test]
fn opensc_learns_that_the_reader_takes_extended_apdus() {
    let told = script(&[], "OPENSC_DEBUG=9 opensc-tool --name 2>&1");
    let out = { told }.output().unwrap().exits_with(0).out();
    assert!(out.contains("dwMaxAPDUDataSize property returned 65536"), "{out}");
}

#[test]
fn cards_are_taken_out_put_back_and_swapped_while_the_program_runs() {
    let told = script(
        &[
            "--reader-name",
            "Desk",
            "--reader-name",
            "Door",
            "--card",
            "specimen:hanako",
        ],
        r#"set -e
        "$VMYNA" reader list
        opensc-tool --reader Desk --name
        "$VMYNA" reader remove --reader desk
        ! opensc-tool --reader Desk --name
        "$VMYNA" reader insert --reader '#1' specimen:hanako
        opensc-tool --reader Door --name
        "$VMYNA" reader insert --reader Desk
        "$VMYNA" reader insert --reader Desk specimen:hanako
        opensc-tool --reader Desk --name
        "$VMYNA" reader list"#,
    )
    .output()
    .unwrap()
    .exits_with(0);
    let out = told.out();
    assert_eq!(out.matches("jpki").count(), 3, "{out}");
    assert!(
        out.starts_with("#0 Desk\n   card with ATR 3BE000FF8131FE4514\n#1 Door\n   no card\n"),
        "{out}"
    );
    assert!(out.ends_with("#1 Door\n   card with ATR 3BE000FF8131FE4514\n"), "{out}");
    let wrong = script(&[], r#""$VMYNA" reader remove --reader Window"#)
        .output()
        .unwrap()
        .exits_with(2);
    assert!(wrong.err().contains("there are: \"vmyna 00 00\""), "{}", wrong.err());
    let empty = script(&[], r#""$VMYNA" reader remove; "$VMYNA" reader remove"#)
        .output()
        .unwrap()
        .exits_with(1);
    assert!(empty.err().contains("no card in"), "{}", empty.err());
}

/// A card that was taken out has lost its power, hence what a PIN has opened, but not what was used up of its tries.
#[test]
fn a_card_put_back_is_the_same_card_without_power_in_between() {
    let verify = "pkcs15-tool --verify-pin --auth-id 01 --pin 0000";
    let told = script(
        &[],
        &format!(r#"{verify}; "$VMYNA" reader remove; "$VMYNA" reader insert; pkcs15-tool --list-pins"#),
    );
    let told = { told }.output().unwrap().exits_with(0).out();
    assert!(told.contains("Tries left     : 2"), "{told}");
}

#[test]
fn pcsc_scan_sees_the_card_come_and_go() {
    let _proof = proves("pcsc-tools.scan", Way::Service);
    let mut command = program(&["--card", "specimen:hanako"], PCSC_SCAN, &["-n"]);
    let mut running = Running(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut out = running.0.stdout.take().unwrap();
    let (sender, said) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = out.read(&mut buffer) {
            let _ = sender.send(String::from_utf8_lossy(&buffer[..count]).into_owned());
        }
    });
    let mut seen = String::new();
    let mut wait_for = |words: &str| {
        let end = Instant::now() + PATIENCE;
        while !seen.contains(words) {
            let left = end.saturating_duration_since(Instant::now());
            seen += &said
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("no {words:?} in:\n{seen}"));
        }
        seen.clear();
    };
    wait_for("3B E0 00 FF 81 31 FE 45 14");
    let socket = socket_of(running.0.id());
    let reader = |action| {
        vmyna(["reader", action, "--socket"])
            .arg(&socket)
            .output()
            .unwrap()
            .exits_with(0)
    };
    reader("remove");
    wait_for("Card removed");
    reader("insert");
    wait_for("Card inserted");
    signal(running.0.id(), "TERM");
    assert_eq!(wait(&mut running.0).code(), Some(128 + 15));
}

/// Where the `vmyna run` of this process id listens.
fn socket_of(process: u32) -> PathBuf {
    let bases = std::env::var_os("XDG_RUNTIME_DIR")
        .into_iter()
        .map(PathBuf::from)
        .chain([PathBuf::from("/tmp")]);
    let entries = bases.flat_map(|base| fs::read_dir(base).into_iter().flatten().flatten());
    let prefix = format!("vmyna-{process}-");
    let ours = entries.map(|entry| entry.path());
    let mut ours = ours.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(&prefix));
    ours.next().unwrap().join("pcsc")
}

#[test]
fn every_apdu_is_shown_to_those_who_ask_and_no_pin() {
    let output = program(
        &["--verbose"],
        PKCS15_TOOL,
        &["--verify-pin", "--auth-id", "01", "--pin", "1234"],
    )
    .output()
    .unwrap()
    .exits_with(0);
    let said = output.err();
    assert!(
        said.contains("[vmyna 00 00] >> (4+4) 00200080 04 ********   VERIFY"),
        "{said}"
    );
    assert!(!said.contains("31323334"), "{said}");
}

#[test]
fn a_whole_shell_is_served_at_a_socket_of_its_choice() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("s").display().to_string();
    let mut serve = Serve::start(&[
        "--socket",
        &socket,
        "--card",
        "specimen:hanako",
        "--reader-name",
        "Desk",
    ]);
    serve.wait_for(&format!("PCSCLITE_CSOCK_NAME={socket}"));
    let client = |arguments: &[&str]| -> Output {
        let mut command = client("opensc-tool", "opensc");
        command
            .args(arguments)
            .env("PCSCLITE_CSOCK_NAME", &socket)
            .output()
            .unwrap()
    };
    assert!(client(&["--name"]).exits_with(0).out().contains("jpki"));
    let taken = vmyna(["serve", "--socket", &socket]).output().unwrap().exits_with(2);
    assert!(taken.err().contains("in use"), "{}", taken.err());
    vmyna(["reader", "remove", "--socket", &socket])
        .output()
        .unwrap()
        .exits_with(0);
    assert_ne!(client(&["--name"]).status.code(), Some(0));
    serve.signal("INT");
    assert_eq!(serve.end().0.code(), Some(0));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    let gone = vmyna(["reader", "list", "--socket", &socket])
        .output()
        .unwrap()
        .exits_with(1);
    assert!(gone.err().contains("no vmyna answers"), "{}", gone.err());
    for wrong in [
        &["serve", "--socket", &socket, "--vpcd", "127.0.0.1:1"][..],
        &["serve", "--card", "specimen:hanako", "--card", "specimen:hanako"],
        &["serve", "--reader-name", "Desk"],
        &["serve", "--socket", &"/tmp/long".repeat(20)],
    ] {
        vmyna(wrong.iter().copied()).output().unwrap().exits_with(2);
    }
    let mut names = vec!["run"];
    names.extend(["--card", "specimen:hanako"].repeat(17));
    let many = vmyna(names).args(["--", "true"]).output().unwrap().exits_with(2);
    assert!(many.err().contains("at most 16"), "{}", many.err());
    let _ = std::io::stdout().flush();
}

#[test]
fn the_end_of_the_terminal_leaves_no_socket_behind_however_often_it_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("s").display().to_string();
    let mut serve = Serve::start(&["--socket", &socket]);
    serve.wait_for("PCSCLITE_CSOCK_NAME");
    serve.signal("HUP");
    serve.signal("HUP");
    assert_eq!(serve.end().0.code(), Some(0));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn of_two_who_want_the_socket_that_a_killed_one_left_at_once_one_gets_it() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("s");
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let start = || {
        let mut command = vmyna(["serve", "--socket"]);
        Running(command.arg(&socket).stderr(Stdio::null()).spawn().unwrap())
    };
    let (mut one, mut other) = (start(), start());
    let end = Instant::now() + PATIENCE;
    let (ended, left) = loop {
        assert!(Instant::now() < end, "both go on");
        match (one.0.try_wait().unwrap(), other.0.try_wait().unwrap()) {
            (Some(status), _) => break (status, &mut other),
            (_, Some(status)) => break (status, &mut one),
            _ => thread::sleep(Duration::from_millis(10)),
        }
    };
    assert_eq!(ended.code(), Some(2));
    let list = || vmyna(["reader", "list", "--socket"]).arg(&socket).output().unwrap();
    while list().status.code() != Some(0) {
        assert!(Instant::now() < end && left.0.try_wait().unwrap().is_none());
        thread::sleep(Duration::from_millis(10));
    }
    signal(left.0.id(), "INT");
    assert_eq!(wait(&mut left.0).code(), Some(0));
}
