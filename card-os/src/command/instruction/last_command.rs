//! `80 FC 00 00`, the last-command indicator of the token on an iPhone: the host sends no further command.

use core::fmt;

use super::{no_data, no_le};
use crate::rule::{self, Refusal};
use vmyna_apdu::CommandApdu;

/// The indication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastCommand;

impl LastCommand {
    pub(super) fn decode(apdu: &CommandApdu<'_>) -> Result<Self, Refusal> {
        if apdu.p1_p2() != 0 {
            return rule::WRONG_P1_P2.refuse();
        }
        no_data(apdu)?;
        no_le(apdu)?;
        Ok(Self)
    }
}

impl fmt::Display for LastCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("last-command indicator")
    }
}
