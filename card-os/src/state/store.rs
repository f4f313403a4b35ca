//! What changes in a card while it is used: values and counters of PINs. Everything else is as it was issued.
//!
//! A [`Store`] keeps it. Nothing above the trait may assume a file. The card works on a copy in memory that changes only
//! after the store has taken the change.

use std::collections::BTreeMap;

use super::error::StoreError;
use crate::declaration::{ObjectId, ReferenceData};

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
    pub(super) pins: BTreeMap<ObjectId, PinState>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct PinState {
    pub(super) tries_left: Option<u8>,
    pub(super) value: Option<ReferenceData>,
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
