//! The lock on a card: a file beside its state that is locked as long as the card is in use, and names the process.
//!
//! Only the lock counts. It ends with the process, however the process ends. What the file of a killed process still names
//! means nothing, because its lock is gone.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::error::storage;
use super::file::{is_at, open_own, owners_only};
use crate::state::error::{LockOwner, StoreErrorKind};

/// How long to wait for a lock owner that has not announced where it listens. A process that only reads the state, or is
/// about to announce, is done sooner.
const PATIENCE: Duration = Duration::from_secs(1);
/// The pause between two tries meanwhile.
const PAUSE: Duration = Duration::from_millis(10);
/// The most bytes that a lock owner writes into the file.
const LONGEST: usize = 4096;

impl LockOwner {
    fn to_text(&self) -> String {
        let control = self.control.as_ref().map(|control| format!("control {control}\n"));
        format!("pid {}\n{}", self.pid, control.unwrap_or_default())
    }

    /// Reads what [`to_text`](Self::to_text) writes. Skips lines of a later version, an unterminated last line and any line
    /// with control characters.
    fn from_text(text: &str) -> Option<Self> {
        let lines = || text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        let field = |name: &str| {
            lines()
                .filter(|line| !line.contains(char::is_control))
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
                .map(str::to_owned)
        };
        Some(Self {
            pid: field("pid")?.parse().ok()?,
            control: field("control"),
        })
    }
}

/// The exclusive lock on a card. Ends when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Locks the card. Waits a moment for a lock owner that has not announced where it listens.
    pub(super) fn take(path: PathBuf) -> Result<Self, StoreErrorKind> {
        let file = lock(&path, open_or_make, File::try_lock)?;
        let mut lock = Self { file, path };
        lock.write(None);
        Ok(lock)
    }

    /// Whether another process that wants the card still finds this lock.
    pub(super) fn is_found(&self) -> io::Result<bool> {
        is_at(&self.file, &self.path)
    }

    /// Announces where the lock owner listens.
    pub(super) fn announce(&mut self, control: &str) -> io::Result<()> {
        if control.contains(char::is_control) || control.len() > LONGEST / 2 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the address of the control socket is not one short line of text",
            ));
        }
        self.write(Some(control.to_owned()));
        Ok(())
    }

    /// Writes which process has the lock. On a full disk the file stays empty, and the lock counts all the same.
    fn write(&mut self, control: Option<String>) {
        let owner = LockOwner::new(std::process::id(), control);
        let file = &mut self.file;
        let emptied = file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0)).map(drop));
        let written = emptied.and_then(|()| file.write_all(owner.to_text().as_bytes()));
        if written.is_err() {
            // A part of a name would name another process.
            let _ = file.set_len(0);
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while still locked, so that no other process has put its own there. If removal fails, the file means
        // nothing. If this file was moved away, the file at the path belongs to another lock owner.
        if self.is_found().unwrap_or(false) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A shared lock for readers of the state. While any exists, the exclusive lock can't be taken.
#[derive(Debug)]
pub(super) struct SharedLock {
    file: File,
    path: PathBuf,
    /// Whether the last reader may remove the file.
    clears: bool,
}

impl SharedLock {
    /// Waits a moment for a lock owner that has not announced where it listens.
    pub(super) fn take(path: PathBuf) -> Result<Self, StoreErrorKind> {
        let file = lock(&path, open_or_make, File::try_lock_shared)?;
        // What a killed process left there must not name it as the present owner.
        let _ = file.set_len(0);
        Ok(Self {
            file,
            path,
            clears: true,
        })
    }

    /// A shared lock where this process can't write, while another process may. `None` if there is no lock file.
    pub(super) fn take_unwritable(path: PathBuf) -> Result<Option<Self>, StoreErrorKind> {
        let open = |path: &Path| open_own(OpenOptions::new().read(true), path);
        match lock(&path, open, File::try_lock_shared) {
            Ok(file) => Ok(Some(Self {
                file,
                path,
                clears: false,
            })),
            Err(StoreErrorKind::Io(io)) if io.error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(other) => Err(other),
        }
    }
}

impl Drop for SharedLock {
    fn drop(&mut self) {
        // The last reader removes the file, and only while no other process has it locked: two could lock the card else.
        let _ = self.file.unlock();
        if self.clears && self.file.try_lock().is_ok() && is_at(&self.file, &self.path).unwrap_or(false) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn open_or_make(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    open_own(
        owners_only(options.read(true).write(true).create(true).truncate(false)),
        path,
    )
}

/// Locks the file at `path`. Retries for a while, unless a lock owner announces where it listens.
fn lock(
    path: &Path,
    open: impl Fn(&Path) -> io::Result<File>,
    how: impl Fn(&File) -> Result<(), TryLockError>,
) -> Result<File, StoreErrorKind> {
    let end = Instant::now() + PATIENCE;
    let mut before = None;
    loop {
        let mut file = open(path).map_err(storage("lock"))?;
        match how(&file) {
            // The owner before may have removed the file after it was opened here and before it was locked. Another process
            // then makes a new one, and a lock on this one excludes nothing.
            Ok(()) if is_at(&file, path).map_err(storage("lock"))? => return Ok(file),
            Ok(()) => continue,
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(storage("lock")(error)),
        }
        let owner = read(&mut file);
        let announced = owner.as_ref().is_some_and(|owner| owner.control.is_some());
        // The name must be seen twice: that of a killed process stays until the next owner has locked the file and written.
        if announced && owner == before || Instant::now() >= end {
            return Err(StoreErrorKind::InUse(owner));
        }
        before = owner;
        thread::sleep(PAUSE);
    }
}

/// The lock owner that the file names; `None` for more bytes than an owner writes.
fn read(file: &mut File) -> Option<LockOwner> {
    let mut text = String::new();
    file.take(LONGEST as u64 + 1).read_to_string(&mut text).ok()?;
    LockOwner::from_text(&text).filter(|_| text.len() <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn text_of_a_lock_owner_is_read_back_and_other_text_names_none() {
        for control in [None, Some("/run/user/1000/a card.sock".to_owned())] {
            let owner = LockOwner { pid: 4711, control };
            assert_eq!(LockOwner::from_text(&owner.to_text()), Some(owner));
        }
        for text in ["", "pid\n", "pid x\n", "control /x\n", "pidd 1\n", "pid 47"] {
            assert_eq!(LockOwner::from_text(text), None, "{text:?}");
        }
    }

    #[test]
    fn lines_unterminated_or_with_control_characters_are_skipped() {
        for control in ["\x1b]0;owned\x07", "/a\r", "/a\u{9b}1m", "/hal"] {
            let end = if control == "/hal" { "" } else { "\n" };
            let read = LockOwner::from_text(&format!("pid 4711\ncontrol {control}{end}"));
            let owner = LockOwner {
                pid: 4711,
                control: None,
            };
            assert_eq!(read, Some(owner), "{control:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_was_removed_or_replaced_is_not_found_at_its_path() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("card.holder");
        let file = File::create(&path).unwrap();
        assert!(is_at(&file, &path).unwrap());
        fs::remove_file(&path).unwrap();
        assert!(!is_at(&file, &path).unwrap());
        let next = File::create(&path).unwrap();
        assert!(is_at(&next, &path).unwrap() && !is_at(&file, &path).unwrap());
        // A place that can't be read gives an error.
        assert!(is_at(&file, &path.join("below a file")).is_err());
    }

    #[test]
    fn a_full_disk_hides_the_owner_and_keeps_the_lock() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("card.holder");
        let mut lock = Lock::take(path.clone()).unwrap();
        // A file that can't be written to, as on a full disk.
        lock.file = File::open(&path).unwrap();
        lock.file.lock().unwrap();
        lock.announce("/run/somewhere").unwrap();
        assert!(matches!(Lock::take(path.clone()), Err(StoreErrorKind::InUse(_))));
        lock.announce(&"x".repeat(LONGEST / 2)).unwrap();
        assert!(lock.announce(&"x".repeat(LONGEST / 2 + 1)).is_err());
        drop(lock);
        drop(Lock::take(path).unwrap());
    }

    #[test]
    fn a_lock_on_a_removed_file_is_taken_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("card.holder");
        let opened = Cell::new(0);
        let locked = lock(&path, open_or_make, |file| {
            opened.set(opened.get() + 1);
            if opened.get() == 1 {
                fs::remove_file(&path).unwrap();
            }
            file.try_lock()
        });
        assert!(is_at(&locked.unwrap(), &path).unwrap());
        assert_eq!(opened.get(), 2);
    }

    #[test]
    fn the_name_of_a_killed_owner_is_not_reported_for_the_next() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("card.holder");
        let owner = |pid| LockOwner {
            pid,
            control: Some("/run/somewhere".to_owned()),
        };
        fs::write(&path, owner(1).to_text()).unwrap();
        let opened = Cell::new(0);
        // The next owner has locked the file, and writes its name only after this process has read it.
        let refused = lock(
            &path,
            |path| {
                opened.set(opened.get() + 1);
                if opened.get() == 2 {
                    fs::write(path, owner(2).to_text()).unwrap();
                }
                open_or_make(path)
            },
            |_| Err(TryLockError::WouldBlock),
        );
        assert!(matches!(refused, Err(StoreErrorKind::InUse(Some(found))) if found == owner(2)));
    }

    #[test]
    fn a_reader_that_cannot_write_sees_the_lock_and_removes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("card.holder");
        assert!(SharedLock::take_unwritable(path.clone()).unwrap().is_none());
        let lock = Lock::take(path.clone()).unwrap();
        assert!(matches!(
            SharedLock::take_unwritable(path.clone()),
            Err(StoreErrorKind::InUse(Some(_)))
        ));
        drop(lock);
        fs::write(&path, "left").unwrap();
        drop(SharedLock::take_unwritable(path.clone()).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"left");
        // A lock file that can't be read may be locked.
        assert!(matches!(
            SharedLock::take_unwritable(path.join("below a file")),
            Err(StoreErrorKind::Io(_))
        ));
        drop(SharedLock::take(path.clone()).unwrap());
        assert!(!path.exists(), "a reader that can write removes the lock file");
    }

    #[test]
    fn a_lock_file_that_is_too_long_names_no_owner() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(format!("pid 1\n{}\n", "x".repeat(LONGEST)).as_bytes())
            .unwrap();
        file.rewind().unwrap();
        assert_eq!(read(&mut file), None);
    }
}
