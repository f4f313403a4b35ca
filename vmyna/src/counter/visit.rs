//! An issued card at the counter: its authorities, their register, its state, and the lock on all of it.

use std::path::{Path, PathBuf};

use rand_core::{CryptoRngCore, OsRng, RngCore as _};
use vmyna_applets::image;
use vmyna_applets::issued::IssuedCard;
use vmyna_authority::counter::steps::perform;
use vmyna_authority::counter::{
    self, CounterError, Done as Step, Operation, OperationKind, Outcome, PhonePolicy, Standing, Visit,
};
use vmyna_authority::kiosk::{self, KioskError};
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{
    Beginning, Begun, CardId, Cause, Intent, OperationId, Phone, PhoneLink, Recorded, Register as _, Revocation,
    Withdrawal,
};
use vmyna_card_os::state::Replacement;
use vmyna_issuance::DateTime;
use vmyna_issuance::characters::Substitutes;
use vmyna_issuance::desk::Desk;

use super::error::{OpenError, OperateError, RegisterAccessError};
use super::interrupted::{StillPending, lock};
use super::office::{Office, authorities};
use super::register;
use super::side::{CardChange, Changed, Side};
use crate::source::CardSource;
use crate::state::StatePlace;

/// How a counter is opened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Opening<'a> {
    /// The card that is brought.
    pub card: &'a CardSource,
    /// The folder of the authorities that issued it; `None` for the built-in ones.
    pub authorities: Option<&'a Path>,
    /// The time at the counter, UTC, in whole seconds.
    pub now: DateTime,
    /// The image to write for a new card ([`Operation::Reissue`]) or for a phone ([`crate::phone::add`]). No file may exist
    /// there.
    pub new_image: Option<&'a Path>,
    /// What becomes of the certificates on the person's phone when those of the card are revoked.
    pub phones: PhonePolicy,
}

impl<'a> Opening<'a> {
    /// Under the built-in authorities, and without an image for a new card.
    #[must_use]
    pub const fn new(card: &'a CardSource, now: DateTime) -> Self {
        Self {
            card,
            authorities: None,
            now,
            new_image: None,
            phones: PhonePolicy::WithCard,
        }
    }
}

/// What counter and kiosk can do for a card now. The card is not locked and no register is made, so it can be asked at any
/// time; values that an operation takes can still be refused.
#[derive(Debug)]
#[non_exhaustive]
pub struct Offers {
    /// Each operation of the counter, with the rule that forbids it, in the order in which a clerk is offered them.
    pub counter: Vec<(OperationKind, Option<CounterError>)>,
    /// The rule that forbids the kiosk to serve the card.
    pub kiosk: Option<KioskError>,
}

impl Offers {
    /// Looks at a card, its register and its authorities. What interrupted operations have left is done first;
    /// `still_pending` takes each of the register's that can't be finished now.
    ///
    /// # Errors
    /// [`OpenError`]: the card keeps no state, or authorities, register or state can't be used.
    pub fn of(opening: &Opening<'_>, still_pending: &mut dyn FnMut(StillPending)) -> Result<Self, OpenError> {
        let (issued, place) = brought(opening.card)?;
        let mut desk = Desk::new(authorities(opening.authorities)?);
        let register = register::open_if_there(opening.authorities, still_pending)?;
        let id = CardId::of(&issued);
        let card = place.current(issued)?;
        let standing = match &register {
            Some(register) => Standing::of(register, &card, id).map_err(RegisterAccessError::from)?,
            None => Standing::default(),
        };
        let visit = Visit {
            card: &card,
            id,
            standing,
            now: opening.now,
            substitutes: &Substitutes::default(),
            phones: opening.phones,
        };
        Ok(Self::at(&mut desk, &visit))
    }

    /// Asks the rules about a card of which the contents and the standing are known.
    #[must_use]
    pub fn at(desk: &mut Desk, visit: &Visit<'_>) -> Self {
        let mut check = |kind| (kind, counter::check(desk, visit, kind).err());
        Self {
            counter: OperationKind::ALL.into_iter().map(&mut check).collect(),
            kiosk: kiosk::check(visit.card, visit.id, &visit.standing, visit.now).err(),
        }
    }
}

/// A card at the counter, locked against other counters until this is dropped.
pub struct Counter {
    source: CardSource,
    /// The card as it was issued, and under which the register has it.
    issued: IssuedCard,
    id: CardId,
    place: StatePlace,
    office: Office,
    side: Side,
    now: DateTime,
    /// Where a new card goes.
    output: Option<PathBuf>,
    phones: PhonePolicy,
    /// Whether the card is built in: it keeps no state, and the place is that of the phone that it is held to.
    is_built_in: bool,
}

/// What was done, and where.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Done {
    /// What was done, in its order. Empty if there was nothing to do.
    pub steps: Vec<Step>,
    /// The file of the register, if it was written.
    pub register: Option<PathBuf>,
    /// What was changed on the card's side, if anything.
    pub card: Option<Changed>,
}

/// The phones to enter or to link to another card, and those that go out of use.
type ChangedPhones = (Vec<PhoneLink>, Vec<(CardId, Withdrawal)>);

/// The card as it was issued, and the place of its state.
fn brought(card: &CardSource) -> Result<(IssuedCard, StatePlace), OpenError> {
    let (issued, place) = card.find()?;
    let place = place.ok_or_else(|| OpenError::BuiltIn(card.to_string()))?;
    Ok((issued, place))
}

/// The number of an operation that is done once.
pub(crate) fn random_number() -> OperationId {
    let mut number = [0; 16];
    OsRng.fill_bytes(&mut number);
    OperationId(number)
}

/// A card that was brought, before it is locked.
struct Brought<'a> {
    opening: &'a Opening<'a>,
    issued: IssuedCard,
    place: StatePlace,
    /// Where a new card goes.
    output: Option<PathBuf>,
    is_built_in: bool,
}

impl<'a> Brought<'a> {
    fn check(opening: &'a Opening<'a>) -> Result<Self, OpenError> {
        let (issued, place) = brought(opening.card)?;
        Ok(Self {
            opening,
            issued,
            place,
            output: opening.new_image.map(checked_output).transpose()?,
            is_built_in: false,
        })
    }

    /// A card that is held to a phone, of which the image is to be written. A built-in card is accepted, because nothing on
    /// the card changes: the mark of the operation is beside the phone then.
    fn check_with_phone(opening: &'a Opening<'a>) -> Result<Self, OpenError> {
        let (issued, place) = opening.card.find()?;
        let (Some(image), None) = (opening.new_image, place) else {
            return Self::check(opening);
        };
        let image = checked_output(image)?;
        Ok(Self {
            opening,
            place: StatePlace::beside(&image, &issued.name, CardId::of(&issued).0),
            issued,
            output: Some(image),
            is_built_in: true,
        })
    }

    /// Locks it.
    fn served_by(self, office: Office) -> Result<Counter, OpenError> {
        let mark = lock(&self.place)?;
        let mut side = Side::new(self.place.clone(), office.register_path.clone(), mark);
        side.only_mark = self.is_built_in;
        Ok(Counter {
            source: self.opening.card.clone(),
            id: CardId::of(&self.issued),
            issued: self.issued,
            side,
            place: self.place,
            office,
            now: self.opening.now,
            output: self.output,
            phones: self.opening.phones,
            is_built_in: self.is_built_in,
        })
    }
}

impl Counter {
    /// Opens the register and locks the card. What interrupted operations have left is done first; `still_pending` takes
    /// each of the register's that can't be finished now.
    ///
    /// # Errors
    /// [`OpenError`]: the card keeps no state; authorities, register or state can't be used; another counter has the card.
    pub fn open(opening: &Opening<'_>, still_pending: &mut dyn FnMut(StillPending)) -> Result<Self, OpenError> {
        // What can't be served is reported before a register is made.
        let brought = Brought::check(opening)?;
        let office = Office::open(opening.authorities, still_pending)?;
        brought.served_by(office)
    }

    /// Locks the card at an office that is open already; the authorities of `opening` are not read. The office is closed if
    /// that fails.
    ///
    /// # Errors
    /// [`OpenError`]: the card keeps no state, its state can't be used, or another counter has the card.
    pub fn at(office: Office, opening: &Opening<'_>) -> Result<Self, OpenError> {
        Brought::check(opening)?.served_by(office)
    }

    /// Opens the register and locks a card that is to be held to a phone, as [`Counter::open`] does; the card can be built in.
    pub(crate) fn open_with_phone(
        opening: &Opening<'_>,
        still_pending: &mut dyn FnMut(StillPending),
    ) -> Result<Self, OpenError> {
        let brought = Brought::check_with_phone(opening)?;
        let office = Office::open(opening.authorities, still_pending)?;
        brought.served_by(office)
    }

    /// Ends the visit: unlocks the card, and returns the office for the next one.
    #[must_use]
    pub fn into_office(self) -> Office {
        self.office
    }

    /// Whether the operation with this number was the last one on the card, by the register or by the card's state.
    ///
    /// # Errors
    /// The register or the card's state can't be read.
    pub fn has_done(&self, number: OperationId) -> Result<bool, OperateError> {
        let of_register = self.office.register.card_status(self.id)?.last;
        Ok(of_register == Some(number) || self.place.last_operation()? == Some(number.0))
    }

    /// The name by which the card was brought.
    #[must_use]
    pub const fn source(&self) -> &CardSource {
        &self.source
    }

    /// The time at the counter.
    #[must_use]
    pub const fn now(&self) -> DateTime {
        self.now
    }

    /// Under which the register has the card.
    #[must_use]
    pub const fn id(&self) -> CardId {
        self.id
    }

    /// The card as it was issued.
    #[must_use]
    pub const fn issued(&self) -> &IssuedCard {
        &self.issued
    }

    /// The card as it is now.
    ///
    /// # Errors
    /// Its state can't be read.
    pub fn card(&self) -> Result<IssuedCard, crate::Error> {
        match self.is_built_in {
            true => Ok(self.issued.clone()),
            false => self.place.current(self.issued.clone()),
        }
    }

    /// The register of the card's authorities.
    #[must_use]
    pub const fn register(&self) -> &SqliteRegister {
        &self.office.register
    }

    pub(super) const fn register_mut(&mut self) -> &mut SqliteRegister {
        &mut self.office.register
    }

    pub(crate) const fn office(&self) -> &Office {
        &self.office
    }

    pub(super) const fn place(&self) -> &StatePlace {
        &self.place
    }

    /// Does an operation. `rng` gives keys, serial numbers and codes; the number of the operation itself is random.
    ///
    /// # Errors
    /// [`OperateError`]: it is forbidden, or can't be done, or not now.
    pub fn operate(
        &mut self,
        operation: &Operation,
        substitutes: &Substitutes,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Done, OperateError> {
        self.operate_with(random_number(), operation, substitutes, None, rng)
    }

    /// Does the operation with this number, so that a caller who can repeat everything from a seed also repeats the number.
    /// No two operations may have the same one; [`Counter::has_done`] finds out whether an interrupted caller has done it.
    ///
    /// # Errors
    /// [`OperateError`]: it is forbidden, or can't be done, or not now.
    pub fn operate_as(
        &mut self,
        number: OperationId,
        operation: &Operation,
        substitutes: &Substitutes,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Done, OperateError> {
        self.operate_with(number, operation, substitutes, None, rng)
    }

    /// Does an operation that uses up a one-time code: its digest.
    pub(super) fn operate_with(
        &mut self,
        number: OperationId,
        operation: &Operation,
        substitutes: &Substitutes,
        code: Option<[u8; 32]>,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Done, OperateError> {
        self.carry_out(number, substitutes, code, &mut |office, visit| {
            Ok(counter::operate(&mut office.desk, visit, operation, rng)?)
        })
    }

    /// Does what is computed of the card as it is now, and of what the register knows of it. It is computed again if a serial
    /// number is taken.
    pub(crate) fn carry_out<E: From<OperateError>>(
        &mut self,
        number: OperationId,
        substitutes: &Substitutes,
        code: Option<[u8; 32]>,
        compute: &mut dyn FnMut(&mut Office, &Visit<'_>) -> Result<Outcome, E>,
    ) -> Result<Done, E> {
        /// A serial number is taken once in some millions.
        const ATTEMPTS: usize = 8;
        for _ in 0..ATTEMPTS {
            let (card, last, outcome) = self.look(substitutes, compute)?;
            if let Some(done) = self.write(number, &card, last, outcome, code)? {
                return Ok(done);
            }
        }
        Err(OperateError::SerialsTaken.into())
    }

    /// Computes something of the card as it is now, and of what the register knows of it. Returns the card, and the last
    /// operation on it.
    pub(crate) fn look<T, E: From<OperateError>>(
        &mut self,
        substitutes: &Substitutes,
        compute: &mut dyn FnMut(&mut Office, &Visit<'_>) -> Result<T, E>,
    ) -> Result<(IssuedCard, Option<OperationId>, T), E> {
        let card = self.card().map_err(OperateError::from)?;
        let known = || -> Result<_, OperateError> {
            let status = self.office.register.card_status(self.id)?;
            match status.pending {
                Some(pending) => Err(OperateError::Pending(pending.operation)),
                None => Ok((status.last, Standing::of(&self.office.register, &card, self.id)?)),
            }
        };
        let (last, standing) = known()?;
        let visit = Visit {
            card: &card,
            id: self.id,
            standing,
            now: self.now,
            substitutes,
            phones: self.phones,
        };
        let computed = compute(&mut self.office, &visit)?;
        Ok((card, last, computed))
    }

    /// Writes what an operation changes; `None` if a serial number is taken.
    fn write(
        &mut self,
        operation: OperationId,
        card: &IssuedCard,
        after: Option<OperationId>,
        outcome: Outcome,
        code: Option<[u8; 32]>,
    ) -> Result<Option<Done>, OperateError> {
        let change = self.change(operation, &outcome)?;
        let in_register =
            !outcome.revoke.is_empty() || !outcome.enter.is_empty() || outcome.withdraw.is_some() || code.is_some();
        if !in_register {
            if let Some(change) = change {
                self.side.apply(&change)?;
            }
            return Ok(Some(Done {
                steps: outcome.done,
                register: None,
                card: self.side.changed.clone(),
            }));
        }
        self.enter_present(card)?;
        let at = self.now;
        let revoke = outcome.revoke.iter();
        let revoke: Vec<_> = revoke
            .map(|(issuer, serial, reason)| (*issuer, *serial, Revocation { at, reason: *reason }))
            .collect();
        let named = (self.id, self.issued.name.to_string());
        let (phones, end_phones) = self.phones_after(outcome.new_card.as_ref())?;
        let intent = change.map(|change| Intent {
            operation,
            card: named.clone(),
            place: self.place.to_text(),
            change: change.to_bytes(),
            certificates: outcome.enter.clone(),
            phones,
        });
        let beginning = Beginning {
            operation,
            card: named,
            after,
            revoke: &revoke,
            withdraw: outcome.withdraw.map(|cause| Withdrawal { at, cause }),
            end_phones: &end_phones,
            code: code.map(|code| (code, at)),
            intent: intent.as_ref(),
        };
        match perform(&mut self.office.register, &mut self.side, &beginning).map_err(Box::new)? {
            Begun::Done(_) => Ok(Some(Done {
                steps: outcome.done,
                register: Some(self.office.register_path.clone()),
                card: self.side.changed.clone(),
            })),
            Begun::SerialTaken(_) => Ok(None),
            Begun::Pending(other) => Err(OperateError::Pending(other)),
            Begun::Withdrawn(withdrawal) => Err(CounterError::Withdrawn(withdrawal).into()),
            Begun::NoCode => Err(OperateError::NoCode),
            Begun::Unknown(serial) => Err(OperateError::UnknownCertificate(serial)),
            _ => Err(OperateError::Overtaken),
        }
    }

    /// The phones to enter or to link anew, and those that go out of use: a new phone ends the one before, and a new card takes
    /// over the phones of the old one.
    fn phones_after(&self, new: Option<&IssuedCard>) -> Result<ChangedPhones, OperateError> {
        let Some(new) = new else {
            return Ok(ChangedPhones::default());
        };
        let known = self.office.register.phones(self.id)?.into_iter();
        let named = (CardId::of(new), new.name.to_string());
        Ok(match new.phone() {
            Some(kind) => {
                let link = PhoneLink {
                    phone: named,
                    card: (self.id, self.issued.name.to_string()),
                    kind,
                };
                let withdrawal = Withdrawal {
                    at: self.now,
                    cause: Cause::OtherPhone,
                };
                let in_use = known.filter(|phone| phone.withdrawn.is_none());
                (
                    vec![link],
                    in_use.map(|phone| (phone.link.phone.0, withdrawal)).collect(),
                )
            }
            None => {
                let link = |phone: Phone| PhoneLink {
                    card: named.clone(),
                    ..phone.link
                };
                (known.map(link).collect(), Vec::new())
            }
        })
    }

    /// What an operation changes on the card's side, if anything.
    fn change(&self, operation: OperationId, outcome: &Outcome) -> Result<Option<CardChange>, OperateError> {
        if let (Some(new), Some(path)) = (&outcome.new_card, &self.output) {
            return Ok(Some(CardChange::NewImage(path.clone(), new.to_record()?)));
        }
        if outcome.card.is_none() && outcome.pins.is_empty() {
            return Ok(None);
        }
        let mut replacement = Replacement::new(operation.0);
        if let Some(card) = &outcome.card {
            replacement.record = Some(card.to_record()?);
        }
        replacement.pins.clone_from(&outcome.pins);
        Ok(Some(CardChange::Replacement(replacement)))
    }

    /// Enters the certificates that the card has, where the register lacks them: it was issued before there was a register, or
    /// without one.
    pub(crate) fn enter_present(&mut self, card: &IssuedCard) -> Result<(), OperateError> {
        let present = counter::entries(card, self.id).map_err(OperateError::Certificate)?;
        let recorded = self.office.register.record(&present)?;
        let mut both = present.iter().zip(recorded);
        match both.find(|(_, what)| *what == Recorded::SerialTaken) {
            Some((certificate, _)) => Err(OperateError::OtherCertificate(certificate.serial)),
            None => Ok(()),
        }
    }
}

/// The absolute path of the image for a new card. What is revoked stays revoked, so nothing may begin if no image can be
/// written there.
fn checked_output(path: &Path) -> Result<PathBuf, OpenError> {
    if path.symlink_metadata().is_ok() {
        return Err(OpenError::OutputExists(path.to_owned()));
    }
    let path = std::path::absolute(path).map_err(OpenError::WorkingDirectory)?;
    drop(image::create(&path).map_err(OpenError::Image)?);
    Ok(path)
}
