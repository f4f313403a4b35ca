//! vpcd from its other ends: `serve --vpcd-listen` for a driver that connects, `vmyna reader` with a card in pcscd's reader.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use common::{PATIENCE, Printed, Serve, Stack};
use vmyna_testkit::{PrivatePcscd, free_pairs};

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
