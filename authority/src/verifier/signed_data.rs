//! Signed data (CMS, RFC 5652), with its content inside or beside it.
//!
//! The signed data is read part by part, so that what a signature covers are the received bytes. All certificates in it are
//! claims: they are looked at only to find the signer's.

use cms::content_info::ContentInfo;
use cms::signed_data::{EncapsulatedContentInfo, SignerIdentifier, SignerInfo};
use der::asn1::{ObjectIdentifier, OctetString};
use der::{Any, Decode, Encode};
use vmyna_apdu::{Text, text};
use vmyna_issuance::x509::names::Hierarchy;
use x509_cert::attr::Attributes;
use x509_cert::ext::pkix::SubjectKeyIdentifier;
use x509_cert::time::Time;

use super::block::{self, Hash};
use super::certificate::{Received, signature_hash};
use super::compare::Claims;
use super::report::{Kind, Report, fixed};
use super::{Settings, certificate_id, check_certificate, parts};

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");

/// The tags of `[0]` and `[1]`, constructed.
const TAGGED: [u8; 2] = [0xA0, 0xA1];
const SET: u8 = 0x31;

/// Signed data in its parts.
struct Cut<'a> {
    content: EncapsulatedContentInfo,
    certificates: Vec<&'a [u8]>,
    signers: Vec<&'a [u8]>,
    /// What follows the signed data.
    rest: &'a [u8],
}

/// Whether the bytes begin as signed data do.
#[must_use]
pub fn is_signed_data(bytes: &[u8]) -> bool {
    let object = parts::first(bytes).map(|(object, _)| object);
    object
        .and_then(parts::value)
        .and_then(parts::first)
        .and_then(|(id, _)| ObjectIdentifier::from_der(id))
        .is_ok_and(|id| id == SIGNED_DATA)
}

fn cut(bytes: &[u8]) -> der::Result<Cut<'_>> {
    let (object, rest) = parts::first(bytes)?;
    // Its typed form checks what is not used here.
    let _ = ContentInfo::from_der(object)?;
    let wrong = || der::Error::from(der::ErrorKind::Failed);
    let &[_, content] = parts::elements(object)?.as_slice() else {
        return Err(wrong());
    };
    let fields = parts::elements(parts::value(content)?)?;
    let (&[_, _, content, ref optional @ ..], Some(signers)) = (fields.as_slice(), fields.last()) else {
        return Err(wrong());
    };
    let certificates = optional.iter().find(|field| field[0] == TAGGED[0]);
    if signers.first() != Some(&SET) {
        return Err(wrong());
    }
    Ok(Cut {
        content: EncapsulatedContentInfo::from_der(content)?,
        certificates: certificates.map_or(Ok(Vec::new()), |set| parts::elements(set))?,
        signers: parts::elements(signers)?,
        rest,
    })
}

/// Verifies signed data, DER: a report for each signer. `beside` is the content of detached signed data, `others` are further
/// certificates in which the signer's may be.
#[must_use]
pub fn signed_data(
    bytes: &[u8],
    beside: Option<&[u8]>,
    others: &[Vec<u8>],
    file: &str,
    settings: &Settings<'_>,
    claims: &mut Claims,
) -> Vec<Report> {
    let mut report = Report::new(Kind::SignedData, vec![file.to_owned()]);
    let cut = match cut(bytes) {
        Ok(cut) => cut,
        Err(error) => {
            report.invalid(
                "cms.form",
                text!(
                    "the signed data can't be read: {error}",
                    "署名データを読み取れません: {error}"
                ),
            );
            return vec![report];
        }
    };
    let (signers, certificates) = (cut.signers.len(), cut.certificates.len());
    report.check(
        "cms.form",
        cut.rest.iter().all(|byte| *byte == 0),
        text!(
            "signed data with {signers} signers and {certificates} certificates",
            "署名者{signers}、証明書{certificates}の署名データです"
        ),
        fixed(
            "bytes other than 00 follow the signed data",
            "署名データの後に00以外のバイトがあります",
        ),
    );
    let content = content(&mut report, &cut, beside);
    if signers == 0 {
        report.invalid("cms.signers", fixed("no signer has signed", "署名者がありません"));
        return vec![report];
    }
    let mut reports = Vec::new();
    for (index, signer) in cut.signers.iter().enumerate() {
        let mut report = report.clone();
        if signers > 1 {
            let number = index + 1;
            report.ok(
                "cms.signers",
                text!("signer {number} of {signers}", "署名者{number}（全{signers}）"),
            );
        }
        check_signer(&mut report, signer, &cut, content.as_deref(), others, settings, claims);
        reports.push(report);
    }
    reports
}

/// The content that is signed.
fn content(report: &mut Report, cut: &Cut<'_>, beside: Option<&[u8]>) -> Option<Vec<u8>> {
    let inside = match &cut.content.econtent {
        None => None,
        Some(content) => match content.decode_as::<OctetString>() {
            Ok(content) => Some(content.into_bytes()),
            Err(_) => {
                report.invalid(
                    "cms.content",
                    fixed("the content is no octet string", "内容がオクテット列ではありません"),
                );
                return None;
            }
        },
    };
    match (inside, beside) {
        (Some(inside), Some(beside)) if inside != beside => {
            report.invalid(
                "cms.content",
                fixed(
                    "the signed data holds another content than the one given",
                    "署名データの内容が、指定された内容と異なります",
                ),
            );
            None
        }
        (Some(inside), _) => {
            report.ok(
                "cms.content",
                fixed("the content is inside", "内容は署名データの中にあります"),
            );
            Some(inside)
        }
        (None, Some(beside)) => {
            report.ok(
                "cms.content",
                fixed("the content is the file given", "内容は指定されたファイルです"),
            );
            Some(beside.to_vec())
        }
        (None, None) => {
            report.not_verified(
                "cms.content",
                fixed(
                    "the signed data does not hold its content, and no content was given",
                    "署名データに内容がなく、指定もありません",
                ),
            );
            None
        }
    }
}

/// All checks of one signer.
fn check_signer(
    report: &mut Report,
    bytes: &[u8],
    cut: &Cut<'_>,
    content: Option<&[u8]>,
    others: &[Vec<u8>],
    settings: &Settings<'_>,
    claims: &mut Claims,
) {
    let (signer, fields) = match (SignerInfo::from_der(bytes), parts::elements(bytes)) {
        (Ok(signer), Ok(fields)) => (signer, fields),
        (Err(error), _) | (_, Err(error)) => {
            report.invalid(
                "cms.signer",
                text!(
                    "the signer can't be read: {error}",
                    "署名者情報を読み取れません: {error}"
                ),
            );
            return;
        }
    };
    let all = cut.certificates.iter().copied().chain(others.iter().map(Vec::as_slice));
    let Some(certificate) = find_certificate(report, &signer, all) else {
        return;
    };
    let hash = check_algorithms(report, &signer);
    match (&signer.signed_attrs, content) {
        (Some(attributes), content) => check_attributes(report, attributes, cut, content, hash, &certificate),
        (None, content) => check_without_attributes(report, cut, content),
    }
    // With attributes the signature is over their SET OF, not over the field with its context-specific tag.
    let covered = match fields.get(3) {
        Some([tag, rest @ ..]) if *tag == TAGGED[0] => Some([&[SET], rest].concat()),
        _ => content.map(<[u8]>::to_vec),
    };
    match (hash, covered, certificate.key()) {
        (Some(hash), Some(covered), Ok(key)) => {
            match block::verify(&key, signer.signature.as_bytes(), &covered, hash) {
                Ok(()) => report.ok(
                    "cms.signature",
                    fixed("the certificate's key has signed", "証明書の鍵による署名です"),
                ),
                Err(reason) => report.invalid("cms.signature", reason),
            }
        }
        _ => report.not_verified(
            "cms.signature",
            fixed(
                "the signature can't be checked without an accepted algorithm, the content and the key",
                "アルゴリズム、内容、鍵のいずれかがないため、署名を確認できません",
            ),
        ),
    }
    let purpose = settings.purpose.unwrap_or(Hierarchy::Signature);
    check_certificate(report, &certificate, Some(purpose), settings, claims);
}

/// The one certificate that the signer names.
fn find_certificate<'c>(
    report: &mut Report,
    signer: &SignerInfo,
    all: impl Iterator<Item = &'c [u8]>,
) -> Option<Received<'c>> {
    let mut found: Vec<Received<'c>> = Vec::new();
    for certificate in all.filter_map(|der| Received::read(der).ok()) {
        if names(&signer.sid, &certificate) && found.iter().all(|other| other.der != certificate.der) {
            found.push(certificate);
        }
    }
    match found.len() {
        1 => report.ok(
            "cms.certificate",
            fixed("the signer names one certificate", "署名者の証明書は1つに定まります"),
        ),
        0 => report.not_verified(
            "cms.certificate",
            fixed("the signer's certificate is missing", "署名者の証明書がありません"),
        ),
        count => {
            report.invalid(
                "cms.certificate",
                text!(
                    "the signer names {count} different certificates",
                    "署名者の指す証明書が{count}個あります"
                ),
            );
            return None;
        }
    }
    found.pop()
}

fn names(sid: &SignerIdentifier, certificate: &Received<'_>) -> bool {
    let fields = certificate.fields();
    match sid {
        SignerIdentifier::IssuerAndSerialNumber(name) => {
            name.issuer == fields.issuer && name.serial_number == fields.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(id) => {
            let stated: der::Result<Option<(bool, SubjectKeyIdentifier)>> = fields.get();
            matches!(stated, Ok(Some((_, stated))) if stated == *id)
        }
    }
}

/// The hash function, if both algorithms agree and are accepted.
fn check_algorithms(report: &mut Report, signer: &SignerInfo) -> Option<Hash> {
    let digest = Hash::of_digest(&signer.digest_alg);
    let signature = match signer.signature_algorithm.oid {
        RSA => digest,
        _ => signature_hash(&signer.signature_algorithm),
    };
    let (of_digest, of_signature) = (signer.digest_alg.oid, signer.signature_algorithm.oid);
    let hash = digest.filter(|digest| signature == Some(*digest));
    match hash {
        Some(hash) => {
            let hash = hash.name();
            report.ok("cms.algorithms", text!("RSA PKCS#1 v1.5 with {hash}", "{hash}によるRSA PKCS#1 v1.5"));
        }
        None => report.invalid(
            "cms.algorithms",
            text!(
                "the digest algorithm {of_digest} and the signature algorithm {of_signature} don't agree or aren't accepted",
                "ダイジェストアルゴリズム{of_digest}と署名アルゴリズム{of_signature}が整合しないか、受け入れられません"
            ),
        ),
    }
    hash
}

/// The values of an attribute that occurs once with one value.
fn single(attributes: &Attributes, id: ObjectIdentifier) -> Result<Option<&Any>, Text> {
    let mut all = attributes.iter().filter(|attribute| attribute.oid == id);
    match (all.next(), all.next()) {
        (None, _) => Ok(None),
        (Some(attribute), None) if attribute.values.len() == 1 => Ok(attribute.values.get(0)),
        _ => Err(text!(
            "the attribute {id} occurs twice or does not have one value",
            "属性{id}が重複しているか、値が1つではありません"
        )),
    }
}

fn check_attributes(
    report: &mut Report,
    attributes: &Attributes,
    cut: &Cut<'_>,
    content: Option<&[u8]>,
    hash: Option<Hash>,
    certificate: &Received<'_>,
) {
    let kind = cut.content.econtent_type;
    match single(attributes, CONTENT_TYPE) {
        Err(reason) => report.invalid("cms.content-type", reason),
        Ok(value) => report.check(
            "cms.content-type",
            value.is_some_and(|value| value.decode_as::<ObjectIdentifier>() == Ok(kind)),
            text!(
                "the attribute states the content type {kind}",
                "属性の内容種別は{kind}です"
            ),
            text!(
                "the attribute does not state the content type {kind}",
                "属性の内容種別が{kind}ではありません"
            ),
        ),
    }
    match (single(attributes, MESSAGE_DIGEST), hash, content) {
        (Err(reason), ..) => report.invalid("cms.message-digest", reason),
        (Ok(Some(value)), Some(hash), Some(content)) => {
            let stated = value.decode_as::<OctetString>();
            report.check(
                "cms.message-digest",
                stated.is_ok_and(|stated| stated.as_bytes() == hash.digest(content)),
                fixed("the digest is that of the content", "ハッシュ値は内容のものです"),
                fixed(
                    "the digest is not that of the content",
                    "ハッシュ値が内容のものではありません",
                ),
            );
        }
        (Ok(None), ..) => report.invalid(
            "cms.message-digest",
            fixed("the digest of the content is missing", "内容のハッシュ値がありません"),
        ),
        _ => report.not_verified(
            "cms.message-digest",
            fixed("the digest can't be compared", "ハッシュ値を比較できません"),
        ),
    }
    certificate_id::check(report, attributes, certificate);
    if let Ok(Some(value)) = single(attributes, SIGNING_TIME)
        && let Ok(time) = value.to_der().and_then(|time| Time::from_der(&time))
    {
        let time = time.to_date_time();
        report.note(
            "cms.signing-time",
            text!(
                "the signer states {time}; without a timestamp nothing proves it",
                "署名者の申告は{time}です。タイムスタンプがないため証明されません"
            ),
        );
    }
    let mut seen = Vec::new();
    let twice = attributes.iter().any(|attribute| {
        let again = seen.contains(&attribute.oid);
        seen.push(attribute.oid);
        again
    });
    report.check(
        "cms.attributes",
        !twice,
        fixed("no signed attribute occurs twice", "署名属性の重複はありません"),
        fixed("a signed attribute occurs twice", "署名属性が重複しています"),
    );
}

/// A signature over the content itself. If the content reads as signed attributes, it was made from another signed data by
/// leaving them out: no signer has signed it as a content.
fn check_without_attributes(report: &mut Report, cut: &Cut<'_>, content: Option<&[u8]>) {
    let kind = cut.content.econtent_type;
    if kind != DATA {
        report.invalid(
            "cms.attributes",
            text!(
                "the content type {kind} needs signed attributes, and there are none",
                "内容種別{kind}には署名属性が必要ですが、ありません"
            ),
        );
    } else if content.is_some_and(|content| Attributes::from_der(content).is_ok_and(|found| !found.is_empty())) {
        report.invalid(
            "cms.attributes",
            fixed(
                "the content is signed attributes of other signed data",
                "内容が、別の署名データの署名属性です",
            ),
        );
    } else {
        report.note(
            "cms.attributes",
            fixed(
                "no signed attributes: the signature is over the content itself",
                "署名属性はありません。内容そのものへの署名です",
            ),
        );
    }
}
