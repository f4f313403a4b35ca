//! Why a register can't be used.

use std::path::PathBuf;

use vmyna_apdu::ShowPath as _;

/// Why a register can't be opened, read or written: which, and what is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {kind}", place = .place.shown())]
pub struct RegisterError {
    place: PathBuf,
    #[source]
    kind: RegisterErrorKind,
}

/// The kinds of fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterErrorKind {
    /// The system refused.
    #[error("{0}")]
    Io(#[source] std::io::Error),
    /// The file is no register.
    #[error("this is no register of certificates")]
    NoRegister,
    /// It was written by a later version of this program: its schema's version, and the one that this program knows.
    #[error("the register has version {0}, and this program knows {1}")]
    Newer(i64, i64),
    /// Others have been writing it all the time that this program waits: how many seconds.
    #[error("other programs have been writing the register for {0} seconds")]
    Busy(u64),
    /// The register is damaged.
    #[error("the register is damaged ({0})")]
    Damaged(&'static str),
    /// The disk is full.
    #[error("no space left on the device")]
    Full,
    /// The database refused otherwise: its message.
    #[error("{0}")]
    Database(String),
}

impl RegisterError {
    #[cfg(feature = "sqlite")]
    pub(crate) fn new(place: impl Into<PathBuf>, kind: RegisterErrorKind) -> Self {
        let place = place.into();
        Self { place, kind }
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> &RegisterErrorKind {
        &self.kind
    }
}
