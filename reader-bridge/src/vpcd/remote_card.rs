//! A card that has connected to this process, as a card for a reader of this process.
//!
//! A reader of this process does not notice the end of a connection by itself, so [`VpcdCard::watcher`] asks for the ATR from
//! time to time, as vpcd does. Must never turn the end of the connection into a status word.

use super::codec::Message;
use super::link::{Link, LinkError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use vmyna_apdu::{Icc, IccError};

/// The shortest ATR and the shortest R-APDU.
const SHORTEST_ANSWER: usize = 2;

/// The card. Dropping it ends the connection.
pub struct VpcdCard {
    link: Arc<Mutex<Link>>,
    powered: bool,
}

/// Notices when a [`VpcdCard`] has gone.
pub struct VpcdWatcher(Weak<Mutex<Link>>);

impl VpcdCard {
    /// `None` for a peer that gives no ATR.
    pub(super) fn new(mut link: Link) -> Option<VpcdCard> {
        let atr = link.atr().ok()?;
        (atr.len() >= SHORTEST_ANSWER).then(|| VpcdCard {
            link: Arc::new(Mutex::new(link)),
            powered: false,
        })
    }

    /// Notices the end of the connection while no reader uses the card.
    pub fn watcher(&self) -> VpcdWatcher {
        VpcdWatcher(Arc::downgrade(&self.link))
    }

    fn link(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn restart(&mut self, messages: &[Message<'_>], atr: &mut Vec<u8>) -> Result<(), IccError> {
        let mut link = self.link();
        let sent = messages.iter().try_for_each(|message| link.send(message));
        *atr = sent.and_then(|()| link.atr()).map_err(of)?;
        if atr.len() < SHORTEST_ANSWER {
            return Err(IccError::Mute);
        }
        drop(link);
        self.powered = true;
        Ok(())
    }
}

/// A connection is closed at each error but that of a command that can't be sent.
fn of(error: LinkError) -> IccError {
    match error {
        LinkError::NoCard | LinkError::Gone => IccError::Gone,
        LinkError::Mute | LinkError::TooLong(_) | LinkError::TooShort(_) => IccError::Mute,
    }
}

impl Icc for VpcdCard {
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        match std::mem::take(&mut self.powered) {
            true => self.restart(&[Message::PowerOff, Message::PowerOn], atr),
            false => self.restart(&[Message::PowerOn], atr),
        }
    }

    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        self.restart(&[Message::Reset], atr)
    }

    fn power_off(&mut self) -> Result<(), IccError> {
        let mut link = self.link();
        if self.powered {
            link.send(&Message::PowerOff).map_err(of)?;
        }
        let gone = !link.is_open();
        drop(link);
        self.powered = false;
        match gone {
            true => Err(IccError::Gone),
            false => Ok(()),
        }
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
        if !self.powered {
            return Err(IccError::Mute);
        }
        self.link().transmit(command, response).map_err(of)?;
        match response.len() {
            0..SHORTEST_ANSWER => Err(IccError::Mute),
            _ => Ok(()),
        }
    }

    fn has_left(&self) -> bool {
        !self.link().is_open()
    }
}

impl Drop for VpcdCard {
    fn drop(&mut self) {
        self.link().close();
    }
}

impl VpcdWatcher {
    /// Whether the card was dropped: no reader can have it.
    pub fn is_dropped(&self) -> bool {
        self.0.strong_count() == 0
    }

    /// Asks for the ATR, unless the card works on a command. Returns whether the card is there.
    pub fn is_there(&self) -> bool {
        let Some(link) = self.0.upgrade() else {
            return false;
        };
        let mut link = match link.try_lock() {
            Ok(link) => link,
            Err(TryLockError::Poisoned(link)) => link.into_inner(),
            Err(TryLockError::WouldBlock) => return true,
        };
        link.is_open() && link.atr().is_ok()
    }
}
