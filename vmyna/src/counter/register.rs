//! Where the register of a set of authorities is, and how it is opened.

use std::env;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use vmyna_applets::specimen;
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{Certificate, Register, RegisterError, whole_seconds};
use vmyna_issuance::DateTime;

pub use super::error::{REGISTER_VARIABLE, RegisterAccessError};
use super::interrupted::{StillPending, finish_of_register};

/// The register's name in a folder.
const REGISTER: &str = "register.sqlite";

/// The file of the register of a folder of authorities, or of the built-in ones without a folder. It need not exist.
///
/// # Errors
/// [`RegisterAccessError::NotKept`], [`RegisterAccessError::RelativeFolder`] and [`RegisterAccessError::NoFolder`]: the
/// built-in authorities have no place for one.
pub fn path(authorities: Option<&Path>) -> Result<PathBuf, RegisterAccessError> {
    match authorities {
        Some(folder) => Ok(folder.join(REGISTER)),
        None => Ok(built_in_folder()?.join(REGISTER)),
    }
}

/// Whether the built-in authorities keep a register: `none` in [`REGISTER_VARIABLE`] means that they don't.
#[must_use]
pub fn is_kept() -> bool {
    env::var_os(REGISTER_VARIABLE).is_none_or(|value| value != "none")
}

/// A folder that a variable names.
fn named(variable: &str) -> Option<PathBuf> {
    env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// The user's folder for the state of programs (XDG Base Directory Specification); `None` if the environment names none.
#[must_use]
pub fn state_home() -> Option<PathBuf> {
    // A relative path in the variable is to be ignored.
    let state = named("XDG_STATE_HOME").filter(|folder| folder.is_absolute());
    state.or_else(|| named("HOME").map(|home| home.join(".local/state")))
}

/// Where the built-in authorities keep their register: the folder that the variable names, or the one for the state of
/// programs.
fn built_in_folder() -> Result<PathBuf, RegisterAccessError> {
    if !is_kept() {
        return Err(RegisterAccessError::NotKept);
    }
    if let Some(folder) = named(REGISTER_VARIABLE) {
        return match folder.is_absolute() {
            true => Ok(folder),
            false => Err(RegisterAccessError::RelativeFolder(folder)),
        };
    }
    match state_home() {
        Some(state) => Ok(state.join("vmyna")),
        None => Err(RegisterAccessError::NoFolder),
    }
}

/// Opens the register of a folder of authorities, or of the built-in ones, and makes it if there is none. What interrupted
/// operations have left is done first; `still_pending` takes each that can't be finished now.
///
/// # Errors
/// [`RegisterAccessError`].
pub fn open(
    authorities: Option<&Path>,
    still_pending: &mut dyn FnMut(StillPending),
) -> Result<SqliteRegister, RegisterAccessError> {
    let path = path(authorities)?;
    if authorities.is_none()
        && let Some(folder) = path.parent()
    {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| RegisterAccessError::Folder(folder.to_owned(), error))?;
    }
    Ok(finished(SqliteRegister::open_or_make(&path)?, &path, still_pending))
}

/// Opens the register of a folder of authorities, or of the built-in ones, if there is one. What interrupted operations have
/// left is done first; `still_pending` takes each that can't be finished now.
///
/// # Errors
/// [`RegisterAccessError`].
pub fn open_if_there(
    authorities: Option<&Path>,
    still_pending: &mut dyn FnMut(StillPending),
) -> Result<Option<SqliteRegister>, RegisterAccessError> {
    let path = path(authorities)?;
    match path.exists() {
        true => Ok(Some(open_file(&path, still_pending)?)),
        false => Ok(None),
    }
}

/// Opens a register that exists. What interrupted operations have left is done first; `still_pending` takes each that can't
/// be finished now.
///
/// # Errors
/// [`RegisterError`].
pub fn open_file(path: &Path, still_pending: &mut dyn FnMut(StillPending)) -> Result<SqliteRegister, RegisterError> {
    Ok(finished(SqliteRegister::open(path)?, path, still_pending))
}

fn finished(mut register: SqliteRegister, path: &Path, still_pending: &mut dyn FnMut(StillPending)) -> SqliteRegister {
    finish_of_register(&mut register, &absolute(path), still_pending);
    register
}

/// A path that means the same in every working directory.
pub(super) fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Enters the certificates of the built-in cards, unless they are there.
///
/// # Errors
/// [`RegisterAccessError::Register`], and if the built-in cards are damaged.
pub fn record_specimens(register: &mut dyn Register) -> Result<(), RegisterAccessError> {
    let mut certificates = Vec::new();
    for name in specimen::names()? {
        if let Some(card) = specimen::find(name)? {
            certificates.extend(Certificate::of_card(&card)?);
        }
    }
    let there = |one: &Certificate| register.entry(one.issuer, one.serial).map(|entry| entry.is_some());
    let all = certificates.iter().map(there).collect::<Result<Vec<_>, _>>();
    if !all?.into_iter().all(|there| there) {
        register.record(&certificates)?;
    }
    Ok(())
}

/// The time of the machine's clock as certificates have it, for callers that have no time of their own; `None` before 1970
/// and after the year 9999.
#[must_use]
pub fn now() -> Option<DateTime> {
    whole_seconds(SystemTime::now())
}
