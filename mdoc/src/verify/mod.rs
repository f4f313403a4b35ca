//! Verifying a response: each check is a step with a name, a verdict and a reason.

mod device;
mod elements;
mod report;
mod revocation;
mod signer;

use ciborium::Value;
use der::DateTime;
use vmyna_apdu::{Text, text};

pub use report::{Element, Report, Step, Verdict};

use crate::cbor;
use crate::element::DOC_TYPE;
use crate::error::{ParseError, part, read};
use crate::issuer_signed::{IssuerSigned, Item};
use crate::present::VERSION;
use crate::request::DeviceRequest;
use crate::transcript::Transcript;

/// What a verification may use besides response, transcript, roots and time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// The request that is answered. Elements that it does not ask for fail.
    pub request: Option<&'a DeviceRequest>,
    /// Revocation lists of the roots, DER. Without a current one of the document signer's root, `signer.revocation` is not done.
    pub lists: &'a [Vec<u8>],
    /// The reader's ephemeral key of the session, with which `deviceMac` is verified.
    pub reader_key: Option<&'a p256::SecretKey>,
}

/// Verifies a `DeviceResponse`. `anchors` are the certificates of the trusted roots, DER.
///
/// The report has a step for each of these checks, in this order, as far as the one before allows it:
///
/// | Step | Holds if |
/// |---|---|
/// | `response.form` | the response is CBOR in the strict form, version 1.0 |
/// | `response.status` | status 0 |
/// | `response.documents` | there is a document, and no document type twice |
/// | `document.form` | the document is the structure of ISO/IEC 18013-5, and no released element has an error |
/// | `document.type` | the document and the issuer's signed object both have [`DOC_TYPE`] |
/// | `signer.certificate` | there is one certificate, with a key on P-256 or P-384 |
/// | `signer.chain` | an anchor has issued it |
/// | `signer.dates`, `root.dates` | both are valid at the time |
/// | `signer.profile`, `root.profile` | both are certificates by Annex B: key usages, identifiers, names |
/// | `signer.revocation` | a current list of the root does not have it |
/// | `issuer.signature` | the document signer has signed the object, by the algorithm of its key |
/// | `object.form` | version 1.0 and SHA-256, SHA-384 or SHA-512 |
/// | `object.validity` | the time is within it, and it within the document signer's validity |
/// | `object.status` | the object refers to no status list, because none is read here |
/// | `elements.present` | an element was released |
/// | `elements.digests` | each element has its digest, in its namespace |
/// | `elements.random` | each element has 16 random bytes at least |
/// | `elements.numbers` | each digestID is below 2^31 and used once in its namespace |
/// | `elements.types` | each known element has a value of its type |
/// | `elements.agreement` | values that state the same agree; a note if they do not |
/// | `device.elements` | the device states no element of its own |
/// | `device.authentication` | the device key has signed the transcript, or made the MAC |
/// | `request.elements` | with a request: no element was released that was not asked for |
///
/// Notes, which decide nothing and are there only if there is something to state:
///
/// | Note | States |
/// |---|---|
/// | `response.errors` | a document that the device did not return |
/// | `elements.unknown` | an element that the document type does not have |
/// | `request.missing` | an element that was asked for and not released |
#[must_use]
pub fn verify(
    response: &[u8],
    transcript: &Transcript,
    anchors: &[&[u8]],
    at: DateTime,
    options: &Options<'_>,
) -> Report {
    let mut report = Report::default();
    let documents = match envelope(response) {
        Ok(envelope) => {
            report.passed(
                "response.form",
                text!(
                    "DeviceResponse, version {VERSION}",
                    "DeviceResponse、バージョン{VERSION}"
                ),
            );
            status(&envelope, &mut report);
            envelope.documents
        }
        Err(error) => {
            report.failed(
                "response.form",
                text!("the response is malformed: {error}", "応答の形式が不正です: {error}"),
            );
            return report;
        }
    };
    count(&documents, &mut report);
    for bytes in documents {
        let document = match Document::parse(bytes) {
            Ok(document) => document,
            Err(error) => {
                report.failed(
                    "document.form",
                    text!("the document is malformed: {error}", "文書の形式が不正です: {error}"),
                );
                continue;
            }
        };
        report.passed(
            "document.form",
            text!("IssuerSigned and DeviceSigned", "IssuerSignedとDeviceSigned"),
        );
        document_type(&document, &mut report);
        signer::verify(&document.issuer_signed, anchors, at, options.lists, &mut report);
        let elements = elements::verify(&document, &mut report);
        device::verify(&document, transcript, options.reader_key, &mut report);
        let asked = elements::asked(&document, elements, options.request, &mut report);
        report.elements.extend(asked);
    }
    report
}

/// The certificates of the document signers that a response names, DER: whom it claims to be issued by. Nothing is verified.
#[must_use]
pub fn signer_certificates(response: &[u8]) -> Vec<Vec<u8>> {
    let documents = envelope(response)
        .map(|envelope| envelope.documents)
        .unwrap_or_default();
    let documents = documents.into_iter().filter_map(|bytes| Document::parse(bytes).ok());
    documents
        .flat_map(|document| document.issuer_signed.certificates().to_vec())
        .collect()
}

/// The outermost structure.
struct Envelope<'a> {
    status: u64,
    documents: Vec<&'a [u8]>,
    errors: Vec<String>,
}

fn envelope(response: &[u8]) -> Result<Envelope<'_>, ParseError> {
    const NAME: &str = "DeviceResponse";
    let value = read(response, NAME)?;
    let fields = part(value.as_map(), NAME)?;
    if part(
        cbor::get(fields, "version").and_then(Value::as_text),
        "version of the response",
    )? != VERSION
    {
        return Err(ParseError::Unsupported("the version of the response"));
    }
    let documents = match cbor::entry(response, "documents") {
        Some(documents) => part(cbor::elements(documents).filter(|all| !all.is_empty()), "documents")?,
        None => Vec::new(),
    };
    let errors = match cbor::get(fields, "documentErrors") {
        Some(errors) => part(document_errors(errors), "documentErrors")?,
        None => Vec::new(),
    };
    Ok(Envelope {
        status: part(
            cbor::get(fields, "status").and_then(cbor::number),
            "status of the response",
        )?,
        documents,
        errors,
    })
}

fn document_errors(errors: &Value) -> Option<Vec<String>> {
    let all = errors.as_array()?.iter().map(|error| error.as_map());
    let mut types = Vec::new();
    for error in all {
        for (doc_type, code) in error? {
            code.as_integer()?;
            types.push(doc_type.as_text()?.to_owned());
        }
    }
    Some(types)
}

fn status(envelope: &Envelope<'_>, report: &mut Report) {
    let status = envelope.status;
    match status {
        0 => report.passed("response.status", text!("status 0 (OK)", "status 0（正常）")),
        _ => report.failed(
            "response.status",
            text!(
                "status {status}: the device reports an error",
                "status {status}: 機器がエラーを報告しています"
            ),
        ),
    }
    for doc_type in &envelope.errors {
        report.note(
            "response.errors",
            text!(
                "the device did not return {doc_type}",
                "機器は{doc_type}を返しませんでした"
            ),
        );
    }
}

/// One document at least, and none of the same type twice: whose elements they are would be open.
fn count(documents: &[&[u8]], report: &mut Report) {
    let types: Vec<_> = documents.iter().map(|one| cbor::entry(one, "docType")).collect();
    let mut sorted = types.clone();
    sorted.sort_unstable();
    sorted.dedup();
    let count = documents.len();
    match (count, sorted.len() == count) {
        (0, _) => report.failed(
            "response.documents",
            text!(
                "the response has no document, so it proves nothing",
                "応答に文書がなく、何も証明しません"
            ),
        ),
        (_, true) => report.passed("response.documents", text!("documents: {count}", "文書: {count}件")),
        (_, false) => report.failed(
            "response.documents",
            text!("two documents have the same type", "同じ種類の文書が二つあります"),
        ),
    }
}

/// A document of the response.
struct Document {
    doc_type: String,
    issuer_signed: IssuerSigned,
    device_signed: Value,
}

impl Document {
    fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        const NAME: &str = "document";
        let value = read(bytes, NAME)?;
        let fields = part(value.as_map(), NAME)?;
        let doc_type = cbor::get(fields, "docType").and_then(Value::as_text);
        let issuer_signed = IssuerSigned::parse(part(cbor::entry(bytes, "issuerSigned"), "issuerSigned")?)?;
        if let Some(errors) = cbor::get(fields, "errors") {
            let missing = part(errors_of(errors), "errors of the document")?;
            let is_missing = |item: &Item| missing.contains(&(item.namespace(), item.identifier()));
            if issuer_signed.items().iter().any(is_missing) {
                return Err(ParseError::Repeated("an element (released, and in errors too)"));
            }
        }
        Ok(Self {
            doc_type: part(doc_type, "docType of the document")?.to_owned(),
            issuer_signed,
            device_signed: part(cbor::get(fields, "deviceSigned"), "deviceSigned")?.clone(),
        })
    }
}

/// The elements of `errors`: of each namespace one at least, each with an integer.
fn errors_of(errors: &Value) -> Option<Vec<(&str, &str)>> {
    let mut all = Vec::new();
    for (namespace, of_namespace) in errors.as_map().filter(|spaces| !spaces.is_empty())? {
        for (identifier, code) in of_namespace.as_map().filter(|errors| !errors.is_empty())? {
            code.as_integer()?;
            all.push((namespace.as_text()?, identifier.as_text()?));
        }
    }
    Some(all)
}

fn document_type(document: &Document, report: &mut Report) {
    let (stated, signed) = (&document.doc_type, &document.issuer_signed.security_object().doc_type);
    let mut wrong: Vec<Text> = Vec::new();
    if stated != DOC_TYPE {
        wrong.push(text!(
            "the document is {stated}, not {DOC_TYPE}",
            "文書は{DOC_TYPE}ではなく{stated}です"
        ));
    }
    if stated != signed {
        wrong.push(text!(
            "the issuer has signed {signed}",
            "発行者が署名したのは{signed}です"
        ));
    }
    report.check("document.type", Text::same(DOC_TYPE), wrong);
}
