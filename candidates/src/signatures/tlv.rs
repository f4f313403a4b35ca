//! DER, written part by part, so that a candidate can differ in any of them.

use der::Encode;
use der::asn1::{ObjectIdentifier, OctetStringRef};

use crate::workshop::MakeError;

/// The tags of `[0]` and `[1]`, constructed.
pub(super) const TAGGED_0: u8 = 0xA0;

/// An object with this tag around the parts.
pub(super) fn object(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let value = parts.concat();
    let length = value.len().to_be_bytes();
    let digits = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let mut bytes = vec![tag];
    match digits {
        [] => bytes.push(0),
        [short @ 0..=0x7F] => bytes.push(*short),
        long => {
            bytes.push(0x80 | u8::try_from(long.len()).unwrap_or(u8::MAX));
            bytes.extend(long);
        }
    }
    bytes.extend(value);
    bytes
}

/// A SEQUENCE of these parts.
pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    object(0x30, parts)
}

/// A SET OF these parts in the order of DER.
pub(super) fn set(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    parts.sort_unstable();
    object(0x31, &parts)
}

/// An OBJECT IDENTIFIER.
///
/// # Errors
/// [`MakeError::Asn1`]
pub(super) fn identifier(id: &str) -> Result<Vec<u8>, MakeError> {
    Ok(ObjectIdentifier::new(id).map_err(der::Error::from)?.to_der()?)
}

/// An OCTET STRING.
///
/// # Errors
/// [`MakeError::Asn1`]
pub(super) fn octets(bytes: &[u8]) -> Result<Vec<u8>, MakeError> {
    Ok(OctetStringRef::new(bytes)?.to_der()?)
}

/// An algorithm, with NULL for parameters or without any.
///
/// # Errors
/// [`MakeError::Asn1`]
pub(super) fn algorithm(id: &str, null: bool) -> Result<Vec<u8>, MakeError> {
    let parameters: &[u8] = if null { &[5, 0] } else { &[] };
    Ok(sequence(&[&identifier(id)?, parameters]))
}

#[cfg(test)]
mod tests {
    use der::Decode;

    use super::*;

    #[test]
    fn lengths_are_those_of_der() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let value = vec![7; length];
            let written = object(0x04, &[&value]);
            assert_eq!(OctetStringRef::from_der(&written).unwrap().as_bytes(), value);
        }
    }
}
