//! What changes in a card while it is used: values and counters of PINs. Everything else is as it was issued.
//!
//! A [`Store`] keeps it. Nothing above the trait may assume a file. The card works on a copy in memory that changes only
//! after the store has taken the change.

#[cfg(feature = "durable")]
pub mod durable;
mod memory;

use core::fmt;
use std::collections::BTreeMap;

pub use memory::MemoryStore;

use crate::pin::{Pin, ReferenceData};
use vmyna_apdu::{Aid, FileId};

/// The name under which the store knows a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ObjectId {
    /// Its application.
    pub aid: Aid,
    /// Its identifier.
    pub file: FileId,
}

/// One atomic change of the state. `Debug` shows no value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Change {
    /// A PIN has this many tries left.
    PinTries {
        /// The PIN.
        object: ObjectId,
        /// Tries left.
        tries_left: u8,
    },
    /// A PIN has a new value.
    PinValue {
        /// The PIN.
        object: ObjectId,
        /// The value.
        value: ReferenceData,
    },
}

/// The difference between a card in use and the card as issued.
#[derive(Clone, Debug, Default)]
pub struct State {
    pins: BTreeMap<ObjectId, PinState>,
}

#[derive(Clone, Debug, Default)]
struct PinState {
    tries_left: Option<u8>,
    value: Option<ReferenceData>,
}

impl State {
    /// Takes a change in.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::PinTries { object, tries_left } => {
                self.pins.entry(*object).or_default().tries_left = Some(*tries_left);
            }
            Change::PinValue { object, value } => {
                self.pins.entry(*object).or_default().value = Some(value.clone());
            }
        }
    }
}

/// Where the state of one card is kept.
pub trait Store {
    /// The state as last committed; empty for a card never used.
    ///
    /// # Errors
    /// The state can't be read: the card can't be used.
    fn load(&mut self) -> Result<State, StoreError>;

    /// Makes a change permanent. It is on stable storage when this returns `Ok`, and has not happened on `Err`.
    ///
    /// # Errors
    /// The change could not be kept. After a failure that leaves the storage in doubt every further call fails as well.
    fn commit(&mut self, change: &Change) -> Result<(), StoreError>;

    /// Drops all changes: the card is as it was issued, and is so on stable storage when this returns `Ok`.
    ///
    /// # Errors
    /// It was not done, or may not last: then every further call fails as well.
    fn reset(&mut self) -> Result<(), StoreError>;
}

/// Why a store could not do its work: what, where and what to do, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError(pub String);

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for StoreError {}

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

    /// The value of a PIN.
    pub(crate) fn pin_value<'a>(&'a self, object: ObjectId, pin: &'a Pin) -> &'a ReferenceData {
        self.state
            .pins
            .get(&object)
            .and_then(|state| state.value.as_ref())
            .unwrap_or(&pin.value)
    }

    pub(crate) fn into_store(self) -> Box<dyn Store + Send> {
        self.store
    }
}
