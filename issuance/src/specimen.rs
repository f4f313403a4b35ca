//! The authorities that issued the specimen cards: a caller without authorities of its own issues with them.
//!
//! Their keys are PUBLIC TEST KEYS: any program can sign with them.

use vmyna_test_vectors::specimens;
use zeroize::Zeroizing;

use super::authorities::{Authorities, AuthoritiesError, Files};

/// The authorities that issued the specimen cards.
///
/// # Errors
/// [`AuthoritiesError`], only if the built-in files are damaged.
pub fn authorities() -> Result<Authorities, AuthoritiesError> {
    let files: Files = specimens::AUTHORITIES
        .iter()
        .map(|(path, bytes)| ((*path).to_owned(), Zeroizing::new(bytes.to_vec())))
        .collect();
    Authorities::take_up(&files)
}

#[cfg(test)]
mod tests;
