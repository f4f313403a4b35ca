//! Tokens and keys, good ones and bad ones.

mod keys;
mod tokens;

use std::sync::LazyLock;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::{Algorithm, Signer};

/// A key of each algorithm. Those for RSA are made once, because they take long.
pub(super) fn signer(algorithm: Algorithm) -> &'static Signer {
    static EC: LazyLock<Signer> = LazyLock::new(|| made(Algorithm::Es256));
    static RSA: LazyLock<Signer> = LazyLock::new(|| made(Algorithm::Rs256));
    match algorithm {
        Algorithm::Es256 => &EC,
        Algorithm::Rs256 => &RSA,
    }
}

/// A new key.
pub(super) fn made(algorithm: Algorithm) -> Signer {
    Signer::generate(algorithm, &mut ChaCha20Rng::from_seed([7; 32])).unwrap()
}
