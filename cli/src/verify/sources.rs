//! What the arguments name: authorities, their registers, revocation lists.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rand_core::{OsRng, RngCore};
use vmyna_apdu::ShowPath as _;
use vmyna_authority::register::{Register, whole_seconds};
use vmyna_authority::verifier::input::pem_blocks;
use vmyna_authority::verifier::revocation::List;
use vmyna_authority::verifier::trust::Trust;
use vmyna_issuance::{ca_folder, specimen as built_in};
use x509_cert::der::DateTime;

use super::args::Verify;
use super::{LONGEST_LIST, LONGEST_TRUST, read};
use crate::failure::{Failure, ca_failure};
use crate::options::authority::Authority;

/// A register, and whether it is one of the built-in authorities.
pub(super) struct Named {
    pub(super) register: Box<dyn Register>,
    built_in: bool,
}

/// Everything that the arguments trust. The keys above CV certificates are read only if `card_files` are verified.
pub(super) fn trust(arguments: &Verify, registers: &[Named], card_files: bool) -> Result<Trust, Failure> {
    let mut trust = Trust::default();
    for authority in &arguments.ca {
        let broken = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
        let public = matches!(authority, Authority::Specimen);
        let certifying = match authority {
            Authority::Specimen => built_in::certifying().map_err(|error| broken(&error))?,
            Authority::Folder(folder) => ca_folder::open_certifying(folder).map_err(ca_failure)?,
        };
        for authority in certifying {
            let added = trust.certificate(authority.certificate(), public);
            added.map_err(|error| broken(&error))?;
        }
        if !card_files {
            continue;
        }
        let all = match authority {
            Authority::Specimen => built_in::authorities().map_err(|error| broken(&error))?,
            Authority::Folder(folder) => ca_folder::open(folder).map_err(ca_failure)?,
        };
        for (id, key) in all.data_roots() {
            trust.cv_key(id, key.clone(), public);
        }
    }
    // The built-in authorities of other generations, which were made for cards of other times.
    for named in registers.iter().filter(|named| named.built_in) {
        let issuers = named.register.issuers();
        for (issuer, begin) in issuers.map_err(|error| Failure::Failed(error.to_string()))? {
            if trust.has(issuer) {
                continue;
            }
            let made = built_in::certifying_at(begin).map_err(|error| Failure::Failed(error.to_string()))?;
            for authority in made {
                let added = trust.certificate(authority.certificate(), true);
                added.map_err(|error| Failure::Failed(error.to_string()))?;
            }
        }
    }
    for path in &arguments.trust {
        for der in certificates(path)? {
            trust
                .certificate(&der, false)
                .map_err(|error| Failure::Usage(format!("{}: {error}", path.shown())))?;
        }
    }
    Ok(trust)
}

/// The certificates in a file, PEM or DER.
pub(super) fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    Ok(unwrapped(read(path, LONGEST_TRUST)?))
}

/// The blocks of a PEM file, or the file itself.
pub(super) fn unwrapped(bytes: Vec<u8>) -> Vec<Vec<u8>> {
    let blocks = pem_blocks(&bytes);
    match blocks.is_empty() {
        true => vec![bytes],
        false => blocks.into_iter().map(|(_, der)| der).collect(),
    }
}

/// The revocation lists in files.
pub(super) fn lists(paths: &[PathBuf]) -> Result<Vec<List>, Failure> {
    let mut lists = Vec::new();
    for path in paths {
        let name = path.shown().to_string();
        let all = unwrapped(read(path, LONGEST_LIST)?);
        lists.extend(all.into_iter().map(|der| List {
            name: name.clone(),
            der,
        }));
    }
    Ok(lists)
}

/// The registers of the named authorities. None is made, and nothing is entered but what an interrupted
/// process has left.
#[cfg(feature = "authority")]
pub(super) fn registers(authorities: &[Authority]) -> Result<Vec<Named>, Failure> {
    use vmyna_authority::register::sqlite::SqliteRegister;

    use crate::registers::{failure, is_kept, open_file, path, record_specimens};

    let mut registers = Vec::new();
    for authority in authorities {
        let folder = authority.folder();
        if folder.is_some() || is_kept() {
            let path = path(folder)?;
            if path.exists() {
                let register = open_file(&path)?;
                registers.push(Named {
                    register: Box::new(register),
                    built_in: folder.is_none(),
                });
            }
        }
        if folder.is_none() {
            // The built-in cards are known without a register, and none is revoked there.
            let mut register = SqliteRegister::in_memory().map_err(|error| failure(&error))?;
            record_specimens(&mut register)?;
            registers.push(Named {
                register: Box::new(register),
                built_in: true,
            });
        }
    }
    Ok(registers)
}

/// Without SQLite there is no register.
#[cfg(not(feature = "authority"))]
pub(super) fn registers(_: &[Authority]) -> Result<Vec<Named>, Failure> {
    Ok(Vec::new())
}

/// The time by the machine's clock.
pub(super) fn clock() -> Result<DateTime, Failure> {
    whole_seconds(SystemTime::now()).ok_or_else(|| {
        Failure::Failed("the clock of this machine shows no time that a certificate can have".to_owned())
    })
}

/// Random bytes that were not used before.
pub(super) fn nonce() -> [u8; 32] {
    let mut nonce = [0; 32];
    OsRng.fill_bytes(&mut nonce);
    nonce
}
