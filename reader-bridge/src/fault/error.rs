//! The error in a written fault.

use std::fmt;

/// An error in a written fault.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FaultError {
    /// The wrong key; `None` when something is missing.
    pub key: Option<String>,
    /// The mistake in the key or its value, and the right form.
    pub message: String,
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "`{key}` {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for FaultError {}

/// The error of a key.
pub(super) fn wrong(key: &str, message: String) -> FaultError {
    FaultError {
        key: Some(key.to_owned()),
        message,
    }
}
