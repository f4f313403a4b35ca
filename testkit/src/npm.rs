//! Packages of npm for programs that tests run.

use std::path::Path;
use std::process::Command;
use std::{fs, io};

use crate::{client, require_program};

/// Installs the packages of the lock file in `source` into `directory`, unless they are there for this Node.js already.
/// Nothing is installed into the source tree. `built` are files below `directory` that a package must have built: npm may
/// succeed without them.
///
/// # Errors
/// A file can't be read or written, or a program not started.
///
/// # Panics
/// npm fails, or one of `built` is missing. The message states what to install.
pub fn install_packages(source: &Path, directory: &Path, built: &[&str]) -> io::Result<()> {
    let stamp = directory.join("installed");
    let version = client("node", "nodejs").arg("--version").output()?.stdout;
    let wanted = [version, fs::read(source.join("package-lock.json"))?].concat();
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    fs::create_dir_all(directory)?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(source.join(file), directory.join(file))?;
    }
    // Not isolated: npm may need the user's proxy and registry.
    let install = Command::new(require_program("npm", "npm"))
        .args(["ci", "--no-audit", "--no-fund"])
        .current_dir(directory)
        .output()?;
    let missing: Vec<&&str> = built.iter().filter(|file| !directory.join(file).exists()).collect();
    let compiler = match built {
        [] => "",
        _ => {
            ", and to build one of them: apt-get install g++ make libpcsclite-dev, and Node.js' headers, which are in nodejs \
             or libnode-dev"
        }
    };
    assert!(
        install.status.success() && missing.is_empty(),
        "`npm ci` in {} has failed: it needs the network for the packages that are not in npm's cache{compiler}\n{}{}",
        directory.display(),
        String::from_utf8_lossy(&install.stdout),
        String::from_utf8_lossy(&install.stderr)
    );
    fs::write(stamp, wanted)
}
