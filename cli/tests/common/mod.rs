//! What the tests of the command share: running it, and a virtual card served to a real pcscd of the test's own.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test program uses its own part of this module"
)]

pub mod frozen;
pub mod python;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use vmyna_applets::issued::{IssuedCard, MobileDocument};
use vmyna_applets::{PhoneKind, Profile, image, specimen};
use vmyna_testkit::{PrivatePcscd, client, isolated, require_library, require_program};

/// Longer than anything takes that works, also on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// `vmyna` with these arguments.
pub fn vmyna<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = starting(env!("CARGO_BIN_EXE_vmyna"));
    command.args(arguments);
    command
}

/// A program that is `vmyna` or starts it. It inherits no folder for the states of cards and keeps no register, so
/// no test writes to the user's.
pub fn starting(program: impl AsRef<OsStr>) -> Command {
    let mut command = isolated(program);
    // Tests issue from the same seeds again and again; those of the register have one each.
    command.env("VMYNA_REGISTER", "none");
    command
}

/// What a finished command has printed.
pub trait Printed {
    fn out(&self) -> String;
    fn err(&self) -> String;
    /// Fails the test unless the command ended with this exit status.
    fn exits_with(self, status: i32) -> Self;
}

impl Printed for Output {
    fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    #[track_caller]
    fn exits_with(self, status: i32) -> Self {
        assert_eq!(
            self.status.code(),
            Some(status),
            "standard output:\n{}\nstandard error:\n{}",
            self.out(),
            self.err()
        );
        self
    }
}

/// Runs a command to its end with this on its standard input.
pub fn run_with_input(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its input closes it early.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

/// A `vmyna serve` in the background.
pub struct Serve {
    child: Child,
    said: Receiver<String>,
    log: String,
}

impl Serve {
    /// Starts it with these arguments behind `serve`.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_by(vmyna(["serve"]).args(arguments))
    }

    /// Starts it by this command.
    pub fn start_by(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, said) = channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self {
            child,
            said,
            log: String::new(),
        }
    }

    /// Waits until it says something with `words` in it.
    #[track_caller]
    pub fn wait_for(&mut self, words: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(line) = self.said.recv_timeout(left) else {
                panic!("it has not said {words:?}, only:\n{}", self.log);
            };
            self.log += &format!("{line}\n");
            if line.contains(words) {
                return;
            }
        }
    }

    /// Its standard input and output, which were piped.
    pub fn streams(&mut self) -> (ChildStdin, ChildStdout) {
        (self.child.stdin.take().unwrap(), self.child.stdout.take().unwrap())
    }

    /// Whether it has said something with `words` in it so far.
    pub fn has_said(&mut self, words: &str) -> bool {
        self.log.extend(self.said.try_iter().map(|line| line + "\n"));
        self.log.contains(words)
    }

    /// Sends it a signal by its name, e.g. `INT`.
    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Waits for its end; gives its exit status and all it has said.
    #[track_caller]
    pub fn end(&mut self) -> (ExitStatus, String) {
        let status = wait(&mut self.child);
        self.log.extend(self.said.iter().map(|line| line + "\n"));
        (status, self.log.clone())
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process by its id.
pub fn signal(process: u32, name: &str) {
    let kill = format!("kill -s {name} {process}");
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

/// Waits for the end of a process.
#[track_caller]
pub fn wait(child: &mut Child) -> ExitStatus {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("the process has not ended");
}

/// A pcscd of the test's own with the card of `vmyna serve` in its reader.
pub struct Stack {
    pub pcscd: PrivatePcscd,
    pub serve: Serve,
}

impl Stack {
    /// Starts it and waits until programs see the card.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with this directory for the sockets of `serve`.
    pub fn start_in(runtime: &Path, arguments: &[&str]) -> Self {
        let pcscd = PrivatePcscd::start(1).unwrap();
        let vpcd = format!("127.0.0.1:{}", pcscd.ports()[0]);
        let mut command = vmyna(["serve", "--vpcd", &vpcd]);
        let serve = Serve::start_by(command.args(arguments).env("XDG_RUNTIME_DIR", runtime));
        let stack = Self { pcscd, serve };
        stack.wait_for_card();
        stack
    }

    /// The same with more arguments for `serve`.
    pub fn start_with(arguments: &[&str]) -> Self {
        Self::in_pcscd(PrivatePcscd::start(1).unwrap(), arguments)
    }

    /// The same with this pcscd, which has a reader.
    pub fn in_pcscd(pcscd: PrivatePcscd, arguments: &[&str]) -> Self {
        let vpcd = format!("127.0.0.1:{}", pcscd.ports()[0]);
        let serve = Serve::start(&[&["--vpcd", &vpcd], arguments].concat());
        let stack = Self { pcscd, serve };
        stack.wait_for_card();
        stack
    }

    /// Waits until programs see the card.
    #[track_caller]
    pub fn wait_for_card(&self) {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if self
                .vmyna(["readers"])
                .output()
                .unwrap()
                .out()
                .contains("card with ATR")
            {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("no card in the reader; pcscd says:\n{}", self.pcscd.log());
    }

    /// `vmyna` as a client of this pcscd.
    pub fn vmyna<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = vmyna(arguments);
        command.envs(self.pcscd.environment());
        command
    }

    /// A program of a Debian package as a client of this pcscd.
    pub fn program(&self, (name, package): (&str, &str), arguments: &[&str]) -> Command {
        let mut command = client(name, package);
        command.args(arguments).envs(self.pcscd.environment());
        command
    }
}

/// An image in this folder with the token of a phone: certificates and PINs of the specimen Hanako's card. Its mdoc is no
/// mdoc.
pub fn phone_image(folder: &Path, kind: PhoneKind) -> String {
    let card = specimen::find("hanako").unwrap().unwrap();
    let mdoc = (kind == PhoneKind::Iphone).then(|| MobileDocument {
        issuer_signed: vec![0xA0],
        device_key: card.jpki.auth.as_ref().unwrap().key.clone(),
    });
    let phone = IssuedCard::of_phone(card.name, Profile::phone(kind), card.summary, card.jpki, mdoc);
    let path = folder.join("phone.vmyna");
    let mut image = image::create(&path).unwrap();
    image.add(&phone).unwrap();
    image.finish().unwrap();
    path.to_str().unwrap().to_owned()
}

/// The path of OpenSC's PKCS#11 module, for programs that would otherwise load every module that p11-kit knows.
pub fn opensc_module() -> String {
    let module = require_library("opensc-pkcs11.so", "opensc-pkcs11");
    module.to_str().unwrap().to_owned()
}

/// Runs openssl in a directory; fails the test unless it succeeds.
#[track_caller]
pub fn openssl(directory: &Path, arguments: &[&str]) -> String {
    let output = client("openssl", "openssl")
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap();
    output.exits_with(0).out()
}

/// Writes the public key of a certificate (DER) as `key.pem`.
#[track_caller]
pub fn write_public_key(directory: &Path, certificate: &[u8]) {
    std::fs::write(directory.join("certificate.der"), certificate).unwrap();
    let key = ["-pubkey", "-noout", "-out", "key.pem"];
    openssl(
        directory,
        &[&["x509", "-in", "certificate.der", "-inform", "DER"][..], &key].concat(),
    );
}

/// Fails the test unless `signature` is that of the file `text`, made with SHA-256 and the key of `key.pem`.
#[track_caller]
pub fn is_signed(directory: &Path, signature: &str) {
    let verify = ["dgst", "-sha256", "-verify", "key.pem", "-signature", signature, "text"];
    assert_eq!(openssl(directory, &verify).trim(), "Verified OK", "{signature}");
}

/// What a terminal has shown begins and ends with its modes (`stty -g`): fails the test unless they are the same.
#[track_caller]
pub fn modes_are_as_before(shown: &str) {
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(
        lines.first(),
        lines.last(),
        "the terminal was left in another mode:\n{shown}"
    );
}

/// Runs a script on a terminal of its own: types the keys when the prompt is shown; gives all that the terminal shows.
#[track_caller]
pub fn typed(script: &str, prompt: &str, keys: &[u8]) -> String {
    typed_at(script, &[(prompt, keys)])
}

/// Runs a script on a terminal of its own: types the keys of each step when its prompt is shown behind that of the step
/// before, or 0.3 seconds later if it has no prompt; gives all that the terminal shows.
#[track_caller]
pub fn typed_at(script: &str, steps: &[(&str, &[u8])]) -> String {
    // A terminal's programs have Ctrl-C, whoever started this test.
    let mut terminal = starting("env")
        .arg("--default-signal=INT,QUIT")
        .arg(require_program("script", "bsdutils"))
        .args(["--quiet", "--return", "--command", script, "/dev/null"])
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut keyboard, mut screen) = (terminal.stdin.take().unwrap(), terminal.stdout.take().unwrap());
    let mut shown = Vec::new();
    let mut buffer = [0; 4096];
    let mut steps = steps.iter().peekable();
    let mut behind = 0;
    // A terminal whose programs have ended reads as ended.
    while let Ok(count @ 1..) = screen.read(&mut buffer) {
        shown.extend_from_slice(&buffer[..count]);
        while let Some((prompt, keys)) = steps.peek() {
            if prompt.is_empty() {
                thread::sleep(Duration::from_millis(300));
            } else if let Some(place) = String::from_utf8_lossy(&shown[behind..]).find(prompt) {
                behind += place + prompt.len();
            } else {
                break;
            }
            keyboard.write_all(keys).unwrap();
            steps.next();
        }
    }
    wait(&mut terminal);
    String::from_utf8_lossy(&shown).replace('\r', "")
}

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs");

/// The lines that a page of docs/ shows as printed: indented by four.
pub fn shown(page: &str) -> Vec<String> {
    let text = std::fs::read_to_string(format!("{DOCS}/{page}")).unwrap();
    let mut in_block = false;
    let mut shown = Vec::new();
    for line in text.lines() {
        in_block ^= line.starts_with("```");
        if let (false, Some(line)) = (in_block, line.strip_prefix("    ")) {
            shown.push(line.to_owned());
        }
    }
    shown
}

/// Waits until the process handles the signals to end in order: before that it has not begun, and one would kill it.
pub fn has_begun(child: &Child) {
    let end = Instant::now() + PATIENCE;
    let status = format!("/proc/{}/status", child.id());
    let handles = |line: &str| {
        let (name, mask) = line.split_once(':').unwrap();
        // The signals to end in order are set up together: SIGTERM is the last one of them that no shell handles.
        name == "SigCgt" && u64::from_str_radix(mask.trim(), 16).unwrap() >> (15 - 1) & 1 == 1
    };
    while !std::fs::read_to_string(&status).unwrap().lines().any(handles) {
        assert!(Instant::now() < end, "it does not begin");
        thread::sleep(Duration::from_millis(5));
    }
}
