//! Asking an OCSP responder, and judging its answer (RFC 6960, 3.2).

use der::asn1::{Null, ObjectIdentifier, OctetString};
use der::{Decode, Encode};
use rsa::RsaPublicKey;
use sha1::{Digest, Sha1};
use spki::AlgorithmIdentifierOwned;
use vmyna_apdu::{Text, text};
use x509_cert::certificate::TbsCertificate;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{AuthorityInfoAccessSyntax, ExtendedKeyUsage, KeyUsages};
use x509_ocsp::builder::OcspRequestBuilder;
use x509_ocsp::ext::Nonce;
use x509_ocsp::{
    BasicOcspResponse, CertId, CertStatus, OcspResponse, OcspResponseStatus, Request, ResponderId, SingleResponse,
};

use super::{Ask, Status, fresh};
use crate::ocsp::SHA_1;
use crate::register::{IssuerId, Reason};
use crate::verifier::Settings;
use crate::verifier::block;
use crate::verifier::certificate::{EXTENDED_KEY_USAGE, KEY_USAGE, Received, extension_fault, signature_hash, usages};
use crate::verifier::parts;
use crate::verifier::report::fixed;
use crate::verifier::trust::{Anchor, key_of};

const BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");
const NO_CHECK: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.5");
const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");
const ACCESS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");

/// The responder's address in a certificate.
pub(super) fn address(fields: &TbsCertificate) -> Option<String> {
    let stated: Option<(bool, AuthorityInfoAccessSyntax)> = fields.get().ok()?;
    let mut locations = stated?.1.0.into_iter().filter(|access| access.access_method == ACCESS);
    locations.find_map(|access| match access.access_location {
        GeneralName::UniformResourceIdentifier(url) => Some(url.to_string()),
        _ => None,
    })
}

/// Asks about a certificate.
pub(super) fn status(
    ask: Ask<'_>,
    url: &str,
    certificate: &Received<'_>,
    anchor: &Anchor,
    settings: &Settings<'_>,
) -> Result<Status, Text> {
    let unmade = |_| fixed("the request can't be made", "問い合わせを作れません");
    let id = certificate_id(certificate, anchor).map_err(unmade)?;
    let nonce = Nonce::new(settings.nonce).map_err(unmade)?;
    let request = OcspRequestBuilder::default()
        .with_request(Request::new(id.clone()))
        .with_extension(nonce)
        .map_err(|_| fixed("the request can't be made", "問い合わせを作れません"))?
        .build();
    let answer = ask(url, &request.to_der().map_err(unmade)?)?;
    judge(&answer, &id, anchor, settings)
}

/// The certificate's name in a request: with SHA-1, which every responder knows.
fn certificate_id(certificate: &Received<'_>, anchor: &Anchor) -> der::Result<CertId> {
    let name = anchor.certificate.tbs_certificate.subject.to_der()?;
    Ok(CertId {
        hash_algorithm: AlgorithmIdentifierOwned {
            oid: SHA_1,
            parameters: Some(Null.into()),
        },
        issuer_name_hash: OctetString::new(Sha1::digest(&name).to_vec())?,
        issuer_key_hash: OctetString::new(anchor.id.0)?,
        serial_number: certificate.fields().serial_number.clone(),
    })
}

/// Judges an answer, DER.
fn judge(answer: &[u8], id: &CertId, anchor: &Anchor, settings: &Settings<'_>) -> Result<Status, Text> {
    let unreadable = |error: der::Error| text!("its answer can't be read: {error}", "応答を読み取れません: {error}");
    let response = OcspResponse::from_der(answer).map_err(unreadable)?;
    let bytes = match (response.response_status, &response.response_bytes) {
        (OcspResponseStatus::Successful, Some(bytes)) if bytes.response_type == BASIC => bytes.response.as_bytes(),
        (status, _) => return Err(text!("it answers {status:?}", "応答は{status:?}です")),
    };
    let basic = BasicOcspResponse::from_der(bytes).map_err(unreadable)?;
    let data = &basic.tbs_response_data;
    let signer = signer(&basic, anchor, settings)?;
    let hash = signature_hash(&basic.signature_algorithm).ok_or_else(|| {
        fixed(
            "the signature algorithm of its answer is not accepted",
            "応答の署名アルゴリズムを受け入れられません",
        )
    })?;
    let signed = parts::signed_part(bytes).map_err(unreadable)?;
    block::verify(&signer, basic.signature.raw_bytes(), signed, hash)?;
    if let Some(fault) = extension_fault(data.response_extensions.as_deref().unwrap_or_default(), &[]) {
        return Err(fault);
    }
    if data.nonce().is_none_or(|nonce| nonce.0.as_bytes() != settings.nonce) {
        return Err(fixed(
            "its answer does not have the nonce of the request",
            "応答に問い合わせのノンスがありません",
        ));
    }
    let mut answers = data.responses.iter().filter(|single| same(&single.cert_id, id));
    match (answers.next(), answers.next()) {
        (Some(single), None) => state(single, settings),
        (None, _) => Err(fixed(
            "it answers about another certificate",
            "別の証明書についての応答です",
        )),
        (Some(_), Some(_)) => Err(fixed(
            "it answers twice about the certificate",
            "同じ証明書についての応答が重複しています",
        )),
    }
}

/// All fields are equal; a missing parameter of SHA-1 is NULL.
fn same(one: &CertId, other: &CertId) -> bool {
    one.hash_algorithm.oid == other.hash_algorithm.oid
        && one.issuer_name_hash == other.issuer_name_hash
        && one.issuer_key_hash == other.issuer_key_hash
        && one.serial_number == other.serial_number
}

fn state(single: &SingleResponse, settings: &Settings<'_>) -> Result<Status, Text> {
    if let Some(fault) = extension_fault(single.single_extensions.as_deref().unwrap_or_default(), &[]) {
        return Err(fault);
    }
    let next = single.next_update.as_ref().map(|time| time.0.to_date_time());
    fresh(single.this_update.0.to_date_time(), next, settings)?;
    match &single.cert_status {
        CertStatus::Good(_) => Ok(Status::Good),
        CertStatus::Unknown(_) => Err(fixed("it does not know the certificate", "証明書が登録されていません")),
        CertStatus::Revoked(info) => {
            let reason = info.revocation_reason.map_or(0, |reason| reason as u8);
            let reason = match Reason::of_code(reason) {
                Some(reason) => reason.name().to_owned(),
                None => format!("reason {reason}"),
            };
            Ok(Status::Revoked(info.revocation_time.0.to_date_time(), reason))
        }
    }
}

/// The key that may sign the answer: the authority's own, or that of a responder which this very key has certified.
fn signer(basic: &BasicOcspResponse, anchor: &Anchor, settings: &Settings<'_>) -> Result<RsaPublicKey, Text> {
    let id = &basic.tbs_response_data.responder_id;
    if is(id, &anchor.certificate) {
        return Ok(anchor.key.clone());
    }
    let certificates = basic.certs.as_deref().unwrap_or_default();
    let responder = certificates
        .iter()
        .find(|certificate| is(id, certificate))
        .ok_or_else(|| {
            fixed(
                "its answer holds no certificate of the responder",
                "応答にレスポンダの証明書がありません",
            )
        })?;
    let der = responder.to_der().map_err(|_| {
        fixed(
            "the responder's certificate can't be read",
            "レスポンダの証明書を読み取れません",
        )
    })?;
    let received = Received::read(&der)?;
    let hash = signature_hash(&responder.signature_algorithm)
        .filter(|_| responder.signature_algorithm == received.fields().signature);
    let not_ours = |why: Text| {
        let (en, ja) = (why.en, why.ja);
        text!(
            "the key that issued the certificate has not certified the responder: {en}",
            "レスポンダの証明書は、対象の証明書と同じ鍵による発行ではありません: {ja}"
        )
    };
    let hash = hash.ok_or_else(|| not_ours(fixed("unknown algorithm", "未知のアルゴリズム")))?;
    received.verify(&anchor.key, hash).map_err(not_ours)?;
    check_right(received.fields(), settings)?;
    key_of(responder)
}

/// The right of a responder's certificate to sign answers.
fn check_right(fields: &TbsCertificate, settings: &Settings<'_>) -> Result<(), Text> {
    let extensions = fields.extensions.as_deref().unwrap_or_default();
    if let Some(fault) = extension_fault(extensions, &[KEY_USAGE, EXTENDED_KEY_USAGE, NO_CHECK]) {
        return Err(fault);
    }
    let usage: der::Result<Option<(bool, ExtendedKeyUsage)>> = fields.get();
    let may = matches!(&usage, Ok(Some((_, usage))) if usage.0.contains(&OCSP_SIGNING));
    if !may || !usages(fields).is_some_and(|usage| usage.0.contains(KeyUsages::DigitalSignature)) {
        return Err(fixed(
            "the signer of the answer may not sign OCSP answers",
            "応答の署名者にはOCSP応答に署名する権限がありません",
        ));
    }
    let clock = settings.clock.max(settings.at);
    let validity = &fields.validity;
    let (begin, end) = (validity.not_before.to_date_time(), validity.not_after.to_date_time());
    if !(begin..=end).contains(&clock) {
        return Err(text!(
            "the responder's certificate is valid from {begin} until {end}, and it is {clock}",
            "レスポンダの証明書の有効期間は{begin}から{end}ですが、現在は{clock}です"
        ));
    }
    match extensions.iter().any(|extension| extension.extn_id == NO_CHECK) {
        true => Ok(()),
        false => Err(fixed(
            "the revocation of the responder's certificate can't be checked (it has no id-pkix-ocsp-nocheck)",
            "レスポンダの証明書の失効を確認できません（id-pkix-ocsp-nocheckがありません）",
        )),
    }
}

/// Whether a certificate is that of the responder which an answer names.
fn is(id: &ResponderId, certificate: &x509_cert::Certificate) -> bool {
    let fields = &certificate.tbs_certificate;
    match id {
        ResponderId::ByName(name) => *name == fields.subject,
        ResponderId::ByKey(hash) => {
            let bits = fields.subject_public_key_info.subject_public_key.raw_bytes();
            hash.as_bytes() == IssuerId::of_key(bits).0
        }
    }
}
