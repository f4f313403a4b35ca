//! Authorities of several generations, and with an address of their own in the certificates.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use vmyna_testkit::client;

use crate::bench::{Bench, Served};
use crate::common::{Printed, Serve};

#[test]
fn cards_of_two_generations_are_valid_listed_and_revoked_each_under_its_own() {
    let bench = Bench::new();
    let folder = bench.folder.path();
    // The generation under a seed begins four years after the first: 2028-11-01.
    let made = bench.run(&["ca", "rollover", "ca", "--seed", "2"], 0);
    assert!(
        made.contains("generation 2") && made.contains("2028-11-01T01:00:00Z") && made.contains("2038-10-31"),
        "{made}"
    );
    let again = bench.run(&["ca", "rollover", "ca", "--begin", "2028-11-01T01:00:00Z"], 1);
    assert!(again.contains("begins after the one before"), "{again}");
    let later = [
        "issue",
        "--random",
        "--ca",
        "ca",
        "--seed",
        "5",
        "--issued",
        "2029-02-01",
        "-o",
        "later",
    ];
    bench.run(&later, 0);
    let all = bench.list(&[]);
    let generations: Vec<_> = all.iter().map(|row| row["generation"].as_u64().unwrap()).collect();
    assert_eq!(generations, [1, 1, 2, 2], "{all:?}");
    bench.run(&["ca", "export", "ca", "-o", "trust"], 0);
    for file in [
        "sign-ca.pem",
        "sign-ca.cer",
        "sign-ca-2024.pem",
        "auth-ca-2024.cer",
        "auth-ca.cer",
        "ca.pem",
    ] {
        assert!(bench.path("trust").join(file).exists(), "{file}");
    }
    let old = bench.certificate("card", "jpki/0001");
    fs::rename(bench.path(&old), bench.path("old.pem")).unwrap();
    let new = bench.certificate("later", "jpki/0001");
    let revoke = [
        "ca",
        "revoke",
        "ca",
        "--card",
        "card",
        "--kind",
        "sign",
        "--reason",
        "superseded",
    ];
    let early = bench.run(&[&revoke[..], &["--at", "2020-01-01"]].concat(), 2);
    assert!(early.contains("check the clock"), "{early}");
    bench.run(&[&revoke[..], &["--at", "2029-03-01"]].concat(), 0);
    let served = bench.serve(&["ca", "--fresh", "--now", "2029-03-02"]);
    // openssl finds each issuer by the key, with both certificates of one name in its file.
    for (ca, certificate, status) in [
        ("trust/sign-ca-2024.pem", "old.pem", "\nrevoked\n"),
        ("trust/sign-ca.pem", &*new, "\ngood\n"),
        // Both cards are of one seed, so both keys have used the serial number: the other one is another certificate.
        ("trust/sign-ca.pem", "old.pem", "\ngood\n"),
    ] {
        let mut openssl = client("openssl", "openssl");
        openssl.args([
            "ocsp",
            "-CAfile",
            "trust/ca.pem",
            "-attime",
            AT,
            "-issuer",
            ca,
            "-cert",
            certificate,
        ]);
        openssl.args(["-url", &format!("http://localhost:{}/ocsp/sign-ca", served.port)]);
        let output = openssl.current_dir(folder).output().unwrap();
        let text = output.out() + &output.err();
        assert!(
            text.contains("Response verify OK") && text.contains(status),
            "{ca} {certificate}: {text}"
        );
    }
    for (row, generation, certificate, revoked) in [(&all[0], "1", "old.pem", true), (&all[2], "2", &*new, false)] {
        // The server has the list of each key, as of the day that it serves; the command writes that of today.
        let path = format!("/crl/{}.crl", row["authority"].as_str().unwrap());
        fs::write(bench.path("list.crl"), body(&served.get("localhost", &path))).unwrap();
        let mut openssl = client("openssl", "openssl");
        openssl.args(["verify", "-CAfile", "trust/ca.pem", "-attime", AT, "-crl_check"]);
        openssl.args(["-CRLfile", "list.crl", certificate]);
        let output = openssl.current_dir(folder).output().unwrap();
        assert_eq!(output.status.success(), !revoked, "{}", output.out() + &output.err());
        assert_eq!(output.err().contains("error 23"), revoked);
        bench.run(
            &[
                "ca",
                "crl",
                "ca",
                "--kind",
                "sign",
                "--pem",
                "--generation",
                generation,
                "-o",
                "list.pem",
            ],
            0,
        );
        let mut openssl = client("openssl", "openssl");
        openssl.args(["crl", "-in", "list.pem", "-noout", "-text"]);
        let text = openssl.current_dir(folder).output().unwrap().exits_with(0).out();
        assert_eq!(text.contains("Serial Number:"), revoked, "{text}");
    }
    let none = bench.run(
        &["ca", "crl", "ca", "--kind", "sign", "--generation", "3", "-o", "x"],
        2,
    );
    assert!(none.contains("1 to 2"), "{none}");
    // The clock of the machine before the authorities began.
    let early = bench.run(
        &["ca", "serve", "ca", "--now", "2020-01-01", "--listen", "localhost:0"],
        1,
    );
    assert!(early.contains("check the clock") && early.contains("--now"), "{early}");
    // A server that runs reports the generation that it has no keys of.
    let mut command = bench.command(&["ca", "serve", "ca", "--now", "2029-03-02", "--listen", "127.0.0.1:0"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = Serve::start_by(&mut command);
    let (_keyboard, screen) = running.streams();
    BufReader::new(screen).read_line(&mut String::new()).unwrap();
    bench.run(&["ca", "rollover", "ca", "--seed", "3"], 0);
    running.wait_for("start this server again");
}

/// 2029-03-02T00:00:30Z, a moment after the day that the server serves began.
const AT: &str = "1867104030";

/// The body of an answer.
fn body(answer: &[u8]) -> &[u8] {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    &answer[end + 4..]
}

#[test]
fn of_two_rollovers_at_once_one_makes_a_generation_and_the_other_nothing() {
    let bench = Bench::new();
    let start = || {
        let mut command = bench.command(&["ca", "rollover", "ca", "--begin", "2030-01-01"]);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let outputs = [start(), start()].map(|child| child.wait_with_output().unwrap());
    let refused: Vec<String> = outputs
        .iter()
        .filter(|one| !one.status.success())
        .map(Printed::err)
        .collect();
    // The other one looks while the first makes its keys, or afterwards.
    let expected = [
        "another process is changing these authorities",
        "begins after the one before",
    ];
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(expected.iter().any(|words| refused[0].contains(words)), "{refused:?}");
    let left: Vec<_> = fs::read_dir(bench.path("ca/generations"))
        .unwrap()
        .map(|one| one.unwrap().file_name())
        .collect();
    assert_eq!(left, ["2"]);
    bench.issue("after", 6, 0);
}

#[test]
fn certificates_name_the_address_that_their_authorities_were_made_with() {
    let bench = Bench::new();
    let folder = bench.folder.path();
    for (url, rule) in [
        ("https://localhost", "http://"),
        ("http://localhost/x", "nothing behind"),
        ("http://a b", "host"),
        ("http://localhost:0", "port"),
    ] {
        let refused = bench.run(&["ca", "init", "own", "--seed", "1", "--url", url], 2);
        assert!(refused.contains(rule), "{refused}");
    }
    assert!(!bench.path("own").exists());
    // A port that is free now, to be the one in the certificates.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let url = format!("http://authority.test:{port}");
    bench.run(&["ca", "init", "own", "--seed", "1", "--url", &url], 0);
    bench.run(&["issue", "--random", "--ca", "own", "--seed", "5", "-o", "mine"], 0);
    let text = |card: &str| {
        let certificate = bench.certificate(card, "jpki/000A");
        let mut openssl = client("openssl", "openssl");
        openssl.args(["x509", "-in", &certificate, "-noout", "-text"]);
        openssl.current_dir(folder).output().unwrap().exits_with(0).out()
    };
    let before = text("card");
    assert!(
        before.contains("OCSP - URI:http://localhost:47910/ocsp/auth-ca\n"),
        "{before}"
    );
    let own = text("mine");
    assert!(
        own.contains(&format!("OCSP - URI:{url}/ocsp/auth-ca\n")) && own.contains(&format!("CPS: {url}/cps.txt\n")),
        "{own}"
    );
    // The server takes port and host from the folder: what a program that reads the certificate asks for.
    let served = Served::start(&mut bench.command(&["ca", "serve", "own"]));
    assert_eq!(served.port, port);
    assert!(served.answers(&format!("authority.test:{port}")) && !served.answers("other.test"));
    served.end();
}

#[test]
fn a_built_in_card_of_another_time_is_served_by_its_own_generation() {
    let bench = Bench::new();
    let folder = bench.folder.path();
    let later = [
        "issue",
        "--random",
        "--seed",
        "5",
        "--issued",
        "2033-02-01",
        "-o",
        "later",
    ];
    bench.run(&later, 0);
    bench.run(&["ca", "export", "specimen", "-o", "trust"], 0);
    let certificate = bench.certificate("later", "jpki/0001");
    let served = bench.serve(&["specimen", "--fresh", "--now", "2033-03-01"]);
    let mut openssl = client("openssl", "openssl");
    openssl.args(["ocsp", "-CAfile", "trust/ca.pem", "-attime", "1993291200"]);
    openssl.args(["-issuer", "trust/sign-ca.pem", "-cert", &certificate]);
    openssl.args(["-url", &format!("http://localhost:{}/ocsp/sign-ca", served.port)]);
    let output = openssl.current_dir(folder).output().unwrap();
    let text = output.out() + &output.err();
    assert!(
        text.contains("Response verify OK") && text.contains("\ngood\n"),
        "{text}"
    );
}
