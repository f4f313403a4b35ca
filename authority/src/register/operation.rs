//! An operation over a register and a card: what it writes before and after the card changes.
//!
//! A register and a card can't be written in one step. So an operation has three, and a process that finds one pending does
//! those that are left:
//!
//! 1. [`Register::begin`](super::Register::begin): at once or not at all, revocations take effect and an [`Intent`] is kept.
//! 2. The card changes, once for each number of an operation.
//! 3. [`Register::finish`](super::Register::finish): the new certificates and phones are entered, and the intent goes.
//!
//! A revocation always comes before the certificate that replaces it, and one that was reported is never lost.

use std::fmt;

use der::DateTime;
use zeroize::Zeroizing;

use super::{CardId, Certificate, IssuerId, PhoneLink, Revocation, Revoked, Withdrawal};

/// The number of an operation: random, or from the seed of a caller who repeats everything. No two have the same one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(pub [u8; 16]);

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What is still to do of an operation that has begun. `Debug` doesn't show the change.
#[derive(Clone, PartialEq, Eq)]
pub struct Intent {
    /// The number of the operation.
    pub operation: OperationId,
    /// The card, and its name.
    pub card: (CardId, String),
    /// How any process finds the card. The register doesn't read it.
    pub place: String,
    /// What is to change there. The register doesn't read it. It can have private keys and PINs.
    pub change: Zeroizing<Vec<u8>>,
    /// The certificates to enter afterwards.
    pub certificates: Vec<Certificate>,
    /// The phones to enter afterwards, or to link to another card.
    pub phones: Vec<PhoneLink>,
}

impl fmt::Debug for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intent")
            .field("operation", &self.operation)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// The first step of an operation.
#[derive(Clone, Debug)]
pub struct Beginning<'a> {
    /// Its number.
    pub operation: OperationId,
    /// The card, and its name.
    pub card: (CardId, String),
    /// The last operation on the card that the caller knew when it computed this one.
    pub after: Option<OperationId>,
    /// The certificates to revoke.
    pub revoke: &'a [(IssuerId, u32, Revocation)],
    /// Whether the card goes out of use.
    pub withdraw: Option<Withdrawal>,
    /// Phones that go out of use. One that is out of use stays as it is.
    pub end_phones: &'a [(CardId, Withdrawal)],
    /// A code that the operation uses up: its digest, and the time.
    pub code: Option<([u8; 32], DateTime)>,
    /// What is left to do; `None` if nothing is.
    pub intent: Option<&'a Intent>,
}

/// What became of the first step. All but the first: nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Begun {
    /// It is on stable storage: what became of each certificate to revoke.
    Done(Vec<Revoked>),
    /// Another operation on the card has begun and not been finished.
    Pending(OperationId),
    /// Another operation was done on the card meanwhile: this one was computed from what the card no longer is.
    Overtaken,
    /// The card is out of use.
    Withdrawn(Withdrawal),
    /// Another certificate has the serial number of one that is to be entered.
    SerialTaken(u32),
    /// The register holds no certificate with the serial number of one that is to be revoked.
    Unknown(u32),
    /// There is no such code for the card, or it has run out.
    NoCode,
}

/// What a register knows of the operations on a card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardStatus {
    /// Why and since when it is out of use.
    pub withdrawn: Option<Withdrawal>,
    /// The last operation on it.
    pub last: Option<OperationId>,
    /// The one that is pending.
    pub pending: Option<Intent>,
}
