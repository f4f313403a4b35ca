//! READ BINARY `00 B0` (JICSAP 6.4.1): bytes of a transparent EF.

use core::fmt;

use super::{Reference, expected, no_data};
use crate::rule::{self, Refusal};
use vmyna_apdu::CommandApdu;

/// Which bytes are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadBinary {
    /// The file.
    pub file: Reference,
    /// From here: 0 to 32,767 in the current EF, 0 to 255 with a short EF identifier.
    pub offset: usize,
    /// At most so many bytes, 1 to 65,536.
    pub length: usize,
}

impl ReadBinary {
    pub(super) fn decode(apdu: &CommandApdu<'_>) -> Result<Self, Refusal> {
        let (file, offset) = place(apdu)?;
        no_data(apdu)?;
        Ok(Self {
            file,
            offset,
            length: expected(apdu)?,
        })
    }
}

/// The file and the offset in P1-P2.
pub(super) fn place(apdu: &CommandApdu<'_>) -> Result<(Reference, usize), Refusal> {
    match apdu.p1 {
        0x00..0x80 => Ok((Reference::CurrentEf, usize::from(apdu.p1_p2()))),
        // Here 80 is not the current EF, which has a form of its own.
        0x80 => rule::WRONG_P1_P2.refuse(),
        sfi => Ok((Reference::from_byte(sfi)?, usize::from(apdu.p2))),
    }
}

impl fmt::Display for ReadBinary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "READ BINARY {}, {} bytes from {}",
            self.file, self.length, self.offset
        )
    }
}
