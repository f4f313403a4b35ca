//! The two kinds of key that sign here: P-256 with SHA-256 and P-384 with SHA-384.

use coset::{Algorithm, iana};
use der::Encode;
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::pkcs8::DecodePrivateKey;
use x509_cert::spki::{DecodePublicKey, SubjectPublicKeyInfoOwned};

/// A document signer's private key. `Debug` does not show it.
#[derive(Clone)]
#[non_exhaustive]
pub enum SignerKey {
    /// P-256: signs by ES256. What real document signers use is not published; `assumed`.
    P256(p256::SecretKey),
    /// P-384: signs by ES384.
    P384(p384::SecretKey),
}

impl SignerKey {
    /// Reads PKCS#8 DER of a P-256 or P-384 key, or gives `None`.
    #[must_use]
    pub fn from_pkcs8_der(der: &[u8]) -> Option<Self> {
        let p256 = p256::SecretKey::from_pkcs8_der(der).map(Self::P256);
        let p384 = || p384::SecretKey::from_pkcs8_der(der).map(Self::P384);
        p256.or_else(|_| p384()).ok()
    }

    pub(crate) fn public(&self) -> PublicKey {
        match self {
            Self::P256(key) => PublicKey::P256(key.public_key().into()),
            Self::P384(key) => PublicKey::P384(key.public_key().into()),
        }
    }

    /// The signature r‖s over `data`, as COSE has it: 64 or 96 bytes, deterministic (RFC 6979).
    #[must_use]
    pub fn sign(&self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = p256::ecdsa::SigningKey::from(key).sign(data);
                signature.to_vec()
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::Signature = p384::ecdsa::SigningKey::from(key).sign(data);
                signature.to_vec()
            }
        }
    }
}

impl std::fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignerKey(masked)")
    }
}

/// A public key that verifies signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicKey {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
}

impl PublicKey {
    /// The key of a certificate.
    pub(crate) fn of(info: &SubjectPublicKeyInfoOwned) -> Option<Self> {
        let der = info.to_der().ok()?;
        let p256 = p256::ecdsa::VerifyingKey::from_public_key_der(&der).map(Self::P256);
        let p384 = || p384::ecdsa::VerifyingKey::from_public_key_der(&der).map(Self::P384);
        p256.or_else(|_| p384()).ok()
    }

    /// The algorithm of COSE that belongs to the curve.
    pub(crate) const fn algorithm(&self) -> Algorithm {
        Algorithm::Assigned(match self {
            Self::P256(_) => iana::Algorithm::ES256,
            Self::P384(_) => iana::Algorithm::ES384,
        })
    }

    /// The name of the algorithm.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::P256(_) => "ES256 (P-256, SHA-256)",
            Self::P384(_) => "ES384 (P-384, SHA-384)",
        }
    }

    /// Whether r‖s is the key's signature over `data`.
    pub(crate) fn verifies(&self, data: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(data, &signature).is_ok()),
            Self::P384(key) => p384::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(data, &signature).is_ok()),
        }
    }

    /// Whether the DER of r and s, as certificates have it, is the key's signature over `data`.
    pub(crate) fn verifies_der(&self, data: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256(key) => {
                p256::ecdsa::Signature::from_der(signature).is_ok_and(|signature| key.verify(data, &signature).is_ok())
            }
            Self::P384(key) => {
                p384::ecdsa::Signature::from_der(signature).is_ok_and(|signature| key.verify(data, &signature).is_ok())
            }
        }
    }
}
