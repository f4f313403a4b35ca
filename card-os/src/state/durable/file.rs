//! How a file of a card is opened: only where it is an ordinary file, and made for its owner only.
//!
//! Must never follow a symbolic link: whoever can put one there would choose which file of the user is emptied or written.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// What an error says of something that lies where a card's file belongs and is none.
pub(super) const NO_FILE: io::ErrorKind = io::ErrorKind::AlreadyExists;

/// The same with permission for the owner only, where the system has such.
pub(super) fn owners_only(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Opens an ordinary file.
///
/// # Errors
/// [`NO_FILE`], when it is something else.
pub(super) fn open_own(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    // The second for a pipe, which would let us wait for its other end.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let file = options.open(path).map_err(|error| unless_file(path, error))?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(no_file(path, "not an ordinary file")),
    }
}

/// The error of something that was done to a file; [`NO_FILE`], where none lies there.
pub(super) fn unless_file(path: &Path, error: io::Error) -> io::Error {
    match path.symlink_metadata() {
        Ok(there) if there.is_symlink() => no_file(path, "a symbolic link"),
        Ok(there) if !there.is_file() => no_file(path, "not an ordinary file"),
        _ => error,
    }
}

fn no_file(path: &Path, what: &str) -> io::Error {
    io::Error::new(NO_FILE, format!("{} is {what}", path.display()))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn an_error_about_an_ordinary_file_is_told_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        std::fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink(&file, directory.path().join("link")).unwrap();
        std::fs::create_dir(directory.path().join("folder")).unwrap();
        let denied = io::ErrorKind::PermissionDenied;
        for (name, expected) in [
            ("file", denied),
            ("nothing", denied),
            ("link", NO_FILE),
            ("folder", NO_FILE),
        ] {
            let told = unless_file(&directory.path().join(name), denied.into());
            assert_eq!(told.kind(), expected, "{name}");
        }
    }
}
