//! GET CHALLENGE `00 84 00 00` (JICSAP): random bytes, as many as Le says, in every application.

use core::fmt;

use super::{expected, no_data};
use crate::rule::{self, Refusal};
use vmyna_apdu::CommandApdu;

/// A wish for random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetChallenge {
    /// How many, 1 to 256.
    pub length: usize,
}

impl GetChallenge {
    pub(super) fn decode(apdu: &CommandApdu<'_>) -> Result<Self, Refusal> {
        if apdu.p1_p2() != 0 {
            return rule::WRONG_P1_P2.refuse();
        }
        no_data(apdu)?;
        let length = expected(apdu)?;
        if apdu.extended {
            rule::CHALLENGE_EXTENDED.refuse()
        } else {
            Ok(Self { length })
        }
    }
}

impl fmt::Display for GetChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GET CHALLENGE of {} bytes", self.length)
    }
}
