//! Files that the user names, each with a limit.

use std::io;
use std::path::Path;

use crate::HostError;

/// The longest file that a program reads: 1 MiB.
const LONGEST: u64 = 1 << 20;

fn fault(path: &Path) -> impl Fn(io::Error) -> HostError {
    move |error| HostError::File {
        path: path.to_owned(),
        error,
    }
}

/// The bytes of a file of at most 1 MiB.
///
/// # Errors
/// [`HostError::File`]
pub fn read(path: &Path) -> Result<Vec<u8>, HostError> {
    vmyna_files::read(path, LONGEST).map_err(fault(path))
}

/// The text of a file of at most 1 MiB.
///
/// # Errors
/// [`HostError::File`], also if it is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, HostError> {
    vmyna_files::read_text(path, LONGEST).map_err(fault(path))
}

/// Writes a file whole or not at all.
///
/// # Errors
/// [`HostError::File`]
pub fn replace(path: &Path, content: &[u8]) -> Result<(), HostError> {
    vmyna_files::replace(path, content).map_err(fault(path))
}
