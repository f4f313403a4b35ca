//! VERIFY `00 20` (JICSAP 6.4.9): presents a PIN, or without data asks for the tries left.

use core::fmt;

use super::Reference;
use crate::declaration::ReferenceData;
use crate::rule::{self, Refusal};
use vmyna_apdu::CommandApdu;

/// A PIN presented or asked about. `Debug` and `Display` show no value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Verify<'a> {
    /// The PIN's file.
    pub file: Reference,
    /// The value, 1 to 16 bytes; `None` to ask.
    pub presented: Option<&'a [u8]>,
}

impl<'a> Verify<'a> {
    pub(super) fn decode(apdu: &CommandApdu<'a>) -> Result<Self, Refusal> {
        if apdu.p1 != 0x00 {
            return rule::WRONG_P1_P2.refuse();
        }
        let file = Reference::from_byte(apdu.p2)?;
        match (apdu.data.len(), apdu.ne) {
            (0, Some(_)) => rule::VERIFY_QUERY_WITH_LE.refuse(),
            (0, None) => Ok(Self { file, presented: None }),
            (1..=ReferenceData::MAX, None) => Ok(Self {
                file,
                presented: Some(apdu.data),
            }),
            (1..=ReferenceData::MAX, Some(_)) => rule::LE_NOT_TAKEN.refuse(),
            _ => rule::VERIFY_TOO_LONG.refuse(),
        }
    }
}

impl fmt::Display for Verify<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.presented {
            Some(presented) => write!(f, "VERIFY {}, {} bytes", self.file, presented.len()),
            None => write!(f, "VERIFY {}: how many tries are left?", self.file),
        }
    }
}

impl fmt::Debug for Verify<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
