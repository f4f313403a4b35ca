//! Keys of a declaration: private keys in files or made at issue, their public halves, and signatures with them.
//!
//! Key material never gets into an error or a `Debug` output.

use std::fmt;

use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use rand_core::CryptoRngCore;
use rsa::pkcs1v15;
use rsa::signature::{SignatureEncoding as _, Signer as _};
use rsa::traits::PublicKeyParts as _;
use rsa::{RsaPrivateKey, RsaPublicKey};
use sha2::Sha256;
use spki::{
    AlgorithmIdentifierOwned, DecodePublicKey as _, DynSignatureAlgorithmIdentifier as _, SubjectPublicKeyInfoOwned,
};
use vmyna_card_os::declaration::{KeyAlgorithm, PrivateKey, PublicKey};
use zeroize::Zeroizing;

use crate::IssuanceError;

/// A private key with which this computer can sign.
#[derive(Clone)]
pub(super) enum SoftwareKey {
    Rsa(Box<RsaPrivateKey>),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
}

impl fmt::Debug for SoftwareKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("private key")
    }
}

/// What is wrong with a key in a file.
const NO_PRIVATE_KEY: &str = "is no private key (PKCS#8, PEM) of RSA-2048, RSA-3072, P-256 or P-384";
const NO_PUBLIC_KEY: &str = "is no public key (SubjectPublicKeyInfo, PEM) of RSA-2048, RSA-3072, P-256 or P-384";

impl SoftwareKey {
    /// Makes a key.
    pub(super) fn generate(algorithm: KeyAlgorithm, rng: &mut impl CryptoRngCore) -> Result<Self, IssuanceError> {
        Ok(match algorithm {
            KeyAlgorithm::Rsa2048 => Self::Rsa(Box::new(RsaPrivateKey::new(rng, 2048)?)),
            KeyAlgorithm::Rsa3072 => Self::Rsa(Box::new(RsaPrivateKey::new(rng, 3072)?)),
            KeyAlgorithm::P256 => Self::P256(p256::ecdsa::SigningKey::random(rng)),
            KeyAlgorithm::P384 => Self::P384(p384::ecdsa::SigningKey::random(rng)),
        })
    }

    /// Reads PKCS#8 PEM.
    pub(super) fn from_pem(pem: &[u8]) -> Result<Self, &'static str> {
        let pem = std::str::from_utf8(pem).map_err(|_| NO_PRIVATE_KEY)?;
        let rsa = || {
            let key = RsaPrivateKey::from_pkcs8_pem(pem).ok()?;
            rsa_algorithm(&key.to_public_key()).map(|_| Self::Rsa(Box::new(key)))
        };
        let p256 = || p256::ecdsa::SigningKey::from_pkcs8_pem(pem).ok().map(Self::P256);
        let p384 = || p384::ecdsa::SigningKey::from_pkcs8_pem(pem).ok().map(Self::P384);
        rsa().or_else(p256).or_else(p384).ok_or(NO_PRIVATE_KEY)
    }

    pub(super) fn algorithm(&self) -> KeyAlgorithm {
        match self {
            Self::Rsa(key) if key.size() == 384 => KeyAlgorithm::Rsa3072,
            Self::Rsa(_) => KeyAlgorithm::Rsa2048,
            Self::P256(_) => KeyAlgorithm::P256,
            Self::P384(_) => KeyAlgorithm::P384,
        }
    }

    /// The key as a card keeps it.
    pub(super) fn for_card(&self) -> Result<PrivateKey, IssuanceError> {
        let der = match self {
            Self::Rsa(key) => key.to_pkcs8_der()?,
            Self::P256(key) => key.to_pkcs8_der()?,
            Self::P384(key) => key.to_pkcs8_der()?,
        };
        Ok(PrivateKey::from_pkcs8_der(der.as_bytes()))
    }

    /// The public half.
    pub(super) fn public(&self) -> Result<SubjectPublicKeyInfoOwned, IssuanceError> {
        Ok(match self {
            Self::Rsa(key) => SubjectPublicKeyInfoOwned::from_key(key.to_public_key())?,
            Self::P256(key) => SubjectPublicKeyInfoOwned::from_key(*key.verifying_key())?,
            Self::P384(key) => SubjectPublicKeyInfoOwned::from_key(*key.verifying_key())?,
        })
    }

    /// How its signatures are named.
    pub(super) fn signature_algorithm(&self) -> Result<AlgorithmIdentifierOwned, IssuanceError> {
        Ok(match self {
            Self::Rsa(key) => pkcs1v15::SigningKey::<Sha256>::new((**key).clone()).signature_algorithm_identifier()?,
            Self::P256(key) => key.signature_algorithm_identifier()?,
            Self::P384(key) => key.signature_algorithm_identifier()?,
        })
    }

    /// The signature of a message: PKCS#1 v1.5 with SHA-256, or ECDSA in DER with SHA-256 (P-256) or SHA-384 (P-384). The
    /// same message always has the same signature.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, IssuanceError> {
        const FAILED: IssuanceError = IssuanceError::Mismatch("a key of the declaration and a signature with it");
        match self {
            Self::Rsa(key) => {
                let key = pkcs1v15::SigningKey::<Sha256>::new((**key).clone());
                Ok(key.try_sign(message).map_err(|_| FAILED)?.to_vec())
            }
            Self::P256(key) => {
                let signature: p256::ecdsa::DerSignature = key.try_sign(message).map_err(|_| FAILED)?;
                Ok(signature.as_bytes().to_vec())
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::DerSignature = key.try_sign(message).map_err(|_| FAILED)?;
                Ok(signature.as_bytes().to_vec())
            }
        }
    }
}

fn rsa_algorithm(key: &RsaPublicKey) -> Option<KeyAlgorithm> {
    match key.n().bits() {
        2048 => Some(KeyAlgorithm::Rsa2048),
        3072 => Some(KeyAlgorithm::Rsa3072),
        _ => None,
    }
}

/// Reads the public key of a host: SubjectPublicKeyInfo, PEM.
pub(super) fn host_key(pem: &[u8]) -> Result<PublicKey, &'static str> {
    let pem = std::str::from_utf8(pem).map_err(|_| NO_PUBLIC_KEY)?;
    let (label, der) = der::SecretDocument::from_pem(pem).map_err(|_| NO_PUBLIC_KEY)?;
    let der = Zeroizing::new(der.as_bytes().to_vec());
    let known = RsaPublicKey::from_public_key_der(&der).is_ok_and(|key| rsa_algorithm(&key).is_some())
        || p256::PublicKey::from_public_key_der(&der).is_ok()
        || p384::PublicKey::from_public_key_der(&der).is_ok();
    match label == "PUBLIC KEY" && known {
        true => Ok(PublicKey::from_spki_der(&der)),
        false => Err(NO_PUBLIC_KEY),
    }
}
