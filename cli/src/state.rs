//! What happens to an issued card in use: its state, in a folder beside its image.
//!
//! `FILE.state/NAME.redb` is the state of the card NAME of the image FILE; it comes into being with the first change. The
//! folder can be entered by its owner only. This module knows where a state lies and what it says of PINs; it never shows
//! a value.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use vmyna_applets::issued::CardName;
use vmyna_card_os::store::ObjectId;
use vmyna_card_os::store::durable::{self, DurableStore, Holder, Inspection, StateError};

use crate::failure::Failure;
use crate::held;

/// Where the state of one card lies, and which card that is.
#[derive(Clone, Debug)]
pub(crate) struct StatePlace {
    path: PathBuf,
    identity: [u8; 32],
}

/// Tries left of a card's PINs, where they are not as issued; and who says so.
pub(crate) struct Tries {
    left: BTreeMap<ObjectId, u8>,
    source: TriesSource,
}

/// Who knows how many tries are left.
pub(crate) enum TriesSource {
    /// Nobody has used the card, or it keeps no state.
    Issued,
    /// The card's state.
    State(PathBuf),
    /// The process that has the card in use.
    Holder(Holder),
}

impl Tries {
    /// Those of a card that keeps no state.
    pub(crate) fn issued() -> Self {
        Self {
            left: BTreeMap::new(),
            source: TriesSource::Issued,
        }
    }

    /// Tries left of a PIN, `None` where they are as issued.
    pub(crate) fn left(&self, pin: ObjectId) -> Option<u8> {
        self.left.get(&pin).copied()
    }
}

impl fmt::Display for Tries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            TriesSource::Issued => f.write_str("Tries as the card was issued."),
            TriesSource::State(path) => write!(f, "Tries as the card's state says: {}", path.display()),
            TriesSource::Holder(holder) => write!(f, "Tries as {holder}, says: it has the card in use."),
        }
    }
}

impl StatePlace {
    /// The place of the state of a card of an image. `identity` says which issued card it is.
    pub(crate) fn beside(image: &Path, name: &CardName, identity: [u8; 32]) -> Self {
        // Whatever way leads to an image, its cards have one state.
        let image = image.canonicalize().unwrap_or_else(|_| image.to_owned());
        let mut folder = image.into_os_string();
        folder.push(".state");
        Self {
            path: Path::new(&folder).join(format!("{name}.redb")),
            identity,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) const fn identity(&self) -> [u8; 32] {
        self.identity
    }

    /// Opens the state, and holds the card until it is dropped.
    pub(crate) fn open(&self) -> Result<DurableStore, Failure> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        make_private(folder).map_err(|error| {
            Failure::Failed(format!(
                "{}: {error}; the card's state belongs into this folder",
                folder.display()
            ))
        })?;
        DurableStore::open(&self.path, &self.identity).map_err(failed)
    }

    /// What the state holds; `None` for a card that was never changed.
    pub(crate) fn inspect(&self) -> Result<Option<Inspection>, StateError> {
        match durable::inspect(&self.path) {
            // Without the folder there is no state in it.
            Err(StateError::Storage {
                kind: std::io::ErrorKind::NotFound,
                ..
            }) => Ok(None),
            other => other,
        }
    }

    /// How many tries the card's PINs have left: asks the state, or whoever has the card in use.
    pub(crate) fn tries(&self) -> Result<Tries, Failure> {
        let inspection = match self.inspect() {
            Ok(None) => return Ok(Tries::issued()),
            Ok(Some(inspection)) => inspection,
            Err(StateError::InUse {
                holder: Some(holder), ..
            }) if holder.control.is_some() => {
                return Ok(Tries {
                    left: held::ask_tries(&holder)?,
                    source: TriesSource::Holder(holder),
                });
            }
            Err(error) => return Err(failed(error)),
        };
        // Says what is wrong and what to do.
        if inspection.damage.is_some() || inspection.head.is_some_and(|(_, card)| card != self.identity) {
            self.open()?;
        }
        let left = inspection
            .pins
            .iter()
            .filter_map(|pin| Some((pin.object, pin.tries_left?)));
        Ok(Tries {
            left: left.collect(),
            source: TriesSource::State(self.path.clone()),
        })
    }

    /// Drops the state: the card is as it was issued. Whoever has it in use does that, and goes on with the card as issued.
    /// Returns what happened, in a sentence.
    pub(crate) fn reset(&self) -> Result<String, Failure> {
        match durable::reset(&self.path) {
            Ok(true) => Ok(format!("removed {}: the card is as issued", self.path.display())),
            Ok(false) => Ok("the card was as issued".to_owned()),
            Err(StateError::Storage {
                kind: std::io::ErrorKind::NotFound,
                ..
            }) => Ok("the card was as issued".to_owned()),
            Err(StateError::InUse {
                holder: Some(holder), ..
            }) if holder.control.is_some() => {
                held::ask_reset(&holder)?;
                Ok(format!(
                    "process {} has the card in use and has gone back to the card as issued; it lost power for a moment",
                    holder.pid
                ))
            }
            Err(error) => Err(failed(error)),
        }
    }
}

pub(crate) fn failed(error: StateError) -> Failure {
    Failure::Failed(error.to_string())
}

/// Makes a folder that only its owner can enter, if there is none.
fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        other => other,
    }
}
