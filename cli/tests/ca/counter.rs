//! `vmyna counter`: what it does with a card is on the card and in the register, as openssl and a program with the card see it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use serde_json::Value;
use vmyna_testkit::client;

use crate::bench::Bench;
use crate::common::{Printed, run_with_input};

const SELECT_JPKI: &str = "00A4040C0AD392F000260100000001";
pub(crate) const DAY: &str = "2027-04-01";

/// An operation at the counter of the card's authorities.
#[track_caller]
pub(crate) fn counter(bench: &Bench, card: &str, now: &str, operation: &[&str], status: i32) -> String {
    let arguments = [&["counter", card, "--ca", "ca", "--now", now][..], operation].concat();
    bench.run(&arguments, status)
}

/// The answers of a card to commands.
fn answers(bench: &Bench, card: &str, commands: &[&str]) -> Vec<String> {
    let mut command = bench.command(&["apdu", "--card", card, "--plain"]);
    let output = run_with_input(&mut command, commands.join("\n").as_bytes()).exits_with(0);
    output.out().lines().map(str::to_owned).collect()
}

/// VERIFY of the sign password, and of the auth PIN.
fn verify(key: &str, pin: &str) -> String {
    let hex: String = pin.bytes().map(|byte| format!("{byte:02X}")).collect();
    format!("002000{key}{:02X}{hex}", pin.len())
}

/// The status words of VERIFY for the auth PIN.
fn tries_auth(bench: &Bench, card: &str, pin: &str) -> String {
    answers(bench, card, &[SELECT_JPKI, &verify("98", pin)]).pop().unwrap()
}

/// The sign certificate that a program reads from the card with this password, DER; `None` for a card without one.
pub(crate) fn sign_certificate(bench: &Bench, card: &str, password: &str) -> Option<Vec<u8>> {
    let password = verify("9B", password);
    let read = ["00A4020C020001", "00B00000000000"];
    let answers = answers(bench, card, &[SELECT_JPKI, &password, read[0], read[1]]);
    let data = answers[3].strip_suffix("9000")?;
    let bytes = (0..data.len()).step_by(2);
    let mut bytes: Vec<u8> = bytes
        .map(|at| u8::from_str_radix(&data[at..at + 2], 16).unwrap())
        .collect();
    let length = usize::from(u16::from_be_bytes([bytes[2], bytes[3]])) + 4;
    bytes.truncate(length);
    Some(bytes)
}

/// What openssl prints of a certificate: serial number, subject alternative name, and its verdict under the authorities.
fn openssl(bench: &Bench, der: &[u8], at: &str) -> String {
    fs::write(bench.path("leaf.der"), der).unwrap();
    let run = |arguments: &[&str]| {
        let mut openssl = client("openssl", "openssl");
        let output = openssl.args(arguments).current_dir(&bench.folder).output().unwrap();
        output.out() + &output.err()
    };
    run(&["x509", "-inform", "DER", "-in", "leaf.der", "-out", "leaf.pem"]);
    let mut text = run(&["x509", "-in", "leaf.pem", "-noout", "-serial"]);
    text += &run(&["verify", "-attime", at, "-CAfile", "trust/sign-ca.pem", "leaf.pem"]);
    text
}

/// The rows of a kind in the register.
pub(crate) fn rows(bench: &Bench, kind: &str) -> Vec<Value> {
    let all = bench.list(&[]).into_iter();
    all.filter(|row| row["kind"] == kind).collect()
}

#[test]
fn a_counter_leaves_the_free_area_as_it_is_and_a_new_card_has_none() {
    let bench = Bench::new();
    let read = ["00A4040C05F054455354", "00B08100 00"];
    bench.run(&["card", "install", "card", bench.declare_notes()], 0);
    counter(&bench, "card", DAY, &["move-out"], 0);
    counter(&bench, "card", DAY, &["reset-pin", "auth=4649"], 0);
    assert_eq!(answers(&bench, "card", &read), ["9000", "68656C6C6F9000"]);
    assert_eq!(tries_auth(&bench, "card", "4649"), "9000");
    counter(&bench, "card", DAY, &["reissue", "-o", "new"], 0);
    assert_eq!(answers(&bench, "new", &read)[0], "6A82");
    assert!(
        bench
            .run(&["card", "list", "new"], 0)
            .contains("the free area is empty")
    );
}

#[test]
fn who_moves_has_a_new_certificate_and_what_was_revoked_stays_so() {
    let bench = Bench::new();
    bench.run(&["ca", "export", "ca", "-o", "trust"], 0);
    let old = bench.certificate("card", "jpki/0001");
    let auth = bench.certificate("card", "jpki/000A");
    let served = bench.serve(&["ca", "--fresh"]);
    let folder = bench.folder.path();
    let ask = |certificate: &str, kind: &str| {
        let ca = format!("trust/{kind}-ca.pem");
        served.ask(folder, &ca, certificate, kind)
    };
    assert!(ask(&old, "sign").contains(": good"));
    let out = counter(&bench, "card", DAY, &["move-out"], 0);
    assert!(
        out.contains("affiliationChanged") && out.contains("register.sqlite"),
        "{out}"
    );
    let revoked = ask(&old, "sign");
    assert!(
        revoked.contains(": revoked") && revoked.contains("affiliationChanged"),
        "{revoked}"
    );
    assert!(ask(&auth, "auth").contains(": good"));

    let moved = [
        "move-in",
        "--municipality",
        "271276",
        "--address",
        "大阪府大阪市北区見本町１",
    ];
    let out = counter(&bench, "card", "2027-04-02", &moved, 0);
    assert!(
        out.contains("令和9年4月2日 大阪府大阪市北区見本町１") && out.contains(".redb"),
        "{out}"
    );
    let certificate = sign_certificate(&bench, "card", "ABC123").unwrap();
    // 2027-05-01
    let text = openssl(&bench, &certificate, "1809129600");
    assert!(text.contains("leaf.pem: OK"), "{text}");
    let rows = rows(&bench, "sign");
    assert_eq!((rows.len(), &rows[1]["municipality"]), (2, &Value::from("27127")));
    assert_eq!(rows[1]["replaces"], rows[0]["serial"]);
    assert!(text.contains(rows[1]["serial"].as_str().unwrap()), "{text}");
    assert!(ask("leaf.pem", "sign").contains(": good"));
    // Going back to the card as issued gives no certificate back.
    bench.run(&["card", "reset-state", "card", "--yes"], 0);
    assert!(ask(&old, "sign").contains(": revoked"));
    served.end();
}

#[test]
fn a_blocked_pin_is_reset_and_a_program_verifies_the_new_one() {
    let bench = Bench::new();
    for left in ["63C2", "63C1", "63C0", "6984"] {
        assert_eq!(tries_auth(&bench, "card", "9999"), left);
    }
    let out = counter(&bench, "card", DAY, &["reset-pin", "auth=4649", "sign=PASS12"], 0);
    assert!(
        !out.contains("4649") && out.contains("auth PIN has a new value"),
        "{out}"
    );
    assert_eq!(tries_auth(&bench, "card", "1234"), "63C2");
    assert_eq!(tries_auth(&bench, "card", "4649"), "9000");
    assert!(sign_certificate(&bench, "card", "PASS12").is_some());
    // All of it or nothing.
    let refused = counter(&bench, "card", DAY, &["reset-pin", "auth=5678", "sign=short"], 1);
    assert!(
        refused.contains("6 to 16 characters") || refused.contains("lower-case"),
        "{refused}"
    );
    assert_eq!(tries_auth(&bench, "card", "4649"), "9000");
    let json = counter(&bench, "card", DAY, &["--json", "reset-pin", "code-b"], 0);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["done"][0]["what"], "tries-restored");
    assert!(json["register"].is_null() && json["state"].as_str().unwrap().ends_with(".redb"));
}

#[test]
fn a_card_that_a_program_uses_is_changed_by_its_process() {
    let bench = Bench::new();
    let mut command = bench.command(&["apdu", "--card", "card", "--plain"]);
    let mut using = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = using.stdin.take().unwrap();
    let mut output = BufReader::new(using.stdout.take().unwrap());
    let mut answer = |command: &str| {
        writeln!(input, "{command}").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    assert_eq!(answer(SELECT_JPKI), "9000");
    let out = counter(&bench, "card", DAY, &["no-pin"], 0);
    let by = format!("by process {}", using.id());
    assert!(out.contains(&by), "{out}");
    drop(input);
    using.wait().unwrap();
    assert_eq!(tries_auth(&bench, "card", "1234"), "6984");
    assert!(sign_certificate(&bench, "card", "ABC123").is_none());
}

#[test]
fn a_new_card_replaces_a_lost_one_and_the_dead_have_none() {
    let bench = Bench::new();
    counter(&bench, "card", DAY, &["lost"], 0);
    assert!(bench.list(&[]).iter().all(|row| row["reason"] == "certificateHold"));
    // Where no image can be written, nothing begins.
    let absent = counter(&bench, "card", DAY, &["reissue", "-o", "absent/new"], 2);
    assert!(absent.contains("absent/new: No such file"), "{absent}");
    assert!(!bench.run(&["ca", "list", "ca"], 0).contains("superseded"));
    let out = counter(&bench, "card", DAY, &["reissue", "-o", "new", "--pin", "auth=4649"], 0);
    assert!(
        out.contains("another card replaces it") && out.contains("/new"),
        "{out}"
    );
    assert_eq!(tries_auth(&bench, "new", "4649"), "9000");
    let rows = rows(&bench, "auth");
    assert_eq!((rows.len(), &rows[1]["status"]), (2, &Value::from("good")));
    assert_eq!(rows[1]["replaces"], rows[0]["serial"]);
    let refused = counter(&bench, "card", DAY, &["renew"], 1);
    assert!(refused.contains("another card replaces it"), "{refused}");
    let exists = counter(&bench, "new", DAY, &["reissue", "-o", "card"], 2);
    assert!(exists.contains("card exists"), "{exists}");
    counter(&bench, "new", DAY, &["death"], 0);
    let refused = counter(&bench, "new", "2031-12-01", &["renew"], 1);
    assert!(refused.contains("the cardholder died"), "{refused}");
    assert!(bench.list(&[]).iter().all(|row| row["status"] == "revoked"));
}

#[test]
fn what_the_counter_refuses_changes_nothing() {
    let bench = Bench::new();
    let before = bench.list(&[]);
    for (operation, now, why) in [
        (&["renew"][..], DAY, "can be renewed from"),
        (&["death"], "2026-10-01", "it is earlier now"),
        (&["sign-certificate"], DAY, "has a sign certificate"),
        (&["with-pin", "--pin", "auth=4649"], DAY, "has PINs"),
        (&["rename", "--name", "\u{200B}", "--kana", "カナ"], DAY, "name: "),
        (&["rename", "--name", "見本　花子", "--kana", "花子"], DAY, "no kana"),
        (&["renew"], "2060-01-01", "reissue -o NEW"),
    ] {
        let refused = counter(&bench, "card", now, operation, 1);
        assert!(
            refused.contains(why) && refused.contains("nothing was done"),
            "{refused}"
        );
    }
    // Other authorities, by the key identifier: the option is named.
    for built_in in [&["counter", "card"][..], &["counter", "card", "--ca", "specimen"]] {
        let refused = bench.run(&[built_in, &["--now", DAY, "death"]].concat(), 1);
        assert!(
            refused.contains("other authorities") && refused.contains("--ca DIR"),
            "{refused}"
        );
    }
    let twice = counter(&bench, "card", DAY, &["reset-pin", "auth=1111", "auth=2222"], 2);
    assert!(
        twice.contains("auth PIN is given twice") && !twice.contains("2222"),
        "{twice}"
    );
    let refused = bench.run(&["counter", "specimen:hanako", "death"], 2);
    assert!(refused.contains("keeps no state"), "{refused}");
    let unknown = counter(
        &bench,
        "card",
        DAY,
        &["move-in", "--municipality", "01999", "--address", "北海道"],
        2,
    );
    assert!(unknown.contains("--municipality-name"), "{unknown}");
    assert_eq!(bench.list(&[]), before);
    assert!(
        !bench
            .path("card.state")
            .read_dir()
            .is_ok_and(|mut files| files.next().is_some())
    );
    // Who revokes twice keeps the first time and reason.
    counter(&bench, "card", DAY, &["hold", "--kind", "sign"], 0);
    let again = counter(
        &bench,
        "card",
        "2027-05-01",
        &["revoke", "--kind", "sign", "--reason", "key-compromise"],
        0,
    );
    assert!(
        again.contains("2027-04-01T00:00:00Z (certificateHold): that stays"),
        "{again}"
    );
}

#[test]
fn two_counters_at_once_on_one_card_are_told_apart() {
    let bench = Bench::new();
    counter(&bench, "card", DAY, &["reset-pin", "code-b"], 0);
    let state = fs::read_dir(bench.path("card.state")).unwrap();
    let state = state
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "redb"));
    // The other counter has its mark there.
    let mark = state.unwrap().with_extension("redb.pending");
    let other = File::create(&mark).unwrap();
    other.lock().unwrap();
    let refused = counter(&bench, "card", DAY, &["move-out"], 1);
    assert!(
        refused.contains("another counter or kiosk is changing this card"),
        "{refused}"
    );
    assert!(bench.list(&["--revoked"]).is_empty());
    drop(other);
    counter(&bench, "card", DAY, &["move-out"], 0);
    assert!(!mark.exists());
}

#[test]
fn the_kiosk_resets_the_sign_password_once_with_auth_pin_and_code() {
    let bench = Bench::new();
    let kiosk = |now: &str, operation: &[&str], status: i32| {
        let arguments = [&["kiosk", "card", "--ca", "ca", "--now", now][..], operation].concat();
        bench.run(&arguments, status)
    };
    let wrong = kiosk(DAY, &["apply", "--pin", "auth=9999"], 1);
    assert!(wrong.contains("2 tries left"), "{wrong}");
    let printed = kiosk(DAY, &["apply", "--pin", "auth=1234"], 0);
    let code = printed.split_whitespace().nth(1).unwrap().to_owned();
    assert!(printed.contains("2027-04-02T00:00:00Z") && code.len() == 8, "{printed}");
    let reset = |code: &str, now: &str, status| {
        let values = ["--pin", "auth=1234", "--pin", "sign=NEW123"];
        kiosk(now, &[&["reset-sign", "--code", code][..], &values].concat(), status)
    };
    assert!(reset("0", DAY, 1).contains("no code for the card"));
    assert!(reset(&code, "2027-04-02T00:00:01Z", 1).contains("no code for the card"));
    let done = reset(&code, DAY, 0);
    assert!(
        done.contains("sign password has a new value") && !done.contains("NEW123"),
        "{done}"
    );
    assert!(sign_certificate(&bench, "card", "NEW123").is_some());
    assert!(reset(&code, DAY, 1).contains("no code for the card"));
    counter(&bench, "card", DAY, &["hold"], 0);
    let held = kiosk(DAY, &["apply", "--pin", "auth=1234"], 1);
    assert!(held.contains("auth certificate is revoked"), "{held}");
}

#[test]
fn the_end_of_input_at_the_prompt_for_a_pin_ends_it() {
    let bench = Bench::new();
    let asked = bench.command(&["counter", "card", "--ca", "ca", "--now", DAY, "reset-pin", "auth"]);
    let words: Vec<_> = asked.get_args().map(|word| word.to_str().unwrap()).collect();
    let asked = format!("{} {}", asked.get_program().to_str().unwrap(), words.join(" "));
    let mut script = client("script", "bsdutils");
    script.args(["--quiet", "--return", "--command", &asked, "/dev/null"]);
    script
        .current_dir(&bench.folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut script = script.spawn().unwrap();
    let mut output = script.stdout.take().unwrap();
    let mut printed = Vec::new();
    // The terminal has its modes before the prompt is there.
    while !printed.ends_with(b": ") {
        let mut byte = [0];
        output.read_exact(&mut byte).unwrap();
        printed.push(byte[0]);
    }
    // Ctrl-D. Taken as the value, twice, it would be refused as no four digits.
    script.stdin.take().unwrap().write_all(b"\x04\r\x04\r").unwrap();
    output.read_to_end(&mut printed).unwrap();
    assert_eq!(script.wait().unwrap().code(), Some(1));
    let printed = String::from_utf8_lossy(&printed);
    assert!(printed.contains("nothing was typed; nothing was done"), "{printed}");
}
