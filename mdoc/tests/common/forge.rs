//! Changes a response and, where a test wants it, signs it again: with ciborium and coset, not with the code under test.

use ciborium::Value;
use coset::{CborSerializable, CoseSign1, CoseSign1Builder, HeaderBuilder, iana};
use p256::ecdsa::signature::Signer as _;
use sha2::{Digest, Sha256};
use vmyna_mdoc::{Signer, SignerKey, Transcript};

pub fn decode(bytes: &[u8]) -> Value {
    ciborium::from_reader(bytes).unwrap()
}

pub fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

/// The value of a text key of a map.
pub fn at<'a>(value: &'a mut Value, key: &str) -> &'a mut Value {
    let mut fields = value.as_map_mut().unwrap().iter_mut();
    let found = fields.find(|(known, _)| known.as_text() == Some(key));
    &mut found.unwrap().1
}

/// Replaces or adds the value of a text key.
pub fn put(value: &mut Value, key: &str, new: Value) {
    remove(value, key);
    value.as_map_mut().unwrap().push((key.into(), new));
}

/// Removes a text key.
pub fn remove(value: &mut Value, key: &str) {
    value
        .as_map_mut()
        .unwrap()
        .retain(|(known, _)| known.as_text() != Some(key));
}

/// CBOR in a byte string with tag 24.
pub fn embedded(value: &Value) -> Value {
    Value::Tag(24, Box::new(Value::Bytes(encode(value))))
}

/// The CBOR in a byte string with tag 24.
pub fn inside(value: &Value) -> Value {
    match value {
        Value::Tag(24, inner) => decode(inner.as_bytes().unwrap()),
        _ => panic!("not tag 24"),
    }
}

/// The first document of a response.
pub fn document(response: &mut Value) -> &mut Value {
    &mut at(response, "documents").as_array_mut().unwrap()[0]
}

/// Changes a response.
pub fn changed(response: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut value = decode(response);
    change(&mut value);
    encode(&value)
}

/// Changes the first document.
pub fn with_document(response: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    changed(response, |value| change(document(value)))
}

/// Changes the issuer's COSE_Sign1.
pub fn with_auth(response: &[u8], change: impl FnOnce(&mut CoseSign1)) -> Vec<u8> {
    with_document(response, |document| {
        let auth = at(at(document, "issuerSigned"), "issuerAuth");
        let mut sign1 = CoseSign1::from_slice(&encode(auth)).unwrap();
        change(&mut sign1);
        *auth = decode(&sign1.to_vec().unwrap());
    })
}

pub fn signature(key: &SignerKey, data: &[u8]) -> Vec<u8> {
    match key {
        SignerKey::P256(key) => {
            let signature: p256::ecdsa::Signature = p256::ecdsa::SigningKey::from(key).sign(data);
            signature.to_vec()
        }
        SignerKey::P384(key) => {
            let signature: p384::ecdsa::Signature = p384::ecdsa::SigningKey::from(key).sign(data);
            signature.to_vec()
        }
        _ => unreachable!(),
    }
}

/// Changes the security object and signs it again.
pub fn with_object(response: &[u8], signer: &Signer, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    with_auth(response, |auth| {
        let mut object = inside(&decode(auth.payload.as_ref().unwrap()));
        change(&mut object);
        auth.payload = Some(encode(&embedded(&object)));
        auth.signature = signature(&signer.key, &auth.tbs_data(b""));
    })
}

/// Changes an element. With a document signer, its digest is made right again.
pub fn with_item(
    response: &[u8],
    (namespace, identifier): (&str, &str),
    signer: Option<&Signer>,
    change: impl FnOnce(&mut Value),
) -> Vec<u8> {
    let mut new = None;
    let response = with_document(response, |document| {
        let items = at(at(at(document, "issuerSigned"), "nameSpaces"), namespace);
        let mut items = items.as_array_mut().unwrap().iter_mut();
        let item = items.find(|item| at(&mut inside(item), "elementIdentifier").as_text() == Some(identifier));
        let item = item.unwrap();
        let mut content = inside(item);
        change(&mut content);
        *item = embedded(&content);
        new = Some((at(&mut content, "digestID").clone(), encode(item)));
    });
    let (Some(signer), Some((id, item))) = (signer, new) else {
        return response;
    };
    with_object(&response, signer, |object| {
        let digests = at(at(object, "valueDigests"), namespace).as_map_mut().unwrap();
        digests.retain(|(known, _)| *known != id);
        digests.push((id, Value::Bytes(Sha256::digest(&item).to_vec())));
    })
}

/// Signs the first document as a device.
pub fn with_device(response: &[u8], spaces: &Value, transcript: &Transcript, key: &SignerKey) -> Vec<u8> {
    with_document(response, |document| {
        let data = encode(&embedded(&Value::Array(vec![
            "DeviceAuthentication".into(),
            decode(transcript.to_bytes()),
            at(document, "docType").clone(),
            embedded(spaces),
        ])));
        let algorithm = match key {
            SignerKey::P256(_) => iana::Algorithm::ES256,
            _ => iana::Algorithm::ES384,
        };
        let sign1 = CoseSign1Builder::new()
            .protected(HeaderBuilder::new().algorithm(algorithm).build())
            .create_detached_signature(&data, b"", |data| signature(key, data))
            .build();
        let device = at(document, "deviceSigned");
        *at(device, "nameSpaces") = embedded(spaces);
        *at(at(device, "deviceAuth"), "deviceSignature") = decode(&sign1.to_vec().unwrap());
    })
}
