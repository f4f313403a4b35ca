//! A store that lasts as long as the process: for demonstrations, tests and cards that start fresh each time.

use super::error::StoreError;
use super::store::{Change, State, Store};

/// Keeps the state in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    state: State,
}

impl Store for MemoryStore {
    fn load(&mut self) -> Result<State, StoreError> {
        Ok(self.state.clone())
    }

    fn commit(&mut self, change: &Change) -> Result<(), StoreError> {
        change.check()?;
        self.state.apply(change);
        Ok(())
    }

    fn reset(&mut self) -> Result<(), StoreError> {
        self.state = State::default();
        Ok(())
    }
}
