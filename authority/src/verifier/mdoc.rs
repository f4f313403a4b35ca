//! The answer of a phone with an mdoc (カード代替電磁的記録), by ISO/IEC 18013-5.
//!
//! The steps and their names are those of [`vmyna_mdoc::verify()`]. Whether the mdoc is revoked is read from lists of its root:
//! there is no OCSP for document signers.

use der::{DateTime, Decode};
use sha2::{Digest, Sha256};
use vmyna_apdu::{Text, hex};
use vmyna_mdoc::verify::{Element, signer_certificates};
use vmyna_mdoc::{DeviceRequest, Options, Transcript, Value, Verdict as Found, element};
use x509_cert::Certificate;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};

use super::Settings;
use super::compare::{Claims, MdocAttributes};
use super::report::{Kind, Report, Verdict, fixed};
use super::trust::Trust;
use crate::register::distribution_points;

/// The element that no report gives the value of.
const MY_NUMBER: &str = "individual_number_unicode";

/// The session in which the phone has answered: what the verifier knows of it by itself.
#[derive(Clone, Copy, Debug)]
pub struct Session<'a> {
    /// The transcript.
    pub transcript: &'a Transcript,
    /// What was asked; without it, whether more was answered is not checked.
    pub request: Option<&'a DeviceRequest>,
}

/// Verifies a `DeviceResponse`. The roots are the named authorities with a key on an elliptic curve.
#[must_use]
pub fn mdoc(response: &[u8], session: Session<'_>, file: &str, settings: &Settings<'_>, claims: &mut Claims) -> Report {
    let mut report = Report::new(Kind::Mdoc, vec![file.to_owned()]);
    let lists: Vec<Vec<u8>> = settings.revocation.lists.iter().map(|list| list.der.clone()).collect();
    let options = Options {
        request: session.request,
        lists: &lists,
        ..Options::default()
    };
    let verified = |anchors: &[&[u8]]| vmyna_mdoc::verify(response, session.transcript, anchors, settings.at, &options);
    let roots = settings.trust.mdoc_roots();
    let all: Vec<&[u8]> = roots.iter().map(|root| &*root.der).collect();
    let found = verified(&all);
    let secret: Vec<&[u8]> = roots
        .iter()
        .filter(|root| !root.public_keys)
        .map(|root| &*root.der)
        .collect();
    report.public_keys = secret.len() < all.len() && is_issued(&found) && !is_issued(&verified(&secret));
    for step in &found.steps {
        report.step(step.id, verdict(step.verdict), step.reason.clone());
    }
    if session.request.is_none() {
        report.note(
            "request.elements",
            fixed(
                "no request is given, so whether more was answered than asked is not checked",
                "要求の指定がないため、要求しない要素が含まれていないかは確認しません",
            ),
        );
    }
    for element in &found.elements {
        state(&mut report, element);
    }
    claims.mdoc.extend(MdocAttributes::of(&found));
    report
}

/// Whether a trusted root has issued the signer's certificate.
fn is_issued(report: &vmyna_mdoc::Report) -> bool {
    report
        .step("signer.chain")
        .is_some_and(|step| step.verdict == Found::Passed)
}

const fn verdict(found: Found) -> Verdict {
    match found {
        Found::Passed => Verdict::Ok,
        Found::Note => Verdict::Note,
        Found::NotDone => Verdict::NotVerified,
        Found::Failed => Verdict::Invalid,
    }
}

/// States the value of an element, the My Number excepted.
fn state(report: &mut Report, element: &Element) {
    let id = element.identifier.clone();
    let title = element::title(&element.namespace, &id).unwrap_or_else(|| Text::same(id.as_str()));
    match &element.value {
        _ if id == MY_NUMBER => report.note(
            "elements.my-number",
            fixed(
                "the My Number was released; it is not shown",
                "個人番号が提示されました。ここでは表示しません",
            ),
        ),
        Value::Bytes(bytes) => {
            let (length, digest) = (bytes.len(), hex::encode(&Sha256::digest(bytes)));
            report.fact(id, title, format!("{length} bytes, SHA-256 {digest}"));
        }
        Value::Bool(value) => report.fact(id, title, value.to_string()),
        value => report.fact(id, title, element::value_text(value).en),
    }
}

/// The most addresses that one response can have asked.
const MOST_ADDRESSES: usize = 4;

/// The addresses of the lists that the signers' certificates in a response name: none, unless trusted roots have issued all of
/// these certificates, so that no stranger's response chooses which addresses are asked.
#[must_use]
pub fn list_addresses(response: &[u8], transcript: &Transcript, trust: &Trust, at: DateTime) -> Vec<String> {
    let roots: Vec<&[u8]> = trust.mdoc_roots().iter().map(|root| &*root.der).collect();
    let found = vmyna_mdoc::verify(response, transcript, &roots, at, &Options::default());
    let mut chains = found.steps.iter().filter(|step| step.id == "signer.chain");
    if !is_issued(&found) || chains.any(|step| step.verdict != Found::Passed) {
        return Vec::new();
    }
    let addresses = |der: Vec<u8>| {
        let certificate = Certificate::from_der(&der).ok()?;
        let points = distribution_points(&certificate.tbs_certificate).ok()?;
        let names = points.into_iter().filter_map(|point| match point {
            DistributionPointName::FullName(names) => Some(names),
            _ => None,
        });
        let addresses = names.flatten().filter_map(|name| match name {
            GeneralName::UniformResourceIdentifier(address) => Some(address.to_string()),
            _ => None,
        });
        Some(addresses.collect::<Vec<_>>())
    };
    let all = signer_certificates(response).into_iter().filter_map(addresses);
    let mut all: Vec<String> = all.flatten().collect();
    all.sort_unstable();
    all.dedup();
    all.truncate(MOST_ADDRESSES);
    all
}
