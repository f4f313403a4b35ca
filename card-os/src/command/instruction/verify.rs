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
    /// Whether an Le field came, for which a query answers the same.
    pub le: bool,
}

impl<'a> Verify<'a> {
    pub(super) fn decode(apdu: &CommandApdu<'a>) -> Result<Self, Refusal> {
        if apdu.p1 != 0x00 {
            return rule::WRONG_P1_P2.refuse();
        }
        let file = Reference::from_byte(apdu.p2)?;
        let le = apdu.ne.is_some();
        match apdu.data.len() {
            0 => Ok(Self {
                file,
                presented: None,
                le,
            }),
            1..=ReferenceData::MAX => Ok(Self {
                file,
                presented: Some(apdu.data),
                le,
            }),
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
