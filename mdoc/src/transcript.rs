//! Session transcripts: what binds a presentation to one session.

use sha2::{Digest, Sha256};

use crate::cbor::{self, Encoded};
use crate::error::{ParseError, part, read};

/// A session transcript: a CBOR array of three, which both sides of a session make for themselves.
///
/// How its parts come about (QR code, NFC, browser) is no matter of this crate, which keeps the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    array: Encoded,
}

impl Transcript {
    /// Takes the array, or the array in a byte string with tag 24.
    ///
    /// # Errors
    /// The bytes are neither.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        const NAME: &str = "SessionTranscript";
        let value = read(bytes, NAME)?;
        if let Some(inner) = cbor::inside(&value) {
            let inner_value = read(inner, NAME)?;
            return match cbor::inside(&inner_value) {
                Some(_) => Err(ParseError::Part(NAME)),
                None => Self::parse(inner),
            };
        }
        part(value.as_array().filter(|parts| parts.len() == 3), NAME)?;
        Ok(Self { array: bytes.to_vec() })
    }

    /// The transcript of ISO/IEC TS 18013-7 Annex C, which browsers use. `encryption_info` is the base64url text as it was
    /// received, because decoding and encoding can change it. `origin` is the web page's, such as `https://example.com`.
    #[must_use]
    pub fn browser(encryption_info: &str, origin: &str) -> Self {
        Self::of_hash("dcapi", &[cbor::text(encryption_info), cbor::text(origin)])
    }

    /// The transcript of OpenID for Verifiable Presentations 1.0. `thumbprint` is the SHA-256 thumbprint (RFC 7638) of the key
    /// that the response is encrypted to, if it is.
    #[must_use]
    pub fn openid4vp(client_id: &str, nonce: &str, thumbprint: Option<&[u8; 32]>, response_uri: &str) -> Self {
        let thumbprint = thumbprint.map_or_else(cbor::null, |bytes| cbor::bytes(bytes));
        let info = [
            cbor::text(client_id),
            cbor::text(nonce),
            thumbprint,
            cbor::text(response_uri),
        ];
        Self::of_hash("OpenID4VPHandover", &info)
    }

    fn of_hash(kind: &str, info: &[Encoded]) -> Self {
        let hash = cbor::bytes(&Sha256::digest(cbor::array(info)));
        let handover = cbor::array(&[cbor::text(kind), hash]);
        Self {
            array: cbor::array(&[cbor::null(), cbor::null(), handover]),
        }
    }

    /// The array.
    #[must_use]
    pub fn to_bytes(&self) -> &[u8] {
        &self.array
    }

    /// The array in a byte string with tag 24: `SessionTranscriptBytes`.
    #[must_use]
    pub fn to_tagged_bytes(&self) -> Vec<u8> {
        cbor::embedded(&self.array)
    }

    /// What a device signs: `DeviceAuthenticationBytes`.
    pub(crate) fn device_authentication(&self, doc_type: &str, device_name_spaces: &[u8]) -> Encoded {
        cbor::embedded(&cbor::array(&[
            cbor::text("DeviceAuthentication"),
            self.array.clone(),
            cbor::text(doc_type),
            cbor::embedded(device_name_spaces),
        ]))
    }

    /// What a reader signs for one request: `ReaderAuthenticationBytes`. `items_request` has its tag.
    pub(crate) fn reader_authentication(&self, items_request: &[u8]) -> Encoded {
        cbor::embedded(&cbor::array(&[
            cbor::text("ReaderAuthentication"),
            self.array.clone(),
            items_request.to_vec(),
        ]))
    }

    /// What a reader signs for all requests: `ReaderAuthenticationAllBytes`. `info` has its tag, or is null.
    pub(crate) fn reader_authentication_all(&self, items_requests: &[Encoded], info: Option<&[u8]>) -> Encoded {
        cbor::embedded(&cbor::array(&[
            cbor::text("ReaderAuthenticationAll"),
            self.array.clone(),
            cbor::array(items_requests),
            info.map_or_else(cbor::null, <[u8]>::to_vec),
        ]))
    }
}
