//! Operations over a register and a card that were interrupted: each program that opens the register or uses the card does
//! what is left of them, before anything else.
//!
//! The mark beside the card's state names the register, and the intent in the register names the place of the card's state.
//! If the other side can't be reached, the operation stays pending.

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use vmyna_authority::counter::steps::{CardSide as _, resume};
use vmyna_authority::register::sqlite::SqliteRegister;
use vmyna_authority::register::{Intent, OperationId, Register as _, RegisterErrorKind};

use super::error::{InterruptedError, LockError};
use super::side::{Side, image_of_place, read_mark};
use crate::error::Error;
use crate::pending::{FoundMark, PendingMark};
use crate::source::CardSource;
use crate::state::StatePlace;

/// An operation that was interrupted and can't be finished now, or only without the image that it was to write
/// ([`InterruptedError::ImageLost`]). [`fmt::Display`] writes a sentence without a full stop.
#[derive(Debug)]
#[non_exhaustive]
pub struct StillPending {
    /// The name of the card.
    pub card: String,
    /// Why it can't be finished.
    pub error: Box<InterruptedError>,
}

impl fmt::Display for StillPending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.error.state();
        write!(
            f,
            "an operation on the card {} was interrupted and {state}: {}",
            self.card, self.error
        )
    }
}

/// Does what is left of the operations that a register has pending.
pub(super) fn finish_of_register(
    register: &mut SqliteRegister,
    path: &Path,
    still_pending: &mut dyn FnMut(StillPending),
) {
    // A register that can't be read is reported by what the caller does with it.
    for intent in register.intents().unwrap_or_default() {
        if let Err(error) = finish_intent(register, path, &intent) {
            let card = intent.card.1;
            let error = Box::new(error);
            still_pending(StillPending { card, error });
        }
    }
}

fn finish_intent(register: &mut SqliteRegister, path: &Path, intent: &Intent) -> Result<(), InterruptedError> {
    let place = StatePlace::from_text(&intent.place).ok_or(InterruptedError::NoPlace)?;
    // A built-in card has no state. A folder that was made for its mark alone can be removed, and is made again.
    let image = image_of_place(&place, intent);
    // A card that was moved has taken its mark along: at the old place only a state without a card would be made.
    if image.is_none() && !place.is_there() && matches!(PendingMark::find(&place)?, FoundMark::None) {
        return Err(InterruptedError::Moved(place.path().to_owned()));
    }
    // Without its folder the image can't be written, and nothing was moved: the register would stay as it is for ever.
    if let Some(image) = image
        && image.parent().is_some_and(|folder| !folder.exists())
    {
        return match register.finish(intent.operation)? {
            true => Err(InterruptedError::ImageLost(image)),
            false => Ok(()),
        };
    }
    let Some(mark) = PendingMark::take(&place)? else {
        // Another process is doing it.
        return Ok(());
    };
    let side = Side::of_marked(place, path.to_owned(), mark);
    finish_marked(register, side, intent.operation)
}

/// Does what is left of an operation, if it is pending; its mark goes.
fn finish_marked(
    register: &mut SqliteRegister,
    mut side: Side,
    operation: OperationId,
) -> Result<(), InterruptedError> {
    let intents = register.intents()?;
    match intents.iter().find(|intent| intent.operation == operation) {
        Some(intent) => {
            side.note_only_mark(intent);
            Ok(resume(register, &mut side, intent).map_err(Box::new)?)
        }
        // It never began, or another process has done the rest.
        None => Ok(side.unmark()?),
    }
}

/// Does what is left of an operation on a card that an interrupted process has marked.
///
/// # Errors
/// [`StillPending`]. A card that can't be opened is no error here, because whatever uses it reports that.
pub fn finish_of_card(source: &CardSource) -> Result<(), StillPending> {
    let Ok((card, Some(place))) = source.find() else {
        return Ok(());
    };
    finish_of_place(&place).map_err(|error| StillPending {
        card: card.name.to_string(),
        error: Box::new(error),
    })
}

fn finish_of_place(place: &StatePlace) -> Result<(), InterruptedError> {
    let FoundMark::Left(mut mark) = PendingMark::find(place)? else {
        return Ok(());
    };
    let file = mark.path().to_owned();
    let text = match mark.text() {
        Ok(text) => text,
        Err(error) => {
            let error = Box::new(error);
            return Err(InterruptedError::MarkUnreadable { mark: file, error });
        }
    };
    if text.is_empty() {
        return Ok(mark.remove()?);
    }
    let Some((path, operation)) = read_mark(&text) else {
        return Err(InterruptedError::MarkDamaged { mark: file });
    };
    // Without the register nothing can be finished, and only the user knows that it is lost.
    let mut register = SqliteRegister::open(&path).map_err(|error| match error.kind() {
        RegisterErrorKind::Io(_) | RegisterErrorKind::NoRegister => InterruptedError::NoRegister { mark: file, error },
        _ => error.into(),
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
) -> Result<(), InterruptedError> {
    let operation = read_mark(text).map(|(_, operation)| operation);
    let intents = register.intents()?;
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

/// Locks a card for an operation that changes its contents, until the mark is dropped. What an interrupted operation has
/// left is done first. The mark that is returned is empty: [`PendingMark::remove`] ends the lock and leaves nothing.
///
/// # Errors
/// [`LockError`]: another process changes the card now, or an operation on it is pending and can't be finished.
pub fn lock(place: &StatePlace) -> Result<PendingMark, LockError> {
    finish_of_place(place).map_err(Box::new)?;
    let Some(mut mark) = PendingMark::take(place)? else {
        return Err(LockError::Busy);
    };
    match mark.text()?.is_empty() {
        true => Ok(mark),
        false => Err(Error::Mark(place.path().to_owned(), ErrorKind::ResourceBusy.into()).into()),
    }
}

#[cfg(test)]
mod tests;
