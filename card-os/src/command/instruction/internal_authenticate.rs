//! INTERNAL AUTHENTICATE `00 88` (JICSAP): signs a challenge with PKCS#1 v1.5 and SHA-256, always with the same result.

use core::fmt;

use super::{Reference, expected};
use crate::rule::{self, Refusal};
use vmyna_apdu::CommandApdu;

/// A challenge to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InternalAuthenticate<'a> {
    /// The key's file.
    pub key: Reference,
    /// 1 to 255 bytes.
    pub challenge: &'a [u8],
    /// At most so many bytes, 1 to 65,536.
    pub length: usize,
}

impl<'a> InternalAuthenticate<'a> {
    pub(super) fn decode(apdu: &CommandApdu<'a>) -> Result<Self, Refusal> {
        if apdu.p1 != 0x00 {
            return rule::WRONG_P1_P2.refuse();
        }
        let key = Reference::from_byte(apdu.p2)?;
        match apdu.data.len() {
            1..=255 => Ok(Self {
                key,
                challenge: apdu.data,
                length: expected(apdu)?,
            }),
            _ => rule::WRONG_LENGTH.refuse(),
        }
    }
}

impl fmt::Display for InternalAuthenticate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "INTERNAL AUTHENTICATE with {}, challenge of {} bytes",
            self.key,
            self.challenge.len()
        )
    }
}
