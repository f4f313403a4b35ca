//! UPDATE RECORD `00 DC` (ISO/IEC 7816-4): replaces one record, by its number.

use core::fmt;

use super::{Reference, no_le, some_data};
use crate::rule::Refusal;
use vmyna_apdu::CommandApdu;

/// Which record is to be replaced. `Debug` and `Display` don't show the new one: it may be personal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct UpdateRecord<'a> {
    /// The file.
    pub file: Reference,
    /// The number of the record, from 1.
    pub number: u8,
    /// The new record, at least one byte.
    pub data: &'a [u8],
}

impl<'a> UpdateRecord<'a> {
    pub(super) fn decode(apdu: &CommandApdu<'a>) -> Result<Self, Refusal> {
        let file = Reference::of_records(apdu.p2, 0x04)?;
        let data = some_data(apdu)?;
        no_le(apdu)?;
        Ok(Self {
            file,
            number: apdu.p1,
            data,
        })
    }
}

impl fmt::Display for UpdateRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, number, data } = self;
        write!(f, "UPDATE RECORD {file}, record {number}, {} bytes", data.len())
    }
}

impl fmt::Debug for UpdateRecord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
