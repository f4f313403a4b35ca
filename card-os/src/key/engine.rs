//! Engines, which compute m^d mod n.
//!
//! `OpensslEngine` is the default. `RustEngine` is for platforms without OpenSSL and for test keys only: the `rsa` crate's
//! private operation has a known timing leak (RUSTSEC-2023-0071).

use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, RsaPrivateKey};
use zeroize::Zeroizing;

use crate::declaration::PrivateKey;

/// Computes with private keys.
pub trait Engine {
    /// Makes a key ready for use.
    ///
    /// # Errors
    /// The bytes are no RSA private key that the engine can use.
    fn load(&self, key: &PrivateKey) -> Result<Box<dyn PrivateOperation + Send + Sync>, EngineError>;
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

/// A key can't be used. Says nothing about the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the private key can't be used")]
pub struct EngineError;

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
    fn load(&self, key: &PrivateKey) -> Result<Box<dyn PrivateOperation + Send + Sync>, EngineError> {
        let key = RsaPrivateKey::from_pkcs8_der(key.as_pkcs8_der()).map_err(|_| EngineError)?;
        Ok(Box::new(RustKey(key)))
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
    use openssl::pkey::{PKey, Private};
    use openssl::rsa::{Padding, Rsa};

    use super::{Engine, EngineError, PrivateKey, PrivateOperation};

    /// OpenSSL, with its own blinding.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct OpensslEngine;

    struct OpensslKey(Rsa<Private>);

    impl Engine for OpensslEngine {
        fn load(&self, key: &PrivateKey) -> Result<Box<dyn PrivateOperation + Send + Sync>, EngineError> {
            let key = PKey::private_key_from_pkcs8(key.as_pkcs8_der()).and_then(|key| key.rsa());
            Ok(Box::new(OpensslKey(key.map_err(|_| EngineError)?)))
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
mod tests {
    use super::*;
    use crate::key::SignatureScheme;
    use proptest::prelude::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;
    use rsa::pkcs8::EncodePrivateKey;
    use std::sync::LazyLock;

    static KEY: LazyLock<RsaPrivateKey> =
        LazyLock::new(|| RsaPrivateKey::new(&mut ChaCha20Rng::seed_from_u64(1), 2048).unwrap());

    fn engines() -> Vec<Box<dyn PrivateOperation + Send + Sync>> {
        let key = PrivateKey::from_pkcs8_der(KEY.to_pkcs8_der().unwrap().as_bytes());
        let engines: Vec<Box<dyn Engine>> = vec![
            Box::new(RustEngine),
            #[cfg(feature = "openssl")]
            Box::new(OpensslEngine),
        ];
        engines.iter().map(|engine| engine.load(&key).unwrap()).collect()
    }

    #[test]
    fn the_public_operation_undoes_the_private_one() {
        let block = [&[0x00, 0x01][..], &[0x5A; 254]].concat();
        for engine in engines() {
            let result = engine.apply(&block).unwrap();
            let undone = rsa::hazmat::rsa_encrypt(&KEY.to_public_key(), &BigUint::from_bytes_be(&result)).unwrap();
            assert_eq!(undone, BigUint::from_bytes_be(&block));
        }
    }

    #[test]
    fn a_block_of_another_length_or_beyond_the_modulus_is_refused() {
        for engine in engines() {
            assert_eq!(engine.modulus_bits(), 2048);
            for block in [vec![], vec![0; 255], vec![0; 257], vec![0xFF; 256]] {
                assert_eq!(engine.apply(&block), Err(EngineError), "{} bytes", block.len());
            }
        }
    }

    #[test]
    fn a_result_with_leading_zeros_keeps_its_length() {
        for engine in engines() {
            // 0 and 1 are their own signatures.
            let mut block = vec![0; 256];
            assert_eq!(engine.apply(&block).unwrap(), block);
            block[255] = 1;
            assert_eq!(engine.apply(&block).unwrap(), block);
        }
    }

    #[test]
    fn bytes_that_are_no_key_are_refused() {
        let key = PrivateKey::from_pkcs8_der(b"no key");
        assert!(RustEngine.load(&key).is_err());
        #[cfg(feature = "openssl")]
        assert!(OpensslEngine.load(&key).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn all_engines_give_the_same_bytes_in_every_scheme(
            scheme in prop::sample::select(SignatureScheme::ALL.to_vec()), data in proptest::collection::vec(any::<u8>(), 1..=245), seed: u64,
        ) {
            let data = if scheme.input_lengths() == (32..=32) { vec![data[0]; 32] } else { data };
            let mut results = engines().into_iter().map(|engine| {
                let block = scheme.encode(&data, 2048, &mut ChaCha20Rng::seed_from_u64(seed)).unwrap();
                engine.apply(&block).unwrap()
            });
            let first = results.next().unwrap();
            prop_assert!(results.all(|other| other == first));
        }
    }
}
