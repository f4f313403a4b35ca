//! COMPUTE DIGITAL SIGNATURE `80 2A`, the card's own instruction: P1 is the scheme, P2 the key.

use core::fmt;

use super::{Reference, expected, some_data};
use crate::key::{EcdsaForm, SignatureScheme};
use crate::rule::{self, Refusal};
use vmyna_apdu::CommandApdu;

/// How a signature is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// P1=00 to 05: by RSA.
    Rsa(SignatureScheme),
    /// P1=10 and 11: by ECDSA, of the digest given.
    Ecdsa(EcdsaForm),
}

/// What is to be signed, how and with which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComputeSignature<'a> {
    /// The scheme.
    pub scheme: Scheme,
    /// The key's file; `None` for the application's default key.
    pub key: Option<Reference>,
    /// The scheme's input, at least one byte.
    pub input: &'a [u8],
    /// At most so many bytes, 1 to 65,536.
    pub length: usize,
}

impl<'a> ComputeSignature<'a> {
    pub(super) fn decode(apdu: &CommandApdu<'a>, ecdsa: bool) -> Result<Self, Refusal> {
        let scheme = match apdu.p1 {
            0x10 if ecdsa => Some(Scheme::Ecdsa(EcdsaForm::Der)),
            0x11 if ecdsa => Some(Scheme::Ecdsa(EcdsaForm::Raw)),
            p1 => SignatureScheme::from_p1(p1).map(Scheme::Rsa),
        };
        let scheme = scheme.ok_or(rule::WRONG_P1_P2.refusal())?;
        let key = match apdu.p2 {
            0x00 => None,
            reference => Some(Reference::from_byte(reference)?),
        };
        Ok(Self {
            scheme,
            key,
            input: some_data(apdu)?,
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
        let scheme = match self.scheme {
            Scheme::Rsa(scheme) => scheme,
            Scheme::Ecdsa(form) => {
                let form = match form {
                    EcdsaForm::Der => "DER",
                    EcdsaForm::Raw => "r and s",
                };
                return write!(f, ", ECDSA of a digest of {input} bytes, as {form}");
            }
        };
        match scheme {
            SignatureScheme::Verbatim => write!(f, ", PKCS#1 v1.5 of {input} bytes as they are"),
            SignatureScheme::Sha256Bare => write!(f, ", PKCS#1 v1.5 of the bare SHA-256 of {input} bytes"),
            SignatureScheme::HashDigestInfo => write!(f, ", PKCS#1 v1.5 of a SHA-256 hash"),
            SignatureScheme::Sha256DigestInfo => write!(f, ", PKCS#1 v1.5 with SHA-256 of {input} bytes"),
            SignatureScheme::HashPss => write!(f, ", PSS of a SHA-256 hash"),
            SignatureScheme::Sha256Pss => write!(f, ", PSS with SHA-256 of {input} bytes"),
        }
    }
}
