//! The card's side of an operation over a register and a card: what changes, where, and the mark beside the card's state.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use vmyna_apdu::hex;
use vmyna_applets::image::{self, Image, ImageError, ImageErrorKind};
use vmyna_applets::issued::IssuedCard;
use vmyna_authority::counter::steps::CardSide;
use vmyna_authority::register::{Intent, OperationId};
use vmyna_card_os::state::Replacement;
use zeroize::Zeroizing;

use super::error::SideError;
use crate::pending::{PendingMark, replacement_from_bytes, replacement_to_bytes};
use crate::state::{Replaced, StatePlace};

/// What an operation changes on the card's side.
pub(super) enum CardChange {
    /// Contents and PINs of the card.
    Replacement(Replacement),
    /// A new image with another card, and the record of that card.
    NewImage(PathBuf, Zeroizing<Vec<u8>>),
}

/// Which change the bytes of an intent are; the rest is its own.
const REPLACEMENT: u8 = 1;
const NEW_IMAGE: u8 = 2;

impl CardChange {
    /// The change as the register keeps it.
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Replacement(replacement) => {
                let body = replacement_to_bytes(replacement);
                let mut bytes = Zeroizing::new(Vec::with_capacity(body.len() + 1));
                bytes.push(REPLACEMENT);
                bytes.extend(&body[..]);
                bytes
            }
            Self::NewImage(path, record) => {
                let path = hex::encode(path.as_os_str().as_bytes());
                let mut bytes = Zeroizing::new(Vec::with_capacity(record.len() + path.len() + 2));
                bytes.push(NEW_IMAGE);
                bytes.extend(path.as_bytes());
                bytes.push(b'\n');
                bytes.extend(&record[..]);
                bytes
            }
        }
    }

    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        match *kind {
            REPLACEMENT => replacement_from_bytes(rest).map(Self::Replacement),
            NEW_IMAGE => {
                let end = rest.iter().position(|byte| *byte == b'\n')?;
                let (path, record) = rest.split_at_checked(end)?;
                let path = hex::decode(str::from_utf8(path).ok()?).ok()?;
                let path = OsString::from_vec(path);
                Some(Self::NewImage(path.into(), Zeroizing::new(record.get(1..)?.to_vec())))
            }
            _ => None,
        }
    }
}

/// Where an operation has changed the card's side.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Changed {
    /// The state of the card, at this path.
    State(PathBuf),
    /// The process with this number, which has the card in use. The card lost its power for a moment.
    Process(u32),
    /// A new image at this path with the new card.
    Image(PathBuf),
}

/// The card's side of an operation: its state, and the mark beside it.
pub(super) struct Side {
    place: StatePlace,
    /// The file of the register, in the mark.
    register: PathBuf,
    mark: Option<PendingMark>,
    /// Whether the mark has an operation, which may be pending.
    marked: bool,
    /// Whether the folder of the state was made for the mark alone: then it goes with the mark.
    pub(super) only_mark: bool,
    pub(super) changed: Option<Changed>,
}

impl Side {
    pub(super) const fn new(place: StatePlace, register: PathBuf, mark: PendingMark) -> Self {
        Self {
            place,
            register,
            mark: Some(mark),
            marked: false,
            only_mark: false,
            changed: None,
        }
    }

    /// The side of an operation that an interrupted process has marked.
    pub(super) const fn of_marked(place: StatePlace, register: PathBuf, mark: PendingMark) -> Self {
        Self {
            place,
            register,
            mark: Some(mark),
            marked: true,
            only_mark: false,
            changed: None,
        }
    }

    /// Notes whether the folder of the state was made for the mark alone: that of a built-in card was.
    pub(super) fn note_only_mark(&mut self, intent: &Intent) {
        self.only_mark = image_of_place(&self.place, intent).is_some();
    }

    /// Does a change of the card.
    ///
    /// # Errors
    /// The state can't be changed, or the image can't be written.
    pub(super) fn apply(&mut self, change: &CardChange) -> Result<(), SideError> {
        let changed = match change {
            CardChange::Replacement(replacement) => match self.place.replace(replacement)? {
                Replaced::ByOwner(owner) => Changed::Process(owner.pid),
                _ => Changed::State(self.place.path().to_owned()),
            },
            CardChange::NewImage(path, record) => {
                write_image(path, record)?;
                Changed::Image(path.clone())
            }
        };
        self.changed = Some(changed);
        Ok(())
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        // A mark without an operation is the lock alone. One that stays does no harm.
        if let Some(mark) = self.mark.take().filter(|_| !self.marked) {
            let _ = mark.remove();
            if self.only_mark {
                self.place.remove_empty_folder();
            }
        }
    }
}

/// Writes the new card's image. An image of that name with this very card is the one that an interrupted process wrote.
fn write_image(path: &Path, record: &[u8]) -> Result<(), SideError> {
    let card = IssuedCard::from_record(record).map_err(SideError::NewCard)?;
    let write = || -> Result<(), ImageError> {
        let mut file = image::create(path)?;
        file.add(&card)?;
        file.finish()
    };
    match write() {
        Err(error) if matches!(error.kind(), ImageErrorKind::Exists) => {
            let there = Image::open(path).and_then(|image| image.card(&card.name));
            match there.ok().and_then(|there| there.to_record().ok()) {
                Some(there) if there[..] == *record => Ok(()),
                _ => Err(SideError::Image(error)),
            }
        }
        outcome => outcome.map_err(SideError::Image),
    }
}

impl CardSide for Side {
    type Error = SideError;

    fn mark(&mut self, operation: OperationId) -> Result<(), SideError> {
        let register = self.register.as_os_str().as_bytes();
        let text = format!("{MARK}{}\n{operation}\n", hex::encode(register));
        match &mut self.mark {
            Some(mark) => {
                self.marked = true;
                Ok(mark.write(&text)?)
            }
            None => Err(SideError::NoMark),
        }
    }

    fn change(&mut self, intent: &Intent) -> Result<(), SideError> {
        let change = CardChange::of_bytes(&intent.change);
        self.apply(&change.ok_or(SideError::UnknownChange(intent.operation))?)
    }

    /// Empties the mark. The card stays locked until this is dropped, which removes it.
    fn unmark(&mut self) -> Result<(), SideError> {
        if let Some(mark) = &mut self.mark {
            mark.write("")?;
            self.marked = false;
        }
        Ok(())
    }
}

/// The image that an intent writes, if its place is beside that, as for a built-in card that is held to a phone.
pub(super) fn image_of_place(place: &StatePlace, intent: &Intent) -> Option<PathBuf> {
    match CardChange::of_bytes(&intent.change) {
        Some(CardChange::NewImage(image, _)) if place.is_beside(&image) => Some(image),
        _ => None,
    }
}

/// The first line of a mark, and what comes before the register in the second.
const MARK: &str = "vmyna pending 1\n";

/// The file of the register and the operation that a mark names.
pub(super) fn read_mark(text: &str) -> Option<(PathBuf, OperationId)> {
    let mut lines = text.strip_prefix(MARK)?.lines();
    let register = OsString::from_vec(hex::decode(lines.next()?).ok()?);
    let operation = hex::decode(lines.next()?).ok()?.try_into().ok()?;
    Some((register.into(), OperationId(operation)))
}
