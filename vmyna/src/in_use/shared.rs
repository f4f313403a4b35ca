//! The card that its reader and the threads of control requests share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use vmyna_apdu::IccError;
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::state::{Change, Replacement};
use vmyna_card_os::{Card, CardError};

use crate::contents;

/// The card, shared with the threads that answer control requests.
pub(super) struct InUse {
    /// `None` once the card is no longer in use.
    pub(super) card: Option<Card>,
    /// The card as it was issued.
    pub(super) issued: IssuedCard,
    pub(super) identity: [u8; 32],
    pub(super) powered: bool,
    /// A control request has taken the power from the card. The next command gets no answer, so that the program notices
    /// that nothing is selected or verified any more.
    pub(super) interrupted: bool,
}

/// Locks the card. A card that panicked is in no worse state than one that lost power.
pub(super) fn lock(shared: &Mutex<InUse>) -> MutexGuard<'_, InUse> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl InUse {
    pub(super) const fn new(card: Card, issued: IssuedCard, identity: [u8; 32]) -> Self {
        Self {
            card: Some(card),
            issued,
            identity,
            powered: false,
            interrupted: false,
        }
    }

    /// Goes back to the card as issued, which loses its power for a moment. If it fails, nothing has changed.
    pub(super) fn reset_state(&mut self) -> Result<(), String> {
        let applications = self.issued.applications();
        self.change(|card| card.reset_to(applications))
    }

    /// Goes back to the PINs of the card's record, or to those as issued without one, in the same way.
    pub(super) fn reset_pins(&mut self) -> Result<(), String> {
        self.change(
            |card| match card.operation().is_some() || !card.changed_contents().is_empty() {
                true => card.change(&Change::PinsAsRecorded, None),
                false => card.reset_state().map_err(CardError::Store),
            },
        )
    }

    /// Replaces something in the card, in the same way. Returns `false` if this operation was the last one already.
    pub(super) fn replace(&mut self, replacement: Replacement) -> Result<bool, String> {
        if self.card.as_ref().and_then(Card::operation) == Some(replacement.operation) {
            return Ok(false);
        }
        let record = replacement.record.as_ref();
        let now = record.map(|record| contents::with_record(&self.issued, record));
        let now = now.transpose().map_err(|error| error.to_string())?;
        let applications = now.map(|now| now.applications());
        self.change(|card| card.change(&Change::Replacement(replacement), applications))?;
        Ok(true)
    }

    /// Changes the card, which loses its power for a moment. If it fails, nothing has changed.
    fn change(&mut self, change: impl FnOnce(&mut Card) -> Result<(), CardError>) -> Result<(), String> {
        let Some(card) = &mut self.card else { return Ok(()) };
        change(card).map_err(|error| error.to_string())?;
        if self.powered {
            card.power_on();
            self.interrupted = true;
        }
        Ok(())
    }

    pub(super) fn with_card<T>(&mut self, call: impl FnOnce(&mut Card) -> Result<T, IccError>) -> Result<T, IccError> {
        call(self.card.as_mut().ok_or(IccError::Gone)?)
    }
}
