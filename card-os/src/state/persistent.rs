//! The state that outlives power, as the card works with it: a copy in memory that changes only after the store has taken
//! the change.

use super::error::StoreError;
use super::store::{Change, State, Store};
use crate::declaration::{ObjectId, Pin, ReferenceData};

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

    pub(crate) fn into_store(self) -> Box<dyn Store + Send> {
        self.store
    }
}
