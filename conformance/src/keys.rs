//! Keys and certificates as the card's files hold them, and signatures by them.

use der::Decode;
use der::asn1::BitStringRef;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, RsaPublicKey};
use x509_cert::Certificate;

use crate::pattern::{is_filler, read_tlv};
use vmyna_apdu::{Text, text};

/// DigestInfo of PKCS#1 with SHA-256 around `value`, which the card's own data make longer than a digest.
pub(crate) fn digest_info(value: &[u8]) -> Vec<u8> {
    let length = value.len() as u8;
    let head = [
        0x30,
        length + 17,
        0x30,
        0x0D,
        0x06,
        0x09,
        0x60,
        0x86,
        0x48,
        0x01,
        0x65,
        0x03,
        0x04,
        0x02,
        0x01,
        0x05,
        0x00,
        0x04,
        length,
    ];
    [&head[..], value].concat()
}

/// Whether a signature opens to type 1 padding around exactly `content`.
pub(crate) fn opens_to(key: &RsaPublicKey, signature: &[u8], content: &[u8]) -> bool {
    let size = key.size();
    let Some(padding) = size.checked_sub(content.len() + 3).filter(|padding| *padding >= 8) else {
        return false;
    };
    let expected = [&[0, 1][..], &vec![0xFF; padding], &[0], content].concat();
    let opened = BigUint::from_bytes_be(signature).modpow(key.e(), key.n());
    signature.len() == size && opened == BigUint::from_bytes_be(&expected)
}

/// The RSA-2048 key of a certificate, or the first one that a file of the card shows as `90 03 …`, `91 82 0100 …`.
pub(crate) fn public_key(data: &[u8]) -> Result<RsaPublicKey, Text> {
    if data.first() == Some(&0x30) {
        let certificate = certificate(data)?;
        let key = &certificate.tbs_certificate.subject_public_key_info.subject_public_key;
        return key_of_bits(key.raw_bytes());
    }
    let head = [0x90, 0x03, 0x01, 0x00, 0x01, 0x91, 0x82, 0x01, 0x00];
    let at = data.windows(head.len()).position(|window| window == head);
    let modulus = at.and_then(|at| data.get(at + head.len()..at + head.len() + 256));
    let modulus = modulus.ok_or_else(|| {
        text!(
            "there is no public key 90 03 010001, 91 82 0100",
            "公開鍵（90 03 010001、91 82 0100）がない"
        )
    })?;
    RsaPublicKey::new(BigUint::from_bytes_be(modulus), BigUint::from(65537u32))
        .map_err(|error| error.to_string().into())
}

fn key_of_bits(bits: &[u8]) -> Result<RsaPublicKey, Text> {
    RsaPublicKey::from_pkcs1_der(bits).map_err(|error| {
        text!(
            "the certificate holds no RSA key: {error}",
            "証明書にRSA鍵がない: {error}"
        )
    })
}

/// The certificate at the beginning of a file, with the properties that all of the card's have.
pub(crate) fn certificate(file: &[u8]) -> Result<Certificate, Text> {
    let (der, _, filler) = read_der(file).ok_or_else(|| text!("it is no DER", "DERではない"))?;
    if !is_filler(filler) {
        return Err(text!(
            "something else than filler follows the certificate",
            "証明書の後に充填以外のものがある"
        ));
    }
    let certificate = Certificate::from_der(der)
        .map_err(|error| text!("it is no X.509 certificate: {error}", "X.509証明書ではない: {error}"))?;
    const SHA256_WITH_RSA: &str = "1.2.840.113549.1.1.11";
    let bits: &der::asn1::BitString = &certificate.tbs_certificate.subject_public_key_info.subject_public_key;
    let key = key_of_bits(BitStringRef::from(bits).raw_bytes())?;
    match certificate.signature_algorithm.oid.to_string() == SHA256_WITH_RSA
        && key.size() == 256
        && *key.e() == BigUint::from(65537u32)
    {
        true => Ok(certificate),
        false => Err(text!(
            "it is not signed with sha256WithRSAEncryption, or its key is not RSA-2048 with exponent 65537",
            "sha256WithRSAEncryptionによる署名でないか、鍵が公開指数65537のRSA-2048ではない"
        )),
    }
}

/// The first DER object: all of it, its contents, what follows.
pub(crate) fn read_der(data: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (_, contents, rest) = read_tlv(data)?;
    Some((data.get(..data.len() - rest.len())?, contents, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filler_is_zeros_or_ones_and_not_both() {
        for (bytes, filler) in [
            (&[][..], true),
            (&[0, 0], true),
            (&[0xFF, 0xFF], true),
            (&[0, 0xFF], false),
            (&[0xFF, 0], false),
            (&[0x30, 0], false),
        ] {
            assert_eq!(is_filler(bytes), filler, "{bytes:02X?}");
        }
    }

    #[test]
    fn a_digest_info_is_as_long_as_published() {
        assert_eq!(digest_info(&[0; 32]).len(), 51);
        // The face's signature holds 96 bytes: 30 71 … 04 60.
        assert_eq!((digest_info(&[0; 96])[1], digest_info(&[0; 96])[18]), (0x71, 0x60));
    }
}
