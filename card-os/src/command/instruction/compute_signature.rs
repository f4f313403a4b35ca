//! COMPUTE DIGITAL SIGNATURE `80 2A`, the card's own instruction: P1 is the scheme, P2 the key.

use core::fmt;

use super::{Reference, expected};
use crate::key::SignatureScheme;
use crate::rule::{self, Refusal};
use vmyna_apdu::CommandApdu;

/// What is to be signed, how and with which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComputeSignature<'a> {
    /// The scheme.
    pub scheme: SignatureScheme,
    /// The key's file; `None` for the application's default key.
    pub key: Option<Reference>,
    /// The scheme's input, at least one byte.
    pub input: &'a [u8],
    /// At most so many bytes, 1 to 65,536.
    pub length: usize,
}

impl<'a> ComputeSignature<'a> {
    pub(super) fn decode(apdu: &CommandApdu<'a>) -> Result<Self, Refusal> {
        let scheme = SignatureScheme::from_p1(apdu.p1).ok_or(rule::WRONG_P1_P2.refusal())?;
        let key = match apdu.p2 {
            0x00 => None,
            reference => Some(Reference::from_byte(reference)?),
        };
        if apdu.data.is_empty() {
            return rule::WRONG_LENGTH.refuse();
        }
        Ok(Self {
            scheme,
            key,
            input: apdu.data,
            length: expected(apdu)?,
        })
    }
}

impl fmt::Display for ComputeSignature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("COMPUTE DIGITAL SIGNATURE with ")?;
        match &self.key {
            Some(reference) => write!(f, "{reference}")?,
            None => f.write_str("the default key")?,
        }
        let input = self.input.len();
        match self.scheme {
            SignatureScheme::Verbatim => write!(f, ", PKCS#1 v1.5 of {input} bytes as they are"),
            SignatureScheme::Sha256Bare => write!(f, ", PKCS#1 v1.5 of the bare SHA-256 of {input} bytes"),
            SignatureScheme::HashDigestInfo => write!(f, ", PKCS#1 v1.5 of a SHA-256 hash"),
            SignatureScheme::Sha256DigestInfo => write!(f, ", PKCS#1 v1.5 with SHA-256 of {input} bytes"),
            SignatureScheme::HashPss => write!(f, ", PSS of a SHA-256 hash"),
            SignatureScheme::Sha256Pss => write!(f, ", PSS with SHA-256 of {input} bytes"),
        }
    }
}
