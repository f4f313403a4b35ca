//! Looking at a state without using the card, and dropping it. Shows which PINs have changed, never a value.

use std::path::Path;
use std::{fs, io};

use zeroize::Zeroizing;

use super::error::{StateError, Trouble};
use super::format;
use super::medium::{FileMedium, storage};
use crate::store::{ObjectId, State};

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

/// Looks at the state in the file `path` without changing it, damaged or not. `None` for a card never changed.
///
/// # Errors
/// The card is in use, the state is of a newer format, or the file can't be read.
pub fn inspect(path: &Path) -> Result<Option<Inspection>, StateError> {
    // Held so that nobody writes meanwhile. Where the directory can't be written nobody can do that anyway.
    let hold = FileMedium::hold(path);
    if let Err(error @ StateError::InUse { .. }) = hold {
        return Err(error);
    }
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
    FileMedium::hold(path)?.remove()
}

fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let length = fs::metadata(path)?.len();
    if length > format::LONGEST as u64 {
        return Err(io::Error::other("it is far longer than any state"));
    }
    fs::read(path).map(Zeroizing::new)
}

fn pins(state: &State) -> Vec<PinEntry> {
    let entry = |(object, pin): (&ObjectId, &crate::store::PinState)| PinEntry {
        object: *object,
        tries_left: pin.tries_left,
        changed: pin.value.is_some(),
    };
    state.pins.iter().map(entry).collect()
}
