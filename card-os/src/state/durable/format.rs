//! The format of a state: tables, their keys and values, and the version.
//!
//! | table | key | value |
//! |---|---|---|
//! | `format` | `"state"` | version of the format, [`VERSION`] |
//! | `card` | `"identity"` | 32 bytes: the issued card that the state belongs to |
//! | `pin tries` | AID (1 to 16 bytes), file identifier (2 bytes, big-endian) | tries left, 0 to 15 |
//! | `pin values` | the same | the PIN, 1 to 16 bytes |
//!
//! `format` stays as it is in every later version, so that each version can read which one it has. A new table (changed
//! files, life-cycle) is a new version.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fmt, io};

use redb::{
    Builder, Database, Durability, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition, WriteTransaction,
};
use zeroize::Zeroizing;

use super::error::damaged;
use super::quiet;
use crate::declaration::{ObjectId, ReferenceData};
use crate::state::error::StoreErrorKind;
use crate::state::store::{Change, State};
use vmyna_apdu::{Aid, FileId};

/// The version of the format that this module writes, and the newest it reads.
pub(super) const VERSION: u32 = 1;
/// No state is longer, in bytes: a new one has 72 KiB.
pub(super) const LONGEST: usize = 64 << 20;
/// Memory for pages of one card, in bytes; the library's own choice is 1 GiB.
const CACHE: usize = 1 << 20;

const FORMAT: TableDefinition<&str, u32> = TableDefinition::new("format");
const CARD: TableDefinition<&str, &[u8]> = TableDefinition::new("card");
const PIN_TRIES: TableDefinition<&[u8], u8> = TableDefinition::new("pin tries");
const PIN_VALUES: TableDefinition<&[u8], &[u8]> = TableDefinition::new("pin values");

/// The version of a state and the card that it belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) format: u32,
    pub(super) identity: [u8; 32],
}

pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE);
    builder
}

/// Writes the first change of a card.
pub(super) fn begin(database: &Database, identity: &[u8; 32], change: &Change) -> Result<(), StoreErrorKind> {
    write(database, |transaction| {
        transaction.open_table(FORMAT)?.insert("state", VERSION)?;
        transaction.open_table(CARD)?.insert("identity", &identity[..])?;
        transaction.open_table(PIN_TRIES)?;
        transaction.open_table(PIN_VALUES)?;
        put(transaction, change)
    })
}

/// Writes a change.
pub(super) fn commit(database: &Database, change: &Change) -> Result<(), StoreErrorKind> {
    write(database, |transaction| put(transaction, change))
}

fn write(
    database: &Database,
    work: impl FnOnce(&WriteTransaction) -> Result<(), StoreErrorKind>,
) -> Result<(), StoreErrorKind> {
    // While a reader of the state before exists, the library frees no pages after the commit, which would write one page
    // more. The next commit reuses the pages that this one frees.
    let _reader = database.begin_read()?;
    let mut transaction = database.begin_write()?;
    // The default, set here because durability depends on it.
    transaction
        .set_durability(Durability::Immediate)
        .map_err(|error| StoreErrorKind::Damaged(error.to_string()))?;
    work(&transaction)?;
    Ok(transaction.commit()?)
}

fn put(transaction: &WriteTransaction, change: &Change) -> Result<(), StoreErrorKind> {
    match change {
        Change::PinTries { object, tries_left } => {
            transaction
                .open_table(PIN_TRIES)?
                .insert(&key(object)[..], tries_left)?;
        }
        Change::PinValue { object, value } => {
            transaction
                .open_table(PIN_VALUES)?
                .insert(&key(object)[..], value.as_bytes())?;
        }
    }
    Ok(())
}

/// Reads the state, which [`examine`] has found sound.
pub(super) fn read_state(database: &Database) -> Result<State, StoreErrorKind> {
    let transaction = database.begin_read()?;
    let mut state = State::default();
    for entry in transaction.open_table(PIN_TRIES)?.iter()? {
        let (at, tries) = entry?;
        let tries_left = tries.value();
        if tries_left > 15 {
            return Err(damaged("a PIN has more tries than any can have"));
        }
        state.apply(&Change::PinTries {
            object: object(at.value())?,
            tries_left,
        });
    }
    for entry in transaction.open_table(PIN_VALUES)?.iter()? {
        let (at, value) = entry?;
        let value = value.value();
        if !(1..=ReferenceData::MAX).contains(&value.len()) {
            return Err(damaged("a PIN has a length that none can have"));
        }
        state.apply(&Change::PinValue {
            object: object(at.value())?,
            value: ReferenceData::new(value),
        });
    }
    Ok(state)
}

fn read_head(database: &Database) -> Result<Head, StoreErrorKind> {
    let missing = || damaged("it does not say what it is");
    let transaction = database.begin_read()?;
    let format = transaction
        .open_table(FORMAT)?
        .get("state")?
        .ok_or_else(missing)?
        .value();
    match format {
        0 => return Err(missing()),
        1..=VERSION => {}
        _ => return Err(StoreErrorKind::Newer { format, known: VERSION }),
    }
    let identity = transaction.open_table(CARD)?.get("identity")?.ok_or_else(missing)?;
    let identity = identity.value().try_into().map_err(|_| missing())?;
    Ok(Head { format, identity })
}

/// Checks every byte of a state that counts, and reads it. Works on a copy in memory, so that the library repairs and
/// damages only the copy.
pub(super) fn examine(bytes: &[u8]) -> Result<(Head, State), StoreErrorKind> {
    read_copy(bytes, true)
}

/// Reads as much as possible of a state that [`examine`] has refused. Nothing of it is reliable.
pub(super) fn salvage(bytes: &[u8]) -> Result<(Head, State), StoreErrorKind> {
    read_copy(bytes, false)
}

fn read_copy(bytes: &[u8], check: bool) -> Result<(Head, State), StoreErrorKind> {
    if bytes.is_empty() {
        // The library would make a new database of it.
        return Err(damaged("it is empty"));
    }
    let copy = MemoryCopy(Mutex::new(Zeroizing::new(bytes.to_vec())));
    // The library may panic on a damaged file. Database and copy end in the closure, so that nothing of it is used again.
    // Bytes that passed here don't make it panic later, so that no later call is guarded.
    quiet::attempt(|| {
        let database = builder().set_check_integrity_on_open(check).create_with_backend(copy)?;
        Ok((read_head(&database)?, read_state(&database)?))
    })
    .unwrap_or_else(|| Err(damaged("it contradicts itself")))
    .map_err(|kind| match kind {
        // A copy has no device under it: bytes that can't be read are missing.
        StoreErrorKind::Io(io) | StoreErrorKind::NotAFile(io) | StoreErrorKind::Moved(io) => {
            StoreErrorKind::Damaged(io.error.to_string())
        }
        other => other,
    })
}

fn key(object: &ObjectId) -> Vec<u8> {
    [object.aid.as_bytes(), &object.file.value().to_be_bytes()].concat()
}

fn object(key: &[u8]) -> Result<ObjectId, StoreErrorKind> {
    let split = key.split_last_chunk::<2>();
    split
        .and_then(|(aid, file)| {
            Some(ObjectId {
                aid: Aid::new(aid)?,
                file: FileId::new(u16::from_be_bytes(*file)),
            })
        })
        .ok_or_else(|| damaged("it names a file that no card can have"))
}

/// A copy of a state. Zeroed when dropped; `Debug`, which the library requires, shows nothing of it.
struct MemoryCopy(Mutex<Zeroizing<Vec<u8>>>);

impl MemoryCopy {
    fn bytes(&self) -> MutexGuard<'_, Zeroizing<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The range of `count` bytes from `offset`, or an error if it ends behind `length`.
    fn range(offset: u64, count: usize, length: usize) -> io::Result<std::ops::Range<usize>> {
        usize::try_from(offset)
            .ok()
            .and_then(|start| Some(start..start.checked_add(count)?))
            .filter(|range| range.end <= length)
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

impl fmt::Debug for MemoryCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryCopy")
    }
}

impl StorageBackend for MemoryCopy {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let bytes = self.bytes();
        let range = Self::range(offset, out.len(), bytes.len())?;
        out.copy_from_slice(&bytes[range]);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).ok().filter(|length| *length <= LONGEST);
        let length = length.ok_or(io::ErrorKind::InvalidData)?;
        self.bytes().resize(length, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut bytes = self.bytes();
        let range = Self::range(offset, data.len(), bytes.len())?;
        bytes[range].copy_from_slice(data);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: [u8; 32] = [0x11; 32];

    fn pin() -> ObjectId {
        ObjectId {
            aid: Aid::new(&[0xD3, 0x92]).unwrap(),
            file: FileId::new(0x18),
        }
    }

    fn tries(tries_left: u8) -> Change {
        Change::PinTries {
            object: pin(),
            tries_left,
        }
    }

    fn value(length: usize) -> Change {
        Change::PinValue {
            object: pin(),
            value: ReferenceData::new(&vec![b'1'; length]),
        }
    }

    fn in_memory() -> Database {
        let copy = MemoryCopy(Mutex::new(Zeroizing::new(Vec::new())));
        builder().create_with_backend(copy).unwrap()
    }

    #[test]
    fn a_state_is_read_back_and_impossible_values_are_refused() {
        for (change, possible) in [
            (tries(0), true),
            (tries(15), true),
            (tries(16), false),
            (value(0), false),
            (value(1), true),
            (value(16), true),
            (value(17), false),
        ] {
            let database = in_memory();
            begin(&database, &IDENTITY, &tries(3)).unwrap();
            commit(&database, &change).unwrap();
            assert_eq!(read_state(&database).is_ok(), possible, "{change:?}");
        }
        let database = in_memory();
        begin(&database, &IDENTITY, &tries(3)).unwrap();
        commit(&database, &tries(2)).unwrap();
        assert_eq!(read_state(&database).unwrap().pins[&pin()].tries_left, Some(2));
        let head = read_head(&database).unwrap();
        assert_eq!((head.format, head.identity), (VERSION, IDENTITY));
    }

    #[test]
    fn no_version_is_damage_and_a_newer_one_is_named() {
        for (format, newer) in [(0, false), (VERSION + 1, true), (u32::MAX, true)] {
            let database = in_memory();
            begin(&database, &IDENTITY, &tries(3)).unwrap();
            let transaction = database.begin_write().unwrap();
            transaction.open_table(FORMAT).unwrap().insert("state", format).unwrap();
            transaction.commit().unwrap();
            match read_head(&database) {
                Err(StoreErrorKind::Newer { format: found, .. }) => assert!(newer && found == format, "{format}"),
                Err(StoreErrorKind::Damaged(_)) => assert!(!newer, "{format}"),
                other => panic!("version {format}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_copy_in_memory_has_the_set_length_and_shows_nothing() {
        let copy = MemoryCopy(Mutex::new(Zeroizing::new(b"1234".to_vec())));
        assert_eq!(format!("{copy:?}"), "MemoryCopy");
        copy.set_len(6).unwrap();
        copy.write(4, b"56").unwrap();
        let mut all = [0; 6];
        copy.read(0, &mut all).unwrap();
        assert_eq!((&all, copy.len().unwrap()), (b"123456", 6));
        assert!(copy.write(5, b"78").is_err() && copy.read(1, &mut all).is_err());
        copy.set_len(2).unwrap();
        assert_eq!(copy.len().unwrap(), 2);
        copy.set_len(LONGEST as u64).unwrap();
        assert!(copy.set_len(LONGEST as u64 + 1).is_err());
    }
}
