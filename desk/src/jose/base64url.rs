//! base64url without padding (RFC 4648, 5; RFC 7515, 2). Each value has one text.

use base64ct::{Base64UrlUnpadded, Encoding};

/// The text of these bytes.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// The bytes of a text; `None` for padding, white space, other characters, and unused bits that are not 0.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let bytes = Base64UrlUnpadded::decode_vec(text).ok()?;
    // A second text for the same bytes would make a second token of one.
    (encode(&bytes) == text).then_some(bytes)
}
