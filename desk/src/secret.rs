//! Secrets of servers: identifiers, tokens, and what proves that an answer belongs to a request.

use rand_core::{OsRng, RngCore as _};
use subtle::ConstantTimeEq as _;

use crate::jose::base64url;

/// Random text of 256 bits, in base64url: 43 characters.
pub(crate) fn random() -> String {
    let mut bytes = [0; 32];
    OsRng.fill_bytes(&mut bytes);
    base64url::encode(&bytes)
}

/// Whether two secrets are the same, without showing by time where they differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_have_256_bits_and_differ() {
        let (one, other) = (random(), random());
        assert_eq!((one.len(), other.len()), (43, 43));
        assert!(same(&one, &one.clone()) && !same(&one, &other) && !same(&one, &one[..42]));
    }
}
