//! What changes in a card: by use values and counters of PINs, contents of files and keys made on the card, and by an
//! authority's operation also everything else that it holds. What no change has touched is as it was issued.
//!
//! A [`Store`] keeps it. Nothing above the trait may assume a file. The card works on a copy in memory that changes only
//! after the store has taken the change.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use super::contents::{self, Contents};
use super::error::StoreError;
use crate::declaration::{Content, ObjectId, Pin, PrivateKey, ReferenceData};
use vmyna_apdu::Aid;

/// One atomic change of the state. `Debug` shows no value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Change {
    /// A PIN has this many tries left.
    PinTries {
        /// The PIN.
        object: ObjectId,
        /// Tries left.
        tries_left: u8,
    },
    /// A PIN has a new value.
    PinValue {
        /// The PIN.
        object: ObjectId,
        /// The value.
        value: ReferenceData,
    },
    /// A transparent EF has this content, the whole of it.
    FileContent {
        /// The file.
        object: ObjectId,
        /// The content, at most 32,768 bytes.
        content: Content,
    },
    /// A file of records has this record.
    Record {
        /// The file.
        object: ObjectId,
        /// The number of the record, 1 to 254.
        number: u8,
        /// The record, at most 65,533 bytes.
        content: Content,
    },
    /// A key was made on the card.
    Key {
        /// The key's file.
        object: ObjectId,
        /// The key.
        key: PrivateKey,
    },
    /// Every PIN is as the card's record has it, or as it was issued where there is none: values, unset ones, tries. Files
    /// and keys stay.
    PinsAsRecorded,
    /// An operation of an authority replaces contents, PINs or both.
    Replacement(Replacement),
}

impl Change {
    /// Whether a state can hold it.
    ///
    /// # Errors
    /// What no card can have.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match self {
            Self::Replacement(replacement) => replacement.check(),
            Self::FileContent { content, .. } => contents::check_file(content.as_bytes()),
            Self::Record { number, content, .. } => contents::check_record(*number, content.as_bytes()),
            Self::Key { key, .. } => contents::check_key(key.as_pkcs8_der()),
            Self::PinTries { .. } | Self::PinValue { .. } | Self::PinsAsRecorded => Ok(()),
        }
        .map_err(StoreError::other)
    }
}

/// What one operation of an authority changes in a card. `Debug` shows neither the record nor a PIN.
#[derive(Clone)]
#[non_exhaustive]
pub struct Replacement {
    /// The number of the operation. A state that holds this number as its last one does not change again.
    pub operation: [u8; 16],
    /// The record of the card from now on, 1 byte to [`Replacement::LONGEST_RECORD`]: everything that the card declares. It is
    /// opaque here. `None`: the contents stay.
    pub record: Option<Zeroizing<Vec<u8>>>,
    /// Applications that were installed or removed. The state keeps nothing of them: no PIN, file or key.
    pub dropped: BTreeSet<Aid>,
    /// The PINs that change. Every other one keeps its value and its tries.
    pub pins: BTreeMap<ObjectId, PinReplacement>,
}

/// What a PIN becomes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PinReplacement {
    /// As the card's record has it, or as it was issued where there is none: its value or none, and its tries.
    AsRecorded,
    /// This value, with so many tries (0 to 15, and never more than the PIN can have), whether the PIN was blocked, unset or
    /// neither. [`PinReplacement::with_all_tries`] makes it.
    Value(ReferenceData, u8),
}

impl Replacement {
    /// The longest record, in bytes.
    pub const LONGEST_RECORD: usize = 1 << 20;

    /// An operation with this number, which changes nothing yet.
    pub const fn new(operation: [u8; 16]) -> Self {
        Self {
            operation,
            record: None,
            dropped: BTreeSet::new(),
            pins: BTreeMap::new(),
        }
    }

    /// Whether a state can hold it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let record = self.record.as_ref();
        if record.is_some_and(|record| !(1..=Self::LONGEST_RECORD).contains(&record.len())) {
            return Err("the record of the card has a length that none can have");
        }
        let possible = |pin: &PinReplacement| match pin {
            PinReplacement::AsRecorded => true,
            PinReplacement::Value(value, tries) => can_be_kept(value.as_bytes()) && *tries <= MOST_TRIES,
        };
        match self.pins.values().all(possible) {
            true => Ok(()),
            false => Err("a PIN has a length or tries that none can have"),
        }
    }
}

/// The most tries that a counter can have.
pub(super) const MOST_TRIES: u8 = 15;

/// Whether the value of a PIN can have this length.
pub(super) fn can_be_kept(value: &[u8]) -> bool {
    (1..=ReferenceData::MAX).contains(&value.len())
}

impl PinReplacement {
    /// This value, with all tries that the PIN can have by its declaration.
    pub fn with_all_tries(value: ReferenceData, pin: &Pin) -> Self {
        Self::Value(value, pin.max_tries.unwrap_or(MOST_TRIES))
    }
}

impl fmt::Debug for Replacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replacement")
            .field("operation", &self.operation)
            .field("record", &self.record.as_ref().map(|record| Length(record.len())))
            .field("dropped", &self.dropped)
            .field("pins", &self.pins)
            .finish()
    }
}

/// The length of what `Debug` does not show.
struct Length(usize);

impl fmt::Debug for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0)
    }
}

/// The difference between a card in use and the card as issued. `Debug` shows neither the record nor a PIN.
#[derive(Clone, Default)]
pub struct State {
    pub(super) pins: BTreeMap<ObjectId, PinState>,
    pub(super) contents: Contents,
    record: Option<Zeroizing<Vec<u8>>>,
    operation: Option<[u8; 16]>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct PinState {
    pub(super) tries_left: Option<u8>,
    pub(super) value: Option<ReferenceData>,
}

impl State {
    /// Takes a change in. The operation that the state took in last changes nothing.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::PinTries { object, tries_left } => {
                self.pins.entry(*object).or_default().tries_left = Some(*tries_left);
            }
            Change::PinValue { object, value } => {
                self.pins.entry(*object).or_default().value = Some(value.clone());
            }
            Change::FileContent { object, content } => self.contents.set_file(*object, content),
            Change::Record {
                object,
                number,
                content,
            } => self.contents.set_record(*object, *number, content),
            Change::Key { object, key } => self.contents.set_key(*object, key),
            Change::PinsAsRecorded => self.pins.clear(),
            Change::Replacement(replacement) => self.replace(replacement),
        }
    }

    fn replace(&mut self, replacement: &Replacement) {
        if self.operation == Some(replacement.operation) {
            return;
        }
        self.operation = Some(replacement.operation);
        if let Some(record) = &replacement.record {
            self.record = Some(record.clone());
        }
        self.pins.retain(|object, _| !replacement.dropped.contains(&object.aid));
        self.contents.drop_of(&replacement.dropped);
        for (object, pin) in &replacement.pins {
            match pin {
                PinReplacement::AsRecorded => self.pins.remove(object),
                PinReplacement::Value(value, tries) => self.pins.insert(
                    *object,
                    PinState {
                        tries_left: Some(*tries),
                        value: Some(value.clone()),
                    },
                ),
            };
        }
    }

    /// Whether the card has memory for a change of a file or key. There is always memory for another one.
    pub(super) fn has_room_for(&self, change: &Change) -> bool {
        let more = match change {
            Change::FileContent { content, .. } | Change::Record { content, .. } => content.as_bytes().len(),
            Change::Key { key, .. } => key.as_pkcs8_der().len(),
            Change::PinTries { .. } | Change::PinValue { .. } | Change::PinsAsRecorded | Change::Replacement(_) => {
                return true;
            }
        };
        self.contents.has_room_for(more)
    }

    /// Whether it has a value for this PIN.
    pub(crate) fn has_value(&self, pin: ObjectId) -> bool {
        self.pins.get(&pin).is_some_and(|pin| pin.value.is_some())
    }

    /// Whether no change has touched it.
    pub fn is_as_issued(&self) -> bool {
        self.pins.is_empty() && self.contents.is_empty() && self.operation.is_none()
    }

    /// The record of the card as it is now; `None` if its contents are as issued.
    pub fn record(&self) -> Option<&[u8]> {
        self.record.as_ref().map(|record| &record[..])
    }

    /// The files that commands have changed: with another content than the declared one, or with a key made on the card.
    pub fn changed_contents(&self) -> BTreeSet<ObjectId> {
        let (mut files, mut keys) = self.contents.objects();
        files.append(&mut keys);
        files
    }

    /// The number of the last operation that replaced something.
    pub const fn operation(&self) -> Option<[u8; 16]> {
        self.operation
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("pins", &self.pins)
            .field("contents", &self.contents)
            .field("record", &self.record().map(|record| Length(record.len())))
            .field("operation", &self.operation)
            .finish()
    }
}

/// Where the state of one card is kept.
pub trait Store {
    /// The state as last committed; empty for a card never used.
    ///
    /// # Errors
    /// The state can't be read: the card can't be used.
    fn load(&mut self) -> Result<State, StoreError>;

    /// Makes a change permanent. It is on stable storage when this returns `Ok`, and has not happened on `Err`.
    ///
    /// # Errors
    /// The change could not be kept. After a failure that leaves the storage in doubt every further call fails as well.
    fn commit(&mut self, change: &Change) -> Result<(), StoreError>;

    /// Drops all changes: the card is as it was issued, and is so on stable storage when this returns `Ok`.
    ///
    /// # Errors
    /// It was not done, or may not last: then every further call fails as well.
    fn reset(&mut self) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests;
