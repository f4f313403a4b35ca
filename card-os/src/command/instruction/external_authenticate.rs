//! EXTERNAL AUTHENTICATE `00 82` (ISO/IEC 7816-4): a host shows that it has the private half of a key.

use core::fmt;

use super::Reference;
use crate::rule::{self, Refusal};
use vmyna_apdu::CommandApdu;

/// A host's signature over the last challenge. Lengths are judged once the key is known: most keys of the card are the
/// issuer's, whose form nobody has published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExternalAuthenticate<'a> {
    /// The key's file.
    pub key: Reference,
    /// The signature; may be empty.
    pub signature: &'a [u8],
    /// Whether data are expected, which the card has none of.
    pub expects_data: bool,
}

impl<'a> ExternalAuthenticate<'a> {
    pub(super) fn decode(apdu: &CommandApdu<'a>) -> Result<Self, Refusal> {
        if apdu.p1 != 0x00 {
            return rule::WRONG_P1_P2.refuse();
        }
        Ok(Self {
            key: Reference::from_byte(apdu.p2)?,
            signature: apdu.data,
            expects_data: apdu.ne.is_some(),
        })
    }
}

impl fmt::Display for ExternalAuthenticate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EXTERNAL AUTHENTICATE with {}", self.key)
    }
}
