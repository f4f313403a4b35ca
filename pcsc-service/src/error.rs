//! The errors of the service and of its control socket. They state facts; must never contain advice.

use crate::message::{NAME, READERS};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use vmyna_apdu::{ShowPath as _, shown};

/// The longest path of a socket, in bytes; clients cut a longer one and find nothing there.
pub const LONGEST_PATH: usize = 107;

/// An error that keeps a service from being started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The number of readers is not 1 to [`READERS`].
    #[error("there can be 1 to {READERS} readers, not {0}")]
    ReaderCount(usize),
    /// The name of a reader does not have 1 to 127 bytes, or has control characters.
    #[error("a reader's name has 1 to {longest} bytes and no control characters; {0:?} has not", longest = NAME - 1)]
    ReaderName(String),
    /// Two readers have this name.
    #[error("two readers can't both be called {0:?}")]
    SameName(String),
    /// The path of the socket is longer than [`LONGEST_PATH`].
    #[error("{} is too long for a socket, which PC/SC programs would cut: at most {LONGEST_PATH} bytes", .0.shown())]
    PathTooLong(PathBuf),
    /// There is a file that is no socket, or the socket of a running service.
    #[error("{} is there already, and is in use or no socket", .0.shown())]
    Occupied(PathBuf),
    /// The operating system refuses the socket.
    #[error("no socket can be made at {path}: {1}", path = .0.shown())]
    Socket(PathBuf, #[source] io::Error),
    /// The operating system refuses a thread.
    #[error("no thread can be started: {0}")]
    Thread(#[source] io::Error),
}

/// The reason why a card could not be inserted or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotMoved {
    /// There is no reader of that name.
    #[error("there is no such reader")]
    NoSuchReader,
    /// There is no card in it.
    #[error("there is no card in it")]
    Empty,
    /// There is a card in it already.
    #[error("there is a card in it already")]
    Occupied,
    /// No card was taken out of it that could be put back.
    #[error("no card was taken out of it that could be put back")]
    NothingToPutBack,
    /// The reader is unplugged.
    #[error("it is unplugged")]
    Unplugged,
    /// The reader is plugged in.
    #[error("it is plugged in")]
    PluggedIn,
    /// The reader is another service's, which has no way to unplug it.
    #[error("it can't be unplugged")]
    Fixed,
}

impl NotMoved {
    /// The reason for a reader of this name.
    fn of(self, reader: &str) -> String {
        let reader = shown(reader);
        match self {
            NotMoved::NoSuchReader => format!("no reader is called \"{reader}\""),
            NotMoved::Empty => format!("there is no card in \"{reader}\""),
            NotMoved::Occupied => format!("there is a card in \"{reader}\" already"),
            NotMoved::NothingToPutBack => format!("no card was taken out of \"{reader}\" that could be put back"),
            NotMoved::Unplugged => format!("\"{reader}\" is unplugged"),
            NotMoved::PluggedIn => format!("\"{reader}\" is plugged in already"),
            NotMoved::Fixed => format!("\"{reader}\" is pcscd's and can't be unplugged"),
        }
    }
}

/// The reason why a command of the service's owner has got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotSent {
    /// There is no reader of that name. The card has not got the command.
    #[error("there is no such reader")]
    NoSuchReader,
    /// The reader is unplugged, or was unplugged during the command.
    #[error("the reader is unplugged")]
    Unplugged,
    /// There is no card in it. No card has got the command.
    #[error("there is no card in the reader")]
    Empty,
    /// A program has a transaction or an exclusive connection. The card has not got the command.
    #[error("a program has the card to itself at the moment")]
    Locked,
    /// The card gives no ATR. It has not got the command.
    #[error("the card gives no answer to reset")]
    Mute,
    /// Something else has reset the card. It has not got the command.
    #[error("the card was reset")]
    Reset,
    /// The card has got the command and gives no answer, or was removed.
    #[error("the card gives no answer")]
    NoAnswer,
}

/// An error of a request to the control socket of a service. `path` is the path of that socket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// A name of the request has a tab, a line break or another control character. Nothing was sent.
    #[error("names have no tabs and line breaks")]
    ControlCharacter,
    /// No service answers.
    #[error("no service answers at {}: {error}", path.shown())]
    NoService {
        /// The socket.
        path: PathBuf,
        /// The error of the operating system.
        #[source]
        error: io::Error,
    },
    /// The service has not answered in time.
    #[error("the service at {} has not answered for {} s", path.shown(), patience.as_secs())]
    Silent {
        /// The socket.
        path: PathBuf,
        /// The time.
        patience: Duration,
    },
    /// The service has closed the connection without an answer.
    #[error("the service at {} has ended", path.shown())]
    Ended {
        /// The socket.
        path: PathBuf,
    },
    /// The answer is not one of this protocol.
    #[error("the answer of the service at {} is not understood", path.shown())]
    Malformed {
        /// The socket.
        path: PathBuf,
    },
    /// The service does not understand the request.
    #[error("the service does not understand the request")]
    NotUnderstood,
    /// The card was not moved.
    #[error("{}", why.of(reader))]
    NotMoved {
        /// The reader's name.
        reader: String,
        /// The reason.
        #[source]
        why: NotMoved,
    },
    /// The service can't make the card, for this reason.
    #[error("{0}")]
    NoCard(String),
}
