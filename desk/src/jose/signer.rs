//! Private keys.

use std::fmt;

use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer as _;
use p256::elliptic_curve::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use rand_core::{CryptoRngCore, OsRng};
use rsa::RsaPrivateKey;
use vmyna_card_os::declaration::{KeyAlgorithm, PrivateKey};
use vmyna_card_os::key::{LoadedKey, PrivateOperation, SignatureScheme, default_engine};
use zeroize::Zeroizing;

use super::{Algorithm, JoseError, VerifyingKey};

enum Key {
    Ec(SigningKey),
    /// The engine of the card's keys computes, so that OpenSSL does it where it is built in.
    Rsa(Box<dyn PrivateOperation + Send + Sync>, PrivateKey),
}

/// A private key that signs tokens. `Debug` shows its identifier only.
pub struct Signer {
    key: Key,
    public: VerifyingKey,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("kid", &self.public.kid())
            .finish_non_exhaustive()
    }
}

impl Signer {
    /// A new key: P-256 or RSA-2048. Its identifier is its thumbprint. An RSA key takes about half a second without OpenSSL.
    ///
    /// # Errors
    /// [`JoseError::PrivateKey`] if the engine makes none.
    pub fn generate(algorithm: Algorithm, mut generator: &mut impl CryptoRngCore) -> Result<Self, JoseError> {
        match algorithm {
            Algorithm::Es256 => Ok(Self::ec(SigningKey::random(&mut generator))),
            Algorithm::Rs256 => {
                let key = default_engine().generate(KeyAlgorithm::Rsa2048, generator);
                Self::rsa(key.map_err(|_| JoseError::PrivateKey)?)
            }
        }
    }

    /// A key from PKCS#8 PEM (`BEGIN PRIVATE KEY`): P-256 or RSA of 2048 to 4096 bits.
    ///
    /// # Errors
    /// [`JoseError::PrivateKey`].
    pub fn from_pem(pem: &str) -> Result<Self, JoseError> {
        if let Ok(key) = SigningKey::from_pkcs8_pem(pem) {
            return Ok(Self::ec(key));
        }
        let key = RsaPrivateKey::from_pkcs8_pem(pem).map_err(|_| JoseError::PrivateKey)?;
        let der = key.to_pkcs8_der().map_err(|_| JoseError::PrivateKey)?;
        Self::rsa(PrivateKey::from_pkcs8_der(der.as_bytes()))
    }

    fn ec(key: SigningKey) -> Self {
        let public = VerifyingKey::ec(*key.verifying_key());
        Self {
            key: Key::Ec(key),
            public,
        }
    }

    fn rsa(key: PrivateKey) -> Result<Self, JoseError> {
        let unusable = |_| JoseError::PrivateKey;
        let parsed = RsaPrivateKey::from_pkcs8_der(key.as_pkcs8_der()).map_err(|_| JoseError::PrivateKey)?;
        let public = VerifyingKey::rsa(parsed.to_public_key()).map_err(unusable)?;
        match default_engine().load(&key) {
            Ok(LoadedKey::Rsa(operation)) => Ok(Self {
                key: Key::Rsa(operation, key),
                public,
            }),
            _ => Err(JoseError::PrivateKey),
        }
    }

    /// The same key with this identifier in place of its thumbprint.
    ///
    /// # Errors
    /// [`JoseError::Key`] for an identifier that is empty, too long or not printable.
    pub fn with_kid(self, kid: &str) -> Result<Self, JoseError> {
        Ok(Self {
            public: self.public.with_kid(kid)?,
            ..self
        })
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &VerifyingKey {
        &self.public
    }

    /// The identifier.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    /// The algorithm that the key signs with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.public.algorithm()
    }

    /// The private key as PKCS#8 PEM, for a file that only its owner reads.
    ///
    /// # Errors
    /// [`JoseError::PrivateKey`] if it can't be encoded.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, JoseError> {
        let pem = match &self.key {
            Key::Ec(key) => key.to_pkcs8_pem(LineEnding::LF).ok(),
            Key::Rsa(_, key) => RsaPrivateKey::from_pkcs8_der(key.as_pkcs8_der())
                .ok()
                .and_then(|key| key.to_pkcs8_pem(LineEnding::LF).ok()),
        };
        pem.ok_or(JoseError::PrivateKey)
    }

    /// The signature over a message: r and s of 32 bytes each, or as long as the modulus.
    pub(super) fn signature(&self, message: &[u8]) -> Result<Vec<u8>, JoseError> {
        match &self.key {
            Key::Ec(key) => {
                let signature: p256::ecdsa::Signature = key.try_sign(message).map_err(|_| JoseError::PrivateKey)?;
                Ok(signature.to_bytes().to_vec())
            }
            Key::Rsa(operation, _) => {
                // Its padding takes nothing at random.
                let block = SignatureScheme::Sha256DigestInfo.encode(message, operation.modulus_bits(), &mut OsRng);
                let block = block.ok_or(JoseError::PrivateKey)?;
                operation.apply(&block).map_err(|_| JoseError::PrivateKey)
            }
        }
    }
}
