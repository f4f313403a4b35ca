//! Where the bytes of a state lie: a file, or what a test puts in its place to cut the power.
//!
//! A medium knows nothing of what it holds. It must never bring a state into being that is not whole, nor make one that
//! others than its owner can read.

use core::fmt;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use redb::StorageBackend;
use redb::backends::FileBackend;

use super::error::StateError;
use super::file::{open_own, owners_only};
use super::holder::{Hold, Look, NotHeld};

/// Where the bytes of one state lie. Whoever has it has it alone.
pub trait Medium: Send + fmt::Debug {
    /// What the bytes are read from and written to.
    type Backend: StorageBackend;

    /// Where that is, for messages.
    fn place(&self) -> String;

    /// The state, if there is one.
    ///
    /// # Errors
    /// There is one, or may be one, but it can't be opened for reading and writing.
    fn open(&self) -> io::Result<Option<Self::Backend>>;

    /// An empty state that nobody finds until it is [published](Self::publish).
    ///
    /// # Errors
    /// It can't be made.
    fn create(&self) -> io::Result<Self::Backend>;

    /// Makes what was created the state, at once and as a whole. Its bytes have been synced before.
    ///
    /// # Errors
    /// It may or may not be the state.
    fn publish(&self) -> io::Result<()>;

    /// Brings to stable storage that there is a state.
    ///
    /// # Errors
    /// After a power cut there may be none.
    fn sync_name(&self) -> io::Result<()>;
}

/// A state in a file, held by this process.
#[derive(Debug)]
pub struct FileMedium {
    state: PathBuf,
    hold: Hold,
}

impl FileMedium {
    /// Holds the card whose state is, or will be, the file `state`.
    ///
    /// # Errors
    /// Another process holds it, or the directory can't be written. A holder who has not yet said where he listens is
    /// waited for, about a second.
    pub fn hold(state: &Path) -> Result<Self, StateError> {
        let hold = Hold::take(holder_of(state)).map_err(|error| not_held(state, error))?;
        let medium = Self {
            state: state.to_owned(),
            hold,
        };
        remove(&medium.unfinished()).map_err(|error| storage(state, "open", &error))?;
        Ok(medium)
    }

    /// Removes the state. Returns whether there was one.
    pub(super) fn remove(&self) -> Result<bool, StateError> {
        remove(&self.state)
            .and_then(|removed| self.sync_name().map(|()| removed))
            .map_err(|error| storage(&self.state, "remove", &error))
    }

    pub(super) fn announce(&mut self, control: &str) -> Result<(), StateError> {
        let told = self.hold.announce(control);
        told.map_err(|error| storage(&self.state, "announce the holder of", &error))
    }

    fn unfinished(&self) -> PathBuf {
        beside(&self.state, ".new")
    }
}

impl Medium for FileMedium {
    type Backend = FileBackend;

    fn place(&self) -> String {
        self.state.display().to_string()
    }

    fn open(&self) -> io::Result<Option<FileBackend>> {
        match open_own(OpenOptions::new().read(true).write(true), &self.state) {
            Ok(file) => backend(file).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn create(&self) -> io::Result<FileBackend> {
        // Made here because the library would let everybody read it.
        let file = owners_only(OpenOptions::new().read(true).write(true).create_new(true)).open(self.unfinished())?;
        backend(file)
    }

    fn publish(&self) -> io::Result<()> {
        fs::rename(self.unfinished(), &self.state)
    }

    fn sync_name(&self) -> io::Result<()> {
        let directory = match self.state.parent() {
            Some(directory) if !directory.as_os_str().is_empty() => directory,
            _ => Path::new("."),
        };
        File::open(directory)?.sync_all()
    }
}

fn backend(file: File) -> io::Result<FileBackend> {
    FileBackend::new(file).map_err(io::Error::other)
}

/// Keeps others from changing the state while it is looked at.
pub(super) fn look(state: &Path) -> Result<Look, StateError> {
    Look::take(holder_of(state)).map_err(|error| not_held(state, error))
}

fn holder_of(state: &Path) -> PathBuf {
    beside(state, ".holder")
}

fn not_held(state: &Path, error: NotHeld) -> StateError {
    match error {
        NotHeld::By(holder) => StateError::InUse {
            place: state.display().to_string(),
            holder,
        },
        NotHeld::Io(error) => storage(state, "lock", &error),
    }
}

fn beside(state: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(state);
    name.push(suffix);
    name.into()
}

fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

pub(super) fn storage(state: &Path, doing: &'static str, error: &io::Error) -> StateError {
    StateError::Storage {
        place: state.display().to_string(),
        doing,
        kind: error.kind(),
        reason: error.to_string(),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_directory_of_the_state_is_the_one_that_is_synced() {
        let directory = tempfile::tempdir().unwrap();
        let there = directory.path().join("there");
        fs::create_dir(&there).unwrap();
        let hold = || Hold::take(directory.path().join("holder")).unwrap();
        let medium = FileMedium {
            state: there.join("hanako.state"),
            hold: hold(),
        };
        medium.sync_name().unwrap();
        fs::remove_dir(&there).unwrap();
        assert!(medium.sync_name().is_err(), "another directory was synced, or none");
        drop(medium);

        // A bare name lies in the current directory.
        let medium = FileMedium {
            state: PathBuf::from("hanako.state"),
            hold: hold(),
        };
        medium.sync_name().unwrap();
    }

    #[test]
    fn what_can_not_be_removed_is_told_from_what_is_not_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("hanako.state");
        assert!(!remove(&path).unwrap());
        fs::write(&path, "").unwrap();
        assert!(remove(&path).unwrap());
        assert!(remove(directory.path()).is_err());
    }
}
