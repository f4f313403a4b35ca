//! docs/tutorial-login.md: its commands run in their order, each terminal of its own as a process, and print what the page
//! shows; what it shows of the sites is in their files.
//!
//! The ports of the page are replaced by free ones. npm's packages and the site in Rust are built in cargo's directory for
//! tests' files, at the versions of the lock files.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use common::{Printed, shown};
use vmyna_testkit::clients::{Way, proves};
use vmyna_testkit::configurations::{Block, blocks};
use vmyna_testkit::require_program;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/login");
const PAGE: &str = "tutorial-login.md";
/// The ports of the page: that of the provider, that of the site.
const PORTS: [&str; 2] = ["47920", "47930"];
/// A build of the site in Rust from nothing takes a minute, and more on a busy machine.
const BUILD: Duration = Duration::from_secs(600);

/// Whether a block is a part of a file; the others are commands, named by a comment.
fn is_file(block: &Block) -> bool {
    block.name.contains('.') && !block.name.contains(' ')
}

#[test]
fn both_pages_have_the_same_commands_and_show_the_same_lines() {
    let japanese = "tutorial-login.ja.md";
    let english = blocks(PAGE);
    assert!(english.len() > 12, "only {} blocks were found", english.len());
    assert_eq!(english, blocks(japanese));
    assert_eq!(shown(PAGE), shown(japanese));
}

#[test]
fn what_the_page_shows_of_a_file_is_in_it() {
    let parts: Vec<_> = blocks(PAGE).into_iter().filter(is_file).collect();
    assert!(parts.len() > 5, "only {} parts were found", parts.len());
    for part in parts {
        let file = fs::read_to_string(Path::new(EXAMPLE).join(&part.name)).unwrap();
        assert!(
            file.contains(&part.text),
            "{} has no part like this:\n{}",
            part.name,
            part.text
        );
    }
}

/// The folder of the tutorial, with programs and ports of its own.
struct Tutorial {
    folder: tempfile::TempDir,
    ports: [String; 2],
}

impl Tutorial {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        symlink(env!("CARGO_BIN_EXE_vmyna"), bin.join("vmyna")).unwrap();
        // Both are held until both are known, so that they differ.
        let held = [0; 2].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
        let ports = held.map(|listener| listener.local_addr().unwrap().port().to_string());
        let tutorial = Self { folder, ports };
        tutorial.copy(Path::new(EXAMPLE), &tutorial.folder.path().join("examples/login"));
        tutorial
    }

    fn own_ports(&self, text: &str) -> String {
        let replaced = text.replace(PORTS[0], &self.ports[0]);
        replaced.replace(PORTS[1], &self.ports[1])
    }

    fn copy(&self, from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let (path, to) = (entry.path(), to.join(entry.file_name()));
            // What somebody has built there is none of the files.
            match (path.is_dir(), entry.file_name().to_str()) {
                (true, Some("node_modules" | "target")) => {}
                (true, _) => self.copy(&path, &to),
                (false, _) => fs::write(to, self.own_ports(&fs::read_to_string(path).unwrap())).unwrap(),
            }
        }
    }

    /// A shell with this script. Not isolated: npm and cargo need the user's caches and registries.
    fn shell(&self, script: &str) -> Command {
        let sh = require_program("sh", "dash");
        let path = std::env::var("PATH").unwrap_or_default();
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("login-site");
        let mut command = Command::new(sh);
        command
            .args(["-e", "-c", &self.own_ports(script)])
            .current_dir(self.folder.path())
            .env("PATH", format!("{}:{path}", self.folder.path().join("bin").display()))
            .env("VMYNA_REGISTER", "none")
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_PROFILE_DEV_DEBUG", "0");
        command
    }
}

/// A command that runs until the reader of the page ends it.
struct Terminal {
    name: String,
    child: Child,
    printed: Arc<Mutex<String>>,
}

impl Terminal {
    /// Starts it, and waits until it prints one of these lines.
    fn start(name: &str, mut command: Command, lines: &[String]) -> Self {
        // A group of its own, so that what the shell has started ends with it.
        command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let printed = Arc::<Mutex<String>>::default();
        collect(child.stdout.take().unwrap(), &printed);
        collect(child.stderr.take().unwrap(), &printed);
        let mut terminal = Self {
            name: name.to_owned(),
            child,
            printed,
        };
        let end = Instant::now() + BUILD;
        while !lines.iter().any(|line| terminal.has_printed().contains(line)) {
            let ended = terminal.child.try_wait().unwrap();
            let is_late = Instant::now() > end;
            assert!(
                ended.is_none() && !is_late,
                "{name}: {ended:?}\n{}",
                terminal.has_printed()
            );
            thread::sleep(Duration::from_millis(20));
        }
        terminal
    }

    fn has_printed(&self) -> String {
        self.printed.lock().unwrap().clone()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            let group = format!("-- -{}", self.child.id());
            let kill = format!("kill -s TERM {group}");
            let _ = Command::new("sh").args(["-c", &kill]).status();
        }
        let _ = self.child.wait();
    }
}

fn collect(mut from: impl Read + Send + 'static, into: &Arc<Mutex<String>>) {
    let into = Arc::clone(into);
    thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut piece) {
            *into.lock().unwrap() += &String::from_utf8_lossy(&piece[..count]);
        }
    });
}

#[test]
fn the_commands_of_the_page_print_what_it_shows() {
    let _proof = proves("openidconnect.logs-in", Way::Provider);
    for (program, package) in [
        ("node", "nodejs"),
        ("npm", "npm"),
        ("curl", "curl"),
        ("openssl", "openssl"),
    ] {
        require_program(program, package);
    }
    let tutorial = Tutorial::new();
    let lines: Vec<String> = shown(PAGE).iter().map(|line| tutorial.own_ports(line)).collect();
    let mut printed = String::new();
    let mut terminals: Vec<Terminal> = Vec::new();
    let mut here = "";
    for block in blocks(PAGE).iter().filter(|block| !is_file(block)) {
        let command = tutorial.shell(&format!("{here}{}", block.text));
        here = "cd club\n";
        match block.name.strip_prefix("terminal: ") {
            Some(name) => {
                // The reader ends the site in one language before that in the other.
                let site = |name: &str| name.starts_with("the site");
                terminals.retain(|terminal| !(site(&terminal.name) && site(name)));
                let terminal = Terminal::start(name, command, &lines);
                printed += &terminal.has_printed();
                terminals.push(terminal);
            }
            None => {
                let output = { command }.output().unwrap();
                let logs: String = terminals.iter().map(Terminal::has_printed).collect();
                assert!(
                    output.status.success(),
                    "{}: {}{}\n{logs}",
                    block.name,
                    output.out(),
                    output.err()
                );
                printed += &format!("{}{}\n", output.out(), output.err());
            }
        }
    }
    for line in lines {
        let found = printed.lines().any(|there| there.contains(&line));
        assert!(found, "{line:?} is not printed:\n{printed}");
    }
    // Both sites have let the person in, and both have shown the refusal.
    for words in ["Welcome, ", "Not logged in: consent_refused"] {
        assert_eq!(printed.matches(words).count(), 2, "{words}:\n{printed}");
    }
}
