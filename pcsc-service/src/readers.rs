//! The readers with their cards: inserting and removing cards, powering unused cards off.
//!
//! There are two kinds of locks, always taken in this order: that of a card, held while the card works, and that of the
//! state, held for moments. A long command therefore delays only the clients that want the same card. A removed card is gone
//! at once for all clients. A command that it works on is finished, and its answer is dropped; a mere wait ends at once.
//! Must never call a card with the state locked.

use crate::code::Code;
use crate::error::NotMoved;
use crate::message::ReaderEntry;
use crate::protocol::Disposition;
use crate::table::{CardState, Client, Handle, Table};
use crate::waiting::Waiters;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use vmyna_apdu::{Icc, IccError, Pull};

/// Lengths an ATR can have (ISO/IEC 7816-3, 8.2).
const ATR: std::ops::RangeInclusive<usize> = 2..=33;

/// A card, in a reader or beside it.
pub(crate) type SharedCard = Arc<Mutex<Box<dyn Icc + Send>>>;

/// Called for each thing that happens to a card, in the thread that does it. An APDU can carry a PIN.
pub type Observer = Box<dyn Fn(&ServiceEvent<'_>) + Send + Sync>;

/// An event in a reader.
#[non_exhaustive]
pub struct ServiceEvent<'a> {
    /// The reader's name.
    pub reader: &'a str,
    /// The event.
    pub what: &'a What<'a>,
}

/// The kinds of events. There is no Debug, which would print PINs.
#[non_exhaustive]
pub enum What<'a> {
    /// A card was inserted.
    Inserted,
    /// The card was removed.
    Removed,
    /// The card was powered on, also after a moment without power.
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
    /// The reader was unplugged.
    Unplugged,
    /// The reader was plugged in again.
    PluggedIn,
    /// A client has ended its connection within a transaction, and the card was reset. A client that could not end it any more,
    /// because the card was reset or removed before, is none.
    LeftInTransaction,
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

/// An action on a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Nothing,
    PowerOn,
    Reset,
    PowerCycle,
    PowerOff,
    /// A reset on purpose, by nothing that a client did.
    OtherReset,
    /// Off because it is unused, which clients don't see.
    Rest,
}

impl Work {
    /// The action of a disposition: to unpower is a cold reset when the caller stays connected.
    pub(crate) fn of(disposition: Disposition, stays: bool) -> Work {
        match disposition {
            Disposition::Leave | Disposition::Eject => Work::Nothing,
            Disposition::Reset => Work::Reset,
            Disposition::Unpower if stays => Work::PowerCycle,
            Disposition::Unpower => Work::PowerOff,
        }
    }
}

/// The readers of a service with their cards.
pub(crate) struct Readers {
    state: Mutex<State>,
    /// A transaction has ended, or a connection, or the service.
    pub(crate) freed: Condvar,
    /// The next card may have to be powered off at another time, or the service ends.
    idle: Condvar,
    grace: Option<Duration>,
    observer: Option<Observer>,
    /// The path of the service's socket.
    socket: PathBuf,
}

pub(crate) struct State {
    pub(crate) table: Table,
    pub(crate) slots: Vec<Slot>,
    pub(crate) waiters: Waiters,
    pub(crate) stopped: bool,
    /// The service accepts no connection, on purpose.
    closed: Closed,
}

/// Whether the service accepts connections.
#[derive(Clone, Copy, Default)]
enum Closed {
    #[default]
    No,
    Until(Instant),
    ForEver,
}

#[derive(Default)]
pub(crate) struct Slot {
    /// The card in the reader.
    pub(crate) card: Option<SharedCard>,
    /// Ends a wait of that card.
    pull: Option<Pull>,
    /// The card that was removed last.
    beside: Option<SharedCard>,
    /// That card is in the reader, which is unplugged.
    inside: bool,
    /// The transaction of this handle ends at that time, unless a command comes before.
    pub(crate) times_out: Option<(Handle, Instant)>,
    /// The moment since which the powered card is unused.
    unused_since: Option<Instant>,
    /// The owner of the service has used the card, and may go on until then.
    pub(crate) kept_until: Option<Instant>,
}

impl Readers {
    /// Empty readers. A card that was not used for `grace` is powered off; `None`: never.
    pub(crate) fn new(
        names: Vec<String>,
        grace: Option<Duration>,
        observer: Option<Observer>,
        socket: &Path,
    ) -> Readers {
        let slots = names.iter().map(|_| Slot::default()).collect();
        Readers {
            state: Mutex::new(State {
                table: Table::new(names),
                slots,
                waiters: Waiters::default(),
                stopped: false,
                closed: Closed::No,
            }),
            freed: Condvar::new(),
            idle: Condvar::new(),
            grace,
            observer,
            socket: socket.to_owned(),
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

    /// The table, for a client that may wait for a change of it later.
    pub(crate) fn entries_for(&self, client: Client) -> Vec<ReaderEntry> {
        let mut state = self.lock();
        state.waiters.gets_table(client);
        state.table.entries()
    }

    /// How many times a reader has come or gone.
    pub(crate) fn events(&self) -> u32 {
        self.lock().table.events()
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
        let events = state.table.events();
        state.waiters.set_events(events);
        state.waiters.set_context(client, Some(context));
        context
    }

    /// Inserts a card in place of the one that is there, or the one back that was removed. A card that leaves while it is
    /// powered on was inserted and is removed again.
    pub(crate) fn insert(&self, name: &str, card: Option<Box<dyn Icc + Send>>) -> Result<(), NotMoved> {
        let reader = self.find(name)?;
        self.lock().check_plugged(reader)?;
        self.place(reader, card, false)
    }

    /// Unplugs a reader. A card in it stays in it, without power and clients.
    pub(crate) fn unplug(&self, name: &str) -> Result<(), NotMoved> {
        let reader = self.find(name)?;
        let card = {
            let mut state = self.lock();
            state.check_plugged(reader)?;
            state.unplug(reader)
        };
        self.freed.notify_all();
        self.report(reader, &What::Unplugged);
        if let Some(card) = card {
            self.power_off_outside(reader, &card);
        }
        Ok(())
    }

    /// Plugs a reader in again.
    pub(crate) fn plug(&self, name: &str) -> Result<(), NotMoved> {
        let reader = self.find(name)?;
        let inside = {
            let mut state = self.lock();
            if state.table.is_plugged(reader) {
                return Err(NotMoved::PluggedIn);
            }
            let slot = state.slots.get(reader);
            let inside = slot.is_some_and(|slot| slot.inside);
            if !inside {
                state.plug(reader);
                state.announce();
            }
            inside
        };
        if inside {
            return match self.place(reader, None, true) {
                // The card was given up meanwhile: the reader comes back without it.
                Err(NotMoved::NothingToPutBack) => self.plug(name),
                placed => placed,
            };
        }
        self.report(reader, &What::PluggedIn);
        Ok(())
    }

    /// Puts a card into a reader, or the one back that was removed. `plugs`: the reader is unplugged, and is plugged in
    /// with its card.
    fn place(&self, reader: usize, card: Option<Box<dyn Icc + Send>>, plugs: bool) -> Result<(), NotMoved> {
        let put_back = card.is_none();
        let card = match card {
            Some(card) => Arc::new(Mutex::new(card)),
            None => self.lock().beside(reader)?,
        };
        let mut icc = card.lock().unwrap_or_else(PoisonError::into_inner);
        if put_back {
            // Another thread may have put it back during the wait: then it has power and clients.
            self.lock().may_put_back(reader, &card)?;
        }
        let mut atr = Vec::new();
        let result = icc.power_on(&mut atr).and_then(|()| check(&atr));
        let left = result == Err(IccError::Gone);
        let pull = icc.pull();
        let (before, given_up) = {
            let mut state = self.lock();
            // Another card may have been inserted meanwhile, or this one given up.
            if let (true, Err(why)) = (put_back, state.may_put_back(reader, &card)) {
                drop(state);
                // A card that is in no reader has no power.
                let _ = icc.power_off();
                return Err(why);
            }
            // The reader may have been unplugged or plugged in meanwhile.
            if state.table.is_plugged(reader) == plugs {
                drop(state);
                let _ = icc.power_off();
                return Err(if plugs {
                    NotMoved::PluggedIn
                } else {
                    NotMoved::Unplugged
                });
            }
            if plugs {
                state.plug(reader);
            }
            let before = state.take_out(reader);
            let mut given_up = None;
            if let Some(slot) = state.slots.get_mut(reader) {
                slot.card = Some(Arc::clone(&card));
                slot.pull = pull;
                given_up = slot.beside.take();
            }
            state.table.insert(reader, result.is_ok().then_some(&atr), plugs);
            state.rest_from_now(reader);
            if left {
                state.take_out(reader);
            }
            state.announce();
            (before, given_up)
        };
        drop(icc);
        // Dropping a card may take long, so the state is not locked.
        drop(given_up);
        self.idle.notify_all();
        if let Some(before) = before {
            self.report(reader, &What::Removed);
            power_off(before);
        }
        if plugs {
            self.report(reader, &What::PluggedIn);
        } else {
            self.report(reader, &What::Inserted);
        }
        if left {
            self.report(reader, &What::Removed);
        }
        Ok(())
    }

    /// Gives up the card that was removed last from a reader, or that is in an unplugged one. It can't be put back any more, and
    /// another program may use it; an unplugged reader is plugged in without it.
    pub(crate) fn give_up(&self, name: &str) -> Result<(), NotMoved> {
        let reader = self.find(name)?;
        let given_up = self.lock().slots.get_mut(reader).and_then(|slot| {
            slot.inside = false;
            slot.beside.take()
        });
        // The state is not locked for this.
        drop(given_up);
        Ok(())
    }

    /// Removes the card. For clients it is gone at once. The call returns when the card has no power any more, which is
    /// after the command that it may be working on.
    pub(crate) fn remove(&self, name: &str) -> Result<(), NotMoved> {
        let reader = self.find(name)?;
        let card = {
            let mut state = self.lock();
            state.check_plugged(reader)?;
            let card = state.take_out(reader).ok_or(NotMoved::Empty)?;
            state.announce();
            card
        };
        self.report(reader, &What::Removed);
        self.power_off_outside(reader, &card);
        Ok(())
    }

    /// Powers a card off that has just left a reader, after the command that it may be working on.
    fn power_off_outside(&self, reader: usize, card: &SharedCard) {
        let mut icc = card.lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have put it back meanwhile: then the power is from there.
        if !self.lock().holds(reader, Some(card)) {
            // A card that is gone has no power either.
            let _ = icc.power_off();
        }
    }

    pub(crate) fn find(&self, name: &str) -> Result<usize, NotMoved> {
        let found = self.lock().table.find_name(name.as_bytes());
        found.ok_or(NotMoved::NoSuchReader)
    }

    /// Calls `ask` for the action on the card in a reader, if there is one, and carries it out. No other thread can use that
    /// card from the call of `ask` until the action is done.
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

    pub(crate) fn work(&self, reader: usize, icc: &mut (dyn Icc + Send), card: &SharedCard, work: Work) {
        match work {
            Work::Nothing => {}
            Work::PowerOn => self.power(reader, card, work, |atr| icc.power_on(atr)),
            Work::Reset => self.power(reader, card, work, |atr| icc.reset(atr)),
            Work::OtherReset => {
                icc.incident_happens();
                self.power(reader, card, Work::Reset, |atr| icc.reset(atr));
            }
            Work::PowerCycle => {
                // Also after an error it has lost its power.
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
                let event = if held && gone { What::Removed } else { What::PowerOff };
                self.report(reader, &event);
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
                self.report(reader, &What::Removed);
                return;
            }
            state.table.powered(reader, result.map(|()| atr.as_slice()));
            state.rest_from_now(reader);
        }
        self.idle.notify_all();
        let event = match work {
            Work::Reset => What::Reset { atr: &atr },
            _ => What::PowerOn { atr: &atr },
        };
        if result.is_ok() {
            self.report(reader, &event);
        }
    }

    pub(crate) fn report(&self, reader: usize, what: &What<'_>) {
        if let Some(observer) = &self.observer {
            let name = self.lock().table.name(reader).to_owned();
            observer(&ServiceEvent { reader: &name, what });
        }
    }

    /// Notes that the last client of a card has left.
    pub(crate) fn left(&self) {
        self.idle.notify_all();
    }

    /// Powers unused cards off, and ends transactions whose time is over, until the service ends. It needs a thread of its own.
    pub(crate) fn keep_house(&self) {
        loop {
            let due = {
                let mut state = self.lock();
                if state.stopped {
                    return;
                }
                let now = Instant::now();
                let opens = match state.closed {
                    Closed::Until(when) => Some(when),
                    Closed::No | Closed::ForEver => None,
                };
                if opens.is_some_and(|when| when <= now) {
                    state.closed = Closed::No;
                    self.show_socket();
                    continue;
                }
                let rest = |reader: usize| Some((state.rests_at(reader, self.grace?)?, reader));
                let timeout = |reader: usize| {
                    let (_, when) = state.slots.get(reader)?.times_out?;
                    Some((when, reader))
                };
                let readers = 0..state.slots.len();
                let waits = readers.clone().filter_map(rest).chain(readers.filter_map(timeout));
                match waits.min() {
                    Some((when, reader)) if when <= now => reader,
                    other => {
                        let next = other.map(|(when, _)| when).into_iter().chain(opens).min();
                        let time = next.map_or(Duration::from_secs(3600), |when| when - now);
                        drop(self.idle.wait_timeout(state, time));
                        continue;
                    }
                }
            };
            let timed_out: Result<bool, Code> = self.with_card(due, |state| {
                let ended = state.transaction_times_out(due);
                Ok((ended, if ended { Work::OtherReset } else { Work::Nothing }))
            });
            if timed_out == Ok(true) {
                self.freed.notify_all();
            }
            let Some(grace) = self.grace else { continue };
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

    /// Ends all connections on purpose, and accepts none for this time; `None`: never again. Without its socket clients see
    /// that the service is gone; a connection that is closed at once would look like one that is refused.
    pub(crate) fn close(&self, back: Option<Duration>) {
        let mut state = self.lock();
        state.closed = back.map_or(Closed::ForEver, |time| Closed::Until(Instant::now() + time));
        let _ = std::fs::rename(&self.socket, self.hidden_socket());
        state.waiters.hang_up();
        drop(state);
        self.freed.notify_all();
        self.idle.notify_all();
    }

    /// Where the socket is as long as the service is gone on purpose.
    fn hidden_socket(&self) -> PathBuf {
        let mut path = self.socket.clone().into_os_string();
        path.push(".gone");
        path.into()
    }

    /// Puts the socket back to its place. Another service's socket may be there: it stays.
    fn show_socket(&self) {
        let hidden = self.hidden_socket();
        if std::fs::hard_link(&hidden, &self.socket).is_ok() {
            let _ = std::fs::remove_file(&hidden);
        }
    }

    /// Ends all connections and all waits.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        if !matches!(state.closed, Closed::No) {
            state.closed = Closed::No;
            // The socket is removed from its place.
            self.show_socket();
        }
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
    /// Whether this card is (still) in the reader.
    pub(crate) fn holds(&self, reader: usize, card: Option<&SharedCard>) -> bool {
        match (self.slots.get(reader).and_then(|slot| slot.card.as_ref()), card) {
            (Some(held), Some(card)) => Arc::ptr_eq(held, card),
            (None, None) => true,
            _ => false,
        }
    }

    /// Removes the card, if there is one. It can be put back later.
    pub(crate) fn take_out(&mut self, reader: usize) -> Option<SharedCard> {
        self.table.remove(reader);
        let slot = self.slots.get_mut(reader)?;
        slot.unused_since = None;
        slot.kept_until = None;
        slot.pull.take().iter().for_each(Pull::out);
        let card = slot.card.take()?;
        slot.beside = Some(Arc::clone(&card));
        Some(card)
    }

    /// Refuses a reader that is unplugged.
    fn check_plugged(&self, reader: usize) -> Result<(), NotMoved> {
        match self.table.is_plugged(reader) {
            true => Ok(()),
            false => Err(NotMoved::Unplugged),
        }
    }

    /// Unplugs a reader. Returns the card in it, which still has power.
    pub(crate) fn unplug(&mut self, reader: usize) -> Option<SharedCard> {
        let card = self.take_out(reader);
        self.table.unplug(reader);
        if let Some(slot) = self.slots.get_mut(reader) {
            slot.inside = card.is_some();
        }
        self.announce();
        card
    }

    fn plug(&mut self, reader: usize) {
        self.table.plug(reader);
        if let Some(slot) = self.slots.get_mut(reader) {
            slot.inside = false;
        }
    }

    /// The card that can be put back into a reader.
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

    /// Wakes waiting clients when something has changed that concerns them.
    pub(crate) fn announce(&mut self) {
        if self.table.take_changed() {
            self.waiters.set_events(self.table.events());
            self.waiters.wake_all();
        }
    }

    /// Starts the time of an unused card.
    pub(crate) fn rest_from_now(&mut self, reader: usize) {
        let unused = !self.table.is_used(reader) && self.table.card(reader) == CardState::Powered;
        if let Some(slot) = self.slots.get_mut(reader) {
            slot.unused_since = unused.then(Instant::now);
        }
    }

    /// Ends the transaction in a reader if its time is over. Returns whether it was ended.
    fn transaction_times_out(&mut self, reader: usize) -> bool {
        let Some(slot) = self.slots.get_mut(reader) else {
            return false;
        };
        let Some((handle, when)) = slot.times_out else {
            return false;
        };
        if when > Instant::now() {
            return false;
        }
        slot.times_out = None;
        if self.table.lock_owner(reader) != Some(handle) || !self.table.lose_transaction(reader) {
            return false;
        }
        self.table.reset_by_other(reader);
        true
    }

    /// Whether the service accepts connections.
    pub(crate) fn is_open(&self) -> bool {
        match self.closed {
            Closed::No => true,
            Closed::Until(when) => when <= Instant::now(),
            Closed::ForEver => false,
        }
    }

    /// When the card is to be powered off.
    fn rests_at(&self, reader: usize, grace: Duration) -> Option<Instant> {
        let slot = self.slots.get(reader)?;
        let rests = slot.unused_since? + grace;
        let rests = slot.kept_until.map_or(rests, |kept| rests.max(kept));
        (!self.table.is_used(reader)).then_some(rests)
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
