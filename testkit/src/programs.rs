//! Finds the programs of the machine that tests are run against, or reports which package brings them.
//!
//! Must never skip silently: a test whose peer is missing fails with the command that installs it.

use std::path::{Path, PathBuf};

/// Directories searched after `PATH`: daemons live there, and users often do not have them in their `PATH`.
const SYSTEM_DIRECTORIES: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// The full path of the program `name`, from `PATH` or from the system's directories for daemons.
///
/// # Panics
/// When there is no such program, with the command that installs its Debian package.
#[expect(clippy::panic, reason = "a test without its peer must fail and say what to install")]
pub fn require_program(name: &str, debian_package: &str) -> PathBuf {
    find_program(name).unwrap_or_else(|| {
        panic!("this test needs the program `{name}`, which is missing: apt-get install {debian_package}")
    })
}

/// The full path of vpcd's driver for pcscd (`libifdvpcd.so…`).
///
/// # Panics
/// When it is missing, with the command that installs its Debian package.
#[expect(clippy::panic, reason = "a test without its peer must fail and say what to install")]
pub fn require_vpcd_driver() -> PathBuf {
    find_vpcd_driver().unwrap_or_else(|sentence| panic!("{sentence}"))
}

/// The full path of the library `name`, from one of the directories in which Debian and Ubuntu put libraries.
///
/// # Panics
/// When it is missing, with the command that installs its Debian package.
#[expect(clippy::panic, reason = "a test without its peer must fail and say what to install")]
pub fn require_library(name: &str, debian_package: &str) -> PathBuf {
    find_library(name).unwrap_or_else(|| {
        panic!(
            "this test needs the library {name}, which is in none of /usr/lib, /usr/lib64, /usr/lib/*: \
             apt-get install {debian_package}"
        )
    })
}

pub(crate) fn find_library(name: &str) -> Option<PathBuf> {
    library_under(Path::new("/usr"), name)
}

fn library_under(usr: &Path, name: &str) -> Option<PathBuf> {
    let lib = usr.join("lib");
    let directories = [vec![lib.clone(), usr.join("lib64")], entries(&lib)].concat();
    let mut files = directories.into_iter().map(|directory| directory.join(name));
    files.find(|file| file.is_file())
}

/// The same for vpcd's driver, giving the sentence instead of a panic.
///
/// # Errors
/// One sentence: what is missing, where it was searched for, and what to install.
pub fn find_vpcd_driver() -> Result<PathBuf, String> {
    driver_under(Path::new("/usr")).ok_or_else(|| {
        "vpcd's driver libifdvpcd.so is in none of /usr/lib/pcsc, /usr/lib/*/pcsc, /usr/lib64/pcsc: \
         apt-get install vsmartcard-vpcd"
            .to_owned()
    })
}

pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(SYSTEM_DIRECTORIES.iter().map(PathBuf::from))
        .map(|directory| directory.join(name))
        .find(|candidate| is_executable(candidate))
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Debian puts drivers under `/usr/lib/pcsc` or, with multi-arch, `/usr/lib/x86_64-linux-gnu/pcsc`; others use `lib64`.
fn driver_under(usr: &Path) -> Option<PathBuf> {
    let mut roots = vec![usr.join("lib/pcsc"), usr.join("lib64/pcsc")];
    roots.extend(
        entries(&usr.join("lib"))
            .into_iter()
            .map(|directory| directory.join("pcsc")),
    );
    roots.into_iter().find_map(|root| driver_below(&root, 4))
}

fn driver_below(directory: &Path, levels: u8) -> Option<PathBuf> {
    let (folders, files): (Vec<_>, Vec<_>) = entries(directory).into_iter().partition(|path| path.is_dir());
    files.into_iter().find(|path| is_driver(path)).or_else(|| {
        let below = levels.checked_sub(1)?;
        folders.iter().find_map(|folder| driver_below(folder, below))
    })
}

fn is_driver(path: &Path) -> bool {
    path.is_file()
        && path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("libifdvpcd.so"))
}

/// The directory's entries in order of name; none when it can't be read.
fn entries(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_a_panic_that_names_the_package_to_install() {
        let panic = std::panic::catch_unwind(|| require_program("no-such-program-here", "some-package")).unwrap_err();
        let sentence = panic.downcast_ref::<String>().unwrap();
        assert!(sentence.contains("`no-such-program-here`") && sentence.ends_with("apt-get install some-package"));
    }

    #[test]
    fn a_program_that_is_only_in_a_directory_for_daemons_is_found() {
        assert!(require_program("pcscd", "pcscd").is_absolute());
    }

    #[test]
    fn the_driver_is_found_in_each_layout_of_debian_and_ubuntu() {
        for layout in [
            "lib/pcsc/drivers/serial",
            "lib/x86_64-linux-gnu/pcsc/drivers/serial",
            "lib64/pcsc/drivers",
        ] {
            let usr = tempfile::tempdir().unwrap();
            assert_eq!(driver_under(usr.path()), None);
            let folder = usr.path().join(layout);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("libccidtwin.so"), "").unwrap();
            assert_eq!(driver_under(usr.path()), None);
            let driver = folder.join("libifdvpcd.so.0.8");
            std::fs::write(&driver, "").unwrap();
            assert_eq!(driver_under(usr.path()), Some(driver));
        }
    }

    #[test]
    fn a_library_is_found_with_multi_arch_and_without() {
        for directory in ["lib", "lib/x86_64-linux-gnu", "lib64"] {
            let usr = tempfile::tempdir().unwrap();
            assert_eq!(library_under(usr.path(), "some.so"), None);
            let directory = usr.path().join(directory);
            std::fs::create_dir_all(&directory).unwrap();
            let library = directory.join("some.so");
            std::fs::write(&library, "").unwrap();
            assert_eq!(library_under(usr.path(), "some.so"), Some(library));
        }
    }

    #[test]
    fn a_dangling_link_to_a_driver_is_not_a_driver() {
        let usr = tempfile::tempdir().unwrap();
        let folder = usr.path().join("lib/pcsc");
        std::fs::create_dir_all(&folder).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.join("libifdvpcd.so")).unwrap();
        assert_eq!(driver_under(usr.path()), None);
    }
}
