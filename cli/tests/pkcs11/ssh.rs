//! Logging in with the card's authentication key: OpenSSH's client at a real sshd.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Output;

use vmyna_testkit::clients::{Way, proves};
use vmyna_testkit::{LocalServer, client, isolated, require_program};

use crate::common::{Printed, openssl};
use crate::desk::Desk;

/// sshd with a host key of its own, which lets in the issued card's authentication key alone. As an ordinary user it
/// can log in that user; these tests log in the user who runs them.
fn sshd(desk: &Desk) -> LocalServer {
    let sshd = require_program("sshd", "openssh-server");
    let as_root = fs::metadata(desk.path()).unwrap().uid() == 0;
    assert!(
        !as_root || Path::new("/run/sshd").is_dir(),
        "sshd insists on this directory when root starts it: mkdir -m 755 /run/sshd"
    );
    openssl(
        desk.path(),
        &["x509", "-in", "auth.pem", "-pubkey", "-noout", "-out", "key.pem"],
    );
    ssh_keygen(desk, &["-q", "-t", "ed25519", "-N", "", "-f", "host"]);
    desk.write("authorized", ssh_keygen(desk, &["-i", "-m", "PKCS8", "-f", "key.pem"]));
    let here = desk.path().display();
    let server = LocalServer::start("Server listening on", |directory, port| {
        let configuration = format!(
            "ListenAddress 127.0.0.1:{port}
            HostKey {here}/host
            PidFile none
            AuthorizedKeysFile {here}/authorized
            AuthenticationMethods publickey
            PermitRootLogin yes
            StrictModes no
            UsePAM no
            "
        );
        let file = directory.join("sshd_config");
        fs::write(&file, configuration).unwrap();
        let mut command = isolated(&sshd);
        command.args(["-D", "-e", "-f"]).arg(file);
        command
    });
    server.unwrap()
}

fn ssh_keygen(desk: &Desk, arguments: &[&str]) -> String {
    let mut command = client("ssh-keygen", "openssh-client");
    let output = command.args(arguments).current_dir(desk.path()).output();
    output.unwrap().exits_with(0).out()
}

/// Runs a script that logs in by `sh ./log-in OPTION…`, which is `ssh` without the user's own configuration and keys. PINs
/// come from a program, as on a desktop, which also notes the question. Gives what the script printed and sshd's log.
fn log_in(desk: &Desk, pin: &str, script: &str) -> (Output, String) {
    for program in ["ssh", "ssh-add", "ssh-agent"] {
        require_program(program, "openssh-client");
    }
    let server = sshd(desk);
    let host = fs::read_to_string(desk.path().join("host.pub")).unwrap();
    desk.write("known", format!("[127.0.0.1]:{} {host}", server.port()));
    desk.write("askpass", format!("#!/bin/sh\necho \"$1\" >>asked\necho {pin}\n"));
    fs::set_permissions(desk.path().join("askpass"), fs::Permissions::from_mode(0o700)).unwrap();
    desk.write(
        "log-in",
        "exec ssh \"$@\" -F none -o UserKnownHostsFile=\"$PWD/known\" -o GlobalKnownHostsFile=none -o IdentityFile=none \
        -o PreferredAuthentications=publickey -p \"$PORT\" 127.0.0.1 'echo user $(id -u)'",
    );
    let variables = [
        ("PORT", &*server.port().to_string()),
        ("SSH_ASKPASS", "./askpass"),
        ("SSH_ASKPASS_REQUIRE", "force"),
        ("SSH_AUTH_SOCK", ""),
    ];
    (desk.run(script, &variables), server.log())
}

const BY_MODULE: &str = r#"sh ./log-in -I "$MODULE""#;

/// The user who runs the tests is who is logged in, after one question for a PIN.
#[track_caller]
fn is_logged_in(desk: &Desk, (output, log): (Output, String)) {
    let user = fs::metadata(desk.path()).unwrap().uid();
    let told = output.out() + &output.err();
    assert!(output.out().ends_with(&format!("user {user}\n")), "{told}\n{log}");
    let asked = fs::read_to_string(desk.path().join("asked")).unwrap();
    assert_eq!(asked.lines().count(), 1, "{asked}");
}

#[test]
fn ssh_logs_in_with_the_authentication_key() {
    let _proof = proves("ssh.login", Way::Service);
    let desk = Desk::new(Way::Service);
    is_logged_in(&desk, log_in(&desk, "1234", BY_MODULE));
}

#[test]
fn ssh_logs_in_with_the_authentication_key_also_by_pcscd() {
    let _proof = proves("ssh.login", Way::Vpcd);
    let desk = Desk::new(Way::Vpcd);
    is_logged_in(&desk, log_in(&desk, "1234", BY_MODULE));
}

#[test]
fn ssh_agent_holds_the_key_for_ssh_and_costs_no_try() {
    let _proof = proves("ssh.agent", Way::Service);
    let desk = Desk::new(Way::Service);
    let script = r#"exec ssh-agent sh -e -c 'ssh-add -q -s "$MODULE"; sh ./log-in'"#;
    is_logged_in(&desk, log_in(&desk, "1234", script));
    // The agent gives the one PIN to both tokens; OpenSC sees that it is too short for the other.
    assert_eq!(desk.tries_left(), [3, 5]);
}

#[test]
fn another_card_and_a_wrong_pin_are_not_logged_in() {
    let _proof = proves("ssh.refuses", Way::Service);
    for (desk, pin, tries_left) in [
        (Desk::with_another_card(Way::Service), "1234", [3, 5]),
        (Desk::new(Way::Service), "4321", [2, 5]),
    ] {
        let (output, log) = log_in(&desk, pin, BY_MODULE);
        assert_eq!(output.status.code(), Some(255), "{log}");
        assert!(
            output.err().contains("Permission denied (publickey)"),
            "{}\n{log}",
            output.err()
        );
        assert_eq!(desk.tries_left(), tries_left);
    }
}
