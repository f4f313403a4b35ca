//! The tables of version 2 for contents of files and for keys made on the card.

use std::collections::BTreeSet;

use redb::{ReadTransaction, ReadableTable, TableDefinition, WriteTransaction};

use super::{damaged, key, object, open};
use crate::declaration::PrivateKey;
use crate::state::error::StoreErrorKind;
use crate::state::store::{Change, State};
use vmyna_apdu::Aid;

const FILES: TableDefinition<&[u8], &[u8]> = TableDefinition::new("file contents");
const RECORDS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("file records");
const KEYS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("private keys");

/// Writes a change of a file or key; nothing for another one.
pub(super) fn put(transaction: &WriteTransaction, change: &Change) -> Result<(), StoreErrorKind> {
    match change {
        Change::FileContent { object, content } => {
            let mut files = transaction.open_table(FILES)?;
            files.insert(&key(object)[..], content.as_bytes())?;
        }
        Change::Record {
            object,
            number,
            content,
        } => {
            let key = [&key(object)[..], &[*number]].concat();
            let mut records = transaction.open_table(RECORDS)?;
            records.insert(&key[..], content.as_bytes())?;
        }
        Change::Key {
            object,
            key: private_key,
        } => {
            let mut keys = transaction.open_table(KEYS)?;
            keys.insert(&key(object)[..], private_key.as_pkcs8_der())?;
        }
        _ => {}
    }
    Ok(())
}

/// Removes what the state keeps of these applications.
pub(super) fn drop_of(transaction: &WriteTransaction, applications: &BTreeSet<Aid>) -> Result<(), StoreErrorKind> {
    let kept = |key: &[u8]| object(key).map_or(true, |object| !applications.contains(&object.aid));
    transaction.open_table(FILES)?.retain(|key, _| kept(key))?;
    transaction.open_table(KEYS)?.retain(|key, _| kept(key))?;
    let kept = |key: &[u8]| key.split_last().is_none_or(|(_, key)| kept(key));
    transaction.open_table(RECORDS)?.retain(|key, _| kept(key))?;
    Ok(())
}

/// Reads the tables into the state.
pub(super) fn read(transaction: &ReadTransaction, state: &mut State) -> Result<(), StoreErrorKind> {
    let mut take = |change: Change| {
        change
            .check()
            .map_err(|_| damaged("a file, record or key has a length that none can have"))?;
        state.apply(&change);
        Ok::<_, StoreErrorKind>(())
    };
    if let Some(files) = open(transaction, FILES)? {
        for entry in files.iter()? {
            let (at, content) = entry?;
            take(Change::FileContent {
                object: object(at.value())?,
                content: content.value().to_vec().into(),
            })?;
        }
    }
    if let Some(records) = open(transaction, RECORDS)? {
        for entry in records.iter()? {
            let (at, content) = entry?;
            let (number, at) = at
                .value()
                .split_last()
                .ok_or_else(|| damaged("a record has no number"))?;
            take(Change::Record {
                object: object(at)?,
                number: *number,
                content: content.value().to_vec().into(),
            })?;
        }
    }
    if let Some(keys) = open(transaction, KEYS)? {
        for entry in keys.iter()? {
            let (at, key) = entry?;
            take(Change::Key {
                object: object(at.value())?,
                key: PrivateKey::from_pkcs8_der(key.value()),
            })?;
        }
    }
    Ok(())
}
