//! The key that signs card-verifiable certificates ([`CvCertificate`]).

use rsa::{RsaPrivateKey, RsaPublicKey};
use vmyna_applets::cv::{CvCertificate, KeyId, encode_public_key};

use super::IssuanceError;
use super::issuer_key::IssuerKey;

/// A key that signs CV certificates, and its name.
pub struct CvAuthority {
    id: KeyId,
    key: IssuerKey,
}

impl CvAuthority {
    /// Binds a private key to its id.
    ///
    /// # Errors
    /// [`IssuanceError::Input`] when the key is not RSA-2048 with e = 65537, or the id may be a real one.
    pub fn new(id: KeyId, key: RsaPrivateKey) -> Result<Self, IssuanceError> {
        if id.is_reserved() {
            return Err(IssuanceError::Input("a key id of ours begins with 7"));
        }
        Ok(Self {
            id,
            key: IssuerKey::new(&key)?,
        })
    }

    /// This authority's key id.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The public half of its key.
    #[must_use]
    pub const fn public_key(&self) -> &RsaPublicKey {
        self.key.public_key()
    }

    /// Certifies that `subject` is the name of `key`.
    ///
    /// # Errors
    /// As [`CvAuthority::new`], for the subject.
    pub fn certify(&self, subject: KeyId, key: &RsaPublicKey) -> Result<CvCertificate, IssuanceError> {
        if subject.is_reserved() {
            return Err(IssuanceError::Input("a key id of ours begins with 7"));
        }
        let body = [&self.id.as_bytes()[..], subject.as_bytes(), &encode_public_key(key)?].concat();
        Ok(CvCertificate::from_parts(&body, &self.key.sign_message(&body)?)?)
    }
}

#[cfg(test)]
mod tests;
