//! `80 A2`: a terminal shows a card-verifiable certificate, in two commands, and the card keeps the key it certifies.
//! This is the public part of the path without a PIN (顔認証付きカードリーダー); what follows it is not public, and no
//! access condition of the card can be fulfilled by it.
//!
//! `80 A2 06 C1` carries `7F21 820233 … 5F4E 820129 body`, `80 A2 00 C1` then `5F37 820100 signature`.

use core::fmt;

use super::no_le;
use crate::rule::{self, Refusal};
use vmyna_apdu::CommandApdu;

/// The length of the first command: `7F21 820233`, `5F4E 820129`, and 297 bytes.
const BODY: usize = 307;
/// The length of the second command: `5F37 820100`, and 256 bytes.
const SIGNATURE: usize = 261;

/// One half of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyCertificate<'a> {
    /// P1-P2 `06C1`: the beginning of the certificate with its body.
    Body(&'a [u8]),
    /// P1-P2 `00C1`: its signature.
    Signature(&'a [u8]),
}

impl<'a> VerifyCertificate<'a> {
    pub(super) fn decode(apdu: &CommandApdu<'a>) -> Result<Self, Refusal> {
        let (half, length) = match apdu.p1_p2() {
            0x06C1 => (Self::Body(apdu.data), BODY),
            0x00C1 => (Self::Signature(apdu.data), SIGNATURE),
            _ => return rule::WRONG_P1_P2.refuse(),
        };
        if apdu.data.len() != length {
            return rule::TERMINAL_LENGTH.refuse();
        }
        no_le(apdu)?;
        Ok(half)
    }
}

impl fmt::Display for VerifyCertificate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Body(_) => "terminal certificate: body",
            Self::Signature(_) => "terminal certificate: signature",
        })
    }
}
