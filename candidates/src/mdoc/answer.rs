//! A phone's answer that can be changed: each change signs again what it is asked to, and nothing else.

use ciborium::Value;
use coset::{AsCborValue, CoseSign1, CoseSign1Builder, HeaderBuilder, iana};
use sha2::{Digest, Sha256};
use vmyna_mdoc::{SignerKey, Transcript};

use crate::MakeError;

/// Namespace and identifier of an element.
pub(super) type Name = (&'static str, &'static str);

const FORM: MakeError = MakeError::Form("an mdoc has the form in which it was issued");

/// A `DeviceResponse`.
#[derive(Clone)]
pub(super) struct Answer(pub(super) Value);

impl Answer {
    /// Takes CBOR up.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, MakeError> {
        decode(bytes).map(Self)
    }

    /// The CBOR. Maps keep their order.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, MakeError> {
        encode(&self.0)
    }

    /// The one document.
    pub(super) fn document(&mut self) -> Result<&mut Value, MakeError> {
        let all = at(&mut self.0, "documents")?.as_array_mut().ok_or(FORM)?;
        all.first_mut().ok_or(FORM)
    }

    /// The released elements of a namespace, each in its byte string.
    pub(super) fn items(&mut self, namespace: &str) -> Result<&mut Vec<Value>, MakeError> {
        let spaces = at(at(self.document()?, "issuerSigned")?, "nameSpaces")?;
        at(spaces, namespace)?.as_array_mut().ok_or(FORM)
    }

    /// Takes an element out.
    pub(super) fn take(&mut self, (namespace, identifier): Name) -> Result<Value, MakeError> {
        let items = self.items(namespace)?;
        let place = items.iter().position(|item| is_named(item, identifier)).ok_or(FORM)?;
        Ok(items.remove(place))
    }

    /// Changes an element. The digest stays.
    pub(super) fn change_item(
        &mut self,
        (namespace, identifier): Name,
        change: impl FnOnce(&mut Value) -> Result<(), MakeError>,
    ) -> Result<(), MakeError> {
        let items = self.items(namespace)?;
        let item = items.iter_mut().find(|item| is_named(item, identifier)).ok_or(FORM)?;
        let mut content = inside(item)?;
        change(&mut content)?;
        *item = embedded(&content)?;
        Ok(())
    }

    /// Replaces the value of an element. The digest stays.
    pub(super) fn set_value(&mut self, name: Name, value: Value) -> Result<(), MakeError> {
        self.change_item(name, |item| put(item, "elementValue", value))
    }

    /// Changes the issuer's COSE_Sign1. The signature stays.
    pub(super) fn change_auth(
        &mut self,
        change: impl FnOnce(&mut CoseSign1) -> Result<(), MakeError>,
    ) -> Result<(), MakeError> {
        let auth = at(at(self.document()?, "issuerSigned")?, "issuerAuth")?;
        let mut sign1 = CoseSign1::from_cbor_value(auth.clone()).map_err(|_| FORM)?;
        change(&mut sign1)?;
        *auth = sign1.to_cbor_value().map_err(|_| FORM)?;
        Ok(())
    }

    /// Changes what the issuer has signed, and signs it again if a key is given.
    pub(super) fn change_object(
        &mut self,
        key: Option<&SignerKey>,
        change: impl FnOnce(&mut Value) -> Result<(), MakeError>,
    ) -> Result<(), MakeError> {
        self.change_auth(|auth| {
            let mut object = inside(&decode(auth.payload.as_ref().ok_or(FORM)?)?)?;
            change(&mut object)?;
            auth.payload = Some(encode(&embedded(&object)?)?);
            if let Some(key) = key {
                auth.signature = key.sign(&auth.tbs_data(b""));
            }
            Ok(())
        })
    }

    /// Makes the digest of an element right, and signs the object again.
    pub(super) fn digest(&mut self, key: &SignerKey, (namespace, identifier): Name) -> Result<(), MakeError> {
        let items = self.items(namespace)?;
        let item = items.iter().find(|item| is_named(item, identifier)).ok_or(FORM)?;
        let (digest, mut content) = (Sha256::digest(encode(item)?), inside(item)?);
        let id = at(&mut content, "digestID")?.clone();
        self.set_digest(key, namespace, id, digest.to_vec())
    }

    /// Replaces or adds a digest, and signs the object again.
    pub(super) fn set_digest(
        &mut self,
        key: &SignerKey,
        namespace: &str,
        id: Value,
        digest: Vec<u8>,
    ) -> Result<(), MakeError> {
        self.change_object(Some(key), |object| {
            let digests = at(at(object, "valueDigests")?, namespace)?;
            let digests = digests.as_map_mut().ok_or(FORM)?;
            digests.retain(|(known, _)| *known != id);
            digests.push((id, Value::Bytes(digest)));
            Ok(())
        })
    }

    /// Signs the document as a device, with these elements of its own.
    pub(super) fn sign_device(
        &mut self,
        spaces: &Value,
        transcript: &Transcript,
        key: &p256::SecretKey,
    ) -> Result<(), MakeError> {
        let document = self.document()?;
        let data = encode(&embedded(&Value::Array(vec![
            "DeviceAuthentication".into(),
            decode(transcript.to_bytes())?,
            at(document, "docType")?.clone(),
            embedded(spaces)?,
        ]))?)?;
        let key = SignerKey::P256(key.clone());
        let sign1 = CoseSign1Builder::new()
            .protected(HeaderBuilder::new().algorithm(iana::Algorithm::ES256).build())
            .create_detached_signature(&data, b"", |data| key.sign(data))
            .build();
        let device = at(document, "deviceSigned")?;
        put(device, "nameSpaces", embedded(spaces)?)?;
        let sign1 = sign1.to_cbor_value().map_err(|_| FORM)?;
        put(at(device, "deviceAuth")?, "deviceSignature", sign1)
    }
}

pub(super) fn decode(bytes: &[u8]) -> Result<Value, MakeError> {
    ciborium::from_reader(bytes).map_err(|_| FORM)
}

pub(super) fn encode(value: &Value) -> Result<Vec<u8>, MakeError> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).map_err(|_| FORM)?;
    Ok(bytes)
}

/// The value of a text key of a map.
pub(super) fn at<'a>(value: &'a mut Value, key: &str) -> Result<&'a mut Value, MakeError> {
    let fields = value.as_map_mut().ok_or(FORM)?;
    let found = fields.iter_mut().find(|(known, _)| known.as_text() == Some(key));
    found.map(|(_, value)| value).ok_or(FORM)
}

/// Replaces the value of a text key in its place, or adds it at the end.
pub(super) fn put(value: &mut Value, key: &str, new: Value) -> Result<(), MakeError> {
    let fields = value.as_map_mut().ok_or(FORM)?;
    match fields.iter_mut().find(|(known, _)| known.as_text() == Some(key)) {
        Some((_, value)) => *value = new,
        None => fields.push((key.into(), new)),
    }
    Ok(())
}

/// Removes a text key.
pub(super) fn remove(value: &mut Value, key: &str) -> Result<(), MakeError> {
    let fields = value.as_map_mut().ok_or(FORM)?;
    fields.retain(|(known, _)| known.as_text() != Some(key));
    Ok(())
}

/// CBOR in a byte string with tag 24.
pub(super) fn embedded(value: &Value) -> Result<Value, MakeError> {
    Ok(Value::Tag(24, Box::new(Value::Bytes(encode(value)?))))
}

/// The CBOR in a byte string with tag 24.
pub(super) fn inside(value: &Value) -> Result<Value, MakeError> {
    match value {
        Value::Tag(24, inner) => decode(inner.as_bytes().ok_or(FORM)?),
        _ => Err(FORM),
    }
}

/// Whether this is the element with the identifier, in its byte string.
fn is_named(item: &Value, identifier: &str) -> bool {
    let content = inside(item);
    content.is_ok_and(|mut content| {
        at(&mut content, "elementIdentifier").is_ok_and(|name| name.as_text() == Some(identifier))
    })
}
