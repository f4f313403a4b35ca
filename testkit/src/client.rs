//! Starts programs of other projects in an environment that depends on the test alone.
//!
//! A client of the card reads configuration of OpenSC, OpenSSL, p11-kit, NSS or GnuPG from the environment and from the
//! user's home directory. On one machine that configuration loads modules and sets options that another machine lacks: with
//! Debian's package softhsm2, p11-kit loads a module into openssl's engine that crashes when openssl exits.
//!
//! Must never pass on an environment variable that is not in [`PASSED_ON`]. `p11-kit` reads `/etc/pkcs11` and
//! `/usr/share/p11-kit` whatever the environment is; so openssl's engine is given OpenSC's module instead of p11-kit's, and
//! tests give GnuTLS' programs `--provider`.

use std::ffi::OsStr;
use std::process::Command;

use crate::programs::{find_library, require_program};

/// The variables that a client inherits: where programs are, where temporary files go, the user, and the terminal.
/// `LLVM_PROFILE_FILE` is for measuring coverage.
const PASSED_ON: [&str; 11] = [
    "PATH",
    "LD_LIBRARY_PATH",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "TZ",
    "RUST_BACKTRACE",
    "LLVM_PROFILE_FILE",
];

/// A directory that does not exist, as Debian names it for users without a home.
const NO_HOME: &str = "/nonexistent";

/// OpenSSL's configuration for tests.
const OPENSSL_CONF: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openssl.cnf");

/// OpenSC's PKCS#11 module.
const PKCS11_MODULE: &str = "opensc-pkcs11.so";

/// The program `name` of a Debian package, to be started in an environment of its own.
///
/// # Panics
/// If there is no such program, with the command that installs it.
#[must_use]
pub fn client(name: &str, debian_package: &str) -> Command {
    isolated(require_program(name, debian_package))
}

/// A program, to be started in an environment of its own: it finds no configuration in the environment or in a home
/// directory, no PC/SC service but the machine's, and speaks English.
///
/// What the program itself starts has the same environment.
#[must_use]
pub fn isolated(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    for name in PASSED_ON {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    for home in [
        "HOME",
        "GNUPGHOME",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_DIRS",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_STATE_HOME",
    ] {
        command.env(home, NO_HOME);
    }
    if let Some(module) = find_library(PKCS11_MODULE) {
        // The engine's default is p11-kit's proxy, which loads every module of the machine.
        command.env("PKCS11_MODULE_PATH", module);
    }
    command
        .env("OPENSC_CONF", "/dev/null")
        .env("OPENSSL_CONF", OPENSSL_CONF)
        .env("GNUTLS_SYSTEM_PRIORITY_FILE", "/dev/null")
        .env("P11_KIT_NO_USER_CONFIG", "1")
        .env("SOFTHSM2_CONF", "/dev/null")
        .env("LC_ALL", "C.UTF-8");
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_own_process;

    #[test]
    fn only_listed_variables_are_passed_on() {
        let output = isolated("env").env("ADDED", "by the test").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let set = [
            "ADDED",
            "GNUPGHOME",
            "GNUTLS_SYSTEM_PRIORITY_FILE",
            "HOME",
            "LC_ALL",
            "OPENSC_CONF",
            "OPENSSL_CONF",
            "P11_KIT_NO_USER_CONFIG",
            "PKCS11_MODULE_PATH",
            "SOFTHSM2_CONF",
            "XDG_CACHE_HOME",
            "XDG_CONFIG_DIRS",
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
            "XDG_STATE_HOME",
        ];
        for (name, _) in text.lines().filter_map(|line| line.split_once('=')) {
            assert!(set.contains(&name) || PASSED_ON.contains(&name), "{name}");
        }
        // cargo sets it for every test.
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some() && !text.contains("CARGO_MANIFEST_DIR"));
        assert!(text.contains("ADDED=by the test") && text.contains("HOME=/nonexistent"));
    }

    #[test]
    fn a_service_in_the_environment_is_not_passed_on() {
        // The child of this test has the variable in its environment.
        in_own_process("client::tests::a_service_in_the_environment_is_not_passed_on", |_| {
            assert!(std::env::var_os("PCSCLITE_CSOCK_NAME").is_some());
            let output = isolated("env").output().unwrap();
            assert!(
                !String::from_utf8(output.stdout)
                    .unwrap()
                    .contains("PCSCLITE_CSOCK_NAME")
            );
        });
    }

    #[test]
    fn openssl_loads_its_configuration_for_tests() {
        let mut command = client("openssl", "openssl");
        command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
        command.args(["-nodes", "-keyout", "/dev/null", "-subj", "/CN=test", "-noout"]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
