//! Operations over a register and a card that were interrupted: each command that opens the register or uses the card does
//! what is left of them, before anything else.
//!
//! The mark beside the card's state names the register, and the intent in the register names the place of the card's state.
//! If the other side can't be reached, the command reports that and goes on; the operation stays pending.

use std::path::{Path, PathBuf};

use vmyna::{
    CardSource, Error, FoundMark, PendingMark, Replaced, StatePlace, replacement_from_bytes, replacement_to_bytes,
};
use vmyna_apdu::{ShowPath as _, hex};
use vmyna_applets::image::{self, Image, ImageError, ImageErrorKind};
use vmyna_applets::issued::IssuedCard;
use vmyna_authority::counter::steps::{CardSide, StepError, resume};
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{Intent, OperationId, Register, RegisterErrorKind};
use vmyna_card_os::state::Replacement;
use zeroize::Zeroizing;

use crate::advice;
use crate::failure::{Failure, image_failure};
use crate::output::say;

/// What an operation changes on the card's side.
pub(crate) enum CardChange {
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
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Replacement(replacement) => {
                let body = replacement_to_bytes(replacement);
                let mut bytes = Zeroizing::new(Vec::with_capacity(body.len() + 1));
                bytes.push(REPLACEMENT);
                bytes.extend(&body[..]);
                bytes
            }
            Self::NewImage(path, record) => {
                let path = hex::encode(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()));
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
                let path: std::ffi::OsString = std::os::unix::ffi::OsStringExt::from_vec(path);
                Some(Self::NewImage(path.into(), Zeroizing::new(record.get(1..)?.to_vec())))
            }
            _ => None,
        }
    }
}

/// Where the card's side was changed.
#[derive(Clone, Debug)]
pub(crate) enum Where {
    State(PathBuf),
    Process(u32),
    Image(PathBuf),
}

/// The card's side of an operation: its state, and the mark beside it.
pub(crate) struct Side {
    place: StatePlace,
    /// The file of the register, in the mark.
    register: PathBuf,
    mark: Option<PendingMark>,
    /// Whether the mark has an operation, which may be pending.
    marked: bool,
    pub(crate) changed: Option<Where>,
}

impl Side {
    pub(crate) const fn new(place: StatePlace, register: PathBuf, mark: PendingMark) -> Self {
        Self {
            place,
            register,
            mark: Some(mark),
            marked: false,
            changed: None,
        }
    }

    /// The side of an operation that an interrupted process has marked.
    const fn of_marked(place: StatePlace, register: PathBuf, mark: PendingMark) -> Self {
        Self {
            place,
            register,
            mark: Some(mark),
            marked: true,
            changed: None,
        }
    }

    /// Does a change of the card.
    ///
    /// # Errors
    /// The state can't be changed, or the image can't be written.
    pub(crate) fn apply(&mut self, change: &CardChange) -> Result<(), Failure> {
        let changed = match change {
            CardChange::Replacement(replacement) => match self.place.replace(replacement)? {
                Replaced::ByOwner(owner) => Where::Process(owner.pid),
                _ => Where::State(self.place.path().to_owned()),
            },
            CardChange::NewImage(path, record) => {
                write_image(path, record)?;
                Where::Image(path.clone())
            }
        };
        self.changed = Some(changed);
        Ok(())
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        // A mark without an operation was the lock alone. One that stays does no harm.
        if let Some(mark) = self.mark.take().filter(|_| !self.marked) {
            let _ = mark.remove();
        }
    }
}

/// Writes the new card's image. An image of that name with this very card is the one that an interrupted process wrote.
fn write_image(path: &Path, record: &[u8]) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(format!("the new card: {error}"));
    let card = IssuedCard::from_record(record).map_err(|error| failed(&error))?;
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
                _ => Err(image_failure(error)),
            }
        }
        outcome => outcome.map_err(image_failure),
    }
}

impl CardSide for Side {
    type Error = Failure;

    fn mark(&mut self, operation: OperationId) -> Result<(), Failure> {
        let register = std::os::unix::ffi::OsStrExt::as_bytes(self.register.as_os_str());
        let text = format!("{MARK}{}\n{operation}\n", hex::encode(register));
        match &mut self.mark {
            Some(mark) => {
                self.marked = true;
                Ok(mark.write(&text)?)
            }
            None => Err(Failure::Failed("the card's mark is gone".to_owned())),
        }
    }

    fn change(&mut self, intent: &Intent) -> Result<(), Failure> {
        let change = CardChange::of_bytes(&intent.change).ok_or_else(|| {
            Failure::Failed(format!(
                "the register's operation {} changes the card in a way that this version doesn't know",
                intent.operation
            ))
        })?;
        self.apply(&change)
    }

    fn unmark(&mut self) -> Result<(), Failure> {
        match self.mark.take() {
            Some(mark) => Ok(mark.remove()?),
            None => Ok(()),
        }
    }
}

/// The first line of a mark, and what comes before the register in the second.
const MARK: &str = "vmyna pending 1\n";

/// The file of the register and the operation that a mark names.
fn read_mark(text: &str) -> Option<(PathBuf, OperationId)> {
    let mut lines = text.strip_prefix(MARK)?.lines();
    let register = hex::decode(lines.next()?).ok()?;
    let register: std::ffi::OsString = std::os::unix::ffi::OsStringExt::from_vec(register);
    let operation = hex::decode(lines.next()?).ok()?.try_into().ok()?;
    Some((register.into(), OperationId(operation)))
}

/// The failure of a step, with what it leaves.
pub(crate) fn step_failure(error: StepError<Failure>) -> Failure {
    const LATER: &str = "the next command that opens the register or uses the card does the rest";
    match error {
        StepError::Mark(failure) => failure,
        StepError::Begin(error) => Failure::Failed(format!(
            "{}; look with `vmyna ca list` whether it was done",
            advice::of_register(&error)
        )),
        StepError::Change(failure) => Failure::Failed(format!(
            "{failure}. What is revoked stays revoked, and the card is not changed yet: {LATER}"
        )),
        StepError::Finish(error) => Failure::Failed(format!(
            "{}. The card is changed, and its new certificates are not in the register yet: {LATER}",
            advice::of_register(&error)
        )),
        other => Failure::Failed(other.to_string()),
    }
}

/// Does what is left of the operations that a register has pending. What can't be done is reported, and stays.
pub(crate) fn finish_of_register(register: &mut SqliteRegister, path: &Path) {
    // A register that can't be read is reported by what the command does with it.
    for intent in register.intents().unwrap_or_default() {
        if let Err(failure) = finish_intent(register, path, &intent) {
            report(&intent.card.1, &failure);
        }
    }
}

fn finish_intent(register: &mut SqliteRegister, path: &Path, intent: &Intent) -> Result<(), Failure> {
    let place = StatePlace::from_text(&intent.place)
        .ok_or_else(|| Failure::Failed("the register doesn't name the place of its state".to_owned()))?;
    // A card that was moved has taken its mark along: at the old place only a state without a card would be made.
    if !place.is_there() && matches!(PendingMark::find(&place)?, FoundMark::None) {
        return Err(Failure::Failed(format!(
            "its state {} is not there any more; if the card was moved, use it where it is now (`vmyna show CARD`)",
            place.path().shown()
        )));
    }
    let Some(mark) = PendingMark::take(&place)? else {
        // Another process is doing it.
        return Ok(());
    };
    finish_marked(
        register,
        Side::of_marked(place, path.to_owned(), mark),
        intent.operation,
    )
}

/// Does what is left of an operation, if it is pending; its mark goes.
fn finish_marked(register: &mut SqliteRegister, mut side: Side, operation: OperationId) -> Result<(), Failure> {
    let intents = register.intents();
    let intents = intents.map_err(|error| Failure::Failed(advice::of_register(&error)))?;
    match intents.iter().find(|intent| intent.operation == operation) {
        Some(intent) => resume(register, &mut side, intent).map_err(step_failure),
        // It never began, or another process has done the rest.
        None => side.unmark(),
    }
}

fn report(card: &str, failure: &Failure) {
    say(&format!(
        "vmyna: an operation on the card {card} was interrupted and is still pending: {failure}"
    ));
}

/// Does what is left of an operation on a card that an interrupted process has marked. What can't be done is reported, and
/// stays.
pub(crate) fn finish_of_card(source: &CardSource) {
    // A card that can't be used is reported by what the command does with it.
    let Ok((card, Some(place))) = source.find() else { return };
    if let Err(failure) = finish_of_place(&place) {
        report(card.name.as_str(), &failure);
    }
}

fn finish_of_place(place: &StatePlace) -> Result<(), Failure> {
    let FoundMark::Left(mut mark) = PendingMark::find(place)? else {
        return Ok(());
    };
    let file = mark.path().to_owned();
    // Without the register nothing can be finished, and only the user knows that it is lost.
    let lost = |why: &str| {
        Failure::Failed(format!(
            "{why}. If the register of that operation is lost, remove {}: the card stays as it is",
            file.shown()
        ))
    };
    let text = mark.text().map_err(|error| lost(&advice::of_card(&error)))?;
    if text.is_empty() {
        return Ok(mark.remove()?);
    }
    let (path, operation) =
        read_mark(&text).ok_or_else(|| lost("the mark beside its state is damaged, or a later version wrote it"))?;
    let mut register = SqliteRegister::open(&path).map_err(|error| {
        let why = advice::of_register(&error);
        match error.kind() {
            RegisterErrorKind::Io(_) | RegisterErrorKind::NoRegister => lost(&why),
            _ => Failure::Failed(why),
        }
    })?;
    finish_of_original(&mut register, &path, place, &text)?;
    finish_marked(&mut register, Side::of_marked(place.clone(), path, mark), operation)
}

/// Does what is left at the place that the register names, if that has the same mark: the card here is a copy of the one there.
fn finish_of_original(
    register: &mut SqliteRegister,
    path: &Path,
    place: &StatePlace,
    text: &str,
) -> Result<(), Failure> {
    let operation = read_mark(text).map(|(_, operation)| operation);
    let intents = register.intents();
    let intents = intents.map_err(|error| Failure::Failed(advice::of_register(&error)))?;
    let Some(intent) = intents.iter().find(|intent| Some(intent.operation) == operation) else {
        return Ok(());
    };
    // The mark here is locked by this process: if it is the same file by another name, it is busy.
    if let Some(original) = StatePlace::from_text(&intent.place)
        && original.path() != place.path()
        && let Ok(FoundMark::Left(mut mark)) = PendingMark::find(&original)
        && mark.text()? == text
    {
        let side = Side::of_marked(original, path.to_owned(), mark);
        return finish_marked(register, side, intent.operation);
    }
    Ok(())
}

/// Locks a card for an operation.
///
/// # Errors
/// Another process changes it now, or an operation on it is pending and can't be finished.
pub(crate) fn lock(source: &CardSource, place: &StatePlace) -> Result<PendingMark, Failure> {
    finish_of_place(place)?;
    let Some(mut mark) = PendingMark::take(place)? else {
        return Err(Failure::Failed(format!(
            "{source}: another counter or kiosk is changing this card now: try again when it is done"
        )));
    };
    match mark.text()?.is_empty() {
        true => Ok(mark),
        false => Err(Error::Mark(place.path().to_owned(), std::io::ErrorKind::ResourceBusy.into()).into()),
    }
}
