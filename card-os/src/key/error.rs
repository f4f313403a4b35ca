//! The failure of a private or public key.

/// A key can't be used. Says nothing about the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the private key can't be used")]
pub struct EngineError;
