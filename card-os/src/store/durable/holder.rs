//! Who holds a card: a file beside its state that is locked as long as the card is in use, and says by whom.
//!
//! The lock is what counts. It ends with the process, however that ends; what the file of a process that was killed still
//! says means nothing, because nobody holds its lock.

use core::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

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

    /// Understands what [`to_text`](Self::to_text) writes; lines of a later version are passed over.
    fn from_text(text: &str) -> Option<Self> {
        let field = |name: &str| {
            text.lines()
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
    /// Holds the card, if nobody else does. Does not wait.
    pub(super) fn take(path: PathBuf) -> Result<Self, NotHeld> {
        loop {
            let mut file =
                owners_only(OpenOptions::new().read(true).write(true).create(true).truncate(false)).open(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(NotHeld::By(read(&mut file))),
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
            // Whoever held the card before may have removed the file between our opening and locking it. Then it is no
            // longer the one that the next comer finds, and its lock is worth nothing.
            if is_at(&file, &path)? {
                let mut hold = Self { file, path };
                hold.write(&Holder {
                    pid: std::process::id(),
                    control: None,
                })?;
                return Ok(hold);
            }
        }
    }

    /// Says where the holder listens.
    pub(super) fn announce(&mut self, control: &str) -> io::Result<()> {
        if control.contains(char::is_control) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the place where the holder listens is not one line of text",
            ));
        }
        self.write(&Holder {
            pid: std::process::id(),
            control: Some(control.to_owned()),
        })
    }

    fn write(&mut self, holder: &Holder) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(holder.to_text().as_bytes())
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // Removed while still locked, so that it is certainly ours. If it stays, it is a file without meaning.
        let _ = fs::remove_file(&self.path);
    }
}

fn read(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.take(4096).read_to_string(&mut text).ok()?;
    Holder::from_text(&text)
}

/// The same with permission for the owner only, where the system has such.
pub(super) fn owners_only(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Whether `path` still leads to this file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let ours = file.metadata()?;
    match fs::metadata(path) {
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

    #[test]
    fn what_a_holder_writes_is_understood_and_anything_else_is_nobody() {
        for control in [None, Some("/run/user/1000/a card.sock".to_owned())] {
            let holder = Holder { pid: 4711, control };
            assert_eq!(Holder::from_text(&holder.to_text()), Some(holder));
        }
        for text in ["", "pid\n", "pid x\n", "control /x\n", "pidd 1\n"] {
            assert_eq!(Holder::from_text(text), None, "{text:?}");
        }
    }
}
