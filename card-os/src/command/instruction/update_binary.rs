//! UPDATE BINARY `00 D6` (ISO/IEC 7816-4): bytes of a transparent EF, written over the present ones.

use core::fmt;

use super::read_binary::place;
use super::{Reference, no_le, some_data};
use crate::rule::Refusal;
use vmyna_apdu::CommandApdu;

/// Which bytes are to be written. `Debug` and `Display` don't show them: they may be personal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct UpdateBinary<'a> {
    /// The file.
    pub file: Reference,
    /// From here: 0 to 32,767 in the current EF, 0 to 255 with a short EF identifier.
    pub offset: usize,
    /// The bytes, at least one.
    pub data: &'a [u8],
}

impl<'a> UpdateBinary<'a> {
    pub(super) fn decode(apdu: &CommandApdu<'a>) -> Result<Self, Refusal> {
        let (file, offset) = place(apdu)?;
        let data = some_data(apdu)?;
        no_le(apdu)?;
        Ok(Self { file, offset, data })
    }
}

impl fmt::Display for UpdateBinary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.data.len();
        write!(f, "UPDATE BINARY {}, {length} bytes from {}", self.file, self.offset)
    }
}

impl fmt::Debug for UpdateBinary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
