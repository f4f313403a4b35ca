//! Packages of PyPI for programs that tests run.

use std::path::Path;
use std::process::{Command, Output};
use std::{fs, io};

use crate::{isolated, require_program};

/// Makes a virtual environment of Python in `directory` with the packages that the file `requirements` names by version and
/// hash, unless they are there for this Python already.
///
/// # Errors
/// A file can't be read or written, or a program not started.
///
/// # Panics
/// Python has no venv, or pip fails. The message states what to install.
pub fn install_python_packages(requirements: &Path, directory: &Path) -> io::Result<()> {
    // Debian's, for which `python3-venv` is; another may come first in PATH.
    let debian = Path::new("/usr/bin/python3");
    let python = match debian.exists() {
        true => debian.to_owned(),
        false => require_program("python3", "python3"),
    };
    let stamp = directory.join("installed");
    let version = isolated(&python).arg("--version").output()?.stdout;
    let wanted = [version, fs::read(requirements)?].concat();
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let made = isolated(&python)
        .args(["-m", "venv", "--clear"])
        .arg(directory)
        .output()?;
    assert!(
        made.status.success(),
        "this test needs Python's module venv with pip: apt-get install python3-venv\n{}",
        printed(&made)
    );
    // Not isolated: pip may need the user's proxy and index.
    let install = Command::new(directory.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(["--require-hashes", "--only-binary", ":all:", "--requirement"])
        .arg(requirements)
        .output()?;
    assert!(
        install.status.success(),
        "`pip install` in {} has failed: it needs the network for the packages that are not in pip's cache, and CPython \
         3.11 to 3.14\n{}",
        directory.display(),
        printed(&install)
    );
    fs::write(stamp, wanted)
}

fn printed(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}
