//! The whole state of the table, for the fuzzer's oracles.

#![allow(missing_docs, reason = "the names state what the fields are")]

use super::{CardState, Reader, Table};

/// A reader's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub present: bool,
    pub powered: bool,
    pub has_atr: bool,
    pub counter: u32,
    pub sharing: i32,
    pub exclusive: bool,
    /// The handle that has the transaction, and how many times it was begun.
    pub lock: Option<(u32, u32)>,
    /// Handle, client, whether it does not know of a reset or a removal yet.
    pub connections: Vec<(u32, u64, bool)>,
}

impl Table {
    /// All of the state, for the fuzzer's oracles.
    pub(crate) fn snapshot(&self) -> Vec<Snapshot> {
        let snapshot = |reader: &Reader| Snapshot {
            present: reader.card != CardState::Absent,
            powered: reader.card == CardState::Powered,
            has_atr: !reader.atr.is_empty(),
            counter: reader.counter,
            sharing: reader.entry().sharing,
            exclusive: reader.exclusive,
            lock: reader.lock,
            connections: reader
                .connections
                .iter()
                .map(|one| (one.handle, one.client, one.mark.is_some()))
                .collect(),
        };
        self.readers.iter().map(snapshot).collect()
    }
}
