//! A store that outlives the process: the state of one card in use, in one small file.
//!
//! Guarantees. A change is on stable storage when `commit` returns `Ok`. After a power cut the state is the one before or
//! after a change, never a mixture. One process at a time has the lock; another one gets the lock owner's name. After an
//! error the store does nothing more until it is opened again. It also stops when its files were moved, removed or replaced
//! while the card was in use: it checks that before and after each change. A damaged state is refused and left as it is; only [`reset`] makes a card as issued again.
//!
//! It must never begin a new state because the present one can't be read, show a PIN, or write without a change. A card
//! that is only read has no state file; the first change makes the whole file.
//!
//! Files beside a state `card.state`: `card.state.holder` is the lock file and names the lock owner. `card.state.new` is a
//! first state that was not finished; the next lock owner removes it. Only their owner can read them. The state is a
//! database of the `redb` library, with one durable transaction for each change.
//!
//! Limits: an older copy that is put back while no process uses the card can't be detected. The store then continues from
//! that copy, tries included. After a kill, a last change that never reached the disk looks like one that was damaged there. Damage to exactly
//! the last change of a card that was not closed therefore undoes that change.

mod error;
mod file;
mod format;
mod inspect;
mod lock;
mod medium;
mod quiet;

use std::path::Path;

use redb::{Database, StorageBackend};
use zeroize::Zeroizing;

pub use inspect::{Inspection, PinEntry, inspect, read, reset};
pub use medium::{FileMedium, Medium};
pub use redb;

use super::error::{StoreError, StoreErrorKind};
use super::store::{Change, State, Store};
use error::{io, storage};

/// Keeps the state of one card on a [`Medium`]: in a file, or in a test on something else.
#[derive(Debug)]
pub struct DurableStore<M: Medium = FileMedium> {
    /// `None` for a card that was never changed, and after an error. Dropped before the medium, because fields are dropped
    /// in their order.
    database: Option<Database>,
    medium: M,
    identity: [u8; 32],
    /// The error that stopped the store.
    failed: Option<StoreError>,
}

impl DurableStore {
    /// Opens the state in the file `path` of the issued card with this `identity` (a digest of what was issued), and locks
    /// the card until the store is dropped. The directory must exist; the file need not.
    ///
    /// # Errors
    /// Another process has the lock; the state belongs to another card, is damaged, or was written by a newer version; or
    /// the file can't be read and written.
    pub fn open(path: &Path, identity: &[u8; 32]) -> Result<Self, StoreError> {
        Self::open_on(FileMedium::lock(path)?, identity)
    }

    /// Announces to processes that find the card in use where this process listens: one line of text.
    ///
    /// # Errors
    /// The text has more than one line, or is too long.
    pub fn announce(&mut self, control: &str) -> Result<(), StoreError> {
        self.medium.announce(control)
    }
}

impl<M: Medium> DurableStore<M> {
    /// Opens the state on a medium, as [`DurableStore::open`] does in a file.
    ///
    /// # Errors
    /// The state belongs to another card, is damaged, or was written by a newer version; or the medium fails.
    pub fn open_on(medium: M, identity: &[u8; 32]) -> Result<Self, StoreError> {
        let database = open_existing(&medium, identity).map_err(|kind| kind.at(medium.place()))?;
        Ok(Self {
            database,
            medium,
            identity: *identity,
            failed: None,
        })
    }

    /// The first change of a card: the state becomes visible whole or not at all, and replaces no file of others.
    fn begin(&mut self, change: &Change) -> Result<(), StoreErrorKind> {
        let backend = self.medium.create().map_err(io("create"))?;
        let database = format::builder().create_with_backend(backend)?;
        format::begin(&database, &self.identity, change)?;
        self.medium.publish().map_err(io("create"))?;
        self.medium.sync_name().map_err(io("create"))?;
        self.database = Some(database);
        Ok(())
    }

    fn refuse_after_failure(&self) -> Result<(), StoreError> {
        match &self.failed {
            None => Ok(()),
            Some(earlier) => Err(StoreErrorKind::Stopped(Box::new(earlier.clone())).at(&*earlier.place)),
        }
    }

    /// Stops the store because of this error.
    fn fail(&mut self, kind: StoreErrorKind) -> StoreError {
        let error = kind.at(self.medium.place());
        self.failed = Some(error.clone());
        self.database = None;
        error
    }
}

/// Opens the state on the medium, if there is one.
fn open_existing<M: Medium>(medium: &M, identity: &[u8; 32]) -> Result<Option<Database>, StoreErrorKind> {
    let Some(backend) = medium.open().map_err(io("open"))? else {
        // A killed process may have removed one without syncing the directory. It must not come back.
        medium.sync_name().map_err(io("open"))?;
        return Ok(None);
    };
    let bytes = read_all(&backend).map_err(io("read"))?;
    let (head, _) = format::examine(&bytes)?;
    if head.identity != *identity {
        return Err(StoreErrorKind::OtherCard);
    }
    // The bytes may exist in the operating system's memory only: a killed process wrote them, or a sync failed that no later
    // one repeats. They are written again, so that no answer depends on bytes that a power cut would undo. The file's length
    // is synced first, because a cut during a write behind the end could leave a length that the library refuses.
    backend.sync_data().map_err(io("write"))?;
    backend.write(0, &bytes).map_err(io("write"))?;
    // The library also syncs when it opens, but does not document it.
    backend.sync_data().map_err(io("write"))?;
    medium.sync_name().map_err(io("write"))?;
    Ok(Some(format::builder().create_with_backend(backend)?))
}

fn read_all(backend: &impl StorageBackend) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let length = usize::try_from(backend.len()?).unwrap_or(usize::MAX);
    if length > format::LONGEST {
        return Err(std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            "it is far longer than any state",
        ));
    }
    let mut bytes = Zeroizing::new(vec![0; length]);
    backend.read(0, &mut bytes)?;
    Ok(bytes)
}

impl<M: Medium> Store for DurableStore<M> {
    fn load(&mut self) -> Result<State, StoreError> {
        self.refuse_after_failure()?;
        match self.database.as_ref().map(format::read_state) {
            None => Ok(State::default()),
            Some(Ok(state)) => Ok(state),
            Some(Err(kind)) => Err(self.fail(kind)),
        }
    }

    fn commit(&mut self, change: &Change) -> Result<(), StoreError> {
        self.refuse_after_failure()?;
        change.check()?;
        let check = |medium: &M| {
            medium
                .check_lock()
                .and_then(|()| medium.check_state())
                .map_err(io("write"))
        };
        let done = check(&self.medium).and_then(|()| match &self.database {
            Some(database) => format::commit(database, change),
            None => self.begin(change),
        });
        // Again before an answer leaves, because the state may have been replaced meanwhile.
        let done = done.and_then(|()| check(&self.medium));
        done.map_err(|kind| self.fail(kind))
    }

    fn reset(&mut self) -> Result<(), StoreError> {
        let removed = self.medium.check_lock().and_then(|()| self.medium.remove());
        removed.map_err(|error| storage("remove")(error).at(self.medium.place()))?;
        // The file has no name any more: what closing it still writes is lost. An earlier error was about that file.
        self.database = None;
        self.failed = None;
        self.medium
            .sync_name()
            .map_err(|error| self.fail(storage("remove")(error)))
    }
}
