//! GENERATE ASYMMETRIC KEY PAIR `00 46` (ISO/IEC 7816-8): makes a key on the card, or returns the public key of the present
//! one.

use core::fmt;

use super::{Reference, expected, no_data};
use crate::rule::{self, Refusal};
use vmyna_apdu::CommandApdu;

/// A request for a new key pair, or for the public key of the present one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenerateKeyPair {
    /// The key's file.
    pub key: Reference,
    /// Whether a new one is to be made.
    pub new: bool,
    /// At most so many bytes, 1 to 65,536.
    pub length: usize,
}

impl GenerateKeyPair {
    pub(super) fn decode(apdu: &CommandApdu<'_>) -> Result<Self, Refusal> {
        let new = match apdu.p1 {
            0x80 => true,
            0x81 => false,
            _ => return rule::WRONG_P1_P2.refuse(),
        };
        let key = Reference::from_byte(apdu.p2)?;
        no_data(apdu)?;
        Ok(Self {
            key,
            new,
            length: expected(apdu)?,
        })
    }
}

impl fmt::Display for GenerateKeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.new {
            true => write!(f, "GENERATE ASYMMETRIC KEY PAIR in {}", self.key),
            false => write!(f, "GENERATE ASYMMETRIC KEY PAIR: public key of {}", self.key),
        }
    }
}
