//! The authorities that issued the specimen cards: a caller without authorities of its own issues with them.
//!
//! Their keys are PUBLIC TEST KEYS: any program can sign with them.

use vmyna_test_vectors::specimens;
use zeroize::Zeroizing;

use super::IssuanceError;
use super::authorities::{Authorities, Fault, Files};

/// The authorities that issued the specimen cards.
///
/// # Errors
/// [`IssuanceError`], only if the built-in files are damaged.
pub fn authorities() -> Result<Authorities, IssuanceError> {
    let files: Files = specimens::AUTHORITIES
        .iter()
        .map(|(path, bytes)| ((*path).to_owned(), Zeroizing::new(bytes.to_vec())))
        .collect();
    let missing = IssuanceError::Input("every built-in authority has its files");
    Authorities::take_up(&files).map_err(|Fault { error, .. }| error.unwrap_or(missing))
}

#[cfg(test)]
mod tests;
