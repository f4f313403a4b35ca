//! The table of readers for the fuzzer: its calls by numbers, and its whole state. For a card that always answers it does
//! what the service does around the table. Must never be used by another program.

#![allow(missing_docs, reason = "only the source of the fuzzer uses it")]

use crate::code::Code;
use crate::protocol::Disposition;
pub use crate::table::snapshot::Snapshot as Reader;
use crate::table::{CardState, Hindrance, Table};
use vmyna_apdu::IccError;

/// The table, driven by numbers that can be invalid.
pub struct Driver(Table);

const ATR: &[u8] = &[0x3B, 0xE0, 0x00, 0xFF, 0x81, 0x31, 0xFE, 0x45, 0x14];

impl Driver {
    /// Empty readers of these names.
    pub fn new(names: &[&str]) -> Driver {
        Driver(Table::new(names.iter().map(|name| (*name).to_owned())))
    }

    pub fn readers(&self) -> Vec<Reader> {
        self.0.snapshot()
    }

    pub fn take_changed(&mut self) -> bool {
        self.0.take_changed()
    }

    pub fn reader_of(&self, client: u64, handle: u32) -> Result<usize, Code> {
        self.0.reader_of(client, handle)
    }

    pub fn handles(&self, client: u64) -> Vec<u32> {
        self.0.handles(client)
    }

    /// `Err(None)`: would wait for the end of a transaction.
    pub fn connect(&mut self, client: u64, name: &str, mode: u32, preferred: u32) -> Result<u32, Option<Code>> {
        let mut again = true;
        loop {
            match self.0.connect(client, name.as_bytes(), mode, preferred) {
                Ok((handle, _)) => return Ok(handle),
                Err(Hindrance::Refused(code)) => return Err(Some(code)),
                Err(Hindrance::Locked(_)) => return Err(None),
                Err(Hindrance::NeedsPower(reader)) if again => {
                    again = false;
                    self.0.powered(reader, Ok(ATR));
                }
                Err(Hindrance::NeedsPower(_)) => return Err(None),
            }
        }
    }

    pub fn reconnect(&mut self, of: (u64, u32), mode: u32, preferred: u32, initialization: u32) -> Result<(), Code> {
        let (mode, disposition) = self.0.begin_reconnect(of, mode, preferred, initialization)?;
        self.dispose(of, disposition);
        match self.0.finish_reconnect(of, mode, preferred).1 {
            crate::code::SUCCESS => Ok(()),
            code => Err(code),
        }
    }

    /// `Ok(false)`: would wait for the end of a transaction.
    pub fn disconnect(&mut self, client: u64, handle: u32, disposition: u32) -> Result<bool, Code> {
        let Some(disposition) = self.0.begin_disconnect(client, handle, disposition)? else {
            return Ok(false);
        };
        self.dispose((client, handle), disposition);
        self.0.finish_disconnect(client, handle);
        Ok(true)
    }

    pub fn begin(&mut self, client: u64, handle: u32) -> Result<(), Code> {
        self.0.begin_transaction(client, handle)
    }

    pub fn end(&mut self, client: u64, handle: u32, disposition: u32) -> Result<(), Code> {
        let disposition = self.0.begin_end_transaction(client, handle, disposition)?;
        self.dispose((client, handle), disposition);
        self.0.finish_end_transaction(client, handle)
    }

    pub fn may_transmit(&mut self, client: u64, handle: u32, protocol: u32) -> Result<(), Code> {
        self.0.may_transmit(client, handle, protocol)
    }

    pub fn may_ask(&mut self, client: u64, handle: u32) -> Result<(), Code> {
        self.0.may_ask(client, handle)
    }

    pub fn may_control(&mut self, client: u64, handle: u32) -> Result<(), Code> {
        self.0.may_control(client, handle)
    }

    /// The client's connection breaks.
    pub fn lose(&mut self, client: u64) {
        for handle in self.0.handles(client) {
            let disposition = self.0.begin_lost(client, handle);
            self.dispose((client, handle), disposition);
            self.0.finish_disconnect(client, handle);
        }
    }

    pub fn insert(&mut self, reader: usize, mute: bool) {
        self.0.insert(reader, (!mute).then_some(ATR), false);
    }

    pub fn remove(&mut self, reader: usize) {
        self.0.remove(reader);
    }

    /// The card is unused and is powered off.
    pub fn rest(&mut self, reader: usize) {
        if !self.0.is_used(reader) {
            self.0.unpowered(reader, false);
        }
    }

    fn dispose(&mut self, (client, handle): (u64, u32), disposition: Disposition) {
        let Ok(reader) = self.0.reader_of(client, handle) else {
            return;
        };
        match disposition {
            Disposition::Reset if self.0.card(reader) != CardState::Absent => self.0.powered(reader, Ok(ATR)),
            Disposition::Reset => self.0.powered(reader, Err(IccError::Gone)),
            Disposition::Unpower => self.0.unpowered(reader, true),
            Disposition::Leave | Disposition::Eject => {}
        }
    }
}
