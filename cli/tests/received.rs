//! Files of others: what a received folder or a shared directory holds must not let a command wait, exhaust memory, write
//! where its user did not ask it to, or reach the terminal.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::{PATIENCE, Printed, starting, vmyna};
use tempfile::TempDir;

/// A user other than the one of the test.
const OTHER: u32 = 65534;

fn at(folder: &TempDir, name: &str) -> PathBuf {
    folder.path().join(name)
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Runs `vmyna` in a folder. It has 2 GiB of address space, and is not waited for longer than anything takes that works.
fn limited(folder: &TempDir, arguments: &[&str]) -> Output {
    let mut command = starting("timeout");
    command.args([
        "20",
        "sh",
        "-c",
        "ulimit -v 2097152; exec \"$@\"",
        "sh",
        env!("CARGO_BIN_EXE_vmyna"),
    ]);
    command.args(arguments).current_dir(folder).output().unwrap()
}

/// What is no ordinary file, by its name; the pipe, the socket and the device would let a reader wait or have no end.
fn traps(folder: &TempDir) -> UnixListener {
    symlink("/dev/zero", at(folder, "zero")).unwrap();
    let made = Command::new("mkfifo").arg(at(folder, "fifo")).status().unwrap();
    assert!(made.success());
    fs::create_dir(at(folder, "folder")).unwrap();
    let huge = fs::File::create(at(folder, "huge")).unwrap();
    huge.set_len(64 << 30).unwrap();
    UnixListener::bind(at(folder, "socket")).unwrap()
}

const TRAPS: [(&str, &str); 5] = [
    ("zero", "device"),
    ("fifo", "pipe"),
    ("socket", ""),
    ("folder", ""),
    ("huge", ""),
];

#[test]
fn a_named_file_that_is_no_ordinary_one_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let _socket = traps(&folder);
    fs::write(at(&folder, "photo.toml"), "").unwrap();
    let commands: [&[&str]; 8] = [
        &["trace", "show", "TRAP"],
        &["trace", "replay", "TRAP"],
        &["conformance", "diff", "TRAP", "TRAP"],
        &["apdu", "--fault", "TRAP.toml", "00B0"],
        &["issue", "TRAP", "-o", "card"],
        &["issue", "photo.toml", "-o", "card"],
        &["show", "TRAP"],
        &["issue", "--random", "-o", "card", "--ca", "TRAP"],
    ];
    for (trap, what) in TRAPS {
        symlink(trap, at(&folder, &format!("{trap}.toml"))).unwrap();
        let person = include_str!("../../examples/people/hanako.toml");
        // Top-level keys come before the first table.
        fs::write(at(&folder, "photo.toml"), format!("photo = \"{trap}\"\n{person}")).unwrap();
        for command in commands {
            let arguments: Vec<_> = command.iter().map(|word| word.replace("TRAP", trap)).collect();
            let begun = Instant::now();
            let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
            let output = limited(&folder, &arguments);
            let error = output.err();
            assert!(
                matches!(output.status.code(), Some(1 | 2)),
                "{arguments:?}: {:?}\n{error}",
                output.status
            );
            assert!(error.contains(trap), "{arguments:?}: {error}");
            let explained = ["show", "--ca"].iter().any(|word| command.contains(word)) || error.contains(what);
            assert!(explained, "{arguments:?}: {error}");
            assert!(begun.elapsed() < Duration::from_secs(10), "{arguments:?}");
        }
    }
}

#[test]
fn the_files_of_a_received_ca_folder_are_read_with_a_limit_and_without_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let _socket = traps(&folder);
    let init = ["ca", "init", "ca", "--seed", "1"];
    limited(&folder, &init).exits_with(0);
    for file in ["ca.toml", "sign-ca/key.pem", "sign-ca/certificate.der"] {
        let path = at(&folder, "ca").join(file);
        let kept = fs::read(&path).unwrap();
        for (trap, what) in TRAPS {
            fs::remove_file(&path).unwrap();
            symlink(at(&folder, trap), &path).unwrap();
            let output = limited(&folder, &["issue", "--random", "-o", "card", "--ca", "ca"]);
            let error = output.err();
            assert!(matches!(output.status.code(), Some(1 | 2)), "{file}, {trap}: {error}");
            assert!(error.contains(file) && error.contains(what), "{file}, {trap}: {error}");
        }
        fs::remove_file(&path).unwrap();
        fs::write(&path, kept).unwrap();
    }
    limited(&folder, &["issue", "--random", "-o", "card", "--ca", "ca"]).exits_with(0);
}

#[test]
fn a_pipe_of_the_shell_is_a_trace_or_a_recording() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| limited(&folder, arguments);
    run(&["apdu", "--trace", "t.pcapng", "00A4040C0AD392F000260100000001"]).exits_with(0);
    run(&["apdu", "--trace", "t.txt", "00A4040C0AD392F000260100000001"]).exits_with(0);
    run(&["conformance", "select", "--record", "r.json"]).exits_with(0);
    for (script, shown) in [
        ("\"$0\" trace show <(cat t.pcapng)", "SELECT"),
        ("\"$0\" trace show <(cat t.txt)", "SELECT"),
        ("\"$0\" trace show /dev/stdin <t.txt", "SELECT"),
        ("cat t.pcapng | \"$0\" trace show /dev/stdin", "SELECT"),
        ("\"$0\" conformance diff <(cat r.json) r.json", "no difference"),
        ("\"$0\" conformance select --junit /dev/stdout | cat", "<testsuites"),
        (
            "\"$0\" conformance select --junit /dev/stdout >out.xml; cat out.xml",
            "<testsuites",
        ),
    ] {
        let mut shell = starting("bash");
        shell
            .args(["-c", script, env!("CARGO_BIN_EXE_vmyna")])
            .current_dir(&folder);
        let output = shell.output().unwrap().exits_with(0);
        assert!(output.out().contains(shown), "{script}: {}", output.out());
    }
    let mut shell = starting("bash");
    let endless = "\"$0\" conformance diff <(cat /dev/zero) r.json";
    shell
        .args(["-c", endless, env!("CARGO_BIN_EXE_vmyna")])
        .current_dir(&folder);
    let refused = shell.output().unwrap().exits_with(2).err();
    assert!(refused.contains("more than 16 MiB are too many"), "{refused}");
}

#[test]
fn no_report_follows_another_user_s_link() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    fs::write(at(&folder, "letter"), "Dear Hanako").unwrap();
    fs::create_dir(at(&folder, "pictures")).unwrap();
    let mut checked = 0;
    for (option, target) in [("--junit", "letter"), ("--json", "letter"), ("--record", "new")] {
        let link = at(&folder, option);
        symlink(target, &link).unwrap();
        // One's own link is followed.
        limited(&folder, &["conformance", "select", option, &format!("./{option}")]).exits_with(0);
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_ne!(fs::read_to_string(at(&folder, target)).unwrap(), "Dear Hanako");
        fs::write(at(&folder, target), "Dear Hanako").unwrap();
        // Only root can make another user's.
        if lchown(&link, Some(OTHER), Some(OTHER)).is_err() {
            continue;
        }
        checked += 1;
        let output = limited(&folder, &["conformance", "select", option, &format!("./{option}")]).exits_with(1);
        assert!(output.err().contains("belongs to another user"), "{}", output.err());
        assert_eq!(fs::read_to_string(at(&folder, target)).unwrap(), "Dear Hanako");
    }
    if checked > 0 {
        symlink("../letter", at(&folder, "pictures/front.png")).unwrap();
        let front = at(&folder, "pictures/front.png");
        lchown(&front, Some(OTHER), Some(OTHER)).unwrap();
        let output = limited(&folder, &["show", "specimen:hanako", "--png", "pictures"]).exits_with(1);
        assert!(output.err().contains("belongs to another user"), "{}", output.err());
        assert_eq!(fs::read_to_string(at(&folder, "letter")).unwrap(), "Dear Hanako");
    }
}

/// The hidden names in a folder.
fn hidden(folder: &TempDir) -> Vec<String> {
    let mut names = names(folder.path());
    names.retain(|name| name.starts_with(".vmyna-"));
    names
}

#[test]
fn what_a_killed_issue_left_is_removed_by_the_next_command_and_a_living_one_s_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let begin = |name: &str| {
        let before = hidden(&folder).len();
        let mut command = vmyna(["issue", "--people", "100000", "-o", name]);
        let child = command.current_dir(&folder).stderr(Stdio::null()).spawn().unwrap();
        let end = Instant::now() + PATIENCE;
        while hidden(&folder).len() == before {
            assert!(Instant::now() < end, "it does not begin");
            std::thread::sleep(Duration::from_millis(10));
        }
        child
    };
    let mut killed = begin("town");
    killed.kill().unwrap();
    killed.wait().unwrap();
    let left = hidden(&folder);
    assert_eq!(left.len(), 1, "{left:?}");
    fs::create_dir(at(&folder, ".vmyna-ca-Ab3xYz")).unwrap();
    fs::write(at(&folder, ".vmyna-ca-Ab3xYz/ca.toml"), "half a folder").unwrap();

    let mut living = begin("city");
    // The beginning of the second has removed what the first and an interrupted `ca init` left.
    let now = hidden(&folder);
    assert!(now.len() == 1 && now != left, "{now:?}");
    limited(&folder, &["issue", "--random", "-o", "card", "--seed", "1"]).exits_with(0);
    limited(&folder, &["ca", "init", "ca", "--seed", "1"]).exits_with(0);
    assert_eq!(hidden(&folder), now, "a living process lost its file");
    living.kill().unwrap();
    living.wait().unwrap();
    limited(&folder, &["ca", "init", "ca2", "--seed", "1"]).exits_with(0);
    assert_eq!(names(folder.path()), ["ca", "ca2", "card"]);
}

#[test]
fn on_a_full_disk_the_file_that_was_asked_for_is_named() {
    let folder = tempfile::tempdir().unwrap();
    // The system's limit of a file's size stands in for the disk.
    let run = |script: &str| {
        let mut shell = starting("sh");
        let script = format!("ulimit -f 1; exec \"$0\" {script}");
        shell
            .args(["-c", &script, env!("CARGO_BIN_EXE_vmyna")])
            .current_dir(&folder);
        shell.output().unwrap()
    };
    for (command, named) in [
        ("issue --random --seed 1 -o card.vmyna", "card.vmyna: File too large"),
        ("ca init own --seed 1", "own/"),
        (
            "conformance select --json report.json",
            "report.json can't be written: File too large",
        ),
    ] {
        let error = run(command).exits_with(1).err();
        assert!(
            error.contains(named) && error.contains("File too large"),
            "{command}: {error}"
        );
        assert!(!error.contains(".vmyna-"), "{command}: {error}");
        assert_eq!(names(folder.path()), [""; 0], "{command}");
    }
}

#[test]
fn a_trace_that_could_not_be_written_is_a_failure_of_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let apdus = ["00A4040C0AD392F000260100000001"; 40].join(" ");
    for (command, name) in [
        ("apdu --plain", "t.txt"),
        ("apdu --plain", "t.pcapng"),
        ("conformance select", "c.pcapng"),
    ] {
        let apdus = if command.starts_with("apdu") { &*apdus } else { "" };
        let script = format!("ulimit -f 1; exec \"$0\" {command} --trace {name} {apdus}");
        let mut shell = starting("sh");
        shell
            .args(["-c", &script, env!("CARGO_BIN_EXE_vmyna")])
            .current_dir(&folder);
        let output = shell.output().unwrap().exits_with(1);
        // Every answer is there all the same.
        assert!(output.out().lines().count() >= 1, "{}", output.out());
        let reason = format!("{name}: the trace ends here, it can't be written: File too large");
        assert!(output.err().contains(&reason), "{}", output.err());
    }
}
