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
use super::file::{open_own, owners_only, unless_file};
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
    /// It may or may not be the state; it is not, where there was one.
    fn publish(&self) -> io::Result<()>;

    /// Removes the state, if there is one.
    ///
    /// # Errors
    /// It is still there.
    fn remove(&self) -> io::Result<()>;

    /// Brings to stable storage that there is a state, or that there is none.
    ///
    /// # Errors
    /// After a power cut it may be otherwise.
    fn sync_name(&self) -> io::Result<()>;

    /// Makes sure that the next comer still finds the card held, and here.
    ///
    /// # Errors
    /// It would not: the place was moved or removed. Or that can't be found out.
    fn check_held(&self) -> io::Result<()>;
}

/// What an error says of a state that is no longer where the next comer would find it.
pub(super) const MOVED: io::ErrorKind = io::ErrorKind::StaleNetworkFileHandle;

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
        remove(&medium.unfinished()).map_err(|error| storage(state, "clear away what was begun of", &error))?;
        Ok(medium)
    }

    pub(super) fn is_there(&self) -> bool {
        fs::symlink_metadata(&self.state).is_ok()
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
        // There was none when the card was opened, and whoever else may write one must hold the card.
        if self.is_there() {
            return Err(io::Error::new(MOVED, "another one has been put in its place"));
        }
        fs::rename(self.unfinished(), &self.state)
    }

    fn remove(&self) -> io::Result<()> {
        remove(&self.state)
    }

    fn sync_name(&self) -> io::Result<()> {
        let [directory, above] = directories(&self.state);
        File::open(directory)?.sync_all()?;
        match File::open(above) {
            // Who may not even look into it has not made the directory in it.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            above => above?.sync_all(),
        }
    }

    fn check_held(&self) -> io::Result<()> {
        match self.hold.is_found()? {
            true => Ok(()),
            false => Err(io::Error::new(
                MOVED,
                "its directory was moved or removed while the card was in use",
            )),
        }
    }
}

impl Drop for FileMedium {
    fn drop(&mut self) {
        // Of a first change that failed; if it stays, the next who holds the card removes it.
        if self.check_held().is_ok() {
            let _ = remove(&self.unfinished());
        }
    }
}

/// The directories by whose names a state is found again: its own, and the one above, because its own may be as new as the
/// state.
fn directories(state: &Path) -> [PathBuf; 2] {
    let directory = match state.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
    [directory.to_owned(), directory.join("..")]
}

fn backend(file: File) -> io::Result<FileBackend> {
    FileBackend::new(file).map_err(io::Error::other)
}

/// Keeps others from changing the state while it is looked at.
pub(super) fn look(state: &Path) -> Result<Look, StateError> {
    Look::take(holder_of(state)).map_err(|error| not_held(state, error))
}

/// The same where nothing can be written; `None` where nobody has made a file that says who holds the card.
pub(super) fn look_unwritable(state: &Path) -> Result<Option<Look>, StateError> {
    Look::take_unwritable(holder_of(state)).map_err(|error| not_held(state, error))
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

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(|error| unless_file(path, error)),
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
    use super::super::file::NO_FILE;
    use super::*;

    #[test]
    fn a_state_is_found_by_two_directories() {
        let names = |state: &str| directories(Path::new(state)).map(|directory| directory.display().to_string());
        assert_eq!(names("/d/c.state/hanako.redb"), ["/d/c.state", "/d/c.state/.."]);
        assert_eq!(names("hanako.redb"), [".", "./.."]);
    }

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
    fn who_only_looks_is_told_of_the_holder_whether_he_could_write_or_not() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("hanako.state");
        let held = FileMedium::hold(&state).unwrap();
        assert!(matches!(look(&state), Err(StateError::InUse { .. })));
        assert!(matches!(look_unwritable(&state), Err(StateError::InUse { .. })));
        drop(held);
        assert!(look_unwritable(&state).unwrap().is_none());
    }

    #[test]
    fn what_can_not_be_removed_is_told_from_what_is_not_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("hanako.state");
        remove(&path).unwrap();
        fs::write(&path, "").unwrap();
        remove(&path).unwrap();
        assert!(!path.exists());
        assert_eq!(remove(directory.path()).unwrap_err().kind(), NO_FILE);
    }
}
