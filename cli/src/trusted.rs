//! Authorities that the user names: their certificates, and the registers that know of revocations.

use std::fmt::Display;

use vmyna_authority::register::Register;
use vmyna_authority::verifier::trust::Trust;
use vmyna_issuance::{ca_folder, specimen as built_in};

use crate::failure::{Failure, ca_failure};
use crate::options::authority::Authority;

/// A register, and whether it is one of the built-in authorities.
pub(crate) struct Named {
    pub(crate) register: Box<dyn Register>,
    is_built_in: bool,
}

fn broken(error: &dyn Display) -> Failure {
    Failure::Failed(error.to_string())
}

/// The certificates of these authorities, and those of the built-in ones' other generations that a register knows.
pub(crate) fn certificates(authorities: &[Authority], registers: &[Named]) -> Result<Trust, Failure> {
    let mut trust = Trust::default();
    for authority in authorities {
        let public = matches!(authority, Authority::Specimen);
        let certifying = match authority {
            Authority::Specimen => built_in::certifying().map_err(|error| broken(&error))?,
            Authority::Folder(folder) => ca_folder::open_certifying(folder).map_err(ca_failure)?,
        };
        for authority in certifying {
            let added = trust.certificate(authority.certificate(), public);
            added.map_err(|error| broken(&error))?;
        }
    }
    // They were made for cards of other times.
    for named in registers.iter().filter(|named| named.is_built_in) {
        for (issuer, begin) in named.register.issuers().map_err(|error| broken(&error))? {
            if trust.has(issuer) {
                continue;
            }
            let made = built_in::certifying_at(begin).map_err(|error| broken(&error))?;
            for authority in made {
                let added = trust.certificate(authority.certificate(), true);
                added.map_err(|error| broken(&error))?;
            }
        }
    }
    Ok(trust)
}

/// The registers of the named authorities. None is made, and nothing is entered but what an interrupted
/// process has left.
#[cfg(feature = "authority")]
pub(crate) fn registers(authorities: &[Authority]) -> Result<Vec<Named>, Failure> {
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
                    is_built_in: folder.is_none(),
                });
            }
        }
        if folder.is_none() {
            // The built-in cards are known without a register, and none is revoked there.
            let mut register = SqliteRegister::in_memory().map_err(|error| failure(&error))?;
            record_specimens(&mut register)?;
            registers.push(Named {
                register: Box::new(register),
                is_built_in: true,
            });
        }
    }
    Ok(registers)
}

/// Without SQLite there is no register.
#[cfg(not(feature = "authority"))]
pub(crate) fn registers(_: &[Authority]) -> Result<Vec<Named>, Failure> {
    Ok(Vec::new())
}
