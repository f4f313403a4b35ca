//! Where the bytes of a state are: a file, or a replacement with which a test cuts the power.
//!
//! A medium does not interpret the bytes. It must never make a state visible that is not whole, or one that other users
//! can read.

use core::fmt;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;
use redb::backends::FileBackend;

use super::error::{MOVED, storage};
use super::file::{is_at, open_own, owners_only, unless_file};
use super::lock::{Lock, SharedLock};
use crate::state::error::StoreError;
use vmyna_apdu::ShowPath as _;

/// Where the bytes of one state are. One process at a time has it.
pub trait Medium: Send + fmt::Debug {
    /// The open state, for the database library.
    type Backend: StorageBackend;

    /// The place, for messages.
    fn place(&self) -> String;

    /// The state, if there is one.
    ///
    /// # Errors
    /// A state exists, or may exist, and can't be opened for reading and writing.
    fn open(&self) -> io::Result<Option<Self::Backend>>;

    /// An empty state that is not visible until it is [published](Self::publish).
    ///
    /// # Errors
    /// It can't be made.
    fn create(&self) -> io::Result<Self::Backend>;

    /// Makes the created bytes the state, in one step. They have been synced before.
    ///
    /// # Errors
    /// They may or may not be the state now. They are not if there was a state before.
    fn publish(&self) -> io::Result<()>;

    /// Removes the state, if there is one.
    ///
    /// # Errors
    /// The state still exists.
    fn remove(&self) -> io::Result<()>;

    /// Makes the existence or absence of the state survive a power cut.
    ///
    /// # Errors
    /// It may not survive one.
    fn sync_name(&self) -> io::Result<()>;

    /// Checks that another process still finds the lock, and at this place.
    ///
    /// # Errors
    /// It does not, because the place was moved or removed; or that can't be checked.
    fn check_lock(&self) -> io::Result<()>;

    /// Checks that the opened or published state is still at this place under its one name, or that there is none if none
    /// was opened.
    ///
    /// # Errors
    /// The state was removed or replaced, or has another name too; or that can't be checked.
    fn check_state(&self) -> io::Result<()>;
}

/// A state in a file that this process has locked.
#[derive(Debug)]
pub struct FileMedium {
    state: PathBuf,
    lock: Lock,
    /// The open state, with its number of names when it was opened. `None` before the first change and after a reset.
    opened: Mutex<Option<Opened>>,
}

#[derive(Debug)]
struct Opened {
    /// Shares the lock of the database library, which releases it when it closes the state.
    file: File,
    names: u64,
}

impl FileMedium {
    /// Locks the card whose state is, or will be, the file `state`.
    ///
    /// # Errors
    /// Another process has the lock, or the directory can't be written. Waits about a second for a lock owner that has not
    /// announced where it listens.
    pub fn lock(state: &Path) -> Result<Self, StoreError> {
        let lock = Lock::take(lock_file(state)).map_err(|kind| kind.at(name(state)))?;
        let medium = Self {
            state: state.to_owned(),
            lock,
            opened: Mutex::default(),
        };
        remove(&medium.unfinished())
            .map_err(|error| storage("clear away the unfinished beginning of")(error).at(name(state)))?;
        Ok(medium)
    }

    pub(super) fn is_there(&self) -> bool {
        fs::symlink_metadata(&self.state).is_ok()
    }

    pub(super) fn announce(&mut self, control: &str) -> Result<(), StoreError> {
        let announced = self.lock.announce(control);
        announced.map_err(|error| storage("announce the lock owner of")(error).at(name(&self.state)))
    }

    fn unfinished(&self) -> PathBuf {
        beside(&self.state, ".new")
    }

    fn opened(&self) -> MutexGuard<'_, Option<Opened>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the state to the database library and keeps it in view.
    fn watch(&self, file: File) -> io::Result<FileBackend> {
        *self.opened() = Some(Opened {
            names: link_count(&file)?,
            file: file.try_clone()?,
        });
        FileBackend::new(file).map_err(io::Error::other)
    }
}

impl Medium for FileMedium {
    type Backend = FileBackend;

    fn place(&self) -> String {
        name(&self.state)
    }

    fn open(&self) -> io::Result<Option<FileBackend>> {
        match open_own(OpenOptions::new().read(true).write(true), &self.state) {
            Ok(file) => self.watch(file).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn create(&self) -> io::Result<FileBackend> {
        // Made here because the library would make a file that every user can read.
        let file = owners_only(OpenOptions::new().read(true).write(true).create_new(true)).open(self.unfinished())?;
        self.watch(file)
    }

    fn publish(&self) -> io::Result<()> {
        // There was none when the card was opened, and another process can write one only with the lock.
        if self.is_there() {
            return Err(io::Error::new(MOVED, "another file was put in its place"));
        }
        fs::rename(self.unfinished(), &self.state)
    }

    fn remove(&self) -> io::Result<()> {
        remove(&self.state)?;
        *self.opened() = None;
        Ok(())
    }

    fn sync_name(&self) -> io::Result<()> {
        let [directory, above] = directories(&self.state);
        File::open(directory)?.sync_all()?;
        match File::open(above) {
            // A user without permission to read it has not made a directory in it.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            above => above?.sync_all(),
        }
    }

    fn check_lock(&self) -> io::Result<()> {
        match self.lock.is_found()? {
            true => Ok(()),
            false => Err(io::Error::new(
                MOVED,
                "its directory was moved or removed while the card was in use",
            )),
        }
    }

    fn check_state(&self) -> io::Result<()> {
        let moved = |what| Err(io::Error::new(MOVED, what));
        match &*self.opened() {
            None if self.is_there() => moved("another file was put in its place"),
            None => Ok(()),
            Some(opened) if !is_at(&opened.file, &self.state)? => {
                moved("it was removed or replaced while the card was in use")
            }
            // Through another name a process could use it without this lock.
            Some(opened) if link_count(&opened.file)? != opened.names => {
                moved("it got or lost another name while the card was in use")
            }
            Some(_) => Ok(()),
        }
    }
}

impl Drop for FileMedium {
    fn drop(&mut self) {
        // Left by a first change that failed. If removal fails, the next lock owner removes it.
        if self.check_lock().is_ok() {
            let _ = remove(&self.unfinished());
        }
    }
}

/// The directories that must be synced so that a state is found again: its own, and the one above, because its own may be
/// as new as the state.
fn directories(state: &Path) -> [PathBuf; 2] {
    let directory = match state.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    };
    [directory.to_owned(), directory.join("..")]
}

/// How many names the open file has. Another system counts none, and removes no open file.
fn link_count(file: &File) -> io::Result<u64> {
    #[cfg(unix)]
    return file.metadata().map(|file| std::os::unix::fs::MetadataExt::nlink(&file));
    #[cfg(not(unix))]
    return file.metadata().map(|_| 1);
}

/// A shared lock, so that no process changes the state while it is read.
pub(super) fn lock_shared(state: &Path) -> Result<SharedLock, StoreError> {
    SharedLock::take(lock_file(state)).map_err(|kind| kind.at(name(state)))
}

/// A shared lock where this process can't write; `None` if there is no lock file.
pub(super) fn lock_unwritable(state: &Path) -> Result<Option<SharedLock>, StoreError> {
    SharedLock::take_unwritable(lock_file(state)).map_err(|kind| kind.at(name(state)))
}

fn lock_file(state: &Path) -> PathBuf {
    beside(state, ".holder")
}

/// The name of a state in messages.
pub(super) fn name(state: &Path) -> String {
    state.shown().to_string()
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

#[cfg(all(test, unix))]
mod tests;
