//! What the owner of the service does itself with its readers: it looks at them, and sends commands to their cards.
//!
//! The owner takes the same locks as a client. It must never use a card in a client's transaction or exclusive connection.

use crate::code;
use crate::error::NotSent;
use crate::readers::{Readers, SharedCard, State, Work};
use crate::table::CardState;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// How long a card keeps its power after a command of the owner: a person who types commands thinks between them.
pub const OWNER_GRACE: Duration = Duration::from_secs(300);

/// A reader, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReaderView {
    /// Its name.
    pub name: String,
    /// Whether it is plugged in.
    pub plugged: bool,
    /// Whether a card is in it. Of an unplugged reader this is not known.
    pub occupied: bool,
    /// Whether that card has power.
    pub powered: bool,
    /// How many programs are connected to it. A program with several connections counts once.
    pub programs: usize,
    /// Whether one of them has a transaction or an exclusive connection.
    pub locked: bool,
}

impl Readers {
    /// All readers, those that are unplugged included.
    pub(crate) fn views(&self) -> Vec<ReaderView> {
        let state = self.lock();
        let table = &state.table;
        let view = |reader: usize| {
            let card = table.card(reader);
            ReaderView {
                name: table.name(reader).to_owned(),
                plugged: table.is_plugged(reader),
                occupied: card != CardState::Absent,
                powered: card == CardState::Powered,
                programs: table.clients(reader),
                locked: table.lock_owner(reader).is_some(),
            }
        };
        (0..state.slots.len()).map(view).collect()
    }

    /// A command of the owner to the card in the reader of this name. Returns the R-APDU.
    pub(crate) fn transmit_of_owner(&self, name: &str, command: &[u8]) -> Result<Vec<u8>, NotSent> {
        let reader = self.find(name).map_err(|_| NotSent::NoSuchReader)?;
        loop {
            let card = {
                let state = self.lock();
                state.owner_may_transmit(reader)?;
                state.slots.get(reader).and_then(|slot| slot.card.clone())
            };
            let card = card.ok_or(NotSent::Empty)?;
            let mut icc = card.lock().unwrap_or_else(PoisonError::into_inner);
            let powered = {
                let mut state = self.lock();
                // Another thread may have taken it out during the wait.
                if !state.holds(reader, Some(&card)) {
                    continue;
                }
                state.owner_may_transmit(reader)?;
                if let Some(slot) = state.slots.get_mut(reader) {
                    slot.kept_until = Some(Instant::now() + OWNER_GRACE);
                }
                state.table.card(reader) == CardState::Powered
            };
            if !powered {
                self.work(reader, &mut **icc, &card, Work::PowerOn);
                let state = self.lock();
                match state.table.card(reader) {
                    CardState::Powered if state.holds(reader, Some(&card)) => state.owner_may_transmit(reader)?,
                    CardState::Absent => return Err(NotSent::Empty),
                    _ => return Err(NotSent::Mute),
                }
            }
            let mut response = Vec::new();
            return match self.exchange((reader, &card, icc), None, command, &mut response) {
                code::SUCCESS => Ok(response),
                code::READER_UNAVAILABLE => Err(NotSent::Unplugged),
                code::RESET_CARD => Err(NotSent::Reset),
                _ => {
                    self.power_again_next_time(reader, &card);
                    Err(NotSent::NoAnswer)
                }
            };
        }
    }
}

impl Readers {
    /// A card without an answer may have lost its power, as when another process has changed it. A client would reconnect; for
    /// the owner the next command powers it. Where clients are connected, that is theirs to do.
    fn power_again_next_time(&self, reader: usize, card: &SharedCard) {
        let mut state = self.lock();
        if state.holds(reader, Some(card)) && !state.table.is_used(reader) {
            state.table.unpowered(reader, false);
        }
    }
}

impl State {
    fn owner_may_transmit(&self, reader: usize) -> Result<(), NotSent> {
        match (self.table.is_plugged(reader), self.table.lock_owner(reader)) {
            (false, _) => Err(NotSent::Unplugged),
            (true, Some(_)) => Err(NotSent::Locked),
            (true, None) => Ok(()),
        }
    }
}
