//! Certificates on a phone (スマホ用電子証明書, 移動端末設備用電子証明書): how a phone gets them and how they are taken off it.
//!
//! The public description: the card is held to the phone, its sign password is typed, and the application for the phone's
//! certificates is signed with the card's signature certificate; the phone's certificates have PINs of their own. One person
//! has them on one phone: issuing them to a second one revokes the first's, which is public for Android.
//!
//! No protocol and no certificate of a phone is public. `assumed` are:
//!
//! - The form of the application ([`Application`]). It is good for an hour.
//! - The keys are RSA-2048, because every client that uses phones knows RSA only. The certificates have the form of a card's,
//!   under the same authorities, with numbers of their own, and the policies of
//!   [`Hierarchy::policy`](crate::register::Hierarchy::policy). They end as a card's would that is issued now, and never
//!   after a certificate that is valid on the card.
//! - The new certificates supersede those of the person's other phone, of either kind.
//! - The mdoc of an iPhone states the card as the issuer has it, and is issued with the certificates. A new one keeps the key
//!   of the device. A phone with a certificate on hold gets none, because phone or card is lost; nor does one of which the
//!   authentication certificate is revoked, or of a card that has ended. A move revokes the signature certificate only.
//! - Taking the certificates off a phone needs no PIN, and revokes them as no longer used (cessationOfOperation).
//!
//! This module must never change a register, a card or a phone, read a clock, or put a PIN into an error.

mod application;
mod error;

use std::time::Duration;

use der::DateTime;
use rand_core::CryptoRngCore;
use sha2::{Digest, Sha256};
use vmyna_apdu::{Icc, Text, text};
use vmyna_applets::card_os::declaration::{PrivateKey, ReferenceData};
use vmyna_applets::card_os::state::PinReplacement;
use vmyna_applets::issued::{CardName, IssuedCard, MobileDocument, Summary};
use vmyna_applets::jpki::{self, CertifiedKey, ef};
use vmyna_applets::pins::{self, CardPin};
use vmyna_applets::{PhoneKind, PinAtIssue, Profile};
use vmyna_issuance::desk::Desk;
use vmyna_issuance::keys::KeyPair;
use vmyna_issuance::mdoc::{self, DocumentSigner};
use vmyna_issuance::numbers::{Numbers, RUNNING_NUMBERS};
use vmyna_issuance::order::{CertificateText, Pins};
use vmyna_issuance::{IssuanceError, validity};
use vmyna_mdoc::IssuerSigned;

pub use application::Application;
pub use error::PhoneError;

use crate::counter::certificates::{self, Wanted};
use crate::counter::pins::check;
use crate::counter::{CounterError, Done, Outcome, Visit, entries, rules};
use crate::register::{Cause, Certificate, Hierarchy, Reason, Register};
use crate::terminal::Terminal;
use crate::verifier::block::{Hash, Message};
use crate::verifier::compare::Claims;
use crate::verifier::report::Verdict;
use crate::verifier::revocation::Sources;
use crate::verifier::trust::Trust;
use crate::verifier::{self, AgreedForm, Settings};
use application::Received;

/// How long an application is good.
pub const GOOD_FOR: Duration = Duration::from_secs(60 * 60);

const BOTH: [Hierarchy; 2] = [Hierarchy::Signature, Hierarchy::Authentication];

/// What a card has signed, with the certificate that it showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardSignature {
    /// The card's signature certificate, DER.
    pub certificate: Vec<u8>,
    /// The signature value.
    pub signature: Vec<u8>,
}

/// The keys of a phone. `Debug` shows no private key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PhoneKeys {
    /// 署名用.
    pub sign: KeyPair,
    /// 利用者証明用.
    pub auth: KeyPair,
}

impl PhoneKeys {
    /// New keys.
    ///
    /// # Errors
    /// [`IssuanceError`] when no key can be made.
    pub fn new(desk: &Desk, rng: &mut dyn CryptoRngCore) -> Result<Self, IssuanceError> {
        let mut key = |hierarchy| certificates::new_key(desk, hierarchy, rng);
        Ok(Self {
            sign: key(Hierarchy::Signature)?,
            auth: key(Hierarchy::Authentication)?,
        })
    }
}

/// The PINs that the cardholder chooses for the phone; `None` for that of a card without chosen ones, 1234 or ABC123. `Debug`
/// shows no value.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct PhonePins {
    /// 利用者証明用暗証番号.
    pub auth: Option<ReferenceData>,
    /// 署名用パスワード.
    pub sign: Option<ReferenceData>,
}

impl PhonePins {
    /// The PINs that were not chosen, with the values that the phone gets, which all know.
    #[must_use]
    pub fn unchosen(&self) -> Vec<(CardPin, ReferenceData)> {
        let usual = Pins::default();
        let both = [
            (pins::AUTH, &self.auth, usual.auth),
            (pins::SIGN, &self.sign, usual.sign),
        ];
        let unchosen = both.into_iter().filter(|(_, chosen, _)| chosen.is_none());
        unchosen.map(|(pin, _, usual)| (pin, usual)).collect()
    }
}

/// Whether a phone can get certificates by this card: no time is taken, and nothing is asked of the card.
///
/// # Errors
/// [`CounterError`]: the rule that forbids it.
pub fn check_card(desk: &mut Desk, visit: &Visit<'_>) -> Result<(), CounterError> {
    rules::admit(desk, visit)?;
    rules::may_apply(visit)
}

/// Whether the cardholder can choose these PINs, by the rules of the town hall's terminal.
///
/// # Errors
/// [`CounterError::BadValue`].
pub fn check_pins(card: &IssuedCard, chosen: &PhonePins) -> Result<(), CounterError> {
    let chosen = [(pins::AUTH, &chosen.auth), (pins::SIGN, &chosen.sign)];
    chosen.into_iter().try_for_each(|(pin, value)| match value {
        Some(value) => check(card, pin, value.as_bytes()),
        None => Ok(()),
    })
}

/// Holds a card to the phone: verifies the sign password, reads the signature certificate and lets the card sign, all by
/// APDU. A wrong password costs a try. `message` is made once the password was right.
///
/// # Errors
/// [`PhoneError::WrongPassword`], [`PhoneError::Blocked`], or the card does not answer as expected.
pub fn hold(
    card: &mut dyn Icc,
    password: &[u8],
    message: &mut dyn FnMut() -> Result<Vec<u8>, PhoneError>,
) -> Result<CardSignature, PhoneError> {
    let mut card = Terminal::power_on(card)?;
    let mut signed = || {
        card.select(jpki::AID)?;
        card.verify(pins::SIGN, password)?;
        let certificate = card.read(ef::SIGN_CERTIFICATE)?;
        let digest = Sha256::digest(message()?);
        let signature = card.sign(ef::SIGN_KEY, &[Hash::Sha256.prefix(), &digest].concat())?;
        Ok(CardSignature { certificate, signature })
    };
    let signed = signed();
    card.power_off()?;
    signed
}

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
fn check_application(
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

/// An mdoc for the person of a card, and its end.
fn document(
    signer: &DocumentSigner,
    card: &IssuedCard,
    key: &PrivateKey,
    now: DateTime,
    rng: &mut dyn CryptoRngCore,
) -> Result<(MobileDocument, DateTime), IssuanceError> {
    let document = mdoc::issue(signer, card, key, now, rng)?;
    let issued = IssuerSigned::parse(&document.issuer_signed);
    let issued = issued.map_err(|_| IssuanceError::Mismatch("the mdoc and its form"))?;
    Ok((document, issued.security_object().validity.valid_until))
}

/// Issues another mdoc to the phone at the counter, with the data that its person's card has now.
///
/// # Errors
/// [`CounterError`]: it is no iPhone, it is out of use, its authentication certificate is revoked or one of its certificates is
/// on hold, or other authorities issued them; `card` is a phone or has ended; or the mdoc can't be made.
pub fn refresh(
    desk: &mut Desk,
    visit: &Visit<'_>,
    card: &IssuedCard,
    signer: &DocumentSigner,
    rng: &mut dyn CryptoRngCore,
) -> Result<Outcome, CounterError> {
    match visit.card.phone() {
        None => return Err(CounterError::NoPhone),
        Some(PhoneKind::Iphone) => {}
        Some(_) => return Err(CounterError::NoDocument),
    }
    if card.phone().is_some() {
        return Err(CounterError::OtherCard);
    }
    rules::admit(desk, visit)?;
    // Phone or card is lost: another person may have the phone. A move revokes the signature certificate, and a new mdoc is
    // wanted then.
    for hierarchy in BOTH {
        if let Some(revocation) = visit.standing.revocation(hierarchy)
            && (hierarchy == Hierarchy::Authentication || revocation.reason == Reason::CertificateHold)
        {
            return Err(CounterError::Revoked(hierarchy, revocation));
        }
    }
    rules::lasts_at(card.summary.expiry, visit.now)?;
    let mut phone = visit.card.clone();
    let key = match &phone.mdoc {
        Some(document) => document.device_key.clone(),
        None => mdoc::device_key(rng)?,
    };
    let (document, end) = document(signer, card, &key, visit.now, rng)?;
    phone.mdoc = Some(document);
    phone.summary.person = card.summary.person.clone();
    phone.summary.expiry = card.summary.expiry;
    Ok(Outcome {
        card: Some(phone),
        done: vec![Done::Document(end)],
        ..Outcome::default()
    })
}

/// The name of a card's phone: the first 58 characters of the card's, with `-phone` behind them.
fn name_of_phone(card: &CardName) -> Result<CardName, IssuanceError> {
    const SUFFIX: &str = "-phone";
    const LONGEST: usize = 64 - SUFFIX.len();
    let card_name = card.as_str();
    let begin = card_name.get(..LONGEST).unwrap_or(card_name);
    let name = format!("{begin}{SUFFIX}").parse();
    name.map_err(|_| IssuanceError::Mismatch("the name of the phone and the form of names"))
}

/// Takes keys, certificates and mdoc off a phone, and revokes the certificates. What another phone has replaced is taken off
/// as well.
///
/// # Errors
/// [`CounterError`]: it is no phone, nothing is on it, or other authorities issued its certificates.
pub fn remove(desk: &mut Desk, visit: &Visit<'_>) -> Result<Outcome, CounterError> {
    if visit.card.phone().is_none() {
        return Err(CounterError::NoPhone);
    }
    let mut outcome = Outcome::default();
    let there = entries(visit.card, visit.id)?;
    match visit.standing.withdrawn {
        None => rules::admit(desk, visit)?,
        Some(withdrawal) if there.is_empty() => return Err(CounterError::Withdrawn(withdrawal)),
        Some(_) => {}
    }
    for certificate in &there {
        let (hierarchy, serial) = (certificate.hierarchy, certificate.serial);
        let done = match visit.standing.revocation(hierarchy) {
            Some(before) => Done::WasRevoked(hierarchy, before),
            None => {
                let reason = Reason::CessationOfOperation;
                outcome.revoke.push((certificate.issuer, serial, reason));
                Done::Revoked(hierarchy, serial, reason)
            }
        };
        outcome.done.push(done);
    }
    let mut phone = visit.card.clone();
    (phone.jpki.sign, phone.jpki.auth) = (None, None);
    (phone.jpki.sign_pin, phone.jpki.auth_pin) = (PinAtIssue::unset(), PinAtIssue::unset());
    let removed = there.iter().map(|entry| Done::PhoneRemoved(entry.hierarchy));
    outcome.done.extend(removed);
    if phone.mdoc.take().is_some() {
        outcome.done.push(Done::DocumentRemoved);
    }
    for pin in [pins::AUTH, pins::SIGN] {
        let object = crate::counter::pins::object(pin);
        outcome.pins.insert(object, PinReplacement::AsRecorded);
        outcome.done.push(Done::Unset(pin.label));
    }
    if visit.standing.withdrawn.is_none() {
        outcome.withdraw = Some(Cause::Removed);
        outcome.done.push(Done::Withdrawn(Cause::Removed));
    }
    outcome.card = Some(phone);
    Ok(outcome)
}

#[cfg(test)]
mod tests;
