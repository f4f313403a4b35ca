//! `vmyna idp`: its files, its messages, and what the authorities of its cards decide.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use common::{Printed, vmyna};
use vmyna_testkit::client;

/// A provider in the background.
struct Provider {
    child: Child,
    issuer: String,
}

impl Provider {
    fn start(command: &mut Command) -> Self {
        Self::start_at(command.args(["--listen", "127.0.0.1:0"]))
    }

    fn start_at(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let issuer = line.trim().strip_prefix("Serving the identity provider ");
        let issuer = issuer.unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self { child, issuer }
    }

    fn port(&self) -> u16 {
        let port = self.issuer.split([':', '/']).find_map(|part| part.parse().ok());
        port.unwrap()
    }

    fn send(&self, line: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port())).unwrap();
        let (port, length) = (self.port(), body.len());
        let request = format!(
            "{line} HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://localhost:{port}\r\nConnection: \
             close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn get(&self, path: &str) -> String {
        self.send(&format!("GET {path}"), "", "")
    }

    /// The page after these answers, from the first one on.
    fn log_in(&self, redirect_uri: &str, client_id: &str, answers: &[&str]) -> String {
        let path = format!(
            "/api/realms/main/protocol/openid-connect/auth?response_type=code&client_id={client_id}&redirect_uri={redirect_uri}\
             &scope=openid&state=s&nonce=n&code_challenge={}&code_challenge_method=S256",
            "A".repeat(43)
        );
        answers.iter().fold(self.get(&path), |page, answer| {
            let (_, rest) = page
                .split_once(r#"name="transaction" value=""#)
                .unwrap_or_else(|| panic!("{page}"));
            let token = rest.split('"').next().unwrap();
            let form = "Content-Type: application/x-www-form-urlencoded\r\n";
            let answer = self.send(
                "POST /api/realms/main/login",
                form,
                &format!("transaction={token}&{answer}"),
            );
            // The page that answers a form with a PIN is at an address of its own.
            let page = answer.lines().find_map(|line| line.strip_prefix("location: /"));
            match page {
                Some(page) => self.get(&format!("/{page}")),
                None => answer,
            }
        })
    }

    /// Stops it; all that it has logged.
    fn end(mut self) -> String {
        common::signal(self.child.id(), "TERM");
        assert!(common::wait(&mut self.child).success());
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        log
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const REDIRECT: &str = "http://127.0.0.1:3000/cb";
/// The answers of a person who takes the first card and knows its PIN.
const LOG_IN: [&str; 2] = ["action=choose&card=0", "action=prove&auth_pin=1234"];

/// A registration of the relying party `shop` in a folder.
fn register(folder: &Path) -> String {
    let (key, public) = (folder.join("key.pem"), folder.join("public.pem"));
    let openssl = |arguments: &[&str], files: [&Path; 2]| {
        let mut command = client("openssl", "openssl");
        command.args(arguments).arg(files[0]).arg("-out").arg(files[1]);
        command.output().unwrap().exits_with(0);
    };
    let made = [
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-out",
    ];
    client("openssl", "openssl")
        .args(made)
        .arg(&key)
        .output()
        .unwrap()
        .exits_with(0);
    openssl(&["pkey", "-pubout", "-in"], [&key, &public]);
    let file = folder.join("clients.toml");
    let text = format!(
        "[[client]]\nid = \"shop\"\nname = \"The shop\"\nredirect_uris = [\"{REDIRECT}\"]\nsigning_alg = \"ES256\"\nkey_file = \
         \"public.pem\"\n"
    );
    fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn the_practice_portal_is_known_without_a_registration_file() {
    let home = tempfile::tempdir().unwrap();
    let mut command = vmyna(["idp"]);
    let provider = Provider::start(command.env("XDG_STATE_HOME", home.path()));
    let port = provider.port();
    assert_eq!(provider.issuer, format!("http://localhost:{port}/api/realms/main"));
    let document = provider.get("/api/realms/main/.well-known/openid-configuration");
    assert!(document.contains(&format!(r#""issuer":"{}""#, provider.issuer)));
    // All built-in cards can be chosen.
    let page = provider.log_in("http://127.0.0.1:47921/callback", "portal", &[]);
    for card in ["specimen:hanako", "specimen:expired", "specimen:child"] {
        assert!(page.contains(card), "{page}");
    }
    assert!(page.contains("Practice portal"));
    assert!(
        provider
            .log_in("http://127.0.0.1:47922/callback", "portal", &[])
            .starts_with("HTTP/1.1 400")
    );
    // Nothing is written where the portal keeps its key.
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn faults_of_a_registration_file_are_named_with_file_line_and_field() {
    let folder = tempfile::tempdir().unwrap();
    let file = register(folder.path());
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("ES256", "HS256").replace("\"shop\"", "\"a shop\"")).unwrap();
    let output = vmyna(["idp", "--clients", &file]).output().unwrap().exits_with(1);
    for fault in [":  line 2: client[0].id: ", ": line 5: client[0].signing_alg: "] {
        let fault = fault.replace(":  ", ": ");
        assert!(
            output.err().contains(&format!("clients.toml{fault}")),
            "{}",
            output.err()
        );
    }
    let output = vmyna(["idp", "--clients", "/nonexistent/clients.toml"])
        .output()
        .unwrap();
    assert!(!output.status.success() && output.err().contains("/nonexistent/clients.toml"));
}

#[test]
fn an_address_beyond_this_machine_is_refused() {
    let output = vmyna(["idp", "--listen", "0.0.0.0:0"]).output().unwrap().exits_with(2);
    assert!(output.err().contains("--insecure-remote"), "{}", output.err());
}

#[test]
fn the_issuer_that_is_printed_is_the_one_that_is_served() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, host) in [
        (&["--listen", "127.0.0.1:0"][..], "localhost"),
        (&["--listen", "127.0.0.2:0"], "127.0.0.2"),
        (&["--listen", "127.0.0.1:0", "--host", "Test.Example"], "test.example"),
    ] {
        let mut command = vmyna(["idp", "specimen:hanako"]);
        let provider = Provider::start_at(command.env("XDG_STATE_HOME", folder.path()).args(arguments));
        let (issuer, port) = (&provider.issuer, provider.port());
        assert_eq!(*issuer, format!("http://{host}:{port}/api/realms/main"));
        let address = if host == "127.0.0.2" { host } else { "127.0.0.1" };
        let mut stream = TcpStream::connect((address, port)).unwrap();
        let path = "/api/realms/main/.well-known/openid-configuration";
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains(&format!("\"issuer\":\"{issuer}\"")), "{answer}");
    }
}

#[test]
fn hosts_that_are_no_names_are_refused() {
    let long = format!("{}.example", "a".repeat(64));
    for host in [
        "",
        "a b",
        "a/b",
        "a:1",
        "a\"b",
        "a..b",
        ".a",
        "a.",
        "-a",
        "見本.example",
        &long,
    ] {
        for command in ["idp", "portal", "desk"] {
            let output = vmyna([command, &format!("--host={host}")])
                .output()
                .unwrap()
                .exits_with(2);
            assert!(output.err().contains("--host"), "{command} {host}: {}", output.err());
        }
        let output = vmyna(["ca", "serve", "specimen", &format!("--host={host}")]).output();
        assert!(output.unwrap().exits_with(2).err().contains("--host"), "{host}");
    }
}

#[test]
fn a_card_that_is_not_there_is_named_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.vmyna");
    let mut command = vmyna(["idp", "--listen", "127.0.0.1:0", "specimen:hanako"]);
    let output = command.env("XDG_STATE_HOME", folder.path()).arg(&missing).output();
    let output = output.unwrap().exits_with(2);
    assert!(output.err().contains("missing.vmyna"), "{}", output.err());
    assert!(output.out().is_empty());
}

#[test]
fn keys_are_kept_in_a_file_for_their_owner_or_new_at_each_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.pem");
    let certs = |kept: bool| {
        let mut command = vmyna(["idp"]);
        command.env("XDG_STATE_HOME", folder.path());
        if kept {
            command.arg("--keys").arg(&file);
        }
        let provider = Provider::start(&mut command);
        let answer = provider.get("/api/realms/main/protocol/openid-connect/certs");
        answer.rsplit("\r\n").next().unwrap().to_owned()
    };
    let first = certs(true);
    assert_eq!(certs(true), first);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_ne!(certs(false), first);
    fs::write(&file, "no keys").unwrap();
    let output = vmyna(["idp", "--keys"])
        .arg(&file)
        .env("XDG_STATE_HOME", folder.path())
        .output();
    let output = output.unwrap().exits_with(1);
    assert!(
        output.err().contains("keys.pem") && output.err().contains("Name another file: it is made"),
        "{}",
        output.err()
    );
}

/// Where a log-in with the first card ends.
#[track_caller]
fn ends(provider: &Provider, expected: &str) {
    let mut page = provider.log_in(REDIRECT, "shop", &LOG_IN);
    if !page.starts_with("HTTP/1.1 303") {
        page = provider.log_in(REDIRECT, "shop", &[LOG_IN[0], LOG_IN[1], "action=refuse"]);
    }
    assert!(page.contains(expected), "{expected}: {page}");
}

#[test]
fn the_authority_decides_whose_cards_are_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let file = register(folder.path());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (ca, card, register) = (path("ca"), path("card.vmyna"), path("register"));
    vmyna(["ca", "init", &ca]).output().unwrap().exits_with(0);
    vmyna(["issue", "--random", "--ca", &ca, "-o", &card])
        .output()
        .unwrap()
        .exits_with(0);
    let idp = |arguments: &[&str], card: &str| {
        let mut command = vmyna(["idp", "--clients", &file]);
        Provider::start(command.args(arguments).arg(card).env("VMYNA_REGISTER", &register))
    };
    ends(&idp(&[], &card), "error_description=certificate_not_verified");
    ends(
        &idp(&["--ca", &ca], "specimen:hanako"),
        "error_description=certificate_not_verified",
    );
    // The specimen's register decides as it is at each log-in.
    let both = idp(&["--ca", "specimen", "--ca", &ca], "specimen:hanako");
    ends(&both, "?code=");
    let mut revoke = vmyna([
        "ca",
        "revoke",
        "specimen",
        "--card",
        "specimen:hanako",
        "--reason",
        "keyCompromise",
    ]);
    revoke.env("VMYNA_REGISTER", &register).output().unwrap().exits_with(0);
    ends(&both, "error_description=certificate_revoked");
    let log = both.end();
    assert!(
        log.contains("login: code") && log.contains("certificate_revoked") && !log.contains("1234"),
        "{log}"
    );
    ends(
        &idp(&["--at", "2060-01-01"], "specimen:child"),
        "error_description=certificate_expired",
    );
}

#[test]
fn a_blocked_card_and_the_counter_work_together() {
    let folder = tempfile::tempdir().unwrap();
    let file = register(folder.path());
    let card = folder.path().join("card.vmyna").to_str().unwrap().to_owned();
    let register = folder.path().join("register");
    let kept = |mut command: Command| {
        command.env("VMYNA_REGISTER", &register);
        command
    };
    kept(vmyna(["issue", "--random", "-o", &card]))
        .output()
        .unwrap()
        .exits_with(0);
    let provider = Provider::start(&mut kept(vmyna(["idp", "--clients", &file, &card])));
    let wrong = "action=prove&auth_pin=0000";
    let page = provider.log_in(REDIRECT, "shop", &[LOG_IN[0], wrong, wrong, wrong]);
    assert!(page.contains("counter"), "{page}");
    ends(&provider, "error_description=pin_blocked");
    // While the provider runs.
    let reset = kept(vmyna(["counter", &card, "reset-pin", "auth=4321"])).output();
    reset.unwrap().exits_with(0);
    let page = provider.log_in(REDIRECT, "shop", &[LOG_IN[0], "action=prove&auth_pin=4321"]);
    assert!(page.contains("?code="), "{page}");
}

#[test]
fn a_phone_is_accepted_until_it_is_lost_emptied_or_its_person_dies() {
    const PERSON: &str = "name = \"見本　花代\"\naddress = \"東京都千代田区見本町１\"\nbirth = 1992-05-08\nsex = \"female\"\n\
                          [municipality]\ncode = \"13101\"\n";
    let folder = tempfile::tempdir().unwrap();
    let file = register(folder.path());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("person.toml"), PERSON).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = vmyna(arguments);
        command.env("VMYNA_REGISTER", path("register"));
        command
    };
    let does = |arguments: &[&str]| run(arguments).output().unwrap().exits_with(0);
    let card = path("card.vmyna");
    does(&["issue", &path("person.toml"), "-o", &card]);
    // What happens then, and how a log-in ends afterwards.
    for (number, (event, expected)) in [
        (&["counter", "CARD", "phone-lost"][..], "certificate_revoked"),
        (&["phone", "remove", "PHONE"], "card_not_suitable"),
        (&["counter", "CARD", "death"], "certificate_revoked"),
    ]
    .into_iter()
    .enumerate()
    {
        let phone = path(&format!("phone-{number}.vmyna"));
        does(&[
            "phone",
            "add",
            &card,
            "--kind",
            "android",
            "--pin",
            "sign=ABC123",
            "-o",
            &phone,
        ]);
        let provider = Provider::start(&mut run(&["idp", "--clients", &file, &phone]));
        ends(&provider, "?code=");
        let event: Vec<_> = event
            .iter()
            .map(|word| match *word {
                "CARD" => &*card,
                "PHONE" => &*phone,
                other => other,
            })
            .collect();
        does(&event);
        ends(&provider, &format!("error_description={expected}"));
        let log = provider.end();
        assert!(log.contains(expected) && !log.contains("1234"), "{log}");
    }
}

#[test]
#[cfg(feature = "openssl")]
fn over_tls_the_issuer_begins_with_https() {
    let folder = tempfile::tempdir().unwrap();
    let file = register(folder.path());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (certificate, key) = (path("cert.pem"), path("key.pem"));
    let arguments = [
        "req",
        "-x509",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
        "-days",
        "2",
        "-key",
    ];
    let mut made = client("openssl", "openssl");
    made.args(arguments)
        .args([&key, "-out", &certificate])
        .output()
        .unwrap()
        .exits_with(0);
    let provider =
        Provider::start(vmyna(["idp", "--clients", &file, "--tls", &certificate, &key]).arg("specimen:hanako"));
    let (issuer, port) = (&provider.issuer, provider.port());
    assert_eq!(*issuer, format!("https://localhost:{port}/api/realms/main"));
    // A program that knows nothing of vmyna, with its own TLS.
    let script = "
        import json, ssl, sys, urllib.request, urllib.parse
        issuer, certificate = sys.argv[1:]
        context = ssl.create_default_context(cafile=certificate)
        document = json.load(urllib.request.urlopen(issuer + '/.well-known/openid-configuration', context=context))
        assert document['issuer'] == issuer, document['issuer']
        assert document['token_endpoint'].startswith('https://localhost:')
        query = urllib.parse.urlencode(dict(response_type='code', client_id='shop', redirect_uri='http://127.0.0.1:3000/cb',
            scope='openid', state='s', nonce='n', code_challenge='A' * 43, code_challenge_method='S256'))
        page = urllib.request.urlopen(document['authorization_endpoint'] + '?' + query, context=context).read().decode()
        token = page.split('name=\"transaction\" value=\"')[1].split('\"')[0]
        origin = issuer.removesuffix('/api/realms/main')
        form = urllib.parse.urlencode(dict(transaction=token, action='choose', card='0')).encode()
        request = urllib.request.Request(origin + '/api/realms/main/login', form, {'Origin': origin})
        print('PIN to log in' in urllib.request.urlopen(request, context=context).read().decode())
        try:
            urllib.request.urlopen(origin.replace('https', 'http') + '/')
        except Exception as error:
            print('not without TLS')
    ";
    let script: String = script
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix("        ").unwrap_or(line)))
        .collect();
    let mut python = client("python3", "python3");
    let output = python
        .args(["-c", script.trim_start(), issuer, &certificate])
        .output()
        .unwrap()
        .exits_with(0);
    assert_eq!(output.out(), "True\nnot without TLS\n");
    // The origin without TLS is another one.
    let mut other = vmyna(["idp", "--clients", &file, "--tls", &certificate, &certificate]);
    let refused = other.output().unwrap().exits_with(1);
    assert!(refused.err().contains("private key"), "{}", refused.err());
}
