//! Signatures of a forger: with any key, over any block.

use rsa::RsaPrivateKey;
use rsa::pkcs8::EncodePrivateKey;
use sha2::{Digest, Sha256};
use vmyna_applets::cv::{CvCertificate, CvError, KeyId, MODULUS_BYTES, encode_public_key};
use vmyna_card_os::declaration::PrivateKey;
use vmyna_card_os::key::{LoadedKey, PrivateOperation, SHA256_DIGEST_INFO, default_engine};
use vmyna_issuance::IssuanceError;

use crate::workshop::MakeError;

/// A private key, ready to sign. There is nothing to show of it.
pub(crate) struct Signer(Box<dyn PrivateOperation + Send + Sync>);

impl Signer {
    /// With this key.
    pub(crate) fn new(key: &RsaPrivateKey) -> Result<Self, MakeError> {
        let der = key.to_pkcs8_der().map_err(IssuanceError::from)?;
        Self::of(&PrivateKey::from_pkcs8_der(der.as_bytes()))
    }

    /// With a key of a card.
    pub(crate) fn of(key: &PrivateKey) -> Result<Self, MakeError> {
        match default_engine().load(key) {
            Ok(LoadedKey::Rsa(operation)) => Ok(Self(operation)),
            _ => Err(MakeError::Form("a forger's key is an RSA key")),
        }
    }

    /// The private operation on a block as it is, 256 bytes.
    pub(crate) fn block(&self, block: &[u8]) -> Result<Vec<u8>, MakeError> {
        let failed = |_| MakeError::Form("a forger's key can sign");
        self.0.apply(block).map_err(failed)
    }

    /// Over this content with the padding of PKCS#1 v1.5, type 1.
    pub(crate) fn content(&self, content: &[u8]) -> Result<Vec<u8>, MakeError> {
        self.block(&padded(content)?)
    }

    /// Of a message: PKCS#1 v1.5 with SHA-256.
    pub(crate) fn message(&self, message: &[u8]) -> Result<Vec<u8>, MakeError> {
        self.content(&digest_info(message))
    }
}

/// A `DigestInfo` of SHA-256 over a message.
pub(crate) fn digest_info(message: &[u8]) -> Vec<u8> {
    [&SHA256_DIGEST_INFO[..], &Sha256::digest(message)].concat()
}

/// A block of PKCS#1 v1.5, type 1, around a content.
pub(crate) fn padded(content: &[u8]) -> Result<Vec<u8>, MakeError> {
    let fill = MODULUS_BYTES.checked_sub(content.len() + 3);
    let fill = fill.ok_or(MakeError::Form("a content fits into a block"))?;
    Ok([&[0x00, 0x01][..], &vec![0xFF; fill], &[0x00], content].concat())
}

/// A block in which `garbage` follows the content and the fill is as short as PKCS#1 allows.
pub(crate) fn padded_short(content: &[u8], garbage: &mut impl rand_core::RngCore) -> Vec<u8> {
    let mut block = [&[0x00, 0x01][..], &[0xFF; 8], &[0x00], content].concat();
    let mut rest = vec![0; MODULUS_BYTES.saturating_sub(block.len())];
    garbage.fill_bytes(&mut rest);
    block.extend(rest);
    block
}

/// A CV certificate in the form of EF 0004.
pub(crate) fn certify(
    (issuer, by): (KeyId, &Signer),
    (subject, key): (KeyId, &RsaPrivateKey),
) -> Result<CvCertificate, MakeError> {
    let body = cv_body(issuer, subject, key)?;
    let signature = by.message(&body)?;
    CvCertificate::from_parts(&body, &signature).map_err(cv_error)
}

/// What a CV certificate signs.
pub(crate) fn cv_body(issuer: KeyId, subject: KeyId, key: &RsaPrivateKey) -> Result<Vec<u8>, MakeError> {
    let key = public_key(key)?;
    Ok([&issuer.as_bytes()[..], subject.as_bytes(), &key].concat())
}

/// The CV certificate with another key, and the signature over the old one.
pub(crate) fn with_other_key(old: &CvCertificate, key: &RsaPrivateKey) -> Result<CvCertificate, MakeError> {
    let body = cv_body(old.issuer(), old.subject(), key)?;
    let file = old.to_file();
    let signature = file.get(file.len().saturating_sub(MODULUS_BYTES)..).unwrap_or_default();
    CvCertificate::from_parts(&body, signature).map_err(cv_error)
}

/// The public half of a key in the form of the card's files.
pub(crate) fn public_key(key: &RsaPrivateKey) -> Result<Vec<u8>, MakeError> {
    Ok(encode_public_key(&key.to_public_key()).map_err(cv_error)?.to_vec())
}

/// An error of a CV certificate.
pub(crate) fn cv_error(error: CvError) -> MakeError {
    MakeError::Issuance(error.into())
}
