//! Why a store can't do its work, as facts. An error never shows what a state holds.

use core::error::Error;
use core::fmt;
use std::io;
use std::sync::Arc;

/// Why the state of a card can't be used or changed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoreError {
    /// Where the state is: the path of a file; empty if the store has no place to name.
    pub place: String,
    /// What is wrong.
    pub kind: StoreErrorKind,
}

/// What is wrong with a store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// Another process uses the card. `None` if it has not written which.
    InUse(Option<LockOwner>),
    /// The state belongs to another card.
    OtherCard,
    /// The state was written by a newer version.
    Newer {
        /// The version of its format.
        format: u32,
        /// The newest version that can be read here.
        known: u32,
    },
    /// The state is not what was written; the text names the fault.
    Damaged(String),
    /// Something other than an ordinary file is at the place of a file.
    NotAFile(FailedIo),
    /// The state is no longer at the place where another process would look for it.
    Moved(FailedIo),
    /// The operating system refused an operation.
    Io(FailedIo),
    /// The store has stopped because of this earlier error.
    Stopped(Box<StoreError>),
    /// Another kind of store failed.
    Other(Arc<dyn Error + Send + Sync>),
}

/// An operation that failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FailedIo {
    /// What was to be done with the state: a verb.
    pub doing: &'static str,
    /// The error of the operating system.
    pub error: Arc<io::Error>,
}

/// The process that has a card in use.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockOwner {
    /// The process.
    pub pid: u32,
    /// Where it listens for requests of other processes, if it has announced that.
    pub control: Option<String>,
}

impl FailedIo {
    /// The operation (a verb) and the error of the operating system.
    pub fn new(doing: &'static str, error: io::Error) -> Self {
        let error = Arc::new(error);
        Self { doing, error }
    }
}

impl LockOwner {
    /// The process with this id, which listens at `control`.
    pub fn new(pid: u32, control: Option<String>) -> Self {
        Self { pid, control }
    }
}

impl StoreError {
    /// The error of a store of another kind.
    pub fn other(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            place: String::new(),
            kind: StoreErrorKind::Other(error.into().into()),
        }
    }
}

impl StoreErrorKind {
    /// The error at this place.
    pub fn at(self, place: impl Into<String>) -> StoreError {
        StoreError {
            place: place.into(),
            kind: self,
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, kind } = self;
        match kind {
            StoreErrorKind::InUse(owner) => {
                f.write_str("the card is in use by ")?;
                match owner {
                    None => f.write_str("another process")?,
                    Some(owner) => owner.fmt(f)?,
                }
                write!(f, "; its state is {place}")
            }
            StoreErrorKind::OtherCard => write!(f, "{place} is the state of another card"),
            StoreErrorKind::Newer { format, known } => write!(
                f,
                "{place} was written by a newer vmyna (format {format}; this one reads formats up to {known})"
            ),
            StoreErrorKind::Damaged(what) => write!(f, "{place} is damaged ({what}) and is left as it is"),
            StoreErrorKind::NotAFile(io) | StoreErrorKind::Moved(io) | StoreErrorKind::Io(io) => {
                write!(f, "can't {} the card's state {place}: {}", io.doing, io.error)
            }
            StoreErrorKind::Stopped(earlier) => {
                write!(f, "nothing more is stored because of an earlier error: {earlier}")
            }
            StoreErrorKind::Other(error) => error.fmt(f),
        }
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            StoreErrorKind::NotAFile(io) | StoreErrorKind::Moved(io) | StoreErrorKind::Io(io) => Some(&*io.error),
            StoreErrorKind::Stopped(earlier) => Some(earlier),
            StoreErrorKind::Other(error) => Some(&**error),
            _ => None,
        }
    }
}

impl fmt::Display for LockOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        match &self.control {
            None => Ok(()),
            Some(control) => write!(f, ", which listens on {control}"),
        }
    }
}
