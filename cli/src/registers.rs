//! Where the register of a set of authorities is, and how it is opened.

use std::env;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use vmyna_apdu::ShowPath as _;
use vmyna_applets::specimen;
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{Certificate, Register, RegisterError};

use crate::failure::Failure;
use crate::{advice, pending};

/// The register's name in a folder.
const REGISTER: &str = "register.sqlite";
/// The folder of the built-in authorities' register.
const VARIABLE: &str = "VMYNA_REGISTER";

/// The file of a register.
pub(crate) fn path(folder: Option<&Path>) -> Result<PathBuf, Failure> {
    match folder {
        Some(folder) => Ok(folder.join(REGISTER)),
        None => Ok(built_in_folder()?.join(REGISTER)),
    }
}

/// Whether the built-in authorities keep a register: `VMYNA_REGISTER=none` means that they don't.
pub(crate) fn is_kept() -> bool {
    env::var_os(VARIABLE).is_none_or(|value| value != "none")
}

/// A folder that a variable names.
fn named(variable: &str) -> Option<PathBuf> {
    env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// The folder for the state of programs (XDG Base Directory Specification).
pub(crate) fn state_home() -> Option<PathBuf> {
    // A relative path in the variable is to be ignored.
    let state = named("XDG_STATE_HOME").filter(|folder| folder.is_absolute());
    state.or_else(|| named("HOME").map(|home| home.join(".local/state")))
}

/// Where the built-in authorities keep their register: `$VMYNA_REGISTER`, or the folder for the state of programs.
fn built_in_folder() -> Result<PathBuf, Failure> {
    if !is_kept() {
        return Err(Failure::Failed(format!(
            "{VARIABLE} is none: the built-in authorities keep no register"
        )));
    }
    if let Some(folder) = named(VARIABLE) {
        return match folder.is_absolute() {
            true => Ok(folder),
            false => Err(Failure::Usage(format!(
                "{VARIABLE} is {}: give the folder's path from / on",
                folder.shown()
            ))),
        };
    }
    match state_home() {
        Some(state) => Ok(state.join("vmyna")),
        None => Err(Failure::Failed(format!(
            "the built-in authorities' register needs a folder: set {VARIABLE}=/DIR"
        ))),
    }
}

/// Opens the register of a folder of authorities, or of the built-in ones, and makes it if there is none.
pub(crate) fn open(folder: Option<&Path>) -> Result<SqliteRegister, Failure> {
    let path = path(folder)?;
    if folder.is_none()
        && let Some(folder) = path.parent()
    {
        let mut builder = DirBuilder::new();
        builder
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| Failure::Failed(format!("{}: {error}; {VARIABLE}=/DIR names another", folder.shown())))?;
    }
    finished(SqliteRegister::open_or_make(&path), &path)
}

/// Opens a register that is there.
pub(crate) fn open_file(path: &Path) -> Result<SqliteRegister, Failure> {
    finished(SqliteRegister::open(path), path)
}

/// Does first what an interrupted process has left.
fn finished(register: Result<SqliteRegister, RegisterError>, path: &Path) -> Result<SqliteRegister, Failure> {
    let mut register = register.map_err(|error| failure(&error))?;
    pending::finish_of_register(&mut register, &absolute(path));
    Ok(register)
}

/// A path that means the same in every working directory.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Enters the certificates of the built-in cards, unless they are there.
pub(crate) fn record_specimens(register: &mut dyn Register) -> Result<(), Failure> {
    let mut certificates = Vec::new();
    let fault = |error: &dyn std::fmt::Display| Failure::Failed(format!("the built-in cards: {error}"));
    for name in specimen::names().map_err(|error| fault(&error))? {
        if let Some(card) = specimen::find(name).map_err(|error| fault(&error))? {
            certificates.extend(Certificate::of_card(&card).map_err(|error| fault(&error))?);
        }
    }
    let there = |one: &Certificate| register.entry(one.issuer, one.serial).map(|entry| entry.is_some());
    let all = certificates.iter().map(there).collect::<Result<Vec<_>, _>>();
    if !all.map_err(|error| failure(&error))?.into_iter().all(|there| there) {
        register.record(&certificates).map_err(|error| failure(&error))?;
    }
    Ok(())
}

/// A register that can't be used.
pub(crate) fn failure(error: &RegisterError) -> Failure {
    Failure::Failed(advice::of_register(error))
}
