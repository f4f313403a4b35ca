//! The state that outlives power, as the card works with it: a copy in memory that changes only after the store has taken
//! the change.

use super::error::StoreError;
use super::store::{Change, State, Store};
use crate::declaration::{Content, KeyAlgorithm, MOST_RECORDS, ObjectId, Pin, PrivateKey, ReferenceData};

/// The store with the card's copy of what lies in it.
pub(crate) struct Persistent {
    store: Box<dyn Store + Send>,
    state: State,
}

impl Persistent {
    pub(crate) fn open(mut store: Box<dyn Store + Send>) -> Result<Self, StoreError> {
        let state = store.load()?;
        Ok(Self { store, state })
    }

    pub(crate) fn commit(&mut self, change: &Change) -> Result<(), StoreError> {
        self.store.commit(change)?;
        self.state.apply(change);
        Ok(())
    }

    /// The state.
    pub(crate) const fn state(&self) -> &State {
        &self.state
    }

    pub(crate) fn reset(&mut self) -> Result<(), StoreError> {
        self.store.reset()?;
        self.state = State::default();
        Ok(())
    }

    /// Tries left of a PIN, never more than it can have.
    pub(crate) fn tries_left(&self, object: ObjectId, pin: &Pin) -> u8 {
        let tries = self
            .state
            .pins
            .get(&object)
            .and_then(|state| state.tries_left)
            .unwrap_or(pin.tries_at_issue);
        tries.min(pin.max_tries.unwrap_or(tries))
    }

    /// The value of a PIN; `None` for one that was left unset and has got none since.
    pub(crate) fn pin_value<'a>(&'a self, object: ObjectId, pin: &'a Pin) -> Option<&'a ReferenceData> {
        self.state
            .pins
            .get(&object)
            .and_then(|state| state.value.as_ref())
            .or(pin.value.as_ref())
    }

    /// The content of a transparent EF. One of another length than the declaration's belongs to another declaration.
    pub(crate) fn content<'a>(&'a self, object: ObjectId, declared: &'a Content) -> &'a [u8] {
        let declared = declared.as_bytes();
        match self.state.contents.file(object) {
            Some(content) if content.len() == declared.len() => content,
            _ => declared,
        }
    }

    /// The records of a file, from the first to the last.
    pub(crate) fn records<'a>(&'a self, object: ObjectId, declared: &'a [Content]) -> Vec<&'a [u8]> {
        let record = |number: u8| {
            let declared = || Some(declared.get(usize::from(number) - 1)?.as_bytes());
            self.state.contents.record(object, number).or_else(declared)
        };
        (1..=MOST_RECORDS).map_while(record).collect()
    }

    /// The key that was made on the card; `None` if there is none of this algorithm.
    pub(crate) fn key(&self, object: ObjectId, algorithm: KeyAlgorithm) -> Option<&PrivateKey> {
        let key = self.state.contents.key(object)?;
        (key.algorithm() == Some(algorithm)).then_some(key)
    }

    /// Whether the card has memory for a change.
    pub(crate) fn has_room_for(&self, change: &Change) -> bool {
        self.state.has_room_for(change)
    }

    pub(crate) fn into_store(self) -> Box<dyn Store + Send> {
        self.store
    }
}
