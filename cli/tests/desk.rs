//! `vmyna desk` with real programs at its readers, while a page (here a bare socket) moves the cards and sees what happens.

#![cfg(feature = "desk")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use common::python::with_pyscard;
use common::{PATIENCE, Printed, opensc_module, signal, starting, vmyna};
use serde_json::{Value, json};
use tempfile::TempDir;
use vmyna_testkit::client;

const FIRST: &str = "vmyna 00 00";

/// A desk as a process, with a folder of its own.
struct Desk {
    child: Child,
    folder: TempDir,
    address: String,
    token: String,
    socket: PathBuf,
}

impl Desk {
    fn start(cards: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = vmyna(["desk"]);
        command.args(cards);
        Self::start_by(&mut command, folder)
    }

    fn start_by(command: &mut Command, folder: TempDir) -> Self {
        let command = command.arg("--folder").arg(folder.path().join("desk"));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut line = || lines.next().unwrap_or_else(|| panic!("it has ended")).unwrap();
        let (link, export) = (line(), line());
        let (origin, token) = link.split_once("/#").unwrap();
        Self {
            child,
            folder,
            address: origin.strip_prefix("http://").unwrap().to_owned(),
            token: token.to_owned(),
            socket: export.strip_prefix("export PCSCLITE_CSOCK_NAME=").unwrap().into(),
        }
    }

    /// Status and body.
    fn ask(&self, first: &str, body: &Value) -> (u16, Vec<u8>) {
        let body = if first.starts_with("GET") {
            String::new()
        } else {
            body.to_string()
        };
        let request = format!(
            "{first} HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nAuthorization: Bearer {1}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {2}\r\n\r\n{body}",
            self.address,
            self.token,
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let status = str::from_utf8(&answer[9..12]).unwrap().parse().unwrap();
        (status, answer.split_off(end))
    }

    #[track_caller]
    fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(&format!("GET {path}"), &Value::Null);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    #[track_caller]
    fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask(&format!("POST {path}"), body);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
        serde_json::from_slice(&answer).unwrap()
    }

    fn at_reader(&self, action: &str, body: &Value) {
        self.post(&format!("/api/readers/{}/{action}", FIRST.replace(' ', "%20")), body);
    }

    fn first_card(&self) -> String {
        self.get("/api/shelf")["cards"][0]["id"].as_str().unwrap().to_owned()
    }

    fn insert(&self) {
        self.at_reader("insert", &json!({ "card": self.first_card() }));
    }

    /// A program of OpenSC at the desk's readers.
    fn opensc(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = client(program, "opensc");
        command.args(arguments).env("PCSCLITE_CSOCK_NAME", &self.socket);
        let output = command.output().unwrap();
        output.out() + &output.err()
    }

    fn trace(&self) -> String {
        self.get("/api/trace?from=0").to_string()
    }

    /// Ends it by this signal; how long that took, and all that it has printed on standard error.
    fn end_by(&mut self, name: &str) -> (Duration, String) {
        let begun = Instant::now();
        signal(self.child.id(), name);
        let status = common::wait(&mut self.child);
        let took = begun.elapsed();
        assert_eq!(status.code(), Some(0));
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (took, said)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What pkcs11-tool is to do: log in by the auth PIN and sign a file.
fn signing<'a>(module: &'a str, data: &'a str, signature: &'a str) -> [&'a str; 16] {
    [
        "--module",
        module,
        "--slot",
        "0",
        "--login",
        "--pin",
        "1234",
        "--sign",
        "--id",
        "01",
        "--mechanism",
        "SHA256-RSA-PKCS",
        "--input-file",
        data,
        "--output-file",
        signature,
    ]
}

#[test]
fn opensc_sees_a_card_put_in_logs_in_and_the_page_sees_the_log_in_without_the_pin() {
    let desk = Desk::start(&["specimen:hanako"]);
    assert!(desk.opensc("opensc-tool", &["--list-readers"]).contains(FIRST));
    let atr = ["--reader", "0", "--atr"];
    assert!(!desk.opensc("opensc-tool", &atr).contains("3b:e0"));
    desk.insert();
    assert!(desk.opensc("opensc-tool", &atr).contains("3b:e0:00:ff:81:31:fe:45:14"));
    let data = desk.folder.path().join("data");
    fs::write(&data, "to be signed").unwrap();
    let module = opensc_module();
    let data = data.to_str().unwrap();
    let signature = format!("{data}.sig");
    let sign = signing(&module, data, &signature);
    let said = desk.opensc("pkcs11-tool", &sign);
    assert_eq!(
        fs::metadata(&signature).map(|file| file.len()).unwrap_or(0),
        256,
        "{said}"
    );
    let trace = desk.trace();
    assert!(trace.contains("0020008004********"), "the log-in is missing");
    assert!(trace.contains("COMPUTE DIGITAL SIGNATURE"), "the signature is missing");
    assert!(!trace.contains("31323334"), "the PIN is shown");
    let (_, export) = desk.ask("GET /api/trace.pcapng", &Value::Null);
    let file = desk.folder.path().join("trace.pcapng");
    fs::write(&file, export).unwrap();
    let mut tshark = client("tshark", "tshark");
    let home = desk.folder.path();
    tshark.env("HOME", home).env("XDG_CONFIG_HOME", home);
    tshark
        .args(["-T", "fields", "-e", "iso7816.apdu.ins", "-e", "_ws.malformed", "-r"])
        .arg(&file);
    let decoded = tshark.output().unwrap().exits_with(0).out();
    let lines: Vec<_> = decoded.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    // The instruction of a signature is the card's own, which tshark does not name.
    assert!(lines.contains(&"0x20") && lines.contains(&"0xb0"), "{lines:?}");
    assert!(lines.iter().all(|line| line.len() == 4), "malformed: {lines:?}");
    // A wrong PIN costs a try, which the page shows.
    let wrong: Vec<_> = sign
        .iter()
        .map(|one| if *one == "1234" { "9999" } else { *one })
        .collect();
    desk.opensc("pkcs11-tool", &wrong);
    let pins = desk.get(&format!("/api/cards/{}", desk.first_card()))["pins"].clone();
    let auth = pins.as_array().unwrap().iter().find(|pin| pin["id"] == "auth").unwrap();
    assert_eq!(auth["tries"], 2);
    desk.at_reader("remove", &json!({}));
    assert!(!desk.opensc("opensc-tool", &atr).contains("3b:e0"));
}

#[test]
fn a_card_pulled_out_at_the_signature_fails_the_program_and_comes_back() {
    let desk = Desk::start(&["specimen:hanako"]);
    desk.insert();
    desk.at_reader("faults", &json!({ "preset": "pull-after-signature" }));
    let data = desk.folder.path().join("data");
    fs::write(&data, "to be signed").unwrap();
    let (module, data) = (opensc_module(), data.to_str().unwrap());
    let signature = format!("{data}.sig");
    let sign = signing(&module, data, &signature);
    desk.opensc("pkcs11-tool", &sign);
    assert!(fs::metadata(&signature).map_or(true, |file| file.len() == 0));
    let state = desk.get("/api/state");
    assert_eq!(
        (
            state["readers"][0]["card"].clone(),
            state["readers"][0]["faults"][0]["fired"].clone()
        ),
        (json!(null), json!(true))
    );
    assert!(desk.trace().contains("\"kind\":\"fault\""));
    desk.insert();
    desk.opensc("pkcs11-tool", &sign);
    assert_eq!(fs::metadata(&signature).unwrap().len(), 256);
}

#[test]
fn pyscards_monitor_sees_cards_come_and_go_by_page_and_command() {
    let desk = Desk::start(&["specimen:hanako", "specimen:child"]);
    let mut python = starting(with_pyscard());
    python
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/pyscard/desk.py"))
        .env("PCSCLITE_CSOCK_NAME", &desk.socket)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = python.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (sender, said) = channel();
    std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
    let expect = |line: &str| assert_eq!(said.recv_timeout(PATIENCE).as_deref(), Ok(line));
    expect("ready");
    desk.insert();
    expect("in vmyna 00 00");
    let reader = |arguments: &[&str]| {
        let mut command = vmyna(["reader"]);
        command.args(arguments).arg("--socket").arg(&desk.socket);
        command.output().unwrap().exits_with(0).out()
    };
    reader(&["remove", "--reader", FIRST]);
    expect("out vmyna 00 00");
    assert_eq!(desk.get("/api/state")["readers"][0]["card"], json!(null));
    reader(&["insert", "--reader", "vmyna 01 00", "specimen:child"]);
    expect("in vmyna 01 00");
    assert!(reader(&["list"]).contains("vmyna 01 00"));
    let state = desk.get("/api/state");
    assert_eq!(state["readers"][1]["card"], state["shelf"]["cards"][1]["id"]);
    drop(child.stdin.take());
    assert!(common::wait(&mut child).success());
}

#[test]
fn it_ends_within_a_second_of_a_signal_and_leaves_no_socket_and_no_secret_in_its_output() {
    for name in ["INT", "TERM"] {
        let mut desk = Desk::start(&["specimen:hanako"]);
        desk.insert();
        desk.at_reader("apdu", &json!({ "apdu": "00A4040C0AD392F000260100000001" }));
        desk.at_reader("apdu", &json!({ "apdu": "00200098 04 31323334" }));
        assert!(desk.socket.exists());
        // An open stream holds nothing up.
        let mut stream = TcpStream::connect(&desk.address).unwrap();
        let request = format!(
            "GET /api/events HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
            desk.address, desk.token
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).unwrap();
        let (took, said) = desk.end_by(name);
        assert!(took < Duration::from_secs(1), "{name}: {took:?}");
        assert!(!desk.socket.exists() && !desk.socket.parent().unwrap().exists());
        for secret in [&desk.token[..], "31323334", "1234"] {
            assert!(!said.contains(secret), "{said}");
        }
    }
}

#[test]
fn a_second_desk_a_foreign_folder_and_wrong_arguments_are_refused_with_advice() {
    let desk = Desk::start(&["specimen:hanako"]);
    let folder = desk.folder.path().join("desk");
    let refused = |arguments: &[&str], status: i32| {
        let output = vmyna(["desk"]).args(arguments).output().unwrap().exits_with(status);
        assert_eq!(output.out(), "");
        output.err()
    };
    let said = refused(&["--folder", folder.to_str().unwrap()], 1);
    assert!(
        said.contains("another desk uses") && said.contains("--folder"),
        "{said}"
    );
    assert!(
        refused(&["--folder", "/proc/x"], 2).contains("--folder DIR"),
        "no advice"
    );
    assert!(refused(&["--folder", "/dev/null"], 2).contains("/dev/null"), "no name");
    let other = desk.folder.path().join("other");
    let other = other.to_str().unwrap();
    assert!(refused(&["--folder", other, "no.vmyna"], 2).contains("no.vmyna"));
    assert!(refused(&["--folder", other, "--listen", "0.0.0.0:0"], 2).contains("--insecure-remote"));
    assert!(refused(&["--folder", other, "--readers", "17"], 2).contains("16"));
    assert!(refused(&["--folder", other, "--ca", "/nowhere"], 2).contains("/nowhere"));
    // Without a folder of the user's there is none by default.
    let mut command = vmyna(["desk"]);
    command.env_remove("HOME").env_remove("XDG_STATE_HOME");
    let said = command.output().unwrap().exits_with(2).err();
    assert!(said.contains("--folder"), "{said}");
}

#[test]
fn on_a_full_disk_no_card_is_made_and_the_desk_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    // The copy of the specimen is there already; after that no file can grow beyond a block.
    drop(Desk::start_by(
        vmyna(["desk"]).arg("specimen:hanako"),
        TempDir::with_prefix("x").unwrap(),
    ));
    let first = Desk::start_by(vmyna(["desk"]).arg("specimen:hanako"), folder);
    let kept = first.folder.path().join("desk");
    let mut command = starting("sh");
    let script = "ulimit -f 1; exec \"$0\" desk \"$@\"";
    command.args(["-c", script, env!("CARGO_BIN_EXE_vmyna"), "specimen:hanako"]);
    let other = TempDir::new().unwrap();
    copy(&kept, &other.path().join("desk"));
    drop(first);
    let desk = Desk::start_by(&mut command, other);
    let (status, answer) = desk.ask("POST /api/cards/invent", &json!({}));
    let answer = String::from_utf8(answer).unwrap();
    assert_eq!(status, 500, "{answer}");
    assert!(
        answer.contains("can't be kept") && answer.contains("保存できない"),
        "{answer}"
    );
    assert_eq!(fs::read_dir(desk.folder.path().join("desk/cards")).unwrap().count(), 0);
    assert_eq!(desk.get("/api/state")["shelf"]["total"], 1);
    desk.insert();
    // A try that can't be counted is not given: 6581.
    desk.at_reader("apdu", &json!({ "apdu": "00A4040C0AD392F000260100000001" }));
    let (_, answer) = desk.ask(
        &format!("POST /api/readers/{}/apdu", FIRST.replace(' ', "%20")),
        &json!({ "apdu": "00200098 04 39393939" }),
    );
    assert_eq!(serde_json::from_slice::<Value>(&answer).unwrap()["response"], "6581");
}

fn copy(from: &Path, to: &Path) {
    let output = Command::new("cp").arg("-a").arg(from).arg(to).output().unwrap();
    assert!(output.status.success());
}
