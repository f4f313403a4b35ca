//! Answers about a certificate's status (OCSP, RFC 6960): right ones, and ones that are wrong in one respect.
//!
//! Each generation of an authority has certified a responder. All of these answer with one key, which is drawn from the seed.

use std::time::Duration;

use der::asn1::{BitString, Null, ObjectIdentifier, OctetString};
use der::{DateTime, Decode, Encode};
use rsa::RsaPrivateKey;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use spki::AlgorithmIdentifierOwned;
use vmyna_authority::register::{IssuerId, Reason};
use vmyna_issuance::x509::Authority;
use vmyna_issuance::x509::names::Hierarchy;
use x509_cert::Certificate;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::CrlReason;
use x509_cert::serial_number::SerialNumber;
use x509_ocsp::{
    AsResponseBytes, BasicOcspResponse, CertId, CertStatus, OcspGeneralizedTime, OcspRequest, OcspResponse,
    OcspResponseStatus, ResponderId, ResponseData, RevokedInfo, SingleResponse, Version,
};

pub use crate::subject::OcspAnswer;
use crate::time::{DAY, after, before};
use crate::workshop::{MakeError, Person, Workshop};
use crate::x509;

const SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const NONCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.2");

const MINUTE: Duration = Duration::from_secs(60);
/// How long a responder's certificate is valid on each side of the examination.
const RESPONDER_VALIDITY: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// A certificate and its private key. There is no `Debug`, because it holds a key.
struct Signer {
    certificate: Certificate,
    key: RsaPrivateKey,
}

/// The responder of one key of an authority.
struct Responder {
    /// The authority's subject, DER, and the bits of its key.
    issuer: (Vec<u8>, Vec<u8>),
    certificate: Certificate,
}

/// The responders of all authorities that a program is given.
pub struct Responders {
    key: RsaPrivateKey,
    all: Vec<Responder>,
    cardholder: Signer,
}

impl Responders {
    /// Has a responder certified by each of the authorities.
    ///
    /// # Errors
    /// [`MakeError`]
    pub fn new(workshop: &Workshop) -> Result<Self, MakeError> {
        let key = workshop.forged_key("responder")?;
        let public = key.to_public_key();
        let now = workshop.now();
        let validity = (before(now, RESPONDER_VALIDITY)?, after(now, RESPONDER_VALIDITY)?);
        let responder = |(name, authority): (String, &Authority)| {
            // Cardholders' serial numbers take three bytes, so this is none of theirs.
            let number = 0x4000_0000 | x509::serial(workshop, &name);
            let fields = &authority.parsed().tbs_certificate;
            let bits = fields.subject_public_key_info.subject_public_key.raw_bytes();
            Ok(Responder {
                issuer: (fields.subject.to_der()?, bits.to_vec()),
                certificate: authority.issue_responder(number, validity, &public)?,
            })
        };
        let all = x509::authorities(workshop)?.into_iter().map(responder);
        let all: Result<Vec<Responder>, MakeError> = all.collect();
        let other = x509::genuine(workshop, Person::B, Hierarchy::Authentication)?;
        Ok(Self {
            key,
            all: all?,
            cardholder: Signer {
                certificate: Certificate::from_der(&other.certificate)?,
                key: x509::private_key(&other.key)?,
            },
        })
    }

    fn asked(&self, id: &CertId) -> Option<&Responder> {
        let hash = |bytes: &[u8]| match id.hash_algorithm.oid {
            SHA_1 => Sha1::digest(bytes).to_vec(),
            SHA_256 => Sha256::digest(bytes).to_vec(),
            _ => Vec::new(),
        };
        let names = |responder: &&Responder| {
            let (name, key) = &responder.issuer;
            id.issuer_name_hash.as_bytes() == hash(name) && id.issuer_key_hash.as_bytes() == hash(key)
        };
        self.all.iter().find(names)
    }

    /// The serial number of the first certificate that a request, DER, asks for, if it has at most 32 bits.
    #[must_use]
    pub fn asked_serial(request: &[u8]) -> Option<u32> {
        let request = OcspRequest::from_der(request).ok()?;
        number(&request.tbs_request.request_list.first()?.req_cert.serial_number)
    }

    /// Answers a request, DER, at a time. `status` is asked with each serial number of at most 32 bits.
    ///
    /// A request that can't be read is answered with malformedRequest, and one for a certificate of another issuer with
    /// unauthorized.
    ///
    /// # Errors
    /// [`MakeError`]
    pub fn answer(
        &self,
        request: &[u8],
        at: DateTime,
        status: impl Fn(u32) -> OcspAnswer,
    ) -> Result<Vec<u8>, MakeError> {
        let Ok(request) = OcspRequest::from_der(request) else {
            return Ok(OcspResponse::malformed_request().to_der()?);
        };
        // A request for several certificates is answered as the first asks for; each of them is named in the answer.
        let ids: Vec<CertId> = request
            .tbs_request
            .request_list
            .iter()
            .map(|one| one.req_cert.clone())
            .collect();
        let Some((first, responder)) = ids.first().and_then(|first| Some((first, self.asked(first)?))) else {
            return Ok(OcspResponse::unauthorized().to_der()?);
        };
        let answer = number(&first.serial_number).map_or(OcspAnswer::Unknown, status);
        let nonce = request.nonce().map(|nonce| nonce.0.as_bytes().to_vec());
        let nonce = match (answer, nonce) {
            (OcspAnswer::TryLater, _) | (OcspAnswer::OtherNonce, None) => {
                return Ok(OcspResponse::try_later().to_der()?);
            }
            (OcspAnswer::OtherNonce, Some(mut nonce)) => {
                nonce.iter_mut().for_each(|byte| *byte ^= 0xA5);
                Some(nonce)
            }
            (_, nonce) => nonce,
        };
        let (produced_at, until) = match answer {
            OcspAnswer::Stale => (before(at, 2 * DAY)?, before(at, DAY)?),
            _ => (before(at, MINUTE)?, after(at, 15 * MINUTE)?),
        };
        let single = |id: &CertId, status| {
            SingleResponse::new(id.clone(), status, stated(produced_at)).with_next_update(stated(until))
        };
        let mut responses = Vec::new();
        for id in &ids {
            let mut id = id.clone();
            match answer {
                OcspAnswer::OtherSerial => id.serial_number = other_serial(&id.serial_number)?,
                OcspAnswer::OtherIssuerName => id.issuer_name_hash = inverted(&id.issuer_name_hash)?,
                OcspAnswer::OtherIssuerKey => id.issuer_key_hash = inverted(&id.issuer_key_hash)?,
                _ => {}
            }
            match answer {
                OcspAnswer::Revoked(reason) => responses.push(single(&id, revoked(at, reason)?)),
                OcspAnswer::Unknown => responses.push(single(&id, CertStatus::Unknown(Null))),
                _ => responses.push(single(&id, CertStatus::good())),
            }
            if answer == OcspAnswer::GoodAndRevoked {
                responses.push(single(&id, revoked(at, Reason::KeyCompromise)?));
            }
        }
        let (key, certificate) = match answer {
            OcspAnswer::SignedByCardholder => (&self.cardholder.key, &self.cardholder.certificate),
            _ => (&self.key, &responder.certificate),
        };
        let nonce = nonce.map(|nonce| extension(&nonce)).transpose()?;
        let data = ResponseData {
            version: Version::V1,
            responder_id: ResponderId::ByKey(OctetString::new(key_hash(certificate).0)?),
            produced_at: stated(produced_at),
            responses,
            response_extensions: nonce.map(|nonce| vec![nonce]),
        };
        signed(data, key, certificate)
    }
}

fn signed(data: ResponseData, key: &RsaPrivateKey, certificate: &Certificate) -> Result<Vec<u8>, MakeError> {
    let signature = x509::signature(&data.to_der()?, key)?;
    let basic = BasicOcspResponse {
        tbs_response_data: data,
        signature_algorithm: AlgorithmIdentifierOwned {
            oid: SHA256_WITH_RSA,
            parameters: Some(Null.into()),
        },
        signature: BitString::from_bytes(&signature)?,
        certs: Some(vec![certificate.clone()]),
    };
    let response = OcspResponse {
        response_status: OcspResponseStatus::Successful,
        response_bytes: Some(basic.to_response_bytes()?),
    };
    Ok(response.to_der()?)
}

fn key_hash(certificate: &Certificate) -> IssuerId {
    let key = &certificate.tbs_certificate.subject_public_key_info;
    IssuerId::of_key(key.subject_public_key.raw_bytes())
}

/// The nonce as an extension: an OCTET STRING in its value.
fn extension(nonce: &[u8]) -> Result<Extension, MakeError> {
    x509::extension(NONCE, false, &OctetString::new(nonce)?)
}

fn stated(time: DateTime) -> OcspGeneralizedTime {
    OcspGeneralizedTime::from(time)
}

fn revoked(at: DateTime, reason: Reason) -> Result<CertStatus, MakeError> {
    Ok(CertStatus::revoked(RevokedInfo {
        revocation_time: stated(before(at, 60 * MINUTE)?),
        revocation_reason: match reason {
            Reason::Unspecified => None,
            Reason::KeyCompromise => Some(CrlReason::KeyCompromise),
            Reason::CaCompromise => Some(CrlReason::CaCompromise),
            Reason::AffiliationChanged => Some(CrlReason::AffiliationChanged),
            Reason::Superseded => Some(CrlReason::Superseded),
            Reason::CessationOfOperation => Some(CrlReason::CessationOfOperation),
            Reason::CertificateHold => Some(CrlReason::CertificateHold),
        },
    }))
}

/// A serial number of at most 32 bits.
fn number(serial: &SerialNumber) -> Option<u32> {
    let bytes = serial.as_bytes();
    let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    (bytes.len() <= 4).then(|| bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

/// Another serial number of the same length.
fn other_serial(serial: &SerialNumber) -> Result<SerialNumber, MakeError> {
    let mut bytes = serial.as_bytes().to_vec();
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    Ok(SerialNumber::new(&bytes)?)
}

/// Another hash of the same length.
fn inverted(hash: &OctetString) -> Result<OctetString, MakeError> {
    let bytes: Vec<u8> = hash.as_bytes().iter().map(|byte| !byte).collect();
    Ok(OctetString::new(bytes)?)
}
