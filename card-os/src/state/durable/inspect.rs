//! Reading a state without using the card, and removing it. An inspection shows which PINs have changed and whether contents
//! were replaced, never a value.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use super::error::storage;
use super::file::open_own;
use super::format;
use super::medium::{FileMedium, Medium as _, lock_shared, lock_unwritable, name};
use crate::declaration::ObjectId;
use crate::state::error::{StoreError, StoreErrorKind};
use crate::state::store::{PinState, State};

/// What a state holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// What is wrong with it; `None` for a sound state. The other fields of a damaged state are not reliable.
    pub damage: Option<String>,
    /// The version of its format and the issued card that it belongs to; `None` where that can't be read.
    pub head: Option<(u32, [u8; 32])>,
    /// The PINs that are not as issued, by application and file.
    pub pins: Vec<PinEntry>,
    /// The length of the record that replaces the issued card's contents, in bytes; `None` if they are as issued.
    pub record: Option<usize>,
    /// The files with another content than the declared one, by application and file.
    pub files: Vec<ObjectId>,
    /// The files with a key that was made on the card.
    pub keys: Vec<ObjectId>,
    /// The number of the last operation that replaced something.
    pub operation: Option<[u8; 16]>,
}

/// The state of a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PinEntry {
    /// The PIN.
    pub object: ObjectId,
    /// Tries left; `None` if they are as issued.
    pub tries_left: Option<u8>,
    /// Whether its value was ever changed.
    pub changed: bool,
}

/// Reads the state in the file `path` without changing it, damaged or not. `None` for a card never changed. Any number of
/// processes can do so at once.
///
/// # Errors
/// The card is in use, the state is of a newer format, or the file can't be read.
pub fn inspect(path: &Path) -> Result<Option<Inspection>, StoreError> {
    let Some(bytes) = read_bytes(path)? else {
        return Ok(None);
    };
    let (damage, read) = match format::examine(&bytes) {
        Ok(read) => (None, Some(read)),
        Err(StoreErrorKind::Damaged(what)) => (Some(what), format::salvage(&bytes).ok()),
        Err(kind) => return Err(kind.at(name(path))),
    };
    let state = read.as_ref().map(|(_, state)| state);
    let (files, keys) = state.map(|state| state.contents.objects()).unwrap_or_default();
    Ok(Some(Inspection {
        damage,
        head: read.as_ref().map(|(head, _)| (head.format, head.identity)),
        pins: state.map(pins).unwrap_or_default(),
        record: state.and_then(State::record).map(<[u8]>::len),
        files: files.into_iter().collect(),
        keys: keys.into_iter().collect(),
        operation: state.and_then(State::operation),
    }))
}

/// Reads the state in the file `path` of the issued card with this `identity`, without using the card or changing the file. It
/// is empty for a card never changed. Any number of processes can do so at once.
///
/// # Errors
/// The card is in use; the state belongs to another card, is damaged, or was written by a newer version; or the file can't be
/// read.
pub fn read(path: &Path, identity: &[u8; 32]) -> Result<State, StoreError> {
    let Some(bytes) = read_bytes(path)? else {
        return Ok(State::default());
    };
    match format::examine(&bytes) {
        Ok((head, state)) if head.identity == *identity => Ok(state),
        Ok(_) => Err(StoreErrorKind::OtherCard.at(name(path))),
        Err(kind) => Err(kind.at(name(path))),
    }
}

/// The bytes of the state, while no process writes it; `None` if there is none.
fn read_bytes(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
    // Excludes a writer meanwhile.
    let _lock = match lock_shared(path) {
        Err(StoreError {
            kind: StoreErrorKind::Io(io),
            ..
        }) if NOT_WRITABLE.contains(&io.error.kind()) => lock_unwritable(path)?,
        other => Some(other?),
    };
    match read_file(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(storage("read")(error).at(name(path))),
    }
}

/// Removes the state in the file `path`, sound or damaged: the card is as issued. Returns whether there was one.
///
/// # Errors
/// The card is in use, or the file can't be removed.
pub fn reset(path: &Path) -> Result<bool, StoreError> {
    let medium = FileMedium::lock(path)?;
    let there = medium.is_there();
    let removed = medium.remove().and_then(|()| medium.sync_name());
    removed.map_err(|error| storage("remove")(error).at(name(path)))?;
    Ok(there)
}

/// Errors of making a file at a place where a state may still be readable.
const NOT_WRITABLE: [io::ErrorKind; 5] = [
    io::ErrorKind::NotFound,
    io::ErrorKind::PermissionDenied,
    io::ErrorKind::ReadOnlyFilesystem,
    io::ErrorKind::StorageFull,
    io::ErrorKind::QuotaExceeded,
];

fn read_file(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = open_own(OpenOptions::new().read(true), path)?;
    let length = file.metadata()?.len();
    if length > format::LONGEST as u64 {
        return Err(io::Error::other("it is far longer than any state"));
    }
    // With its full capacity from the start, because a buffer that grows leaves copies in memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1));
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn pins(state: &State) -> Vec<PinEntry> {
    let entry = |(object, pin): (&ObjectId, &PinState)| PinEntry {
        object: *object,
        tries_left: pin.tries_left,
        changed: pin.value.is_some(),
    };
    state.pins.iter().map(entry).collect()
}
