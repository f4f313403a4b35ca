//! Private keys, how the card signs with them, and the public keys it checks certificates with.
//!
//! Paddings are made here once ([`SignatureScheme`]); an [`Engine`] offers only the RSA private operation on a block as
//! long as the modulus. So every engine gives the same bytes. Key material is never shown and zeroed when dropped.

mod engine;
mod oaep;
mod scheme;

use core::fmt;
use std::collections::HashMap;

use zeroize::Zeroizing;

#[cfg(feature = "openssl")]
pub use engine::OpensslEngine;
pub use engine::{Engine, EngineError, PrivateOperation, RustEngine, default_engine};
pub(crate) use oaep::unpad as unpad_oaep;
pub use scheme::SignatureScheme;

use crate::store::ObjectId;

/// An RSA private key as PKCS#8 DER.
#[derive(Clone)]
pub struct PrivateKey(Zeroizing<Vec<u8>>);

impl PrivateKey {
    /// The key with this PKCS#8 DER (`PrivateKeyInfo`); an engine parses it at first use.
    pub fn from_pkcs8_der(der: &[u8]) -> Self {
        Self(Zeroizing::new(der.to_vec()))
    }

    /// The PKCS#8 DER, for an engine or a store. Never for a log.
    pub fn as_pkcs8_der(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("private key")
    }
}

/// The public key of a certification authority for card-verifiable certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateKey {
    /// The key identifier (証明者鍵ID) by which a certificate names it.
    pub key_id: [u8; 16],
    /// RSA modulus, big-endian.
    pub modulus: Vec<u8>,
    /// RSA public exponent, big-endian.
    pub exponent: Vec<u8>,
}

/// The card's private keys, parsed at first use.
pub(crate) struct KeyRing {
    engine: Box<dyn Engine + Send>,
    loaded: HashMap<ObjectId, Box<dyn PrivateOperation + Send + Sync>>,
}

impl KeyRing {
    pub(crate) fn new(engine: Box<dyn Engine + Send>) -> Self {
        Self {
            engine,
            loaded: HashMap::new(),
        }
    }

    /// The operation with a key of the card.
    pub(crate) fn operation(
        &mut self,
        object: ObjectId,
        key: &PrivateKey,
    ) -> Result<&dyn PrivateOperation, EngineError> {
        use std::collections::hash_map::Entry;
        Ok(&**match self.loaded.entry(object) {
            Entry::Occupied(loaded) => loaded.into_mut(),
            Entry::Vacant(absent) => absent.insert(self.engine.load(key)?),
        })
    }
}
