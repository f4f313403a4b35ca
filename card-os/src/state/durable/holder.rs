//! Who holds a card: a file beside its state that is locked as long as the card is in use, and says by whom.
//!
//! The lock is what counts. It ends with the process, however that ends; what the file of a process that was killed still
//! says means nothing, because nobody holds its lock.

use core::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::file::{open_own, owners_only};

/// How long a card is waited for while nobody says where he listens: those who only look at its state, and those who are
/// about to say so, are done sooner.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often it is tried meanwhile.
const PAUSE: Duration = Duration::from_millis(10);
/// No holder's file is longer, in bytes.
const LONGEST: usize = 4096;

/// Who holds a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// Where it listens for those who want to use the card through it, if it said so.
    pub control: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        match &self.control {
            None => Ok(()),
            Some(control) => write!(f, ", which listens on {control}"),
        }
    }
}

impl Holder {
    fn to_text(&self) -> String {
        let control = self.control.as_ref().map(|control| format!("control {control}\n"));
        format!("pid {}\n{}", self.pid, control.unwrap_or_default())
    }

    /// Understands what [`to_text`](Self::to_text) writes; lines of a later version are passed over. A line without its
    /// end is half a line, and what a terminal would obey is nothing that a holder wrote.
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

/// The card is held by this process; given up when dropped.
#[derive(Debug)]
pub(super) struct Hold {
    file: File,
    path: PathBuf,
}

/// Why a card could not be held.
#[derive(Debug)]
pub(super) enum NotHeld {
    By(Option<Holder>),
    Io(io::Error),
}

impl From<io::Error> for NotHeld {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Hold {
    /// Holds the card, if nobody else does. Waits a moment for one who does not say where he listens.
    pub(super) fn take(path: PathBuf) -> Result<Self, NotHeld> {
        let file = lock(&path, open_or_make, File::try_lock)?;
        let mut hold = Self { file, path };
        hold.write(&Holder {
            pid: std::process::id(),
            control: None,
        });
        Ok(hold)
    }

    /// Whether others who want the card still come upon this hold.
    pub(super) fn is_found(&self) -> io::Result<bool> {
        is_at(&self.file, &self.path)
    }

    /// Says where the holder listens.
    pub(super) fn announce(&mut self, control: &str) -> io::Result<()> {
        if control.contains(char::is_control) || control.len() > LONGEST / 2 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the place where the holder listens is not one short line of text",
            ));
        }
        self.write(&Holder {
            pid: std::process::id(),
            control: Some(control.to_owned()),
        });
        Ok(())
    }

    /// Says who holds the card. On a full disk nobody learns that; the lock counts all the same.
    fn write(&mut self, holder: &Holder) {
        let file = &mut self.file;
        let emptied = file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0)).map(drop));
        let written = emptied.and_then(|()| file.write_all(holder.to_text().as_bytes()));
        if written.is_err() {
            // Half a name is nobody's.
            let _ = file.set_len(0);
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // Removed while still locked: nobody has put another there meanwhile. If it stays, it is a file without meaning. One
        // that lies there because ours was moved away is another holder's.
        if self.is_found().unwrap_or(false) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Nobody holds the card for as long as this is there, because somebody looks at its state; any number can.
#[derive(Debug)]
pub(super) struct Look {
    file: File,
    path: PathBuf,
    /// Whether the last one may clear the file away.
    clears: bool,
}

impl Look {
    /// Waits a moment for a holder who does not say where he listens.
    pub(super) fn take(path: PathBuf) -> Result<Self, NotHeld> {
        let file = lock(&path, open_or_make, File::try_lock_shared)?;
        // Left by a process that was killed: nobody is to take that for who has the card now.
        let _ = file.set_len(0);
        Ok(Self {
            file,
            path,
            clears: true,
        })
    }

    /// The same where nothing can be written, as on a medium that others may write to all the same. `None` where no file
    /// says that anybody holds the card.
    pub(super) fn take_unwritable(path: PathBuf) -> Result<Option<Self>, NotHeld> {
        let open = |path: &Path| open_own(OpenOptions::new().read(true), path);
        match lock(&path, open, File::try_lock_shared) {
            Ok(file) => Ok(Some(Self {
                file,
                path,
                clears: false,
            })),
            Err(NotHeld::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(other) => Err(other),
        }
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        // The last one clears away. Only a file that nobody else has locked may go, or two could hold the card.
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

/// The locked file. Tries again for a while, unless a holder says where he listens.
fn lock(
    path: &Path,
    open: impl Fn(&Path) -> io::Result<File>,
    how: impl Fn(&File) -> Result<(), TryLockError>,
) -> Result<File, NotHeld> {
    let end = Instant::now() + PATIENCE;
    let mut before = None;
    loop {
        let mut file = open(path)?;
        match how(&file) {
            // Whoever held the card before may have removed the file between our opening and locking it. Then it is no
            // longer the one that the next comer finds, and its lock is worth nothing.
            Ok(()) if is_at(&file, path)? => return Ok(file),
            Ok(()) => continue,
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let holder = read(&mut file);
        let announced = holder.as_ref().is_some_and(|holder| holder.control.is_some());
        // Seen twice: what one who was killed had written stands there until the next has locked the file and written.
        if announced && holder == before || Instant::now() >= end {
            return Err(NotHeld::By(holder));
        }
        before = holder;
        thread::sleep(PAUSE);
    }
}

/// What the file says. More than a holder writes is nobody's.
fn read(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.take(LONGEST as u64 + 1).read_to_string(&mut text).ok()?;
    Holder::from_text(&text).filter(|_| text.len() <= LONGEST)
}

/// Whether `path` still leads to this file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let ours = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Elsewhere an open file can't be removed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn what_a_holder_writes_is_understood_and_anything_else_is_nobody() {
        for control in [None, Some("/run/user/1000/a card.sock".to_owned())] {
            let holder = Holder { pid: 4711, control };
            assert_eq!(Holder::from_text(&holder.to_text()), Some(holder));
        }
        for text in ["", "pid\n", "pid x\n", "control /x\n", "pidd 1\n", "pid 47"] {
            assert_eq!(Holder::from_text(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_line_with_control_characters_or_half_a_line_is_passed_over() {
        for control in ["\x1b]0;owned\x07", "/a\r", "/a\u{9b}1m", "/hal"] {
            let end = if control == "/hal" { "" } else { "\n" };
            let read = Holder::from_text(&format!("pid 4711\ncontrol {control}{end}"));
            let holder = Holder {
                pid: 4711,
                control: None,
            };
            assert_eq!(read, Some(holder), "{control:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_was_removed_or_replaced_is_no_longer_the_one_that_others_find() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("holder");
        let file = File::create(&path).unwrap();
        assert!(is_at(&file, &path).unwrap());
        fs::remove_file(&path).unwrap();
        assert!(!is_at(&file, &path).unwrap());
        let next = File::create(&path).unwrap();
        assert!(is_at(&next, &path).unwrap() && !is_at(&file, &path).unwrap());
        // It can't be known of a place that can't be looked at.
        assert!(is_at(&file, &path.join("below a file")).is_err());
    }

    #[test]
    fn a_holder_without_room_for_its_name_holds_the_card_all_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("holder");
        let mut hold = Hold::take(path.clone()).unwrap();
        // Not to be written to: as on a full disk.
        hold.file = File::open(&path).unwrap();
        hold.file.lock().unwrap();
        hold.announce("/run/somewhere").unwrap();
        assert!(matches!(Hold::take(path.clone()), Err(NotHeld::By(_))));
        hold.announce(&"x".repeat(LONGEST / 2)).unwrap();
        assert!(hold.announce(&"x".repeat(LONGEST / 2 + 1)).is_err());
        drop(hold);
        drop(Hold::take(path).unwrap());
    }

    #[test]
    fn a_lock_on_a_file_that_was_removed_meanwhile_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("holder");
        let looked = Cell::new(0);
        let locked = lock(&path, open_or_make, |file| {
            looked.set(looked.get() + 1);
            if looked.get() == 1 {
                fs::remove_file(&path).unwrap();
            }
            file.try_lock()
        });
        assert!(is_at(&locked.unwrap(), &path).unwrap());
        assert_eq!(looked.get(), 2);
    }

    #[test]
    fn the_words_of_one_who_was_killed_are_not_taken_for_those_of_the_next() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("holder");
        let holder = |pid| Holder {
            pid,
            control: Some("/run/somewhere".to_owned()),
        };
        fs::write(&path, holder(1).to_text()).unwrap();
        let looked = Cell::new(0);
        // The next one has locked the file, and writes its name only after we have looked.
        let refused = lock(
            &path,
            |path| {
                looked.set(looked.get() + 1);
                if looked.get() == 2 {
                    fs::write(path, holder(2).to_text()).unwrap();
                }
                open_or_make(path)
            },
            |_| Err(TryLockError::WouldBlock),
        );
        assert!(matches!(refused, Err(NotHeld::By(Some(found))) if found == holder(2)));
    }

    #[test]
    fn where_nothing_can_be_written_a_holder_is_seen_and_nothing_is_cleared_away() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("holder");
        assert!(Look::take_unwritable(path.clone()).unwrap().is_none());
        let hold = Hold::take(path.clone()).unwrap();
        assert!(matches!(Look::take_unwritable(path.clone()), Err(NotHeld::By(Some(_)))));
        drop(hold);
        fs::write(&path, "left").unwrap();
        drop(Look::take_unwritable(path.clone()).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"left");
        // What can't be looked at may well be held.
        assert!(matches!(
            Look::take_unwritable(path.join("below a file")),
            Err(NotHeld::Io(_))
        ));
        drop(Look::take(path.clone()).unwrap());
        assert!(!path.exists(), "who can write clears away");
    }

    #[test]
    fn a_file_that_is_too_long_names_nobody() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(format!("pid 1\n{}\n", "x".repeat(LONGEST)).as_bytes())
            .unwrap();
        file.rewind().unwrap();
        assert_eq!(read(&mut file), None);
    }
}
