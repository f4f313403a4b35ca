//! The authorities that issued the specimen cards: a caller without authorities of its own issues with them.
//!
//! Their keys are PUBLIC TEST KEYS: any program can sign with them.

use der::DateTime;
use vmyna_test_vectors::specimens;
use zeroize::Zeroizing;

use super::IssuanceError;
use super::authorities::{self, Authorities, AuthoritiesError, Files};
use super::mdoc::MdocAuthority;
use super::x509::{Authority, ServiceUrl};

/// Not secret: with it anyone can make the keys of the specimens and of their authorities, which are published anyway.
pub const SEED: [u8; 32] = *b"vmyna specimens public test keys";

/// The authorities that issued the specimen cards. They can make the generation of every time of issue.
///
/// # Errors
/// [`AuthoritiesError`], only if the built-in files are damaged.
pub fn authorities() -> Result<Authorities, AuthoritiesError> {
    Ok(Authorities::take_up(&files())?.with_seed(Zeroizing::new(SEED)))
}

/// Those of them that certify cardholders' keys, of every generation at hand.
///
/// # Errors
/// [`AuthoritiesError`], only if the built-in files are damaged.
pub fn certifying() -> Result<Vec<Authority>, AuthoritiesError> {
    authorities::certifying(&files())
}

/// Those of the generation that is the latest at a moment, made anew: they issued the certificates of that time if the
/// generation at hand did not. It takes as long as two keys take.
///
/// # Errors
/// [`IssuanceError`] when they can't be made.
pub fn certifying_at(instant: DateTime) -> Result<Vec<Authority>, IssuanceError> {
    let own = authorities().map_err(AuthoritiesError::into_issuance)?.validity().0;
    let files = authorities::establish_generation(&SEED, (own, instant), &|| Ok(()))?;
    authorities::certifying_generations(&files).map_err(AuthoritiesError::into_issuance)
}

/// Their authority of mdocs.
///
/// # Errors
/// [`IssuanceError`], only if the built-in files are damaged.
pub fn mdoc() -> Result<MdocAuthority, IssuanceError> {
    let own = authorities().map_err(AuthoritiesError::into_issuance)?.validity().0;
    MdocAuthority::establish(&SEED, own, &ServiceUrl::default())
}

/// Their files: with them a caller has every key of the set.
#[must_use]
pub fn files() -> Files {
    specimens::AUTHORITIES
        .iter()
        .map(|(path, bytes)| ((*path).to_owned(), Zeroizing::new(bytes.to_vec())))
        .collect()
}

#[cfg(test)]
mod tests;
