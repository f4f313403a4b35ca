//! The card that its reader and the threads of control requests share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use vmyna_apdu::IccError;
use vmyna_card_os::Card;

/// The card, shared with the threads that answer control requests.
pub(super) struct InUse {
    /// `None` once the card is no longer in use.
    pub(super) card: Option<Card>,
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
    pub(super) const fn new(card: Card, identity: [u8; 32]) -> Self {
        Self {
            card: Some(card),
            identity,
            powered: false,
            interrupted: false,
        }
    }

    /// Goes back to the card as issued, which loses its power for a moment. If it fails, nothing has changed.
    pub(super) fn reset_state(&mut self) -> Result<(), String> {
        let Some(card) = &mut self.card else { return Ok(()) };
        card.reset_state().map_err(|error| error.to_string())?;
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
