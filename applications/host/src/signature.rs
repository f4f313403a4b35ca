//! Signatures and certificates, by OpenSSL.

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{HasPublic, PKey, PKeyRef, Private, Public};
use openssl::sign::{Signer, Verifier};
use openssl::x509::X509;

use crate::{HostError, tlv};

/// A certificate in PEM or DER.
///
/// # Errors
/// [`HostError::Crypto`] with `what`.
pub fn certificate(what: &'static str, bytes: &[u8]) -> Result<X509, HostError> {
    match bytes.starts_with(b"-----") {
        true => X509::from_pem(bytes),
        false => X509::from_der(bytes),
    }
    .map_err(HostError::crypto(what))
}

/// A private key in PEM.
///
/// # Errors
/// [`HostError::Crypto`] with `what`.
pub fn private_key(what: &'static str, pem: &[u8]) -> Result<PKey<Private>, HostError> {
    PKey::private_key_from_pem(pem).map_err(HostError::crypto(what))
}

/// The hash of a key's signatures: SHA-384 for P-384, otherwise SHA-256.
#[must_use]
pub fn digest_of<K: HasPublic>(key: &PKeyRef<K>) -> MessageDigest {
    match key.bits() {
        384 => MessageDigest::sha384(),
        _ => MessageDigest::sha256(),
    }
}

/// Whether the signature (RSA with PKCS#1 v1.5, or ECDSA in DER) is that of the key over the message.
///
/// # Errors
/// [`HostError::NotGenuine`] with `claim` if it is not; [`HostError::Crypto`] if the key can't verify.
pub fn verify<K: HasPublic>(
    claim: &'static str,
    key: &PKeyRef<K>,
    digest: MessageDigest,
    signature: &[u8],
    message: &[u8],
) -> Result<(), HostError> {
    let mut verifier = Verifier::new(digest, key).map_err(HostError::crypto(claim))?;
    // An error here means that the signature has no valid form.
    match verifier.verify_oneshot(signature, message) {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(HostError::NotGenuine(claim)),
    }
}

/// Signs a message: ECDSA in DER, or RSA with PKCS#1 v1.5.
///
/// # Errors
/// [`HostError::Crypto`]
pub fn sign(key: &PKeyRef<Private>, message: &[u8]) -> Result<Vec<u8>, HostError> {
    let fault = HostError::crypto("to sign with the terminal's key");
    let mut signer = Signer::new(digest_of(key), key).map_err(&fault)?;
    signer.sign_oneshot_to_vec(message).map_err(&fault)
}

/// An ECDSA signature `r || s` in DER.
///
/// # Errors
/// [`HostError::Malformed`] for an odd length.
pub fn raw_to_der(raw: &[u8]) -> Result<Vec<u8>, HostError> {
    let half = raw.len() / 2;
    if !raw.len().is_multiple_of(2) || half == 0 {
        return Err(HostError::Malformed {
            what: "the signature",
            fault: "r and s have not the same length",
        });
    }
    let fault = HostError::crypto("the signature");
    let (r, s) = raw.split_at(half);
    let number = |bytes: &[u8]| BigNum::from_slice(bytes).map_err(&fault);
    let signature = EcdsaSig::from_private_components(number(r)?, number(s)?).map_err(&fault)?;
    signature.to_der().map_err(&fault)
}

/// Checks that a certificate is signed by an authority's key, and valid now. It does not ask whether it is revoked.
///
/// # Errors
/// [`HostError::NotGenuine`]
pub fn check_issued(certificate: &X509, authority: &X509) -> Result<(), HostError> {
    let fault = HostError::crypto("the certificate");
    let key = authority.public_key().map_err(&fault)?;
    if !certificate.verify(&key).unwrap_or(false) {
        return Err(HostError::NotGenuine("the certificate is not of this authority"));
    }
    let now = Asn1Time::days_from_now(0).map_err(&fault)?;
    if certificate.not_before() > now.as_ref() || certificate.not_after() < now.as_ref() {
        return Err(HostError::NotGenuine("the certificate is not valid today"));
    }
    Ok(())
}

/// The key in the answer of GENERATE ASYMMETRIC KEY PAIR: `7F49 { 86 04||x||y }`, a point of P-256 or P-384.
///
/// # Errors
/// [`HostError::Malformed`], [`HostError::Crypto`]
pub fn generated_key(answer: &[u8]) -> Result<PKey<Public>, HostError> {
    const WHAT: &str = "the public key of the card";
    let template = tlv::read(WHAT, answer)?;
    let inner = tlv::read(WHAT, tlv::value(WHAT, &template, 0x7F49)?)?;
    let point = tlv::value(WHAT, &inner, 0x86)?;
    let curve = match point.len() {
        65 => Nid::X9_62_PRIME256V1,
        97 => Nid::SECP384R1,
        _ => {
            return Err(HostError::Malformed {
                what: WHAT,
                fault: "not a point of P-256 or P-384",
            });
        }
    };
    let fault = HostError::crypto(WHAT);
    let group = EcGroup::from_curve_name(curve).map_err(&fault)?;
    let mut context = openssl::bn::BigNumContext::new().map_err(&fault)?;
    let point = EcPoint::from_bytes(&group, point, &mut context).map_err(&fault)?;
    let key = EcKey::from_public_key(&group, &point).map_err(&fault)?;
    PKey::from_ec_key(key).map_err(&fault)
}
