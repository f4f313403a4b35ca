//! The readers with the cards in them: putting cards in and out, powering them off when nobody uses them.
//!
//! Two kinds of locks, always in this order: a card's, held while the card works, and the state's, held for moments. So a
//! command that takes long keeps only those waiting who want the same card. A card that is taken out is gone at once for
//! all clients; the command it works on is finished, but its answer reaches nobody; only what a card merely waits for ends at
//! once. Must never call a card with the state locked.

use crate::code::Code;
use crate::error::NotMoved;
use crate::message::ReaderEntry;
use crate::protocol::Disposition;
use crate::table::{CardState, Client, Table};
use crate::waiting::Waiters;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use vmyna_apdu::{Icc, IccError, Pull};

/// Lengths an ATR can have (ISO/IEC 7816-3, 8.2).
const ATR: std::ops::RangeInclusive<usize> = 2..=33;

/// A card, in a reader or beside it.
pub(crate) type SharedCard = Arc<Mutex<Box<dyn Icc + Send>>>;

/// Sees what happens to the cards, each time in the thread that does it. An APDU carries PINs.
pub type Observer = Box<dyn Fn(&ServiceEvent<'_>) + Send + Sync>;

/// Something happened in a reader.
#[non_exhaustive]
pub struct ServiceEvent<'a> {
    /// The reader's name.
    pub reader: &'a str,
    /// What happened.
    pub what: &'a What<'a>,
}

/// What happened. It has no Debug, which would print PINs.
#[non_exhaustive]
pub enum What<'a> {
    /// A card was put in.
    Inserted,
    /// The card was taken out.
    Removed,
    /// The card was powered on; also after its power was taken for a moment.
    PowerOn {
        /// Its answer to reset.
        atr: &'a [u8],
    },
    /// The card was reset, its power stayed.
    Reset {
        /// Its answer to reset.
        atr: &'a [u8],
    },
    /// The card was powered off.
    PowerOff,
    /// A command was answered.
    Apdu {
        /// The C-APDU.
        command: &'a [u8],
        /// The R-APDU.
        response: &'a [u8],
        /// How long the card took.
        elapsed: Duration,
    },
}

/// What is to be done to a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Nothing,
    PowerOn,
    Reset,
    PowerCycle,
    PowerOff,
    /// Off because nobody uses it, which clients don't see.
    Rest,
}

impl Work {
    /// What a disposition means: to unpower is a cold reset when the caller stays connected.
    pub(crate) fn of(disposition: Disposition, stays: bool) -> Work {
        match disposition {
            Disposition::Leave | Disposition::Eject => Work::Nothing,
            Disposition::Reset => Work::Reset,
            Disposition::Unpower if stays => Work::PowerCycle,
            Disposition::Unpower => Work::PowerOff,
        }
    }
}

/// See the module.
pub(crate) struct Readers {
    state: Mutex<State>,
    /// A transaction has ended, or a connection, or the service.
    pub(crate) freed: Condvar,
    /// The next card may have to be powered off at another time, or the service ends.
    idle: Condvar,
    grace: Option<Duration>,
    observer: Option<Observer>,
}

pub(crate) struct State {
    pub(crate) table: Table,
    pub(crate) slots: Vec<Slot>,
    pub(crate) waiters: Waiters,
    pub(crate) stopped: bool,
}

#[derive(Default)]
pub(crate) struct Slot {
    /// The card in the reader.
    pub(crate) card: Option<SharedCard>,
    /// Ends what that card waits for.
    pull: Option<Pull>,
    /// The one that was taken out last.
    beside: Option<SharedCard>,
    /// Since when nobody has used the card that has power.
    unused_since: Option<Instant>,
}

impl Readers {
    /// Empty readers. A card that nobody has used for `grace` is powered off; `None`: never.
    pub(crate) fn new(names: Vec<String>, grace: Option<Duration>, observer: Option<Observer>) -> Readers {
        let slots = names.iter().map(|_| Slot::default()).collect();
        Readers {
            state: Mutex::new(State {
                table: Table::new(names),
                slots,
                waiters: Waiters::default(),
                stopped: false,
            }),
            freed: Condvar::new(),
            idle: Condvar::new(),
            grace,
            observer,
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn waiters<T>(&self, work: impl FnOnce(&mut Waiters) -> T) -> T {
        work(&mut self.lock().waiters)
    }

    pub(crate) fn entries(&self) -> Vec<ReaderEntry> {
        self.lock().table.entries()
    }

    /// The table, and every change after it is noted for `client`.
    pub(crate) fn entries_and_ask(&self, client: Client) -> Vec<ReaderEntry> {
        let mut state = self.lock();
        state.waiters.ask(client);
        state.table.entries()
    }

    /// A number for a client's context.
    pub(crate) fn new_context(&self, client: Client) -> u32 {
        let mut state = self.lock();
        let context = state.table.fresh();
        state.waiters.set_context(client, Some(context));
        context
    }

    /// Puts a card in, in place of the one that is there; or the one back in that was taken out. One that leaves as it is
    /// powered on has been in, and is out again.
    pub(crate) fn insert(&self, name: &str, card: Option<Box<dyn Icc + Send>>) -> Result<(), NotMoved> {
        let reader = self.find(name)?;
        let put_back = card.is_none();
        let card = match card {
            Some(card) => Arc::new(Mutex::new(card)),
            None => self.lock().beside(reader)?,
        };
        let mut icc = card.lock().unwrap_or_else(PoisonError::into_inner);
        if put_back {
            // Somebody else may have put it back while this waited for it: it has power and clients then.
            self.lock().may_put_back(reader, &card)?;
        }
        let mut atr = Vec::new();
        let result = icc.power_on(&mut atr).and_then(|()| check(&atr));
        let left = result == Err(IccError::Gone);
        let pull = icc.pull();
        let (before, given_up) = {
            let mut state = self.lock();
            // Another card may have been put in meanwhile, or this one given up.
            if let (true, Err(why)) = (put_back, state.may_put_back(reader, &card)) {
                drop(state);
                // A card that is in no reader has no power.
                let _ = icc.power_off();
                return Err(why);
            }
            let before = state.take_out(reader);
            let mut given_up = None;
            if let Some(slot) = state.slots.get_mut(reader) {
                slot.card = Some(Arc::clone(&card));
                slot.pull = pull;
                given_up = slot.beside.take();
            }
            state.table.insert(reader, result.is_ok().then_some(&atr));
            state.rest_from_now(reader);
            if left {
                state.take_out(reader);
            }
            state.announce();
            (before, given_up)
        };
        drop(icc);
        // A card's end may take its time: not while others wait for the state.
        drop(given_up);
        self.idle.notify_all();
        if let Some(before) = before {
            self.tell(reader, &What::Removed);
            power_off(before);
        }
        self.tell(reader, &What::Inserted);
        if left {
            self.tell(reader, &What::Removed);
        }
        Ok(())
    }

    /// Gives up the card that was taken out of a reader last: it can't be put back any more, and whoever else wants it may
    /// have it.
    pub(crate) fn give_up(&self, name: &str) -> Result<(), NotMoved> {
        let reader = self.find(name)?;
        let given_up = self.lock().slots.get_mut(reader).and_then(|slot| slot.beside.take());
        // Not while others wait for the state.
        drop(given_up);
        Ok(())
    }

    /// Takes the card out. For clients it is gone when this is called; this returns when it has no power any more, which
    /// is after the command it may be working on.
    pub(crate) fn remove(&self, name: &str) -> Result<(), NotMoved> {
        let reader = self.find(name)?;
        let card = {
            let mut state = self.lock();
            let card = state.take_out(reader).ok_or(NotMoved::Empty)?;
            state.announce();
            card
        };
        self.tell(reader, &What::Removed);
        let mut icc = card.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody may have put it back meanwhile, who gave it the power that it has now.
        if !self.lock().holds(reader, Some(&card)) {
            // A card that is gone has no power either.
            let _ = icc.power_off();
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Result<usize, NotMoved> {
        let found = self.lock().table.find_name(name.as_bytes());
        found.ok_or(NotMoved::NoSuchReader)
    }

    /// Asks what is to be done to the card in a reader, if there is one, and does it. While `ask` is called and until its
    /// outcome is done nobody else can use that card.
    pub(crate) fn with_card<T>(
        &self,
        reader: usize,
        mut ask: impl FnMut(&mut State) -> Result<(T, Work), Code>,
    ) -> Result<T, Code> {
        loop {
            let card = self.lock().slots.get(reader).and_then(|slot| slot.card.clone());
            let mut icc = card
                .as_ref()
                .map(|card| card.lock().unwrap_or_else(PoisonError::into_inner));
            let (answer, work) = {
                let mut state = self.lock();
                if !state.holds(reader, card.as_ref()) {
                    continue;
                }
                ask(&mut state)?
            };
            if let (Some(icc), Some(card)) = (&mut icc, &card) {
                self.work(reader, &mut ***icc, card, work);
            }
            return Ok(answer);
        }
    }

    fn work(&self, reader: usize, icc: &mut (dyn Icc + Send), card: &SharedCard, work: Work) {
        match work {
            Work::Nothing => {}
            Work::PowerOn => self.power(reader, card, work, |atr| icc.power_on(atr)),
            Work::Reset => self.power(reader, card, work, |atr| icc.reset(atr)),
            Work::PowerCycle => {
                // Whatever it says, it has lost its power.
                let _ = icc.power_off();
                self.power(reader, card, work, |atr| icc.power_on(atr));
            }
            Work::PowerOff | Work::Rest => {
                let gone = icc.power_off() == Err(IccError::Gone);
                let held = {
                    let mut state = self.lock();
                    let held = state.holds(reader, Some(card));
                    if held && gone {
                        state.take_out(reader);
                        state.announce();
                    } else if held {
                        state.table.unpowered(reader, work == Work::PowerOff);
                    }
                    held
                };
                let told = if held && gone { What::Removed } else { What::PowerOff };
                self.tell(reader, &told);
            }
        }
    }

    /// Powers on or resets, and reports the outcome to the table.
    fn power(
        &self,
        reader: usize,
        card: &SharedCard,
        work: Work,
        call: impl FnOnce(&mut Vec<u8>) -> Result<(), IccError>,
    ) {
        let mut atr = Vec::new();
        let result = call(&mut atr).and_then(|()| check(&atr));
        {
            let mut state = self.lock();
            if !state.holds(reader, Some(card)) {
                return;
            }
            if result == Err(IccError::Gone) {
                state.take_out(reader);
                state.announce();
                drop(state);
                self.tell(reader, &What::Removed);
                return;
            }
            state.table.powered(reader, result.map(|()| atr.as_slice()));
            state.rest_from_now(reader);
        }
        self.idle.notify_all();
        let told = match work {
            Work::Reset => What::Reset { atr: &atr },
            _ => What::PowerOn { atr: &atr },
        };
        if result.is_ok() {
            self.tell(reader, &told);
        }
    }

    pub(crate) fn tell(&self, reader: usize, what: &What<'_>) {
        if let Some(observer) = &self.observer {
            let name = self.lock().table.name(reader).to_owned();
            observer(&ServiceEvent { reader: &name, what });
        }
    }

    /// A card has been left by its last client.
    pub(crate) fn left(&self) {
        self.idle.notify_all();
    }

    /// Powers cards off that nobody uses, until the service ends. For a thread of its own.
    pub(crate) fn keep_house(&self) {
        let Some(grace) = self.grace else { return };
        loop {
            let due = {
                let state = self.lock();
                if state.stopped {
                    return;
                }
                let now = Instant::now();
                let waits = (0..state.slots.len()).filter_map(|reader| Some((state.rests_at(reader, grace)?, reader)));
                match waits.min() {
                    Some((when, reader)) if when <= now => reader,
                    other => {
                        let time = other.map_or(Duration::from_secs(3600), |(when, _)| when - now);
                        drop(self.idle.wait_timeout(state, time));
                        continue;
                    }
                }
            };
            let _: Result<(), Code> = self.with_card(due, |state| {
                let rest = state.rests_at(due, grace).is_some_and(|when| when <= Instant::now());
                if let Some(slot) = state.slots.get_mut(due).filter(|_| rest) {
                    slot.unused_since = None;
                    // Before the power goes: a client that connects meanwhile must wait for the card and power it on.
                    state.table.unpowered(due, false);
                }
                Ok(((), if rest { Work::Rest } else { Work::Nothing }))
            });
        }
    }

    /// Ends all connections and waits.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        state
            .slots
            .iter()
            .filter_map(|slot| slot.pull.as_ref())
            .for_each(Pull::out);
        state.waiters.hang_up();
        self.freed.notify_all();
        self.idle.notify_all();
    }

    /// Powers every card off.
    pub(crate) fn power_off_all(&self) {
        let cards: Vec<_> = self
            .lock()
            .slots
            .iter_mut()
            .filter_map(|slot| slot.card.take())
            .collect();
        cards.into_iter().for_each(power_off);
    }
}

impl State {
    /// Whether this is (still) what is in the reader.
    pub(crate) fn holds(&self, reader: usize, card: Option<&SharedCard>) -> bool {
        match (self.slots.get(reader).and_then(|slot| slot.card.as_ref()), card) {
            (Some(held), Some(card)) => Arc::ptr_eq(held, card),
            (None, None) => true,
            _ => false,
        }
    }

    /// Takes the card out, if there is one; it lies beside the reader then.
    pub(crate) fn take_out(&mut self, reader: usize) -> Option<SharedCard> {
        self.table.remove(reader);
        let slot = self.slots.get_mut(reader)?;
        slot.unused_since = None;
        slot.pull.take().iter().for_each(Pull::out);
        let card = slot.card.take()?;
        slot.beside = Some(Arc::clone(&card));
        Some(card)
    }

    /// The card that lies beside a reader and can be put back into it.
    fn beside(&self, reader: usize) -> Result<SharedCard, NotMoved> {
        let slot = self.slots.get(reader).ok_or(NotMoved::NoSuchReader)?;
        match (&slot.card, &slot.beside) {
            (Some(_), _) => Err(NotMoved::Occupied),
            (None, Some(card)) => Ok(Arc::clone(card)),
            (None, None) => Err(NotMoved::NothingToPutBack),
        }
    }

    /// Whether that is (still) this card.
    fn may_put_back(&self, reader: usize, card: &SharedCard) -> Result<(), NotMoved> {
        match Arc::ptr_eq(&self.beside(reader)?, card) {
            true => Ok(()),
            false => Err(NotMoved::NothingToPutBack),
        }
    }

    /// Tells waiting clients when something has changed that concerns them.
    pub(crate) fn announce(&mut self) {
        if self.table.take_changed() {
            self.waiters.wake_all();
        }
    }

    /// If nobody uses the card, from now on it isn't used.
    pub(crate) fn rest_from_now(&mut self, reader: usize) {
        let unused = !self.table.is_used(reader) && self.table.card(reader) == CardState::Powered;
        if let Some(slot) = self.slots.get_mut(reader) {
            slot.unused_since = unused.then(Instant::now);
        }
    }

    /// When the card is to be powered off.
    fn rests_at(&self, reader: usize, grace: Duration) -> Option<Instant> {
        let since = self.slots.get(reader)?.unused_since?;
        (!self.table.is_used(reader)).then_some(since + grace)
    }
}

fn check(atr: &[u8]) -> Result<(), IccError> {
    if ATR.contains(&atr.len()) {
        Ok(())
    } else {
        Err(IccError::Mute)
    }
}

fn power_off(card: SharedCard) {
    // A card that is gone has no power either.
    let _ = card.lock().unwrap_or_else(PoisonError::into_inner).power_off();
}
