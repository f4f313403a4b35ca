//! The document signer of mdocs that is in use: the one of the time that is not revoked.
//!
//! ```
//! use vmyna_authority::mdoc;
//! use vmyna_authority::register::sqlite::SqliteRegister;
//! use vmyna_issuance::rand_core::OsRng;
//! use vmyna_issuance::{applets, specimen};
//!
//! let (authority, register) = (specimen::mdoc()?, SqliteRegister::in_memory()?);
//! let card = applets::specimen::find("hanako")?.ok_or("no such card")?;
//! let now = "2026-12-01T00:00:00Z".parse()?;
//! let signer = mdoc::signer(&authority, &register, now)?;
//! let key = vmyna_issuance::mdoc::device_key(&mut OsRng)?;
//! let issued = vmyna_issuance::mdoc::issue(&signer, &card, &key, now, &mut OsRng)?;
//! assert!(!issued.issuer_signed.is_empty());
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

use der::DateTime;
use vmyna_issuance::mdoc::{DocumentSigner, MdocAuthority, Root};

use crate::register::{Register, RevokedSigner};
use crate::revocation_list::{ListError, of_mdoc_root, root_id};

/// The signer of a time. A signer that the register has revoked, whenever that was, signs no more: the next one of its period
/// does.
///
/// # Errors
/// [`ListError`]: the register can't be read, or no certificate can state the time.
pub fn signer(authority: &MdocAuthority, register: &dyn Register, now: DateTime) -> Result<DocumentSigner, ListError> {
    let root = root_id(&authority.root(now)?)?;
    let revoked = register.revoked_signers(root, register.now()?)?;
    let mut number = 0;
    loop {
        let signer = authority.signer(now, number)?;
        if !revoked.iter().any(|one| one.serial == signer.serial) {
            return Ok(signer);
        }
        number += 1;
    }
}

/// Revokes the signer of a time at that time. Returns it.
///
/// # Errors
/// [`ListError`]: the register can't be used, or no certificate can state the time.
pub fn revoke_signer(
    authority: &MdocAuthority,
    register: &mut dyn Register,
    at: DateTime,
) -> Result<DocumentSigner, ListError> {
    let signer = signer(authority, register, at)?;
    let root = root_id(&authority.root(at)?)?;
    let serial = signer.serial;
    register.revoke_signer(root, RevokedSigner { serial, at })?;
    Ok(signer)
}

/// The revocation lists of the roots that are valid at a time, DER, with what the register now has as revoked by that time.
///
/// # Errors
/// [`ListError`].
pub fn lists(authority: &MdocAuthority, register: &dyn Register, at: DateTime) -> Result<Vec<Vec<u8>>, ListError> {
    let list = |root: Root| {
        let revoked = register.revoked_signers(root_id(&root)?, register.now()?)?;
        of_mdoc_root(&root, &revoked, at)
    };
    authority.valid_roots(at)?.into_iter().map(list).collect()
}

#[cfg(test)]
mod tests;
