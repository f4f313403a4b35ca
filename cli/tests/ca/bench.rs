//! Authorities in a folder with a card of theirs, and the server that answers for them.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use vmyna_testkit::client;

use crate::common::{Printed, vmyna};

/// A folder with authorities and a card of theirs.
pub(crate) struct Bench {
    pub(crate) folder: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let bench = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        bench.run(&["ca", "init", "ca", "--seed", "1"], 0);
        bench.issue("card", 5, 0);
        bench
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = vmyna(arguments);
        command
            .current_dir(&self.folder)
            .env("VMYNA_REGISTER", self.path("built-in"));
        command
    }

    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str], status: i32) -> String {
        let output = self.command(arguments).output().unwrap().exits_with(status);
        output.out() + &output.err()
    }

    pub(crate) fn issue(&self, name: &str, seed: u32, status: i32) -> String {
        let seed = seed.to_string();
        self.run(
            &["issue", "--random", "--ca", "ca", "--seed", &seed, "-o", name],
            status,
        )
    }

    /// Writes a declaration file with an application of one file that all can read.
    pub(crate) fn declare_notes(&self) -> &'static str {
        let text = "format = 1\n[[application]]\nname = \"notes\"\ntitle = \"覚書AP\"\naid = \"F0 54 45 53 54\"\nsource = \"an invention\"\n\
                    [[application.file]]\nname = \"note\"\nef = \"0001\"\ncontent = { text = \"hello\" }\nread = \"always\"\n";
        fs::write(self.path("notes.ap.toml"), text).unwrap();
        "notes.ap.toml"
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn list(&self, options: &[&str]) -> Vec<Value> {
        let text = self.run(&[&["ca", "list", "ca", "--json"][..], options].concat(), 0);
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The certificate of a card's file, as PEM.
    pub(crate) fn certificate(&self, card: &str, file: &str) -> String {
        let der = self
            .command(&["files", card, file, "--object"])
            .output()
            .unwrap()
            .exits_with(0);
        let name = format!("{}.pem", file.replace([' ', '/'], "-"));
        fs::write(self.path("certificate.der"), der.stdout).unwrap();
        let mut openssl = client("openssl", "openssl");
        openssl.args(["x509", "-inform", "DER", "-in", "certificate.der", "-out", &name]);
        openssl.current_dir(&self.folder).output().unwrap().exits_with(0);
        name
    }

    pub(crate) fn serve(&self, options: &[&str]) -> Served {
        Served::start(&mut self.command(&[&["ca", "serve", "--listen", "localhost:0"], options].concat()))
    }
}

pub(crate) struct Served {
    child: Child,
    pub(crate) port: u16,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    /// Starts `vmyna ca serve` and waits until it has printed its addresses.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.split_whitespace().find(|word| word.starts_with("http://"));
        let port = address.unwrap_or_else(|| panic!("{line}")).trim_end_matches('/');
        let port = port.rsplit(':').next().unwrap().parse().unwrap();
        Self { child, port }
    }

    /// The whole answer to GET for a path, as a request of HTTP/1.1 names this host.
    pub(crate) fn get(&self, host: &str, path: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }

    /// Whether a request that names this host is answered; otherwise it is refused.
    pub(crate) fn answers(&self, host: &str) -> bool {
        let answer = self.get(host, "/");
        let refused = answer.starts_with(b"HTTP/1.1 421 ");
        assert!(refused || answer.starts_with(b"HTTP/1.1 200 "), "{host}");
        !refused
    }

    /// What openssl prints of a certificate's status.
    pub(crate) fn ask(&self, folder: &Path, ca: &str, certificate: &str, kind: &str) -> String {
        let mut openssl = client("openssl", "openssl");
        openssl.args(["ocsp", "-CAfile", ca, "-issuer", ca, "-cert", certificate]);
        openssl.args(["-url", &format!("http://localhost:{}/ocsp/{kind}-ca", self.port)]);
        let output = openssl.current_dir(folder).output().unwrap();
        output.out() + &output.err()
    }

    /// Ends it as Ctrl-C does.
    pub(crate) fn end(mut self) -> String {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert!(self.child.wait().unwrap().success(), "{log}");
        log
    }
}
