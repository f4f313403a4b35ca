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
use vmyna_authority::phone::{self, Application};
use vmyna_authority::register::OperationId;
use vmyna_issuance::characters::Substitutes;

pub use error::{AddError, RemoveError};
pub use vmyna_authority::phone::{PhoneError, PhoneKeys, PhonePins};

use crate::counter::{Counter, Done, OpenError, Opening, StillPending};

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
    let desk = counter.desk();
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
    counter.carry_out(number, substitutes, None, &mut |office, visit| {
        let made = (&keys, &order.pins);
        Ok(phone::issue(
            &mut office.desk,
            &office.register,
            visit,
            &signed,
            made,
            rng,
        )?)
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
