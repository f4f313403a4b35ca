//! DER cut into its parts as they were received. A signature is verified over these bytes, never over a new encoding.

use der::{Decode, Header, Reader, SliceReader};

/// The most parts of one object: certificates of signed data, and its signers.
pub(super) const MOST: usize = 64;

/// The elements of a constructed object, each whole with its tag and length. Nothing follows the object.
pub(super) fn elements(object: &[u8]) -> der::Result<Vec<&[u8]>> {
    let mut reader = SliceReader::new(value(object)?)?;
    let mut parts = Vec::new();
    while !reader.is_finished() {
        if parts.len() == MOST {
            return Err(der::ErrorKind::Overlength.into());
        }
        parts.push(reader.tlv_bytes()?);
    }
    Ok(parts)
}

/// The value of an object, which nothing follows.
pub(super) fn value(object: &[u8]) -> der::Result<&[u8]> {
    let mut reader = SliceReader::new(object)?;
    let header = Header::decode(&mut reader)?;
    let value = reader.read_slice(header.length)?;
    reader.finish(())?;
    Ok(value)
}

/// The first object and what follows it.
pub(super) fn first(bytes: &[u8]) -> der::Result<(&[u8], &[u8])> {
    let mut reader = SliceReader::new(bytes)?;
    let object = reader.tlv_bytes()?;
    let rest = reader.read_slice(reader.remaining_len())?;
    Ok((object, rest))
}

/// The bytes that the signature of a certificate, a revocation list or an OCSP answer covers: the first element.
pub(super) fn signed_part(object: &[u8]) -> der::Result<&[u8]> {
    first(value(object)?).map(|(signed, _)| signed)
}

/// Whether bytes behind an object of the card are filler: all 00 or all FF, as in the files of cards.
pub(super) fn is_filler(rest: &[u8]) -> bool {
    [0x00, 0xFF].iter().any(|filler| rest.iter().all(|byte| byte == filler))
}
