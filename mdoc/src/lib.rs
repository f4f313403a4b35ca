//! The mdoc of a virtual My Number Card on a phone (カード代替電磁的記録, `org.iso.23220.1.jp.mnc`), by ISO/IEC 18013-5.
//!
//! [`issue`] makes an [`IssuerSigned`] from [`Attributes`]: the elements, and a document signer's signature over their digests.
//! [`present`] answers a [`DeviceRequest`] with what the cardholder consents to, signed by the device over a [`Transcript`].
//! [`verify()`] checks a response and reports each step. [`element`] names the elements.
//!
//! ```
//! use rand_core::OsRng;
//! use vmyna_mdoc::{Attributes, DOC_TYPE, DeviceRequest, NAMESPACE, NAMESPACE_JP, Transcript, issue, present};
//! # use der::{Decode, Encode};
//! # use p256::pkcs8::EncodePublicKey;
//! # use vmyna_mdoc::{Signer, SignerKey, Validity};
//! # use x509_cert::{Certificate, TbsCertificate, Version, spki, time};
//! # let key = p256::SecretKey::random(&mut OsRng);
//! # let (from, until) = ("2026-11-01T00:00:00Z".parse()?, "2027-11-01T00:00:00Z".parse()?);
//! # let time = |at| Ok::<_, der::Error>(time::Time::UtcTime(der::asn1::UtcTime::from_date_time(at)?));
//! # let algorithm = spki::AlgorithmIdentifier { oid: der::oid::ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"), parameters: None };
//! # let tbs_certificate = TbsCertificate {
//! #     version: Version::V3, serial_number: 1_u32.into(), signature: algorithm.clone(), issuer: "C=JP,CN=TEST".parse()?,
//! #     validity: time::Validity { not_before: time(from)?, not_after: time(until)? }, subject: "C=JP,CN=TEST".parse()?,
//! #     subject_public_key_info: spki::SubjectPublicKeyInfo::from_der(key.public_key().to_public_key_der()?.as_bytes())?,
//! #     issuer_unique_id: None, subject_unique_id: None, extensions: None,
//! # };
//! # let signature = der::asn1::BitString::from_bytes(&[])?;
//! # let certificate = Certificate { tbs_certificate, signature_algorithm: algorithm, signature }.to_der()?;
//! # let signer = Signer { key: SignerKey::P256(key), certificate };
//! # let validity = Validity { signed: from, valid_from: from, valid_until: until };
//!
//! let attributes = Attributes { age_over: vec![(20, true)], full_name: Some("見本　花子".into()), ..Attributes::default() };
//! let device_key = p256::SecretKey::random(&mut OsRng);
//! let mdoc = issue(&attributes, &validity, &device_key.public_key(), &signer, 0, &mut OsRng)?;
//!
//! let wanted = [(NAMESPACE_JP, "full_name_unicode"), (NAMESPACE, "age_over_20")];
//! let request = DeviceRequest::create(DOC_TYPE, &wanted, false)?;
//! let session = Transcript::browser("WyJkY2FwaSIse31d", "https://shop.example");
//! let answer = present(&mdoc, &device_key, &request, &session, |wanted| wanted.identifier == "age_over_20")?;
//! assert_eq!(answer.released, [(NAMESPACE.into(), "age_over_20".into())]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Public and assumed
//!
//! Public are the document type, the namespaces, the elements with their types, and the root's certificate. Digests (SHA-256),
//! curves and algorithms of document signer and device, the form of dates, the lifetime and the extended key usage of a document
//! signer are not: they are `assumed`, and it is stated where they are set.
//!
//! # Untrusted input
//!
//! Requests, transcripts and responses are read in the strict form that ISO/IEC 18013-5 demands: shortest heads, definite lengths,
//! no key twice, nothing behind the end. [`MAX_BYTES`], [`MAX_DEPTH`] and [`MAX_ITEMS`] limit them.
//!
//! The crate has no clock and no randomness of its own, and opens no file. It must never encode anew what was signed, release an
//! element without consent, or show a My Number or a portrait in `Debug` or an error.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod attributes;
mod birth_date;
mod cbor;
mod certificate;
mod cose;
pub mod element;
mod error;
mod issue;
mod issuer_signed;
mod keys;
mod present;
mod request;
mod security_object;
mod transcript;
pub mod verify;

pub use attributes::{Attributes, Sex};
pub use birth_date::{BirthDate, BirthDateForm};
pub use cbor::{CborError, MAX_BYTES, MAX_DEPTH, MAX_ITEMS};
pub use ciborium::Value;
pub use element::{DOC_TYPE, NAMESPACE, NAMESPACE_JP};
pub use error::ParseError;
pub use issue::{IssueError, Signer, ValidityError, issue};
pub use issuer_signed::{IssuerSigned, Item};
pub use keys::SignerKey;
pub use present::{PresentError, Presentation, present};
pub use request::{DeviceRequest, DocRequest, ReaderAuth, Wanted};
pub use security_object::{SecurityObject, Validity};
pub use transcript::Transcript;
pub use verify::{Options, Report, Verdict, verify};
