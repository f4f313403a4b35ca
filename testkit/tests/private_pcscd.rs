//! The private pcscd, seen from outside: programs of the machine talk to it, and nothing stays behind.

#![allow(clippy::unwrap_used)] // the whole file is tests

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use vmyna_testkit::{PrivatePcscd, client};

fn readers_seen_by_opensc(pcscd: &PrivatePcscd) -> String {
    let output = client("opensc-tool", "opensc")
        .arg("-l")
        .envs(pcscd.environment())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

fn is_alive(pid: &str) -> bool {
    Path::new("/proc").join(pid).exists()
}

#[test]
fn an_unmodified_program_sees_the_readers_in_order_under_the_names_they_are_said_to_have() {
    let pcscd = PrivatePcscd::start(3).unwrap();
    let seen = readers_seen_by_opensc(&pcscd);
    let places: Vec<_> = (0..3).map(|index| seen.find(&pcscd.reader_name(index))).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{seen}");
    assert_eq!(pcscd.ports().len(), 3);
}

#[test]
fn two_of_them_share_neither_socket_nor_port_nor_reader() {
    let (one, two) = (PrivatePcscd::start(2).unwrap(), PrivatePcscd::start(2).unwrap());
    assert_ne!(one.socket(), two.socket());
    assert!(one.ports().iter().all(|port| !two.ports().contains(port)));
    assert!(readers_seen_by_opensc(&one).contains("vmyna 1") && readers_seen_by_opensc(&two).contains("vmyna 1"));
}

#[test]
fn dropping_it_ends_the_daemon_and_removes_its_directory() {
    let pcscd = PrivatePcscd::start(1).unwrap();
    let (pid, directory) = (
        pcscd.id().unwrap().to_string(),
        pcscd.socket().parent().unwrap().to_owned(),
    );
    assert!(is_alive(&pid) && directory.exists());
    drop(pcscd);
    assert!(!is_alive(&pid) && !directory.exists());
}

#[test]
fn a_killed_daemon_refuses_connections_and_comes_back_on_the_same_socket_and_ports() {
    let mut pcscd = PrivatePcscd::start(1).unwrap();
    let (socket, ports, pid) = (pcscd.socket().to_owned(), pcscd.ports().to_vec(), pcscd.id());
    pcscd.kill();
    assert_eq!(pcscd.id(), None);
    assert!(UnixStream::connect(&socket).is_err());
    pcscd.restart().unwrap();
    assert_ne!(pcscd.id(), pid);
    assert_eq!((pcscd.socket(), pcscd.ports()), (socket.as_path(), ports.as_slice()));
    assert!(readers_seen_by_opensc(&pcscd).contains("vmyna 0"));
}

#[test]
fn a_daemon_that_does_not_start_is_an_error_that_shows_the_end_of_its_log() {
    let mut pcscd = PrivatePcscd::start(1).unwrap();
    pcscd.kill();
    // pcscd refuses to start when a driver that its configuration names is missing.
    std::fs::remove_file(pcscd.socket().parent().unwrap().join("libifdvpcd0.so")).unwrap();
    let error = pcscd.restart().unwrap_err();
    assert!(error.contains("libifdvpcd0.so"), "{error}");
}

#[test]
fn more_readers_than_pcscd_takes_are_refused() {
    assert!(PrivatePcscd::start(9).err().unwrap().contains("at most 8"));
}

#[test]
fn the_command_passes_the_environment_in_and_the_exit_status_out() {
    let output = Command::new(env!("CARGO_BIN_EXE_private-pcscd"))
        .args(["--readers", "2", "--print", "--", "sh", "-c"])
        .arg(r#"test -S "$PCSCLITE_CSOCK_NAME" && echo "$VMYNA_VPCD_PORTS"; exit 7"#)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(7));
    let ports = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        ports
            .trim()
            .split(',')
            .filter(|port| port.parse::<u16>().is_ok())
            .count(),
        2,
        "{ports:?}"
    );
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("export PCSCLITE_CSOCK_NAME=")
    );
}

#[test]
fn without_a_command_it_says_how_to_use_it() {
    let output = Command::new(env!("CARGO_BIN_EXE_private-pcscd")).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("usage:"));
}

/// The signal is sent to the program alone, as a time limit in CI does; KILL can't be caught, so the watchdog acts.
#[test]
fn no_signal_leaves_a_daemon_or_a_directory_behind() {
    for signal in ["INT", "TERM", "HUP", "KILL"] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_private-pcscd"))
            .args(["--", "sh", "-c", r#"echo "$PCSCLITE_CSOCK_NAME"; exec sleep 5"#])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut socket = String::new();
        BufReader::new(program.stdout.take().unwrap())
            .read_line(&mut socket)
            .unwrap();
        let directory = Path::new(socket.trim()).parent().unwrap().to_owned();
        assert!(directory.exists());
        let kill = format!("kill -{signal} {}", program.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let status = program.wait().unwrap();
        assert_ne!(status.code(), Some(0), "{signal}");
        assert!(
            within(Duration::from_secs(5), || !directory.exists()),
            "{signal} leaves {directory:?} behind"
        );
        assert!(
            within(Duration::from_secs(5), || !daemon_of(&directory)),
            "{signal} leaves a pcscd behind"
        );
    }
}

/// Whether a process runs with `directory` in its arguments.
fn daemon_of(directory: &Path) -> bool {
    let wanted = directory.to_str().unwrap();
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        std::fs::read(entry.path().join("cmdline"))
            .is_ok_and(|arguments| String::from_utf8_lossy(&arguments).contains(wanted))
    })
}
