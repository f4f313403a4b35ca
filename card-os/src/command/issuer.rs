//! Instructions that exist and are refused: those that need the issuer's authentication (JICSAP's extended system
//! commands, EXTERNAL AUTHENTICATE), and the phone tokens' indicator.

use core::fmt;

use super::{Class, Reference, code};
use crate::access::Operation;
use crate::context::Context;
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
    /// `00 82`: EXTERNAL AUTHENTICATE with a key.
    ExternalAuthenticate(Reference),
}

impl Issuer {
    /// The last place to look for an instruction: what is not found here is unknown.
    pub(super) fn decode(class: Class, apdu: &CommandApdu<'_>) -> Result<Self, Refusal> {
        match (class, apdu.ins) {
            (Class::Extended, code::ERASE_ALL_RECORDS) => Ok(Self::EraseAllRecords),
            (Class::Extended, code::LOCK_DF) => Ok(Self::LockDf),
            (Class::Extended, code::UNLOCK_DF) => Ok(Self::UnlockDf),
            (Class::Extended, code::UNLOCK_KEY) => Ok(Self::UnlockKey),
            (Class::Extended, code::MANAGE_ATTRIBUTES) if matches!(apdu.p1, 0x22 | 0x24) => Ok(Self::ManageAttributes),
            (Class::Extended, code::MANAGE_ATTRIBUTES) => rule::WRONG_P1_P2.refuse(),
            (Class::Extended, code::LAST_COMMAND_INDICATOR) => rule::LAST_COMMAND_INDICATOR.refuse(),
            (Class::Interindustry, code::EXTERNAL_AUTHENTICATE) if apdu.p1 == 0x00 => {
                Reference::from_byte(apdu.p2).map(Self::ExternalAuthenticate)
            }
            (Class::Interindustry, code::EXTERNAL_AUTHENTICATE) => rule::WRONG_P1_P2.refuse(),
            _ => rule::INSTRUCTION_UNKNOWN.refuse(),
        }
    }

    pub(super) fn execute(&self, context: &mut Context<'_>) -> Result<(), Refusal> {
        match self {
            Self::ExternalAuthenticate(key) => {
                let target = context.resolve(*key)?;
                context.require(target, Operation::ExternalAuthenticate)?;
                rule::ISSUER_ONLY.refuse()
            }
            _ => rule::ISSUER_ONLY.refuse(),
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
            Self::ExternalAuthenticate(key) => return write!(f, "EXTERNAL AUTHENTICATE with {key}"),
        })
    }
}
