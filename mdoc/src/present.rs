//! Presenting: the elements that a reader asked for and the cardholder consents to, signed by the device.

use std::fmt;

use crate::cbor::{self, Encoded};
use crate::cose;
use crate::issuer_signed::{IssuerSigned, Item};
use crate::keys::SignerKey;
use crate::request::{DeviceRequest, Wanted};
use crate::transcript::Transcript;

/// The version of the response.
pub(crate) const VERSION: &str = "1.0";
/// `DeviceNameSpaces`: the device states nothing of its own.
pub(crate) const NOTHING: &[u8] = &[0xA0];

/// A response to a reader. `Debug` does not show the response, because it has the values.
#[derive(Clone, PartialEq, Eq)]
pub struct Presentation {
    /// `DeviceResponse`, CBOR.
    pub response: Vec<u8>,
    /// The elements in it: namespace and identifier.
    pub released: Vec<(String, String)>,
    /// The elements that the mdoc has and the cardholder did not consent to.
    pub withheld: Vec<(String, String)>,
    /// The elements that the mdoc does not have.
    pub unavailable: Vec<(String, String)>,
}

impl fmt::Debug for Presentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presentation")
            .field("released", &self.released)
            .field("withheld", &self.withheld)
            .field("unavailable", &self.unavailable)
            .finish_non_exhaustive()
    }
}

/// Why nothing was presented.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PresentError {
    /// The key is not the one that the issuer signed.
    #[error("the device key is not the one of this mdoc")]
    OtherKey,
    /// COSE could not encode what it was given.
    #[error("the signature can't be encoded: {0}")]
    Encoding(coset::CoseError),
}

/// Answers a request with the elements for which `consent` returns true, signed by the device over the session transcript.
///
/// `consent` is asked once for each element that was asked for and that the mdoc has. Elements of other documents are answered
/// with a document error, elements that are not released with an error 0 each, which does not reveal whether the mdoc has them.
/// If nothing is released, the response has no document at all, because the issuer's signature alone would identify the mdoc.
///
/// `age_over_NN` is answered only if the mdoc has that very NN. For driving licences, ISO/IEC 18013-5 lets the nearest NN answer;
/// whether Japan's mdoc does is not published (`assumed`: it does not).
///
/// # Errors
/// `device_key` is not the key of this mdoc.
pub fn present(
    issuer_signed: &IssuerSigned,
    device_key: &p256::SecretKey,
    request: &DeviceRequest,
    transcript: &Transcript,
    mut consent: impl FnMut(&Wanted) -> bool,
) -> Result<Presentation, PresentError> {
    let object = issuer_signed.security_object();
    if object.device_key != device_key.public_key() {
        return Err(PresentError::OtherKey);
    }
    let doc_type = &object.doc_type;
    let (mut released, mut withheld, mut unavailable) = (Vec::<&Item>::new(), Vec::new(), Vec::new());
    let mut others: Vec<&str> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for one in request.doc_requests() {
        if one.doc_type() != doc_type {
            others.push(one.doc_type());
            continue;
        }
        for wanted in one.wanted() {
            let name = (wanted.namespace.clone(), wanted.identifier.clone());
            if !seen.insert(name.clone()) {
                continue;
            }
            let mut items = issuer_signed.items().iter();
            let is_it = |item: &&Item| item.namespace == name.0 && item.identifier == name.1;
            match items.find(is_it) {
                Some(item) if consent(wanted) => released.push(item),
                Some(_) => withheld.push(name),
                None => unavailable.push(name),
            }
        }
    }
    let asked = !seen.is_empty();
    let mut fields = vec![
        (cbor::text("version"), cbor::text(VERSION)),
        (cbor::text("status"), cbor::unsigned(0)),
    ];
    if released.is_empty() && asked {
        others.push(doc_type);
    } else if asked {
        let missing: Vec<_> = withheld.iter().chain(&unavailable).collect();
        let signature = sign(device_key, doc_type, transcript).map_err(PresentError::Encoding)?;
        let document = document(doc_type, issuer_signed, &released, signature, &missing);
        fields.push((cbor::text("documents"), cbor::array(&[document])));
    }
    others.sort_unstable();
    others.dedup();
    if !others.is_empty() {
        let errors = others
            .iter()
            .map(|one| cbor::map(vec![(cbor::text(one), cbor::unsigned(0))]));
        fields.push((cbor::text("documentErrors"), cbor::array(&errors.collect::<Vec<_>>())));
    }
    Ok(Presentation {
        response: cbor::map(fields),
        released: released
            .iter()
            .map(|item| (item.namespace.clone(), item.identifier.clone()))
            .collect(),
        withheld,
        unavailable,
    })
}

/// `deviceSignature`: a COSE_Sign1 without payload.
fn sign(key: &p256::SecretKey, doc_type: &str, transcript: &Transcript) -> Result<Encoded, coset::CoseError> {
    let data = transcript.device_authentication(doc_type, NOTHING);
    cose::sign1(&SignerKey::P256(key.clone()), data, true, None)
}

fn document(
    doc_type: &str,
    issuer_signed: &IssuerSigned,
    released: &[&Item],
    signature: Encoded,
    missing: &[&(String, String)],
) -> Encoded {
    let auth = cbor::map(vec![(cbor::text("deviceSignature"), signature)]);
    let device = cbor::map(vec![
        (cbor::text("nameSpaces"), cbor::embedded(NOTHING)),
        (cbor::text("deviceAuth"), auth),
    ]);
    let issuer = IssuerSigned::encode(released, issuer_signed.issuer_auth_bytes());
    let mut fields = vec![
        (cbor::text("docType"), cbor::text(doc_type)),
        (cbor::text("issuerSigned"), issuer),
        (cbor::text("deviceSigned"), device),
    ];
    let mut errors: Vec<(&str, Vec<(Encoded, Encoded)>)> = Vec::new();
    for (namespace, identifier) in missing {
        let entry = (cbor::text(identifier), cbor::unsigned(0));
        match errors.iter_mut().find(|(name, _)| name == namespace) {
            Some((_, entries)) => entries.push(entry),
            None => errors.push((namespace, vec![entry])),
        }
    }
    if !errors.is_empty() {
        let errors = errors
            .into_iter()
            .map(|(name, entries)| (cbor::text(name), cbor::map(entries)));
        fields.push((cbor::text("errors"), cbor::map(errors.collect())));
    }
    cbor::map(fields)
}
