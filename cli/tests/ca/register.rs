//! What authorities issued is listed, revoked and served, as openssl sees it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use vmyna_testkit::{client, require_program};

use crate::bench::{Bench, Served};
use crate::common::Printed;

#[test]
fn what_is_revoked_is_listed_served_and_on_the_lists_until_the_end() {
    let bench = Bench::new();
    let all = bench.list(&[]);
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(
        all.iter()
            .all(|row| row["status"] == "good" && row["cards"] == all[0]["cards"])
    );
    assert_eq!(all[0]["partner"], all[1]["serial"]);
    let mode = fs::metadata(bench.path("ca/register.sqlite"))
        .unwrap()
        .permissions()
        .mode()
        & 0o777;
    assert_eq!(mode, 0o600);
    bench.run(&["ca", "export", "ca", "-o", "trust"], 0);
    let certificate = bench.certificate("card", "jpki/0001");
    let served = bench.serve(&["ca", "--fresh"]);
    let folder = bench.folder.path();
    let ask = || served.ask(folder, "trust/sign-ca.pem", &certificate, "sign");
    let before = ask();
    assert!(
        before.contains(": good") && before.contains("Response verify OK"),
        "{before}"
    );

    let revoked = bench.run(
        &[
            "ca",
            "revoke",
            "ca",
            "--card",
            "card",
            "--kind",
            "sign",
            "--reason",
            "affiliation-changed",
        ],
        0,
    );
    assert!(revoked.contains("(affiliationChanged)"), "{revoked}");
    let after = ask();
    assert!(
        after.contains(": revoked") && after.contains("affiliationChanged"),
        "{after}"
    );
    // The first time and reason stay.
    let serial = all.iter().find(|row| row["kind"] == "sign").unwrap()["serial"]
        .as_str()
        .unwrap();
    let again = bench.run(
        &[
            "ca",
            "revoke",
            "ca",
            "--serial",
            serial,
            "--kind",
            "sign",
            "--reason",
            "superseded",
        ],
        0,
    );
    assert!(
        again.contains("affiliationChanged") && again.contains("stays"),
        "{again}"
    );
    let listed = bench.list(&["--revoked", "--card", "card"]);
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (&listed[0]["reason"], &listed[0]["serial"]),
        (&Value::from("affiliationChanged"), &Value::from(serial))
    );

    let municipality = listed[0]["municipality"].as_str().unwrap();
    for options in [&[][..], &["--municipality", municipality]] {
        let options = [
            &["ca", "crl", "ca", "--kind", "sign", "--pem", "-o", "list.pem"],
            options,
        ]
        .concat();
        bench.run(&options, 0);
        let mut openssl = client("openssl", "openssl");
        openssl.args([
            "verify",
            "-CAfile",
            "trust/sign-ca.pem",
            "-crl_check",
            "-CRLfile",
            "list.pem",
            &certificate,
        ]);
        let output = openssl.current_dir(folder).output().unwrap().exits_with(2);
        assert!(output.err().contains("error 23"), "{}", output.err());
    }
    // A stranger's path with an override of the direction of writing: the log stays JSON and shows it escaped.
    let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
    stream.write_all("GET /\u{202E}x HTTP/1.0\r\n\r\n".as_bytes()).unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    let log = served.end();
    assert!(!log.contains('\u{202E}'), "{log:?}");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "{log}");
    assert_eq!(lines[2]["path"], "/\u{202E}x");
    assert!(
        lines[1]["what"].as_str().unwrap().contains("affiliationChanged"),
        "{log}"
    );
}

#[test]
fn a_seed_that_is_used_twice_adds_no_certificate_and_other_people_under_it_are_refused() {
    let bench = Bench::new();
    bench.run(
        &["ca", "revoke", "ca", "--card", "card", "--reason", "keyCompromise"],
        0,
    );
    bench.issue("again", 5, 0);
    let all = bench.list(&[]);
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|row| row["reason"] == "keyCompromise"), "{all:?}");
    // Other people, the same numbers.
    fs::write(
        bench.path("other.toml"),
        "name = \"見本　二郎\"\naddress = \"東京都千代田区見本町１\"\nbirth = \"1990-04-01\"\nsex = \"male\"\n\
         [municipality]\ncode = \"13101\"\n",
    )
    .unwrap();
    let first = bench.run(&["issue", "other.toml", "--ca", "ca", "--seed", "9", "-o", "x"], 0);
    assert!(!first.contains("register"), "{first}");
    let text = fs::read_to_string(bench.path("other.toml")).unwrap();
    fs::write(bench.path("other.toml"), text.replace("二郎", "三郎")).unwrap();
    let refused = bench.run(&["issue", "other.toml", "--ca", "ca", "--seed", "9", "-o", "y"], 1);
    assert!(
        refused.contains("serial number") && refused.contains("another than 9"),
        "{refused}"
    );
    assert!(!bench.path("y").exists());
    // The built-in authorities issue all the same, and the register keeps the first.
    bench.run(&["issue", "other.toml", "--seed", "9", "-o", "y"], 0);
    let text = fs::read_to_string(bench.path("other.toml")).unwrap();
    fs::write(bench.path("other.toml"), text.replace("三郎", "四郎")).unwrap();
    let reported = bench.run(&["issue", "other.toml", "--seed", "9", "-o", "z"], 0);
    assert!(reported.contains("keeps the first"), "{reported}");
    // Where no register can be made, too.
    fs::write(bench.path("a-file"), "").unwrap();
    let mut without = bench.command(&["issue", "other.toml", "--seed", "9", "-o", "w"]);
    let without = without
        .env("VMYNA_REGISTER", bench.path("a-file"))
        .output()
        .unwrap()
        .exits_with(0);
    assert!(
        without.out().contains("not entered into the register"),
        "{}",
        without.out()
    );
}

#[test]
fn the_built_in_cards_are_served_with_a_register_and_without_one() {
    let bench = Bench::new();
    bench.run(&["ca", "export", "specimen", "-o", "trust"], 0);
    let certificate = bench.certificate("specimen:hanako", "jpki/000A");
    let folder = bench.folder.path();
    {
        let served = bench.serve(&["--refresh", "1"]);
        let text = served.ask(folder, "trust/auth-ca.pem", &certificate, "auth");
        assert!(text.contains(": good") && text.contains("Response verify OK"), "{text}");
    }
    let mut command = bench.command(&["ca", "serve", "specimen", "--listen", "127.0.0.1:0", "--quiet"]);
    let served = Served::start(command.env("VMYNA_REGISTER", "none"));
    let text = served.ask(folder, "trust/auth-ca.pem", &certificate, "auth");
    assert!(text.contains(": good") && text.contains("Response verify OK"), "{text}");
    let reported = served.end();
    assert!(reported.contains("only the built-in cards are known"), "{reported}");
}

#[test]
fn what_is_typed_wrongly_is_refused_and_changes_nothing() {
    let bench = Bench::new();
    for (arguments, status, expected) in [
        (&["ca", "list", "nothing"][..], 2, "vmyna ca init"),
        (
            &["ca", "revoke", "ca", "--serial", "7FFFFF", "--reason", "superseded"],
            1,
            "no certificate",
        ),
        (
            &["ca", "revoke", "ca", "--serial", "xyz", "--reason", "superseded"],
            2,
            "hexadecimal",
        ),
        (
            &["ca", "revoke", "ca", "--serial", "1", "--reason", "boredom"],
            2,
            "keyCompromise",
        ),
        (&["ca", "revoke", "ca", "--reason", "superseded"], 2, "--serial"),
        (
            &[
                "ca",
                "revoke",
                "ca",
                "--card",
                "specimen:hanako",
                "--reason",
                "superseded",
            ],
            1,
            "other authorities",
        ),
        (
            &[
                "ca",
                "crl",
                "ca",
                "--kind",
                "sign",
                "--municipality",
                "99999",
                "-o",
                "x",
            ],
            2,
            "99999",
        ),
        (&["ca", "serve", "ca", "--listen", "0.0.0.0:0"], 2, "--insecure-remote"),
        (&["ca", "serve", "ca", "--listen", "nowhere"], 2, "HOST:PORT"),
        (&["ca", "serve", "ca", "--fault", "explode"], 2, "try-later"),
        (&["ca", "serve", "ca", "--fresh", "--refresh", "5"], 2, "--refresh"),
    ] {
        let text = bench.run(arguments, status);
        assert!(text.contains(expected), "{arguments:?}: {text}");
    }
    assert!(!bench.path("nothing").exists() && !bench.path("x").exists());
    assert!(bench.list(&["--revoked"]).is_empty());
    // A register of a later version, and a file that is none.
    fs::write(
        bench.path("ca/register.sqlite"),
        "a letter to the registrar, of more than a hundred bytes, \
        which is nothing that SQLite would read as its own, however long one lets it look",
    )
    .unwrap();
    for file in ["ca/register.sqlite-wal", "ca/register.sqlite-shm"] {
        let _ = fs::remove_file(bench.path(file));
    }
    let refused = bench.run(&["ca", "list", "ca"], 1);
    assert!(refused.contains("no register"), "{refused}");
    let refused = bench.issue("late", 6, 1);
    assert!(
        refused.contains("no register") && !bench.path("late").exists(),
        "{refused}"
    );
}

#[test]
fn other_addresses_and_hosts_are_served_when_they_are_asked_for() {
    let bench = Bench::new();
    let served = bench.serve(&["ca"]);
    assert!(served.answers("localhost") && !served.answers("ca.example.test"));
    drop(served);
    let served = bench.serve(&["ca", "--host", "ca.example.test"]);
    let with_port = format!("ca.example.test:{}", served.port);
    assert!(served.answers("ca.example.test") && served.answers(&with_port));
    assert!(!served.answers("other.example.test"));
    drop(served);
    // Every address of the machine, among them this one.
    let mut command = bench.command(&["ca", "serve", "ca", "--listen", "0.0.0.0:0", "--insecure-remote"]);
    let served = Served::start(&mut command);
    assert!(served.answers("127.0.0.1"));
    served.end();
}

#[test]
fn a_machine_without_the_second_loopback_address_is_served_at_the_first() {
    let bench = Bench::new();
    require_program("ip", "iproute2");
    // In a network of its own without IPv6.
    let script = "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; ip link set lo up
        \"$0\" ca serve ca --listen localhost:0 2>log & server=$!
        until grep -q ::1 log; do sleep 0.05; done
        kill $server; wait $server";
    let mut command = client("unshare", "util-linux");
    command.args([
        "--map-root-user",
        "--net",
        "sh",
        "-e",
        "-c",
        script,
        env!("CARGO_BIN_EXE_vmyna"),
    ]);
    let output = command.current_dir(&bench.folder).output().unwrap().exits_with(0);
    assert!(
        output.out().contains("http://127.0.0.1:") && !output.out().contains("[::1]"),
        "{}",
        output.out()
    );
    let log = fs::read_to_string(bench.path("log")).unwrap();
    assert!(log.contains("this machine has no ::1"), "{log}");
}
