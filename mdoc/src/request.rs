//! `DeviceRequest`: what a reader asks for.

use ciborium::Value;
use coset::CoseSign1;
use der::Decode;
use x509_cert::Certificate;

use crate::cbor::{self, Encoded};
use crate::cose;
use crate::error::{ParseError, part, read};
use crate::keys::PublicKey;
use crate::transcript::Transcript;

/// An element that a reader asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The namespace.
    pub namespace: String,
    /// The identifier within the namespace.
    pub identifier: String,
    /// Whether the reader states that it will keep the value.
    pub intent_to_retain: bool,
}

/// The request for the elements of one document type.
#[derive(Clone, Debug)]
pub struct DocRequest {
    doc_type: String,
    wanted: Vec<Wanted>,
    /// `ItemsRequestBytes`, with the tag.
    items_request: Encoded,
    reader_auth: Option<CoseSign1>,
}

/// The authentication of a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReaderAuth {
    /// The request has none.
    Absent,
    /// The signature is right. Its certificate proves a name only if a trusted authority issued it, which is not examined here.
    Valid {
        /// The subject of the certificate (RFC 4514). It can hold any characters.
        subject: String,
        /// The certificate, DER.
        certificate: Vec<u8>,
    },
    /// The signature, its certificate or its algorithm is wrong.
    Invalid,
}

/// A request for elements of one or several documents.
#[derive(Clone, Debug)]
pub struct DeviceRequest {
    bytes: Encoded,
    version: String,
    doc_requests: Vec<DocRequest>,
    /// `DeviceRequestInfoBytes`, with the tag.
    info: Option<Encoded>,
    reader_auth_all: Vec<CoseSign1>,
}

impl DocRequest {
    /// The document type.
    #[must_use]
    pub fn doc_type(&self) -> &str {
        &self.doc_type
    }

    /// The elements, in the order of the request.
    #[must_use]
    pub fn wanted(&self) -> &[Wanted] {
        &self.wanted
    }

    /// The authentication of the reader for this request, in a session.
    #[must_use]
    pub fn reader_auth(&self, transcript: &Transcript) -> ReaderAuth {
        match &self.reader_auth {
            None => ReaderAuth::Absent,
            Some(auth) => authenticate(auth, &transcript.reader_authentication(&self.items_request)),
        }
    }

    fn parse(value: &Value) -> Result<Self, ParseError> {
        let fields = part(value.as_map(), "docRequest")?;
        let content = part(cbor::get(fields, "itemsRequest").and_then(cbor::inside), "itemsRequest")?;
        let items = read(content, "itemsRequest")?;
        let items = part(items.as_map(), "itemsRequest")?;
        let doc_type = part(
            cbor::get(items, "docType").and_then(Value::as_text),
            "docType of a request",
        )?;
        let spaces = part(
            cbor::get(items, "nameSpaces").and_then(wanted),
            "nameSpaces of a request",
        )?;
        let auth = cbor::get(fields, "readerAuth").map(|auth| cose::read_sign1(auth, "readerAuth"));
        Ok(Self {
            doc_type: doc_type.to_owned(),
            wanted: spaces,
            items_request: cbor::embedded(content),
            reader_auth: auth.transpose()?,
        })
    }
}

impl DeviceRequest {
    /// Reads a request of version 1.0 or 1.1. Text keys that are not known are ignored.
    ///
    /// # Errors
    /// The bytes are not that structure in the strict form of ISO/IEC 18013-5.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        const NAME: &str = "DeviceRequest";
        let value = read(bytes, NAME)?;
        let fields = part(value.as_map(), NAME)?;
        let version = part(
            cbor::get(fields, "version").and_then(Value::as_text),
            "version of the request",
        )?;
        if !["1.0", "1.1"].contains(&version) {
            return Err(ParseError::Unsupported("the version of the request"));
        }
        let requests = cbor::get(fields, "docRequests").and_then(Value::as_array);
        let requests = part(requests.filter(|requests| !requests.is_empty()), "docRequests")?;
        let info = match cbor::get(fields, "deviceRequestInfo") {
            Some(info) => Some(cbor::embedded(part(cbor::inside(info), "deviceRequestInfo")?)),
            None => None,
        };
        let all = match cbor::get(fields, "readerAuthAll") {
            Some(all) => part(all.as_array().filter(|all| !all.is_empty()), "readerAuthAll")?,
            None => &Vec::new(),
        };
        let all = all.iter().map(|auth| cose::read_sign1(auth, "readerAuthAll"));
        Ok(Self {
            bytes: bytes.to_vec(),
            version: version.to_owned(),
            doc_requests: requests.iter().map(DocRequest::parse).collect::<Result<_, _>>()?,
            info,
            reader_auth_all: all.collect::<Result<_, _>>()?,
        })
    }

    /// An unsigned request, version 1.0, for elements of one document: pairs of namespace and identifier.
    ///
    /// # Errors
    /// No element is named, or more than a request can have.
    pub fn create(doc_type: &str, elements: &[(&str, &str)], intent_to_retain: bool) -> Result<Self, ParseError> {
        let mut spaces: Vec<(&str, Vec<(Encoded, Encoded)>)> = Vec::new();
        for (namespace, identifier) in elements {
            let entry = (cbor::text(identifier), cbor::boolean(intent_to_retain));
            match spaces.iter_mut().find(|(name, _)| name == namespace) {
                Some((_, entries)) => entries.push(entry),
                None => spaces.push((namespace, vec![entry])),
            }
        }
        let spaces = spaces
            .into_iter()
            .map(|(name, entries)| (cbor::text(name), cbor::map(entries)));
        let items = cbor::map(vec![
            (cbor::text("docType"), cbor::text(doc_type)),
            (cbor::text("nameSpaces"), cbor::map(spaces.collect())),
        ]);
        let request = cbor::map(vec![(cbor::text("itemsRequest"), cbor::embedded(&items))]);
        Self::parse(&cbor::map(vec![
            (cbor::text("version"), cbor::text("1.0")),
            (cbor::text("docRequests"), cbor::array(&[request])),
        ]))
    }

    /// The CBOR, byte for byte as received.
    #[must_use]
    pub fn to_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The version: 1.0 or 1.1.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The requests, one for each document.
    #[must_use]
    pub fn doc_requests(&self) -> &[DocRequest] {
        &self.doc_requests
    }

    /// The authentications of readers for all requests together (`readerAuthAll`), in a session.
    #[must_use]
    pub fn reader_auth_all(&self, transcript: &Transcript) -> Vec<ReaderAuth> {
        let requests: Vec<Encoded> = self.doc_requests.iter().map(|one| one.items_request.clone()).collect();
        let data = transcript.reader_authentication_all(&requests, self.info.as_deref());
        let all = self.reader_auth_all.iter();
        all.map(|auth| authenticate(auth, &data)).collect()
    }
}

/// Namespaces and elements, neither of them without content.
fn wanted(spaces: &Value) -> Option<Vec<Wanted>> {
    let spaces = spaces.as_map().filter(|spaces| !spaces.is_empty())?;
    let mut all = Vec::new();
    for (namespace, elements) in spaces {
        for (identifier, retain) in elements.as_map().filter(|elements| !elements.is_empty())? {
            all.push(Wanted {
                namespace: namespace.as_text()?.to_owned(),
                identifier: identifier.as_text()?.to_owned(),
                intent_to_retain: retain.as_bool()?,
            });
        }
    }
    Some(all)
}

fn authenticate(auth: &CoseSign1, data: &[u8]) -> ReaderAuth {
    let first = cose::certificates(auth).ok().and_then(|all| all.into_iter().next());
    let read = first.and_then(|der| Some((Certificate::from_der(&der).ok()?.tbs_certificate, der)));
    let Some((certificate, der)) = read else {
        return ReaderAuth::Invalid;
    };
    let key = PublicKey::of(&certificate.subject_public_key_info);
    match key.is_some_and(|key| cose::verifies(auth, Some(data), &key)) {
        true => ReaderAuth::Valid {
            subject: certificate.subject.to_string(),
            certificate: der,
        },
        false => ReaderAuth::Invalid,
    }
}
