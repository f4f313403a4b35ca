//! What an authority leaves beside the state of a card while it changes register and card.
//!
//! Two files can't be changed in one step. A process that is killed between them leaves a mark beside the card's state, which
//! names the operation and the register that has the rest of it. The next process that uses the card finds the mark and does
//! what is left. The mark is also the lock of such an operation: one process at a time changes a card so.
//!
//! `….redb.pending` is the mark of the state `….redb`. Its text is the authority's; this module doesn't read it. This module
//! must never write a PIN or a key into a mark.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use vmyna_apdu::hex;
use vmyna_card_os::state::Replacement;
use zeroize::Zeroizing;

use crate::control::body;
use crate::error::Error;
use crate::state::StatePlace;

/// The longest text of a mark, in bytes.
pub const LONGEST_MARK: u64 = 8 * 1024;

/// The mark beside a card's state, locked by this process until it is dropped.
#[derive(Debug)]
pub struct PendingMark {
    path: PathBuf,
    file: File,
}

/// What is beside the state of a card.
#[derive(Debug)]
#[non_exhaustive]
pub enum FoundMark {
    /// Nothing: no operation is pending.
    None,
    /// The mark of an operation that another process does now.
    Busy,
    /// The mark of an operation that no process does any more, or of none if it is empty.
    Left(PendingMark),
}

impl PendingMark {
    /// Makes and locks the mark beside a state; one that is there is kept. `None` while another process has it.
    ///
    /// # Errors
    /// [`Error::Folder`] or [`Error::Mark`]: no mark can be made there.
    pub fn take(place: &StatePlace) -> Result<Option<Self>, Error> {
        place.make_folder()?;
        match lock(place, true)? {
            FoundMark::Left(mark) => Ok(Some(mark)),
            _ => Ok(None),
        }
    }

    /// The mark beside a state, if there is one.
    ///
    /// # Errors
    /// [`Error::Folder`] or [`Error::Mark`]: it can't be looked at.
    pub fn find(place: &StatePlace) -> Result<FoundMark, Error> {
        match place.check_folder()? {
            true => lock(place, false),
            false => Ok(FoundMark::None),
        }
    }

    /// The path of its file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its text; empty for a mark without an operation.
    ///
    /// # Errors
    /// [`Error::Mark`]: it can't be read, or is longer than [`LONGEST_MARK`].
    pub fn text(&mut self) -> Result<String, Error> {
        let mut text = String::new();
        let read = self.file.rewind().and_then(|()| {
            let read = (&self.file).take(LONGEST_MARK + 1).read_to_string(&mut text)?;
            match read as u64 > LONGEST_MARK {
                true => Err(io::Error::from(ErrorKind::FileTooLarge)),
                false => Ok(()),
            }
        });
        read.map_err(|error| failed(&self.path, error))?;
        Ok(text)
    }

    /// Writes its text. It is on stable storage when this returns.
    ///
    /// # Errors
    /// [`Error::Mark`].
    pub fn write(&mut self, text: &str) -> Result<(), Error> {
        let written = self.file.set_len(0).and_then(|()| {
            self.file.rewind()?;
            self.file.write_all(text.as_bytes())?;
            self.file.sync_all()?;
            // The name of a new file is its folder's.
            File::open(self.path.parent().unwrap_or(Path::new(".")))?.sync_all()
        });
        written.map_err(|error| failed(&self.path, error))
    }

    /// Removes it. A process that is killed here leaves a mark without an operation that is pending, which is removed later.
    ///
    /// # Errors
    /// [`Error::Mark`].
    pub fn remove(self) -> Result<(), Error> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(&self.path, error)),
            _ => Ok(()),
        }
    }
}

fn failed(path: &Path, error: io::Error) -> Error {
    Error::Mark(path.to_owned(), error)
}

fn lock(place: &StatePlace, make: bool) -> Result<FoundMark, Error> {
    let mut path = place.path().as_os_str().to_owned();
    path.push(".pending");
    let path = PathBuf::from(path);
    loop {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(make).mode(0o600);
        // A pipe would keep the process waiting. No other user can put anything into the folder.
        if fs::symlink_metadata(&path).is_ok_and(|there| !there.is_file()) {
            return Err(failed(&path, ErrorKind::InvalidInput.into()));
        }
        let file = match options.open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound && !make => return Ok(FoundMark::None),
            opened => opened.map_err(|error| failed(&path, error))?,
        };
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Ok(FoundMark::Busy),
            Err(TryLockError::Error(error)) => return Err(failed(&path, error)),
            Ok(()) => {}
        }
        let own = file.metadata().map_err(|error| failed(&path, error))?;
        // The process that had the lock may have removed the file meanwhile.
        match fs::symlink_metadata(&path) {
            Ok(now) if (now.dev(), now.ino()) == (own.dev(), own.ino()) => {
                return Ok(FoundMark::Left(PendingMark { path, file }));
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&path, error)),
        }
    }
}

impl StatePlace {
    /// Whether the card can be at this place: the image that the state belongs to is there. In a folder that
    /// [`STATE_VARIABLE`](crate::STATE_VARIABLE) names, the place of the image is not known, and this is true.
    #[must_use]
    pub fn is_there(&self) -> bool {
        let (path, _, named, _) = self.parts();
        let folder = path.parent().map(|folder| folder.as_os_str().as_bytes());
        let image = folder.and_then(|folder| folder.strip_suffix(b".state"));
        named || image.is_none_or(|image| Path::new(std::ffi::OsStr::from_bytes(image)).is_file())
    }

    /// The place as a text by which any process finds it: four lines.
    #[must_use]
    pub fn to_text(&self) -> String {
        let (path, name, named, identity) = self.parts();
        format!(
            "{}\n{name}\n{named}\n{}\n",
            hex::encode(path.as_os_str().as_bytes()),
            hex::encode(&identity)
        )
    }

    /// The place that [`StatePlace::to_text`] wrote; `None` for another text.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let path = std::ffi::OsString::from_vec(hex::decode(lines.next()?).ok()?);
        let name = lines.next()?.parse().ok()?;
        let named = lines.next()?.parse().ok()?;
        let identity = hex::decode(lines.next()?).ok()?.try_into().ok()?;
        let end = lines.next().is_none() && Path::new(&path).is_absolute();
        end.then(|| Self::from_parts(path.into(), name, named, identity))
    }
}

/// A replacement as bytes, with the record and the values of PINs in them.
#[must_use]
pub fn replacement_to_bytes(replacement: &Replacement) -> Zeroizing<Vec<u8>> {
    body::encode(replacement)
}

/// The replacement that [`replacement_to_bytes`] wrote; `None` for other bytes.
#[must_use]
pub fn replacement_from_bytes(bytes: &[u8]) -> Option<Replacement> {
    body::decode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(folder: &Path) -> StatePlace {
        StatePlace::beside(&folder.join("c"), &"hanako".parse().unwrap(), [1; 32])
    }

    #[test]
    fn a_mark_is_one_process_and_stays_until_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        assert!(matches!(PendingMark::find(&place).unwrap(), FoundMark::None));
        let mut mark = PendingMark::take(&place).unwrap().unwrap();
        assert!(PendingMark::take(&place).unwrap().is_none());
        assert!(matches!(PendingMark::find(&place).unwrap(), FoundMark::Busy));
        mark.write("a longer text\n").unwrap();
        mark.write("text\n").unwrap();
        drop(mark);
        let FoundMark::Left(mut mark) = PendingMark::find(&place).unwrap() else {
            panic!("it is gone");
        };
        assert_eq!(mark.text().unwrap(), "text\n");
        mark.remove().unwrap();
        assert!(matches!(PendingMark::find(&place).unwrap(), FoundMark::None));
    }

    #[test]
    fn what_is_no_mark_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        drop(PendingMark::take(&place).unwrap());
        let path = folder.path().join("c.state/hanako.redb.pending");
        let long = LONGEST_MARK as usize + 1;
        fs::write(&path, "a".repeat(long)).unwrap();
        let FoundMark::Left(mut mark) = PendingMark::find(&place).unwrap() else {
            panic!("it is gone");
        };
        assert!(matches!(mark.text(), Err(Error::Mark(..))));
        mark.remove().unwrap();
        fs::create_dir(&path).unwrap();
        assert!(matches!(PendingMark::find(&place), Err(Error::Mark(..))));
        fs::remove_dir(&path).unwrap();
        std::os::unix::fs::symlink("/dev/null", &path).unwrap();
        assert!(matches!(PendingMark::take(&place), Err(Error::Mark(..))));
    }

    #[test]
    fn a_card_is_where_its_image_is() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        assert!(!place.is_there());
        fs::write(folder.path().join("c"), "").unwrap();
        assert!(place.is_there());
    }

    #[test]
    fn a_place_survives_the_way_through_a_text() {
        let place = place(Path::new("/a/b"));
        let again = StatePlace::from_text(&place.to_text()).unwrap();
        assert_eq!((again.path(), again.identity()), (place.path(), place.identity()));
        for text in ["", "61\nhanako\nfalse\n00", &place.to_text().replace("false", "no")] {
            assert!(StatePlace::from_text(text).is_none(), "{text}");
        }
    }
}
