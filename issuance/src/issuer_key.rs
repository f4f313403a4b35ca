//! A key that issues: certificates of both kinds and the signatures over the card's files are made with it.
//!
//! It signs through the card's own engines, of which OpenSSL's is several times faster than the `rsa` crate's: a town's
//! cards cost little else than signatures. PKCS#1 v1.5 holds no randomness, so every engine gives the same bytes.

use der::asn1::BitString;
use rsa::pkcs1v15::VerifyingKey;
use rsa::pkcs8::EncodePrivateKey;
use rsa::signature::{Keypair, Signer};
use rsa::{RsaPrivateKey, RsaPublicKey};
use sha2::{Digest, Sha256};
use spki::{AlgorithmIdentifierOwned, DynSignatureAlgorithmIdentifier, SignatureBitStringEncoding};
use vmyna_applets::cv::{MODULUS_BITS, check_public_key};
use vmyna_card_os::declaration::PrivateKey;
use vmyna_card_os::key::{LoadedKey, PrivateOperation, SignatureScheme, default_engine};

use super::IssuanceError;

/// An issuer's RSA-2048 key, ready to sign. `Debug` is not there: there is nothing to show.
pub struct IssuerKey {
    public: RsaPublicKey,
    operation: Box<dyn PrivateOperation + Send + Sync>,
}

impl IssuerKey {
    /// Makes a key ready.
    ///
    /// # Errors
    /// [`IssuanceError::Input`] when it is not RSA-2048 with e = 65537; [`IssuanceError::PrivateKey`] when it can't be
    /// handed over to the engine.
    pub fn new(key: &RsaPrivateKey) -> Result<Self, IssuanceError> {
        let public = key.to_public_key();
        check_public_key(&public)?;
        let der = key.to_pkcs8_der()?;
        match default_engine().load(&PrivateKey::from_pkcs8_der(der.as_bytes())) {
            Ok(LoadedKey::Rsa(operation)) => Ok(Self { public, operation }),
            Ok(LoadedKey::Ecdsa(_)) | Err(_) => Err(CANNOT_SIGN),
        }
    }

    /// The public half.
    #[must_use]
    pub const fn public_key(&self) -> &RsaPublicKey {
        &self.public
    }

    /// The signature of a message: RSASSA-PKCS1-v1_5 with SHA-256, 256 bytes.
    ///
    /// # Errors
    /// [`IssuanceError::Mismatch`] when the engine fails.
    pub fn sign_message(&self, message: &[u8]) -> Result<Vec<u8>, IssuanceError> {
        self.sign(SignatureScheme::HashDigestInfo, &Sha256::digest(message))
    }

    /// The signature of a `DigestInfo` as the caller made it, at most 245 bytes: type 1 padding and nothing else.
    ///
    /// # Errors
    /// [`IssuanceError::Mismatch`] when it is too long, or the engine fails.
    pub fn sign_digest_info(&self, digest_info: &[u8]) -> Result<Vec<u8>, IssuanceError> {
        self.sign(SignatureScheme::Verbatim, digest_info)
    }

    fn sign(&self, scheme: SignatureScheme, input: &[u8]) -> Result<Vec<u8>, IssuanceError> {
        // Neither of the two paddings asks for a salt.
        let block = scheme
            .encode(input, MODULUS_BITS, &mut rand_core::OsRng)
            .ok_or(CANNOT_SIGN)?;
        self.operation.apply(&block).map_err(|_| CANNOT_SIGN)
    }
}

const CANNOT_SIGN: IssuanceError = IssuanceError::Mismatch("the issuer's key and the engine that should sign with it");

/// The signature of a certificate, as its builder wants it.
pub struct CertificateSignature(Vec<u8>);

impl SignatureBitStringEncoding for CertificateSignature {
    fn to_bitstring(&self) -> der::Result<BitString> {
        BitString::new(0, self.0.as_slice())
    }
}

impl Signer<CertificateSignature> for IssuerKey {
    fn try_sign(&self, message: &[u8]) -> Result<CertificateSignature, rsa::signature::Error> {
        let signature = self.sign_message(message).map_err(|_| rsa::signature::Error::new())?;
        Ok(CertificateSignature(signature))
    }
}

impl Keypair for IssuerKey {
    type VerifyingKey = VerifyingKey<Sha256>;

    fn verifying_key(&self) -> Self::VerifyingKey {
        VerifyingKey::new(self.public.clone())
    }
}

impl DynSignatureAlgorithmIdentifier for IssuerKey {
    fn signature_algorithm_identifier(&self) -> spki::Result<AlgorithmIdentifierOwned> {
        self.verifying_key().signature_algorithm_identifier()
    }
}
