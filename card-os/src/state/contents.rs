//! The contents of files that commands have changed, and the keys that the card has made. `Debug` shows which, and no content.

use std::collections::{BTreeMap, BTreeSet};

use crate::declaration::{Content, MAX_RECORD, MAX_TRANSPARENT, MOST_RECORDS, ObjectId, PrivateKey};
use vmyna_apdu::Aid;

/// The longest private key, as PKCS#8. One of RSA-3072 has fewer than 1,900 bytes.
const LONGEST_KEY: usize = 4096;
/// The most that the state of a card keeps of files and keys, in bytes, with [`ENTRY`] for each. The store's file stays below
/// its longest length therefore.
const MOST_KEPT: usize = 4 << 20;
/// What an entry takes beside its bytes.
const ENTRY: usize = 64;

/// Whether the content of a transparent EF can have this length.
pub(super) fn check_file(content: &[u8]) -> Result<(), &'static str> {
    match content.len() {
        1..=MAX_TRANSPARENT => Ok(()),
        _ => Err("a file has a length that none can have"),
    }
}

/// Whether there can be such a record.
pub(super) fn check_record(number: u8, content: &[u8]) -> Result<(), &'static str> {
    match (number, content.len()) {
        (1..=MOST_RECORDS, 1..=MAX_RECORD) => Ok(()),
        _ => Err("a record has a number or a length that none can have"),
    }
}

/// Whether a private key can have this length.
pub(super) fn check_key(key: &[u8]) -> Result<(), &'static str> {
    match key.len() {
        1..=LONGEST_KEY => Ok(()),
        _ => Err("a key has a length that none can have"),
    }
}

/// What use has changed beside PINs.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    files: BTreeMap<ObjectId, Content>,
    records: BTreeMap<(ObjectId, u8), Content>,
    keys: BTreeMap<ObjectId, PrivateKey>,
}

impl Contents {
    pub(super) fn file(&self, object: ObjectId) -> Option<&[u8]> {
        self.files.get(&object).map(Content::as_bytes)
    }

    pub(super) fn record(&self, object: ObjectId, number: u8) -> Option<&[u8]> {
        self.records.get(&(object, number)).map(Content::as_bytes)
    }

    pub(super) fn key(&self, object: ObjectId) -> Option<&PrivateKey> {
        self.keys.get(&object)
    }

    /// The files with another content than the declared one, and the files with keys made on the card.
    pub(super) fn objects(&self) -> (BTreeSet<ObjectId>, BTreeSet<ObjectId>) {
        let of_records = self.records.keys().map(|(object, _)| object);
        let files = self.files.keys().chain(of_records).copied().collect();
        (files, self.keys.keys().copied().collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.records.is_empty() && self.keys.is_empty()
    }

    pub(super) fn set_file(&mut self, object: ObjectId, content: &Content) {
        self.files.insert(object, content.clone());
    }

    pub(super) fn set_record(&mut self, object: ObjectId, number: u8, content: &Content) {
        self.records.insert((object, number), content.clone());
    }

    pub(super) fn set_key(&mut self, object: ObjectId, key: &PrivateKey) {
        self.keys.insert(object, key.clone());
    }

    /// Keeps nothing of these applications.
    pub(super) fn drop_of(&mut self, applications: &BTreeSet<Aid>) {
        self.files.retain(|object, _| !applications.contains(&object.aid));
        self.records
            .retain(|(object, _), _| !applications.contains(&object.aid));
        self.keys.retain(|object, _| !applications.contains(&object.aid));
    }

    /// Whether so many bytes more, of one file, record or key, fit beside the others. What they replace is counted as well.
    pub(super) fn has_room_for(&self, more: usize) -> bool {
        let contents = self.files.values().chain(self.records.values());
        let contents = contents.map(|content| content.as_bytes().len());
        let keys = self.keys.values().map(|key| key.as_pkcs8_der().len());
        let kept: usize = contents.chain(keys).map(|length| length + ENTRY).sum();
        kept + more + ENTRY <= MOST_KEPT
    }
}
