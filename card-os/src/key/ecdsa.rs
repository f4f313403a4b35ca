//! ECDSA on P-256 and P-384: digests, the forms of a signature, and new keys.

use p256::pkcs8::EncodePrivateKey;
use rand_core::CryptoRngCore;
use sha2::{Digest, Sha256, Sha384};

use super::error::EngineError;
use crate::declaration::PrivateKey;

/// A curve for ECDSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// NIST's P-256.
    P256,
    /// NIST's P-384.
    P384,
}

/// The form of an ECDSA signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EcdsaForm {
    /// `SEQUENCE { INTEGER r, INTEGER s }`.
    Der,
    /// r and s, each as long as the key.
    Raw,
}

/// The lengths of the digests that can be signed, in bytes: SHA-1 to SHA-512.
const DIGESTS: core::ops::RangeInclusive<usize> = 20..=64;

impl Curve {
    /// The length of a private key, a coordinate, r and s, in bytes.
    pub const fn length(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }

    /// The digest of a message, by the hash that is as long as the key.
    pub fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::P256 => Sha256::digest(message).to_vec(),
            Self::P384 => Sha384::digest(message).to_vec(),
        }
    }

    /// A digest as long as the key: its left part, or with zeros in front. `None` for what is no digest. The number that
    /// ECDSA signs stays the same.
    pub fn fit(self, digest: &[u8]) -> Option<Vec<u8>> {
        let taken = digest.get(..self.length()).unwrap_or(digest);
        let zeros = self.length() - taken.len();
        DIGESTS
            .contains(&digest.len())
            .then(|| [&vec![0; zeros][..], taken].concat())
    }

    /// A signature, made of r and s, in this form.
    pub fn encode(self, signature: Vec<u8>, form: EcdsaForm) -> Result<Vec<u8>, EngineError> {
        match (form, self) {
            (EcdsaForm::Raw, _) => Ok(signature),
            (EcdsaForm::Der, Self::P256) => {
                let signature = p256::ecdsa::Signature::from_slice(&signature).map_err(|_| EngineError)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            (EcdsaForm::Der, Self::P384) => {
                let signature = p384::ecdsa::Signature::from_slice(&signature).map_err(|_| EngineError)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
        }
    }

    /// A new private key from these random numbers.
    pub fn generate(self, mut rng: &mut dyn CryptoRngCore) -> Result<PrivateKey, EngineError> {
        let der = match self {
            Self::P256 => p256::SecretKey::random(&mut rng).to_pkcs8_der(),
            Self::P384 => p384::SecretKey::random(&mut rng).to_pkcs8_der(),
        };
        Ok(PrivateKey::from_pkcs8_der(der.map_err(|_| EngineError)?.as_bytes()))
    }
}
