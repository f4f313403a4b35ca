//! Writes a file whole or not at all. What a card shows is its holder's: files are made for their owner only.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::failure::Failure;

/// Writes `directory/name` with these bytes, in place of a file of that name. The folder is made where it is missing.
///
/// # Errors
/// [`Failure::Failed`] with the path; then a file of that name is as it was.
pub(super) fn replace(directory: &Path, name: &str, bytes: &[u8]) -> Result<(), Failure> {
    let fault =
        |path: &Path, error: &io::Error| Failure::Failed(format!("{} can't be written: {error}", path.display()));
    let mut folder = DirBuilder::new();
    folder.recursive(true).mode(0o700);
    folder.create(directory).map_err(|error| fault(directory, &error))?;
    let path = directory.join(name);
    let unfinished = directory.join(format!(".{name}.{}", std::process::id()));
    write_new(&unfinished, bytes)
        .and_then(|()| fs::rename(&unfinished, &path))
        .map_err(|error| {
            // It may not be there; what is told is why it could not be made.
            let _ = fs::remove_file(&unfinished);
            fault(&path, &error)
        })
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
        for content in ["one", "two"] {
            replace(&directory, "a.png", content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(directory.join("a.png")).unwrap(), content);
        }
        assert_eq!((mode(&directory), mode(&directory.join("a.png"))), (0o700, 0o600));
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_replaced_is_named_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a.png")).unwrap();
        let Err(Failure::Failed(message)) = replace(folder.path(), "a.png", b"x") else {
            panic!("it was written");
        };
        assert!(message.contains("a.png can't be written"), "{message}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
