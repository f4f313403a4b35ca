//! CHANGE REFERENCE DATA `00 24 01` and CHANGE KEY `80 32 00` (JICSAP): give a PIN a new value. Which of the two a PIN
//! takes, and after which VERIFY, its access conditions say.

use core::fmt;

use super::{Reference, code, no_le};
use crate::declaration::{Operation, ReferenceData};
use crate::rule::{self, Refusal};
use vmyna_apdu::CommandApdu;

/// A new value for a PIN. `Debug` and `Display` don't show it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ChangePin<'a> {
    /// The PIN's file.
    pub file: Reference,
    /// Which of the two instructions was sent.
    pub operation: Operation,
    /// The new value, 1 to 16 bytes.
    pub new: &'a [u8],
}

impl<'a> ChangePin<'a> {
    pub(super) fn decode(apdu: &CommandApdu<'a>) -> Result<Self, Refusal> {
        // P1=01: the data is the new value only.
        let (p1, operation) = match apdu.ins {
            code::CHANGE_KEY => (0x00, Operation::ChangeKey),
            _ => (0x01, Operation::ChangeReferenceData),
        };
        if apdu.p1 != p1 {
            return rule::WRONG_P1_P2.refuse();
        }
        let file = Reference::from_byte(apdu.p2)?;
        if !(1..=ReferenceData::MAX).contains(&apdu.data.len()) {
            return rule::WRONG_LENGTH.refuse();
        }
        no_le(apdu)?;
        Ok(Self {
            file,
            operation,
            new: apdu.data,
        })
    }
}

impl fmt::Display for ChangePin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.operation {
            Operation::ChangeKey => "CHANGE KEY",
            _ => "CHANGE REFERENCE DATA",
        };
        write!(f, "{name} {}, {} bytes", self.file, self.new.len())
    }
}

impl fmt::Debug for ChangePin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
