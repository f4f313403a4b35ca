//! GET DATA `00 CA`, the card's own instruction: a data object of the selected application, by its tag in P1-P2.

use core::fmt;

use super::{expected, no_data};
use crate::rule::Refusal;
use vmyna_apdu::CommandApdu;

/// A wish for a data object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetData {
    /// Its tag.
    pub tag: u16,
    /// At most so many bytes, 1 to 65,536.
    pub length: usize,
}

impl GetData {
    pub(super) fn decode(apdu: &CommandApdu<'_>) -> Result<Self, Refusal> {
        no_data(apdu)?;
        Ok(Self {
            tag: apdu.p1_p2(),
            length: expected(apdu)?,
        })
    }
}

impl fmt::Display for GetData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GET DATA {:04X}", self.tag)
    }
}
