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
mod issue;

use std::time::Duration;

use der::DateTime;
use rand_core::CryptoRngCore;
use sha2::{Digest, Sha256};
use vmyna_apdu::Icc;
use vmyna_applets::card_os::declaration::{PrivateKey, ReferenceData};
use vmyna_applets::card_os::state::PinReplacement;
use vmyna_applets::issued::{IssuedCard, MobileDocument};
use vmyna_applets::jpki::{self, ef};
use vmyna_applets::pins::{self, CardPin};
use vmyna_applets::{PhoneKind, PinAtIssue};
use vmyna_issuance::IssuanceError;
use vmyna_issuance::desk::Desk;
use vmyna_issuance::keys::KeyPair;
use vmyna_issuance::mdoc::{self, DocumentSigner};
use vmyna_issuance::order::Pins;
use vmyna_mdoc::IssuerSigned;

pub use application::Application;
pub use error::PhoneError;
pub use issue::{Equipment, issue};

use crate::counter::certificates;
use crate::counter::pins::check;
use crate::counter::{CounterError, Done, Outcome, Visit, entries, rules};
use crate::register::{Cause, Hierarchy, Reason};
use crate::terminal::Terminal;
use crate::verifier::block::Hash;

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
