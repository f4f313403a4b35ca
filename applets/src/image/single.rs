//! The record of one card by itself, outside an image: it has all of its objects, and refers to none. A card's state keeps it
//! when the card's contents were replaced.

use vmyna_card_os::state::Replacement;
use zeroize::Zeroizing;

use super::object::{DecodeError, Place, lengths_fit};
use super::record;
use super::{ImageErrorKind, LONGEST_CARD};
use crate::issued::IssuedCard;

/// The version of the image format that a record by itself has.
const VERSION: u32 = 3;
// A state can hold every card that an image can.
const _: () = assert!(LONGEST_CARD as usize == Replacement::LONGEST_RECORD);

/// Why a card has no record by itself, or a record no card. It shows nothing of the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The card is longer than [`LONGEST_CARD`], or has more objects than an image can hold.
    #[error("the card is longer than its state can hold")]
    TooLong,
    /// The record is no card: which part.
    #[error("the record of the card is damaged ({0})")]
    Damaged(&'static str),
}

impl IssuedCard {
    /// The card as a record by itself, of at most [`LONGEST_CARD`] bytes: the DER of an image's card (`record.rs` beside
    /// [`crate::image`]), with private keys, PINs and the My Number.
    ///
    /// # Errors
    /// [`RecordError::TooLong`].
    pub fn to_record(&self) -> Result<Zeroizing<Vec<u8>>, RecordError> {
        let too_long = |_: ImageErrorKind| RecordError::TooLong;
        let record = record::encode(self, None).map_err(too_long)?;
        match record.version <= VERSION && fits(&record.bytes) {
            true => Ok(record.bytes),
            false => Err(RecordError::TooLong),
        }
    }

    /// The card of a record by itself, with the checks that reading an image makes.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn from_record(record: &[u8]) -> Result<Self, RecordError> {
        if record.len() > LONGEST_CARD as usize {
            return Err(RecordError::TooLong);
        }
        let refers = |_: &Place| Err(DecodeError::Record("it refers to an object outside"));
        record::decode(record, VERSION, &mut { refers }).map_err(|error| match error {
            DecodeError::Record(part) => RecordError::Damaged(part),
            DecodeError::Image(_) => RecordError::Damaged("an object outside"),
        })
    }
}

fn fits(record: &[u8]) -> bool {
    record.len() <= LONGEST_CARD as usize && lengths_fit(record)
}

#[cfg(test)]
mod tests;
