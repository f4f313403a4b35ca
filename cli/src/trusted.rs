//! Authorities that the user names: their certificates, and the registers that know of revocations.

use std::fmt::Display;

use vmyna_authority::register::Register;
use vmyna_authority::verifier::trust::Trust;
use vmyna_issuance::mdoc::{MdocAuthority, Root};
use vmyna_issuance::{DateTime, ca_folder, specimen as built_in};

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

/// The authority of mdocs of a set; `None` for a folder that has issued none.
fn mdoc(authority: &Authority) -> Result<Option<MdocAuthority>, Failure> {
    match authority {
        Authority::Specimen => built_in::mdoc().map(Some).map_err(|error| broken(&error)),
        Authority::Folder(folder) => ca_folder::mdoc_if_there(folder).map_err(ca_failure),
    }
}

/// The roots of mdocs of an authority: those that are valid at a time, and those of every generation until then. A root can be
/// there twice.
fn roots(authority: &Authority, at: DateTime) -> Result<Vec<Root>, Failure> {
    let Some(mdoc) = mdoc(authority)? else {
        return Ok(Vec::new());
    };
    let roots = [mdoc.valid_roots(at), mdoc.roots(at)];
    let roots: Result<Vec<Vec<Root>>, _> = roots.into_iter().collect();
    Ok(roots.map_err(|error| broken(&error))?.concat())
}

/// Adds the roots of mdocs of these authorities, of every generation until a time.
pub(crate) fn mdoc_roots(authorities: &[Authority], at: DateTime, trust: &mut Trust) -> Result<(), Failure> {
    for authority in authorities {
        let public = matches!(authority, Authority::Specimen);
        for root in roots(authority, at)? {
            let added = trust.certificate(root.certificate(), public);
            added.map_err(|error| broken(&error))?;
        }
    }
    Ok(())
}

/// The roots of mdocs of these authorities until a time, DER.
#[cfg(feature = "desk")]
pub(crate) fn mdoc_certificates(authorities: &[Authority], at: DateTime) -> Result<Vec<Vec<u8>>, Failure> {
    let mut certificates = Vec::new();
    for mdoc in authorities.iter().map(mdoc) {
        let Some(mdoc) = mdoc? else { continue };
        let roots = mdoc.roots(at).map_err(|error| broken(&error))?;
        certificates.extend(roots.iter().map(|root| root.certificate().to_vec()));
    }
    Ok(certificates)
}

/// The revocation lists of the roots of mdocs of an authority at a time, as its register has them; none without a register.
#[cfg(feature = "authority")]
pub(crate) fn mdoc_lists(authority: &Authority, at: DateTime) -> Result<Vec<Vec<u8>>, Failure> {
    let (Some(mdoc), Some(named)) = (
        mdoc(authority)?,
        registers(std::slice::from_ref(authority))?.into_iter().next(),
    ) else {
        return Ok(Vec::new());
    };
    vmyna_authority::mdoc::lists(&mdoc, &*named.register, at).map_err(|error| broken(&error))
}

/// Without SQLite there is no register.
#[cfg(not(feature = "authority"))]
pub(crate) fn mdoc_lists(_: &Authority, _: DateTime) -> Result<Vec<Vec<u8>>, Failure> {
    Ok(Vec::new())
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
