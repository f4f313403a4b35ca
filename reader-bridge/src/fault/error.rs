//! The error in a written fault.

use vmyna_apdu::shown;

/// An error in a written fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}", .key.as_ref().map(|key| format!("`{}` ", shown(key))).unwrap_or_default(), shown(.message))]
#[non_exhaustive]
pub struct FaultError {
    /// The wrong key; `None` when something is missing.
    pub key: Option<String>,
    /// The mistake in the key or its value, and the right form.
    pub message: String,
}

/// The error of a key.
pub(super) fn wrong(key: &str, message: String) -> FaultError {
    FaultError {
        key: Some(key.to_owned()),
        message,
    }
}
