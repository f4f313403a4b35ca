//! `vmyna phone`, and phones at the counter, as openssl, a server and other commands see them; also when it is killed.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use vmyna_testkit::{client, killed_at, require_program};

use crate::bench::Bench;
use crate::common::{Printed, run_with_input};
use crate::counter::{DAY, counter, sign_certificate};

const PASSWORD: [&str; 2] = ["--pin", "sign=ABC123"];

/// `vmyna phone add` with the card of the bench.
#[track_caller]
fn add(bench: &Bench, phone: &str, options: &[&str], status: i32) -> String {
    let add = ["phone", "add", "card", "--ca", "ca", "--now", DAY, "-o", phone];
    bench.run(&[&add[..], options].concat(), status)
}

/// The rows of a phone in the register, those for signatures first.
fn rows(bench: &Bench, name: &str) -> Vec<Value> {
    let mut rows = bench.list(&[]);
    rows.retain(|row| row["cards"].as_array().unwrap().contains(&Value::from(name)));
    rows.sort_by_key(|row| row["kind"] != "sign");
    rows
}

/// The auth certificate of a phone, which its PIN opens, as PEM.
fn auth_certificate(bench: &Bench, phone: &str) -> String {
    let mut apdu = bench.command(&["apdu", "--card", phone, "--plain"]);
    let read = "00A4040C0AD392F000260100000001\n0020009804 31323334\n00A4020C02000A\n00B00000000000\n";
    let answers = run_with_input(&mut apdu, read.as_bytes()).exits_with(0).out();
    let data = answers.lines().last().unwrap().strip_suffix("9000").unwrap();
    let bytes = (0..data.len()).step_by(2);
    let bytes: Vec<u8> = bytes
        .map(|at| u8::from_str_radix(&data[at..at + 2], 16).unwrap())
        .collect();
    let length = usize::from(u16::from_be_bytes([bytes[2], bytes[3]])) + 4;
    pem(bench, &bytes[..length], "phone-auth.pem")
}

fn pem(bench: &Bench, der: &[u8], name: &str) -> String {
    fs::write(bench.path("certificate.der"), der).unwrap();
    let mut openssl = client("openssl", "openssl");
    openssl.args(["x509", "-in", "certificate.der", "-out", name]);
    openssl.current_dir(&bench.folder).output().unwrap().exits_with(0);
    name.to_owned()
}

#[test]
fn ocsp_verify_and_lists_know_the_certificates_of_a_phone() {
    let bench = Bench::new();
    bench.run(&["ca", "export", "ca", "-o", "trust"], 0);
    let out = add(&bench, "phone", &PASSWORD, 0);
    assert!(
        out.contains("The phone: ") && out.contains("): 1234") && out.contains("): ABC123"),
        "{out}"
    );
    let der = sign_certificate(&bench, "phone", "ABC123").unwrap();
    let sign = pem(&bench, &der, "phone-sign.pem");
    let auth = auth_certificate(&bench, "phone");
    let served = bench.serve(&["ca", "--fresh"]);
    let folder = bench.folder.path();
    let ask = |certificate: &str, kind: &str| served.ask(folder, &format!("trust/{kind}-ca.pem"), certificate, kind);
    for (certificate, kind) in [(&sign, "sign"), (&auth, "auth")] {
        let answer = ask(certificate, kind);
        assert!(answer.contains(": good"), "{answer}");
    }
    // The relying party's view: a signature by the phone.
    let verify = ["verify", &sign, "--ca", "ca", "--at", "2027-04-02", "--lang", "en"];
    let verified = bench.run(&verify, 0);
    assert!(verified.contains("the certificate is on a phone"), "{verified}");
    let of_auth = ["verify", &auth, "--ca", "ca", "--at", "2027-04-02", "--lang", "en"];
    let verified = bench.run(&of_auth, 0);
    assert!(
        verified.contains("the register has it on a phone (iPhone)"),
        "{verified}"
    );
    counter(&bench, "card", "2027-04-02", &["phone-lost"], 0);
    for (certificate, kind) in [(&sign, "sign"), (&auth, "auth")] {
        let answer = ask(certificate, kind);
        assert!(
            answer.contains(": revoked") && answer.contains("certificateHold"),
            "{answer}"
        );
    }
    assert!(bench.run(&verify, 1).contains("revoked since 2027-04-02"));
    served.end();
    bench.run(&["ca", "crl", "ca", "--kind", "sign", "-o", "list.crl"], 0);
    let mut openssl = client("openssl", "openssl");
    openssl.args(["crl", "-inform", "DER", "-in", "list.crl", "-noout", "-text"]);
    let list = openssl.current_dir(folder).output().unwrap().exits_with(0).out();
    let rows = rows(&bench, &name(&bench));
    assert!(list.contains(rows[0]["serial"].as_str().unwrap()), "{list}");
    assert_eq!(
        (&rows[0]["phone"], &rows[0]["status"]),
        (&Value::from("iphone"), &Value::from("revoked"))
    );
    let text = bench.run(&["ca", "list", "ca", "--card", "card"], 0);
    assert_eq!(text.matches("(iPhone of ").count(), 2, "{text}");
}

/// The name that the phone of the bench's card has in the register.
fn name(bench: &Bench) -> String {
    let all = bench.list(&[]);
    let names: BTreeSet<&str> = all
        .iter()
        .flat_map(|row| row["cards"].as_array().unwrap())
        .filter_map(Value::as_str)
        .filter(|name| name.ends_with("-phone"))
        .collect();
    names.first().unwrap().to_string()
}

#[test]
fn what_a_phone_is_not_added_by_is_named_and_leaves_nothing() {
    let bench = Bench::new();
    bench.run(&["issue", "--random", "--ca", "ca", "--seed", "9", "-o", "other"], 0);
    fs::write(bench.path("there"), "a letter").unwrap();
    for (arguments, status, expected) in [
        (
            &["-o", "phone", "--pin", "sign=WRONG1"][..],
            1,
            "the sign password is wrong; tries left: 4",
        ),
        (
            &["-o", "phone", "--pin", "auth=1234"],
            2,
            "--pin gives the sign password",
        ),
        (
            &["-o", "phone", "--pin", "sign=ABC123", "--new-pin", "input-assist=1234"],
            2,
            "--new-pin gives auth or sign",
        ),
        (
            &["-o", "phone", "--pin", "sign=ABC123", "--new-pin", "auth=12345"],
            1,
            "four digits",
        ),
        (
            &["-o", "phone", "--pin", "sign=ABC123", "--new-pin", "sign=abc123"],
            1,
            "lower-case",
        ),
        (
            &[
                "-o",
                "phone",
                "--pin",
                "sign=ABC123",
                "--new-pin",
                "auth=4649",
                "--new-pin",
                "auth=4650",
            ],
            2,
            "is given twice",
        ),
        (&["-o", "there", "--pin", "sign=ABC123"], 2, "there exists"),
        (&["-o", "no/phone", "--pin", "sign=ABC123"], 2, "no/phone"),
        (&["-o", "phone", "--pin", "sign=ABC123", "--kind", "fax"], 2, "iphone"),
        (&["-o", "phone"], 2, "no PIN can be asked for"),
        (&["--pin", "sign=ABC123"], 2, "--output"),
    ] {
        let add = ["phone", "add", "card", "--ca", "ca", "--now", DAY];
        let mut command = bench.command(&[&add[..], arguments].concat());
        let output = run_with_input(&mut command, b"");
        let output = output.exits_with(status);
        let text = output.out() + &output.err();
        assert!(text.contains(expected), "{arguments:?}: {text}");
        assert!(
            !text.contains("12345") && !text.contains("abc123") && !text.contains("WRONG1"),
            "{text}"
        );
    }
    let built_in = bench.run(&["phone", "add", "card", "-o", "phone", "--pin", "sign=ABC123"], 1);
    assert!(built_in.contains("other authorities issued this card"), "{built_in}");
    assert!(!bench.path("phone").exists() && fs::read_to_string(bench.path("there")).unwrap() == "a letter");
    assert_eq!(bench.list(&[]).len(), 4);
    let refused = bench.run(&["phone", "remove", "card", "--ca", "ca"], 1);
    assert!(refused.contains("no phone with certificates"), "{refused}");
    let refused = counter(&bench, "card", DAY, &["phone-lost"], 1);
    assert!(
        refused.contains("`vmyna phone add CARD -o PHONE` adds one"),
        "{refused}"
    );
    // A card without tries.
    for _ in 0..4 {
        add(&bench, "phone", &["--pin", "sign=WRONG1"], 1);
    }
    let blocked = add(&bench, "phone", &PASSWORD, 1);
    assert!(blocked.contains("reset-pin sign"), "{blocked}");
    counter(&bench, "card", DAY, &["reset-pin", "sign=NEW123"], 0);
    add(&bench, "phone", &["--pin", "sign=NEW123", "--kind", "android"], 0);
    let notes = bench.declare_notes();
    let refused = bench.run(&["card", "install", "phone", notes], 2);
    assert!(
        refused.contains("a phone (Android), which has no free area"),
        "{refused}"
    );
    let kiosk = bench.run(
        &[
            "kiosk",
            "phone",
            "--ca",
            "ca",
            "--now",
            DAY,
            "apply",
            "--pin",
            "auth=1234",
        ],
        1,
    );
    assert!(kiosk.contains("the kiosk serves cards only"), "{kiosk}");
    let moved = counter(&bench, "phone", DAY, &["move-out"], 1);
    assert!(moved.contains("this is a phone and no card"), "{moved}");
}

#[test]
fn on_a_full_disk_no_phone_is_added_and_nothing_is_lost() {
    let bench = Bench::new();
    let before = bench.list(&[]);
    let vmyna = env!("CARGO_BIN_EXE_vmyna");
    let mut shell = client("bash", "bash");
    let add = format!("ulimit -f 1; exec {vmyna} phone add card --ca ca --now {DAY} -o phone --pin sign=ABC123");
    shell.args(["-c", &add]).current_dir(&bench.folder);
    let output = shell.output().unwrap();
    assert!(!output.status.success());
    let text = output.err();
    // The register is the first that grows.
    assert!(text.contains("register.sqlite: disk I/O error"), "{text}");
    assert!(!bench.path("phone").exists());
    assert_eq!(bench.list(&[]), before);
    bench.run(
        &[
            "phone",
            "add",
            "card",
            "--ca",
            "ca",
            "--now",
            DAY,
            "-o",
            "phone",
            "--pin",
            "sign=ABC123",
        ],
        0,
    );
}

/// Kills a command at its k-th system calls of these kinds, runs another one, and lets `check` look at both sides.
fn kill_at_writes(bench: &Bench, command: &[&str], kinds: &[(&str, u32)], check: &dyn Fn(&str) -> bool) {
    require_program("strace", "strace");
    let copy = |from: &str, to: &str| {
        let mut cp = client("cp", "coreutils");
        let copied = cp.args(["-a", from, to]).current_dir(&bench.folder).status().unwrap();
        assert!(copied.success());
    };
    copy("ca", "saved-ca");
    let phone = bench.path("phone").exists();
    if phone {
        copy("phone", "saved-phone");
    }
    let (mut tried, mut new_sides) = (0, 0);
    for (calls, stride) in kinds {
        for number in (1..).step_by(*stride as usize) {
            for folder in ["ca", "card.state", "phone.state"] {
                let _ = fs::remove_dir_all(bench.path(folder));
            }
            let _ = fs::remove_file(bench.path("phone"));
            copy("saved-ca", "ca");
            if phone {
                copy("saved-phone", "phone");
            }
            let killed = !killed_at(&bench.command(command), calls, number).status.success();
            let next: &[&str] = match tried % 3 {
                0 => &["ca", "list", "ca"],
                1 if phone => &["pin", "phone"],
                1 => &["pin", "card"],
                _ => &["show", "card"],
            };
            let printed = bench.run(next, 0);
            // `show` and `pin` of the card don't look at a phone's mark; the register does.
            let printed = printed + &bench.run(&["ca", "list", "ca"], 0);
            assert!(!printed.contains("pending"), "{calls} {number} {next:?}: {printed}");
            new_sides += usize::from(check(&format!("{calls} {number} {next:?}")));
            tried += 1;
            if !killed {
                break;
            }
        }
    }
    assert!(tried > 5 && new_sides > 1 && new_sides < tried, "{tried} {new_sides}");
}

#[test]
fn an_addition_that_is_killed_leaves_a_phone_on_both_sides_or_on_neither() {
    let bench = Bench::new();
    let command = [
        "phone", "add", "card", "--ca", "ca", "--now", DAY, "-o", "phone", "--seed", "3",
    ];
    let command = [&command[..], &PASSWORD].concat();
    kill_at_writes(
        &bench,
        &command,
        &[("fsync,fdatasync", 3), ("pwrite64", 19)],
        &|place| {
            let there = bench.path("phone").exists();
            let known = bench.list(&[]).iter().filter(|row| row["phone"] == "iphone").count();
            assert_eq!(known, if there { 2 } else { 0 }, "{place}");
            if there {
                assert!(sign_certificate(&bench, "phone", "ABC123").is_some(), "{place}");
            }
            there
        },
    );
}

#[test]
fn a_removal_that_is_killed_leaves_a_phone_whole_or_bare() {
    let bench = Bench::new();
    add(&bench, "phone", &PASSWORD, 0);
    let command = ["phone", "remove", "phone", "--ca", "ca", "--now", DAY];
    kill_at_writes(
        &bench,
        &command,
        &[("fsync,fdatasync", 3), ("pwrite64", 15)],
        &|place| {
            let all = bench.list(&[]);
            let of_phone = all.iter().filter(|row| row["phone"] == "iphone");
            let revoked = of_phone.filter(|row| row["status"] == "revoked").count();
            let bare = sign_certificate(&bench, "phone", "ABC123").is_none();
            assert_eq!(revoked, if bare { 2 } else { 0 }, "{place}");
            bare
        },
    );
}

#[test]
fn two_phones_at_once_leave_one_phone_of_the_person() {
    let bench = Bench::new();
    let start = |phone: &str| {
        let add = ["phone", "add", "card", "--ca", "ca", "--now", DAY, "-o", phone];
        let mut command = bench.command(&[&add[..], &PASSWORD].concat());
        command
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        command.spawn().unwrap()
    };
    let both = [start("one"), start("two")];
    let done = both.map(|child| child.wait_with_output().unwrap());
    let added = done.iter().filter(|output| output.status.success()).count();
    assert!(added >= 1, "{done:?}");
    for output in done.iter().filter(|output| !output.status.success()) {
        let text = output.err();
        assert!(
            text.contains("another counter or kiosk") || text.contains("try again"),
            "{text}"
        );
    }
    let rows = bench.list(&[]);
    let good = rows
        .iter()
        .filter(|row| row["phone"] == "iphone" && row["status"] == "good");
    assert_eq!(good.count(), 2);
}
