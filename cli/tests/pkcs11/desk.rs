//! A directory with a card, and a shell in it whose programs see the card in a reader.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use tempfile::TempDir;
use vmyna_testkit::clients::Way;
use vmyna_testkit::configurations::configuration;
use vmyna_testkit::{client, require_program};

use crate::common::{Printed, Stack, is_signed, opensc_module, openssl, run_with_input, vmyna};
use crate::issued;

/// A card that is under no authority of these tests, with the same PINs.
pub(crate) const ANOTHER: &str = "specimen:hanako";

pub(crate) struct Desk {
    directory: TempDir,
    card: String,
    /// `None` for the own PC/SC service, which each script gets anew.
    stack: Option<Stack>,
}

impl Desk {
    /// With the issued card, `card.vmyna`, in the reader.
    pub(crate) fn new(way: Way) -> Desk {
        let directory = Desk::directory_with_the_card();
        let card = directory.path().join("card.vmyna").to_str().unwrap().to_owned();
        Desk::with(way, directory, card)
    }

    /// With [`ANOTHER`] in the reader.
    pub(crate) fn with_another_card(way: Way) -> Desk {
        Desk::with(way, Desk::directory_with_the_card(), ANOTHER.to_owned())
    }

    /// With a card of this directory in the reader of the own PC/SC service.
    pub(crate) fn with_card(directory: TempDir, card: &str) -> Desk {
        let card = directory.path().join(card).to_str().unwrap().to_owned();
        Desk::with(Way::Service, directory, card)
    }

    /// Puts another card of the directory into the reader.
    pub(crate) fn insert(&mut self, card: &str) {
        self.card = self.path().join(card).to_str().unwrap().to_owned();
    }

    fn directory_with_the_card() -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        issued::lay_out(directory.path());
        directory
    }

    fn with(way: Way, directory: TempDir, card: String) -> Desk {
        let stack = match way {
            Way::Service => None,
            Way::Vpcd => Some(Stack::start_with(&["--card", &card])),
            Way::Software | Way::Services | Way::Provider | Way::Mdoc => panic!("these clients need PC/SC"),
        };
        Desk { directory, card, stack }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn write(&self, file: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path().join(file), content).unwrap();
    }

    /// Writes these files of `docs/configurations.md`.
    pub(crate) fn configure(&self, files: &[&str]) {
        for file in files {
            self.write(file, configuration(file));
        }
    }

    /// Fails the test unless `signature` is that of the file `text`, by SHA-256 and the key of this certificate.
    #[track_caller]
    pub(crate) fn is_signed(&self, certificate: &str, signature: &str) {
        let key = ["x509", "-in", certificate, "-pubkey", "-noout", "-out", "key.pem"];
        openssl(self.path(), &key);
        is_signed(self.path(), signature);
    }

    /// The tries left of the authentication key's PIN and of the signature key's, as OpenSC sees them.
    pub(crate) fn tries_left(&self) -> [u8; 2] {
        require_program("pkcs15-tool", "opensc");
        let pins = self.run("pkcs15-tool --list-pins", &[]).exits_with(0).out();
        let tries = pins
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Tries left     : "));
        let tries: Vec<u8> = tries.map(|tries| tries.parse().unwrap()).collect();
        tries.try_into().unwrap()
    }

    /// Runs a shell's script here to its end, without a terminal, with these variables besides [`environment`].
    pub(crate) fn run(&self, script: &str, variables: &[(&str, &str)]) -> Output {
        let shell = require_program("sh", "dash");
        let mut command = match &self.stack {
            None => {
                let mut command = vmyna(["run", "--card", &self.card, "--"]);
                command.arg(shell);
                command
            }
            Some(stack) => stack.program(("sh", "dash"), &[]),
        };
        command.args(["-e", "-c", script]).current_dir(self.path());
        command.envs(environment()).envs(variables.iter().copied());
        run_with_input(&mut command, b"")
    }
}

/// What scripts find in their environment: the PKCS#11 module, and the card's two tokens as RFC 7512 writes them.
fn environment() -> [(&'static str, String); 3] {
    [
        ("MODULE", opensc_module()),
        (
            "AUTH",
            "pkcs11:token=JPKI%20%28User%20Authentication%20PIN%29".to_owned(),
        ),
        ("SIGN", "pkcs11:token=JPKI%20%28Digital%20Signature%20PIN%29".to_owned()),
    ]
}

/// openssl's engine has no program to look for.
pub(crate) fn require_openssl_engine() {
    let mut command = client("openssl", "openssl");
    let found = command
        .args(["engine", "pkcs11"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(
        found.unwrap().success(),
        "this test needs openssl's engine for PKCS#11, which is missing: apt-get install libengine-pkcs11-openssl"
    );
}
