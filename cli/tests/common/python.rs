//! The Python of these tests: pyHanko and python-pkcs11 as they are published, and Debian's pyscard.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use vmyna_testkit::{install_python_packages, isolated, require_program};

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
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    install_python_packages(Path::new(REQUIREMENTS), &directory).unwrap();
    directory
});
