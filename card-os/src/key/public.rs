//! Public keys: the half of a private key, the form in which GENERATE ASYMMETRIC KEY PAIR answers one, and the check of a
//! host's signature.

use iso7816_tlv::ber::{Tag, Tlv, Value};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePublicKey, SubjectPublicKeyInfoRef};
use rsa::{Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey, pkcs1};
use sha2::{Digest, Sha256};

use super::ecdsa::Curve;
use super::error::EngineError;
use crate::declaration::{KeyAlgorithm, PrivateKey, PublicKey};

/// The public half of a private key.
///
/// # Errors
/// The key is of none of the algorithms, or damaged.
pub fn public_key(key: &PrivateKey) -> Result<PublicKey, EngineError> {
    let der = key.as_pkcs8_der();
    let spki = match key.algorithm().ok_or(EngineError)? {
        KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 => {
            let key = RsaPrivateKey::from_pkcs8_der(der).map_err(|_| EngineError)?;
            key.to_public_key().to_public_key_der()
        }
        KeyAlgorithm::P256 => {
            let key = p256::SecretKey::from_pkcs8_der(der).map_err(|_| EngineError)?;
            key.public_key().to_public_key_der()
        }
        KeyAlgorithm::P384 => {
            let key = p384::SecretKey::from_pkcs8_der(der).map_err(|_| EngineError)?;
            key.public_key().to_public_key_der()
        }
    };
    Ok(PublicKey::from_spki_der(spki.map_err(|_| EngineError)?.as_bytes()))
}

/// `7F49 { 86 04 || x || y }`, or `7F49 { 81 modulus, 82 exponent }`.
pub(crate) fn template(key: &PublicKey) -> Option<Vec<u8>> {
    let info = SubjectPublicKeyInfoRef::try_from(key.as_spki_der()).ok()?;
    let bytes = info.subject_public_key.as_bytes()?;
    let object = |tag: u8, value: &[u8]| Tlv::new(Tag::try_from(tag).ok()?, Value::Primitive(value.to_vec())).ok();
    let objects = match key.algorithm()? {
        KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 => {
            let key = pkcs1::RsaPublicKey::try_from(bytes).ok()?;
            vec![
                object(0x81, key.modulus.as_bytes())?,
                object(0x82, key.public_exponent.as_bytes())?,
            ]
        }
        KeyAlgorithm::P256 | KeyAlgorithm::P384 => vec![object(0x86, bytes)?],
    };
    let template = Tlv::new(Tag::try_from(0x7F49u16).ok()?, Value::Constructed(objects));
    Some(template.ok()?.to_vec())
}

/// Whether a host with this key has signed the message: PKCS#1 v1.5 with SHA-256, or ECDSA in DER with the hash that is as
/// long as the key.
pub(crate) fn has_signed(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let der = key.as_spki_der();
    match key.algorithm() {
        None => false,
        Some(KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072) => {
            RsaPublicKey::from_public_key_der(der).is_ok_and(|key| {
                key.verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message), signature)
                    .is_ok()
            })
        }
        Some(KeyAlgorithm::P256) => {
            let signature = p256::ecdsa::Signature::from_der(signature);
            let key = p256::ecdsa::VerifyingKey::from_public_key_der(der).ok();
            let digest = Curve::P256.digest(message);
            key.zip(signature.ok())
                .is_some_and(|(key, signature)| key.verify_prehash(&digest, &signature).is_ok())
        }
        Some(KeyAlgorithm::P384) => {
            let signature = p384::ecdsa::Signature::from_der(signature);
            let key = p384::ecdsa::VerifyingKey::from_public_key_der(der).ok();
            let digest = Curve::P384.digest(message);
            key.zip(signature.ok())
                .is_some_and(|(key, signature)| key.verify_prehash(&digest, &signature).is_ok())
        }
    }
}
