//! Asking the OCSP responders: requests as clients send them, many certificates each, and answers judged as clients do.

use sha2::{Digest, Sha256};
use vmyna_authority::ocsp::{MOST_CERTIFICATES, Responder, Times, answer};
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{IssuerId, Reason, Register as _, Revocation};
use vmyna_issuance::der::asn1::{Null, ObjectIdentifier, OctetString};
use vmyna_issuance::der::{Decode as _, Encode as _};
use vmyna_issuance::rsa::RsaPublicKey;
use vmyna_issuance::rsa::pkcs1v15::{Signature, VerifyingKey};
use vmyna_issuance::rsa::pkcs8::DecodePublicKey as _;
use vmyna_issuance::rsa::signature::Verifier as _;
use vmyna_issuance::spki::AlgorithmIdentifierOwned;
use vmyna_issuance::x509_cert::Certificate;
use vmyna_issuance::x509_cert::serial_number::SerialNumber;
use x509_ocsp::builder::OcspRequestBuilder;
use x509_ocsp::{BasicOcspResponse, CertId, CertStatus, OcspResponse, OcspResponseStatus, Request};

use super::super::error::LifeError;
use super::super::model::{Held, PersonModel};
use super::{Scene, all, status, words_of};

const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// What one request asks for: certificates of one key.
pub(super) struct Question<'l> {
    issuer: IssuerId,
    certificates: Vec<(u32, &'l PersonModel, &'l Held)>,
}

/// The requests for all certificates.
pub(super) fn questions<'l>(scene: &Scene<'l>) -> Vec<Question<'l>> {
    let mut questions: Vec<Question<'l>> = Vec::new();
    for ((issuer, number), (person, held)) in all(scene) {
        match questions.last_mut() {
            Some(last) if last.issuer == issuer && last.certificates.len() < MOST_CERTIFICATES => {
                last.certificates.push((number, person, held));
            }
            _ => questions.push(Question {
                issuer,
                certificates: vec![(number, person, held)],
            }),
        }
    }
    questions
}

fn failed(error: impl std::fmt::Display) -> LifeError {
    LifeError::Check(format!("OCSP: {error}"))
}

/// Asks, and compares each answer. Returns how many there were.
pub(super) fn check(
    scene: &Scene<'_>,
    question: &Question<'_>,
    responders: &[&Responder],
    register: &SqliteRegister,
) -> Result<usize, LifeError> {
    let numbers: Vec<u32> = question.certificates.iter().map(|(number, ..)| *number).collect();
    let answers = ask(scene, (question.issuer, &numbers), responders, register)?;
    for ((number, person, held), state) in question.certificates.iter().zip(&answers) {
        let service = || format!("OCSP about {number:06X} ({})", words_of(held));
        let got = state
            .as_ref()
            .map_or_else(|| "unknown".to_owned(), |state| status(*state));
        if *state != Some(held.revocation) {
            return Err(scene.disagreement(&person.name, service(), (status(held.revocation), got)));
        }
    }
    Ok(answers.len())
}

/// What a responder states of a certificate; the outer `None` for unknown.
pub(super) type Stated = Option<Option<Revocation>>;

/// Asks the responder of a key about certificates with these serial numbers.
pub(super) fn ask(
    scene: &Scene<'_>,
    (issuer, numbers): (IssuerId, &[u32]),
    responders: &[&Responder],
    register: &SqliteRegister,
) -> Result<Vec<Stated>, LifeError> {
    let authority = scene.authorities.iter().find(|(id, _)| *id == issuer);
    let Some((_, authority)) = authority else {
        return Err(failed("a certificate is of none of the authorities"));
    };
    let responder = responders.iter().find(|responder| responder.issuer() == issuer);
    let responder = responder.ok_or_else(|| failed("a key has no responder"))?;
    let fields = &authority.parsed().tbs_certificate;
    let name = OctetString::new(Sha256::digest(fields.subject.to_der().map_err(failed)?).to_vec()).map_err(failed)?;
    let bits = fields.subject_public_key_info.subject_public_key.raw_bytes();
    let key = OctetString::new(Sha256::digest(bits).to_vec()).map_err(failed)?;
    let mut request = OcspRequestBuilder::default();
    for number in numbers {
        request = request.with_request(Request::new(CertId {
            hash_algorithm: AlgorithmIdentifierOwned {
                oid: SHA_256,
                parameters: Some(Null.into()),
            },
            issuer_name_hash: name.clone(),
            issuer_key_hash: key.clone(),
            serial_number: SerialNumber::from(*number),
        }));
    }
    let request = request.build().to_der().map_err(failed)?;
    let times = Times {
        this_update: scene.at,
        next_update: scene.at,
        produced_at: scene.at,
    };
    let one = std::slice::from_ref(*responder);
    let got = answer(one, register, register.now()?, times, &request).map_err(failed)?;
    let basic = judged(&got.der, authority.parsed())?;
    let responses = &basic.tbs_response_data.responses;
    let asked = numbers.iter().map(|number| SerialNumber::from(*number));
    if !asked.eq(responses.iter().map(|single| single.cert_id.serial_number.clone())) {
        return Err(failed("an answer is about other certificates than its request"));
    }
    Ok(responses.iter().map(|single| stated(&single.cert_status)).collect())
}

/// What an answer states; `None` for unknown.
fn stated(answer: &CertStatus) -> Stated {
    match answer {
        CertStatus::Good(_) => Some(None),
        CertStatus::Unknown(_) => None,
        CertStatus::Revoked(info) => Some(Some(Revocation {
            at: info.revocation_time.0.to_date_time(),
            reason: match info.revocation_reason {
                None => Reason::Unspecified,
                Some(reason) => Reason::of_code(reason as u8)?,
            },
        })),
    }
}

/// The answer, if the authority's responder has signed it.
fn judged(der: &[u8], authority: &Certificate) -> Result<BasicOcspResponse, LifeError> {
    let response = OcspResponse::from_der(der).map_err(failed)?;
    let bytes = match (response.response_status, &response.response_bytes) {
        (OcspResponseStatus::Successful, Some(bytes)) => bytes.response.as_bytes(),
        (status, _) => return Err(failed(format!("the answer is {status:?}"))),
    };
    let basic = BasicOcspResponse::from_der(bytes).map_err(failed)?;
    let certificate = basic.certs.as_ref().and_then(|all| all.first());
    let certificate = certificate.ok_or_else(|| failed("an answer has no certificate of its responder"))?;
    let signed = certificate.tbs_certificate.to_der().map_err(failed)?;
    verified(authority, &signed, certificate.signature.raw_bytes())?;
    let signed = basic.tbs_response_data.to_der().map_err(failed)?;
    verified(certificate, &signed, basic.signature.raw_bytes())?;
    Ok(basic)
}

/// Whether the key of a certificate has signed something: RSA PKCS#1 v1.5 with SHA-256.
pub(super) fn verified(signer: &Certificate, signed: &[u8], signature: &[u8]) -> Result<(), LifeError> {
    let key = signer
        .tbs_certificate
        .subject_public_key_info
        .to_der()
        .map_err(failed)?;
    let key = RsaPublicKey::from_public_key_der(&key).map_err(failed)?;
    let signature = Signature::try_from(signature).map_err(failed)?;
    VerifyingKey::<vmyna_issuance::rsa::sha2::Sha256>::new(key)
        .verify(signed, &signature)
        .map_err(|_| failed("a signature is wrong"))
}
