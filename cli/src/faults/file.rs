//! Reads a file of faults, with a limit.

use std::path::Path;

use vmyna_apdu::ShowPath as _;

use super::parse::{Contents, parse};
use crate::failure::Failure;

/// The most bytes of a file. One that people write has some hundred.
const LONGEST: u64 = 256 << 10;

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<Contents, Failure> {
    let fault =
        |error: &dyn std::fmt::Display| Failure::Usage(format!("{}: the faults can't be read: {error}", path.shown()));
    let text = vmyna_files::read_text(path, LONGEST).map_err(|error| fault(&error))?;
    parse(&text).map_err(|problems| {
        let lines: Vec<_> = problems
            .iter()
            .map(|problem| format!("{}: {problem}", path.shown()))
            .collect();
        Failure::Usage(lines.join("\n"))
    })
}
