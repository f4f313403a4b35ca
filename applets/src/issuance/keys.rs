//! RSA key pairs of a card and of its issuers: reproducible, and stored as PKCS#8.
//!
//! Every key has its own random generator, seeded from the issuance seed and the key's label, so that neither the order
//! nor the threads in which keys are made change them. This module must never fetch randomness itself.

use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use rsa::rand_core::CryptoRngCore;
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::IssuanceError;

/// The length of every RSA modulus on the card, in bits.
pub const MODULUS_BITS: usize = 2048;
/// The same in bytes: the length of a modulus, a signature and a cryptogram.
pub const MODULUS_BYTES: usize = MODULUS_BITS / 8;
/// The public exponent of every key.
pub const PUBLIC_EXPONENT: u32 = 65_537;

/// The 32-byte seed of the generator for the key called `label`: SHA-256 over the issuance seed and the label.
#[must_use]
pub fn seed_for(issuance_seed: &[u8; 32], label: &str) -> Zeroizing<[u8; 32]> {
    let digest = Sha256::new()
        .chain_update(issuance_seed)
        .chain_update(label.as_bytes())
        .finalize();
    Zeroizing::new(digest.into())
}

/// Makes an RSA-2048 key with e = 65537 from a generator of its own.
///
/// # Errors
/// [`IssuanceError::Rsa`] when the library finds no key.
pub fn generate(generator: &mut impl CryptoRngCore) -> Result<RsaPrivateKey, IssuanceError> {
    Ok(RsaPrivateKey::new(generator, MODULUS_BITS)?)
}

/// Reads a key from PKCS#8 PEM and checks that it is one a card can have.
///
/// # Errors
/// [`IssuanceError::PrivateKey`] when the text is no PKCS#8 RSA key; [`IssuanceError::Input`] for another size or exponent.
pub fn from_pem(pem: &str) -> Result<RsaPrivateKey, IssuanceError> {
    let key = RsaPrivateKey::from_pkcs8_pem(pem)?;
    check_public(&key.to_public_key())?;
    Ok(key)
}

/// Writes a key as PKCS#8 PEM with line feeds.
///
/// # Errors
/// [`IssuanceError::PrivateKey`] when the key cannot be encoded.
pub fn to_pem(key: &RsaPrivateKey) -> Result<Zeroizing<String>, IssuanceError> {
    Ok(key.to_pkcs8_pem(LineEnding::LF)?)
}

/// Refuses public keys that the card's certificates cannot carry.
///
/// # Errors
/// [`IssuanceError::Input`].
pub(super) fn check_public(key: &RsaPublicKey) -> Result<(), IssuanceError> {
    if key.n().bits() != MODULUS_BITS || *key.e() != PUBLIC_EXPONENT.into() {
        return Err(IssuanceError::Input(
            "a card's keys are RSA with 2048 bits and e = 65537",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    #[test]
    fn a_seed_and_a_label_make_one_seed_and_another_label_another() {
        let seed = [7; 32];
        assert_eq!(*seed_for(&seed, "sign"), *seed_for(&seed, "sign"));
        assert_ne!(*seed_for(&seed, "sign"), *seed_for(&seed, "auth"));
        assert_ne!(*seed_for(&seed, "sign"), *seed_for(&[8; 32], "sign"));
    }

    #[test]
    fn a_generated_key_is_reproducible_and_survives_pem() {
        let make = || generate(&mut ChaCha20Rng::from_seed(*seed_for(&[7; 32], "key"))).unwrap();
        let key = make();
        assert!(key == make());
        assert!(from_pem(&to_pem(&key).unwrap()).unwrap() == key);
    }

    #[test]
    fn a_key_of_another_size_is_refused() {
        let small = RsaPrivateKey::new(&mut ChaCha20Rng::from_seed([1; 32]), 1024).unwrap();
        let pem = small.to_pkcs8_pem(LineEnding::LF).unwrap();
        assert!(matches!(from_pem(&pem), Err(IssuanceError::Input(_))));
    }
}
