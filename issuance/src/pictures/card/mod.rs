//! The two sides of a card as pictures, as a person would see them.
//!
//! The design is this project's own, copies nothing of the real card's artwork, and marks each side as a specimen (見本).
//! The same card gives the same bytes on every machine, because the font is compiled in.
//!
//! Size: ID-1, 85.60 × 53.98 mm (ISO/IEC 7810), at 300 dots per inch.
//!
//! ```
//! use vmyna_applets::specimen;
//! use vmyna_issuance::pictures::card;
//!
//! let hanako = specimen::find("hanako")?.ok_or("there is no such specimen")?;
//! let front = card::front(&hanako)?;
//! assert!(front.png.starts_with(b"\x89PNG") && front.remarks.is_empty());
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! This module must never put a text of the card into a remark, an error or a `Debug` output.

mod canvas;
mod faces;
mod letters;
mod remark;
mod side;
mod typeset;

use std::fmt;

use vmyna_applets::issued::IssuedCard;

pub use remark::{CardPictureError, Remark};
use side::Side;
pub use side::{HEIGHT, WIDTH};

/// One side of a card. `Debug` shows its length only, because a person's data and face are in it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CardSide {
    /// A PNG file, [`WIDTH`] × [`HEIGHT`] dots, with transparent corners.
    pub png: Vec<u8>,
    /// One for each text or photo that is not drawn as it is.
    pub remarks: Vec<Remark>,
}

impl fmt::Debug for CardSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CardSide")
            .field("png", &format_args!("{} bytes", self.png.len()))
            .field("remarks", &self.remarks)
            .finish()
    }
}

/// Draws the side with the photo (表面). Whether the card has expired or is revoked can't be seen on it, as on a real card.
///
/// # Errors
/// [`CardPictureError`], for a phone, or a card with a damaged certificate or a date outside the calendar.
pub fn front(card: &IssuedCard) -> Result<CardSide, CardPictureError> {
    has_sides(card)?;
    let mut side = Side::new();
    faces::front(&mut side, card)?;
    finished(side)
}

/// Draws the side with the My Number and the chip (裏面).
///
/// # Errors
/// [`CardPictureError::Phone`] for a phone.
pub fn back(card: &IssuedCard) -> Result<CardSide, CardPictureError> {
    has_sides(card)?;
    let mut side = Side::new();
    faces::back(&mut side, card);
    finished(side)
}

/// Refuses a phone, which has no sides.
fn has_sides(card: &IssuedCard) -> Result<(), CardPictureError> {
    match card.phone() {
        Some(_) => Err(CardPictureError::Phone),
        None => Ok(()),
    }
}

fn finished(side: Side) -> Result<CardSide, CardPictureError> {
    let (png, remarks) = side.finish()?;
    Ok(CardSide { png, remarks })
}

#[cfg(test)]
mod tests;
