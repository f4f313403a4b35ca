//! The issue of certificates to a phone: the check of the application, and what the phone gets.

use der::DateTime;
use rand_core::CryptoRngCore;
use vmyna_apdu::{Text, text};
use vmyna_applets::card_os::declaration::PrivateKey;
use vmyna_applets::issued::{CardName, IssuedCard, Summary};
use vmyna_applets::jpki::{self, CertifiedKey};
use vmyna_applets::{PhoneKind, Profile};
use vmyna_issuance::desk::Desk;
use vmyna_issuance::keys::KeyPair;
use vmyna_issuance::mdoc::{self, DocumentSigner};
use vmyna_issuance::numbers::{Numbers, RUNNING_NUMBERS};
use vmyna_issuance::order::{CertificateText, Pins};
use vmyna_issuance::{IssuanceError, validity};

use super::application::{Application, Received};
use super::{BOTH, CardSignature, GOOD_FOR, PhoneError, PhoneKeys, PhonePins, check_card, check_pins, document};
use crate::counter::certificates::{self, Wanted};
use crate::counter::{Done, Outcome, Visit, entries};
use crate::register::{Cause, Certificate, Hierarchy, Reason, Register};
use crate::verifier::block::Message;
use crate::verifier::compare::Claims;
use crate::verifier::report::Verdict;
use crate::verifier::revocation::Sources;
use crate::verifier::trust::Trust;
use crate::verifier::{self, AgreedForm, Settings};

/// What a phone gets: its keys, its PINs, and the signer of its mdoc.
#[derive(Clone, Copy)]
pub struct Equipment<'a> {
    /// The keys, those of the application.
    pub keys: &'a PhoneKeys,
    /// The PINs.
    pub pins: &'a PhonePins,
    /// The signer of mdocs ([`crate::mdoc::signer`]); `None` for a phone without one.
    pub signer: Option<&'a DocumentSigner>,
}

/// What the authority does with an application: checks it, and issues the certificates, and to an iPhone the mdoc.
/// [`Outcome::new_card`] is the token of the phone. The register holds the card's certificates.
///
/// # Errors
/// [`PhoneError`]: the application is refused, or something can't be made.
pub fn issue(
    desk: &mut Desk,
    register: &dyn Register,
    visit: &Visit<'_>,
    application: &[u8],
    equipment: Equipment<'_>,
    rng: &mut dyn CryptoRngCore,
) -> Result<Outcome, PhoneError> {
    check_card(desk, visit)?;
    let Equipment { keys, pins, signer } = equipment;
    check_pins(visit.card, pins)?;
    let received = Received::read(application)
        .map_err(|error| PhoneError::Application(text!("it can't be read: {error}", "読み取れません（{error}）")))?;
    let Application { kind, .. } = received.application;
    check_application(desk, register, visit, &received)?;
    if (&received.application.sign, &received.application.auth) != (&keys.sign.public, &keys.auth.public) {
        return Err(IssuanceError::Mismatch("the phone's keys and those of its application").into());
    }
    let mut work = Issuing {
        desk,
        visit,
        rng,
        outcome: Outcome::default(),
    };
    work.end_other_phone();
    let mut phone = work.token(kind, keys, pins)?;
    work.enter(&phone)?;
    if let (PhoneKind::Iphone, Some(signer)) = (kind, signer) {
        let key = mdoc::device_key(work.rng)?;
        work.document(&mut phone, signer, &key)?;
    }
    work.outcome.new_card = Some(phone);
    Ok(work.outcome)
}

/// Checks an application as a careful verifier checks a signature, and that it is this card's.
pub(super) fn check_application(
    desk: &mut Desk,
    register: &dyn Register,
    visit: &Visit<'_>,
    received: &Received,
) -> Result<(), PhoneError> {
    let refused = |reason: Text| Err(PhoneError::Application(reason));
    let mut trust = Trust::default();
    if let Some(authority) = desk.issuer_of(&received.by.certificate)? {
        // One that can't be used leaves the issuer unknown.
        let _ = trust.certificate(&authority, false);
    }
    let settings = Settings {
        trust,
        at: visit.now,
        clock: visit.now,
        purpose: Some(Hierarchy::Signature),
        form: Some(AgreedForm::DigestInfo),
        revocation: Sources {
            registers: vec![register],
            ..Sources::default()
        },
        nonce: [0; 32],
    };
    let CardSignature { certificate, signature } = &received.by;
    let message = Message::Data(received.signed.clone());
    let report = verifier::signature(
        signature,
        &message,
        certificate,
        Vec::new(),
        &settings,
        &mut Claims::default(),
    );
    if let Some(step) = report.steps.iter().find(|step| step.verdict >= Verdict::NotVerified) {
        return refused(step.reason.clone());
    }
    let own = certificates::on_card(visit.card, Hierarchy::Signature);
    if own.is_none_or(|own| own.certificate != *certificate) {
        return refused(text!("another card has signed it", "別のカードで署名されています"));
    }
    let Application { at, sign, auth, .. } = &received.application;
    let age = visit.now.unix_duration().checked_sub(at.unix_duration());
    if age.is_none_or(|age| age > GOOD_FOR) {
        let now = visit.now;
        return refused(text!(
            "it was made at {at}, and it is {now}",
            "作成は{at}ですが、今は{now}です"
        ));
    }
    if sign == auth {
        return refused(text!("its two keys are one", "2つの鍵が同じです"));
    }
    Ok(())
}

/// The issue of certificates to a phone.
struct Issuing<'w> {
    desk: &'w mut Desk,
    visit: &'w Visit<'w>,
    rng: &'w mut dyn CryptoRngCore,
    outcome: Outcome,
}

impl Issuing<'_> {
    /// Revokes the certificates on the person's other phone.
    fn end_other_phone(&mut self) {
        let Some(other) = self.visit.standing.phone else {
            return;
        };
        for hierarchy in BOTH {
            let Some(certificate) = other.certificate(hierarchy) else {
                continue;
            };
            let done = match certificate.revocation {
                Some(before) => Done::PhoneWasRevoked(hierarchy, before),
                None => {
                    let reason = Reason::Superseded;
                    let revoked = (certificate.issuer, certificate.serial, reason);
                    self.outcome.revoke.push(revoked);
                    Done::PhoneRevoked(hierarchy, certificate.serial, reason)
                }
            };
            self.outcome.done.push(done);
        }
        self.outcome.done.push(Done::Withdrawn(Cause::OtherPhone));
    }

    /// The end of the certificates.
    fn end(&self) -> Result<DateTime, PhoneError> {
        let visit = self.visit;
        let (person, expiry) = (&visit.card.summary.person, visit.card.summary.expiry);
        let mut end = validity::certificate_end(visit.now, person.birth, expiry)?;
        for certificate in entries(visit.card, visit.id)? {
            let (_, other) = certificate.validity;
            if visit.standing.revocation(certificate.hierarchy).is_none() && visit.now <= other {
                end = end.min(other);
            }
        }
        Ok(end)
    }

    fn token(&mut self, kind: PhoneKind, keys: &PhoneKeys, chosen: &PhonePins) -> Result<IssuedCard, PhoneError> {
        let (card, now) = (self.visit.card, self.visit.now);
        let profile = Profile::phone(kind);
        let person = &card.summary.person;
        let numbers = Numbers::of(self.rng.next_u64() % RUNNING_NUMBERS)?;
        let text = certificates::text(card, card, self.visit.substitutes)?;
        let end = self.end()?;
        let mut certify = |hierarchy, text: &CertificateText, key: &KeyPair| -> Result<_, PhoneError> {
            let wanted = Wanted {
                person,
                token: profile.token,
                hierarchy,
                text,
                id: Some(numbers.authentication_id.clone()),
                validity: (now, end),
            };
            let certified = certificates::certify(self.desk, &wanted, &key.public, self.rng)?;
            let own = CertifiedKey {
                certificate: certified.certificate,
                key: key.private.clone(),
            };
            Ok((own, certified.authority))
        };
        let (sign, sign_ca_certificate) = certify(Hierarchy::Signature, &text, &keys.sign)?;
        let (auth, auth_ca_certificate) = certify(Hierarchy::Authentication, &CertificateText::default(), &keys.auth)?;
        let summary = Summary::new(
            person.clone(),
            card.summary.residence_code,
            card.summary.security_code,
            now,
            card.summary.expiry,
        );
        let usual = Pins::default();
        let contents = jpki::Contents {
            sign: Some(sign),
            sign_ca_certificate,
            sign_pin: chosen.sign.clone().unwrap_or(usual.sign).into(),
            auth: Some(auth),
            auth_ca_certificate,
            auth_pin: chosen.auth.clone().unwrap_or(usual.auth).into(),
            token_serial: numbers.token_serial,
            terminal_ca: card.jpki.terminal_ca.clone(),
        };
        Ok(IssuedCard::of_phone(
            name_of_phone(&card.name)?,
            profile,
            summary,
            contents,
            None,
        ))
    }

    fn document(
        &mut self,
        phone: &mut IssuedCard,
        signer: &DocumentSigner,
        key: &PrivateKey,
    ) -> Result<(), PhoneError> {
        let (document, end) = document(signer, self.visit.card, key, self.visit.now, self.rng)?;
        phone.mdoc = Some(document);
        self.outcome.done.push(Done::Document(end));
        Ok(())
    }

    fn enter(&mut self, phone: &IssuedCard) -> Result<(), PhoneError> {
        let other = self.visit.standing.phone;
        for mut entry in Certificate::of_card(phone)? {
            let hierarchy = entry.hierarchy;
            let before = other.and_then(|other| other.certificate(hierarchy).copied());
            entry.replaces = before.map(|before| (before.issuer, before.serial));
            let issued = Done::PhoneIssued(hierarchy, entry.serial, entry.validity.1);
            self.outcome.done.push(issued);
            self.outcome.enter.push(entry);
        }
        Ok(())
    }
}

/// The name of a card's phone: the first 58 characters of the card's, with `-phone` behind them.
pub(super) fn name_of_phone(card: &CardName) -> Result<CardName, IssuanceError> {
    const SUFFIX: &str = "-phone";
    const LONGEST: usize = 64 - SUFFIX.len();
    let card_name = card.as_str();
    let begin = card_name.get(..LONGEST).unwrap_or(card_name);
    let name = format!("{begin}{SUFFIX}").parse();
    name.map_err(|_| IssuanceError::Mismatch("the name of the phone and the form of names"))
}
