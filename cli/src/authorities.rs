//! The authorities that a command issues with.

use std::path::Path;

use vmyna_issuance::authorities::Authorities;
use vmyna_issuance::{ca_folder, specimen};

use crate::failure::{Failure, ca_failure};

/// The authorities in a folder, or the built-in ones.
pub(crate) fn open(folder: Option<&Path>) -> Result<Authorities, Failure> {
    match folder {
        Some(folder) => ca_folder::open(folder).map_err(ca_failure),
        None => specimen::authorities().map_err(|error| Failure::Failed(error.to_string())),
    }
}
