//! Looking at a state without using the card, and dropping it. Shows which PINs have changed, never a value.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use super::error::{StateError, Trouble};
use super::file::open_own;
use super::format;
use super::medium::{FileMedium, Medium as _, look, look_unwritable, storage};
use crate::declaration::ObjectId;
use crate::state::store::{PinState, State};

/// What a state holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// What is wrong with it, `None` for a sound state. All else is as far as it can still be read, and not reliable.
    pub damage: Option<String>,
    /// The version of its format and the issued card that it belongs to; `None` where that can't be read.
    pub head: Option<(u32, [u8; 32])>,
    /// The PINs that are not as issued, by application and file.
    pub pins: Vec<PinEntry>,
}

/// What a state says of a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinEntry {
    /// The PIN.
    pub object: ObjectId,
    /// Tries left, `None` where that is as issued.
    pub tries_left: Option<u8>,
    /// Whether it has another value than at issuance, or had.
    pub changed: bool,
}

/// Looks at the state in the file `path` without changing it, damaged or not. `None` for a card never changed. Any number
/// of processes can look at once.
///
/// # Errors
/// The card is in use, the state is of a newer format, or the file can't be read.
pub fn inspect(path: &Path) -> Result<Option<Inspection>, StateError> {
    // So that nobody writes meanwhile.
    let _look = match look(path) {
        Err(StateError::Storage { kind, .. }) if NOT_WRITABLE.contains(&kind) => look_unwritable(path)?,
        other => Some(other?),
    };
    let bytes = match read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(storage(path, "read", &error)),
    };
    let (damage, read) = match format::examine(&bytes) {
        Ok(read) => (None, Some(read)),
        Err(Trouble::Damaged(what)) => (Some(what), format::salvage(&bytes).ok()),
        Err(trouble) => return Err(trouble.at(path.display().to_string())),
    };
    Ok(Some(Inspection {
        damage,
        head: read.as_ref().map(|(head, _)| (head.format, head.identity)),
        pins: read.map(|(_, state)| pins(&state)).unwrap_or_default(),
    }))
}

/// Removes the state in the file `path`, sound or damaged: the card is as it was issued. Returns whether there was one.
///
/// # Errors
/// The card is in use, or the file can't be removed.
pub fn reset(path: &Path) -> Result<bool, StateError> {
    let medium = FileMedium::hold(path)?;
    let there = medium.is_there();
    let removed = medium.remove().and_then(|()| medium.sync_name());
    removed.map_err(|error| storage(path, "remove", &error))?;
    Ok(there)
}

/// Why no file can be made where a state may still be read.
const NOT_WRITABLE: [io::ErrorKind; 5] = [
    io::ErrorKind::NotFound,
    io::ErrorKind::PermissionDenied,
    io::ErrorKind::ReadOnlyFilesystem,
    io::ErrorKind::StorageFull,
    io::ErrorKind::QuotaExceeded,
];

fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = open_own(OpenOptions::new().read(true), path)?;
    let length = file.metadata()?.len();
    if length > format::LONGEST as u64 {
        return Err(io::Error::other("it is far longer than any state"));
    }
    // With room from the start: a buffer that grows leaves copies behind.
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
