//! READ RECORD(S) `00 B2` (JICSAP 6.4.4): one record by its number, or all from a number to the last.

use core::fmt;

use super::{Reference, expected, no_data};
use crate::rule::Refusal;
use vmyna_apdu::CommandApdu;

/// Which records are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadRecord {
    /// The file.
    pub file: Reference,
    /// The number of the (first) record, from 1.
    pub number: u8,
    /// Whether those behind it are wanted as well.
    pub to_last: bool,
    /// At most so many bytes, 1 to 65,536.
    pub length: usize,
}

impl ReadRecord {
    pub(super) fn decode(apdu: &CommandApdu<'_>) -> Result<Self, Refusal> {
        let to_last = apdu.p2 & 0x07 == 0x05;
        let file = Reference::of_records(apdu.p2, if to_last { 0x05 } else { 0x04 })?;
        no_data(apdu)?;
        Ok(Self {
            file,
            number: apdu.p1,
            to_last,
            length: expected(apdu)?,
        })
    }
}

impl fmt::Display for ReadRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file, number, to_last, ..
        } = self;
        write!(
            f,
            "READ RECORD {file}, {}",
            if *to_last { "all records from " } else { "record " }
        )?;
        write!(f, "{number}")
    }
}
