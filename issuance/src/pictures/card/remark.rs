//! What is not drawn as it is on the card, and why a side can't be drawn.
//!
//! This module must never put a text of the card into a sentence.

use std::io;

use vmyna_photo::PhotoError;
use x509_cert::der;

/// Something that is not drawn as it is on the card. It never quotes a text of the card.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Remark {
    /// The card's face data has no photo.
    #[error("the photo is not drawn: the card's face data has no photo")]
    NoPhoto,
    /// The photo can't be decoded.
    #[error("the photo is not drawn: {0}")]
    Photo(#[source] PhotoError),
    /// The font lacks so many letters of this side.
    #[error("the font lacks {0} letters: 〓 is drawn for them")]
    Lacking(usize),
    /// The value of the field with this English label is too long.
    #[error("{0} is too long for the picture and was cut")]
    Cut(&'static str),
}

/// Why a side can't be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CardPictureError {
    /// The token is a phone's.
    #[error("a phone has no sides with name and photo")]
    Phone,
    /// The certificate of this name can't be read.
    #[error("the {0} can't be read: {1}")]
    Certificate(&'static str, #[source] der::Error),
    /// The event of this name is after the year 9999.
    #[error("{0} is after the year 9999")]
    OutOfCalendar(&'static str),
    /// The PNG file can't be made.
    #[error("the picture can't be made: {0}")]
    Png(#[source] io::Error),
}
