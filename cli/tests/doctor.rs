//! `vmyna doctor` accepts a set-up that works, finds each fault in one that is otherwise healthy, and prints the command
//! that mends it. The PC/SC service is a private pcscd; the files are under a temporary root.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Output;
use std::thread;

use common::{Printed, Serve, vmyna};
use vmyna_testkit::PrivatePcscd;

const VPCD: &str = "FRIENDLYNAME \"Virtual PCD\"\nDEVICENAME /dev/null:0x8C7B\n\
                    LIBPATH /usr/lib/pcsc/drivers/serial/libifdvpcd.so\nCHANNELID 0x8C7B\n";
/// The head of `/proc/net/tcp`, and port 35963 (8C7B) in the state LISTEN.
const TCP_HEAD: &str =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const TCP_VPCD: &str =
    "   0: 00000000:8C7B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1\n";

/// A system with a PC/SC set-up in which nothing is wrong.
struct System {
    root: tempfile::TempDir,
    _pcscd: PrivatePcscd,
}

impl System {
    fn healthy() -> Self {
        let pcscd = PrivatePcscd::start(0).unwrap();
        let system = Self {
            root: tempfile::tempdir().unwrap(),
            _pcscd: pcscd,
        };
        for file in [
            "usr/sbin/pcscd",
            "usr/lib/x86_64-linux-gnu/libpcsclite.so.1",
            "usr/lib/pcsc/drivers/serial/libifdvpcd.so",
        ] {
            system.write(file, "");
        }
        system.write("etc/reader.conf.d/vpcd", VPCD);
        system.write("proc/net/tcp", &format!("{TCP_HEAD}{TCP_VPCD}"));
        system.write("proc/42/comm", "pcscd\n");
        fs::create_dir_all(system.path("proc/42/fd")).unwrap();
        symlink("socket:[4711]", system.path("proc/42/fd/5")).unwrap();
        system.packages("1.9.9-2", "1.9.9-2");
        fs::create_dir_all(system.path("run/pcscd")).unwrap();
        symlink(system._pcscd.socket(), system.path("run/pcscd/pcscd.comm")).unwrap();
        system
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    fn systemd(&self) {
        fs::create_dir_all(self.path("run/systemd/system")).unwrap();
        self.write("usr/lib/systemd/system/pcscd.socket", "");
    }

    fn packages(&self, library: &str, daemon: &str) {
        let package = |name, version| format!("Package: {name}\nStatus: install ok installed\nVersion: {version}\n\n");
        let status = package("libpcsclite1", library) + &package("pcscd", daemon);
        self.write("var/lib/dpkg/status", &status);
    }

    /// Replaces pcscd by a listener that treats each connection so.
    fn listener(&self, treat: fn(std::os::unix::net::UnixStream)) {
        self.remove("run/pcscd/pcscd.comm");
        let listener = UnixListener::bind(self.path("run/pcscd/pcscd.comm")).unwrap();
        thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(treat));
    }

    fn doctor(&self) -> Output {
        self.doctor_of(&[])
    }

    /// `vmyna doctor` with these arguments on this system.
    fn doctor_of(&self, arguments: &[&str]) -> Output {
        let mut command = vmyna(["doctor"]);
        command.args(arguments).arg("--root");
        command
            .arg(self.root.path())
            .env_remove("PCSCLITE_CSOCK_NAME")
            .env("USER", "hanako");
        command.output().unwrap()
    }

    /// Fails the test unless the command finds a fault and prints each of `texts`.
    #[track_caller]
    fn ails(&self, texts: &[&str]) {
        has(&self.doctor().exits_with(1), texts);
    }
}

#[track_caller]
fn has(output: &Output, texts: &[&str]) {
    let out = output.out();
    for text in texts {
        assert!(out.contains(text), "{text:?} is not in:\n{out}");
    }
}

#[test]
fn a_set_up_that_works_has_no_fault() {
    let output = System::healthy().doctor().exits_with(0);
    has(
        &output,
        &[
            "ok     libpcsclite 1.9.9 is installed: /usr/lib/x86_64-linux-gnu/libpcsclite.so.1",
            "ok     pcscd answers at /run/pcscd/pcscd.comm (protocol 4:",
            "ok     vpcd listens at port 35963",
        ],
    );
    assert!(!output.out().contains("->"), "{}", output.out());
}

#[test]
fn a_missing_file_is_reported_with_its_package() {
    for (file, text) in [
        (
            "usr/lib/x86_64-linux-gnu/libpcsclite.so.1",
            "-> apt-get install libpcsclite1",
        ),
        ("usr/sbin/pcscd", "-> apt-get install pcscd "),
        (
            "usr/lib/pcsc/drivers/serial/libifdvpcd.so",
            "-> apt-get install vsmartcard-vpcd; ",
        ),
        (
            "etc/reader.conf.d/vpcd",
            "-> apt-get install --reinstall vsmartcard-vpcd; ",
        ),
    ] {
        let system = System::healthy();
        system.remove(file);
        system.ails(&["WRONG", text]);
    }
}

#[test]
fn a_stopped_pcscd_is_reported_with_its_start_command() {
    let system = System::healthy();
    system.remove("run/pcscd/pcscd.comm");
    system.write("proc/net/tcp", TCP_HEAD);
    system.ails(&[
        "runs without systemd",
        "-> pcscd ",
        "ok     port 35963, which vpcd needs, is free",
    ]);
    system.systemd();
    system.ails(&["pcscd.socket is not active", "-> systemctl enable --now pcscd.socket"]);
    fs::create_dir_all(system.path("etc/systemd/system")).unwrap();
    symlink("/dev/null", system.path("etc/systemd/system/pcscd.socket")).unwrap();
    system.ails(&[
        "is masked",
        "-> systemctl unmask pcscd.socket; systemctl enable --now pcscd.socket",
    ]);
}

#[test]
fn the_socket_of_a_dead_pcscd_is_reported() {
    let mut system = System::healthy();
    system._pcscd.kill();
    system.ails(&[
        "no process listens at /run/pcscd/pcscd.comm",
        "-> rm /run/pcscd/pcscd.*; pcscd",
    ]);
    system.systemd();
    system.ails(&["-> systemctl restart pcscd.socket pcscd.service"]);
}

#[test]
fn polkit_refusals_and_other_services_are_reported() {
    let system = System::healthy();
    system.listener(drop);
    system.ails(&["closes the connection"]);
    system.write("usr/share/polkit-1/actions/org.debian.pcsc-lite.policy", "");
    system.ails(&[
        "pcscd refuses this user: polkit",
        "subject.user == \"hanako\"",
        "/etc/polkit-1/rules.d/50-pcsc.rules",
    ]);
    let system = System::healthy();
    // It reads the whole request first, because closing a connection with unread bytes would drop the answer.
    system.listener(|mut stream| {
        let _ = stream.read_exact(&mut [0; 20]);
        let _ = stream.write_all(b"220 mail.example ESMTP\r\n");
    });
    system.ails(&["does not speak pcsc-lite's protocol 4"]);
}

#[test]
fn stray_reader_files_are_reported() {
    let system = System::healthy();
    system.write("etc/reader.conf.d/vpcd.dpkg-old", VPCD);
    system.ails(&[
        "/etc/reader.conf.d/vpcd and /etc/reader.conf.d/vpcd.dpkg-old declare the same reader, \"Virtual PCD\"",
        "-> rm /etc/reader.conf.d/vpcd.dpkg-old",
    ]);
    let system = System::healthy();
    system.write(
        "etc/reader.conf.d/old",
        "# an old one\nFRIENDLYNAME \"Old\"\nLIBPATH /usr/lib/libold.so\nCHANNELID 1\n",
    );
    system.ails(&[
        "/etc/reader.conf.d/old names a driver that is not there: /usr/lib/libold.so",
        "rm /etc/reader.conf.d/old",
    ]);
}

#[test]
fn a_used_port_and_a_silent_vpcd_are_reported() {
    let system = System::healthy();
    system.write("proc/42/comm", "nginx\n");
    system.ails(&["port 35963, which vpcd needs, is in use by nginx (process 42)"]);
    let system = System::healthy();
    system.write("proc/net/tcp", TCP_HEAD);
    system.write("proc/net/tcp6", TCP_HEAD);
    system.ails(&[
        "vpcd does not listen at port 35963",
        "-> kill \"$(cat /run/pcscd/pcscd.pid)\"; pcscd",
    ]);
    // Without root the owner can't be seen. While pcscd runs, the port counts as its own, and otherwise not.
    let system = System::healthy();
    system.remove("proc/42/fd/5");
    has(
        &system.doctor().exits_with(0),
        &["port 35963 is in use, apparently by vpcd"],
    );
    system.remove("run/pcscd/pcscd.comm");
    system.ails(&[
        "port 35963, which vpcd needs, is in use by a process that only root can see",
        "ss -ltnp 'sport = 35963'",
    ]);
}

#[test]
fn versions_that_differ_and_another_port_are_noted() {
    let system = System::healthy();
    system.packages("1.6.4-1", "1:2.3.3-1");
    system.write("etc/reader.conf.d/vpcd", &VPCD.replace("0x8C7B", "0x8C8B"));
    system.write(
        "proc/net/tcp",
        &format!("{TCP_HEAD}{}", TCP_VPCD.replace(":8C7B", ":8C8B")),
    );
    has(
        &system.doctor().exits_with(0),
        &[
            "note   libpcsclite 1.6.4 ignores PCSCLITE_CSOCK_NAME",
            "note   pcscd is of version 2.3.3, libpcsclite of 1.6.4",
            "-> vmyna serve --vpcd localhost:35979",
        ],
    );
}

#[test]
fn the_service_in_the_environment_is_asked_instead() {
    let folder = tempfile::tempdir().unwrap();
    let doctor = |socket: &std::path::Path| {
        let mut command = vmyna(["doctor"]);
        command.env("PCSCLITE_CSOCK_NAME", socket).output().unwrap()
    };
    let nowhere = folder.path().join("nowhere");
    has(
        &doctor(&nowhere).exits_with(1),
        &["which does not exist", "-> unset PCSCLITE_CSOCK_NAME"],
    );
    let socket = folder.path().join("pcsc");
    let mut serve = Serve::start(&["--socket", socket.to_str().unwrap()]);
    serve.wait_for("PCSCLITE_CSOCK_NAME");
    has(
        &doctor(&socket).exits_with(0),
        &["names a PC/SC service that answers (protocol 4:"],
    );
    serve.signal("KILL");
    serve.end();
    has(&doctor(&socket).exits_with(1), &["but no process listens there"]);
    let pcscd = PrivatePcscd::start(0).unwrap();
    has(&doctor(pcscd.socket()).exits_with(0), &["answers (protocol 4:"]);
}

#[test]
fn each_way_has_a_verdict() {
    let system = System::healthy();
    let all_work = "run     works          vmyna run -- PROGRAM\n\
                    serve   works          vmyna serve\n\
                    socket  works          vmyna serve --socket PATH\n";
    has(&system.doctor().exits_with(0), &[all_work]);
    system.remove("usr/sbin/pcscd");
    let output = system.doctor().exits_with(1);
    has(
        &output,
        &["run     works ", "serve   does not work  ", "socket  works "],
    );
    system.remove("usr/lib/x86_64-linux-gnu/libpcsclite.so.1");
    let output = system.doctor().exits_with(1);
    has(
        &output,
        &[
            "run     does not work ",
            "serve   does not work ",
            "socket  does not work ",
        ],
    );
}

#[test]
fn only_what_the_way_asked_for_needs_is_checked() {
    let system = System::healthy();
    system.remove("usr/sbin/pcscd");
    system.remove("usr/lib/pcsc/drivers/serial/libifdvpcd.so");
    for way in ["run", "socket"] {
        let output = system.doctor_of(&[way]).exits_with(0);
        assert!(!output.out().contains("WRONG"), "{}", output.out());
        assert_eq!(output.out().lines().filter(|line| line.contains("works")).count(), 1);
    }
    let output = system.doctor_of(&["serve"]).exits_with(1);
    has(&output, &["-> apt-get install pcscd ", "serve   does not work "]);
    assert!(!output.out().contains("\nrun "), "{}", output.out());
}

#[test]
fn a_libpcsclite_with_a_fixed_socket_is_wrong_for_run_and_socket() {
    let system = System::healthy();
    system.packages("1.6.4-1", "1.6.4-1");
    for way in ["run", "socket"] {
        has(
            &system.doctor_of(&[way]).exits_with(1),
            &["WRONG  libpcsclite 1.6.4 ignores"],
        );
    }
    has(
        &system.doctor_of(&["serve"]).exits_with(0),
        &["note   libpcsclite 1.6.4 ignores"],
    );
}

#[test]
fn a_socket_in_the_environment_keeps_programs_from_the_system_s_pcscd() {
    let system = System::healthy();
    let doctor = |way: &[&str]| {
        let mut command = vmyna(["doctor"]);
        command.args(way).arg("--root").arg(system.root.path());
        command.env("PCSCLITE_CSOCK_NAME", "/nowhere/socket").output().unwrap()
    };
    let output = doctor(&["serve"]).exits_with(1);
    has(
        &output,
        &[
            "WRONG  PCSCLITE_CSOCK_NAME is set",
            "-> unset PCSCLITE_CSOCK_NAME",
            "pcscd answers at",
        ],
    );
    doctor(&["run"]).exits_with(0);
    has(&doctor(&["socket"]).exits_with(1), &["socket  does not work "]);
    has(
        &doctor(&[]).exits_with(1),
        &["run     works ", "serve   not examined ", "socket  does not work "],
    );
}
