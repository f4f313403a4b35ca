//! The revocation list of a root of mdocs: ISO/IEC 18013-5, Annex B.
//!
//! It is the full list of the root's key, signed by the root. It has the authority key identifier and the number as extensions,
//! and its entries have none, hence no reasons: so Annex B wants it, unlike the lists of the card's authorities. Real lists of
//! such a root were not seen.

use der::DateTime;
use vmyna_issuance::IssuanceError;
use vmyna_issuance::mdoc::Root;
use vmyna_issuance::validity::x509_time;
use x509_cert::crl::RevokedCert;
use x509_cert::serial_number::SerialNumber;

use super::{Issuer, ListError, id_of, key_and_number};
use crate::register::{IssuerId, RevokedSigner};

/// The key identifier of a root of mdocs.
///
/// # Errors
/// [`IssuanceError::Input`] never in practice: every key is whole octets.
pub fn root_id(root: &Root) -> Result<IssuerId, IssuanceError> {
    id_of(root.parsed())
}

/// Makes and signs the list of a root, DER, as of `this_update`: all signers that were revoked under its key by then. A
/// revocation with a later time is left out.
///
/// # Errors
/// [`ListError::Issuance`].
pub fn of_mdoc_root(root: &Root, revoked: &[RevokedSigner], this_update: DateTime) -> Result<Vec<u8>, ListError> {
    let entry = |signer: &RevokedSigner| {
        Ok(RevokedCert {
            serial_number: SerialNumber::new(&signer.serial)?,
            revocation_date: x509_time(signer.at)?,
            crl_entry_extensions: None,
        })
    };
    let issuer = Issuer {
        name: root.parsed().tbs_certificate.subject.clone(),
        algorithm: root.algorithm().clone(),
        sign: &|list| root.sign(list),
    };
    let by_now = revoked.iter().filter(|signer| signer.at <= this_update);
    let revoked: der::Result<_> = by_now.map(entry).collect();
    issuer.list(revoked?, key_and_number(root_id(root)?, this_update)?, this_update)
}

#[cfg(test)]
mod tests;
