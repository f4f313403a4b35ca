//! The trait by which a reader drives a card.
//!
//! A reader knows nothing of a card but this. Calls can fail, because a reader also meets cards that are pulled out in
//! the middle of a command and cards that fall silent; a reader must never turn either into a status word.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Why a card gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IccError {
    /// The card has been pulled out; it will not answer again.
    Gone,
    /// The card is there but does not answer: it is without power, or has fallen silent.
    Mute,
}

impl fmt::Display for IccError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IccError::Gone => "the card has been pulled out",
            IccError::Mute => "the card does not answer",
        })
    }
}

impl std::error::Error for IccError {}

/// An event at the reader, made on purpose for tests. A reader that can't do it leaves it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Incident {
    /// Instead of an answer the reader is unplugged.
    Unplug {
        /// The card executes the command first.
        executed: bool,
        /// The time after which the owner of the reader is to plug it in again.
        back: Option<Duration>,
    },
    /// Before the command another program selects an application of its own and resets the card. It can't while a program
    /// has a transaction.
    Probe,
    /// Before the command the card is reset, by nothing that its program did. A transaction does not prevent it.
    OtherReset,
    /// Behind the command its program loses the transaction.
    TransactionLost,
    /// If the transaction goes on without another command for this time, it ends and the card is reset.
    TransactionTimeout(Duration),
    /// Instead of an answer the service ends all connections.
    ServiceGone {
        /// The card executes the command first.
        executed: bool,
        /// The time after which the service accepts connections again; `None`: it never does.
        back: Option<Duration>,
    },
}

/// An integrated circuit card (ICC) with contacts, as seen from the reader (ISO/IEC 7816-3, 6.2).
///
/// The callee clears the buffers it is given before it fills them; on an error their content means nothing.
pub trait Icc {
    /// Supplies power (cold reset). Gives the ATR, 2 to 33 bytes. On a card that has power it is a cold reset as well:
    /// power is taken away first.
    ///
    /// # Errors
    /// [`IccError`], when there is no ATR.
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError>;

    /// Warm reset: the power stays. Gives the ATR, 2 to 33 bytes.
    ///
    /// # Errors
    /// [`IccError`], when there is no ATR.
    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError>;

    /// Takes the power away; without effect on a card that has none.
    ///
    /// # Errors
    /// [`IccError::Gone`], when the card is no longer there.
    fn power_off(&mut self) -> Result<(), IccError>;

    /// Sends a C-APDU of any length and content, and gives the R-APDU: data and the two bytes of the status word.
    ///
    /// # Errors
    /// [`IccError`], when there is no answer; [`IccError::Mute`] when the card has no power.
    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError>;

    /// The event at the reader that belongs to `command`. A reader that can make such events asks for it before it calls
    /// [`Self::transmit`] with that command; others never ask.
    fn incident(&mut self, command: &[u8]) -> Option<Incident> {
        let _ = command;
        None
    }

    /// The event that [`Self::incident`] has returned takes place now.
    fn incident_happens(&mut self) {}

    /// Whether the card has left since its last answer. A reader asks after each answer, so that a program that waits for a
    /// change of the reader learns of it at once, not with the next command.
    fn has_left(&self) -> bool {
        false
    }

    /// A handle with which another thread interrupts a long wait; `None` if the card never waits.
    fn pull(&self) -> Option<Pull> {
        None
    }
}

impl<I: Icc + ?Sized> Icc for Box<I> {
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        (**self).power_on(atr)
    }

    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        (**self).reset(atr)
    }

    fn power_off(&mut self) -> Result<(), IccError> {
        (**self).power_off()
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
        (**self).transmit(command, response)
    }

    fn incident(&mut self, command: &[u8]) -> Option<Incident> {
        (**self).incident(command)
    }

    fn incident_happens(&mut self) {
        (**self).incident_happens();
    }

    fn has_left(&self) -> bool {
        (**self).has_left()
    }

    fn pull(&self) -> Option<Pull> {
        (**self).pull()
    }
}

/// A handle with which another thread informs a waiting card that it has been pulled out, so that the wait ends at once.
/// Clones are one handle. The pull holds until the card is powered on again.
#[derive(Clone, Default)]
pub struct Pull(Arc<(Mutex<bool>, Condvar)>);

impl Pull {
    /// Pulls the card out: waits end.
    pub fn out(&self) {
        *self.lock() = true;
        self.0.1.notify_all();
    }

    /// Puts the card back in; returns whether it was out.
    pub fn back(&self) -> bool {
        std::mem::take(&mut *self.lock())
    }

    /// Waits for this time, or until the card is pulled out; returns whether it is still in.
    pub fn wait(&self, time: Duration) -> bool {
        let waited = self.0.1.wait_timeout_while(self.lock(), time, |is_out| !*is_out);
        !*waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_when_the_card_is_pulled_out_and_runs_its_time_when_it_is_in_again() {
        let pull = Pull::default();
        assert!(pull.wait(Duration::ZERO));
        let (hand, begun) = (pull.clone(), std::time::Instant::now());
        let hand = std::thread::spawn(move || hand.out());
        assert!(!pull.wait(Duration::from_secs(600)));
        assert!(begun.elapsed() < Duration::from_secs(600));
        hand.join().unwrap();
        assert!(pull.back() && !pull.back());
        assert!(pull.wait(Duration::from_millis(1)));
    }
}
