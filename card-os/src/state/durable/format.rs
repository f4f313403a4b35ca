//! The format of a state: tables, their keys and values, and the version.
//!
//! | table | key | value |
//! |---|---|---|
//! | `format` | `"state"` | version of the format: 1 or 2 |
//! | `card` | `"identity"` | 32 bytes: the issued card that the state belongs to |
//! | `pin tries` | AID (1 to 16 bytes), file identifier (2 bytes, big-endian) | tries left, 0 to 15 |
//! | `pin values` | the same | the PIN, 1 to 16 bytes |
//! | `record` (version 2) | `"card"` | the record of the card as it is now, 1 byte to 1 MiB; absent if the contents are as issued |
//! | `operation` (version 2) | `"last"` | 16 bytes: the number of the last operation that replaced something; absent if none did |
//! | `file contents` (version 2) | AID, file identifier | the content of a transparent EF, 1 to 32,768 bytes |
//! | `file records` (version 2) | AID, file identifier, number (1 byte, 1 to 254) | the record, 1 to 65,533 bytes |
//! | `private keys` (version 2) | AID, file identifier | the key made on the card, PKCS#8 DER of 1 to 4,096 bytes |
//!
//! `format` stays as it is in every later version, so that each version can read which one it has. A new table (life-cycle) is
//! a new version. A state is version 1 until its first replacement, or its first change of a file or key, which makes it
//! version 2 in the same transaction; a program that knows version 1 alone can use it until then. A table of version 2 that
//! is not there is empty.

mod contents;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fmt, io};

use redb::{
    Builder, Database, Durability, Key, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable,
    StorageBackend, TableDefinition, TableError, Value, WriteTransaction,
};
use zeroize::Zeroizing;

use super::error::damaged;
use super::quiet;
use crate::declaration::{ObjectId, ReferenceData};
use crate::state::error::StoreErrorKind;
use crate::state::store::{Change, MOST_TRIES, PinReplacement, Replacement, State, can_be_kept};
use vmyna_apdu::{Aid, FileId};

/// The newest version of the format that this module reads, and writes once something was replaced or a file changed.
pub(super) const VERSION: u32 = 2;
/// The version of a state in which only PINs have changed.
const PINS_ALONE: u32 = 1;
/// No state is longer, in bytes: a new one has 72 KiB. One with the longest record, and with as many contents of files as a
/// card keeps, has less than half of this. The library stores a value in a power of two of bytes, and a new one beside the
/// old one.
pub(super) const LONGEST: usize = 64 << 20;
/// Memory for pages of one card, in bytes; the library's own choice is 1 GiB.
const CACHE: usize = 1 << 20;

const FORMAT: TableDefinition<&str, u32> = TableDefinition::new("format");
const CARD: TableDefinition<&str, &[u8]> = TableDefinition::new("card");
const PIN_TRIES: TableDefinition<&[u8], u8> = TableDefinition::new("pin tries");
const PIN_VALUES: TableDefinition<&[u8], &[u8]> = TableDefinition::new("pin values");
const RECORD: TableDefinition<&str, &[u8]> = TableDefinition::new("record");
const OPERATION: TableDefinition<&str, &[u8]> = TableDefinition::new("operation");

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
        transaction.open_table(FORMAT)?.insert("state", PINS_ALONE)?;
        transaction.open_table(CARD)?.insert("identity", &identity[..])?;
        transaction.open_table(PIN_TRIES)?;
        transaction.open_table(PIN_VALUES)?;
        put(transaction, change)
    })
}

/// Writes a change.
pub(super) fn commit(database: &Database, change: &Change) -> Result<(), StoreErrorKind> {
    if let Change::Replacement(replacement) = change
        && last_operation(database)? == Some(replacement.operation)
    {
        return Ok(());
    }
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
        Change::FileContent { .. } | Change::Record { .. } | Change::Key { .. } => {
            transaction.open_table(FORMAT)?.insert("state", VERSION)?;
            contents::put(transaction, change)?;
        }
        Change::PinsAsRecorded => {
            transaction.open_table(PIN_TRIES)?.retain(|_, _| false)?;
            transaction.open_table(PIN_VALUES)?.retain(|_, _| false)?;
        }
        Change::Replacement(replacement) => replace(transaction, replacement)?,
    }
    Ok(())
}

fn replace(transaction: &WriteTransaction, replacement: &Replacement) -> Result<(), StoreErrorKind> {
    transaction.open_table(FORMAT)?.insert("state", VERSION)?;
    let mut records = transaction.open_table(RECORD)?;
    if let Some(record) = &replacement.record {
        records.insert("card", &record[..])?;
    }
    let mut operations = transaction.open_table(OPERATION)?;
    operations.insert("last", &replacement.operation[..])?;
    let mut tries = transaction.open_table(PIN_TRIES)?;
    let mut values = transaction.open_table(PIN_VALUES)?;
    if !replacement.dropped.is_empty() {
        let kept = |key: &[u8]| object(key).map_or(true, |object| !replacement.dropped.contains(&object.aid));
        tries.retain(|key, _| kept(key))?;
        values.retain(|key, _| kept(key))?;
        contents::drop_of(transaction, &replacement.dropped)?;
    }
    for (object, pin) in &replacement.pins {
        let key = &key(object)[..];
        match pin {
            PinReplacement::AsRecorded => {
                tries.remove(key)?;
                values.remove(key)?;
            }
            PinReplacement::Value(value, tries_left) => {
                tries.insert(key, tries_left)?;
                values.insert(key, value.as_bytes())?;
            }
        }
    }
    Ok(())
}

/// The last operation; `None` for a state in which nothing was replaced.
fn last_operation(database: &Database) -> Result<Option<[u8; 16]>, StoreErrorKind> {
    let transaction = database.begin_read()?;
    read_operation(&transaction)
}

fn read_operation(transaction: &ReadTransaction) -> Result<Option<[u8; 16]>, StoreErrorKind> {
    let Some(table) = open(transaction, OPERATION)? else {
        return Ok(None);
    };
    let unnamed = || damaged("it does not name the operation that replaced something");
    let operation = table.get("last")?.ok_or_else(unnamed)?;
    operation.value().try_into().map(Some).map_err(|_| unnamed())
}

/// A table that may not be there.
fn open<K: Key, V: Value>(
    transaction: &ReadTransaction,
    table: TableDefinition<'_, K, V>,
) -> Result<Option<ReadOnlyTable<K, V>>, StoreErrorKind> {
    match transaction.open_table(table) {
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        table => Ok(Some(table?)),
    }
}

/// Reads the state, which [`examine`] has found sound.
pub(super) fn read_state(database: &Database) -> Result<State, StoreErrorKind> {
    let transaction = database.begin_read()?;
    let mut state = State::default();
    if format_of(&transaction)? > PINS_ALONE {
        if let Some(operation) = read_operation(&transaction)? {
            let mut replacement = Replacement::new(operation);
            let record = transaction.open_table(RECORD)?.get("card")?;
            replacement.record = record.map(|record| Zeroizing::new(record.value().to_vec()));
            replacement.check().map_err(damaged)?;
            state.apply(&Change::Replacement(replacement));
        }
        contents::read(&transaction, &mut state)?;
    }
    for entry in transaction.open_table(PIN_TRIES)?.iter()? {
        let (at, tries) = entry?;
        let tries_left = tries.value();
        if tries_left > MOST_TRIES {
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
        if !can_be_kept(value) {
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
    let transaction = database.begin_read()?;
    let format = format_of(&transaction)?;
    let identity = transaction.open_table(CARD)?.get("identity")?.ok_or_else(no_head)?;
    let identity = identity.value().try_into().map_err(|_| no_head())?;
    Ok(Head { format, identity })
}

fn format_of(transaction: &ReadTransaction) -> Result<u32, StoreErrorKind> {
    let format = transaction.open_table(FORMAT)?.get("state")?.ok_or_else(no_head)?;
    match format.value() {
        0 => Err(no_head()),
        format @ 1..=VERSION => Ok(format),
        format => Err(StoreErrorKind::Newer { format, known: VERSION }),
    }
}

fn no_head() -> StoreErrorKind {
    damaged("it does not say what it is")
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
mod tests;
