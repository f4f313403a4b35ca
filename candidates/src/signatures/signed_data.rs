//! Signed data (CMS, RFC 5652), written part by part.

use der::asn1::UtcTime;
use der::{DateTime, Decode, Encode};
use sha2::{Digest, Sha256};
use x509_cert::Certificate;

use super::tlv::{TAGGED_0, algorithm, identifier, object, octets, sequence, set};
use crate::forge::sign::{Signer as Key, digest_info, padded};
use crate::login::signer::Block;
use crate::workshop::MakeError;

/// Content types.
pub(super) const DATA: &str = "1.2.840.113549.1.7.1";
/// A timestamp (RFC 3161), which is no document.
pub(super) const TIMESTAMP: &str = "1.2.840.113549.1.9.16.1.4";
const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";

/// Digest algorithms.
pub(super) const SHA_256: &str = "2.16.840.1.101.3.4.2.1";
/// SHA-512.
pub(super) const SHA_512: &str = "2.16.840.1.101.3.4.2.3";
/// sha256WithRSAEncryption.
const SHA_256_RSA: &str = "1.2.840.113549.1.1.11";

const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const SIGNING_TIME: &str = "1.2.840.113549.1.9.5";
const SIGNING_CERTIFICATE: &str = "1.2.840.113549.1.9.16.2.47";

/// One signer of a content.
pub(super) struct Signer {
    /// The certificate that `sid` names, DER.
    pub(super) certificate: Vec<u8>,
    /// The key that signs.
    pub(super) key: Key,
    /// The attribute content-type.
    pub(super) content_type: &'static str,
    /// The attribute message-digest.
    pub(super) digest: Vec<u8>,
    /// The certificate that the attribute signing-certificate-v2 names, DER.
    pub(super) names: Option<Vec<u8>>,
    /// The attribute signing-time, UTC.
    pub(super) time: Option<DateTime>,
    /// The field digestAlgorithm.
    pub(super) digest_algorithm: &'static str,
    /// The block that is signed, if another than that of PKCS#1 v1.5.
    pub(super) block: Option<Block>,
}

impl Signer {
    /// A right one: content-type, message-digest and signing-certificate-v2.
    pub(super) fn new(certificate: &[u8], key: Key, content: &[u8]) -> Self {
        Self {
            certificate: certificate.to_vec(),
            key,
            content_type: DATA,
            digest: Sha256::digest(content).to_vec(),
            names: Some(certificate.to_vec()),
            time: None,
            digest_algorithm: SHA_256,
            block: None,
        }
    }

    /// The signed attributes as a SET OF, DER: what the signature covers.
    pub(super) fn attributes(&self) -> Result<Vec<u8>, MakeError> {
        let attribute = |id, value: &[u8]| Ok::<_, MakeError>(sequence(&[&identifier(id)?, &object(0x31, &[value])]));
        let mut all = vec![
            attribute(CONTENT_TYPE, &identifier(self.content_type)?)?,
            attribute(MESSAGE_DIGEST, &octets(&self.digest)?)?,
        ];
        if let Some(certificate) = &self.names {
            let id = sequence(&[&octets(&Sha256::digest(certificate))?]);
            all.push(attribute(SIGNING_CERTIFICATE, &sequence(&[&sequence(&[&id])]))?);
        }
        if let Some(time) = self.time {
            all.push(attribute(SIGNING_TIME, &UtcTime::from_date_time(time)?.to_der()?)?);
        }
        Ok(set(&all))
    }

    /// The `SignerInfo` over the attributes.
    pub(super) fn signed(&self) -> Result<Vec<u8>, MakeError> {
        let attributes = self.attributes()?;
        let value = self.signature(&attributes)?;
        self.info(Some(&attributes), &value)
    }

    /// The signature of these bytes.
    pub(super) fn signature(&self, covered: &[u8]) -> Result<Vec<u8>, MakeError> {
        let right = padded(&digest_info(covered))?;
        let block = self
            .block
            .map_or_else(|| right.clone(), |block| block.instead_of(&right));
        self.key.block(&block)
    }

    /// The `SignerInfo` with these attributes, a SET OF, and this signature value.
    pub(super) fn info(&self, attributes: Option<&[u8]>, value: &[u8]) -> Result<Vec<u8>, MakeError> {
        let certificate = Certificate::from_der(&self.certificate)?.tbs_certificate;
        let issuer = certificate.issuer.to_der()?;
        let sid = sequence(&[&issuer, &certificate.serial_number.to_der()?]);
        // In its field the SET OF has the tag [0].
        let attributes = attributes.map_or_else(Vec::new, |set| [&[TAGGED_0], &set[1..]].concat());
        Ok(sequence(&[
            &[2, 1, 1],
            &sid,
            &algorithm(self.digest_algorithm, false)?,
            &attributes,
            &algorithm(SHA_256_RSA, true)?,
            &octets(value)?,
        ]))
    }
}

/// Signed data without its content, with these certificates and `SignerInfo`s, each DER.
pub(super) fn signed_data(kind: &str, certificates: &[&[u8]], signers: &[Vec<u8>]) -> Result<Vec<u8>, MakeError> {
    // RFC 5652, 5.1: version 3 if the content is anything but data.
    let certificates: Vec<Vec<u8>> = certificates.iter().map(|der| der.to_vec()).collect();
    let version = if kind == DATA { 1 } else { 3 };
    let data = sequence(&[
        &[2, 1, version],
        &set(&[algorithm(SHA_256, false)?]),
        &sequence(&[&identifier(kind)?]),
        &[&[TAGGED_0], &set(&certificates)[1..]].concat(),
        &set(signers),
    ]);
    Ok(sequence(&[&identifier(SIGNED_DATA)?, &object(TAGGED_0, &[&data])]))
}
