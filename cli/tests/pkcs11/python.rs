//! python-pkcs11 with the card's tokens, and the Python of these tests: pyHanko and python-pkcs11 as they are published.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use vmyna_testkit::clients::{Way, proves};
use vmyna_testkit::{isolated, require_program};

use crate::common::Printed;
use crate::desk::Desk;

const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/python/requirements.txt");

/// `PATH` with the programs of [`PACKAGES`] first.
pub(crate) fn path() -> String {
    let others = std::env::var("PATH").unwrap_or_default();
    format!("{}/bin:{others}", PACKAGES.display())
}

/// A virtual environment with the packages of `requirements.txt`, installed if they are not yet for this Python. Tests of
/// one program share it.
static PACKAGES: LazyLock<PathBuf> = LazyLock::new(|| {
    // Debian's, for which `python3-venv` is; another may come first in PATH.
    let debian = Path::new("/usr/bin/python3");
    let python = if debian.exists() {
        debian.to_owned()
    } else {
        require_program("python3", "python3")
    };
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let stamp = directory.join("installed");
    let version = isolated(&python).arg("--version").output().unwrap().exits_with(0).out();
    let wanted = version + &fs::read_to_string(REQUIREMENTS).unwrap();
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return directory;
    }
    let made = isolated(&python)
        .args(["-m", "venv", "--clear"])
        .arg(&directory)
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "this test needs Python's module venv with pip: apt-get install python3-venv\n{}",
        made.out() + &made.err()
    );
    // Not isolated: pip may need the user's proxy and index.
    let install = Command::new(directory.join("bin/python"))
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
        ])
        .args(["--only-binary", ":all:", "--requirement", REQUIREMENTS])
        .output()
        .unwrap();
    assert!(
        install.status.success(),
        "`pip install` in {} has failed: it needs the network for the packages that are not in pip's cache, and CPython \
         3.11 to 3.14\n{}",
        directory.display(),
        install.out() + &install.err()
    );
    fs::write(stamp, wanted).unwrap();
    directory
});

#[test]
fn python_pkcs11_lists_and_signs_with_either_key() {
    let _lists = proves("python-pkcs11.lists", Way::Service);
    let _signs = proves("python-pkcs11.signs", Way::Service);
    let desk = Desk::new(Way::Service);
    desk.configure(&["sign.py"]);
    desk.write("text", "いただきます\n");
    let printed = desk.run("python sign.py", &[("PATH", &path())]).exits_with(0).out();
    for object in [
        "JPKI (User Authentication PIN): key User Authentication Key",
        "JPKI (User Authentication PIN): certificate User Authentication Certificate",
        "JPKI (User Authentication PIN): certificate Digital Signature Certificate CA",
        "JPKI (Digital Signature PIN): key Digital Signature Key",
        "JPKI (Digital Signature PIN): certificate Digital Signature Certificate",
    ] {
        assert!(
            printed.lines().any(|line| line == object),
            "{object} is missing in\n{printed}"
        );
    }
    for (certificate, key) in [
        ("auth.pem", "User-Authentication-Key"),
        ("sign.pem", "Digital-Signature-Key"),
    ] {
        for number in 0..2 {
            desk.is_signed(certificate, &format!("{key}-{number}.signature"));
        }
    }
    assert_eq!(desk.tries_left(), [3, 5]);
}

#[test]
fn a_wrong_pin_costs_python_pkcs11_one_try_at_the_log_in_and_at_the_signature() {
    let _proof = proves("python-pkcs11.wrong-pin", Way::Service);
    for (right, wrong, tries_left) in [
        ("\"1234\"", "\"4321\"", [2, 5]),
        ("{\"pin\": pin}", "{\"pin\": \"ABC124\"}", [3, 4]),
    ] {
        let desk = Desk::new(Way::Service);
        let script = vmyna_testkit::configurations::configuration("sign.py");
        assert!(script.contains(right), "{script}");
        desk.write("wrong.py", script.replace(right, wrong));
        desk.write("text", "いただきます\n");
        let printed = desk.run("python wrong.py", &[("PATH", &path())]).exits_with(1).err();
        assert!(printed.contains("PinIncorrect"), "{printed}");
        assert_eq!(desk.tries_left(), tries_left);
    }
}
