//! A phone with the mdoc of a cardholder, and all keys behind it.

use std::time::Duration;

use ciborium::Value;
use der::asn1::BitString;
use der::{DateTime, Decode, Encode};
use vmyna_issuance::IssuanceError;
use vmyna_issuance::mdoc::{DocumentSigner, Root, VALIDITY, attributes};
use vmyna_mdoc::{
    Attributes, DOC_TYPE, DeviceRequest, NAMESPACE, NAMESPACE_JP, Signer, SignerKey, Transcript, Validity, issue,
    present,
};
use x509_cert::certificate::{Certificate, TbsCertificate};

use super::answer::{Answer, Name};
use crate::time::{DAY, after, days_from};
use crate::{MadeFile, MakeError, Person, Subject, Workshop};

pub(super) const ADDRESS: Name = (NAMESPACE_JP, "resident_address_unicode");
pub(super) const BIRTH: Name = (NAMESPACE, "birth_date");
pub(super) const BIRTH_WORDS: Name = (NAMESPACE_JP, "birth_date_unicode");
pub(super) const OVER_20: Name = (NAMESPACE, "age_over_20");
pub(super) const SEX_WORDS: Name = (NAMESPACE_JP, "sex_unicode");
pub(super) const MY_NUMBER: Name = (NAMESPACE_JP, "individual_number_unicode");

/// What the verifier asks for: all but the My Number.
pub(super) const ASKED: [Name; 10] = [
    (NAMESPACE_JP, "full_name_unicode"),
    ADDRESS,
    (NAMESPACE_JP, "local_gov_code_unicode"),
    (NAMESPACE_JP, "portrait"),
    SEX_WORDS,
    BIRTH_WORDS,
    (NAMESPACE, "sex"),
    BIRTH,
    (NAMESPACE, "age_in_years"),
    OVER_20,
];

/// Digests without an element in each namespace, so that the number of digests reveals nothing.
const DECOYS: u16 = 2;

/// The phone, the session, and what the verifier asks for. A candidate changes one of these before the answer is made, or the
/// answer.
pub(super) struct Phone<'w> {
    workshop: &'w Workshop,
    person: Person,
    pub(super) root: Root,
    pub(super) signer: DocumentSigner,
    pub(super) device: p256::SecretKey,
    pub(super) attributes: Attributes,
    pub(super) validity: Validity,
    /// The session that the verifier has opened.
    pub(super) session: Transcript,
    /// What the verifier asks for.
    pub(super) asked: Vec<Name>,
}

impl<'w> Phone<'w> {
    /// The phone of A, with an mdoc that begins today.
    pub(super) fn new(workshop: &'w Workshop) -> Result<Self, MakeError> {
        Self::of(workshop, Person::A)
    }

    /// The phone of a cardholder.
    pub(super) fn of(workshop: &'w Workshop, person: Person) -> Result<Self, MakeError> {
        let now = workshop.now();
        let signer = workshop.mdoc().signer(now, 0)?;
        let seconds = now.unix_duration().as_secs();
        let begin = DateTime::from_unix_duration(Duration::from_secs(seconds - seconds % DAY.as_secs()))?
            .max(signer.validity.0);
        Ok(Self {
            person,
            root: workshop.mdoc().root(now)?,
            device: key(workshop, &format!("mdoc/device/{person:?}")),
            attributes: attributes(workshop.card(person), now)?,
            validity: Validity {
                signed: begin,
                valid_from: begin,
                valid_until: after(begin, VALIDITY)?,
            },
            session: session(workshop, "1"),
            asked: ASKED.to_vec(),
            signer,
            workshop,
        })
    }

    /// The document signer's key.
    pub(super) const fn signer_key(&self) -> &SignerKey {
        &self.signer.signer.key
    }

    /// The mdoc began ten days ago, under a certificate that began ninety days ago and ends in two hundred.
    pub(super) fn aged(mut self) -> Result<Self, MakeError> {
        let now = self.workshop.now();
        let begin = days_from(now, -10)?;
        self.validity = Validity {
            signed: begin,
            valid_from: begin,
            valid_until: after(begin, VALIDITY)?,
        };
        self.with_certificate(|tbs| {
            tbs.validity.not_before = time(days_from(now, -90)?)?;
            tbs.validity.not_after = time(days_from(now, 200)?)?;
            Ok(())
        })
    }

    /// Changes the document signer's certificate. The root signs it again.
    pub(super) fn with_certificate(
        mut self,
        change: impl FnOnce(&mut TbsCertificate) -> Result<(), MakeError>,
    ) -> Result<Self, MakeError> {
        self.signer.signer.certificate = self.certificate(&self.root, change)?;
        Ok(self)
    }

    /// The document signer's certificate with a change, signed by a root.
    pub(super) fn certificate(
        &self,
        root: &Root,
        change: impl FnOnce(&mut TbsCertificate) -> Result<(), MakeError>,
    ) -> Result<Vec<u8>, MakeError> {
        let mut certificate = Certificate::from_der(&self.signer.signer.certificate)?;
        change(&mut certificate.tbs_certificate)?;
        let signature = root.sign(&certificate.tbs_certificate.to_der()?)?;
        certificate.signature = BitString::from_bytes(&signature)?;
        Ok(certificate.to_der()?)
    }

    /// The phone's answer in a session, with what it was asked for.
    pub(super) fn answer_in(&self, session: &Transcript, asked: &[Name]) -> Result<Answer, MakeError> {
        // The issuer refuses a validity that does not fit its certificate: such a one is signed here.
        let fitting = Validity {
            signed: self.signer.validity.0,
            valid_from: self.signer.validity.0,
            valid_until: after(self.signer.validity.0, VALIDITY)?,
        };
        let genuine = self.workshop.mdoc().signer(self.workshop.now(), 0)?.signer;
        let issuer = Signer {
            key: genuine.key,
            certificate: genuine.certificate,
        };
        let mut random = self.workshop.rng(&format!("mdoc/random/{:?}", self.person));
        let device = self.device.public_key();
        let issued = issue(&self.attributes, &fitting, &device, &issuer, DECOYS, &mut random);
        let issued = issued.map_err(IssuanceError::from)?;
        let request = request(asked)?;
        let presented = present(&issued, &self.device, &request, session, |_| true);
        let presented = presented.map_err(|_| MakeError::Form("a phone presents the mdoc of its key"))?;
        let mut answer = Answer::read(&presented.response)?;
        answer.change_auth(|auth| {
            for (_, chain) in &mut auth.unprotected.rest {
                *chain = Value::Bytes(self.signer.signer.certificate.clone());
            }
            Ok(())
        })?;
        answer.change_object(Some(self.signer_key()), |object| set_validity(object, &self.validity))?;
        Ok(answer)
    }

    /// The phone's answer in the verifier's session to what the verifier asks for.
    pub(super) fn answer(&self) -> Result<Answer, MakeError> {
        self.answer_in(&self.session, &self.asked)
    }

    /// What the verifier has after this answer.
    pub(super) fn subject(&self, answer: &Answer) -> Result<Subject, MakeError> {
        self.subject_of(answer.bytes()?)
    }

    /// What the verifier has after an answer of these bytes.
    pub(super) fn subject_of(&self, answer: Vec<u8>) -> Result<Subject, MakeError> {
        Ok(Subject::files([
            (MadeFile::Mdoc, answer),
            (MadeFile::Transcript, self.session.to_bytes().to_vec()),
            (MadeFile::Request, request(&self.asked)?.to_bytes().to_vec()),
        ]))
    }
}

fn request(asked: &[Name]) -> Result<DeviceRequest, MakeError> {
    DeviceRequest::create(DOC_TYPE, asked, false).map_err(|_| MakeError::Form("a request names elements"))
}

/// A P-256 key with this label.
pub(super) fn key(workshop: &Workshop, label: &str) -> p256::SecretKey {
    p256::SecretKey::random(&mut workshop.rng(label))
}

/// A session of the test verifier, as browsers have them. Its address is one that no host can have.
pub(super) fn session(workshop: &Workshop, number: &str) -> Transcript {
    let seed = workshop.seed(&format!("mdoc/session/{number}"));
    let nonce: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
    Transcript::browser(&nonce, "https://verifier.vmyna.invalid")
}

/// A time as certificates state it.
pub(super) fn time(at: DateTime) -> Result<x509_cert::time::Time, MakeError> {
    Ok(vmyna_issuance::validity::x509_time(at)?)
}

/// Replaces the three times of a security object.
fn set_validity(object: &mut Value, validity: &Validity) -> Result<(), MakeError> {
    let fields = super::answer::at(object, "validityInfo")?;
    let date = |at: DateTime| Value::Tag(0, Box::new(at.to_string().into()));
    super::answer::put(fields, "signed", date(validity.signed))?;
    super::answer::put(fields, "validFrom", date(validity.valid_from))?;
    super::answer::put(fields, "validUntil", date(validity.valid_until))
}
