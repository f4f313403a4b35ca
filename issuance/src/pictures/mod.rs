//! The pictures of the card's face (券面): name, address, security code and My Number as lines of dots, and a photo.
//!
//! Lines of text are 1-bit greyscale PNG, 12 dots high, ink black on white, text at the left end; sizes and form are those
//! of a published test card (`measured`: its EF 0002 and 0005, in myna-card). The glyphs are those of the Shinonome 12-dot
//! font, which is public domain: `make-font.py` beside this file makes `wide.bin` and `narrow.bin` from its files. Of a
//! character that this font lacks, the outline in [`font`](super::font) is drawn: what a real card shows there is not
//! published (`assumed`). `make-photo.py` makes the default photo. [`card`] draws a whole card as a person would see it.
//!
//! This module must never put a text it draws into an error or a log.

#[cfg(feature = "card-pictures")]
pub mod card;
mod font;
mod line;

use std::fmt;

use vmyna_applets::person::{Person, SecurityCode};
use vmyna_card_os::declaration::Content;

use super::IssuanceError;

/// The height of every line of text, in dots.
pub const HEIGHT: u32 = 12;
/// The width of the name, in dots: 18 full-width characters.
pub const NAME_WIDTH: u32 = 216;
/// The width of the address, in dots: 24 full-width characters.
pub const ADDRESS_WIDTH: u32 = 288;
/// The width of the security code, in dots: four half-width digits.
pub const SECURITY_CODE_WIDTH: u32 = 24;
/// The width of the My Number, in dots: twelve half-width digits.
pub const MY_NUMBER_WIDTH: u32 = 72;

/// The photo of a cardholder without one: a plain figure that is no person, marked 見本 SPECIMEN. JPEG 2000 in a JP2 file,
/// 378 × 472 dots of 8-bit grey, coded with the parameters of a published test card's photo.
pub const DEFAULT_PHOTO: &[u8] = include_bytes!("photo.jp2");

/// A line of text as a picture. `Debug` shows only its length: the picture may be of a My Number.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TextPicture {
    /// The PNG file.
    pub png: Content,
    /// The way in which the text was made to fit.
    pub layout: Layout,
    /// For which characters of the text (counted from 0) 〓 is drawn, because the fonts lack them.
    pub replaced: Vec<usize>,
    /// Which characters of the text (counted from 0) are variation selectors or accents, for which nothing is drawn: the
    /// character before has its usual form (`assumed`).
    pub usual_forms: Vec<usize>,
}

impl fmt::Debug for TextPicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextPicture")
            .field("png", &self.png)
            .finish_non_exhaustive()
    }
}

/// A way to make a text fit its picture. The way of real cards is not published: all but the first are `assumed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Layout {
    /// Every character is drawn as it is written.
    Plain,
    /// Letters, digits and blanks that are written full width are drawn half width.
    HalfWidth,
    /// As `HalfWidth`, and every other full-width character is squeezed to half its width.
    Squeezed,
    /// As `Squeezed`, and the text is cut: the last character drawn is an ellipsis.
    Cut,
}

/// Whether 〓 is drawn for a character, because the fonts of the pictures lack it.
#[must_use]
pub fn is_lacking(character: char) -> bool {
    !line::is_left_out(character) && font::glyph(character).is_none()
}

/// Whether nothing is drawn for a character: a variation selector or an accent.
pub(crate) fn is_left_out(character: char) -> bool {
    line::is_left_out(character)
}

impl TextPicture {
    /// Draws `text` on a picture `width` dots wide, at least one full-width character (12) and at most 4,096.
    ///
    /// # Errors
    /// [`IssuanceError::Input`] for another width.
    pub fn draw(text: &str, width: u32) -> Result<Self, IssuanceError> {
        if !(12..=4096).contains(&width) {
            return Err(IssuanceError::Input("a picture of a text is 12 to 4,096 dots wide"));
        }
        let line = line::fit(text, width);
        Ok(Self {
            png: line::png(&line.glyphs, width)?.into(),
            layout: line.layout,
            replaced: line.replaced,
            usual_forms: line.usual_forms,
        })
    }
}

/// All pictures of one card.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pictures {
    /// 氏名.
    pub name: TextPicture,
    /// 住所.
    pub address: TextPicture,
    /// セキュリティコード.
    pub security_code: TextPicture,
    /// 個人番号.
    pub my_number: TextPicture,
    /// 顔写真, a JP2 file; empty on a card without one.
    pub photo: Content,
}

impl Pictures {
    /// Draws the texts of a card, in the sizes of a published test card's. `photo` is a JP2 file, e.g. [`DEFAULT_PHOTO`].
    ///
    /// # Errors
    /// None in practice, because the widths are constants.
    pub fn draw(person: &Person, security_code: SecurityCode, photo: &[u8]) -> Result<Self, IssuanceError> {
        let my_number: String = person.my_number.digits().iter().copied().map(char::from).collect();
        Ok(Self {
            name: TextPicture::draw(&person.name, NAME_WIDTH)?,
            address: TextPicture::draw(&person.address, ADDRESS_WIDTH)?,
            security_code: TextPicture::draw(security_code.as_str(), SECURITY_CODE_WIDTH)?,
            my_number: TextPicture::draw(&my_number, MY_NUMBER_WIDTH)?,
            photo: photo.to_vec().into(),
        })
    }
}

#[cfg(test)]
mod tests;
