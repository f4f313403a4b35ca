//! The operations, one function each.

use rand_core::CryptoRngCore;
use vmyna_apdu::text;
use vmyna_applets::PinAtIssue;
use vmyna_applets::card_os::declaration::ReferenceData;
use vmyna_applets::card_os::state::PinReplacement;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::person::{Municipality, SecurityCode};
use vmyna_applets::pins::{self, CardPin};
use vmyna_issuance::IssuanceError;
use vmyna_issuance::desk::Desk;
use vmyna_issuance::numbers::{Numbers, RUNNING_NUMBERS};
use vmyna_issuance::order::{CertificateText, Order, Pins, SIGNATURE_AGE};
use vmyna_issuance::validity;
use zeroize::Zeroizing;

use super::kind::{OperationKind, Which};
use super::pins::{CHOSEN, at_issue, check, is_without_pins, object, same_value, value};
use super::{CounterError, Done, Outcome, Visit, certificates, people, rules};
use crate::register::{Cause, Certificate, Hierarchy, Reason};

/// New values of PINs, each by a PIN that the cardholder chooses. `Debug` shows no value.
pub type NewPins = Vec<(CardPin, ReferenceData)>;

/// What a clerk does at the counter.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Operation {
    /// Gives PINs new values and all their tries, whether they are blocked or not. A PIN with a value of its own (照合番号,
    /// birth PIN) gets its tries only, and takes no value.
    ResetPins(Vec<(CardPin, Option<ReferenceData>)>),
    /// Renews certificates, from three months before their end on; one that is revoked or has ended at any time.
    Renew(Which),
    /// Puts certificates on hold (一時保留), which is never released.
    Hold(Which),
    /// Revokes certificates.
    Revoke(Which, Reason),
    /// Issues a signature certificate to a holder of 15 years and more without one, and sets its password if one is given.
    SignCertificate(Option<ReferenceData>),
    /// 転出届: revokes the signature certificate.
    MoveOut,
    /// 転入届, or within the municipality 転居届: the new address, and the new municipality if it is another one.
    MoveIn(String, Option<Municipality>),
    /// A new name and its reading.
    Rename(String, String),
    /// The cardholder died.
    Death,
    /// The card is lost: its certificates are put on hold.
    Lost,
    /// A new card for the cardholder with these PINs; the others are chosen as on a card without chosen ones.
    Reissue(NewPins),
    /// Makes it a card without PINs (顔認証マイナンバーカード).
    WithoutPins,
    /// Makes it a card with PINs again: the values of all.
    WithPins(NewPins),
    /// Prints the reading of the name (振り仮名), another one if it is given.
    Furigana(Option<String>),
    /// The phone is lost: its certificates are put on hold. The person brings the card, or shows the phone's image.
    PhoneLost,
}

impl Operation {
    /// Which one it is, without its values.
    #[must_use]
    pub const fn kind(&self) -> OperationKind {
        match self {
            Self::ResetPins(_) => OperationKind::ResetPins,
            Self::Renew(_) => OperationKind::Renew,
            Self::Hold(_) => OperationKind::Hold,
            Self::Revoke(..) => OperationKind::Revoke,
            Self::SignCertificate(_) => OperationKind::SignCertificate,
            Self::MoveOut => OperationKind::MoveOut,
            Self::MoveIn(..) => OperationKind::MoveIn,
            Self::Rename(..) => OperationKind::Rename,
            Self::Death => OperationKind::Death,
            Self::Lost => OperationKind::Lost,
            Self::Reissue(_) => OperationKind::Reissue,
            Self::WithoutPins => OperationKind::WithoutPins,
            Self::WithPins(_) => OperationKind::WithPins,
            Self::Furigana(_) => OperationKind::Furigana,
            Self::PhoneLost => OperationKind::PhoneLost,
        }
    }
}

/// An operation at work.
pub(super) struct Work<'w> {
    desk: &'w mut Desk,
    pub(super) visit: &'w Visit<'w>,
    rng: &'w mut dyn CryptoRngCore,
    pub(super) outcome: Outcome,
}

impl<'w> Work<'w> {
    /// Checks what holds for all operations.
    pub(super) fn begin(
        desk: &'w mut Desk,
        visit: &'w Visit<'w>,
        rng: &'w mut dyn CryptoRngCore,
    ) -> Result<Self, CounterError> {
        rules::admit(desk, visit)?;
        Ok(Self {
            desk,
            visit,
            rng,
            outcome: Outcome::default(),
        })
    }

    pub(super) fn run(mut self, operation: &Operation) -> Result<Outcome, CounterError> {
        rules::serves(self.visit, operation.kind())?;
        match operation {
            Operation::ResetPins(pins) => {
                for (pin, value) in pins {
                    self.reset_pin(*pin, value.as_ref())?;
                }
            }
            Operation::Renew(which) => self.renew(*which)?,
            Operation::Hold(which) => self.revoke(*which, Reason::CertificateHold)?,
            Operation::Revoke(which, reason) => self.revoke(*which, *reason)?,
            Operation::SignCertificate(password) => self.sign_certificate(password.as_ref())?,
            Operation::MoveOut => self.revoke_one(Hierarchy::Signature, Reason::AffiliationChanged)?,
            Operation::MoveIn(address, municipality) => self.move_in(address, municipality.as_ref())?,
            Operation::Rename(name, kana) => self.rename(name, kana)?,
            Operation::Death => self.death()?,
            Operation::Lost => self.revoke(Which::All, Reason::CertificateHold)?,
            Operation::Reissue(pins) => self.reissue(pins)?,
            Operation::WithoutPins => self.without_pins()?,
            Operation::WithPins(pins) => self.with_pins(pins)?,
            Operation::Furigana(kana) => self.furigana(kana.as_deref())?,
            Operation::PhoneLost => self.phone_lost()?,
        }
        Ok(self.outcome)
    }

    pub(super) fn revoke(&mut self, which: Which, reason: Reason) -> Result<(), CounterError> {
        for hierarchy in rules::kinds(self.visit, which)? {
            self.revoke_one(hierarchy, reason)?;
        }
        Ok(())
    }

    /// Revokes a certificate, if the card has it. One that is revoked stays as it is. The one on the person's phone goes with
    /// it, if the policy has it so.
    fn revoke_one(&mut self, hierarchy: Hierarchy, reason: Reason) -> Result<(), CounterError> {
        if let Some(entry) = certificates::entry(self.visit.card, hierarchy, self.visit.id)? {
            self.revoke_on_card(&entry, reason);
            self.phone_follows(hierarchy, reason);
        } else {
            self.phone_of_person(hierarchy, reason);
        }
        Ok(())
    }

    fn revoke_on_card(&mut self, entry: &Certificate, reason: Reason) {
        let hierarchy = entry.hierarchy;
        match self.visit.standing.revocation(hierarchy) {
            Some(before) => self.outcome.done.push(Done::WasRevoked(hierarchy, before)),
            None => {
                self.outcome.revoke.push((entry.issuer, entry.serial, reason));
                self.outcome.done.push(Done::Revoked(hierarchy, entry.serial, reason));
            }
        }
    }

    /// The person died.
    fn death(&mut self) -> Result<(), CounterError> {
        let reason = Reason::CessationOfOperation;
        for hierarchy in rules::BOTH {
            if let Some(entry) = certificates::entry(self.visit.card, hierarchy, self.visit.id)? {
                self.revoke_on_card(&entry, reason);
            }
        }
        self.phone_of_dead(reason);
        self.withdraw(Cause::Death);
        Ok(())
    }

    fn withdraw(&mut self, cause: Cause) {
        self.outcome.withdraw = Some(cause);
        self.outcome.done.push(Done::Withdrawn(cause));
    }

    /// Makes a new certificate for the person of `card`, in place of the one that the card at the counter has, if any.
    fn new_certificate(
        &mut self,
        card: &mut IssuedCard,
        hierarchy: Hierarchy,
        text: &CertificateText,
        old_end: Option<der::DateTime>,
    ) -> Result<(), CounterError> {
        let (now, birth) = (self.visit.now, card.summary.person.birth);
        let end = match old_end {
            Some(old) => validity::renewed_certificate_end((now, old), birth, card.summary.expiry)?,
            None => validity::certificate_end(now, birth, card.summary.expiry)?,
        };
        let made = certificates::renew(self.desk, card, (hierarchy, text), (now, end), self.rng)?;
        let municipality = card.summary.person.municipality.code.to_string();
        let id = (self.visit.id, card.name.to_string());
        let mut entry = Certificate::new(&made.certificate, hierarchy, &municipality, id)?;
        let old = certificates::entry(self.visit.card, hierarchy, self.visit.id)?;
        entry.replaces = old.map(|old| (old.issuer, old.serial));
        self.outcome.done.push(Done::Issued(hierarchy, entry.serial, end));
        self.outcome.enter.push(entry);
        Ok(())
    }

    fn reset_pin(&mut self, pin: CardPin, given: Option<&ReferenceData>) -> Result<(), CounterError> {
        if CHOSEN.contains(&pin) {
            if is_without_pins(self.visit.card) {
                return Err(CounterError::WithoutPins);
            }
            let given = given.ok_or(CounterError::NoValue(pin.label))?;
            check(self.visit.card, pin, given.as_bytes())?;
            self.set(pin, given);
            return Ok(());
        }
        if given.is_some() {
            return Err(CounterError::FixedValue(pin.label));
        }
        let mut card = self.visit.card.clone();
        if let Some(recorded) = at_issue(&mut card, pin).and_then(|pin| pin.value.take()) {
            let recorded = value(self.visit.card, pin, &recorded);
            self.outcome.pins.insert(object(pin), recorded);
            self.outcome.done.push(Done::Tries(pin.label));
        }
        Ok(())
    }

    fn set(&mut self, pin: CardPin, given: &ReferenceData) {
        for pin in same_value(pin) {
            let new = value(self.visit.card, pin, given);
            self.outcome.pins.insert(object(pin), new);
            self.outcome.done.push(Done::Pin(pin.label));
        }
    }

    fn renew(&mut self, which: Which) -> Result<(), CounterError> {
        let renewable = rules::renewable(self.visit, which)?;
        let mut card = self.visit.card.clone();
        for (hierarchy, end) in renewable {
            let text = match hierarchy {
                Hierarchy::Signature => certificates::text(self.visit.card, &card, self.visit.substitutes)?,
                Hierarchy::Authentication => CertificateText::default(),
            };
            self.revoke_one(hierarchy, Reason::Superseded)?;
            self.new_certificate(&mut card, hierarchy, &text, end)?;
        }
        self.outcome.card = Some(card);
        Ok(())
    }

    fn sign_certificate(&mut self, password: Option<&ReferenceData>) -> Result<(), CounterError> {
        rules::may_sign(self.visit)?;
        let mut card = self.visit.card.clone();
        let text = certificates::text(self.visit.card, &card, self.visit.substitutes)?;
        self.new_certificate(&mut card, Hierarchy::Signature, &text, None)?;
        if let Some(password) = password {
            check(self.visit.card, pins::SIGN, password.as_bytes())?;
            self.set(pins::SIGN, password);
        }
        self.outcome.card = Some(card);
        Ok(())
    }

    fn move_in(&mut self, address: &str, municipality: Option<&Municipality>) -> Result<(), CounterError> {
        let address = people::address(address)?;
        let mut card = self.visit.card.clone();
        let person = &mut card.summary.person;
        if let Some(municipality) = municipality {
            person.municipality = municipality.clone();
        }
        person.address.clone_from(&address);
        if *person == self.visit.card.summary.person {
            return Err(CounterError::Unchanged("address"));
        }
        self.change(card, &address)
    }

    fn rename(&mut self, name: &str, kana: &str) -> Result<(), CounterError> {
        let name = people::name(name)?;
        let mut card = self.visit.card.clone();
        let person = &mut card.summary.person;
        person.name.clone_from(&name);
        person.kana = people::kana(kana)?;
        if *person == self.visit.card.summary.person {
            return Err(CounterError::Unchanged("name"));
        }
        self.change(card, &name)
    }

    /// One of the four attributes has changed: new files, and a new signature certificate if the card has one. The
    /// authentication certificate stays.
    fn change(&mut self, mut card: IssuedCard, printed: &str) -> Result<(), CounterError> {
        rules::lasts(self.visit)?;
        card.summary.person.check().map_err(IssuanceError::from)?;
        let signs = rules::has(self.visit, Hierarchy::Signature);
        let text = match signs || people::has_certificate_form(self.visit.card)? {
            true => certificates::text(self.visit.card, &card, self.visit.substitutes)?,
            false => CertificateText::default(),
        };
        self.revoke_one(Hierarchy::Signature, Reason::AffiliationChanged)?;
        if signs {
            self.new_certificate(&mut card, Hierarchy::Signature, &text, None)?;
        }
        people::sign_files(self.desk, self.visit.card, &mut card, &text)?;
        self.outcome.done.push(Done::Files);
        let line = people::dated(self.visit.now, printed);
        people::print(&mut card, line, &mut self.outcome.done);
        self.outcome.card = Some(card);
        Ok(())
    }

    fn reissue(&mut self, chosen: &NewPins) -> Result<(), CounterError> {
        let old = self.visit.card;
        let code = loop {
            let number = self.rng.next_u32() % 10_000;
            let code = format!("{number:04}").into_bytes().try_into();
            let code = code.ok().and_then(SecurityCode::from_digits);
            if let Some(code) = code.filter(|code| *code != old.summary.security_code) {
                break code;
            }
        };
        let mut pins = Pins::default();
        for (pin, value) in chosen {
            check(old, *pin, value.as_bytes())?;
            let place = match *pin {
                pins::AUTH => &mut pins.auth,
                pins::SIGN => &mut pins.sign,
                pins::INPUT_ASSIST => &mut pins.input_assist,
                _ => &mut pins.residence,
            };
            *place = value.clone();
        }
        let mut order = Order::again(old, self.visit.now, code, pins, self.visit.substitutes.clone())?;
        // The new card has PINs.
        order.printed.retain(|line| line != people::WITHOUT_PINS);
        let mut seed = Zeroizing::new([0; 32]);
        self.rng.fill_bytes(&mut *seed);
        let numbers = Numbers::of(self.rng.next_u64() % RUNNING_NUMBERS)?;
        let new = self.desk.issue_alone(&order, &numbers, &seed)?;
        for hierarchy in rules::BOTH {
            self.revoke_one(hierarchy, Reason::Superseded)?;
        }
        self.withdraw(Cause::Replaced);
        for mut entry in Certificate::of_card(&new)? {
            let before = certificates::entry(old, entry.hierarchy, self.visit.id)?;
            entry.replaces = before.map(|before| (before.issuer, before.serial));
            self.outcome
                .done
                .push(Done::Issued(entry.hierarchy, entry.serial, entry.validity.1));
            self.outcome.enter.push(entry);
        }
        self.outcome.done.push(Done::NewCard(new.summary.expiry));
        self.outcome.new_card = Some(new);
        Ok(())
    }

    fn without_pins(&mut self) -> Result<(), CounterError> {
        rules::may_lose_pins(self.visit)?;
        let mut card = self.visit.card.clone();
        self.revoke_one(Hierarchy::Signature, Reason::CessationOfOperation)?;
        if card.jpki.sign.take().is_some() {
            self.outcome.done.push(Done::Removed(Hierarchy::Signature));
        }
        for pin in CHOSEN {
            let Some(place) = at_issue(&mut card, pin) else {
                continue;
            };
            *place = PinAtIssue::unset();
            self.outcome.pins.insert(object(pin), PinReplacement::AsRecorded);
            self.outcome.done.push(Done::Unset(pin.label));
        }
        people::print(&mut card, people::WITHOUT_PINS.to_owned(), &mut self.outcome.done);
        self.outcome.card = Some(card);
        Ok(())
    }

    fn with_pins(&mut self, values: &NewPins) -> Result<(), CounterError> {
        rules::may_get_pins(self.visit)?;
        let signs = rules::age(self.visit) >= SIGNATURE_AGE;
        let mut card = self.visit.card.clone();
        people::erase(&mut card, people::WITHOUT_PINS, &mut self.outcome.done);
        for pin in CHOSEN {
            let given = values.iter().find(|(given, _)| same_value(*given).contains(&pin));
            let Some((_, value)) = given else {
                // A child has no use for the password.
                if pin == pins::SIGN && !signs {
                    continue;
                }
                return Err(CounterError::NoValue(pin.label));
            };
            check(self.visit.card, pin, value.as_bytes())?;
            let Some(place) = at_issue(&mut card, pin) else {
                continue;
            };
            *place = value.clone().into();
            self.outcome.pins.insert(object(pin), PinReplacement::AsRecorded);
            self.outcome.done.push(Done::Pin(pin.label));
        }
        if signs {
            let text = certificates::text(self.visit.card, &card, self.visit.substitutes)?;
            self.new_certificate(&mut card, Hierarchy::Signature, &text, None)?;
        }
        self.outcome.card = Some(card);
        Ok(())
    }

    fn furigana(&mut self, kana: Option<&str>) -> Result<(), CounterError> {
        rules::lasts(self.visit)?;
        let mut card = self.visit.card.clone();
        let old = format!("振り仮名 {}", card.summary.person.kana);
        if let Some(kana) = kana {
            card.summary.person.kana = people::kana(kana)?;
        }
        if card.summary.person.kana.is_empty() {
            return Err(CounterError::BadText(
                "kana",
                text!("is not known: it must be given", "分からないため、入力が必要です"),
            ));
        }
        let line = format!("振り仮名 {}", card.summary.person.kana);
        if card.summary.printed().any(|printed| printed == line) {
            return Err(CounterError::Unchanged("reading of the name"));
        }
        people::erase(&mut card, &old, &mut self.outcome.done);
        people::print(&mut card, line, &mut self.outcome.done);
        self.outcome.card = Some(card);
        Ok(())
    }
}
