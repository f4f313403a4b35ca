//! `IssuerSigned`: the elements and the signature of the issuer, kept as the bytes that were signed.

use std::fmt;

use ciborium::Value;
use coset::CoseSign1;

use crate::cbor::{self, Encoded};
use crate::error::{ParseError, part, read};
use crate::{SecurityObject, cose};

/// One element as the issuer made it. `Debug` does not show its value.
#[derive(Clone, PartialEq)]
pub struct Item {
    pub(crate) namespace: String,
    pub(crate) identifier: String,
    pub(crate) digest_id: u64,
    pub(crate) random_length: usize,
    pub(crate) value: Value,
    /// `IssuerSignedItemBytes`: tag, head of the length, and content. The digest is over all of it.
    pub(crate) bytes: Encoded,
}

impl Item {
    /// The namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The identifier within the namespace.
    #[must_use]
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// The value.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// The number of its digest within the namespace.
    #[must_use]
    pub const fn digest_id(&self) -> u64 {
        self.digest_id
    }

    /// Reads the content of `IssuerSignedItemBytes`.
    fn parse(namespace: &str, content: &[u8]) -> Result<Self, ParseError> {
        const NAME: &str = "IssuerSignedItem";
        let value = read(content, NAME)?;
        let fields = part(value.as_map(), NAME)?;
        let random = cbor::get(fields, "random").and_then(Value::as_bytes);
        let identifier = cbor::get(fields, "elementIdentifier").and_then(Value::as_text);
        Ok(Self {
            namespace: namespace.to_owned(),
            identifier: part(identifier, "elementIdentifier")?.to_owned(),
            digest_id: part(cbor::get(fields, "digestID").and_then(cbor::number), "digestID")?,
            random_length: part(random, "random")?.len(),
            value: part(cbor::get(fields, "elementValue"), "elementValue")?.clone(),
            // The strict form has one head for each length, so that these are the received bytes.
            bytes: cbor::embedded(content),
        })
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item")
            .field("namespace", &self.namespace)
            .field("identifier", &self.identifier)
            .field("digest_id", &self.digest_id)
            .finish_non_exhaustive()
    }
}

/// An mdoc as its issuer made it, or the part of it that was presented.
///
/// Reading it verifies no signature and no digest. `Debug` shows no value.
#[derive(Clone)]
pub struct IssuerSigned {
    bytes: Encoded,
    items: Vec<Item>,
    issuer_auth: CoseSign1,
    certificates: Vec<Vec<u8>>,
    security_object: SecurityObject,
}

impl IssuerSigned {
    /// Reads CBOR: a map of `nameSpaces`, which may be missing, and `issuerAuth`.
    ///
    /// # Errors
    /// The bytes are not that structure in the strict form of ISO/IEC 18013-5.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        const NAME: &str = "IssuerSigned";
        let value = read(bytes, NAME)?;
        let fields = part(value.as_map(), NAME)?;
        let items = match cbor::get(fields, "nameSpaces") {
            Some(spaces) => items(spaces)?,
            None => Vec::new(),
        };
        let auth = part(cbor::get(fields, "issuerAuth"), "issuerAuth")?;
        let issuer_auth = cose::read_sign1(auth, "issuerAuth")?;
        let payload = part(issuer_auth.payload.as_deref(), "payload of issuerAuth")?;
        let payload = read(payload, "payload of issuerAuth")?;
        let content = part(cbor::inside(&payload), "payload of issuerAuth")?;
        Ok(Self {
            bytes: bytes.to_vec(),
            items,
            certificates: cose::certificates(&issuer_auth)?,
            security_object: SecurityObject::parse(content)?,
            issuer_auth,
        })
    }

    /// The CBOR, byte for byte as it was issued or received.
    #[must_use]
    pub fn to_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The elements, in their order.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// What the issuer has signed.
    #[must_use]
    pub const fn security_object(&self) -> &SecurityObject {
        &self.security_object
    }

    /// The document signer's certificate, DER. It is as the sender wrote it, so that nothing follows from it alone.
    #[must_use]
    pub fn signer_certificate(&self) -> &[u8] {
        self.certificates.first().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    pub(crate) const fn issuer_auth(&self) -> &CoseSign1 {
        &self.issuer_auth
    }

    /// The bytes of `issuerAuth`.
    pub(crate) fn issuer_auth_bytes(&self) -> &[u8] {
        cbor::entry(&self.bytes, "issuerAuth").unwrap_or_default()
    }

    /// The CBOR with some of the elements.
    pub(crate) fn encode(items: &[&Item], issuer_auth: &[u8]) -> Encoded {
        let mut spaces: Vec<(&str, Vec<Encoded>)> = Vec::new();
        for item in items {
            match spaces.iter_mut().find(|(name, _)| *name == item.namespace) {
                Some((_, items)) => items.push(item.bytes.clone()),
                None => spaces.push((&item.namespace, vec![item.bytes.clone()])),
            }
        }
        let spaces: Vec<_> = spaces
            .iter()
            .map(|(name, items)| (cbor::text(name), cbor::array(items)))
            .collect();
        let mut fields = vec![(cbor::text("issuerAuth"), issuer_auth.to_vec())];
        if !spaces.is_empty() {
            fields.push((cbor::text("nameSpaces"), cbor::map(spaces)));
        }
        cbor::map(fields)
    }
}

impl fmt::Debug for IssuerSigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerSigned")
            .field("items", &self.items)
            .field("security_object", &self.security_object)
            .finish_non_exhaustive()
    }
}

/// The elements of all namespaces. Neither the map nor a namespace is empty, and no element of a namespace is repeated.
fn items(spaces: &Value) -> Result<Vec<Item>, ParseError> {
    const NAME: &str = "nameSpaces";
    let spaces = part(spaces.as_map().filter(|spaces| !spaces.is_empty()), NAME)?;
    let mut all: Vec<Item> = Vec::new();
    let mut names = std::collections::HashSet::new();
    for (name, items) in spaces {
        let name = part(name.as_text(), NAME)?;
        let items = part(items.as_array().filter(|items| !items.is_empty()), NAME)?;
        for item in items {
            let item = Item::parse(name, part(cbor::inside(item), "IssuerSignedItemBytes")?)?;
            if !names.insert((name, item.identifier.clone())) {
                return Err(ParseError::Repeated("an element of a namespace"));
            }
            all.push(item);
        }
    }
    Ok(all)
}
