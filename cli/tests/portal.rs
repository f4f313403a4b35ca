//! `vmyna portal` as a command: what it refuses, what it keeps, how it ends. The browser tests use its pages.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use common::{Printed, signal, vmyna, wait};

fn portal(state: &Path) -> Command {
    let mut command = vmyna(["portal", "--listen", "127.0.0.1:0", "--state"]);
    command.arg(state);
    command
}

/// A running portal, which ends with the test.
struct Running {
    child: Child,
    origin: String,
    registration: String,
}

impl Running {
    fn start(state: &Path) -> Self {
        let mut child = portal(state).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut line = || lines.next().unwrap().unwrap();
        let (first, second) = (line(), line());
        let word = |text: &str, number: usize| text.split(' ').nth(number).unwrap().to_owned();
        Self {
            child,
            origin: word(&first, 5),
            registration: second.rsplit_once(": ").unwrap().1.to_owned(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_key_is_kept_for_its_owner_and_the_registration_names_the_address() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let mut first = Running::start(&state);
    let keys = fs::read_to_string(state.join("client-jwks.json")).unwrap();
    assert!(keys.contains("\"ES256\"") && !keys.contains("\"d\""), "{keys}");
    let registration = fs::read_to_string(&first.registration).unwrap();
    assert!(
        registration.contains(&format!("{}callback", first.origin)),
        "{registration}"
    );
    for file in ["client-key.pem", "linkage-secret"] {
        let mode = fs::metadata(state.join(file)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{file}");
    }
    signal(first.child.id(), "TERM");
    assert!(wait(&mut first.child).success());
    let second = Running::start(&state);
    assert_eq!(fs::read_to_string(state.join("client-jwks.json")).unwrap(), keys);
    assert_ne!(second.origin, first.origin);
    assert!(
        fs::read_to_string(&second.registration)
            .unwrap()
            .contains(&second.origin)
    );
}

#[test]
fn an_issuer_or_address_beyond_this_machine_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (
            &["--issuer", "https://localhost/realm"][..],
            "the issuer is http://localhost",
        ),
        (
            &["--issuer", "http://auth.example/realm"],
            "the issuer is http://localhost",
        ),
        (&["--listen", "192.0.2.1:0"], "--insecure-remote allows it"),
        (&["--host", "a\"b"], "a host is a name like test.example"),
    ] {
        let mut command = vmyna(["portal", "--state"]);
        command.arg(folder.path().join("state")).args(arguments);
        if !arguments.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let output = command.output().unwrap();
        assert!(
            !output.status.success() && output.err().contains(words),
            "{arguments:?}: {}",
            output.err()
        );
    }
}

#[test]
fn a_damaged_key_and_missing_authorities_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("client-key.pem"), "no key").unwrap();
    let output = portal(folder.path()).output().unwrap().exits_with(1);
    assert!(
        output.err().contains("client-key.pem: this is no private key")
            && output.err().contains("Move it away: a new one is made"),
        "{}",
        output.err()
    );
    let fresh = tempfile::tempdir().unwrap();
    let output = portal(fresh.path()).args(["--ca", "nothing-here"]).output().unwrap();
    assert!(
        !output.status.success() && output.err().contains("nothing-here"),
        "{}",
        output.err()
    );
}
