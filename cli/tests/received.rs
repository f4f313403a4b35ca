//! Files of others: what a received folder or a shared directory holds must not let a command wait, exhaust memory, write
//! where its user did not ask it to, or reach the terminal.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use common::{PATIENCE, Printed, Serve, starting, vmyna};
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
    let commands: [&[&str]; 9] = [
        &["trace", "show", "TRAP"],
        &["trace", "replay", "TRAP"],
        &["conformance", "diff", "TRAP", "TRAP"],
        &["apdu", "--fault", "TRAP.toml", "00B0"],
        &["issue", "TRAP", "-o", "card"],
        &["life", "TRAP", "-o", "life"],
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
    assert!(refused.contains("more than 8 MiB are too many"), "{refused}");
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
    // Dropping the process kills it, also when the test fails.
    let begin = |name: &str, has_begun: &dyn Fn(&[String]) -> bool| {
        let mut command = vmyna(["issue", "--people", "100000", "-o", name]);
        let process = Serve::start_by(command.current_dir(&folder));
        let end = Instant::now() + PATIENCE;
        loop {
            let hidden = hidden(&folder);
            if has_begun(&hidden) {
                return (process, hidden);
            }
            assert!(Instant::now() < end, "it does not begin: {hidden:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    let (killed, left) = begin("town", &|hidden| hidden.len() == 1);
    drop(killed);
    assert_eq!(hidden(&folder), left);
    let interrupted = ".vmyna-ca-Ab3xYz";
    fs::create_dir(at(&folder, interrupted)).unwrap();
    fs::write(at(&folder, interrupted).join("ca.toml"), "half a folder").unwrap();

    // The beginning of the second removes what the first and an interrupted `ca init` left, one after the other.
    let is_alone = |hidden: &[String]| hidden.len() == 1 && hidden != left && hidden[0] != interrupted;
    let (living, now) = begin("city", &is_alone);
    limited(&folder, &["issue", "--random", "-o", "card", "--seed", "1"]).exits_with(0);
    assert_eq!(hidden(&folder), now, "a living process lost its file");
    drop(living);
    limited(&folder, &["ca", "init", "ca", "--seed", "1"]).exits_with(0);
    assert_eq!(names(folder.path()), ["ca", "card"]);
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

/// Names, keys and fields that a terminal would obey, or that would look like another text.
const HOSTILE: [&str; 2] = [
    "Desk\u{1b}]0;owned\u{7}\u{9b}2J\r\u{8}x",
    "card\u{202e}gpj\u{200b}\u{feff}.exe",
];

/// Fails the test if there is a character that a terminal obeys or does not show.
#[track_caller]
fn harmless(output: &Output) {
    for text in [output.out(), output.err()] {
        let wrong = text
            .chars()
            .find(|letter| !matches!(letter, '\n' | '\t') && !vmyna_apdu::foreign::is_visible(*letter));
        assert_eq!(wrong, None, "{text:?}");
    }
}

#[test]
fn no_foreign_text_reaches_the_terminal_raw() {
    use std::time::UNIX_EPOCH;
    use vmyna_reader_bridge::trace::{Message, PcapngSink, Sink, What};

    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| limited(&folder, arguments);
    run(&["conformance", "select", "--record", "a.json"]).exits_with(0);
    let recording = fs::read_to_string(at(&folder, "a.json")).unwrap();
    for hostile in HOSTILE {
        // Readers of a trace, in both forms, alone and one of several, and one that is asked for and not there.
        for several in [false, true] {
            let names = if several { &[hostile, "Desk"][..] } else { &[hostile] };
            let mut trace = Vec::new();
            let mut sink = PcapngSink::begin(&mut trace).unwrap();
            for name in names {
                sink.write(&[Message::new(*name, UNIX_EPOCH, What::PowerOff)]).unwrap();
            }
            fs::write(at(&folder, "t.pcapng"), trace).unwrap();
            let lines: String = names
                .iter()
                .map(|name| format!("2026-11-23T14:55:01.123456Z [{name}] -- power off\n"))
                .collect();
            fs::write(at(&folder, "t.txt"), lines).unwrap();
            for file in ["t.pcapng", "t.txt"] {
                let shown = run(&["trace", "show", file]).exits_with(0);
                harmless(&shown);
                assert_eq!(shown.out().contains("\\u{") || shown.out().contains("\\r"), several);
                harmless(&run(&["trace", "replay", file]));
                harmless(&run(&["trace", "show", file, "--reader", "none"]).exits_with(2));
            }
        }
        // Fields of a recording, on either side: names, commands, answers, reasons.
        let escaped = serde_json::to_string(hostile).unwrap();
        let inside = escaped.trim_matches('"');
        for field in [
            "\"id\": \"",
            "\"sent\": \"",
            "\"sw\": \"",
            "\"data\": \"",
            "\"atr\": \"",
        ] {
            fs::write(
                at(&folder, "b.json"),
                recording.replace(field, &format!("{field}{inside}")),
            )
            .unwrap();
            for pair in [["a.json", "b.json"], ["b.json", "a.json"]] {
                let differ = run(&["conformance", "diff", pair[0], pair[1]]).exits_with(1);
                harmless(&differ);
                assert!(differ.out().contains("\n  A: "), "{}", differ.out());
            }
        }
        // Keys and values of files of faults and people.
        let key = format!("{escaped} = 1\n");
        for text in [
            key.clone(),
            format!("[[fault]]\n{key}"),
            format!("[latency]\n{key}"),
            format!("[[fault]]\nsw = {escaped}\n"),
            format!("[pins]\n{key}"),
            format!("name = {escaped}\n"),
            hostile.to_owned(),
        ] {
            // TOML has no such escapes as JSON for some characters; what is no TOML is an error, too.
            fs::write(at(&folder, "f.toml"), text).unwrap();
            harmless(&run(&["apdu", "--fault", "f.toml", "00B0"]).exits_with(2));
            harmless(&run(&["issue", "f.toml", "-o", "card"]));
        }
        // Names of files and folders, there or not.
        harmless(&run(&["show", hostile]).exits_with(2));
        harmless(&run(&["trace", "show", hostile]).exits_with(2));
        harmless(&run(&["conformance", "diff", hostile, "a.json"]).exits_with(2));
        fs::write(at(&folder, hostile), "no image").unwrap();
        harmless(&run(&["show", hostile]).exits_with(2));
        harmless(&run(&["issue", "--random", "--seed", "1", "-o", &format!("{hostile}.card")]).exits_with(0));
        harmless(&run(&["issue", "--random", "--seed", "1", "-o", &format!("{hostile}.card")]).exits_with(2));
        harmless(&run(&["pin", &format!("{hostile}.card")]).exits_with(0));
        harmless(&run(&["card", "inspect", &format!("{hostile}.card")]).exits_with(0));
        harmless(&run(&["ca", "init", hostile]).exits_with(2));
    }
}

/// The limit of bytes in the row of docs/limits.md that begins so.
#[track_caller]
fn documented(row: &str) -> u64 {
    let page = include_str!("../../docs/limits.md");
    let line = page.lines().find(|line| line.starts_with(&format!("| {row}"))).unwrap();
    let cell = line.split('|').nth(2).unwrap().trim();
    let (number, rest) = cell.split_once(' ').unwrap();
    let unit = if rest.starts_with("MiB") { 20 } else { 10 };
    number.parse::<u64>().unwrap() << unit
}

#[test]
fn each_reader_has_the_documented_limit_of_bytes() {
    use vmyna_reader_bridge::trace::limits;

    let folder = tempfile::tempdir().unwrap();
    let init = ["ca", "init", "ca", "--seed", "1"];
    limited(&folder, &init).exits_with(0);
    let person = include_str!("../../examples/people/hanako.toml");
    fs::write(at(&folder, "person.toml"), format!("photo = \"photo.png\"\n{person}")).unwrap();
    let issue: &[&str] = &["issue", "--random", "-o", "card", "--ca", "ca"];
    for (row, file, command) in [
        ("`ca.toml`", "ca/ca.toml", issue),
        ("Key or certificate", "ca/sign-ca/key.pem", issue),
        ("Person file", "long.toml", &["issue", "long.toml", "-o", "card"]),
        ("Story", "long.toml", &["life", "long.toml", "-o", "life"]),
        ("Photo", "photo.png", &["issue", "person.toml", "-o", "card"]),
        ("File of faults", "long.toml", &["apdu", "--fault", "long.toml", "00B0"]),
        (
            "File of an exploration",
            "long.json",
            &["explore", "--resume", "long.json", "--", "true"],
        ),
        (
            "Recording",
            "long.json",
            &["conformance", "diff", "long.json", "long.json"],
        ),
        ("File to be verified", "long.der", &["verify", "long.der"]),
        (
            "Revocation list",
            "long.crl",
            &[
                "verify",
                "ca/auth-ca/certificate.der",
                "--ca",
                "ca",
                "--crl",
                "long.crl",
            ],
        ),
        (
            "Certificates to trust",
            "long.cer",
            &["verify", "ca/ca.toml", "--trust", "long.cer"],
        ),
        (
            "Settings and manifest",
            "settings.json",
            &["native-host", "--settings", "settings.json"],
        ),
    ] {
        let limit = documented(row);
        let kept = fs::read(at(&folder, file)).ok();
        for (more, refused) in [(0, false), (1, true)] {
            // Zeros are no content of any of these files: as many as allowed are refused for another reason.
            let _ = fs::remove_file(at(&folder, file));
            fs::File::create(at(&folder, file))
                .unwrap()
                .set_len(limit + more)
                .unwrap();
            let output = limited(&folder, command);
            let error = output.err();
            assert!(matches!(output.status.code(), Some(1 | 2)), "{row}: {error}");
            let for_length = error.contains("are too many") || error.contains("has at most");
            assert_eq!(for_length, refused, "{row}, {} bytes: {error}", limit + more);
        }
        if let Some(kept) = kept {
            fs::write(at(&folder, file), kept).unwrap();
        }
    }
    // Read to their limit in the tests of their packages.
    assert_eq!(documented("Trace"), limits::LONGEST);
    assert_eq!(documented("Recording"), vmyna_conformance::record::LONGEST);
    let page = include_str!("../../docs/limits.md");
    for number in [
        limits::MOST_MESSAGES as u64,
        limits::MOST_READERS as u64,
        limits::LONGEST_NAME as u64,
        vmyna_conformance::record::MOST_VECTORS as u64,
        vmyna_applets::image::MOST_CARDS,
    ] {
        let digits = number.to_string();
        let grouped: Vec<&str> = digits
            .as_bytes()
            .rchunks(3)
            .rev()
            .map(|group| str::from_utf8(group).unwrap())
            .collect();
        assert!(page.contains(&grouped.join(",")), "{number}");
    }
    assert!(page.contains("1 MiB a card") && vmyna_applets::image::LONGEST_CARD == 1 << 20);
}
