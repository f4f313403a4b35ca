//! A store that outlives the process: the state of one card in use, in one small file.
//!
//! What it promises. A change is on stable storage when `commit` returns `Ok`. A power cut at any moment leaves the state
//! before or after a change, never a mixture. One process at a time: a second one is told who holds the card. After a
//! failure the store does nothing more until it is opened again, nor when its files are not where the next comer would find
//! them. A damaged state is refused and left as it is; only [`reset`] brings a card back to what it was when issued, and only
//! because somebody asked for it.
//!
//! What it must never do: start anew because something can't be read, show a PIN, or write where nothing was changed. A
//! card that is only read has no state file at all; the file comes into being, whole, with the first change.
//!
//! Files beside a state `card.state`: `card.state.holder`, locked as long as the card is in use, says by whom;
//! `card.state.new` is a first state that was not finished, and is removed by the next who holds the card. All of them can
//! be read by their owner only. The file itself is a database of the `redb` library, one durable transaction a change.
//!
//! The limit of it: a state whose holder was killed can't tell a last change that never reached the disk from one that rotted
//! there, so damage to exactly the last change of a card that was not closed undoes that change.

mod error;
mod file;
mod format;
mod holder;
mod inspect;
mod medium;
mod quiet;

use std::path::Path;

use redb::{Database, StorageBackend};
use zeroize::Zeroizing;

pub use error::StateError;
pub use holder::Holder;
pub use inspect::{Inspection, PinEntry, inspect, reset};
pub use medium::{FileMedium, Medium};

use super::store::{Change, State, Store, StoreError};
use error::Trouble;

/// Keeps the state of one card on a [`Medium`]: in a file, unless a test wants something else.
#[derive(Debug)]
pub struct DurableStore<M: Medium = FileMedium> {
    /// `None` for a card that was never changed, and after a failure. Closed before the medium is given up: the order of
    /// these fields is the order in which they are dropped.
    database: Option<Database>,
    medium: M,
    identity: [u8; 32],
    /// Why nothing more is done.
    failed: Option<StateError>,
}

impl DurableStore {
    /// Opens the state in the file `path` of the issued card that has this `identity` (a digest of what was issued), and
    /// holds the card until the store is dropped. The directory must exist; the file need not.
    ///
    /// # Errors
    /// Another process holds the card; the state belongs to another card, is damaged, or was written by a newer version;
    /// or the file can't be read and written.
    pub fn open(path: &Path, identity: &[u8; 32]) -> Result<Self, StateError> {
        Self::open_on(FileMedium::hold(path)?, identity)
    }

    /// Lets those who find the card in use know where its holder listens: one line of text.
    ///
    /// # Errors
    /// The text has more than one line, or it can't be written.
    pub fn announce(&mut self, control: &str) -> Result<(), StateError> {
        self.medium.announce(control)
    }
}

impl<M: Medium> DurableStore<M> {
    /// The same as [`DurableStore::open`] on another medium.
    ///
    /// # Errors
    /// As there.
    pub fn open_on(medium: M, identity: &[u8; 32]) -> Result<Self, StateError> {
        let database = open_existing(&medium, identity).map_err(|trouble| trouble.at(medium.place()))?;
        Ok(Self {
            database,
            medium,
            identity: *identity,
            failed: None,
        })
    }

    /// The first change of a card: the state becomes visible whole or not at all.
    ///
    /// Nothing is written in the place of what others have come to find there.
    fn begin(&mut self, change: &Change) -> Result<(), Trouble> {
        let backend = self.medium.create().map_err(Trouble::io("create"))?;
        let database = format::builder().create_with_backend(backend)?;
        format::begin(&database, &self.identity, change)?;
        self.medium.publish().map_err(Trouble::io("create"))?;
        self.medium.sync_name().map_err(Trouble::io("create"))?;
        self.database = Some(database);
        Ok(())
    }

    fn refuse_after_failure(&self) -> Result<(), StoreError> {
        match &self.failed {
            None => Ok(()),
            Some(error) => Err(StoreError(format!(
                "nothing more is kept until `vmyna run` or `vmyna serve` is ended and started again, because of an earlier \
                 failure: {error}"
            ))),
        }
    }

    fn fail(&mut self, trouble: Trouble) -> StoreError {
        let error = trouble.at(self.medium.place());
        let said = StoreError(error.to_string());
        self.failed = Some(error);
        self.database = None;
        said
    }
}

/// Opens the state that lies on the medium, if one does.
fn open_existing<M: Medium>(medium: &M, identity: &[u8; 32]) -> Result<Option<Database>, Trouble> {
    let Some(backend) = medium.open().map_err(Trouble::io("open"))? else {
        // One may have been removed by a process that was killed before that lasted: it must not come back.
        medium.sync_name().map_err(Trouble::io("open"))?;
        return Ok(None);
    };
    let bytes = read_all(&backend).map_err(Trouble::io("read"))?;
    let (head, _) = format::examine(&bytes)?;
    if head.identity != *identity {
        return Err(Trouble::OtherCard);
    }
    // What was read may be in the operating system's memory only: written by a process that was killed, or kept there
    // after a sync that failed and that no later one would repeat. Nothing may be answered from it before it lasts.
    backend.write(0, &bytes).map_err(Trouble::io("write"))?;
    // The library does so too when it opens, which it promises nowhere.
    backend.sync_data().map_err(Trouble::io("write"))?;
    medium.sync_name().map_err(Trouble::io("write"))?;
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
            Some(Err(trouble)) => Err(self.fail(trouble)),
        }
    }

    fn commit(&mut self, change: &Change) -> Result<(), StoreError> {
        self.refuse_after_failure()?;
        let held = self.medium.check_held().map_err(Trouble::io("write"));
        let done = held.and_then(|()| match &self.database {
            Some(database) => format::commit(database, change),
            None => self.begin(change),
        });
        done.map_err(|trouble| self.fail(trouble))
    }

    fn reset(&mut self) -> Result<(), StoreError> {
        let removed = self.medium.check_held().and_then(|()| self.medium.remove());
        removed.map_err(|error| StoreError(Trouble::Io("remove", error).at(self.medium.place()).to_string()))?;
        // Closed without a name: what it still writes is lost. An earlier failure was about what is gone now.
        self.database = None;
        self.failed = None;
        self.medium
            .sync_name()
            .map_err(|error| self.fail(Trouble::Io("remove", error)))
    }
}
