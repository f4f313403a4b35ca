//! vpcd from its other ends: `serve --vpcd-listen` for a driver that connects, `vmyna reader` with a card in pcscd's reader, and
//! `run --vpcd-card` for the cards of other programs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{PATIENCE, Printed, Serve, Stack};
use vmyna_testkit::{PrivatePcscd, free_pairs, isolated, require_program};

const ATR: &[u8] = &[0x3B, 0xE0, 0x00, 0xFF, 0x81, 0x31, 0xFE, 0x45, 0x14];
const SELECT_JPKI: &str = "00A4040C0AD392F000260100000001";

fn free_port() -> u16 {
    free_pairs(1).unwrap()[0]
}

/// A peer that speaks vpcd's side.
struct Driver(TcpStream);

impl Driver {
    fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    fn send(&mut self, body: &[u8]) {
        let length = u16::try_from(body.len()).unwrap();
        self.0.write_all(&[&length.to_be_bytes()[..], body].concat()).unwrap();
    }

    fn receive(&mut self) -> Vec<u8> {
        let mut header = [0; 2];
        self.0.read_exact(&mut header).unwrap();
        let mut body = vec![0; u16::from_be_bytes(header).into()];
        self.0.read_exact(&mut body).unwrap();
        body
    }

    fn ask(&mut self, body: &[u8]) -> Vec<u8> {
        self.send(body);
        self.receive()
    }
}

/// The bytes of a command in hexadecimal.
fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// The order of vpcd on Windows: the ATR, then a reset and a command, without a power-on.
#[test]
fn a_driver_that_connects_and_never_powers_on_is_served_and_a_second_one_refused() {
    let port = free_port();
    let mut serve = Serve::start(&["--vpcd-listen", &port.to_string(), "--verbose"]);
    serve.wait_for(&format!("listening at 127.0.0.1:{port}"));
    let mut first = Driver::connect(port);
    assert_eq!(first.ask(&[4]), ATR);
    serve.wait_for("specimen:hanako is in the reader");
    for _ in 0..2 {
        first.send(&[2]);
        assert_eq!(first.ask(&bytes(SELECT_JPKI)), [0x90, 0x00]);
        assert_eq!(first.ask(&[4]), ATR);
    }
    let mut second = Driver::connect(port);
    assert_eq!(
        second.0.read(&mut [0; 1]).unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
    serve.wait_for("refused a second connection, from 127.0.0.1:");
    assert_eq!(first.ask(&[4]), ATR);
    // The next one gets the card, without the application that the one before has selected.
    drop(first);
    serve.wait_for("is over");
    let mut next = Driver::connect(port);
    assert_eq!(next.ask(&bytes("00200098")), [0x6A, 0x82]);
    serve.signal("INT");
    assert_eq!(serve.end().0.code(), Some(0));
}

#[test]
fn a_peer_that_sends_nothing_loses_its_place() {
    let port = free_port();
    let mut serve = Serve::start(&["--vpcd-listen", &port.to_string()]);
    serve.wait_for("listening");
    let silent = Driver::connect(port);
    serve.wait_for("has sent nothing");
    let begin = Instant::now();
    let mut next = Driver::connect(port);
    assert_eq!(next.ask(&[4]), ATR);
    assert!(begin.elapsed() < Duration::from_secs(4));
    drop(silent);
}

#[test]
fn it_listens_on_loopback_only_unless_the_user_insists() {
    let port = free_port();
    let refused = Serve::start(&["--vpcd-listen", &format!("0.0.0.0:{port}")]).end();
    assert_eq!(refused.0.code(), Some(2));
    assert!(refused.1.contains("--insecure-remote"), "{}", refused.1);
    let mut serve = Serve::start(&["--vpcd-listen", &format!("0.0.0.0:{port}"), "--insecure-remote"]);
    serve.wait_for("listening at 0.0.0.0");
    let taken = Serve::start(&["--vpcd-listen", &port.to_string()]).end();
    assert_eq!(taken.0.code(), Some(1));
    assert!(taken.1.contains("can't be listened on"), "{}", taken.1);
    for arguments in [
        &["--vpcd-listen", "0"][..],
        &["--vpcd-listen", ""],
        &["--vpcd-listen", "4000", "--vpcd", "127.0.0.1:4000"],
        &["--vpcd-listen", "4000", "--socket", "/tmp/unused"],
    ] {
        assert_eq!(Serve::start(arguments).end().0.code(), Some(2), "{arguments:?}");
    }
}

/// Debian's vpcd has two slots and ends pcscd when it finds no listener for one of them.
#[test]
fn pcscd_with_vpcd_in_reversed_mode_shows_both_cards() {
    let port = free_port();
    let cards = ["specimen:hanako", "specimen:reiwa"];
    let mut serves: Vec<_> = cards
        .iter()
        .zip(port..)
        .map(|(card, port)| Serve::start(&["--card", card, "--vpcd-listen", &port.to_string()]))
        .collect();
    serves.iter_mut().for_each(|serve| serve.wait_for("listening"));
    let pcscd = PrivatePcscd::start_reversed(port).unwrap();
    serves.iter_mut().for_each(|serve| serve.wait_for("is in the reader"));
    let client = |arguments: &[&str]| {
        let mut command = common::vmyna(arguments);
        command.envs(pcscd.environment()).output().unwrap()
    };
    let end = Instant::now() + PATIENCE;
    let listed = || client(&["readers"]).out();
    while listed().matches("card with ATR 3BE000FF8131FE4514").count() < 2 {
        assert!(Instant::now() < end, "{}\n{}", listed(), pcscd.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    for reader in ["#0", "#1"] {
        let steps = [SELECT_JPKI, "0020009804 31323334"];
        let used = client(&["apdu", "--plain", "--reader", reader, steps[0], steps[1]]);
        assert_eq!(used.exits_with(0).out(), "9000\n9000\n");
    }
    assert!(!serves.iter_mut().any(|serve| serve.has_said("is over")));
}

#[test]
fn vmyna_reader_moves_the_card_in_pcscds_reader() {
    let runtime: PathBuf = private_directory();
    let mut stack = Stack::start_in(&runtime, &[]);
    let directory = std::fs::read_dir(&runtime).unwrap().map(|entry| entry.unwrap().path());
    let socket = directory
        .map(|path| path.join("pcsc"))
        .find(|socket| vmyna_pcsc_service::control::path_beside(socket).exists())
        .unwrap();
    let move_card = |arguments: &[&str]| {
        let (action, rest) = arguments.split_first().unwrap();
        let mut command = common::vmyna(["reader", action, "--socket"]);
        command.arg(&socket).args(rest).output().unwrap()
    };
    let seen = |stack: &Stack, words: &str| {
        let end = Instant::now() + PATIENCE;
        loop {
            let listed = stack.vmyna(["readers"]).output().unwrap().out();
            if listed.lines().nth(1).is_some_and(|line| line.contains(words)) {
                return;
            }
            assert!(Instant::now() < end, "{listed}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let listed = move_card(&["list"]).exits_with(0).out();
    assert!(
        listed.starts_with("#0 vpcd 127.0.0.1:") && listed.contains("card with ATR 3BE000FF8131FE4514"),
        "{listed}"
    );
    let wrong = ["apdu", "--reader", "#0", SELECT_JPKI, "00200098 04 30303030"];
    stack.vmyna(wrong).output().unwrap().exits_with(0);
    move_card(&["remove"]).exits_with(0);
    stack.serve.wait_for("taken out by `vmyna reader`");
    seen(&stack, "no card");
    let again = move_card(&["remove"]).exits_with(1);
    assert!(again.err().contains("no card in"), "{}", again.err());
    // In the state it was left: one try is gone.
    move_card(&["insert"]).exits_with(0);
    seen(&stack, "card with ATR");
    let query = ["apdu", "--plain", "--reader", "#0", SELECT_JPKI, "00200098"];
    assert_eq!(stack.vmyna(query).output().unwrap().out(), "9000\n63C2\n");
    // Another card in its place.
    move_card(&["insert", "specimen:reiwa"]).exits_with(0);
    let end = Instant::now() + PATIENCE;
    while stack.vmyna(query).output().unwrap().out() != "9000\n63C3\n" {
        assert!(Instant::now() < end);
        std::thread::sleep(Duration::from_millis(50));
    }
    let unknown = move_card(&["insert", "specimen:nobody"]).exits_with(2);
    assert!(unknown.err().contains("no such specimen"), "{}", unknown.err());
    move_card(&["remove"]).exits_with(0);
    stack.serve.signal("INT");
    assert_eq!(stack.serve.end().0.code(), Some(0));
    // It has left nothing.
    assert_eq!(std::fs::read_dir(&runtime).unwrap().count(), 0);
    std::fs::remove_dir(runtime).unwrap();
}

/// A directory that only this user can enter, with a short path.
fn private_directory() -> PathBuf {
    use std::os::unix::fs::DirBuilderExt;
    let path = PathBuf::from(format!("/tmp/vpcd-test-{}", std::process::id()));
    std::fs::DirBuilder::new().mode(0o700).create(&path).unwrap();
    path
}

/// A `vmyna run --vpcd-card` whose program prints the path of its PC/SC socket and ends with its standard input.
struct Host {
    run: Serve,
    socket: String,
    port: u16,
    /// Held: the program ends when it is dropped.
    _input: std::process::ChildStdin,
    _output: std::io::Lines<std::io::BufReader<std::process::ChildStdout>>,
}

impl Host {
    fn start(arguments: &[&str]) -> Self {
        use std::io::{BufRead, BufReader};
        let port = free_port();
        let mut command = common::vmyna(["run", "--vpcd-card", &port.to_string(), "--wait", "0"]);
        command
            .args(arguments)
            .args(["--", "sh", "-c", "echo $PCSCLITE_CSOCK_NAME; cat"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut run = Serve::start_by(&mut command);
        let (input, output) = run.streams();
        let mut lines = BufReader::new(output).lines();
        let socket = lines.next().unwrap().unwrap();
        Self {
            run,
            socket,
            port,
            _input: input,
            _output: lines,
        }
    }

    /// `vmyna` as a client of that service.
    fn vmyna(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = common::vmyna(arguments);
        command.env("PCSCLITE_CSOCK_NAME", &self.socket).output().unwrap()
    }

    fn wait_for_reader(&self, words: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let listed = self.vmyna(&["readers"]).out();
            if listed.contains(words) {
                return;
            }
            assert!(Instant::now() < end, "{listed}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn card_at(port: u16) -> Serve {
    Serve::start(&["--vpcd", &format!("127.0.0.1:{port}")])
}

#[test]
fn a_card_that_connects_is_in_the_reader_of_run_until_it_goes_and_again_when_it_comes_back() {
    let mut host = Host::start(&[]);
    host.wait_for_reader("#0 vmyna 00 00\n   no card");
    for _ in 0..2 {
        let mut card = card_at(host.port);
        host.wait_for_reader("card with ATR 3BE000FF8131FE4514");
        host.run.wait_for("is in the reader \"vmyna 00 00\"");
        // The PIN is known as verified until the card has lost its power.
        let verified_and = |last: &str| {
            let verify = "00200098 04 31323334";
            let steps = ["apdu", "--plain", "--reader", "#0", SELECT_JPKI, verify, last];
            host.vmyna(&steps).exits_with(0).out()
        };
        assert_eq!(verified_and("00200098"), "9000\n9000\n63C3\n");
        let signed = verified_and(&format!("802A009720{}00", "A5".repeat(32)));
        assert!(signed.ends_with("9000\n") && signed.len() > 512, "{signed}");
        card.signal("INT");
        assert_eq!(card.end().0.code(), Some(0));
        host.wait_for_reader("no card");
        host.run.wait_for("is gone");
    }
}

#[test]
fn a_second_card_is_refused_and_what_is_no_card_is_reported() {
    let mut host = Host::start(&[]);
    let mut stranger = TcpStream::connect(("127.0.0.1", host.port)).unwrap();
    stranger
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    host.run.wait_for("is no card: it gave no ATR");
    let first = card_at(host.port);
    host.wait_for_reader("card with ATR");
    let mut second = card_at(host.port);
    host.run.wait_for("refused a second connection");
    second.wait_for("is over");
    // It comes in when the first has gone.
    drop(first);
    host.run.wait_for("is gone");
    host.run.wait_for("is in the reader");
    second.wait_for("is in the reader");
}

#[test]
fn vmyna_reader_moves_the_card_that_has_connected_and_one_that_replaces_it_stays() {
    let mut host = Host::start(&[]);
    let card = card_at(host.port);
    host.wait_for_reader("card with ATR");
    host.vmyna(&["reader", "remove"]).exits_with(0);
    host.wait_for_reader("no card");
    host.vmyna(&["reader", "insert"]).exits_with(0);
    host.wait_for_reader("card with ATR");
    // Another card in its place: the connection ends, and the card that has gone takes nothing out.
    host.vmyna(&["reader", "insert", "specimen:reiwa"]).exits_with(0);
    host.run.wait_for("is gone");
    assert!(host.vmyna(&["readers"]).out().contains("card with ATR"));
    drop(card);
    assert!(host.vmyna(&["readers"]).out().contains("card with ATR"));
}

#[test]
fn run_waits_for_the_card_and_gives_up_in_time() {
    let port = free_port().to_string();
    let run = |wait: &str| {
        let mut command = common::vmyna(["run", "--vpcd-card", &port, "--wait", wait, "--", "true"]);
        command.output().unwrap()
    };
    let none = run("1").exits_with(1);
    assert!(none.err().contains("no card has connected"), "{}", none.err());
    let card = card_at(port.parse().unwrap());
    assert!(run("20").exits_with(0).err().contains("is in the reader"));
    drop(card);
    let remote = common::vmyna(["run", "--vpcd-card", "0.0.0.0:4000", "--", "true"])
        .output()
        .unwrap();
    assert!(remote.exits_with(2).err().contains("--insecure-remote"));
    // A shell lets what it starts in the background ignore SIGINT, and so do the programs of these.
    let mut waiting = common::starting("env");
    waiting.args(["--default-signal=INT", env!("CARGO_BIN_EXE_vmyna")]);
    let mut waiting = Serve::start_by(waiting.args(["run", "--vpcd-card", &port, "--", "true"]));
    waiting.wait_for("waiting 60 s");
    waiting.signal("INT");
    assert_eq!(waiting.end().0.code(), Some(130));
}

/// The card of another project, which speaks vpcd's protocol only as a card.
#[test]
fn vicc_is_a_card_in_the_reader_of_run() {
    require_program("vicc", "vsmartcard-vpicc python3-pycryptodome");
    let mut host = Host::start(&["--power-off", "0.2", "--verbose"]);
    // Debian's Python, for which those packages are.
    let mut vicc = isolated("/usr/bin/python3");
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/vicc.py");
    vicc.arg(script)
        .args(["--type", "iso7816", "--port", &host.port.to_string()]);
    let mut vicc = vicc.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    host.run.wait_for("is in the reader");
    host.wait_for_reader("card with ATR 3B951381018073FF01000B");
    // SELECT of the master file, VERIFY of its PIN, a challenge, all of them again after a reset, and after its power was off.
    for steps in [&[][..], &[".reset"]] {
        let commands = ["00A4000C023F00", "00200000 04 31323334", "0084000008"];
        let arguments = [&["apdu", "--plain", "--reader", "#0"][..], steps, &commands].concat();
        let answers = host.vmyna(&arguments).exits_with(0).out();
        let last = answers.lines().last().unwrap();
        assert!(answers.contains("9000\n9000\n") && last.len() == 20, "{answers}");
    }
    host.run.wait_for("[vmyna 00 00] -- power off");
    let asked = host.vmyna(&["apdu", "--plain", "--reader", "#0", "0084000008"]);
    assert_eq!(asked.exits_with(0).out().trim().len(), 20);
    // It crashes at this command. For the program the card was pulled out.
    let crashed = host.vmyna(&["apdu", "--plain", "--reader", "#0", "00A40000023F00"]);
    assert!(crashed.exits_with(1).err().contains("was not answered"));
    host.run.wait_for("is gone");
    // It may have ended by itself.
    let _ = vicc.kill();
    vicc.wait().unwrap();
    host.wait_for_reader("no card");
}
