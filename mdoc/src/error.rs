//! What can be wrong with bytes that should be part of an mdoc.

use crate::CborError;

/// Bytes that are not the structure that they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// They are not CBOR in the form of ISO/IEC 18013-5.
    #[error("{0}: {1}")]
    Cbor(&'static str, #[source] CborError),
    /// A part is missing, or not of its type.
    #[error("{0} is missing or not of the type that ISO/IEC 18013-5 states")]
    Part(&'static str),
    /// Something that may be there once is stated more than once.
    #[error("{0} is stated more than once")]
    Repeated(&'static str),
    /// An algorithm, key or version that this library does not know.
    #[error("{0} is none that this library supports")]
    Unsupported(&'static str),
}

/// Turns `None` into an error about `part`.
pub(crate) fn part<T>(value: Option<T>, part: &'static str) -> Result<T, ParseError> {
    value.ok_or(ParseError::Part(part))
}

/// Reads the CBOR of `part`.
pub(crate) fn read(bytes: &[u8], part: &'static str) -> Result<ciborium::Value, ParseError> {
    crate::cbor::read(bytes).map_err(|error| ParseError::Cbor(part, error))
}
