//! The kind of a file by its content.

use der::pem;

use super::parts::MOST;
use super::signed_data::is_signed_data;

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// A certificate, DER.
    Certificate(Vec<u8>),
    /// Signed data, DER.
    SignedData(Vec<u8>),
    /// The answer of a phone with an mdoc: CBOR of a `DeviceResponse`.
    Mdoc(Vec<u8>),
    /// A file of the card, which begins with one of its data objects.
    CardFile(Vec<u8>),
    /// A document with signatures inside, which another program has to take out.
    Pdf,
    /// Anything else; a signature value alone has no mark.
    Other(Vec<u8>),
}

/// What the parts of a file are. A PEM file can hold several certificates.
#[must_use]
pub fn recognise(bytes: Vec<u8>) -> Vec<Input> {
    let blocks = pem_blocks(&bytes);
    if blocks.is_empty() {
        return vec![of_binary(bytes)];
    }
    let known = blocks.into_iter().map(|(label, der)| match label.as_str() {
        "CERTIFICATE" => Input::Certificate(der),
        "CMS" | "PKCS7" => Input::SignedData(der),
        _ => Input::Other(der),
    });
    known.collect()
}

/// Keys of the map that a `DeviceResponse` is.
const MDOC_WORDS: [&[u8]; 2] = [b"documents", b"documentErrors"];

fn has(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

fn of_binary(bytes: Vec<u8>) -> Input {
    match bytes.as_slice() {
        [b'%', b'P', b'D', b'F', b'-', ..] => Input::Pdf,
        [0x7F, 0x21, ..] | [0xFF, 0x10 | 0x20 | 0x30 | 0x40 | 0x50, ..] => Input::CardFile(bytes),
        [0xA0..=0xBF, ..] if MDOC_WORDS.iter().any(|word| has(&bytes, word)) => Input::Mdoc(bytes),
        _ if is_signed_data(&bytes) => Input::SignedData(bytes),
        // A SEQUENCE in a SEQUENCE.
        [0x30, ..]
            if super::parts::signed_part(super::parts::first(&bytes).map_or(&[], |(object, _)| object))
                .is_ok_and(|inner| inner.first() == Some(&0x30)) =>
        {
            Input::Certificate(bytes)
        }
        _ => Input::Other(bytes),
    }
}

/// The blocks of a PEM file with their labels, at most 64; none if it is no PEM file or a block is damaged.
#[must_use]
pub fn pem_blocks(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    const BEGIN: &str = "-----BEGIN ";
    let Ok(text) = str::from_utf8(bytes) else {
        return Vec::new();
    };
    let mut blocks = Vec::new();
    for block in text.split(BEGIN).skip(1).take(MOST) {
        let block = format!("{BEGIN}{block}");
        // Text may follow a block, and a line may end in any way.
        let end = block
            .find("-----END ")
            .and_then(|at| block[at + 9..].find("-----").map(|end| at + 9 + end + 5));
        let Some((label, der)) = end.and_then(|end| pem::decode_vec(&block.as_bytes()[..end]).ok()) else {
            return Vec::new();
        };
        blocks.push((label.to_owned(), der));
    }
    blocks
}
