//! Answers about a certificate's status (OCSP, RFC 6960).
//!
//! A delegated responder signs for each key of an authority: every client refuses one that another generation has certified,
//! although its issuer's name is the same. Its key lives as long as the process. How the real service's responders are
//! certified, and whether they answer with a nonce, is not public (`assumed`).

use std::time::Duration;

use der::asn1::{Null, ObjectIdentifier, OctetString};
use der::{DateTime, Decode, Encode};
use rsa::signature::Signer;
use sha1::{Digest, Sha1};
use sha2::Sha256;
use spki::{AlgorithmIdentifierOwned, DynSignatureAlgorithmIdentifier};
use vmyna_issuance::issuer_key::{CertificateSignature, IssuerKey};
use vmyna_issuance::rand_core::OsRng;
use vmyna_issuance::x509::Authority;
use vmyna_issuance::{IssuanceError, keys};
use x509_cert::Certificate;
use x509_cert::ext::pkix::CrlReason;
use x509_ocsp::builder::OcspResponseBuilder;
use x509_ocsp::{
    CertId, CertStatus, OcspGeneralizedTime, OcspRequest, OcspResponse, ResponderId, RevokedInfo, SingleResponse,
};

use crate::register::{Change, IssuerId, Reason, Register, RegisterError, Revocation, serial};
use crate::revocation_list::issuer_id;

/// The longest request that is read, in bytes: clients send less than 200 for one certificate.
pub const LONGEST_REQUEST: usize = 16 * 1024;
/// The most certificates that one request can ask for.
pub const MOST_CERTIFICATES: usize = 32;
/// The longest nonce (RFC 9654).
const LONGEST_NONCE: usize = 128;
/// How long a responder's certificate is valid on each side of its making.
const RESPONDER_VALIDITY: Duration = Duration::from_secs(400 * 24 * 60 * 60);

pub(crate) const SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// Why an answer can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OcspError {
    /// The register can't be read.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// It can't be encoded or signed.
    #[error("the answer can't be signed: {0}")]
    Signature(String),
}

impl From<der::Error> for OcspError {
    fn from(error: der::Error) -> Self {
        Self::Signature(error.to_string())
    }
}

impl From<x509_ocsp::builder::Error> for OcspError {
    fn from(error: x509_ocsp::builder::Error) -> Self {
        Self::Signature(error.to_string())
    }
}

/// The responder of one key of an authority.
pub struct Responder {
    issuer: IssuerId,
    names: Names,
    certificate: Certificate,
    id: ResponderId,
    key: IssuerKey,
}

/// The hashes by which a request names an issuer.
struct Names {
    name: (OctetString, OctetString),
    key: (OctetString, OctetString),
}

impl Responder {
    /// A responder with a new key, certified by the authority and valid around `now`.
    ///
    /// # Errors
    /// [`IssuanceError`] when the key can't be made or certified.
    pub fn new(authority: &Authority, now: DateTime) -> Result<Self, IssuanceError> {
        Self::certified_by(authority, authority, now)
    }

    /// A responder with a certificate that another key has signed than it claims: what a client must refuse.
    ///
    /// # Errors
    /// [`IssuanceError`] when the keys can't be made or the certificate can't be issued.
    pub fn impostor(authority: &Authority, now: DateTime) -> Result<Self, IssuanceError> {
        let begin = authority.begin();
        let other = Authority::establish(authority.hierarchy(), keys::generate(&mut OsRng)?, 1, begin)?;
        Self::certified_by(&other, authority, now)
    }

    /// A responder for `authority` with a new key that `signer` certifies.
    fn certified_by(signer: &Authority, authority: &Authority, now: DateTime) -> Result<Self, IssuanceError> {
        let private = keys::generate(&mut OsRng)?;
        let key = IssuerKey::new(&private)?;
        let at = now.unix_duration();
        let validity = (
            DateTime::from_unix_duration(at.saturating_sub(RESPONDER_VALIDITY))?,
            DateTime::from_unix_duration(at + RESPONDER_VALIDITY)?,
        );
        let public = private.to_public_key();
        // Holders' serial numbers take three octets, so this is none of theirs, and another one at each start.
        let number = 0x4000_0000 | u32::try_from(at.as_secs() & 0x3FFF_FFFF).unwrap_or_default();
        let certificate = signer.issue_responder(number, validity, &public)?;
        let bits = certificate
            .tbs_certificate
            .subject_public_key_info
            .subject_public_key
            .raw_bytes();
        let id = ResponderId::ByKey(OctetString::new(IssuerId::of_key(bits).0)?);
        let of = &authority.parsed().tbs_certificate;
        let (name, public) = (
            of.subject.to_der()?,
            of.subject_public_key_info.subject_public_key.raw_bytes(),
        );
        let hashes = |bytes: &[u8]| -> der::Result<(OctetString, OctetString)> {
            Ok((
                OctetString::new(Sha1::digest(bytes).to_vec())?,
                OctetString::new(Sha256::digest(bytes).to_vec())?,
            ))
        };
        Ok(Self {
            issuer: issuer_id(authority)?,
            names: Names {
                name: hashes(&name)?,
                key: hashes(public)?,
            },
            certificate,
            id,
            key,
        })
    }

    /// The key that it answers for.
    #[must_use]
    pub const fn issuer(&self) -> IssuerId {
        self.issuer
    }

    fn asked(&self, certificate: &CertId) -> bool {
        let names = &self.names;
        let (name, key) = match certificate.hash_algorithm.oid {
            SHA_1 => (&names.name.0, &names.key.0),
            SHA_256 => (&names.name.1, &names.key.1),
            _ => return false,
        };
        certificate.issuer_name_hash == *name && certificate.issuer_key_hash == *key
    }
}

/// Since when an answer holds and until when it can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When the register was looked at.
    pub this_update: DateTime,
    /// When it will be looked at again.
    pub next_update: DateTime,
    /// When the answer is signed.
    pub produced_at: DateTime,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The DER of the OCSPResponse.
    pub der: Vec<u8>,
    /// Whether the same request can have the same answer again: it is signed, and there is no nonce in it.
    pub repeatable: bool,
    /// The certificates and what was answered of each, for a log.
    pub certificates: Vec<(Option<u32>, Answered)>,
}

/// What was answered of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// Issued and not revoked.
    Good,
    /// Revoked: since when and why.
    Revoked(Revocation),
    /// Not issued by this authority.
    Unknown,
}

/// An answer without signature, which names an error.
fn refusal(response: OcspResponse) -> Result<Answer, OcspError> {
    Ok(Answer {
        der: response.to_der()?,
        repeatable: false,
        certificates: Vec::new(),
    })
}

/// The answer "try later".
///
/// # Errors
/// [`OcspError`] never in practice.
pub fn try_later() -> Result<Answer, OcspError> {
    refusal(OcspResponse::try_later())
}

/// Answers a request, DER. `responders` are those of the address that was asked, the newest last.
///
/// A request that can't be read, that asks for none or for more than [`MOST_CERTIFICATES`], is answered with
/// malformedRequest; one that asks for certificates of several keys with unauthorized, because no responder is certified by
/// more than one of them.
///
/// # Errors
/// [`OcspError`] when the register can't be read or the answer can't be signed.
pub fn answer(
    responders: &[Responder],
    register: &dyn Register,
    by: Change,
    times: Times,
    request: &[u8],
) -> Result<Answer, OcspError> {
    let Ok(request) = OcspRequest::from_der(request) else {
        return refusal(OcspResponse::malformed_request());
    };
    let asked = &request.tbs_request.request_list;
    let nonce = match nonce(&request) {
        Ok(nonce) if (1..=MOST_CERTIFICATES).contains(&asked.len()) => nonce,
        _ => return refusal(OcspResponse::malformed_request()),
    };
    let mut issuers = asked
        .iter()
        .map(|one| responders.iter().find(|responder| responder.asked(&one.req_cert)));
    let first = issuers.next().flatten();
    let same = |other: Option<&Responder>| other.map(Responder::issuer) == first.map(Responder::issuer);
    if !issuers.all(same) {
        return refusal(OcspResponse::unauthorized());
    }
    // Of an authority that is not served here no certificate is known; the newest key answers so.
    let Some(responder) = first.or(responders.last()) else {
        return refusal(OcspResponse::unauthorized());
    };
    let mut builder = OcspResponseBuilder::new(responder.id.clone());
    let mut certificates = Vec::new();
    for one in asked {
        let number = serial(one.req_cert.serial_number.as_bytes()).filter(|_| first.is_some());
        let status = match number {
            Some(number) => register.status(responder.issuer, number, by)?,
            None => None,
        };
        let answered = match status {
            None => Answered::Unknown,
            Some(None) => Answered::Good,
            Some(Some(revocation)) => Answered::Revoked(revocation),
        };
        certificates.push((number, answered));
        let single = SingleResponse::new(one.req_cert.clone(), status_of(answered), time(times.this_update));
        builder = builder.with_single_response(single.with_next_update(time(times.next_update)));
    }
    let repeatable = nonce.is_none();
    if let Some(nonce) = nonce {
        builder = builder.with_extension(nonce)?;
    }
    let chain = vec![responder.certificate.clone()];
    let mut key = Shared(&responder.key);
    let response = builder.sign::<_, CertificateSignature>(&mut key, Some(chain), time(times.produced_at))?;
    Ok(Answer {
        der: response.to_der()?,
        repeatable,
        certificates,
    })
}

/// The builder asks for a key of its own, although it only reads it; many threads sign with one.
struct Shared<'a>(&'a IssuerKey);

impl Signer<CertificateSignature> for Shared<'_> {
    fn try_sign(&self, message: &[u8]) -> Result<CertificateSignature, rsa::signature::Error> {
        self.0.try_sign(message)
    }
}

impl DynSignatureAlgorithmIdentifier for Shared<'_> {
    fn signature_algorithm_identifier(&self) -> spki::Result<AlgorithmIdentifierOwned> {
        self.0.signature_algorithm_identifier()
    }
}

/// The request's nonce.
fn nonce(request: &OcspRequest) -> Result<Option<x509_ocsp::ext::Nonce>, ()> {
    match request.nonce() {
        Some(nonce) if nonce.0.as_bytes().len() > LONGEST_NONCE => Err(()),
        nonce => Ok(nonce),
    }
}

fn status_of(answered: Answered) -> CertStatus {
    match answered {
        Answered::Good => CertStatus::good(),
        Answered::Unknown => CertStatus::Unknown(Null),
        Answered::Revoked(revocation) => CertStatus::revoked(RevokedInfo {
            revocation_time: time(revocation.at),
            revocation_reason: match revocation.reason {
                Reason::Unspecified => None,
                Reason::KeyCompromise => Some(CrlReason::KeyCompromise),
                Reason::CaCompromise => Some(CrlReason::CaCompromise),
                Reason::AffiliationChanged => Some(CrlReason::AffiliationChanged),
                Reason::Superseded => Some(CrlReason::Superseded),
                Reason::CessationOfOperation => Some(CrlReason::CessationOfOperation),
                Reason::CertificateHold => Some(CrlReason::CertificateHold),
            },
        }),
    }
}

fn time(time: DateTime) -> OcspGeneralizedTime {
    OcspGeneralizedTime::from(time)
}
