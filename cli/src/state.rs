//! What happens to an issued card in use: its state, in a folder beside its image or in one for the states of all cards.
//!
//! `FILE.state/NAME.redb` is the state of the card NAME of the image FILE; it comes into being with the first change. Where
//! the variable `VMYNA_STATE` names a folder it is `NAME-IDENTITY.redb` there, with the beginning of what tells the issued
//! card from every other one; that path is absolute, lest a card have a state in each working directory. The folder can be
//! entered by its owner only. This module knows where a state lies and what it says of PINs; it never shows a value, and
//! never uses a folder into which somebody else can put something.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use vmyna_applets::issued::CardName;
use vmyna_card_os::declaration::ObjectId;
use vmyna_card_os::state::durable::{self, DurableStore, Holder, Inspection, StateError};

use crate::failure::Failure;
use crate::held;
use crate::private_directory::PrivateDirectory;
use vmyna_apdu::hex;

/// Names the folder for the states of all cards, for images in folders that can't be written to.
const FOLDER_VARIABLE: &str = "VMYNA_STATE";

/// Where the state of one card lies, and which card that is.
#[derive(Clone, Debug)]
pub(crate) struct StatePlace {
    path: PathBuf,
    /// Whether the user has named the folder.
    named: bool,
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
    /// The place of the state of a card of an image, as the user wants it: see the module.
    ///
    /// # Errors
    /// The user names a folder that would be another one in each working directory: tries that are used up would be there
    /// again.
    pub(crate) fn of(image: &Path, name: &CardName, identity: [u8; 32]) -> Result<Self, Failure> {
        let Some(folder) = std::env::var_os(FOLDER_VARIABLE).filter(|folder| !folder.is_empty()) else {
            return Ok(Self::beside(image, name, identity));
        };
        let folder = Path::new(&folder);
        if folder.is_relative() {
            let whole = std::path::absolute(folder).unwrap_or_else(|_| Path::new("/").join(folder));
            return Err(Failure::Usage(format!(
                "{FOLDER_VARIABLE} is {}, which is another folder in each working directory: name its whole path, as in \
                 {FOLDER_VARIABLE}={}",
                folder.display(),
                whole.display()
            )));
        }
        Ok(Self::within(folder, name, identity))
    }

    /// The place in a folder for the states of all cards.
    fn within(folder: &Path, name: &CardName, identity: [u8; 32]) -> Self {
        let (beginning, _) = identity.split_at(8);
        Self {
            path: folder.join(format!("{name}-{}.redb", hex::encode(beginning))),
            named: true,
            identity,
        }
    }

    /// The place of the state of a card of an image. `identity` says which issued card it is.
    pub(crate) fn beside(image: &Path, name: &CardName, identity: [u8; 32]) -> Self {
        // Whatever path leads to an image, its cards have one state. A second name (hard link) of it makes it another image.
        let image = image.canonicalize().unwrap_or_else(|_| image.to_owned());
        let mut folder = image.into_os_string();
        folder.push(".state");
        Self {
            path: Path::new(&folder).join(format!("{name}.redb")),
            named: false,
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
        let folder = self.folder();
        make_private(folder).map_err(|error| {
            Failure::Failed(format!(
                "{}: {error}; the card's state belongs into this folder. {}",
                folder.display(),
                elsewhere(self.named)
            ))
        })?;
        self.check_folder()?;
        DurableStore::open(&self.path, &self.identity).map_err(failed)
    }

    /// What the state holds; `None` for a card that was never changed.
    pub(crate) fn inspect(&self) -> Result<Option<Inspection>, Failure> {
        self.look().map_err(failed_or)
    }

    fn look(&self) -> Result<Option<Inspection>, Refusal> {
        // Without the folder there is no state in it.
        Ok(match self.check_folder()? {
            true => durable::inspect(&self.path)?,
            false => None,
        })
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Refuses a folder that is not this user's alone. Gives whether there is one.
    fn check_folder(&self) -> Result<bool, Failure> {
        check_private(self.folder(), self.named, PrivateDirectory::user())
    }

    /// How many tries the card's PINs have left: asks the state, or whoever has the card in use.
    pub(crate) fn tries(&self) -> Result<Tries, Failure> {
        let asked = self.here_or_at_the_holder(
            || self.look().map(Ok),
            |holder| {
                let left = held::ask_tries(holder, &self.identity)?;
                let source = TriesSource::Holder(holder.clone());
                Ok(Err(Tries { left, source }))
            },
        );
        let inspection = match asked? {
            Err(tries) => return Ok(tries),
            Ok(None) => return Ok(Tries::issued()),
            Ok(Some(inspection)) => inspection,
        };
        let place = || self.path.display().to_string();
        if let Some(what) = inspection.damage {
            return Err(failed(StateError::Damaged { place: place(), what }));
        }
        if inspection.head.is_some_and(|(_, card)| card != self.identity) {
            return Err(failed(StateError::OtherCard { place: place() }));
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
        self.here_or_at_the_holder(
            || {
                Ok(match self.check_folder()? && durable::reset(&self.path)? {
                    true => format!("removed {}: the card is as issued", self.path.display()),
                    false => "the card was as issued".to_owned(),
                })
            },
            |holder| {
                held::ask_reset(holder, &self.identity)?;
                Ok(format!(
                    "process {} has the card in use and has gone back to the card as issued; it lost power for a \
                     moment: programs connected to it must connect, select and verify again",
                    holder.pid
                ))
            },
        )
    }

    /// Does something with the state, or has it done by whoever has the card in use.
    fn here_or_at_the_holder<T>(
        &self,
        here: impl Fn() -> Result<T, Refusal>,
        there: impl Fn(&Holder) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut asked: Option<(Holder, Failure)> = None;
        loop {
            let holder = match here() {
                Err(Refusal::State(StateError::InUse {
                    holder: Some(holder), ..
                })) if holder.control.is_some() => holder,
                other => return other.map_err(failed_or),
            };
            match asked {
                Some((before, failure)) if before == holder => return Err(failure),
                _ => {}
            }
            match there(&holder) {
                Ok(done) => return Ok(done),
                // It may have ended while it was asked; then the card is free, or another's.
                Err(failure) => asked = Some((holder, failure)),
            }
        }
    }
}

/// Why a state was not used.
enum Refusal {
    State(StateError),
    Other(Failure),
}

impl From<StateError> for Refusal {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

fn failed_or(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::State(error) => failed(error),
        Refusal::Other(failure) => failure,
    }
}

pub(crate) fn failed(error: StateError) -> Failure {
    Failure::Failed(error.to_string())
}

/// Makes a folder that only its owner can enter, if nothing is there.
fn make_private(folder: &Path) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// How a state is kept in another folder than the one that can't be used.
fn elsewhere(named: bool) -> String {
    match named {
        true => format!("{FOLDER_VARIABLE} names it: name a folder of yours that only you can enter"),
        false => {
            format!("{FOLDER_VARIABLE}=/DIR in the environment of all that use the card keeps it in another folder")
        }
    }
}

/// Refuses a folder into which anybody but `user` can put something; `named` says whether it is of the user's choice. Gives
/// whether there is one.
fn check_private(folder: &Path, named: bool, user: Option<u32>) -> Result<bool, Failure> {
    let at = folder.display();
    let refused = |what: &str, advice: &str| {
        Err(Failure::Failed(format!(
            "{at} {what}: the state of the cards of an image lies in a folder that only you can enter. {advice}"
        )))
    };
    let there = match fs::symlink_metadata(folder) {
        Ok(there) => there,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => {
            let advice = match error.kind() {
                ErrorKind::PermissionDenied if !named => {
                    "You need permission to enter the folder of the image".to_owned()
                }
                _ => elsewhere(named),
            };
            return Err(Failure::Failed(format!("{at}: {error}. {advice}")));
        }
    };
    let or_name_another = |advice: &str| match named {
        true => elsewhere(named),
        false => advice.to_owned(),
    };
    let copy = or_name_another("Copy the image into a folder of your own and use it there");
    if !there.is_dir() {
        let what = if there.is_symlink() {
            "is a symbolic link"
        } else {
            "is no folder"
        };
        return refused(what, &or_name_another("Look who put it there, and remove it"));
    }
    match user {
        Some(user) if user == there.uid() => {}
        Some(_) => return refused(&format!("belongs to another user ({})", there.uid()), &copy),
        None => return refused("belongs to nobody knows whom", &copy),
    }
    if there.mode() & 0o077 != 0 {
        let what = format!("is open to other users (mode {:04o})", there.mode() & 0o7777);
        return refused(
            &what,
            &or_name_another(&format!("If all in it is yours, `chmod 700 {at}`")),
        );
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_another_user_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("c.state");
        let user = PrivateDirectory::user().unwrap();
        assert!(matches!(check_private(&folder, false, Some(user)), Ok(false)));
        make_private(&folder).unwrap();
        assert!(matches!(check_private(&folder, false, Some(user)), Ok(true)));
        for other in [Some(user + 1), None] {
            let refused = check_private(&folder, false, other).unwrap_err().to_string();
            assert!(
                refused.contains("c.state belongs to") && refused.contains("Copy the image"),
                "{refused}"
            );
        }
    }
}
