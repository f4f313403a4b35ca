//! Errors of the operating system and of the database library, as kinds of a [`StoreError`](crate::state::StoreError).

use std::io;

use crate::state::error::{FailedIo, StoreErrorKind};

/// The kind by which [`super::file`] marks an error about something that is not an ordinary file.
pub(super) const NO_FILE: io::ErrorKind = io::ErrorKind::AlreadyExists;
/// The kind by which a medium marks an error about a state that was moved or replaced.
pub(super) const MOVED: io::ErrorKind = io::ErrorKind::StaleNetworkFileHandle;

/// For `map_err`: the operating system refused to do this with the state.
pub(super) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> StoreErrorKind {
    move |error| match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => StoreErrorKind::Damaged(error.to_string()),
        _ => storage(doing)(error),
    }
}

/// The same for an operation that does not read the state, so that no error can be about what it holds.
pub(super) fn storage(doing: &'static str) -> impl FnOnce(io::Error) -> StoreErrorKind {
    move |error| {
        let kind = error.kind();
        let io = FailedIo::new(doing, error);
        match kind {
            NO_FILE => StoreErrorKind::NotAFile(io),
            MOVED => StoreErrorKind::Moved(io),
            _ => StoreErrorKind::Io(io),
        }
    }
}

/// The state is damaged: what is wrong with it.
pub(super) fn damaged(what: &str) -> StoreErrorKind {
    StoreErrorKind::Damaged(what.to_owned())
}

impl From<redb::Error> for StoreErrorKind {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::DatabaseAlreadyOpen => Self::InUse(None),
            redb::Error::Io(error) => io("write")(error),
            redb::Error::PreviousIo => io("write")(io::Error::other("an earlier failure")),
            // All other errors are about a database that this module did not write.
            other => Self::Damaged(other.to_string()),
        }
    }
}

/// `?` on every error of the library.
macro_rules! from_redb {
    ($($error:ident)*) => {$(
        impl From<redb::$error> for StoreErrorKind {
            fn from(error: redb::$error) -> Self {
                redb::Error::from(error).into()
            }
        }
    )*};
}
from_redb!(DatabaseError TransactionError TableError StorageError CommitError);

#[cfg(test)]
mod tests {
    use core::error::Error as _;

    use super::*;

    #[test]
    fn an_error_of_the_system_keeps_its_kind_and_its_source() {
        for kind in [
            io::ErrorKind::StorageFull,
            io::ErrorKind::PermissionDenied,
            NO_FILE,
            MOVED,
        ] {
            let error = io("write")(kind.into()).at("card.state");
            let expected = match &error.kind {
                StoreErrorKind::NotAFile(_) => NO_FILE,
                StoreErrorKind::Moved(_) => MOVED,
                StoreErrorKind::Io(io) => io.error.kind(),
                other => panic!("{other:?}"),
            };
            assert_eq!(kind, expected);
            let source = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
            assert_eq!(source.kind(), kind);
            assert_eq!(
                error.to_string(),
                format!("can't write the card's state card.state: {source}")
            );
        }
    }

    #[test]
    fn bytes_that_are_missing_are_damage() {
        for kind in [io::ErrorKind::InvalidData, io::ErrorKind::UnexpectedEof] {
            assert!(matches!(io("read")(kind.into()), StoreErrorKind::Damaged(_)), "{kind}");
        }
    }
}
