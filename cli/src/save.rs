//! Writes a file whole or not at all. Files contain the cardholder's data, so only their owner can read them.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, path_failure};

/// Makes a folder for files, if there is none.
///
/// # Errors
/// [`Failure`] with the path.
pub(crate) fn folder(directory: &Path) -> Result<(), Failure> {
    let mut folder = DirBuilder::new();
    folder.recursive(true).mode(0o700);
    folder.create(directory).map_err(|error| fault(directory, &error))
}

/// Replaces the file of that path by these bytes. If the path is that of a device or a pipe, like `/dev/stdout`, the bytes
/// are written to it.
///
/// # Errors
/// [`Failure`] with the path; then a file of that name is as it was.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    // The target of a symbolic link is replaced.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if is_special(path) {
        return fs::write(path, bytes).map_err(|error| fault(path, &error));
    }
    let unfinished = unfinished(path);
    write_new(&unfinished, bytes)
        .and_then(|()| fs::rename(&unfinished, path))
        .map_err(|error| {
            // It may not exist; the error reported is that of making it.
            let _ = fs::remove_file(&unfinished);
            fault(path, &error)
        })
}

/// Whether [`replace`] could write there, as far as that can be known; changes nothing.
///
/// # Errors
/// [`Failure`] with the path.
pub(crate) fn can_replace(path: &Path) -> Result<(), Failure> {
    let real = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let tried = if is_special(real) {
        OpenOptions::new().append(true).open(real).map(drop)
    } else {
        let unfinished = unfinished(real);
        write_new(&unfinished, &[]).and_then(|()| fs::remove_file(unfinished))
    };
    tried.map_err(|error| fault(path, &error))
}

fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|there| !there.is_file())
}

/// Beside the file, on the same file system.
fn unfinished(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}", std::process::id()));
    path.with_file_name(name)
}

fn fault(path: &Path, error: &io::Error) -> Failure {
    path_failure(error, format!("{} can't be written: {error}", path.display()))
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_replaced_whole_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("new/pictures");
        super::folder(&directory).unwrap();
        for content in ["one", "two"] {
            can_replace(&directory.join("a.png")).unwrap();
            replace(&directory.join("a.png"), content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(directory.join("a.png")).unwrap(), content);
        }
        assert_eq!((mode(&directory), mode(&directory.join("a.png"))), (0o700, 0o600));
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_replaced_is_named_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a.png")).unwrap();
        for path in ["a.png", "none/a.png"] {
            let path = folder.path().join(path);
            for outcome in [can_replace(&path), replace(&path, b"x")] {
                let Err(Failure::Usage(message)) = outcome else {
                    panic!("it was written");
                };
                assert!(message.contains("a.png can't be written"), "{message}");
            }
        }
        // A disk without room: what was there stays.
        assert!(matches!(replace(Path::new("/dev/full"), b"x"), Err(Failure::Failed(_))));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
