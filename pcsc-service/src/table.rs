//! The state of all readers: the connections, the owner of the transaction, and the resets and removals that
//! each handle does not know of yet.
//!
//! Pure: no card, no socket, no clock, so that properties of it can be tested. [`Readers`](crate::readers) acts on the card:
//! it asks here first and reports back. Return codes are those that pcscd 2.3.3 was seen to give. Must never leave a
//! transaction with a client that is no longer connected, nor accept a handle from another connection than its owner.

use crate::code::{self, Code};
use crate::message::ReaderEntry;
use crate::protocol::{self, Disposition, ShareMode, UNSET};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use vmyna_apdu::IccError;

/// Handles one connection can have, as with pcscd.
pub(crate) const HANDLES: usize = 200;

/// A client's connection to the service.
pub(crate) type Client = u64;

/// A handle from SCardConnect; positive as a 32-bit number with sign, never 0, never given twice.
pub(crate) type Handle = u32;

/// A change of the card that the owner of a handle does not know yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Reset,
    Removed,
}

impl Mark {
    fn code(self) -> Code {
        match self {
            Mark::Reset => code::RESET_CARD,
            Mark::Removed => code::REMOVED_CARD,
        }
    }
}

/// The card in a reader, as clients see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CardState {
    Absent,
    /// It gave no ATR.
    Mute,
    Powered,
    /// Powered off because it was unused. Clients see no difference, and the next SCardConnect powers it on.
    Resting,
    /// Powered off by SCardDisconnect.
    Unpowered,
}

impl CardState {
    /// `SCARD_ABSENT` and so on, as pcscd publishes them.
    fn published(self) -> u32 {
        const ABSENT: u32 = 0x02;
        const PRESENT: u32 = 0x04;
        const SWALLOWED: u32 = 0x08;
        const POWERED: u32 = 0x10;
        const NEGOTIABLE: u32 = 0x20;
        match self {
            CardState::Absent => ABSENT,
            CardState::Mute => PRESENT | SWALLOWED,
            CardState::Powered | CardState::Resting => PRESENT | POWERED | NEGOTIABLE,
            CardState::Unpowered => PRESENT,
        }
    }
}

#[derive(Debug)]
struct Connection {
    handle: Handle,
    client: Client,
    mark: Option<Mark>,
}

#[derive(Debug)]
struct Reader {
    name: String,
    counter: u32,
    card: CardState,
    atr: Vec<u8>,
    protocol: u32,
    connections: Vec<Connection>,
    /// The one connection is exclusive.
    exclusive: bool,
    /// The handle with the transaction, and how many times it was begun.
    lock: Option<(Handle, u32)>,
    /// Clients see it.
    plugged: bool,
}

/// The reason why SCardConnect can't succeed now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Hindrance {
    /// Answer this.
    Refused(Code),
    /// Another client has a transaction: wait for its end and ask again.
    Locked(usize),
    /// Power the card of this reader on, report it, and ask again.
    NeedsPower(usize),
}

/// All readers.
#[derive(Debug)]
pub(crate) struct Table {
    readers: Vec<Reader>,
    next: u32,
    changed: bool,
    /// How many times a reader has come or gone. pcscd counts from 1, in 15 bits.
    events: u32,
    /// Handles of readers that were unplugged. Such a handle stays useless when the reader is plugged in again.
    orphans: Vec<(Handle, Client)>,
}

impl Table {
    /// Empty readers of these names.
    pub(crate) fn new(names: impl IntoIterator<Item = String>) -> Table {
        let reader = |name| Reader {
            name,
            counter: 0,
            card: CardState::Absent,
            atr: Vec::new(),
            protocol: UNSET,
            connections: Vec::new(),
            exclusive: false,
            lock: None,
            plugged: true,
        };
        let readers: Vec<_> = names.into_iter().map(reader).collect();
        Table {
            events: 1 + u32::try_from(readers.len()).unwrap_or_default(),
            orphans: Vec::new(),
            readers,
            // Not 1, 2, 3: a handle used with the wrong service should not be one there.
            next: RandomState::new().hash_one(0u8) as u32 >> 2,
            changed: false,
        }
    }

    pub(crate) fn name(&self, reader: usize) -> &str {
        self.readers.get(reader).map_or("", |reader| &reader.name)
    }

    pub(crate) fn find_name(&self, name: &[u8]) -> Option<usize> {
        self.readers.iter().position(|reader| reader.name.as_bytes() == name)
    }

    pub(crate) fn card(&self, reader: usize) -> CardState {
        self.readers.get(reader).map_or(CardState::Absent, |reader| reader.card)
    }

    pub(crate) fn atr(&self, reader: usize) -> &[u8] {
        self.readers.get(reader).map_or(&[], |reader| &reader.atr)
    }

    pub(crate) fn is_used(&self, reader: usize) -> bool {
        self.readers
            .get(reader)
            .is_some_and(|reader| !reader.connections.is_empty())
    }

    /// The readers as clients see them.
    pub(crate) fn entries(&self) -> Vec<ReaderEntry> {
        let plugged = self.readers.iter().filter(|reader| reader.plugged);
        plugged.map(Reader::entry).collect()
    }

    /// All readers, and whether clients see them.
    pub(crate) fn all_entries(&self) -> Vec<(ReaderEntry, bool)> {
        let all = self.readers.iter();
        all.map(|reader| (reader.entry(), reader.plugged)).collect()
    }

    /// How many clients are connected to a reader, however many handles each of them has.
    pub(crate) fn clients(&self, reader: usize) -> usize {
        let connections = self.readers.get(reader).map_or(&[][..], |reader| &reader.connections);
        let clients: std::collections::BTreeSet<_> = connections.iter().map(|one| one.client).collect();
        clients.len()
    }

    /// How many times a reader has come or gone.
    pub(crate) fn events(&self) -> u32 {
        self.events
    }

    /// Whether clients see the reader.
    pub(crate) fn is_plugged(&self, reader: usize) -> bool {
        self.readers.get(reader).is_some_and(|reader| reader.plugged)
    }

    /// The reader is unplugged. Its handles are useless from now on: SCardDisconnect succeeds, every other function returns
    /// [`code::INVALID_VALUE`].
    pub(crate) fn unplug(&mut self, reader: usize) {
        self.remove(reader);
        if let Some(reader) = self.readers.get_mut(reader) {
            reader.plugged = false;
            reader.exclusive = false;
            reader.lock = None;
            let connections = reader.connections.drain(..);
            self.orphans.extend(connections.map(|one| (one.handle, one.client)));
            self.reader_event();
        }
    }

    /// The reader is plugged in again, and empty. As with pcscd its count of events begins anew.
    pub(crate) fn plug(&mut self, reader: usize) {
        if let Some(reader) = self.readers.get_mut(reader) {
            reader.plugged = true;
            reader.counter = 0;
            self.reader_event();
        }
    }

    fn reader_event(&mut self) {
        const LAST: u32 = 0x7FFF;
        self.events = if self.events < LAST { self.events + 1 } else { 1 };
        self.changed = true;
    }

    /// Whether something has changed for waiting clients since the last call.
    pub(crate) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// A number for a handle or a context that was not given before (2 thousand million of them).
    pub(crate) fn fresh(&mut self) -> u32 {
        self.next = (self.next + 1) & 0x7FFF_FFFF;
        self.next = self.next.max(1);
        self.next
    }

    /// The reader of a client's handle.
    ///
    /// # Errors
    /// [`code::INVALID_HANDLE`] also when the handle is another client's; [`code::INVALID_VALUE`] when the reader was
    /// unplugged.
    pub(crate) fn reader_of(&self, client: Client, handle: Handle) -> Result<usize, Code> {
        if self.orphans.contains(&(handle, client)) {
            return Err(code::INVALID_VALUE);
        }
        self.readers
            .iter()
            .position(|reader| reader.connection(client, handle).is_some())
            .ok_or(code::INVALID_HANDLE)
    }

    /// The handles of a client.
    pub(crate) fn handles(&self, client: Client) -> Vec<Handle> {
        let connections = self.readers.iter().flat_map(|reader| &reader.connections);
        let orphans = self.orphans.iter().filter(|(_, owner)| *owner == client);
        connections
            .filter(|connection| connection.client == client)
            .map(|connection| connection.handle)
            .chain(orphans.map(|(handle, _)| *handle))
            .collect()
    }

    /// SCardConnect: the new handle and the protocol in use.
    pub(crate) fn connect(
        &mut self,
        client: Client,
        name: &[u8],
        mode: u32,
        preferred: u32,
    ) -> Result<(Handle, u32), Hindrance> {
        let refuse = Hindrance::Refused;
        let checked = ShareMode::of(mode);
        protocol::check_preferred(checked.unwrap_or(ShareMode::Shared), preferred).map_err(refuse)?;
        let mode = checked.map_err(refuse)?;
        let plugged = self.find_name(name).filter(|index| self.is_plugged(*index));
        let index = plugged.ok_or(refuse(code::UNKNOWN_READER))?;
        if self.handles(client).len() >= HANDLES {
            return Err(refuse(code::NO_MEMORY));
        }
        let handle = self.fresh();
        let reader = self.readers.get_mut(index).ok_or(refuse(code::UNKNOWN_READER))?;
        if reader.exclusive {
            return Err(refuse(code::SHARING_VIOLATION));
        }
        if reader.lock.is_some() {
            return Err(Hindrance::Locked(index));
        }
        if mode != ShareMode::Direct {
            match reader.card {
                CardState::Absent => return Err(refuse(code::NO_SMARTCARD)),
                CardState::Powered => {}
                CardState::Mute | CardState::Resting | CardState::Unpowered => {
                    return Err(Hindrance::NeedsPower(index));
                }
            }
        }
        reader.protocol = protocol::settle(reader.protocol, mode, preferred, &reader.atr).map_err(refuse)?;
        if mode == ShareMode::Exclusive {
            if !reader.connections.is_empty() {
                return Err(refuse(code::SHARING_VIOLATION));
            }
            reader.exclusive = true;
            reader.lock = Some((handle, 1));
        }
        reader.connections.push(Connection {
            handle,
            client,
            mark: None,
        });
        self.changed = true;
        Ok((handle, reader.protocol))
    }

    /// SCardReconnect, before anything is done to the card: whether it is allowed, and the action on the card. All
    /// connections are marked when the card will be reset.
    pub(crate) fn begin_reconnect(
        &mut self,
        (client, handle): (Client, Handle),
        mode: u32,
        preferred: u32,
        initialization: u32,
    ) -> Result<(ShareMode, Disposition), Code> {
        let initialization = Disposition::of(initialization)?;
        if initialization == Disposition::Eject {
            return Err(code::INVALID_VALUE);
        }
        let mode = ShareMode::of(mode)?;
        protocol::check_preferred(mode, preferred)?;
        let reader = self.of(client, handle)?;
        reader.check_lock(handle)?;
        if initialization != Disposition::Leave {
            reader.mark_reset();
        }
        Ok((mode, initialization))
    }

    /// SCardReconnect, after that: the protocol in use, and the outcome.
    pub(crate) fn finish_reconnect(
        &mut self,
        (client, handle): (Client, Handle),
        mode: ShareMode,
        preferred: u32,
    ) -> (u32, Code) {
        let outcome = self.of(client, handle).and_then(|reader| {
            match reader.card {
                CardState::Absent => return Err(code::NO_SMARTCARD),
                CardState::Mute => return Err(code::UNRESPONSIVE_CARD),
                CardState::Powered | CardState::Resting | CardState::Unpowered => {}
            }
            reader.protocol = protocol::settle(reader.protocol, mode, preferred, &reader.atr)?;
            Ok(reader)
        });
        let reader = match outcome {
            Ok(reader) => reader,
            Err(code) => return (UNSET, code),
        };
        match mode {
            ShareMode::Exclusive if reader.exclusive => {}
            ShareMode::Exclusive if reader.connections.len() > 1 => {
                return (reader.protocol, code::SHARING_VIOLATION);
            }
            ShareMode::Exclusive => {
                reader.exclusive = true;
                reader.begin(handle);
            }
            ShareMode::Shared | ShareMode::Direct if reader.exclusive => {
                reader.exclusive = false;
                reader.end(handle);
            }
            ShareMode::Shared | ShareMode::Direct => {}
        }
        if let Some(connection) = reader.connections.iter_mut().find(|one| one.handle == handle) {
            connection.mark = None;
        }
        let protocol = reader.protocol;
        self.changed = true;
        (protocol, code::SUCCESS)
    }

    /// SCardDisconnect, before anything is done to the card. `Ok(None)`: a transaction of
    /// another client must end first.
    pub(crate) fn begin_disconnect(
        &mut self,
        client: Client,
        handle: Handle,
        disposition: u32,
    ) -> Result<Option<Disposition>, Code> {
        let disposition = Disposition::of(disposition)?;
        let reader = self.of(client, handle)?;
        if disposition != Disposition::Leave && reader.check_lock(handle).is_err() {
            return Ok(None);
        }
        if matches!(disposition, Disposition::Reset | Disposition::Unpower) {
            reader.mark_reset();
        }
        Ok(Some(disposition))
    }

    /// SCardDisconnect, after that. The handle is no longer one.
    pub(crate) fn finish_disconnect(&mut self, client: Client, handle: Handle) {
        self.orphans.retain(|orphan| *orphan != (handle, client));
        if let Ok(reader) = self.of(client, handle) {
            reader.connections.retain(|one| one.handle != handle);
            reader.exclusive = false;
            reader.lock = reader.lock.filter(|(owner, _)| *owner != handle);
            self.changed = true;
        }
    }

    /// The action on the card when the client of this handle vanishes. As with pcscd, the card is reset if the handle had
    /// the transaction, unless another client has reset the card and this one has not used it since.
    pub(crate) fn begin_lost(&mut self, client: Client, handle: Handle) -> Disposition {
        let Ok(reader) = self.of(client, handle) else {
            return Disposition::Leave;
        };
        let owner = reader.lock.is_some_and(|(owner, _)| owner == handle);
        let marked = reader
            .connections
            .iter()
            .any(|one| one.handle == handle && one.mark.is_some());
        if owner && !marked {
            reader.mark_reset();
            Disposition::Reset
        } else {
            Disposition::Leave
        }
    }

    /// The handle that has the transaction of a reader.
    pub(crate) fn lock_owner(&self, reader: usize) -> Option<Handle> {
        let lock = self.readers.get(reader)?.lock?;
        Some(lock.0)
    }

    /// Whether the one connection to a reader is exclusive.
    pub(crate) fn is_exclusive(&self, reader: usize) -> bool {
        self.readers.get(reader).is_some_and(|reader| reader.exclusive)
    }

    /// Ends the transaction of a reader, whichever client has it, but not the lock of an exclusive connection. Returns
    /// whether there was one.
    pub(crate) fn lose_transaction(&mut self, reader: usize) -> bool {
        let Some(reader) = self.readers.get_mut(reader) else {
            return false;
        };
        !reader.exclusive && reader.lock.take().is_some()
    }

    /// The card is about to be reset by another program: every handle must learn of it.
    pub(crate) fn reset_by_other(&mut self, reader: usize) {
        if let Some(reader) = self.readers.get_mut(reader) {
            reader.mark_reset();
        }
    }

    /// SCardBeginTransaction.
    pub(crate) fn begin_transaction(&mut self, client: Client, handle: Handle) -> Result<(), Code> {
        let reader = self.of(client, handle)?;
        reader.check_mark(handle)?;
        reader.check_lock(handle)?;
        reader.begin(handle);
        Ok(())
    }

    /// SCardEndTransaction, before anything is done to the card.
    pub(crate) fn begin_end_transaction(
        &mut self,
        client: Client,
        handle: Handle,
        disposition: u32,
    ) -> Result<Disposition, Code> {
        let disposition = Disposition::of(disposition)?;
        let reader = self.of(client, handle)?;
        reader.check_mark(handle)?;
        reader.check_lock(handle)?;
        if matches!(disposition, Disposition::Reset | Disposition::Unpower) {
            reader.mark_reset();
        }
        Ok(disposition)
    }

    /// SCardEndTransaction, after that.
    pub(crate) fn finish_end_transaction(&mut self, client: Client, handle: Handle) -> Result<(), Code> {
        let reader = self.of(client, handle)?;
        if reader.lock.is_none() {
            return Err(code::NOT_TRANSACTED);
        }
        reader.end(handle);
        Ok(())
    }

    /// Whether the card may be used with this protocol.
    pub(crate) fn may_transmit(&mut self, client: Client, handle: Handle, protocol: u32) -> Result<(), Code> {
        let reader = self.of(client, handle)?;
        reader.check_mark(handle)?;
        reader.check_lock(handle)?;
        if reader.card == CardState::Absent {
            return Err(code::NO_SMARTCARD);
        }
        if protocol != protocol::RAW && protocol != reader.protocol {
            return Err(code::PROTO_MISMATCH);
        }
        Ok(())
    }

    /// Whether SCardStatus and SCardGetAttrib may be answered.
    pub(crate) fn may_ask(&mut self, client: Client, handle: Handle) -> Result<(), Code> {
        let reader = self.of(client, handle)?;
        reader.check_mark(handle)?;
        reader.check_lock(handle)
    }

    /// Whether SCardControl may be answered; a card that was reset does not matter to the reader.
    pub(crate) fn may_control(&mut self, client: Client, handle: Handle) -> Result<(), Code> {
        self.of(client, handle)?.check_lock(handle)
    }

    /// The card was powered on or reset, with this outcome.
    pub(crate) fn powered(&mut self, reader: usize, atr: Result<&[u8], IccError>) {
        let Some(reader) = self.readers.get_mut(reader) else {
            return;
        };
        if reader.card == CardState::Absent {
            return;
        }
        reader.protocol = UNSET;
        reader.atr.clear();
        reader.card = match atr {
            Ok(atr) => {
                reader.atr.extend_from_slice(atr);
                CardState::Powered
            }
            Err(_) => CardState::Mute,
        };
    }

    /// The card was powered off: by a client, or because it was unused.
    pub(crate) fn unpowered(&mut self, reader: usize, by_client: bool) {
        if let Some(reader) = self.readers.get_mut(reader) {
            reader.protocol = UNSET;
            reader.card = match reader.card {
                CardState::Absent => CardState::Absent,
                _ if by_client => CardState::Unpowered,
                CardState::Powered => CardState::Resting,
                other => other,
            };
        }
    }

    /// A card was inserted; with its ATR, or without if it gave none. `with_reader`: the reader was plugged in with it, which
    /// pcscd does not count as an event of the card.
    pub(crate) fn insert(&mut self, reader: usize, atr: Option<&[u8]>, with_reader: bool) {
        if let Some(one) = self.readers.get_mut(reader) {
            one.card = CardState::Mute; // present, until its ATR is known
            one.counter = one.counter.wrapping_add(u32::from(!with_reader));
            self.changed = true;
            self.powered(reader, atr.ok_or(IccError::Mute));
        }
    }

    /// The card was removed; without effect when there is none.
    pub(crate) fn remove(&mut self, reader: usize) {
        if let Some(reader) = self.readers.get_mut(reader)
            && reader.card != CardState::Absent
        {
            reader.card = CardState::Absent;
            reader.atr.clear();
            reader.protocol = UNSET;
            reader.counter = reader.counter.wrapping_add(1);
            for connection in &mut reader.connections {
                connection.mark = Some(Mark::Removed);
            }
            self.changed = true;
        }
    }

    fn of(&mut self, client: Client, handle: Handle) -> Result<&mut Reader, Code> {
        let index = self.reader_of(client, handle)?;
        self.readers.get_mut(index).ok_or(code::INVALID_HANDLE)
    }
}

impl Reader {
    fn connection(&self, client: Client, handle: Handle) -> Option<&Connection> {
        self.connections
            .iter()
            .find(|one| one.handle == handle && one.client == client)
    }

    fn check_mark(&self, handle: Handle) -> Result<(), Code> {
        let mark = self.connections.iter().find(|one| one.handle == handle);
        match mark.and_then(|one| one.mark) {
            None => Ok(()),
            Some(mark) => Err(mark.code()),
        }
    }

    fn check_lock(&self, handle: Handle) -> Result<(), Code> {
        match self.lock {
            Some((owner, _)) if owner != handle => Err(code::SHARING_VIOLATION),
            _ => Ok(()),
        }
    }

    fn begin(&mut self, handle: Handle) {
        let times = self.lock.map_or(0, |(_, times)| times);
        self.lock = Some((handle, times.saturating_add(1)));
    }

    fn end(&mut self, handle: Handle) {
        self.lock = match self.lock {
            Some((owner, times)) if owner == handle && times > 1 => Some((owner, times - 1)),
            Some((owner, _)) if owner == handle => None,
            other => other,
        };
    }

    fn mark_reset(&mut self) {
        for connection in &mut self.connections {
            connection.mark = Some(Mark::Reset);
        }
    }

    fn entry(&self) -> ReaderEntry {
        let connections = i32::try_from(self.connections.len()).unwrap_or(i32::MAX);
        ReaderEntry {
            name: self.name.clone(),
            // Libraries from 2.0 on compare all of it with the 16 bits that they have kept.
            event_counter: self.counter & 0xFFFF,
            state: self.card.published(),
            sharing: if self.exclusive { -1 } else { connections },
            atr: self.atr.clone(),
            protocol: self.protocol,
        }
    }
}

#[cfg(feature = "fuzzing")]
pub(crate) mod snapshot;
#[cfg(test)]
mod tests;
