//! Engines, which compute with private keys: m^d mod n, and r and s of ECDSA.
//!
//! `OpensslEngine` is the default. `RustEngine` is for platforms without OpenSSL and for test keys only: the `rsa` crate's
//! private operation has a known timing leak (RUSTSEC-2023-0071).

use p256::ecdsa::signature::hazmat::PrehashSigner;
use rand_core::CryptoRngCore;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, RsaPrivateKey};
use zeroize::Zeroizing;

use super::ecdsa::Curve;
use super::error::EngineError;
use crate::declaration::{KeyAlgorithm, PrivateKey};

/// Computes with private keys.
pub trait Engine {
    /// Makes a key ready for use.
    ///
    /// # Errors
    /// The bytes are no private key that the engine can use.
    fn load(&self, key: &PrivateKey) -> Result<LoadedKey, EngineError>;

    /// Makes a key. An EC key is made of the numbers of `rng` by every engine, an RSA key by [`RustEngine`] alone: OpenSSL
    /// makes one of its own random numbers, because it takes none from outside.
    ///
    /// # Errors
    /// The computation failed.
    fn generate(&self, algorithm: KeyAlgorithm, mut rng: &mut dyn CryptoRngCore) -> Result<PrivateKey, EngineError> {
        match Kind::of(algorithm) {
            Kind::Ecdsa(curve) => curve.generate(rng),
            Kind::Rsa(bits) => {
                let key = RsaPrivateKey::new(&mut rng, bits).and_then(|key| Ok(key.to_pkcs8_der()?));
                Ok(PrivateKey::from_pkcs8_der(key.map_err(|_| EngineError)?.as_bytes()))
            }
        }
    }
}

/// What an algorithm computes with.
enum Kind {
    /// A modulus of so many bits.
    Rsa(usize),
    Ecdsa(Curve),
}

impl Kind {
    fn of(algorithm: KeyAlgorithm) -> Self {
        match algorithm {
            KeyAlgorithm::Rsa2048 => Self::Rsa(2048),
            KeyAlgorithm::Rsa3072 => Self::Rsa(3072),
            KeyAlgorithm::P256 => Self::Ecdsa(Curve::P256),
            KeyAlgorithm::P384 => Self::Ecdsa(Curve::P384),
        }
    }
}

/// A private key, ready for use.
pub enum LoadedKey {
    /// An RSA key.
    Rsa(Box<dyn PrivateOperation + Send + Sync>),
    /// An EC key.
    Ecdsa(Box<dyn EcdsaOperation + Send + Sync>),
}

/// The ECDSA signature with one key.
pub trait EcdsaOperation {
    /// The key's curve.
    fn curve(&self) -> Curve;

    /// r and s of a digest as long as the key, each as long as the key. [`RustEngine`] derives the secret number of a
    /// signature from key and digest (RFC 6979); OpenSSL draws it at random. So the engines give different signatures.
    ///
    /// # Errors
    /// The digest has another length, or the computation failed.
    fn sign(&self, digest: &[u8]) -> Result<Vec<u8>, EngineError>;
}

/// The RSA private operation with one key.
pub trait PrivateOperation {
    /// Length of the modulus in bits.
    fn modulus_bits(&self) -> usize;

    /// The private operation on `block`, which is as long as the modulus and less than it; the result is as long.
    ///
    /// # Errors
    /// The block is not of this kind, or the computation failed.
    fn apply(&self, block: &[u8]) -> Result<Vec<u8>, EngineError>;
}

/// The best engine that this was built with: OpenSSL's, or without it the pure one.
#[must_use]
pub fn default_engine() -> Box<dyn Engine + Send> {
    #[cfg(feature = "openssl")]
    return Box::new(OpensslEngine);
    #[cfg(not(feature = "openssl"))]
    return Box::new(RustEngine);
}

/// The `rsa` crate, with blinding.
#[derive(Clone, Copy, Debug, Default)]
pub struct RustEngine;

struct RustKey(RsaPrivateKey);

impl Engine for RustEngine {
    fn load(&self, key: &PrivateKey) -> Result<LoadedKey, EngineError> {
        let der = key.as_pkcs8_der();
        Ok(match key.algorithm() {
            Some(KeyAlgorithm::P256) => {
                let key = p256::ecdsa::SigningKey::from_pkcs8_der(der).map_err(|_| EngineError)?;
                LoadedKey::Ecdsa(Box::new(key))
            }
            Some(KeyAlgorithm::P384) => {
                let key = p384::ecdsa::SigningKey::from_pkcs8_der(der).map_err(|_| EngineError)?;
                LoadedKey::Ecdsa(Box::new(key))
            }
            _ => {
                let key = RsaPrivateKey::from_pkcs8_der(der).map_err(|_| EngineError)?;
                LoadedKey::Rsa(Box::new(RustKey(key)))
            }
        })
    }
}

impl EcdsaOperation for p256::ecdsa::SigningKey {
    fn curve(&self) -> Curve {
        Curve::P256
    }

    fn sign(&self, digest: &[u8]) -> Result<Vec<u8>, EngineError> {
        let digest: &[u8; 32] = digest.try_into().map_err(|_| EngineError)?;
        let signature: p256::ecdsa::Signature = self.sign_prehash(digest).map_err(|_| EngineError)?;
        Ok(signature.to_vec())
    }
}

impl EcdsaOperation for p384::ecdsa::SigningKey {
    fn curve(&self) -> Curve {
        Curve::P384
    }

    fn sign(&self, digest: &[u8]) -> Result<Vec<u8>, EngineError> {
        let digest: &[u8; 48] = digest.try_into().map_err(|_| EngineError)?;
        let signature: p384::ecdsa::Signature = self.sign_prehash(digest).map_err(|_| EngineError)?;
        Ok(signature.to_vec())
    }
}

impl PrivateOperation for RustKey {
    fn modulus_bits(&self) -> usize {
        self.0.n().bits()
    }

    fn apply(&self, block: &[u8]) -> Result<Vec<u8>, EngineError> {
        let length = self.0.size();
        let number = BigUint::from_bytes_be(block);
        if block.len() != length || &number >= self.0.n() {
            return Err(EngineError);
        }
        // Blinding is no part of the result, so its randomness need not be reproducible.
        let result = rsa::hazmat::rsa_decrypt_and_check(&self.0, Some(&mut rand_core::OsRng), &number);
        // It may hold a session key.
        let result = Zeroizing::new(result.map_err(|_| EngineError)?.to_bytes_be());
        let mut padded = Vec::with_capacity(length);
        padded.resize(length - result.len(), 0);
        padded.extend(&*result);
        Ok(padded)
    }
}

#[cfg(feature = "openssl")]
pub use with_openssl::OpensslEngine;

#[cfg(feature = "openssl")]
mod with_openssl {
    use openssl::ec::EcKey;
    use openssl::ecdsa::EcdsaSig;
    use openssl::error::ErrorStack;
    use openssl::pkey::{PKey, Private};
    use openssl::rsa::{Padding, Rsa};
    use rand_core::CryptoRngCore;
    use zeroize::Zeroizing;

    use super::{
        Curve, EcdsaOperation, Engine, EngineError, KeyAlgorithm, Kind, LoadedKey, PrivateKey, PrivateOperation,
    };

    /// OpenSSL, with its own blinding.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct OpensslEngine;

    struct OpensslKey(Rsa<Private>);

    impl Engine for OpensslEngine {
        fn load(&self, key: &PrivateKey) -> Result<LoadedKey, EngineError> {
            let parsed = PKey::private_key_from_pkcs8(key.as_pkcs8_der()).map_err(|_| EngineError)?;
            let curve = match key.algorithm() {
                Some(KeyAlgorithm::P256) => Curve::P256,
                Some(KeyAlgorithm::P384) => Curve::P384,
                _ => {
                    let key = parsed.rsa().map_err(|_| EngineError)?;
                    return Ok(LoadedKey::Rsa(Box::new(OpensslKey(key))));
                }
            };
            let key = parsed.ec_key().map_err(|_| EngineError)?;
            Ok(LoadedKey::Ecdsa(Box::new(OpensslEcKey(key, curve))))
        }

        fn generate(&self, algorithm: KeyAlgorithm, rng: &mut dyn CryptoRngCore) -> Result<PrivateKey, EngineError> {
            match Kind::of(algorithm) {
                Kind::Ecdsa(curve) => curve.generate(rng),
                Kind::Rsa(bits) => {
                    let bits = u32::try_from(bits).map_err(|_| EngineError)?;
                    let key = Rsa::generate(bits).and_then(PKey::from_rsa);
                    let der = key.and_then(|key| key.private_key_to_pkcs8());
                    let der = Zeroizing::new(der.map_err(|_| EngineError)?);
                    Ok(PrivateKey::from_pkcs8_der(&der))
                }
            }
        }
    }

    struct OpensslEcKey(EcKey<Private>, Curve);

    impl EcdsaOperation for OpensslEcKey {
        fn curve(&self) -> Curve {
            self.1
        }

        fn sign(&self, digest: &[u8]) -> Result<Vec<u8>, EngineError> {
            if digest.len() != self.1.length() {
                return Err(EngineError);
            }
            let length = i32::try_from(self.1.length()).map_err(|_| EngineError)?;
            let sign = || -> Result<Vec<u8>, ErrorStack> {
                let signature = EcdsaSig::sign(digest, &self.0)?;
                Ok([
                    signature.r().to_vec_padded(length)?,
                    signature.s().to_vec_padded(length)?,
                ]
                .concat())
            };
            sign().map_err(|_| EngineError)
        }
    }

    impl PrivateOperation for OpensslKey {
        fn modulus_bits(&self) -> usize {
            usize::try_from(self.0.n().num_bits()).unwrap_or_default()
        }

        fn apply(&self, block: &[u8]) -> Result<Vec<u8>, EngineError> {
            let length = usize::try_from(self.0.size()).map_err(|_| EngineError)?;
            if block.len() != length {
                return Err(EngineError);
            }
            let mut result = vec![0; length];
            let written = self
                .0
                .private_encrypt(block, &mut result, Padding::NONE)
                .map_err(|_| EngineError)?;
            if written == length {
                Ok(result)
            } else {
                Err(EngineError)
            }
        }
    }
}

#[cfg(test)]
mod tests;
