//! What can go wrong with a state, said so that a user knows what, where and what to do. Never says what a state holds.

use core::fmt;
use std::io;

use super::holder::Holder;

/// Why a state can't be used. `place` is where it is: the path of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateError {
    /// Somebody else holds the card.
    InUse {
        /// Where the state is.
        place: String,
        /// Who; `None` where that can't be told.
        holder: Option<Holder>,
    },
    /// The state belongs to another card.
    OtherCard {
        /// Where the state is.
        place: String,
    },
    /// The state was written by a newer version.
    Newer {
        /// Where the state is.
        place: String,
        /// The version of its format.
        format: u32,
    },
    /// The state is not what was written.
    Damaged {
        /// Where the state is.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// The operating system refused something.
    Storage {
        /// Where the state is.
        place: String,
        /// What was to be done with it: a verb.
        doing: &'static str,
        /// The kind of refusal.
        kind: io::ErrorKind,
        /// The operating system's words.
        reason: String,
    },
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse { place, holder } => {
                f.write_str("the card is in use by ")?;
                match holder {
                    None => f.write_str("another process")?,
                    Some(holder) => holder.fmt(f)?,
                }
                write!(f, "; its state is {place}. End that process to use the card here")?;
                match holder {
                    Some(Holder { control: Some(_), .. }) => {
                        f.write_str("; `vmyna pin` tells the tries left meanwhile")
                    }
                    _ => Ok(()),
                }
            }
            Self::OtherCard { place } => write!(
                f,
                "{place} is the state of another card. Move it back to that card, or start this one as issued: {RESET}"
            ),
            Self::Newer { place, format } => write!(
                f,
                "{place} was written by a newer vmyna (format {format}; this one knows formats up to {}). Use that vmyna, \
                 or go back to the card as issued: {RESET}",
                super::format::VERSION
            ),
            Self::Damaged { place, what } => write!(
                f,
                "{place} is damaged ({what}) and is left as it is. Restore a copy of it, or go back to the card as issued, \
                 without the PIN changes and tries since then: {RESET}"
            ),
            Self::Storage {
                place,
                doing,
                kind,
                reason,
            } => write!(f, "can't {doing} the card's state {place}: {reason}. {}", advice(*kind)),
        }
    }
}

impl core::error::Error for StateError {}

/// How a user brings a card back to what it was when issued.
const RESET: &str = "`vmyna card reset-state CARD`";

fn advice(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "Free some space on its disk, then end and start `vmyna run` or `vmyna serve` again, or repeat the command"
        }
        io::ErrorKind::FileTooLarge => {
            "Raise the limit of files' sizes (ulimit -f), then end and start `vmyna run` or `vmyna serve` again, or repeat the \
             command"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "A card in use needs write permission for this file and its directory"
        }
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => "The directory must exist",
        super::medium::MOVED => {
            "Put it back where it was, then end and start `vmyna run` or `vmyna serve` again, or repeat the command"
        }
        super::file::NO_FILE => {
            "Only an ordinary file of yours may lie there. Look who put it there, remove it, and repeat the command"
        }
        _ => "Check the disk, then end and start `vmyna run` or `vmyna serve` again, or repeat the command",
    }
}

/// The same before it is known where.
#[derive(Debug)]
pub(super) enum Trouble {
    InUse,
    OtherCard,
    Newer(u32),
    Damaged(String),
    Io(&'static str, io::Error),
}

impl Trouble {
    /// For `map_err`: the operating system refused to do this.
    pub(super) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Self::Damaged(error.to_string()),
            _ => Self::Io(doing, error),
        }
    }

    pub(super) fn at(self, place: String) -> StateError {
        match self {
            Self::InUse => StateError::InUse { place, holder: None },
            Self::OtherCard => StateError::OtherCard { place },
            Self::Newer(format) => StateError::Newer { place, format },
            Self::Damaged(what) => StateError::Damaged { place, what },
            Self::Io(doing, error) => StateError::Storage {
                place,
                doing,
                kind: error.kind(),
                reason: error.to_string(),
            },
        }
    }
}

impl From<redb::Error> for Trouble {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::DatabaseAlreadyOpen => Self::InUse,
            redb::Error::Io(error) => Self::io("write")(error),
            redb::Error::PreviousIo => Self::Io("write", io::Error::other("an earlier failure")),
            // All the others are about a database that is not what this module wrote.
            other => Self::Damaged(other.to_string()),
        }
    }
}

/// `?` on every error of the library.
macro_rules! from_redb {
    ($($error:ident)*) => {$(
        impl From<redb::$error> for Trouble {
            fn from(error: redb::$error) -> Self {
                redb::Error::from(error).into()
            }
        }
    )*};
}
from_redb!(DatabaseError TransactionError TableError StorageError CommitError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_of_the_operating_system_is_told_with_what_helps() {
        let table = [
            (io::ErrorKind::StorageFull, "Free some space"),
            (io::ErrorKind::QuotaExceeded, "Free some space"),
            (io::ErrorKind::FileTooLarge, "ulimit -f"),
            (io::ErrorKind::PermissionDenied, "needs write permission"),
            (io::ErrorKind::ReadOnlyFilesystem, "needs write permission"),
            (io::ErrorKind::NotFound, "must exist"),
            (io::ErrorKind::NotADirectory, "must exist"),
            (super::super::file::NO_FILE, "Only an ordinary file"),
            (super::super::medium::MOVED, "Put it back"),
            (io::ErrorKind::Other, "Check the disk"),
        ];
        for (kind, expected) in table {
            let said = Trouble::io("write")(kind.into())
                .at("card.state".to_owned())
                .to_string();
            assert!(
                said.contains("can't write the card's state card.state") && said.contains(expected),
                "{kind:?}: {said}"
            );
        }
    }
}
