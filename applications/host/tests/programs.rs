//! Each host program uses its application through PC/SC, with the card of `vmyna run --ap`.
//!
//! The commands of each README are run as they stand there, but for the installation. The other tests show what a program
//! refuses.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use common::Desk;
use vmyna_testkit::configurations::blocks;
use vmyna_testkit::free_pairs;

/// How the pages install the programs; the tests have them built.
const INSTALL: &str = "cargo install --path applications/host\n";

/// The port in the page of the library.
const PORT: &str = "8765";

/// Runs the commands of an application's page; returns what they print. Both pages have the same.
#[track_caller]
fn page(desk: &Desk, application: &str) -> String {
    let of = |name: &str| blocks(&format!("../applications/{application}/{name}"));
    let commands = of("README.md");
    assert_eq!(commands, of("README.ja.md"));
    let [commands] = &commands[..] else {
        panic!(
            "{application}: one block of commands is expected, not {}",
            commands.len()
        );
    };
    assert!(commands.text.contains(INSTALL), "{application}");
    let port = free_pairs(1).unwrap()[0].to_string();
    desk.prints(&commands.text.replace(INSTALL, "").replace(PORT, &port))
}

#[track_caller]
fn has(printed: &str, parts: &[&str]) {
    for part in parts {
        assert!(printed.contains(part), "{part:?} is missing in\n{printed}");
    }
}

#[test]
fn the_licence_is_read_and_its_signature_genuine() {
    let printed = page(&Desk::new(), "driving-licence");
    has(
        &printed,
        &[
            "class: 優良\nvalid until: 2031-11-25\ncondition: 眼鏡等（試験用）\n",
            "photo: JPEG 2000, 1514 bytes\n",
            "signature: genuine, by CN=TEST driving licence signer,",
            "有効期間の末日: 2031-11-25\n",
        ],
    );
}

/// What DLC_Starter sends, as its source and its author's measurements have it.
const PUBLISHED_READER: [&str; 9] = [
    "00A4040C10A0000002310600000000000000000000",
    "00B09A0003",
    "00200086",
    "002000860431323334",
    "00A4040C10A0000002310600000000000000000000",
    "00A4020C02001B",
    "00B0000402",
    "00B0000A02",
    "00B0000C07",
];

/// The commands that the card was sent, of the report of `vmyna run --verbose --show-secrets`.
fn sent(report: &str) -> Vec<String> {
    let lines = report.lines().filter_map(|line| line.split_once(">> ("));
    let commands = lines.filter_map(|(_, rest)| rest.split_once(") "));
    let digits = |rest: &str| rest.split("   ").next().unwrap().replace(' ', "");
    commands.map(|(_, rest)| digits(rest)).collect()
}

#[test]
fn the_calls_of_the_published_reader_are_made_in_its_order_byte_for_byte() {
    let desk = Desk::new();
    let run = |declaration: &str| {
        desk.run(&format!(
            "echo 1234 | vmyna run --verbose --show-secrets --ap {declaration} -- licence expiry"
        ))
    };
    let output = run("applications/driving-licence/driving-licence.ap.toml");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "valid until: 2031-11-25\n");
    assert_eq!(sent(&String::from_utf8(output.stderr).unwrap()), PUBLISHED_READER);

    // An object before C5 has a length of three bytes: two more are read at each such place.
    let long = format!(r#"C4 = {{ hex = "{}" }}"#, "00".repeat(200));
    let declaration = desk.variant(
        "driving-licence",
        &[(r#"C4 = { text = "優良", encoding = "jis-x-0208" }"#, &long)],
    );
    let output = run(&declaration);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "valid until: 2031-11-25\n");
    // 4 + 4 + 200 = 00D0.
    let behind_select = ["00B0000402", "00B0000602", "00B000D002", "00B000D207"];
    assert_eq!(sent(&String::from_utf8(output.stderr).unwrap())[6..], behind_select);
}

#[test]
fn a_licence_without_a_pin_is_read_with_the_default_value() {
    let desk = Desk::new();
    let declaration = desk.variant(
        "driving-licence",
        &[(r#"value = "1234""#, r#"value = "****""#), ("C1 01 01", "C1 01 00")],
    );
    let printed = desk.prints(&format!("vmyna run --ap {declaration} -- licence expiry </dev/null"));
    assert_eq!(printed, "valid until: 2031-11-25\n");
}

#[test]
fn a_licence_that_another_text_was_signed_for_is_not_genuine() {
    let desk = Desk::new();
    let declaration = desk.variant("driving-licence", &[(r#"of = ["001B"]"#, r#"of = ["001A"]"#)]);
    desk.fails(
        &format!("echo 1234 | vmyna run --ap {declaration} -- licence read --signer variant/TEST-signer.pem"),
        "NOT GENUINE: the licence is not what was signed",
    );
}

#[test]
fn a_wrong_pin_costs_one_try_and_a_card_without_the_licence_is_named() {
    let desk = Desk::new();
    let licence = "applications/driving-licence/driving-licence.ap.toml";
    desk.fails(
        &format!("echo 4321 | vmyna run --ap {licence} -- licence expiry"),
        "error: the PIN of the driving licence is wrong; 9 tries are left\n",
    );
    desk.fails(
        "echo 1234 | vmyna run -- licence expiry",
        "error: this card has no application for the driving licence (SELECT answers 6A82)\n",
    );
}

#[test]
fn a_reader_of_the_library_has_one_my_key_id() {
    let desk = Desk::new();
    let printed = page(&desk, "library");
    has(
        &printed,
        &["welcome, new user: TEST00000001\n", "マイキーID TEST00000001\n"],
    );
    let users = fs::read_to_string(desk.path("users.json")).unwrap();
    assert!(!users.contains("見本") && users.matches("TEST").count() == 1, "{users}");
}

/// A server of the library, which is ended with the test.
struct Server(Child, u16);

impl Server {
    fn start(desk: &Desk, authority: &str) -> Self {
        let mut server = desk
            .program("library-server")
            .args(["--users", "users.json", "--ca", authority])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line.trim().rsplit(':').next().unwrap().parse().unwrap();
        Self(server, port)
    }

    /// Sends a request and the headers behind its length; returns the status and the body.
    fn answer(&self, line: &str, host: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.1)).unwrap();
        let length = body.len();
        write!(
            stream,
            "{line} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_library_refuses_another_host_an_old_challenge_and_a_foreign_certificate() {
    let desk = Desk::new();
    let server = Server::start(&desk, "test-vectors/specimens/ca/sign-ca/certificate.der");
    let own = format!("localhost:{}", server.1);
    let unknown = r#"{"challenge":"00","certificate":"","signature":""}"#;
    for (line, host, body, status, sentence) in [
        (
            "POST /challenge",
            "library.example",
            "",
            421,
            "this server does not answer for that host",
        ),
        (
            "POST /challenge",
            "localhost",
            "",
            421,
            "this server does not answer for that host",
        ),
        ("GET /challenge", &own, "", 405, "every path is for POST"),
        ("POST /users", &own, "", 404, "the paths are /challenge and /log-in"),
        (
            "POST /log-in",
            &own,
            "{}",
            400,
            "not a request to log in: missing field",
        ),
        (
            "POST /log-in",
            &own,
            unknown,
            403,
            "NOT GENUINE: the challenge is unknown, used or too old",
        ),
        (
            "POST /log-in",
            &own,
            &"x".repeat(64 * 1024 + 1),
            413,
            "the body is too long",
        ),
    ] {
        let (got, text) = server.answer(line, host, body);
        assert!(
            got == status && text.starts_with(sentence),
            "{line} {host}: {got} {text}"
        );
    }
    desk.fails(
        &format!(
            "echo 1234 | vmyna run -- library-terminal --server 127.0.0.1:{}",
            server.1
        ),
        "NOT GENUINE: the certificate is of no known authority",
    );
    assert!(!desk.path("users.json").exists());
}

#[test]
fn a_challenge_of_the_library_serves_once() {
    let desk = Desk::new();
    let server = Server::start(&desk, "test-vectors/specimens/ca/auth-ca/certificate.der");
    let host = format!("127.0.0.1:{}", server.1);
    let (status, challenge) = server.answer("POST /challenge", &host, "");
    assert_eq!(status, 200);
    let challenge = challenge.split('"').nth(3).unwrap();
    let request = format!(r#"{{"challenge":"{challenge}","certificate":"","signature":""}}"#);
    // The first request uses it up, whatever comes out.
    for sentence in [
        "the certificate: ",
        "NOT GENUINE: the challenge is unknown, used or too old",
    ] {
        let (status, text) = server.answer("POST /log-in", &host, &request);
        assert!(status == 403 && text.starts_with(sentence), "{status} {text}");
    }
}
