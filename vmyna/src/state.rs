//! The place where an issued card keeps its state, and what other programs may ask about it.
//!
//! `FILE.state/NAME.redb` is the state of the card NAME of the image FILE; the first change creates it. If the variable
//! [`STATE_VARIABLE`] names a folder, the state is `NAME-IDENTITY.redb` there; IDENTITY is the beginning of the card's identity.
//! That path must be absolute, or a card would have a state in each working directory. Only the owner can enter the folder.
//! This module must never return the value of a PIN outside a record, nor use a folder into which another user can put something.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use vmyna_apdu::ShowPath as _;
use vmyna_apdu::hex;
use vmyna_applets::issued::{CardName, IssuedCard};
use vmyna_card_os::declaration::{ObjectId, Pin};
use vmyna_card_os::state::durable::{self, DurableStore, Inspection};
use vmyna_card_os::state::{Change, LockOwner, Replacement, State, Store as _, StoreError, StoreErrorKind};
use zeroize::Zeroizing;

use crate::contents;
use crate::control::{
    ControlError, RESET_PINS, RESET_STATE, ask_contents, ask_operation, ask_record, ask_replace, ask_reset, ask_tries,
};
use crate::error::Error;
use crate::folder::{self, STATE_VARIABLE};

/// How long a process that has closed its socket may take to end, and how often that is looked at.
const ENDING: Duration = Duration::from_secs(1);
const AGAIN: Duration = Duration::from_millis(10);

/// Where the state of one card is, and which card that is.
#[derive(Clone, Debug)]
pub struct StatePlace {
    path: PathBuf,
    name: CardName,
    /// Whether [`STATE_VARIABLE`] names the folder.
    named: bool,
    identity: [u8; 32],
}

/// The tries left of a card's PINs, and their source.
#[derive(Clone, Debug)]
pub struct Tries {
    left: BTreeMap<ObjectId, u8>,
    /// The PINs with another value than recorded or issued.
    changed: BTreeSet<ObjectId>,
    source: TriesSource,
}

/// The source of the tries left.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TriesSource {
    /// The card as issued: it was never changed, or keeps no state.
    Issued,
    /// The card's state at this path.
    State(PathBuf),
    /// The process that has the card in use.
    Owner(LockOwner),
}

/// How a card went back to the card as issued.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Reset {
    /// The state at this path was removed.
    Removed(PathBuf),
    /// The PINs in the state at this path are as in the card's record; the record stays.
    Pins(PathBuf),
    /// There was no state.
    WasAsIssued,
    /// The process that has the card in use did it. The card lost its power for a moment.
    ByOwner(LockOwner),
}

/// Where something in a card was replaced.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Replaced {
    /// In the state at this path.
    InState(PathBuf),
    /// The process that has the card in use did it. The card lost its power for a moment.
    ByOwner(LockOwner),
    /// Nowhere: this operation was the card's last one already.
    Already,
}

impl Tries {
    /// The tries of a card that keeps no state.
    #[must_use]
    pub const fn issued() -> Self {
        Self {
            left: BTreeMap::new(),
            changed: BTreeSet::new(),
            source: TriesSource::Issued,
        }
    }

    /// The tries left of a PIN; `None` if they are as issued.
    #[must_use]
    pub fn left(&self, pin: ObjectId) -> Option<u8> {
        self.left.get(&pin).copied()
    }

    /// How many tries a PIN has left now; `None` for one without limit. `object` has its value.
    #[must_use]
    pub fn left_of(&self, object: ObjectId, pin: &Pin) -> Option<u8> {
        let left = || self.left(object).unwrap_or(pin.tries_at_issue);
        pin.max_tries.map(|max| left().min(max))
    }

    /// Whether a PIN was issued without a value and has got none since.
    #[must_use]
    pub fn is_unset(&self, object: ObjectId, pin: &Pin) -> bool {
        pin.value.is_none() && !self.has_value(object)
    }

    /// Whether the PIN has got a value that is not the one of the card's record, or as issued: also one that was unset has a
    /// value then.
    #[must_use]
    pub fn has_value(&self, pin: ObjectId) -> bool {
        self.changed.contains(&pin)
    }

    /// The source of the figures.
    #[must_use]
    pub const fn source(&self) -> &TriesSource {
        &self.source
    }
}

impl StatePlace {
    /// The place of the state of a card of an image. `identity` distinguishes the issued card from every other one.
    ///
    /// # Errors
    /// [`Error::RelativeStateFolder`].
    pub fn of(image: &Path, name: &CardName, identity: [u8; 32]) -> Result<Self, Error> {
        let Some(folder) = std::env::var_os(STATE_VARIABLE).filter(|folder| !folder.is_empty()) else {
            return Ok(Self::beside(image, name, identity));
        };
        let folder = PathBuf::from(folder);
        match folder.is_relative() {
            true => Err(Error::RelativeStateFolder(folder)),
            false => Ok(Self::within(&folder, name, identity)),
        }
    }

    /// The place in a folder for the states of all cards.
    fn within(folder: &Path, name: &CardName, identity: [u8; 32]) -> Self {
        let (beginning, _) = identity.split_at(8);
        Self {
            path: folder.join(format!("{name}-{}.redb", hex::encode(beginning))),
            name: name.clone(),
            named: true,
            identity,
        }
    }

    /// The place beside the image, whatever [`STATE_VARIABLE`] names.
    #[must_use]
    pub fn beside(image: &Path, name: &CardName, identity: [u8; 32]) -> Self {
        // Symbolic links to an image lead to one state. A hard link is another image.
        let image = image.canonicalize().unwrap_or_else(|_| image.to_owned());
        let mut folder = image.into_os_string();
        folder.push(".state");
        Self {
            path: Path::new(&folder).join(format!("{name}.redb")),
            name: name.clone(),
            named: false,
            identity,
        }
    }

    /// Whether this is the place of a card beside this image.
    #[cfg(feature = "authority")]
    pub(crate) fn is_beside(&self, image: &Path) -> bool {
        self.path == Self::beside(image, &self.name, self.identity).path
    }

    /// The path of the state.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The identity of the card.
    #[must_use]
    pub const fn identity(&self) -> [u8; 32] {
        self.identity
    }

    /// Path, name of the card, whether [`STATE_VARIABLE`] names the folder, identity.
    pub(crate) const fn parts(&self) -> (&PathBuf, &CardName, bool, [u8; 32]) {
        (&self.path, &self.name, self.named, self.identity)
    }

    pub(crate) const fn from_parts(path: PathBuf, name: CardName, named: bool, identity: [u8; 32]) -> Self {
        Self {
            path,
            name,
            named,
            identity,
        }
    }

    /// Makes the folder of the state, if nothing is there, and refuses one that other users can write to.
    pub(crate) fn make_folder(&self) -> Result<(), Error> {
        folder::make_private(self.folder(), self.named)?;
        self.check_folder()?;
        Ok(())
    }

    /// Opens the state, and locks it until it is dropped.
    pub(crate) fn open(&self) -> Result<DurableStore, Error> {
        self.make_folder()?;
        Ok(DurableStore::open(&self.path, &self.identity)?)
    }

    /// The content of the state, without values of PINs; `None` for a card that was never changed.
    ///
    /// # Errors
    /// Another process uses the card, or its state can't be read.
    pub fn inspect(&self) -> Result<Option<Inspection>, Error> {
        // Without the folder there is no state in it.
        Ok(match self.check_folder()? {
            true => durable::inspect(&self.path)?,
            false => None,
        })
    }

    /// Removes the folder of the state if nothing is in it.
    #[cfg(feature = "authority")]
    pub(crate) fn remove_empty_folder(&self) {
        // A folder that is not empty stays.
        let _ = std::fs::remove_dir(self.folder());
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Refuses a folder that other users can write to; returns whether there is one.
    pub(crate) fn check_folder(&self) -> Result<bool, Error> {
        Ok(folder::check_private(self.folder(), self.named)?)
    }

    /// The tries left of the card's PINs, from its state or from the process that has the card in use.
    ///
    /// # Errors
    /// The state can't be used, or that process does not answer.
    pub fn tries(&self) -> Result<Tries, Error> {
        let from_state = || self.inspect().map(Ok);
        let from_owner = |owner: &LockOwner| {
            let (left, changed) = ask_tries(owner, &self.identity)?;
            let source = TriesSource::Owner(owner.clone());
            Ok(Err(Tries { left, changed, source }))
        };
        let inspection = match self.here_or_by_the_owner(from_state, from_owner)? {
            Err(tries) => return Ok(tries),
            Ok(None) => return Ok(Tries::issued()),
            Ok(Some(inspection)) => inspection,
        };
        let place = || self.path.shown().to_string();
        if let Some(what) = inspection.damage {
            return Err(StoreErrorKind::Damaged(what).at(place()).into());
        }
        if inspection.head.is_some_and(|(_, card)| card != self.identity) {
            return Err(StoreErrorKind::OtherCard.at(place()).into());
        }
        let left = inspection
            .pins
            .iter()
            .filter_map(|pin| Some((pin.object, pin.tries_left?)));
        let changed = inspection.pins.iter().filter(|pin| pin.changed);
        Ok(Tries {
            left: left.collect(),
            changed: changed.map(|pin| pin.object).collect(),
            source: TriesSource::State(self.path.clone()),
        })
    }

    /// The number of the last operation that replaced something in the card, from its state or from the process that has the
    /// card in use.
    ///
    /// # Errors
    /// The state can't be used, or that process does not answer.
    pub fn last_operation(&self) -> Result<Option<[u8; 16]>, Error> {
        self.here_or_by_the_owner(
            || Ok(self.read()?.operation()),
            |owner| ask_operation(owner, &self.identity),
        )
    }

    /// The record of the card as it is now, from its state or from the process that has the card in use; `None` if its
    /// contents are as issued. It has the card's private keys and PINs.
    fn record(&self) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let here = || {
            let state = self.read()?;
            Ok(state.record().map(|record| Zeroizing::new(record.to_vec())))
        };
        self.here_or_by_the_owner(here, |owner| ask_record(owner, &self.identity))
    }

    /// The card as it is now: `issued` is the card as it was issued. PINs are as in the record: use has changed others.
    ///
    /// # Errors
    /// The state can't be used, or the process that has the card in use does not answer.
    pub fn current(&self, issued: IssuedCard) -> Result<IssuedCard, Error> {
        match self.record()? {
            Some(record) => self.with_record(&issued, &record),
            None => Ok(issued),
        }
    }

    pub(crate) fn with_record(&self, issued: &IssuedCard, record: &[u8]) -> Result<IssuedCard, Error> {
        let now = contents::with_record(issued, record);
        now.map_err(|error| Error::Contents(self.path.shown().to_string(), error))
    }

    /// The files that commands have changed, from its state or from the process that has the card in use: with another content
    /// than the declared one, or with a key made on the card.
    ///
    /// # Errors
    /// The state can't be used, or that process does not answer.
    pub fn changed_contents(&self) -> Result<BTreeSet<ObjectId>, Error> {
        self.here_or_by_the_owner(
            || Ok(self.read()?.changed_contents()),
            |owner| ask_contents(owner, &self.identity),
        )
    }

    /// The state, without using the card.
    fn read(&self) -> Result<State, Error> {
        Ok(match self.check_folder()? {
            true => durable::read(&self.path, &self.identity)?,
            false => State::default(),
        })
    }

    /// Replaces what an operation replaces in the card, all of it or nothing. If another process has the card in use, that
    /// process does it and continues with the card as it is then. An operation that was the card's last one changes nothing.
    ///
    /// # Errors
    /// The record is no card of this name; the state can't be changed; or that process does not answer or can't change it.
    pub fn replace(&self, replacement: &Replacement) -> Result<Replaced, Error> {
        if let Some(record) = &replacement.record {
            let new = contents::of_record(&self.name, record);
            new.map_err(|error| Error::Contents(self.path.shown().to_string(), error))?;
        }
        let here = || {
            let mut store = self.open()?;
            if store.load()?.operation() == Some(replacement.operation) {
                return Ok(Replaced::Already);
            }
            store.commit(&Change::Replacement(replacement.clone()))?;
            Ok(Replaced::InState(self.path.clone()))
        };
        self.here_or_by_the_owner(here, |owner| {
            Ok(match ask_replace(owner, &self.identity, replacement)? {
                true => Replaced::ByOwner(owner.clone()),
                false => Replaced::Already,
            })
        })
    }

    /// Makes the PINs as they are in the card's record, or as issued without one. Contents that were replaced, files that
    /// commands have changed and keys that the card has made stay. If another
    /// process has the card in use, that process does it.
    ///
    /// # Errors
    /// The state can't be changed, or that process does not answer.
    pub fn reset_pins(&self) -> Result<Reset, Error> {
        let here = || {
            if !self.check_folder()? {
                return Ok(Reset::WasAsIssued);
            }
            let mut store = self.open()?;
            let state = store.load()?;
            if state.operation().is_some() || !state.changed_contents().is_empty() {
                store.commit(&Change::PinsAsRecorded)?;
                return Ok(Reset::Pins(self.path.clone()));
            }
            store.reset()?;
            Ok(match state.is_as_issued() {
                true => Reset::WasAsIssued,
                false => Reset::Removed(self.path.clone()),
            })
        };
        self.here_or_by_the_owner(here, |owner| {
            ask_reset(owner, RESET_PINS, &self.identity)?;
            Ok(Reset::ByOwner(owner.clone()))
        })
    }

    /// Drops the state: the card is as it was issued. If another process has the card in use, that process does it and
    /// continues with the card as issued.
    ///
    /// # Errors
    /// The state can't be removed, or that process does not answer.
    pub fn reset(&self) -> Result<Reset, Error> {
        let here = || {
            Ok(match self.check_folder()? && durable::reset(&self.path)? {
                true => Reset::Removed(self.path.clone()),
                false => Reset::WasAsIssued,
            })
        };
        self.here_or_by_the_owner(here, |owner| {
            ask_reset(owner, RESET_STATE, &self.identity)?;
            Ok(Reset::ByOwner(owner.clone()))
        })
    }

    /// Does something with the state, or asks the process that has the card in use.
    fn here_or_by_the_owner<T>(
        &self,
        here: impl Fn() -> Result<T, Error>,
        ask: impl Fn(&LockOwner) -> Result<T, ControlError>,
    ) -> Result<T, Error> {
        let mut failed: Option<ControlError> = None;
        let end = Instant::now() + ENDING;
        loop {
            let owner = match here() {
                Err(Error::State(StoreError {
                    kind: StoreErrorKind::InUse(Some(owner)),
                    ..
                })) if owner.control.is_some() => owner,
                other => return other,
            };
            match failed {
                // A process that ends closes its socket before its lock is free.
                Some(error) if error.owner == owner && error.is_of_the_end() && Instant::now() < end => {
                    thread::sleep(AGAIN);
                    failed = Some(error);
                    continue;
                }
                Some(error) if error.owner == owner => return Err(error.into()),
                _ => {}
            }
            match ask(&owner) {
                Ok(done) => return Ok(done),
                // The owner may have ended meanwhile. Then the card is free, or in use by another process.
                Err(error) => failed = Some(error),
            }
        }
    }
}
