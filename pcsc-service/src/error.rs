//! The errors of the service and of its control socket. They state facts; must never contain advice.

use crate::message::{NAME, READERS};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// The longest path of a socket, in bytes; clients cut a longer one and find nothing there.
pub const LONGEST_PATH: usize = 107;

/// An error that keeps a service from being started.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServiceError {
    /// The number of readers is not 1 to [`READERS`].
    ReaderCount(usize),
    /// The name of a reader does not have 1 to 127 bytes, or has control characters.
    ReaderName(String),
    /// Two readers have this name.
    SameName(String),
    /// The path of the socket is longer than [`LONGEST_PATH`].
    PathTooLong(PathBuf),
    /// There is a file that is no socket, or the socket of a running service.
    Occupied(PathBuf),
    /// The operating system refuses the socket.
    Socket(PathBuf, io::Error),
    /// The operating system refuses a thread.
    Thread(io::Error),
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServiceError::ReaderCount(count) => write!(f, "there can be 1 to {READERS} readers, not {count}"),
            ServiceError::ReaderName(name) => write!(
                f,
                "a reader's name has 1 to {} bytes and no control characters; {name:?} has not",
                NAME - 1
            ),
            ServiceError::SameName(name) => write!(f, "two readers can't both be called {name:?}"),
            ServiceError::PathTooLong(path) => write!(
                f,
                "{} is too long for a socket, which PC/SC programs would cut: at most {LONGEST_PATH} bytes",
                path.display()
            ),
            ServiceError::Occupied(path) => {
                write!(f, "{} is there already, and is in use or no socket", path.display())
            }
            ServiceError::Socket(path, error) => write!(f, "no socket can be made at {}: {error}", path.display()),
            ServiceError::Thread(error) => write!(f, "no thread can be started: {error}"),
        }
    }
}

impl std::error::Error for ServiceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ServiceError::Socket(_, error) | ServiceError::Thread(error) => Some(error),
            _ => None,
        }
    }
}

/// The reason why a card could not be inserted or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotMoved {
    /// There is no reader of that name.
    NoSuchReader,
    /// There is no card in it.
    Empty,
    /// There is a card in it already.
    Occupied,
    /// No card was taken out of it that could be put back.
    NothingToPutBack,
}

impl fmt::Display for NotMoved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotMoved::NoSuchReader => "there is no such reader",
            NotMoved::Empty => "there is no card in it",
            NotMoved::Occupied => "there is a card in it already",
            NotMoved::NothingToPutBack => "no card was taken out of it that could be put back",
        })
    }
}

impl std::error::Error for NotMoved {}

/// An error of a request to the control socket of a service. `path` is the path of that socket.
#[derive(Debug)]
#[non_exhaustive]
pub enum ControlError {
    /// A name of the request has a tab, a line break or another control character. Nothing was sent.
    ControlCharacter,
    /// No service answers.
    NoService {
        /// The socket.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The service has not answered in time.
    Silent {
        /// The socket.
        path: PathBuf,
        /// The time.
        patience: Duration,
    },
    /// The service has closed the connection without an answer.
    Ended {
        /// The socket.
        path: PathBuf,
    },
    /// The answer is not one of this protocol.
    Malformed {
        /// The socket.
        path: PathBuf,
    },
    /// The service does not understand the request.
    NotUnderstood,
    /// The card was not moved.
    NotMoved {
        /// The reader's name.
        reader: String,
        /// The reason.
        why: NotMoved,
    },
    /// The service can't make the card, for this reason.
    NoCard(String),
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ControlError::ControlCharacter => f.write_str("names have no tabs and line breaks"),
            ControlError::NoService { path, error } => {
                write!(f, "no service answers at {}: {error}", path.display())
            }
            ControlError::Silent { path, patience } => write!(
                f,
                "the service at {} has not answered for {} s",
                path.display(),
                patience.as_secs()
            ),
            ControlError::Ended { path } => write!(f, "the service at {} has ended", path.display()),
            ControlError::Malformed { path } => {
                write!(f, "the answer of the service at {} is not understood", path.display())
            }
            ControlError::NotUnderstood => f.write_str("the service does not understand the request"),
            ControlError::NotMoved { reader, why } => match why {
                NotMoved::NoSuchReader => write!(f, "no reader is called \"{reader}\""),
                NotMoved::Empty => write!(f, "there is no card in \"{reader}\""),
                NotMoved::Occupied => write!(f, "there is a card in \"{reader}\" already"),
                NotMoved::NothingToPutBack => {
                    write!(f, "no card was taken out of \"{reader}\" that could be put back")
                }
            },
            ControlError::NoCard(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ControlError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ControlError::NoService { error, .. } => Some(error),
            ControlError::NotMoved { why, .. } => Some(why),
            _ => None,
        }
    }
}
