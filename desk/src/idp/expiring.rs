//! Entries under the hash of a secret: each for a time, and no more than a number of them.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

/// The hash of a secret. The secret itself is not kept, and looking for a hash reveals nothing of it by its time.
pub(super) type Id = [u8; 32];

/// The hash of a secret.
pub(super) fn id(secret: &str) -> Id {
    Sha256::digest(secret).into()
}

/// There are too many entries that have not expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

/// Entries that expire.
pub(super) struct Expiring<V> {
    entries: HashMap<Id, (u64, V)>,
    most: usize,
}

impl<V> Expiring<V> {
    /// Room for so many entries.
    pub(super) fn new(most: usize) -> Self {
        Self {
            entries: HashMap::new(),
            most,
        }
    }

    /// Keeps an entry until a time.
    ///
    /// # Errors
    /// [`Full`], if the number of entries is reached after those that have expired were removed.
    pub(super) fn insert(&mut self, id: Id, value: V, until: u64, now: u64) -> Result<(), Full> {
        if self.entries.len() >= self.most {
            self.entries.retain(|_, (until, _)| now < *until);
        }
        if self.entries.len() >= self.most {
            return Err(Full);
        }
        self.entries.insert(id, (until, value));
        Ok(())
    }

    /// The entry, unless it has expired.
    pub(super) fn get(&self, id: &Id, now: u64) -> Option<&V> {
        let (until, value) = self.entries.get(id)?;
        (now < *until).then_some(value)
    }

    /// The entry, unless it has expired.
    pub(super) fn get_mut(&mut self, id: &Id, now: u64) -> Option<&mut V> {
        let (until, value) = self.entries.get_mut(id)?;
        (now < *until).then_some(value)
    }

    /// Takes the entry out, and returns it unless it has expired.
    pub(super) fn take(&mut self, id: &Id, now: u64) -> Option<V> {
        let (until, value) = self.entries.remove(id)?;
        (now < until).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_there_until_its_time_and_once_when_taken() {
        let mut entries = Expiring::new(2);
        entries.insert(id("a"), 1, 100, 0).unwrap();
        assert_eq!(entries.get(&id("a"), 99), Some(&1));
        assert_eq!(entries.get(&id("a"), 100), None);
        *entries.get_mut(&id("a"), 99).unwrap() = 2;
        assert_eq!(entries.take(&id("a"), 99), Some(2));
        assert_eq!(entries.take(&id("a"), 99), None);
    }

    #[test]
    fn entries_are_bounded_and_those_that_have_expired_make_room() {
        let mut entries = Expiring::new(2);
        entries.insert(id("a"), (), 100, 0).unwrap();
        entries.insert(id("b"), (), 200, 0).unwrap();
        assert_eq!(entries.insert(id("c"), (), 200, 50), Err(Full));
        entries.insert(id("c"), (), 200, 100).unwrap();
        assert_eq!(entries.get(&id("a"), 50), None);
    }
}
