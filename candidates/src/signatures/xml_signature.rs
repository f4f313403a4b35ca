//! An XML document with a signature (XML Signature, W3C).
//!
//! Each part is written in the form that exclusive canonicalization gives it, so the bytes in the document are those that are
//! digested and signed.

use base64ct::{Base64, Encoding};
use rand_core::RngCore;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::forge::sign::Signer;
use crate::workshop::{MakeError, Workshop};

const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
/// Exclusive canonicalization.
const CANONICAL: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// The namespace of the orders, vmyna's own.
const ORDERS: &str = "https://vmyna.invalid/order";

/// SHA-256 and SHA-1 as digest methods.
const SHA_256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const SHA_1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";

/// What signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// RSA with SHA-256.
    Rsa,
    /// RSA with SHA-1.
    RsaSha1,
    /// HMAC with SHA-256. The public key, DER, is the secret.
    Hmac,
}

impl Method {
    const fn name(self) -> &'static str {
        match self {
            Self::Rsa => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            Self::RsaSha1 => "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
            Self::Hmac => "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        }
    }

    /// The signature value of these bytes. `public` is the public key, a `SubjectPublicKeyInfo`.
    pub(super) fn sign(self, covered: &[u8], key: &Signer, public: &[u8]) -> Result<Vec<u8>, MakeError> {
        /// A `DigestInfo` of SHA-1 up to the digest (RFC 8017, 9.2, note 1).
        const SHA_1_INFO: [u8; 15] = [
            0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14,
        ];
        match self {
            Self::Rsa => key.message(covered),
            Self::RsaSha1 => key.content(&[&SHA_1_INFO[..], &Sha1::digest(covered)].concat()),
            Self::Hmac => Ok(hmac(public, covered)),
        }
    }
}

/// HMAC with SHA-256 (RFC 2104) under a secret of any length.
fn hmac(secret: &[u8], message: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 64;
    let mut key = match secret.len() > BLOCK {
        true => Sha256::digest(secret).to_vec(),
        false => secret.to_vec(),
    };
    key.resize(BLOCK, 0);
    let pad = |byte: u8| key.iter().map(|one| one ^ byte).collect::<Vec<u8>>();
    let inner = Sha256::new_with_prefix(pad(0x36)).chain_update(message).finalize();
    Sha256::new_with_prefix(pad(0x5C))
        .chain_update(inner)
        .finalize()
        .to_vec()
}

/// Base64.
pub(super) fn encoded(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// An order with numbers of this seed and label, with this Id.
pub(super) fn order(workshop: &Workshop, label: &str, id: &str) -> String {
    let mut rng = workshop.rng(label);
    let (number, sum) = (rng.next_u32() % 1_000_000, rng.next_u32() % 10_000_000);
    format!("<Order xmlns=\"{ORDERS}\" Id=\"{id}\"><Number>{number:06}</Number><Sum>{sum:07}</Sum></Order>")
}

/// What a signature refers to.
#[derive(Clone)]
pub(super) struct Reference {
    /// `#` and an Id, or an address.
    pub(super) uri: String,
    /// Transforms before canonicalization, as XML.
    pub(super) transforms: String,
    /// The digested bytes.
    pub(super) digested: Vec<u8>,
    /// By SHA-1 in place of SHA-256.
    pub(super) by_sha1: bool,
}

impl Reference {
    /// An order with the Id `order`.
    pub(super) fn to(order: &str) -> Self {
        Self {
            uri: "#order".to_owned(),
            transforms: String::new(),
            digested: order.as_bytes().to_vec(),
            by_sha1: false,
        }
    }
}

/// The element SignedInfo.
pub(super) fn signed_info(reference: &Reference, method: Method) -> String {
    let Reference { uri, transforms, .. } = reference;
    let (digest_method, digest) = match reference.by_sha1 {
        true => (SHA_1, Sha1::digest(&reference.digested).to_vec()),
        false => (SHA_256, Sha256::digest(&reference.digested).to_vec()),
    };
    let (digest, method) = (encoded(&digest), method.name());
    format!(
        "<SignedInfo xmlns=\"{SIGNATURE}\"><CanonicalizationMethod Algorithm=\"{CANONICAL}\"></CanonicalizationMethod>\
         <SignatureMethod Algorithm=\"{method}\"></SignatureMethod><Reference URI=\"{uri}\"><Transforms>{transforms}\
         <Transform Algorithm=\"{CANONICAL}\"></Transform></Transforms><DigestMethod Algorithm=\"{digest_method}\">\
         </DigestMethod><DigestValue>{digest}</DigestValue></Reference></SignedInfo>"
    )
}

/// The element Signature: these SignedInfos, the value, and what is in KeyInfo.
pub(super) fn signature(infos: &[&str], value: &[u8], key_info: &str) -> String {
    let (infos, value) = (infos.concat(), encoded(value));
    format!(
        "<Signature xmlns=\"{SIGNATURE}\">{infos}<SignatureValue>{value}</SignatureValue><KeyInfo>{key_info}</KeyInfo>\
         </Signature>"
    )
}

/// The certificate, DER, as KeyInfo holds it.
pub(super) fn x509(certificate: &[u8]) -> String {
    let certificate = encoded(certificate);
    format!("<X509Data><X509Certificate>{certificate}</X509Certificate></X509Data>")
}

/// The whole document with these elements.
pub(super) fn document(elements: &[&str]) -> Vec<u8> {
    let elements = elements.concat();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Application>{elements}</Application>\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_is_that_of_rfc_4231() {
        let first = hmac(&[0x0B; 20], b"Hi There");
        assert!(first.starts_with(&[0xB0, 0x34, 0x4C, 0x61, 0xD8, 0xDB]));
        let long = hmac(&[0xAA; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert!(long.starts_with(&[0x60, 0xE4, 0x31, 0x59, 0x1E, 0xE0]));
    }
}
