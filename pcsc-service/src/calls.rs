//! The calls of clients: each function of PC/SC that reaches the service, once.
//!
//! The table decides whether a call is allowed, and [`Readers::with_card`] carries it out on the card. This module must
//! never decide by itself which client may do what.

use crate::code::{self, Code};
use crate::protocol::{Disposition, ShareMode};
use crate::readers::{Readers, SharedCard, State, What, Work};
use crate::table::{CardState, Client, Handle, Hindrance};
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use vmyna_apdu::{Icc, IccError, Incident};

/// How long SCardBeginTransaction waits for the end of another transaction before it returns; libpcsclite then asks again.
const LOCK_WAIT: Duration = Duration::from_millis(100);

impl Readers {
    /// SCardConnect: handle, protocol, outcome. Waits for the end of another client's transaction, unless `gone` reports
    /// that this client has left.
    pub(crate) fn connect(
        &self,
        client: Client,
        (name, mode, preferred): (&[u8], u32, u32),
        gone: &dyn Fn() -> bool,
    ) -> (Handle, u32, Code) {
        let mut tried = false;
        let mut state = self.lock();
        loop {
            match state.table.connect(client, name, mode, preferred) {
                Ok((handle, protocol)) => {
                    state.announce();
                    return (handle, protocol, code::SUCCESS);
                }
                Err(Hindrance::Refused(code)) => return (0, 0, code),
                Err(Hindrance::Locked(_)) => match self.wait_for_lock(state, gone) {
                    Some(again) => state = again,
                    None => return (0, 0, code::SHARING_VIOLATION),
                },
                Err(Hindrance::NeedsPower(_)) if tried => return (0, 0, code::UNPOWERED_CARD),
                Err(Hindrance::NeedsPower(reader)) => {
                    tried = true;
                    drop(state);
                    let _: Result<(), Code> = self.with_card(reader, |state| {
                        let powered = state.table.card(reader) == CardState::Powered;
                        Ok(((), if powered { Work::Nothing } else { Work::PowerOn }))
                    });
                    state = self.lock();
                }
            }
        }
    }

    /// SCardReconnect: protocol and outcome.
    pub(crate) fn reconnect(
        &self,
        (client, handle): (Client, Handle),
        (mode, preferred, initialization): (u32, u32, u32),
    ) -> (u32, Code) {
        let reader = match self.lock().table.reader_of(client, handle) {
            Ok(reader) => reader,
            Err(code) => return (0, code),
        };
        let begun: Result<(ShareMode, Disposition), Code> = self.with_card(reader, |State { table, .. }| {
            let (mode, disposition) = table.begin_reconnect((client, handle), mode, preferred, initialization)?;
            Ok(((mode, disposition), Work::of(disposition, true)))
        });
        let (mode, _) = match begun {
            Ok(begun) => begun,
            Err(code) => return (0, code),
        };
        let mut state = self.lock();
        let outcome = state.table.finish_reconnect((client, handle), mode, preferred);
        state.announce();
        self.freed.notify_all();
        outcome
    }

    /// SCardDisconnect. Waits for another's transaction when the card is to be reset.
    pub(crate) fn disconnect(&self, client: Client, handle: Handle, disposition: u32, gone: &dyn Fn() -> bool) -> Code {
        let reader = {
            let mut state = self.lock();
            match state.table.reader_of(client, handle) {
                Ok(reader) => reader,
                // The reader was unplugged.
                Err(code::INVALID_VALUE) => {
                    state.table.finish_disconnect(client, handle);
                    return code::SUCCESS;
                }
                Err(code) => return code,
            }
        };
        loop {
            let begun = self.with_card(reader, |State { table, .. }| {
                let disposition = table.begin_disconnect(client, handle, disposition)?;
                Ok((
                    disposition.is_some(),
                    disposition.map_or(Work::Nothing, |disposition| Work::of(disposition, false)),
                ))
            });
            match begun {
                Err(code) => return code,
                Ok(true) => break,
                Ok(false) => {
                    if self.wait_for_lock(self.lock(), gone).is_none() {
                        return code::SHARING_VIOLATION;
                    }
                }
            }
        }
        self.finish_disconnect(client, handle, reader);
        code::SUCCESS
    }

    fn finish_disconnect(&self, client: Client, handle: Handle, reader: usize) {
        let mut state = self.lock();
        state.table.finish_disconnect(client, handle);
        state.announce();
        state.rest_from_now(reader);
        drop(state);
        self.left();
        self.freed.notify_all();
    }

    /// SCardBeginTransaction.
    pub(crate) fn begin_transaction(&self, client: Client, handle: Handle) -> Code {
        let deadline = Instant::now() + LOCK_WAIT;
        let mut state = self.lock();
        loop {
            match state.table.begin_transaction(client, handle) {
                Ok(()) => return code::SUCCESS,
                Err(code::SHARING_VIOLATION) => {}
                Err(code) => return code,
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || state.stopped {
                return code::SHARING_VIOLATION;
            }
            state = self.wait(state, left);
        }
    }

    /// SCardEndTransaction.
    pub(crate) fn end_transaction(&self, client: Client, handle: Handle, disposition: u32) -> Code {
        let reader = match self.lock().table.reader_of(client, handle) {
            Ok(reader) => reader,
            Err(code) => return code,
        };
        let begun = self.with_card(reader, |State { table, .. }| {
            let disposition = table.begin_end_transaction(client, handle, disposition)?;
            Ok(((), Work::of(disposition, true)))
        });
        if let Err(code) = begun {
            return code;
        }
        let ended = self.lock().table.finish_end_transaction(client, handle);
        self.freed.notify_all();
        ended.err().unwrap_or(code::SUCCESS)
    }

    /// SCardTransmit. `response` is cleared and holds the answer only with success.
    pub(crate) fn transmit(
        &self,
        (client, handle): (Client, Handle),
        protocol: u32,
        command: &[u8],
        response: &mut Vec<u8>,
    ) -> Code {
        response.clear();
        loop {
            let (reader, card) = {
                let mut state = self.lock();
                let reader = match state.table.reader_of(client, handle) {
                    Ok(reader) => reader,
                    Err(code) => return code,
                };
                match state.slots.get(reader).and_then(|slot| slot.card.clone()) {
                    Some(card) => (reader, card),
                    None => {
                        let refused = state.table.may_transmit(client, handle, protocol);
                        return refused.err().unwrap_or(code::NO_SMARTCARD);
                    }
                }
            };
            let icc = card.lock().unwrap_or_else(PoisonError::into_inner);
            {
                // The card may have been reset or taken out while another used it.
                let mut state = self.lock();
                if !state.holds(reader, Some(&card)) {
                    continue;
                }
                if let Err(code) = state.table.may_transmit(client, handle, protocol) {
                    return code;
                }
                // It has a command again.
                if let Some(slot) = state.slots.get_mut(reader) {
                    slot.times_out = None;
                }
            }
            return self.exchange((reader, &card, icc), Some(handle), command, response);
        }
    }

    /// A command to a card that is locked, and that may be used: by the client of `handle`, or by the owner of the service
    /// without one.
    pub(crate) fn exchange(
        &self,
        (reader, card, mut icc): (usize, &SharedCard, MutexGuard<'_, Box<dyn Icc + Send>>),
        handle: Option<Handle>,
        command: &[u8],
        response: &mut Vec<u8>,
    ) -> Code {
        let incident = icc.incident(command);
        if let Some(incident) = incident
            && let Some(code) = self.before_command((reader, card, &mut **icc), incident, command)
        {
            return code;
        }
        let begin = Instant::now();
        let result = icc.transmit(command, response);
        let elapsed = begin.elapsed();
        let left = icc.has_left();
        if let Some(incident) = incident {
            self.behind_command(reader, handle, &mut **icc, incident);
        }
        drop(icc);
        let mut state = self.lock();
        if !state.holds(reader, Some(card)) {
            response.clear();
            return match state.table.is_plugged(reader) {
                true => code::NOT_TRANSACTED,
                false => code::READER_UNAVAILABLE,
            };
        }
        match result {
            // An answer without a status word counts as none.
            Ok(()) if response.len() >= 2 => {
                if left {
                    state.take_out(reader);
                    state.announce();
                }
                drop(state);
                self.report(
                    reader,
                    &What::Apdu {
                        command,
                        response,
                        elapsed,
                    },
                );
                if left {
                    self.report(reader, &What::Removed);
                }
                code::SUCCESS
            }
            Ok(()) | Err(IccError::Mute) => {
                response.clear();
                code::NOT_TRANSACTED
            }
            Err(IccError::Gone) => {
                response.clear();
                state.take_out(reader);
                state.announce();
                drop(state);
                self.report(reader, &What::Removed);
                code::NOT_TRANSACTED
            }
        }
    }

    /// Makes an incident before its command. Returns the code of the command if it is not sent to the card any more.
    fn before_command(
        &self,
        (reader, card, icc): (usize, &SharedCard, &mut (dyn Icc + Send)),
        incident: Incident,
        command: &[u8],
    ) -> Option<Code> {
        match incident {
            Incident::Unplug { .. } => {
                // It executes the command or not, and gives no answer.
                let _ = icc.transmit(command, &mut Vec::new());
                icc.incident_happens();
                self.lock().unplug(reader);
                self.freed.notify_all();
                // It has no power in a reader that has none.
                let _ = icc.power_off();
                self.report(reader, &What::Unplugged);
                Some(code::READER_UNAVAILABLE)
            }
            Incident::ServiceGone { back, .. } => {
                let _ = icc.transmit(command, &mut Vec::new());
                icc.incident_happens();
                self.close(back);
                self.work(reader, icc, card, Work::Rest);
                // No client reads it any more.
                Some(code::NOT_TRANSACTED)
            }
            // Another program waits for the end of the transaction.
            Incident::Probe if self.lock().table.lock_owner(reader).is_some() => None,
            Incident::Probe | Incident::OtherReset => {
                self.lock().table.reset_by_other(reader);
                self.work(reader, icc, card, Work::OtherReset);
                Some(code::RESET_CARD)
            }
            _ => None,
        }
    }

    /// Makes an incident behind its command, which the client of `handle` has sent.
    fn behind_command(&self, reader: usize, handle: Option<Handle>, icc: &mut (dyn Icc + Send), incident: Incident) {
        let mut state = self.lock();
        match incident {
            Incident::TransactionLost if state.table.lose_transaction(reader) => {
                drop(state);
                icc.incident_happens();
                self.freed.notify_all();
            }
            Incident::TransactionTimeout(time) if handle.is_some() && state.table.lock_owner(reader) == handle => {
                if let Some(slot) = state.slots.get_mut(reader) {
                    slot.times_out = handle.map(|handle| (handle, Instant::now() + time));
                }
                drop(state);
                self.left();
            }
            _ => {}
        }
    }

    /// SCardStatus.
    pub(crate) fn status(&self, client: Client, handle: Handle) -> Code {
        self.lock().table.may_ask(client, handle).err().unwrap_or(code::SUCCESS)
    }

    /// Whether an attribute may be asked for; the reader's number and name, and the card's ATR (empty without a card).
    pub(crate) fn may_ask(&self, client: Client, handle: Handle) -> Result<(usize, String, Vec<u8>), Code> {
        let mut state = self.lock();
        state.table.may_ask(client, handle)?;
        let reader = state.table.reader_of(client, handle)?;
        let (name, atr) = (state.table.name(reader).to_owned(), state.table.atr(reader).to_vec());
        Ok((reader, name, atr))
    }

    /// Whether SCardControl is allowed.
    pub(crate) fn may_control(&self, client: Client, handle: Handle) -> Result<(), Code> {
        self.lock().table.may_control(client, handle)
    }

    /// The protocol in use for a handle, with which the reader itself sends a command to the card.
    pub(crate) fn protocol_of(&self, client: Client, handle: Handle) -> u32 {
        let state = self.lock();
        let reader = state.table.reader_of(client, handle);
        let entry = reader
            .ok()
            .and_then(|reader| state.table.entries().get(reader).cloned());
        entry.map_or(0, |entry| entry.protocol)
    }

    /// Ends all that a client has: it has released its context, or has left.
    pub(crate) fn release(&self, client: Client) {
        let (handles, by_client) = {
            let state = self.lock();
            // A service that is gone on purpose has ended the connection itself.
            (state.table.handles(client), state.is_open())
        };
        for handle in handles {
            let reader = {
                let mut state = self.lock();
                match state.table.reader_of(client, handle) {
                    Ok(reader) => reader,
                    Err(_) => {
                        // Of a reader that was unplugged.
                        state.table.finish_disconnect(client, handle);
                        continue;
                    }
                }
            };
            let lost = self.with_card(reader, |State { table, .. }| {
                let disposition = table.begin_lost(client, handle);
                let in_transaction = by_client && disposition == Disposition::Reset && !table.is_exclusive(reader);
                Ok((in_transaction, Work::of(disposition, false)))
            });
            self.finish_disconnect(client, handle, reader);
            if lost == Ok(true) {
                self.report(reader, &What::LeftInTransaction);
            }
        }
        self.lock().waiters.set_context(client, None);
    }

    /// Waits until a transaction may have ended; `None` when the client has left or the service ends.
    fn wait_for_lock<'a>(
        &self,
        state: MutexGuard<'a, State>,
        gone: &dyn Fn() -> bool,
    ) -> Option<MutexGuard<'a, State>> {
        let state = self.wait(state, LOCK_WAIT);
        (!state.stopped && !gone()).then_some(state)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, time: Duration) -> MutexGuard<'a, State> {
        let waited = self.freed.wait_timeout(state, time);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
