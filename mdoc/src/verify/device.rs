//! The device's proof that the mdoc was presented in this session: a signature or a MAC over the session transcript.

use ciborium::Value;
use coset::{Algorithm, AsCborValue, CoseMac0, MacContext, iana};
use hmac::{Hmac, Mac};
use p256::ecdh::diffie_hellman;
use sha2::{Digest, Sha256};
use vmyna_apdu::text;

use super::Document;
use super::report::{Report, Verdict};
use crate::error::{ParseError, part, read};
use crate::keys::PublicKey;
use crate::present::NOTHING;
use crate::transcript::Transcript;
use crate::{cbor, cose};

const ID: &str = "device.authentication";

pub(super) fn verify(
    document: &Document,
    transcript: &Transcript,
    reader_key: Option<&p256::SecretKey>,
    report: &mut Report,
) {
    let found = parts(&document.device_signed);
    let (spaces, auth) = match found {
        Ok(found) => found,
        Err(error) => {
            report.failed(
                ID,
                text!(
                    "DeviceSigned is malformed: {error}",
                    "DeviceSignedの形式が不正です: {error}"
                ),
            );
            return;
        }
    };
    match spaces == NOTHING {
        true => report.passed("device.elements", text!("none of its own", "機器自身の要素なし")),
        // Japan's issuer authorises none, as far as is known (`assumed`), so that what a device states of itself proves nothing.
        false => report.failed(
            "device.elements",
            text!(
                "the device states elements of its own",
                "機器が自身で要素を述べています"
            ),
        ),
    }
    let data = transcript.device_authentication(&document.doc_type, spaces);
    let object = document.issuer_signed.security_object();
    let (verdict, reason) = match auth {
        Auth::Signature(sign1) => match cose::read_sign1(sign1, "deviceSignature") {
            Ok(sign1) if cose::verifies(&sign1, Some(&data), &PublicKey::P256(object.device_key.into())) => (
                Verdict::Passed,
                text!("deviceSignature of this session", "このセッションのdeviceSignature"),
            ),
            Ok(_) => (
                Verdict::Failed,
                text!(
                    "deviceSignature is not by the device key over this session's transcript",
                    "deviceSignatureが、機器の鍵によるこのセッションのものではありません"
                ),
            ),
            Err(error) => (Verdict::Failed, text!("{error}", "{error}")),
        },
        Auth::Mac(mac) => match reader_key {
            None => (
                Verdict::NotDone,
                text!(
                    "deviceMac can only be verified with the reader's key of the session",
                    "deviceMacの検証には、このセッションのリーダーの鍵が必要です"
                ),
            ),
            Some(key) if has_tag(mac, &data, key, &object.device_key, transcript) => (
                Verdict::Passed,
                text!("deviceMac of this session", "このセッションのdeviceMac"),
            ),
            Some(_) => (
                Verdict::Failed,
                text!(
                    "deviceMac is not by the keys and the transcript of this session",
                    "deviceMacが、このセッションの鍵と内容によるものではありません"
                ),
            ),
        },
    };
    report.add(ID, verdict, reason);
}

enum Auth<'a> {
    Signature(&'a Value),
    Mac(&'a Value),
}

/// `DeviceNameSpaces` and the one authentication.
fn parts(signed: &Value) -> Result<(&[u8], Auth<'_>), ParseError> {
    let fields = part(signed.as_map(), "deviceSigned")?;
    let spaces = part(
        cbor::get(fields, "nameSpaces").and_then(cbor::inside),
        "nameSpaces of the device",
    )?;
    let value = read(spaces, "nameSpaces of the device")?;
    part(value.as_map(), "nameSpaces of the device")?;
    let auth = part(cbor::get(fields, "deviceAuth").and_then(Value::as_map), "deviceAuth")?;
    match (cbor::get(auth, "deviceSignature"), cbor::get(auth, "deviceMac")) {
        (Some(signature), None) => Ok((spaces, Auth::Signature(signature))),
        (None, Some(mac)) => Ok((spaces, Auth::Mac(mac))),
        _ => Err(ParseError::Part("the one deviceSignature or deviceMac")),
    }
}

/// Whether the value is a COSE_Mac0 (HMAC 256/256) with the right tag over the detached payload.
fn has_tag(
    value: &Value,
    data: &[u8],
    reader: &p256::SecretKey,
    device: &p256::PublicKey,
    transcript: &Transcript,
) -> bool {
    let Ok(mac0) = CoseMac0::from_cbor_value(value.clone()) else {
        return false;
    };
    let algorithm = Algorithm::Assigned(iana::Algorithm::HMAC_256_256);
    let headers = [&mac0.protected.header, &mac0.unprotected];
    if mac0.protected.header.alg != Some(algorithm)
        || mac0.payload.is_some()
        || headers.iter().any(|header| !header.crit.is_empty())
    {
        return false;
    }
    let shared = diffie_hellman(reader.to_nonzero_scalar(), device.as_affine());
    let salt = Sha256::digest(transcript.to_tagged_bytes());
    let mut key = [0; 32];
    let expanded = shared.extract::<Sha256>(Some(&salt)).expand(b"EMacKey", &mut key);
    let data = coset::mac_structure_data(MacContext::CoseMac0, mac0.protected.clone(), b"", data);
    let tag = Hmac::<Sha256>::new_from_slice(&key).map(|mac| mac.chain_update(&data).verify_slice(&mac0.tag));
    zeroize::Zeroize::zeroize(&mut key);
    expanded.is_ok() && matches!(tag, Ok(Ok(())))
}
