//! The register of a set of authorities, opened with the reports and the advice of a command.

use std::path::{Path, PathBuf};

use vmyna::counter::register;
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{Register, RegisterError};

use crate::counter_failures::{access_failure, register_failure, report};
use crate::failure::Failure;

pub(crate) use register::is_kept;
#[cfg(feature = "desk")]
pub(crate) use register::state_home;

/// The file of a register.
pub(crate) fn path(folder: Option<&Path>) -> Result<PathBuf, Failure> {
    register::path(folder).map_err(|error| access_failure(&error))
}

/// Opens the register of a folder of authorities, or of the built-in ones, and makes it if there is none.
pub(crate) fn open(folder: Option<&Path>) -> Result<SqliteRegister, Failure> {
    register::open(folder, &mut report).map_err(|error| access_failure(&error))
}

/// Opens a register that is there.
pub(crate) fn open_file(path: &Path) -> Result<SqliteRegister, Failure> {
    register::open_file(path, &mut report).map_err(|error| failure(&error))
}

/// Enters the certificates of the built-in cards, unless they are there.
pub(crate) fn record_specimens(register: &mut dyn Register) -> Result<(), Failure> {
    register::record_specimens(register).map_err(|error| access_failure(&error))
}

/// A register that can't be used.
pub(crate) fn failure(error: &RegisterError) -> Failure {
    register_failure(error)
}
