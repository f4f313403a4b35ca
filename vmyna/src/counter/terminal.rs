//! The kiosk of a store: the cardholder resets the sign password with a one-time code and the auth PIN.

use std::fmt;

use rand_core::CryptoRngCore;
use vmyna_authority::counter::Standing;
use vmyna_authority::kiosk;
use vmyna_authority::register::Register as _;
use vmyna_card_os::Event;
use vmyna_card_os::declaration::ReferenceData;
use vmyna_issuance::DateTime;
use vmyna_issuance::characters::Substitutes;
use zeroize::Zeroizing;

use super::error::{OperateError, TerminalError};
use super::interrupted::StillPending;
use super::visit::{Counter, Done, Opening, random_number};
use crate::in_use::KeptCard;

/// A card in the terminal of a store, locked against counters and other terminals until this is dropped.
pub struct Terminal {
    counter: Counter,
}

/// The proof that the auth PIN was verified. It is used up by what it permits.
#[derive(Debug)]
pub struct VerifiedHolder(());

/// A one-time code that the card has. `Debug` does not show it.
pub struct AcceptedCode {
    digest: [u8; 32],
}

impl fmt::Debug for AcceptedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcceptedCode").finish_non_exhaustive()
    }
}

/// A new one-time code. `Debug` does not show it.
#[non_exhaustive]
pub struct GivenCode {
    /// The code, eight digits.
    pub code: Zeroizing<String>,
    /// Until when it is good, UTC.
    pub until: DateTime,
}

impl fmt::Debug for GivenCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("GivenCode");
        shown.field("until", &self.until).finish_non_exhaustive()
    }
}

impl Terminal {
    /// Opens the register, locks the card, and checks that the kiosk serves it. What interrupted operations have left is done
    /// first; `still_pending` takes each of the register's that can't be finished now.
    ///
    /// # Errors
    /// [`TerminalError`]: the card can't be opened, or the kiosk does not serve it.
    pub fn open(opening: &Opening<'_>, still_pending: &mut dyn FnMut(StillPending)) -> Result<Self, TerminalError> {
        let counter = Counter::open(opening, still_pending)?;
        let (card, id) = (counter.card()?, counter.id());
        let standing = Standing::of(counter.register(), &card, id)?;
        kiosk::check(&card, id, &standing, counter.now())?;
        Ok(Self { counter })
    }

    /// The counter that this terminal is connected to.
    #[must_use]
    pub const fn counter(&self) -> &Counter {
        &self.counter
    }

    /// Verifies the auth PIN on the card, which no other program may use meanwhile. A wrong one costs a try.
    ///
    /// # Errors
    /// [`TerminalError::Refused`] for a wrong or blocked PIN; [`TerminalError::Card`] if the card can't be used.
    pub fn verify(&self, auth_pin: &[u8]) -> Result<VerifiedHolder, TerminalError> {
        let place = self.counter.place();
        let mut card = KeptCard::open(self.counter.issued(), place, Box::new(|_: &Event<'_>| {}))?;
        kiosk::verify_auth_pin(&mut card, auth_pin)?;
        Ok(VerifiedHolder(()))
    }

    /// Applies for a reset on the phone: gives a one-time code. A code that the card had before is no longer good.
    ///
    /// # Errors
    /// [`TerminalError::OutOfCalendar`], [`TerminalError::Register`].
    pub fn give_code(
        &mut self,
        _holder: VerifiedHolder,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<GivenCode, TerminalError> {
        let code = kiosk::new_code(rng);
        let until = kiosk::good_until(self.counter.now()).ok_or(TerminalError::OutOfCalendar)?;
        let id = self.counter.id();
        let named = (id, self.counter.issued().name.to_string());
        let digest = kiosk::code_digest(id, &code);
        self.counter.register_mut().give_code(&named, digest, until)?;
        Ok(GivenCode { code, until })
    }

    /// Looks for a one-time code, which stays good.
    ///
    /// # Errors
    /// [`TerminalError::NoSuchCode`], [`TerminalError::Register`].
    pub fn accept(&self, code: &str) -> Result<AcceptedCode, TerminalError> {
        let id = self.counter.id();
        let digest = kiosk::code_digest(id, code);
        match self.counter.register().has_code(id, digest, self.counter.now())? {
            true => Ok(AcceptedCode { digest }),
            false => Err(TerminalError::NoSuchCode),
        }
    }

    /// Gives the sign password a new value and all its tries, and uses up the code.
    ///
    /// # Errors
    /// [`OperateError`].
    pub fn reset_sign(
        &mut self,
        _holder: VerifiedHolder,
        code: AcceptedCode,
        password: ReferenceData,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Done, OperateError> {
        let reset = kiosk::reset(password);
        let code = Some(code.digest);
        let number = random_number();
        self.counter
            .operate_with(number, &reset, &Substitutes::default(), code, rng)
    }
}
