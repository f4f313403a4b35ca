//! The Python of these tests: pyHanko and python-pkcs11 as they are published, and Debian's pyscard.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use vmyna_testkit::{isolated, require_program};

use super::Printed;

/// Their versions and hashes.
const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/python/requirements.txt");

/// `PATH` with the programs of [`PACKAGES`] first.
pub fn path() -> String {
    let others = std::env::var("PATH").unwrap_or_default();
    format!("{}/bin:{others}", PACKAGES.display())
}

/// Debian's Python, for which Debian's pyscard is; another may come first in PATH and not have it.
pub fn with_pyscard() -> PathBuf {
    let candidates = [PathBuf::from("/usr/bin/python3"), require_program("python3", "python3")];
    let has_pyscard = |python: &PathBuf| {
        let import = isolated(python).args(["-c", "import smartcard"]).output();
        import.is_ok_and(|output| output.status.success())
    };
    let found = candidates.into_iter().find(has_pyscard);
    found.unwrap_or_else(|| panic!("this test needs pyscard, which is missing: apt-get install python3-pyscard"))
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
