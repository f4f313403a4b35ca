//! SET SESSION KEY `80 AE 00 00`: delivers the key of a secure session, encrypted to a key of the card.

use core::fmt;

use super::no_le;
use crate::rule::{self, Refusal};
use vmyna_apdu::CommandApdu;

/// The length of a key encrypted to a key of the card, which has 2,048 bits.
const ENCRYPTED: usize = 256;

/// A session key delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetSessionKey<'a> {
    /// The encrypted key, 256 bytes.
    pub encrypted: &'a [u8],
}

impl<'a> SetSessionKey<'a> {
    pub(super) fn decode(apdu: &CommandApdu<'a>) -> Result<Self, Refusal> {
        if apdu.p1_p2() != 0 {
            return rule::WRONG_P1_P2.refuse();
        }
        if apdu.data.len() != ENCRYPTED {
            return rule::SESSION_KEY_LENGTH.refuse();
        }
        no_le(apdu)?;
        Ok(Self { encrypted: apdu.data })
    }
}

impl fmt::Display for SetSessionKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SET SESSION KEY, {} bytes encrypted", self.encrypted.len())
    }
}
