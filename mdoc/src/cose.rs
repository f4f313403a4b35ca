//! COSE_Sign1 (RFC 9052) as an mdoc uses it: untagged, one certificate in `x5chain`, the algorithm protected.

use ciborium::Value;
use coset::iana::EnumI64;
use coset::{AsCborValue, CborSerializable, CoseSign1, CoseSign1Builder, HeaderBuilder, Label, iana};

use crate::ParseError;
use crate::cbor::{self, Encoded};
use crate::error::part;
use crate::keys::{PublicKey, SignerKey};

/// The label of `x5chain` (RFC 9360).
const X5CHAIN: i64 = 33;

/// Reads an untagged COSE_Sign1. Both headers are in the strict form, and no header is critical.
pub(crate) fn read_sign1(value: &Value, name: &'static str) -> Result<CoseSign1, ParseError> {
    let protected = value.as_array().and_then(|parts| parts.first()?.as_bytes());
    let protected = part(protected, name)?;
    if !protected.is_empty() {
        cbor::check(protected).map_err(|error| ParseError::Cbor(name, error))?;
    }
    let sign1 = CoseSign1::from_cbor_value(value.clone()).map_err(|_| ParseError::Part(name))?;
    match sign1.protected.header.crit.is_empty() && sign1.unprotected.crit.is_empty() {
        true => Ok(sign1),
        false => Err(ParseError::Unsupported("a critical header of COSE")),
    }
}

/// The certificates in `x5chain`, which may stand in either header.
pub(crate) fn certificates(sign1: &CoseSign1) -> Result<Vec<Vec<u8>>, ParseError> {
    let headers = [&sign1.unprotected, &sign1.protected.header];
    let stated = headers.iter().flat_map(|header| &header.rest);
    let mut chains = stated.filter(|(label, _)| *label == Label::Int(X5CHAIN));
    let chain = match (chains.next(), chains.next()) {
        (Some((_, chain)), None) => chain,
        _ => return Err(ParseError::Part("x5chain")),
    };
    let one = |value: &Value| value.as_bytes().cloned();
    let all = match chain {
        Value::Array(all) if !all.is_empty() => all.iter().map(one).collect(),
        single => one(single).map(|single| vec![single]),
    };
    part(all, "x5chain")
}

/// The algorithm in the protected header fits the key and the signature is right. `detached` is the payload of a COSE_Sign1
/// that has none itself; its own payload counts without.
pub(crate) fn verifies(sign1: &CoseSign1, detached: Option<&[u8]>, key: &PublicKey) -> bool {
    let payload = match (&sign1.payload, detached) {
        (Some(payload), None) => payload,
        (None, Some(detached)) => detached,
        _ => return false,
    };
    let data = coset::sig_structure_data(
        coset::SignatureContext::CoseSign1,
        sign1.protected.clone(),
        None,
        b"",
        payload,
    );
    sign1.protected.header.alg.as_ref() == Some(&key.algorithm()) && key.verifies(&data, &sign1.signature)
}

/// Signs `payload`. It is left out of the result if it is `detached`; `certificate` is for the unprotected header.
pub(crate) fn sign1(
    key: &SignerKey,
    payload: Vec<u8>,
    detached: bool,
    certificate: Option<&[u8]>,
) -> Result<Encoded, coset::CoseError> {
    let algorithm = match key {
        SignerKey::P256(_) => iana::Algorithm::ES256,
        SignerKey::P384(_) => iana::Algorithm::ES384,
    };
    let mut unprotected = HeaderBuilder::new();
    if let Some(certificate) = certificate {
        unprotected = unprotected.value(X5CHAIN, Value::Bytes(certificate.to_vec()));
    }
    let builder = CoseSign1Builder::new()
        .protected(HeaderBuilder::new().algorithm(algorithm).build())
        .unprotected(unprotected.build());
    let sign1 = match detached {
        true => builder.create_detached_signature(&payload, b"", |data| key.sign(data)),
        false => builder.payload(payload).create_signature(b"", |data| key.sign(data)),
    };
    sign1.build().to_vec()
}

/// A COSE_Key of a P-256 key, its keys in the order of their bytes.
pub(crate) fn key(key: &p256::PublicKey) -> Encoded {
    use p256::elliptic_curve::sec1::ToEncodedPoint;
    let point = key.to_encoded_point(false);
    let coordinate = |bytes: Option<&p256::FieldBytes>| cbor::bytes(bytes.map_or(&[][..], |bytes| &bytes[..]));
    // 1: key type 2 (EC2); -1: curve 1 (P-256); -2 and -3: x and y. A negative label n is encoded as -1 - n.
    cbor::map(vec![
        (cbor::unsigned(1), cbor::unsigned(2)),
        (cbor::negative(0), cbor::unsigned(1)),
        (cbor::negative(1), coordinate(point.x())),
        (cbor::negative(2), coordinate(point.y())),
    ])
}

/// The P-256 key of a COSE_Key.
pub(crate) fn read_key(value: &Value, name: &'static str) -> Result<p256::PublicKey, ParseError> {
    let key = coset::CoseKey::from_cbor_value(value.clone()).map_err(|_| ParseError::Part(name))?;
    let curve = Value::from(iana::EllipticCurve::P_256.to_i64());
    let label = Label::Int(iana::Ec2KeyParameter::Crv.to_i64());
    let is_p256 = key
        .params
        .iter()
        .any(|(stated, value)| *stated == label && *value == curve);
    let point = key
        .to_sec1_octet_string()
        .ok()
        .and_then(|point| p256::PublicKey::from_sec1_bytes(&point).ok());
    match point {
        Some(point) if is_p256 => Ok(point),
        _ => Err(ParseError::Unsupported(name)),
    }
}
