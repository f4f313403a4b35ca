//! Private keys, how the card signs with them, and the public keys it checks certificates with.
//!
//! Paddings are made here once ([`SignatureScheme`]); an [`Engine`] offers only the RSA private operation on a block as
//! long as the modulus. So every engine gives the same bytes. Key material is never shown and zeroed when dropped.

mod engine;
mod oaep;
mod scheme;

use std::collections::HashMap;

#[cfg(feature = "openssl")]
pub use engine::OpensslEngine;
pub use engine::{Engine, EngineError, PrivateOperation, RustEngine, default_engine};
pub(crate) use oaep::unpad as unpad_oaep;
pub use scheme::SignatureScheme;

use crate::declaration::{ObjectId, PrivateKey};

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

    /// Forgets the parsed keys, because the card's files have others now.
    pub(crate) fn forget(&mut self) {
        self.loaded.clear();
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
