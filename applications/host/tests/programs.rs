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

/// Runs the commands of an application's page; returns what they print. Both pages have the same.
#[track_caller]
fn page(desk: &Desk, application: &str) -> String {
    page_with(desk, application, &[])
}

/// The same with some of the commands replaced.
#[track_caller]
fn page_with(desk: &Desk, application: &str, changes: &[(&str, &str)]) -> String {
    let of = |name: &str| blocks(&format!("../applications/{application}/{name}"));
    let commands = of("README.md");
    assert_eq!(commands, of("README.ja.md"));
    let [commands] = &commands[..] else {
        panic!(
            "{application}: one block of commands is expected, not {}",
            commands.len()
        );
    };
    let mut text = commands.text.clone();
    for (before, after) in [&[(INSTALL, "")], changes].concat() {
        assert!(text.contains(before), "{application}: {before}");
        text = text.replace(before, after);
    }
    desk.prints(&text)
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
    let locked = desk.variant(
        "driving-licence",
        &[(
            "certainty = \"documented\"\nsource = \"NPA, read",
            "select = { locked = true }\nsource = \"NPA, read",
        )],
    );
    desk.fails(
        &format!("echo 1234 | vmyna run --ap {locked} -- licence read --signer variant/TEST-signer.pem"),
        "error: the application for the driving licence is locked (SELECT answers 6283)",
    );
}

#[test]
fn a_card_that_is_taken_out_in_the_middle_is_named_as_that() {
    let licence = "applications/driving-licence/driving-licence.ap.toml";
    for fault in ["remove", "mute"] {
        Desk::new().fails(
            &format!("echo 1234 | vmyna run --ap {licence} --fault {fault},nth=4 -- licence expiry"),
            "error: the card in the reader \"vmyna 00 00\": it did not answer the command; was it taken out?\n",
        );
    }
}

#[test]
fn the_residence_application_is_read_and_its_signature_genuine() {
    let desk = Desk::new();
    let printed = page(&desk, "residence");
    has(
        &printed,
        &[
            "version: 0001\nkind of card: 07\ncard number: TE00000000ST\n",
            "nationality or region: UTO\n",
            "picture of the name: 450 bytes\nphoto: 2372 bytes\n",
            "signature: genuine\n",
        ],
    );
    let other = desk.variant("residence", &[(r#"text = "UTO""#, r#"text = "UTP""#)]);
    desk.fails(
        &format!("echo TE00000000ST | vmyna run --ap {other} -- residence --authority variant/TEST-authority.pem"),
        "NOT GENUINE: the entries are not what was signed",
    );
    desk.fails(
        "echo TE00000000ST | vmyna run --ap applications/residence/residence.ap.toml -- \
             residence --authority applications/civil-servant/TEST-authority.pem",
        "NOT GENUINE: the certificate is not of this authority",
    );
}

#[test]
fn the_kiosk_takes_a_genuine_card_and_reads_its_registration_number() {
    let desk = Desk::new();
    has(
        &page(&desk, "seal-registration"),
        &["card: genuine\nmunicipality: TEST ", "\nregistration number: TEST-"],
    );
    desk.fails(
        "vmyna run --ap applications/seal-registration/seal-registration.ap.toml -- \
             seal --authority applications/civil-servant/TEST-authority.pem </dev/null",
        "NOT GENUINE: the certificate is not of this authority",
    );
}

#[test]
fn openssl_verifies_what_a_civil_servant_signs() {
    has(
        &page(&Desk::new(), "civil-servant"),
        &["signed by 見本　花子, TEST 見本省, staff number TEST-", "Verified OK\n"],
    );
}

#[test]
fn an_employee_is_enrolled_and_the_door_opens() {
    has(
        &page(&Desk::new(), "employee"),
        &[
            "enrolled E-0001; its public key is in keys/E-0001.pem\n",
            "the door opens for E-0001; entries in the card's log: 1\n",
        ],
    );
}

/// Enrolment and door, with their options.
const EMPLOYEE: &str = "
    AP=applications/employee/employee.ap.toml KEY=applications/employee/TEST-terminal-key.pem
    enrol='employee-enrol --terminal-key '$KEY' --keys keys --name TEST --number'
    door='employee-door --terminal-key '$KEY' --keys keys'
    mkdir -p keys
";

#[test]
fn the_door_stays_shut_for_a_card_that_was_not_enrolled_or_has_another_key() {
    let desk = Desk::new();
    let run = |script: &str| format!(r#"{EMPLOYEE} vmyna run --ap $AP -- sh -e -c "{script}""#);
    desk.fails(
        &run("echo 1234 | $door"),
        "error: this card is not enrolled; its entry is empty\n",
    );
    // The key was replaced on the card: the one that the door knows is gone for ever.
    desk.fails(
        &run("$enrol E-1 >/dev/null; cp keys/E-1.pem kept; $enrol E-1 >/dev/null; cp kept keys/E-1.pem; echo 1234 | $door"),
        "NOT GENUINE: the card has not the key that was enrolled",
    );
    desk.fails(
        &run(
            "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other 2>/dev/null
            employee-enrol --terminal-key other --keys keys --name TEST --number E-2",
        ),
        "EXTERNAL AUTHENTICATE with the terminal's key: the card answers 63",
    );
    assert!(!desk.path("keys/E-2.pem").exists());
}

#[test]
fn the_log_of_a_card_is_kept_until_it_is_full() {
    let desk = Desk::new();
    let card = format!(
        r#"{EMPLOYEE} vmyna issue examples/people/hanako.toml --seed 1 -o me.vmyna --ap $AP >/dev/null
        vmyna run --card me.vmyna -- sh -e -c "$enrol E-1""#
    );
    desk.prints(&card);
    let doors = format!(
        r#"{EMPLOYEE} vmyna run --card me.vmyna -- sh -e -c "for n in $(seq -s ' ' 20); do echo 1234 | $door; done""#
    );
    has(&desk.prints(&doors), &["log: 1\n", "log: 20\n"]);
    desk.fails(
        &format!(r#"{EMPLOYEE} vmyna run --card me.vmyna -- sh -e -c "echo 1234 | $door""#),
        "APPEND RECORD to the log: the card answers 6A84",
    );
}

#[test]
fn a_reader_of_the_library_has_one_my_key_id() {
    let desk = Desk::new();
    let port = free_pairs(1).unwrap()[0].to_string();
    let changes = [
        ("8765", &*port),
        // Without a time, and without a server that is left if a command fails.
        (
            "&\nsleep 1\n",
            ">log &\ntrap 'kill $! || :' EXIT\nuntil grep listening log; do sleep 0.1; done\n",
        ),
        ("\nkill $!\n", "\n"),
    ];
    let printed = page_with(&desk, "library", &changes);
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
