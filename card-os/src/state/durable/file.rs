//! Opens files of a card: ordinary files only, made with permission for their owner only.
//!
//! Must never follow a symbolic link, because another user could choose with it which file is emptied or written.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;
use vmyna_apdu::ShowPath as _;

use super::error::NO_FILE;

/// Options for a file with permission for its owner only, on systems that have permissions.
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
    // O_NONBLOCK because opening a pipe would wait for its other end.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let file = options.open(path).map_err(|error| unless_file(path, error))?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(no_file(path, "not an ordinary file")),
    }
}

/// Whether `path` still leads to this file.
#[cfg(unix)]
pub(super) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let ours = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Other systems don't remove an open file.
#[cfg(not(unix))]
pub(super) fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

/// The error of an operation on a file; [`NO_FILE`] if something else than an ordinary file is there.
pub(super) fn unless_file(path: &Path, error: io::Error) -> io::Error {
    match path.symlink_metadata() {
        Ok(there) if there.is_symlink() => no_file(path, "a symbolic link"),
        Ok(there) if !there.is_file() => no_file(path, "not an ordinary file"),
        _ => error,
    }
}

fn no_file(path: &Path, what: &str) -> io::Error {
    io::Error::new(NO_FILE, format!("{} is {what}", path.shown()))
}

#[cfg(all(test, unix))]
mod tests;
