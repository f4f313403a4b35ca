//! APPEND RECORD `00 E2` (ISO/IEC 7816-4): a new record behind the last one.

use core::fmt;

use super::{Reference, no_le, some_data};
use crate::rule::{self, Refusal};
use vmyna_apdu::CommandApdu;

/// A new record. `Debug` and `Display` don't show it: it may be personal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AppendRecord<'a> {
    /// The file.
    pub file: Reference,
    /// The record, at least one byte.
    pub data: &'a [u8],
}

impl<'a> AppendRecord<'a> {
    pub(super) fn decode(apdu: &CommandApdu<'a>) -> Result<Self, Refusal> {
        if apdu.p1 != 0x00 {
            return rule::WRONG_P1_P2.refuse();
        }
        let file = Reference::of_records(apdu.p2, 0x00)?;
        let data = some_data(apdu)?;
        no_le(apdu)?;
        Ok(Self { file, data })
    }
}

impl fmt::Display for AppendRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "APPEND RECORD {}, {} bytes", self.file, self.data.len())
    }
}

impl fmt::Debug for AppendRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
