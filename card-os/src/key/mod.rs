//! Private keys, how the card signs with them, and the public keys it checks certificates with.
//!
//! Paddings are made here once ([`SignatureScheme`]); an [`Engine`] offers only the RSA private operation on a block as
//! long as the modulus. So every engine gives the same bytes. Of ECDSA an engine makes r and s of a digest. Key material is
//! never shown and zeroed when dropped.

mod ecdsa;
mod engine;
mod error;
mod oaep;
mod public;
mod scheme;

use std::collections::HashMap;

pub use ecdsa::{Curve, EcdsaForm};
#[cfg(feature = "openssl")]
pub use engine::OpensslEngine;
pub use engine::{EcdsaOperation, Engine, LoadedKey, PrivateOperation, RustEngine, default_engine};
pub use error::EngineError;
pub(crate) use oaep::unpad as unpad_oaep;
pub use public::public_key;
pub(crate) use public::{has_signed, template};
pub use scheme::{SHA256_DIGEST_INFO, SignatureScheme};

use rand_core::CryptoRngCore;

use crate::declaration::{KeyAlgorithm, ObjectId, PrivateKey};

/// The card's private keys, parsed at first use.
pub(crate) struct KeyRing {
    engine: Box<dyn Engine + Send>,
    loaded: HashMap<ObjectId, LoadedKey>,
}

impl KeyRing {
    pub(crate) fn new(engine: Box<dyn Engine + Send>) -> Self {
        Self {
            engine,
            loaded: HashMap::new(),
        }
    }

    /// Forgets the parsed keys, because the card's files have others now.
    pub(crate) fn forget(&mut self) {
        self.loaded.clear();
    }

    /// Makes a key for this file, and forgets the parsed key that it had.
    pub(crate) fn generate(
        &mut self,
        object: ObjectId,
        algorithm: KeyAlgorithm,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<PrivateKey, EngineError> {
        self.loaded.remove(&object);
        self.engine.generate(algorithm, rng)
    }

    /// A key of the card, ready for use.
    pub(crate) fn load(&mut self, object: ObjectId, key: &PrivateKey) -> Result<&LoadedKey, EngineError> {
        use std::collections::hash_map::Entry;
        Ok(match self.loaded.entry(object) {
            Entry::Occupied(loaded) => loaded.into_mut(),
            Entry::Vacant(absent) => absent.insert(self.engine.load(key)?),
        })
    }
}
