//! Writes a file whole or not at all. Files contain the cardholder's data, so only their owner can read them.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use crate::failure::{Failure, path_failure};
use vmyna_apdu::ShowPath as _;

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
/// are written to it. Another user's symbolic link is not followed.
///
/// # Errors
/// [`Failure`] with the path; then a file of that name is as it was.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    vmyna_files::replace(path, bytes).map_err(|error| fault(path, &error))
}

/// Whether [`replace`] could write there, as far as that can be known; changes nothing.
///
/// # Errors
/// [`Failure`] with the path.
pub(crate) fn can_replace(path: &Path) -> Result<(), Failure> {
    vmyna_files::can_replace(path).map_err(|error| fault(path, &error))
}

fn fault(path: &Path, error: &io::Error) -> Failure {
    path_failure(error, format!("{} can't be written: {error}", path.shown()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
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
