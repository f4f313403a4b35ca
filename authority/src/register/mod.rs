//! The register: what an authority knows of the certificates that it issued.
//!
//! [`Register`] is what everything else uses; [`sqlite::SqliteRegister`] keeps it in a file. Nothing above the trait assumes a
//! file, so that a database server can take its place.
//!
//! Every write has a number, [`Change`], which only grows. Who answers questions takes a [`Register::now`] and asks with it:
//! what was written later does not show. So an answer can state truthfully since when it holds, also where the register is
//! looked at every quarter of an hour only.

mod entry;
mod error;
mod operation;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use der::DateTime;

pub use entry::{
    CardId, Cause, Certificate, Entry, Hierarchy, IssuerId, Phone, PhoneLink, Reason, Revocation, RevokedSigner,
    UnknownReason, Withdrawal, distribution_point,
};
pub(crate) use entry::{distribution_points, serial};
pub use error::{RegisterError, RegisterErrorKind};
pub use operation::{Beginning, Begun, CardStatus, Intent, OperationId};

/// The number of a write. A later one is larger; the default is before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Change(pub(crate) i64);

/// What became of a certificate that was handed to [`Register::record`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It was not there.
    New,
    /// The same certificate was there: the card was added, status, time and reason stay.
    Known,
    /// Another certificate with this serial number was there. It stays, and nothing was written for this one.
    SerialTaken,
}

/// What became of a request to revoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// It is revoked from now on.
    Now,
    /// It had been revoked before: that time and reason stay.
    Before(Revocation),
    /// The register holds no such certificate.
    Unknown,
}

/// A revoked certificate, as a revocation list shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevokedCertificate {
    /// Its serial number.
    pub serial: u32,
    /// Since when, and why.
    pub revocation: Revocation,
}

/// A distribution point: the part of an authority's certificates that one revocation list covers, a municipality's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistributionPoint {
    /// The municipality's code, five digits.
    pub municipality: String,
    /// Its name as it stands in the certificates, the DER of a `DistributionPointName`.
    pub name: Vec<u8>,
}

/// The register of an authority.
pub trait Register: Send {
    /// Enters certificates, all or none of them. The answers are in the order of the certificates.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be written.
    fn record(&mut self, certificates: &[Certificate]) -> Result<Vec<Recorded>, RegisterError>;

    /// Revokes a certificate. It is on stable storage when this returns.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be written.
    fn revoke(&mut self, issuer: IssuerId, serial: u32, revocation: Revocation) -> Result<Revoked, RegisterError>;

    /// The number of the last write.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be read.
    fn now(&self) -> Result<Change, RegisterError>;

    /// Whether the certificate was there by that write, and whether it was revoked by then.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be read.
    fn status(&self, issuer: IssuerId, serial: u32, by: Change) -> Result<Option<Option<Revocation>>, RegisterError>;

    /// Hands over all that an authority had revoked by that write, ascending by serial number; of one distribution point if
    /// it is given.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be read.
    fn revoked(
        &self,
        issuer: IssuerId,
        point: Option<&DistributionPoint>,
        by: Change,
        each: &mut dyn FnMut(RevokedCertificate),
    ) -> Result<(), RegisterError>;

    /// The keys that issued certificates of the register, in the order of entry, each with the beginning of one of them.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be read.
    fn issuers(&self) -> Result<Vec<(IssuerId, DateTime)>, RegisterError>;

    /// The distribution points of an authority, ascending by municipality.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be read.
    fn points(&self, issuer: IssuerId) -> Result<Vec<DistributionPoint>, RegisterError>;

    /// All that is known of one certificate.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be read.
    fn entry(&self, issuer: IssuerId, serial: u32) -> Result<Option<Entry>, RegisterError>;

    /// Hands over every certificate in the order of entry; of one card if it is given. `each` ends it with `false`.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be read.
    fn entries(&self, card: Option<CardId>, each: &mut dyn FnMut(Entry) -> bool) -> Result<(), RegisterError>;

    /// What is known of the operations on a card.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be read.
    fn card_status(&self, card: CardId) -> Result<CardStatus, RegisterError>;

    /// The phones that are or were linked to a card, in the order of entry.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be read.
    fn phones(&self, card: CardId) -> Result<Vec<Phone>, RegisterError>;

    /// What is known of a phone.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be read.
    fn phone(&self, phone: CardId) -> Result<Option<Phone>, RegisterError>;

    /// SHA-256 of the DER of the newest auth certificate on the card that the phone with this certificate is linked to; `None` if
    /// the certificate is on no phone.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be read.
    fn auth_of_linked_card(&self, issuer: IssuerId, serial: u32) -> Result<Option<[u8; 32]>, RegisterError>;

    /// Does the first step of an operation on a card, all of it or nothing. It is on stable storage when this returns.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be written.
    fn begin(&mut self, beginning: &Beginning<'_>) -> Result<Begun, RegisterError>;

    /// The operations that have begun and not been finished, in the order in which they began.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be read.
    fn intents(&self) -> Result<Vec<Intent>, RegisterError>;

    /// Does the last step of an operation: enters its certificates and drops its intent. `false` if there is none.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be written.
    fn finish(&mut self, operation: OperationId) -> Result<bool, RegisterError>;

    /// Keeps a one-time code for a card, as its digest, until this time. A code that the card had before is no longer good.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be written.
    fn give_code(&mut self, card: &(CardId, String), digest: [u8; 32], until: DateTime) -> Result<(), RegisterError>;

    /// Revokes a document signer of mdocs, by the key of its root and its serial number. It is on stable storage when this
    /// returns. An earlier revocation stays, and its time is returned.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be written.
    fn revoke_signer(&mut self, root: IssuerId, signer: RevokedSigner) -> Result<Option<DateTime>, RegisterError>;

    /// The document signers of a root of mdocs that were revoked by that write, in the order of revocation.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be read.
    fn revoked_signers(&self, root: IssuerId, by: Change) -> Result<Vec<RevokedSigner>, RegisterError>;

    /// Whether a card has this code, and it is good at this time. [`Register::begin`] uses it up.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be read.
    fn has_code(&self, card: CardId, digest: [u8; 32], now: DateTime) -> Result<bool, RegisterError>;
}

/// A time as the register keeps it: whole seconds since 1970, UTC.
#[cfg(feature = "sqlite")]
pub(crate) fn seconds(time: DateTime) -> i64 {
    i64::try_from(time.unix_duration().as_secs()).unwrap_or(i64::MAX)
}

/// A time of the machine's clock in whole seconds; `None` before 1970 and after the year 9999.
#[must_use]
pub fn whole_seconds(time: std::time::SystemTime) -> Option<DateTime> {
    let since = time.duration_since(std::time::SystemTime::UNIX_EPOCH).ok()?;
    DateTime::from_unix_duration(std::time::Duration::from_secs(since.as_secs())).ok()
}
