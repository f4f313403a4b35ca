//! The folder of a card's state: it belongs to this user, and no other user can enter it.

use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use crate::private_directory::PrivateDirectory;
use vmyna_apdu::ShowPath as _;

/// The variable of the environment that names the folder for the states of all cards, for images in folders that can't be
/// written to. All programs that use a card must have the same value, or the card has two states.
pub const STATE_VARIABLE: &str = "VMYNA_STATE";

/// The folder of a state can't be used.
#[derive(Debug)]
#[non_exhaustive]
pub struct FolderError {
    /// The folder.
    pub folder: PathBuf,
    /// Whether [`STATE_VARIABLE`] names it; otherwise it belongs to an image.
    pub named: bool,
    /// The reason.
    pub problem: FolderProblem,
}

/// Why the folder of a state can't be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum FolderProblem {
    /// The operating system can't create it.
    Create(io::Error),
    /// The operating system can't show its owner and mode.
    Inspect(io::Error),
    /// It is a symbolic link.
    SymbolicLink,
    /// It is a file or something else.
    NoFolder,
    /// It belongs to the user with this number.
    OtherUser(u32),
    /// The user of this process is not known.
    UnknownUser,
    /// Other users can enter it: its mode.
    OpenToOthers(u32),
}

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folder = self.folder.shown();
        match &self.problem {
            FolderProblem::Create(error) => {
                return write!(f, "{folder}: {error}; the card's state belongs into this folder");
            }
            FolderProblem::Inspect(error) => return write!(f, "{folder}: {error}"),
            FolderProblem::SymbolicLink => write!(f, "{folder} is a symbolic link"),
            FolderProblem::NoFolder => write!(f, "{folder} is no folder"),
            FolderProblem::OtherUser(user) => write!(f, "{folder} belongs to another user ({user})"),
            FolderProblem::UnknownUser => write!(f, "{folder} belongs to a user that can't be compared with this one"),
            FolderProblem::OpenToOthers(mode) => write!(f, "{folder} is open to other users (mode {mode:04o})"),
        }?;
        f.write_str(": the state of the cards of an image lies in a folder that only you can enter")
    }
}

impl std::error::Error for FolderError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            FolderProblem::Create(error) | FolderProblem::Inspect(error) => Some(error),
            _ => None,
        }
    }
}

/// Makes a folder that only its owner can enter, if nothing is there.
pub(crate) fn make_private(folder: &Path, named: bool) -> Result<(), FolderError> {
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(FolderError {
            folder: folder.to_owned(),
            named,
            problem: FolderProblem::Create(error),
        }),
        _ => Ok(()),
    }
}

/// Refuses a folder into which another user can put something; returns whether there is one.
pub(crate) fn check_private(folder: &Path, named: bool) -> Result<bool, FolderError> {
    check(folder, PrivateDirectory::user()).map_err(|problem| FolderError {
        folder: folder.to_owned(),
        named,
        problem,
    })
}

fn check(folder: &Path, user: Option<u32>) -> Result<bool, FolderProblem> {
    let there = match fs::symlink_metadata(folder) {
        Ok(there) => there,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(FolderProblem::Inspect(error)),
    };
    match user {
        _ if there.is_symlink() => Err(FolderProblem::SymbolicLink),
        _ if !there.is_dir() => Err(FolderProblem::NoFolder),
        None => Err(FolderProblem::UnknownUser),
        Some(user) if user != there.uid() => Err(FolderProblem::OtherUser(there.uid())),
        Some(_) if there.mode() & 0o077 != 0 => Err(FolderProblem::OpenToOthers(there.mode() & 0o7777)),
        Some(_) => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_another_user_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("c.state");
        let user = PrivateDirectory::user().unwrap();
        assert!(matches!(check(&folder, Some(user)), Ok(false)));
        make_private(&folder, false).unwrap();
        assert!(matches!(check(&folder, Some(user)), Ok(true)));
        assert!(matches!(
            check(&folder, Some(user + 1)),
            Err(FolderProblem::OtherUser(owner)) if owner == user
        ));
        assert!(matches!(check(&folder, None), Err(FolderProblem::UnknownUser)));
    }
}
