//! The authorities that a command names, and their register.

use vmyna_applets::specimen;
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{Certificate, Register};
use vmyna_issuance::x509;
use vmyna_issuance::{ca_folder, specimen as built_in};

use super::args::Authority;
use crate::failure::{Failure, ca_failure};
use crate::registers::{failure, open};

/// The register of these authorities, with the built-in cards in the built-in one.
pub(super) fn of(authority: &Authority) -> Result<SqliteRegister, Failure> {
    match authority {
        Authority::Folder(folder) => {
            // A folder that holds no authorities gets no register.
            ca_folder::open_certifying(folder).map_err(ca_failure)?;
            open(Some(folder))
        }
        Authority::Specimen => {
            let mut register = open(None)?;
            record_specimens(&mut register)?;
            Ok(register)
        }
    }
}

/// The authorities that certify cardholders' keys, the newest last.
pub(super) fn certifying(authority: &Authority) -> Result<Vec<x509::Authority>, Failure> {
    match authority {
        Authority::Folder(folder) => ca_folder::open_certifying(folder).map_err(ca_failure),
        Authority::Specimen => built_in::certifying().map_err(|error| Failure::Failed(error.to_string())),
    }
}

/// Enters the certificates of the built-in cards, unless they are there.
pub(super) fn record_specimens(register: &mut dyn Register) -> Result<(), Failure> {
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
