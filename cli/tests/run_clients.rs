//! `vmyna run` under programs of other languages and projects, each as its project publishes it: pyscard with its monitoring
//! threads, nfc-pcsc of npm, Java's javax.smartcardio, and every command that OpenSC's tests on pcscd use, with the same
//! outcome here.
//!
//! What the clients do is in `tests/clients`. Nothing is installed into the source tree: npm's packages go to cargo's
//! directory for tests' files, at the versions that the lock file beside the client names. Must never skip a client that
//! is missing: the test fails and names what to install.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use common::python::with_pyscard;
use common::{
    Printed, Serve, is_signed, modes_are_as_before, opensc_module, openssl, starting, vmyna, write_public_key,
};
use vmyna_applets::specimen;
use vmyna_testkit::clients::{Way, proves};
use vmyna_testkit::configurations::configuration;
use vmyna_testkit::{install_packages, isolated, require_program};

const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");

/// `vmyna run` with this program, which finds vmyna as `$VMYNA`.
fn client(card: &str, program: &Path) -> Command {
    let mut command = vmyna(["run", "--card", card, "--"]);
    command.arg(program).env("VMYNA", env!("CARGO_BIN_EXE_vmyna"));
    command
}

#[test]
fn pyscard_monitors_shares_locks_and_cancels() {
    let _proof = proves("pyscard.all", Way::Service);
    let python = with_pyscard();
    let mut command = client("specimen:hanako", &python);
    let output = command.arg(format!("{CLIENTS}/pyscard/client.py")).output().unwrap();
    let told = output.exits_with(0).out();
    let parts = [
        "monitors",
        "card request",
        "transactions",
        "exclusive",
        "cancel",
        "threads",
    ];
    assert_eq!(told, parts.map(|part| format!("{part}: ok\n")).concat());
}

/// The keys that are typed when the PIN is asked for, and all that the terminal shows.
#[track_caller]
fn typed(keys: &[u8]) -> String {
    let script = format!(
        "trap : INT; stty -g; {} run --pin-pad ask -- {} {CLIENTS}/pyscard/pin_pad.py; echo status $?; stty -g",
        env!("CARGO_BIN_EXE_vmyna"),
        with_pyscard().display()
    );
    common::typed(&script, "(nothing cancels): ", keys)
}

#[test]
fn a_pin_is_typed_on_the_terminal_unseen_or_cancelled_and_the_terminal_is_as_before() {
    let _proof = proves("pyscard.pin-pad", Way::Service);
    for (keys, expected) in [
        (&b"1234\n"[..], "the card says 90 00\nstatus 0\n"),
        (b"1239\x7F4\n", "the card says 90 00\nstatus 0\n"),
        (b"5678\n", "the card says 63 C2\nstatus 0\n"),
        (b"\n", "the card says 64 01\nstatus 0\n"),
        // Ctrl-C, in the middle of it: both hear it, and neither hangs.
        (b"12\x03", "KeyboardInterrupt\nstatus 130\n"),
    ] {
        let shown = typed(keys);
        assert!(shown.contains(expected), "{shown}");
        assert!(
            !shown.contains("1234") && !shown.contains("12\n") && !shown.contains("5678"),
            "{shown}"
        );
        modes_are_as_before(&shown);
    }
}

#[test]
fn a_pin_that_nobody_can_be_asked_for_is_cancelled_and_the_user_told() {
    let mut command = starting(require_program("setsid", "util-linux"));
    command.args(["--wait", env!("CARGO_BIN_EXE_vmyna"), "run", "--pin-pad", "ask", "--"]);
    let output = command
        .arg(with_pyscard())
        .arg(format!("{CLIENTS}/pyscard/pin_pad.py"))
        .output()
        .unwrap()
        .exits_with(0);
    assert_eq!(output.out(), "the card says 64 01\n");
    assert!(
        output.err().contains("no PIN can be asked for on the terminal"),
        "{}",
        output.err()
    );
}

#[test]
fn a_pin_is_verified_and_changed_at_the_pin_pad() {
    let _proof = proves("pyscard.pin-change", Way::Service);
    let mut command = vmyna(["run", "--pin-pad", "1234,4321", "--"]);
    let program = format!("{CLIENTS}/pyscard/pin_change.py");
    let output = command.arg(with_pyscard()).arg(program).output().unwrap();
    let expected = "the reader validates by 7\n\
                    the reader takes 65536\n\
                    the card says to the PIN 90 00\n\
                    the card says to the new PIN 90 00\n\
                    the card says to 4321 9000\n\
                    the card says to 1234 63C2\n";
    assert_eq!(output.exits_with(0).out(), expected);
}

#[test]
fn nfc_pcsc_reads_and_signs_each_time_the_card_comes() {
    let _proof = proves("nfc-pcsc.all", Way::Service);
    let (node, packages) = (require_program("node", "nodejs"), nfc_pcsc());
    for (card, atr) in [
        ("specimen:hanako", "3BE000FF8131FE4514"),
        ("specimen:hanako@contactless", "3B888001000005E0B381A1007F"),
    ] {
        let mut command = client(card, &node);
        command
            .arg(format!("{CLIENTS}/nfc-pcsc/client.js"))
            .env("NODE_PATH", &packages);
        let told = command.output().unwrap().exits_with(0).out();
        let seen = |number| format!("card {number}: TAG_ISO_14443_4, {atr}\n");
        let expected = [
            "reader: vmyna 00 00\n",
            &seen(1),
            "gone 1\n",
            &seen(2),
            "gone 2\n",
            &seen(3),
            "ok\n",
        ];
        assert_eq!(told, expected.concat());
    }
}

#[test]
fn javax_smartcardio_reads_signs_locks_and_sees_the_card_come_and_go() {
    let _proof = proves("smartcardio.all", Way::Service);
    for (program, package) in [("java", "default-jdk-headless"), ("opensc-tool", "opensc")] {
        require_program(program, package);
    }
    let (directory, issued) = (
        tempfile::tempdir().unwrap(),
        specimen::find("hanako").unwrap().unwrap().jpki,
    );
    let here = directory.path();
    fs::write(here.join("text"), "さようなら\n").unwrap();
    fs::copy(format!("{CLIENTS}/java/Terminals.java"), here.join("Terminals.java")).unwrap();
    let script = configuration("run a program with javax.smartcardio");
    let script = script.replace("Terminals.java", "Terminals.java text auth.signature sign.signature");
    let certificates = [issued.auth.unwrap().certificate, issued.sign.unwrap().certificate];
    for (card, atr) in [
        ("specimen:hanako", "3BE000FF8131FE4514"),
        ("specimen:hanako@contactless", "3B888001000005E0B381A1007F"),
    ] {
        let mut command = client(card, &require_program("sh", "dash"));
        command.args(["-e", "-c", &script]).current_dir(here);
        let printed = command.output().unwrap().exits_with(0).out();
        let parts = ["certificate", "wrong PIN", "signatures", "transaction", "reset", "away"];
        let expected = format!("vmyna 00 00: T=1 {atr}\n") + &parts.map(|part| format!("{part}: ok\n")).concat();
        assert_eq!(printed, expected);
        for (certificate, signature) in certificates.iter().zip(["auth.signature", "sign.signature"]) {
            write_public_key(here, certificate);
            is_signed(here, signature);
            fs::remove_file(here.join(signature)).unwrap();
        }
    }
}

/// The directory of the packages of `tests/clients/nfc-pcsc`, installed if they are not yet for this Node.js.
fn nfc_pcsc() -> PathBuf {
    let source = Path::new(CLIENTS).join("nfc-pcsc");
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nfc-pcsc");
    let packages = directory.join("node_modules");
    let built = "node_modules/@pokusew/pcsclite/build/Release/pcsclite.node";
    install_packages(&source, &directory, &[built]).unwrap();
    packages
}

/// A shell's script with Debian's OpenSC; gives what it prints.
#[track_caller]
fn opensc(directory: &Path, script: &str) -> String {
    for (program, package) in [
        ("opensc-tool", "opensc"),
        ("pkcs15-tool", "opensc"),
        ("pkcs15-crypt", "opensc"),
        ("pkcs11-tool", "opensc"),
        ("p11tool", "gnutls-bin"),
    ] {
        require_program(program, package);
    }
    let mut command = client("specimen:hanako", &require_program("sh", "dash"));
    command.args(["-e", "-c", script]).current_dir(directory);
    command.env("MODULE", opensc_module());
    let output: Output = command.output().unwrap().exits_with(0);
    output.out()
}

#[test]
fn opensc_reads_the_free_certificates_as_they_are_and_the_sign_certificate_only_with_its_password() {
    let _proof = proves("opensc.certificates", Way::Service);
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let told = opensc(
        here,
        "for id in 1 3 4; do pkcs15-tool --read-certificate $id --output $id.pem; done
        pkcs15-tool --list-certificates
        ! pkcs15-tool --read-certificate 2 --output 2.pem
        test ! -e 2.pem
        pkcs15-tool --verify-pin --auth-id 02 --pin ABC123 --read-certificate 2 --output 2.pem
        ",
    );
    assert_eq!(told.matches("X.509 Certificate").count(), 4, "{told}");
    let card = specimen::find("hanako").unwrap().unwrap().jpki;
    for (id, expected) in [
        (1, card.auth.unwrap().certificate),
        (2, card.sign.unwrap().certificate),
        (3, card.auth_ca_certificate),
        (4, card.sign_ca_certificate),
    ] {
        let pem = format!("{id}.pem");
        openssl(
            here,
            &["x509", "-in", &pem, "-outform", "DER", "-out", "certificate.der"],
        );
        assert_eq!(
            fs::read(here.join("certificate.der")).unwrap(),
            expected,
            "certificate {id}"
        );
    }
}

#[test]
fn opensc_sees_a_wrong_pin_cost_a_try_until_none_is_left_and_a_right_one_bring_them_back() {
    let _proof = proves("opensc.pins", Way::Service);
    let told = opensc(
        Path::new("/"),
        r#"verify() { pkcs15-tool --verify-pin --auth-id 01 --pin "$1" >/dev/null 2>&1 && echo right || echo wrong; }
        tries() { pkcs15-tool --list-pins | sed -n 's/.*Tries left *: //p' | head -1; }
        for pin in 1234 0000 1234 9999 9999 9999 1234; do verify $pin; tries; done"#,
    );
    let expected = "right 3 wrong 2 right 3 wrong 2 wrong 1 wrong 0 wrong 0";
    assert_eq!(told.split_whitespace().collect::<Vec<_>>().join(" "), expected);
}

#[test]
fn opensc_and_gnutls_list_mechanisms_objects_and_certificates() {
    let _proof = proves("gnutls.objects", Way::Service);
    let told = opensc(
        Path::new("/"),
        r#"pkcs11-tool --list-mechanisms
        pkcs11-tool --list-objects
        p11tool --provider "$MODULE" --list-all-certs 'pkcs11:token=JPKI%20%28User%20Authentication%20PIN%29'
        GNUTLS_PIN=1234 p11tool --provider "$MODULE" --login --list-privkeys 'pkcs11:token=JPKI%20%28User%20Authentication%20PIN%29'"#,
    );
    for object in [
        "SHA256-RSA-PKCS",
        "Certificate Object; type = X.509 cert",
        "Label: User Authentication Certificate",
        "Label: User Authentication Key",
    ] {
        assert!(told.contains(object), "{object} is missing in\n{told}");
    }
}

#[test]
fn what_opensc_signs_with_each_program_key_and_mechanism_openssl_verifies() {
    let _opensc_pkcs11_signs = proves("opensc.pkcs11-signs", Way::Service);
    let _opensc_pkcs15_signs = proves("opensc.pkcs15-signs", Way::Service);
    let (directory, card) = (
        tempfile::tempdir().unwrap(),
        specimen::find("hanako").unwrap().unwrap().jpki,
    );
    let here = directory.path();
    fs::write(here.join("text"), "こんばんは").unwrap();
    openssl(here, &["dgst", "-sha256", "-binary", "-out", "hash", "text"]);
    // DigestInfo of SHA-256, which a program gives to the raw mechanism.
    let prefix = b"\x30\x31\x30\x0D\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
    let digest_info = [&prefix[..], &fs::read(here.join("hash")).unwrap()].concat();
    fs::write(here.join("digest-info"), digest_info).unwrap();
    opensc(
        here,
        "sign() {
            pkcs11-tool --login --pin $3 --slot-index $1 --sign --id $2 \
                --mechanism $4 --input-file $5 --output-file $2.$4
        }
        for key in '0 01 1234' '1 02 ABC123'; do
            sign $key SHA256-RSA-PKCS text
            sign $key RSA-PKCS digest-info
            set -- $key
            pkcs15-crypt --sign --key $2 --pin $3 --sha-256 --pkcs1 --raw --input hash --output $2.crypt
        done",
    );
    for (id, certificate) in [
        ("01", card.auth.unwrap().certificate),
        ("02", card.sign.unwrap().certificate),
    ] {
        write_public_key(here, &certificate);
        for by in ["SHA256-RSA-PKCS", "RSA-PKCS", "crypt"] {
            is_signed(here, &format!("{id}.{by}"));
        }
    }
}

/// The state of the card goes on: neither the end of the service nor its start gives a try back.
#[test]
fn a_program_stays_connected_while_serve_socket_is_stopped_killed_and_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let (card, socket) = (folder.path().join("card"), folder.path().join("s"));
    let person = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/people/hanako.toml");
    let mut issue = vmyna(["issue"]);
    issue.arg(person).arg("-o").arg(&card).args(["--seed", "1"]);
    issue.output().unwrap().exits_with(0);
    let start = || {
        let mut serve = vmyna(["serve", "--card"]);
        let mut serve = Serve::start_by(serve.arg(&card).arg("--socket").arg(&socket));
        serve.wait_for("PC/SC programs find them");
        serve
    };
    let mut serve = start();
    let mut program = isolated(with_pyscard());
    program
        .arg(format!("{CLIENTS}/pyscard/restart.py"))
        .env("PCSCLITE_CSOCK_NAME", &socket)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut program = program.spawn().unwrap();
    let mut input = program.stdin.take().unwrap();
    let mut output = BufReader::new(program.stdout.take().unwrap()).lines();
    assert_eq!(output.next().unwrap().unwrap(), "ready");
    let mut send = |command: &str| {
        writeln!(input, "{command}").unwrap();
        output.next().unwrap().unwrap()
    };
    let (wrong, query) = ("002000980430303030", "00200098");
    assert_eq!(send(wrong), "63C2");
    // As libpcsclite reports it when pcscd has ended: SCARD_E_NO_SERVICE.
    for signal in ["INT", "KILL"] {
        serve.signal(signal);
        serve.end();
        serve = start();
        assert_eq!(send(query), "8010001D 63C2", "{signal}");
        assert_eq!(send(query), "63C2");
    }
    assert_eq!(send(wrong), "63C1");
    drop(input);
    assert!(program.wait().unwrap().success());
}
