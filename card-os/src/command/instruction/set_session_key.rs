//! SET SESSION KEY `80 AE 00 00`: delivers the key of a secure session, encrypted to a key of the card.

use core::fmt;

use crate::rule::{self, Refusal};
use vmyna_apdu::CommandApdu;

/// A session key delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetSessionKey<'a> {
    /// The encrypted key.
    pub encrypted: &'a [u8],
}

impl<'a> SetSessionKey<'a> {
    pub(super) fn decode(apdu: &CommandApdu<'a>) -> Result<Self, Refusal> {
        if apdu.p1_p2() == 0 {
            Ok(Self { encrypted: apdu.data })
        } else {
            rule::WRONG_P1_P2.refuse()
        }
    }
}

impl fmt::Display for SetSessionKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SET SESSION KEY, {} bytes encrypted", self.encrypted.len())
    }
}
