//! Certificates on a phone: a card is held to it once, and the phone's token is an image of its own.
//!
//! What a phone is and which rules hold is in [`vmyna_authority::phone`]. The operations here go over the register and the
//! images as those of the [counter](crate::counter) do: a process that is killed leaves either nothing or an operation that
//! the next one finishes.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use vmyna::applets::PhoneKind;
//! use vmyna::counter::Opening;
//! use vmyna::counter::register::now;
//! use vmyna::issuance::characters::Substitutes;
//! use vmyna::issuance::rand_core::OsRng;
//! use vmyna::phone::{self, PhoneOrder};
//!
//! let card = "card.vmyna".parse()?;
//! let mut opening = Opening::new(&card, now().ok_or("the clock is wrong")?);
//! opening.new_image = Some(Path::new("phone.vmyna"));
//! let mut counter = phone::open(&opening, &mut |pending| eprintln!("{pending}"))?;
//! let order = PhoneOrder::new(PhoneKind::Iphone, b"ABC123");
//! let number = phone::random_number();
//! for step in phone::add(&mut counter, number, &order, &Substitutes::default(), &mut OsRng)?.steps {
//!     println!("{step}");
//! }
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! This module must never read a clock on its own, or put a PIN or a key into an error.

mod error;

use rand_core::CryptoRngCore;
use vmyna_applets::PhoneKind;
use vmyna_authority::counter::CounterError;
use vmyna_authority::phone::{self, Application, Equipment};
use vmyna_authority::register::{CardId, OperationId, Register as _};
use vmyna_issuance::characters::Substitutes;
use vmyna_issuance::mdoc::DocumentSigner;
use zeroize::Zeroizing;

pub use error::{AddError, RefreshError, RemoveError};
pub use vmyna_authority::phone::{PhoneError, PhoneKeys, PhonePins};

use crate::counter::{Counter, Done, OpenError, Opening, OperateError, SignerError, StillPending};
use crate::source::CardSource;

/// What a phone is to get.
#[derive(Clone)]
#[non_exhaustive]
pub struct PhoneOrder<'a> {
    /// The kind of phone.
    pub kind: PhoneKind,
    /// The sign password of the card.
    pub password: &'a [u8],
    /// The PINs of the phone.
    pub pins: PhonePins,
}

impl<'a> PhoneOrder<'a> {
    /// A phone with the PINs of a card without chosen ones.
    #[must_use]
    pub fn new(kind: PhoneKind, password: &'a [u8]) -> Self {
        let pins = PhonePins::default();
        Self { kind, password, pins }
    }
}

/// The number of an operation that is done once.
#[must_use]
pub fn random_number() -> OperationId {
    crate::counter::visit::random_number()
}

/// Opens the register and locks a card that is to be held to a phone. [`Opening::new_image`] is the image to write for the
/// phone. The card can be built in: nothing of it changes. What interrupted operations have left is done first;
/// `still_pending` takes each of the register's that can't be finished now.
///
/// # Errors
/// [`OpenError`]: the card can't be used; authorities or register can't be used; no image can be written there.
pub fn open(opening: &Opening<'_>, still_pending: &mut dyn FnMut(StillPending)) -> Result<Counter, OpenError> {
    Counter::open_with_phone(opening, still_pending)
}

/// Asks the rules whether the card at the counter can be held to a phone with these PINs, before anything is asked of the card.
///
/// # Errors
/// [`AddError`]: the rule that forbids it.
pub fn check(counter: &mut Counter, pins: &PhonePins) -> Result<(), AddError> {
    let checked = counter.look(&Substitutes::default(), &mut |office, visit| {
        phone::check_card(&mut office.desk, visit)?;
        Ok::<_, AddError>(phone::check_pins(visit.card, pins)?)
    });
    checked.map(drop)
}

/// Holds the card to the phone once, and lets the authority issue the phone's certificates. `rng` gives keys and serial
/// numbers. A wrong password costs a try of the card; the rules are asked before.
///
/// [`Counter::has_done`] finds out whether an interrupted caller has done the operation with this number.
///
/// # Errors
/// [`AddError`]: it is forbidden, or can't be done, or not now.
pub fn add(
    counter: &mut Counter,
    number: OperationId,
    order: &PhoneOrder<'_>,
    substitutes: &Substitutes,
    rng: &mut dyn CryptoRngCore,
) -> Result<Done, AddError> {
    check(counter, &order.pins)?;
    // The card may not be used by another program meanwhile.
    let mut card = counter.source().open(None)?.card;
    let mut made = None;
    let desk = &counter.office().desk;
    let by = phone::hold(card.as_mut(), order.password, &mut || {
        let keys = PhoneKeys::new(desk, rng)?;
        let (sign, auth) = (keys.sign.public.clone(), keys.auth.public.clone());
        let application = Application::new(order.kind, counter.now(), sign, auth);
        let message = application.to_be_signed()?;
        made = Some((application, keys));
        Ok(message)
    })?;
    drop(card);
    let (application, keys) = made.ok_or(AddError::NotHeld)?;
    let signed = application.signed(&by).map_err(PhoneError::from)?;
    let present = counter.card()?;
    counter.enter_present(&present)?;
    let signer = match order.kind {
        PhoneKind::Iphone => Some(signer(counter, rng)?),
        _ => None,
    };
    counter.carry_out(number, substitutes, None, &mut |office, visit| {
        let equipment = Equipment {
            keys: &keys,
            pins: &order.pins,
            signer: signer.as_ref(),
        };
        let issued = phone::issue(&mut office.desk, &office.register, visit, &signed, equipment, rng);
        Ok(issued?)
    })
}

fn signer(counter: &Counter, rng: &mut dyn CryptoRngCore) -> Result<DocumentSigner, SignerError> {
    let mut seed = Zeroizing::new([0; 32]);
    rng.fill_bytes(&mut *seed);
    counter.office().signer(counter.now(), &seed)
}

/// Issues another mdoc to the phone at the counter, with the data that `card` has now: the card of its person, as the
/// issuer knows it. No PIN is asked for.
///
/// # Errors
/// [`RefreshError`]: it is no iPhone or was lost, the register links it to another card, that card has ended, or it can't be
/// done, or not now.
pub fn refresh(
    counter: &mut Counter,
    number: OperationId,
    card: &CardSource,
    rng: &mut dyn CryptoRngCore,
) -> Result<Done, RefreshError> {
    let id = CardId::of(&card.issued()?);
    let (current, _) = card.current()?;
    let signer = signer(counter, rng)?;
    counter.carry_out(number, &Substitutes::default(), None, &mut |office, visit| {
        let known = office.register.phone(visit.id).map_err(OperateError::from)?;
        if known.is_none_or(|known| known.link.card.0 != id) {
            return Err(CounterError::OtherCard.into());
        }
        let status = office.register.card_status(id).map_err(OperateError::from)?;
        match status.withdrawn {
            Some(withdrawal) => Err(CounterError::Withdrawn(withdrawal).into()),
            None => Ok(phone::refresh(&mut office.desk, visit, &current, &signer, rng)?),
        }
    })
}

/// Takes keys, certificates and mdoc off the phone at the counter, and revokes its certificates.
///
/// # Errors
/// [`RemoveError`]: it is no phone, nothing is on it, or it can't be done, or not now.
pub fn remove(counter: &mut Counter, number: OperationId) -> Result<Done, RemoveError> {
    counter.carry_out(number, &Substitutes::default(), None, &mut |office, visit| {
        Ok(phone::remove(&mut office.desk, visit)?)
    })
}
