//! SIGHUP, the end of the terminal: it ends what writes files with nothing written, and `nohup` keeps it from them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::io::Read;
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use common::{has_begun, signal, starting, wait};

/// Commands that take a moment and write something at the end.
const SLOW: [&[&str]; 2] = [
    &["issue", "--random", "--seed", "1", "--output", "card.vmyna"],
    &["ca", "init", "ca", "--seed", "1"],
];

/// Starts `vmyna` with these arguments in a folder, as a shell does after `trap`.
fn start(folder: &Path, trap: &str, arguments: &[&str]) -> Child {
    starting("sh")
        .args([
            "-c",
            &format!("{trap}; exec \"$0\" \"$@\""),
            env!("CARGO_BIN_EXE_vmyna"),
        ])
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Sends SIGHUP twice, as the kernel and the shell do; gives the exit status and what was written to standard error.
fn hang_up(child: &mut Child) -> (ExitStatus, String) {
    has_begun(child);
    for _ in 0..2 {
        signal(child.id(), "HUP");
    }
    // Keys take their time on a busy machine, and the command ends by itself.
    let status = child.wait().unwrap();
    let mut error = String::new();
    child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
    (status, error)
}

fn entries(folder: &Path) -> usize {
    folder.read_dir().unwrap().count()
}

#[test]
fn an_ignored_sighup_stays_ignored_and_the_command_completes() {
    for arguments in SLOW {
        let folder = tempfile::tempdir().unwrap();
        let mut child = start(folder.path(), "trap '' HUP", arguments);
        let (status, error) = hang_up(&mut child);
        assert_eq!(status.code(), Some(0), "{arguments:?}: {error}");
        assert_eq!(entries(folder.path()), 1, "{arguments:?}");
    }
}

#[test]
fn sighup_twice_ends_a_command_in_order_with_nothing_written() {
    for arguments in SLOW {
        let folder = tempfile::tempdir().unwrap();
        let mut child = start(folder.path(), ":", arguments);
        let (status, error) = hang_up(&mut child);
        assert_eq!(status.code(), Some(130), "{arguments:?}: {error}");
        assert!(error.contains("nothing was written"), "{arguments:?}: {error}");
        assert_eq!(entries(folder.path()), 0, "{arguments:?}");
    }
}

#[test]
fn an_ignored_sighup_does_not_end_serve() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = start(folder.path(), "trap '' HUP", &["serve", "--socket", "s"]);
    has_begun(&child);
    signal(child.id(), "HUP");
    thread::sleep(Duration::from_millis(200));
    assert!(child.try_wait().unwrap().is_none());
    signal(child.id(), "TERM");
    assert_eq!(wait(&mut child).code(), Some(0));
    assert_eq!(entries(folder.path()), 0);
}
