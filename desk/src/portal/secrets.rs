//! Secrets of the portal: identifiers, tokens, and what proves that an answer belongs to a request.

use rand_core::{OsRng, RngCore};
use subtle::ConstantTimeEq;

use crate::jose::base64url;

/// Random text of 256 bits, in base64url.
pub(super) fn random() -> String {
    let mut bytes = [0; 32];
    OsRng.fill_bytes(&mut bytes);
    base64url::encode(&bytes)
}

/// Whether two secrets are the same, without showing by time where they differ.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}
