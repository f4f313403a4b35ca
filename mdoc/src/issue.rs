//! Issuing: digests of the elements, and the document signer's signature over them.

use std::fmt;

use der::{DateTime, Decode};
use rand_core::CryptoRngCore;
use sha2::{Digest, Sha256};
use x509_cert::Certificate;

use crate::cbor::{self, Encoded};
use crate::keys::{PublicKey, SignerKey};
use crate::{Attributes, IssuerSigned, ParseError, SecurityObject, Validity, cose};

/// How many random bytes each element has. ISO/IEC 18013-5 demands 16 at least.
const RANDOM: usize = 32;

/// A document signer: its key and certificate.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The private key.
    pub key: SignerKey,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
}

/// Why no mdoc was issued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// No element has a value.
    #[error("no attribute has a value, and an mdoc needs one at least")]
    Empty,
    /// `age_over_NN` for an NN of more than two digits, or for one that is repeated.
    #[error("age_over_{0:02}: an age has two digits at most and is stated once")]
    AgeOver(u8),
    /// The document signer's certificate can't be read.
    #[error("the document signer's certificate: {0}")]
    Certificate(#[source] der::Error),
    /// The certificate is of another key.
    #[error("the document signer's certificate is of another key than its private key")]
    OtherKey,
    /// The moments are not in the order that ISO/IEC 18013-5 demands.
    #[error("the validity: {0}")]
    Validity(ValidityError),
    /// COSE could not encode what it was given.
    #[error("the signature can't be encoded: {0}")]
    Encoding(coset::CoseError),
    /// The elements are more than an mdoc can have.
    #[error("the issued mdoc: {0}")]
    Limits(#[source] ParseError),
}

/// The rule that a validity breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValidityError {
    /// signed ≤ validFrom < validUntil.
    Order,
    /// signed and validUntil are within the validity of the document signer's certificate.
    OfSigner,
}

impl fmt::Display for ValidityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Order => "an mdoc is valid from its signing or later, and ends after it begins",
            Self::OfSigner => "an mdoc is signed and ends within the validity of its document signer's certificate",
        })
    }
}

/// Issues an mdoc to the device that has the private key of `device_key`.
///
/// Each element has 32 random bytes of its own. digestIDs are shuffled within a namespace, so that they reveal neither the
/// element nor the order of issuing. `decoys` digests without an element are added to each namespace.
///
/// # Errors
/// Nothing to state, an age that is repeated or above 99, a document signer that does not fit, or a validity outside the document signer's.
pub fn issue(
    attributes: &Attributes,
    validity: &Validity,
    device_key: &p256::PublicKey,
    signer: &Signer,
    decoys: u16,
    rng: &mut (impl CryptoRngCore + ?Sized),
) -> Result<IssuerSigned, IssueError> {
    check(validity, signer)?;
    let mut ages = std::collections::HashSet::new();
    let is_wrong = |age: &u8| *age > 99 || !ages.insert(*age);
    if let Some(age) = attributes.age_over.iter().map(|(age, _)| *age).find(is_wrong) {
        return Err(IssueError::AgeOver(age));
    }
    let elements = attributes.elements();
    let mut spaces: Vec<&str> = elements.iter().map(|(namespace, ..)| *namespace).collect();
    spaces.dedup();
    if spaces.is_empty() {
        return Err(IssueError::Empty);
    }
    let (mut digests, mut items) = (Vec::new(), Vec::new());
    for space in spaces {
        let elements: Vec<_> = elements.iter().filter(|(namespace, ..)| *namespace == space).collect();
        let ids = shuffled(elements.len() + usize::from(decoys), rng);
        let (of_elements, of_decoys) = ids.split_at(elements.len());
        let mut of_space = Vec::new();
        let mut encoded = Vec::new();
        for ((_, identifier, value), id) in elements.into_iter().zip(of_elements) {
            let item = item(*id, identifier, value, rng);
            of_space.push((cbor::unsigned(*id), cbor::bytes(&Sha256::digest(&item))));
            encoded.push(item);
        }
        for id in of_decoys {
            of_space.push((cbor::unsigned(*id), cbor::bytes(&random(rng))));
        }
        digests.push((cbor::text(space), cbor::map(of_space)));
        items.push((cbor::text(space), cbor::array(&encoded)));
    }
    let object = SecurityObject::encode(digests, device_key, validity);
    let auth = cose::sign1(&signer.key, cbor::embedded(&object), false, Some(&signer.certificate));
    let signed = cbor::map(vec![
        (cbor::text("nameSpaces"), cbor::map(items)),
        (cbor::text("issuerAuth"), auth.map_err(IssueError::Encoding)?),
    ]);
    IssuerSigned::parse(&signed).map_err(IssueError::Limits)
}

fn check(validity: &Validity, signer: &Signer) -> Result<(), IssueError> {
    let certificate = Certificate::from_der(&signer.certificate).map_err(IssueError::Certificate)?;
    let certificate = certificate.tbs_certificate;
    if PublicKey::of(&certificate.subject_public_key_info) != Some(signer.key.public()) {
        return Err(IssueError::OtherKey);
    }
    let moment = |time: &x509_cert::time::Time| -> DateTime { time.to_date_time() };
    let (from, until) = (
        moment(&certificate.validity.not_before),
        moment(&certificate.validity.not_after),
    );
    let ordered = validity.signed <= validity.valid_from && validity.valid_from < validity.valid_until;
    match (ordered, from <= validity.signed && validity.valid_until <= until) {
        (false, _) => Err(IssueError::Validity(ValidityError::Order)),
        (true, false) => Err(IssueError::Validity(ValidityError::OfSigner)),
        (true, true) => Ok(()),
    }
}

fn random(rng: &mut (impl CryptoRngCore + ?Sized)) -> [u8; RANDOM] {
    let mut random = [0; RANDOM];
    rng.fill_bytes(&mut random);
    random
}

/// `IssuerSignedItemBytes`.
fn item(id: u64, identifier: &str, value: &Encoded, rng: &mut (impl CryptoRngCore + ?Sized)) -> Encoded {
    cbor::embedded(&cbor::map(vec![
        (cbor::text("digestID"), cbor::unsigned(id)),
        (cbor::text("random"), cbor::bytes(&random(rng))),
        (cbor::text("elementIdentifier"), cbor::text(identifier)),
        (cbor::text("elementValue"), value.clone()),
    ]))
}

/// The numbers below `count` in random order.
fn shuffled(count: usize, rng: &mut (impl CryptoRngCore + ?Sized)) -> Vec<u64> {
    let mut numbers: Vec<u64> = (0..count as u64).collect();
    for last in (1..count).rev() {
        let other = below(last as u32 + 1, rng);
        numbers.swap(last, other as usize);
    }
    numbers
}

/// A random number below `limit`, each as probable as the others.
fn below(limit: u32, rng: &mut (impl CryptoRngCore + ?Sized)) -> u32 {
    let whole = u32::MAX - u32::MAX % limit;
    loop {
        let number = rng.next_u32();
        if number < whole {
            return number % limit;
        }
    }
}
