//! Before a card is used: what an interrupted operation on it has left is done first.

use vmyna::{CardSource, PendingMark, StatePlace};

use crate::failure::Failure;

/// Does what is left of an operation on this card, if an interrupted process has left any. What can't be done is reported.
#[cfg(feature = "authority")]
pub(crate) fn settle(card: &CardSource) {
    if let Err(pending) = vmyna::counter::finish_of_card(card) {
        crate::counter_failures::report(pending);
    }
}

/// Locks a card for an operation that replaces its contents: no counter changes it meanwhile. What an interrupted operation
/// has left is done first.
///
/// # Errors
/// Another process changes the card now, or an operation on it is pending and can't be finished.
#[cfg(feature = "authority")]
pub(crate) fn lock(card: &CardSource, place: &StatePlace) -> Result<CardLock, Failure> {
    let locked = vmyna::counter::lock(place).map(|mark| CardLock(Some(mark)));
    locked.map_err(|error| crate::counter_failures::lock_failure(card, error))
}

/// A build without the register finishes nothing that is pending.
#[cfg(not(feature = "authority"))]
pub(crate) fn lock(card: &CardSource, place: &StatePlace) -> Result<CardLock, Failure> {
    let in_use = || {
        Failure::Failed(format!(
            "{card}: another process is changing this card now: try again when it is done"
        ))
    };
    let mut mark = PendingMark::take(place)?.ok_or_else(in_use)?;
    match mark.text()?.is_empty() {
        true => Ok(CardLock(Some(mark))),
        false => Err(Failure::Failed(format!(
            "{card}: an operation on this card is still pending; this program was built without the register of certificates"
        ))),
    }
}

/// The lock of a card. Dropping it unlocks the card.
pub(crate) struct CardLock(Option<PendingMark>);

impl Drop for CardLock {
    fn drop(&mut self) {
        // A mark that stays is empty, and the next command that uses the card removes it.
        if let Some(mark) = self.0.take() {
            let _ = mark.remove();
        }
    }
}

/// A build without the register does nothing, and reports what is left.
#[cfg(not(feature = "authority"))]
pub(crate) fn settle(card: &CardSource) {
    use vmyna::FoundMark;

    if let Ok((_, Some(place))) = card.find()
        && let Ok(FoundMark::Left(mut mark)) = PendingMark::find(&place)
        && mark.text().is_ok_and(|text| !text.is_empty())
    {
        crate::output::say(&format!(
            "vmyna: an operation on the card {card} was interrupted and is still pending; this program was built without the \
             register of certificates"
        ));
    }
}
