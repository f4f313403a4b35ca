//! The mobile security object (MSO): the digests of the elements, the device key and the validity, as the issuer signs them.

use std::collections::BTreeMap;
use std::str::FromStr;

use ciborium::Value;
use der::DateTime;

use crate::cbor::{self, Encoded};
use crate::error::{ParseError, part, read};
use crate::{cose, element};

/// The version of the structure.
pub(crate) const VERSION: &str = "1.0";
/// The digest of the elements. Which one real mdocs use is not published; `assumed`.
pub(crate) const SHA_256: &str = "SHA-256";

/// What the issuer has signed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SecurityObject {
    /// `version`: 1.0.
    pub version: String,
    /// `digestAlgorithm`: SHA-256, SHA-384 or SHA-512.
    pub digest_algorithm: String,
    /// `docType`.
    pub doc_type: String,
    /// `valueDigests`: namespace, digestID, digest.
    pub value_digests: BTreeMap<String, BTreeMap<u64, Vec<u8>>>,
    /// `deviceKey`.
    pub device_key: p256::PublicKey,
    /// Whether `deviceKeyInfo` has `keyAuthorizations`, by which the device may state elements of its own.
    pub has_key_authorizations: bool,
    /// `validityInfo`.
    pub validity: Validity,
    /// Whether it has `status`: a reference to a status list.
    pub has_status: bool,
}

/// When an mdoc is valid, to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// When the issuer signed.
    pub signed: DateTime,
    /// The first moment.
    pub valid_from: DateTime,
    /// The last moment.
    pub valid_until: DateTime,
}

impl SecurityObject {
    /// Reads the content of `MobileSecurityObjectBytes`.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let value = read(bytes, "MobileSecurityObject")?;
        let fields = part(value.as_map(), "MobileSecurityObject")?;
        let text = |key: &str, name| {
            let value = cbor::get(fields, key).and_then(Value::as_text);
            part(value, name).map(str::to_owned)
        };
        let device = part(
            cbor::get(fields, "deviceKeyInfo").and_then(Value::as_map),
            "deviceKeyInfo",
        )?;
        let device_key = part(cbor::get(device, "deviceKey"), "deviceKey")?;
        let validity = part(
            cbor::get(fields, "validityInfo").and_then(Value::as_map),
            "validityInfo",
        )?;
        Ok(Self {
            version: text("version", "version of the MobileSecurityObject")?,
            digest_algorithm: text("digestAlgorithm", "digestAlgorithm")?,
            doc_type: text("docType", "docType of the MobileSecurityObject")?,
            value_digests: part(digests(fields), "valueDigests")?,
            device_key: cose::read_key(device_key, "deviceKey")?,
            has_key_authorizations: cbor::get(device, "keyAuthorizations").is_some(),
            validity: Validity {
                signed: date(validity, "signed")?,
                valid_from: date(validity, "validFrom")?,
                valid_until: date(validity, "validUntil")?,
            },
            has_status: cbor::get(fields, "status").is_some(),
        })
    }

    /// The signed form.
    pub(crate) fn encode(
        digests: Vec<(Encoded, Encoded)>,
        device_key: &p256::PublicKey,
        validity: &Validity,
    ) -> Encoded {
        let date = |at: DateTime| cbor::tag(0, &cbor::text(&at.to_string()));
        let entry = |key: &str, value: Encoded| (cbor::text(key), value);
        let validity = cbor::map(vec![
            entry("signed", date(validity.signed)),
            entry("validFrom", date(validity.valid_from)),
            entry("validUntil", date(validity.valid_until)),
        ]);
        cbor::map(vec![
            entry("version", cbor::text(VERSION)),
            entry("digestAlgorithm", cbor::text(SHA_256)),
            entry("valueDigests", cbor::map(digests)),
            entry(
                "deviceKeyInfo",
                cbor::map(vec![entry("deviceKey", cose::key(device_key))]),
            ),
            entry("docType", cbor::text(element::DOC_TYPE)),
            entry("validityInfo", validity),
        ])
    }
}

fn digests(fields: &[(Value, Value)]) -> Option<BTreeMap<String, BTreeMap<u64, Vec<u8>>>> {
    let spaces = cbor::get(fields, "valueDigests")?.as_map()?;
    let spaces = spaces.iter().map(|(name, digests)| {
        let digests = digests.as_map()?.iter();
        let digests = digests.map(|(id, digest)| Some((cbor::number(id)?, digest.as_bytes()?.clone())));
        Some((name.as_text()?.to_owned(), digests.collect::<Option<_>>()?))
    });
    spaces.collect()
}

/// `tdate`: tag 0, UTC, no fraction of a second.
fn date(fields: &[(Value, Value)], key: &'static str) -> Result<DateTime, ParseError> {
    let text = match cbor::get(fields, key) {
        Some(Value::Tag(0, text)) => text.as_text(),
        _ => None,
    };
    part(text.and_then(|text| DateTime::from_str(text).ok()), key)
}
