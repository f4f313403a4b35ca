//! Instructions that exist and are refused, because they need the issuer's authentication: JICSAP's extended system commands.

use core::fmt;

use crate::rule::{self, Refusal};
use vmyna_apdu::CommandApdu;

/// An instruction that is understood and refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// `80 06`: ERASE ALL RECORDS.
    EraseAllRecords,
    /// `80 50`: LOCK DF.
    LockDf,
    /// `80 52`: UNLOCK DF.
    UnlockDf,
    /// `80 54`: UNLOCK KEY, by which the municipality unblocks a PIN.
    UnlockKey,
    /// `80 8A`: MANAGE ATTRIBUTES of the current EF (P1=22) or DF (P1=24).
    ManageAttributes,
}

impl Issuer {
    /// MANAGE ATTRIBUTES of the current EF or DF.
    pub(super) fn manage_attributes(apdu: &CommandApdu<'_>) -> Result<Self, Refusal> {
        match apdu.p1 {
            0x22 | 0x24 => Ok(Self::ManageAttributes),
            _ => rule::WRONG_P1_P2.refuse(),
        }
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EraseAllRecords => "ERASE ALL RECORDS",
            Self::LockDf => "LOCK DF",
            Self::UnlockDf => "UNLOCK DF",
            Self::UnlockKey => "UNLOCK KEY",
            Self::ManageAttributes => "MANAGE ATTRIBUTES",
        })
    }
}
