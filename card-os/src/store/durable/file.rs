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
    let none = |what: &str| io::Error::new(NO_FILE, format!("{} is {what}", path.display()));
    // The second for a pipe, which would let us wait for its other end.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let file = match options.open(path) {
        Ok(file) => file,
        Err(error) if path.is_symlink() && error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(none("a symbolic link"));
        }
        Err(error) => return Err(error),
    };
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(none("not an ordinary file")),
    }
}
