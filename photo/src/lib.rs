//! The photo on the card (顔写真): made from a PNG, JPEG or JPEG 2000 file, and turned back into dots for display.
//!
//! The card holds a JP2 file of 378 × 472 dots of 8-bit grey. Its form is that of the one published test card (`measured`:
//! object DF27 in EF 0002 of the face-info application, in myna-card): signature, file type, header and codestream box,
//! enumerated colour space 17 (greyscale); one tile, one component, one layer, progression LRCP, five decompositions of the
//! reversible 5-3 wavelet, code blocks of 64 × 64, no precincts, a comment that names OpenJPEG. That photo is a drawing of
//! 1,854 bytes. The size of real photos is not published, so [`MAX_BYTES`] is `assumed`: READ BINARY reaches 32,768 bytes,
//! and the rest of that file takes 1,216.
//!
//! # Untrusted input
//!
//! A photo is a file of the user, or one that the user was sent. So every decoder here is Rust without `unsafe`: `png`,
//! `zune-jpeg` without its SIMD features, and `hayro-jpeg2000` without `simd`. OpenJPEG, in C, only *encodes*, and only
//! dots that this crate has scaled to 378 × 472: no byte of a file reaches it. Its decoder is not used, because
//! openjpeg-sys 1.0.12 bundles OpenJPEG 2.5.3, which writes out of bounds on crafted codestreams (CVE-2025-54874, and
//! tile-part indices that no release up to 2.5.4 checks). `openjp2`, a Rust port of OpenJPEG, is a translation with
//! hundreds of `unsafe` places, so that it is no safer. Sizes are checked before memory is allocated for them (see
//! [`PhotoError::TooLarge`]). A panic of a decoder is caught and becomes [`PhotoError::Damaged`].
//!
//! This crate must never write a file's text or dots into an error or `Debug`, open a file, or give C a byte from one.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod card_form;
mod codestream;
mod error;
mod exif;
mod fit;
mod jp2_file;
mod jpeg_file;
mod kind;
// The one module with unsafe code, because it calls the C library.
#[allow(unsafe_code, reason = "OpenJPEG is a C library; each call states why it is sound")]
mod openjpeg;
mod png_file;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use error::PhotoError;
use fit::Orientation;
use kind::Kind;

/// The width of the card's photo, in dots.
pub const WIDTH: u32 = 378;
/// The height of the card's photo, in dots.
pub const HEIGHT: u32 = 472;
/// The most bytes a photo made by [`to_card`] has (`assumed`: real sizes are not published).
pub const MAX_BYTES: usize = 16_000;

/// The most dots a file's picture may have on a side.
const MAX_SIDE: u32 = 20_000;
/// The most dots a PNG's or JPEG's picture may have.
const MAX_DOTS: u64 = 100_000_000;
/// The fewest dots across and down: a quarter of the card's photo. With less, a face is a blur.
const MIN_SIZE: (u32, u32) = (WIDTH / 4, HEIGHT / 4);

/// A grey picture as dots.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Dots in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height` dots, row by row from the top left; 0 is black, 255 white.
    pub grey: Vec<u8>,
}

/// Shows the size only, because the picture is a person's face.
impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Picture")
            .field("width", &self.width)
            .field("height", &self.height)
            .finish_non_exhaustive()
    }
}

/// Makes the card's photo, a JP2 file of at most [`MAX_BYTES`], from the bytes of a PNG, JPEG, JP2 or JPEG 2000 codestream
/// file. The content decides the kind.
///
/// The picture is turned upright by its Exif orientation, cropped around its centre to 378:472, scaled, and made grey by
/// the luma of BT.601. Transparent dots become white. The same bytes give the same photo. A JP2 file that already has the
/// card's form is decoded as a check and returned byte for byte.
///
/// # Errors
/// Every [`PhotoError`].
pub fn to_card(file: &[u8]) -> Result<Vec<u8>, PhotoError> {
    let kind = Kind::of(file)?;
    if kind == Kind::Jp2 && file.len() <= MAX_BYTES && card_form::is_card_photo(file) {
        decode(file)?;
        return Ok(file.to_vec());
    }
    let (picture, orientation) = guarded(kind, || match kind {
        Kind::Png => png_file::read(file),
        Kind::Jpeg => jpeg_file::read(file),
        Kind::Jp2 | Kind::Codestream => jp2_file::read(file).map(|picture| (picture, Orientation::UPRIGHT)),
    })?;
    let (width, height) = orientation.upright_size(picture.width, picture.height);
    if width < MIN_SIZE.0 || height < MIN_SIZE.1 {
        return Err(PhotoError::TooSmall { width, height });
    }
    encode(&fit::to_size(&picture, orientation, WIDTH, HEIGHT))
}

/// Returns the dots of a card's photo, or of any other JP2 file or JPEG 2000 codestream, in the file's own size.
///
/// # Errors
/// [`PhotoError::UnknownKind`], [`PhotoError::Damaged`], [`PhotoError::NotHandled`] and [`PhotoError::TooLarge`].
pub fn decode(jp2: &[u8]) -> Result<Picture, PhotoError> {
    match Kind::of(jp2)? {
        kind @ (Kind::Jp2 | Kind::Codestream) => guarded(kind, || jp2_file::read(jp2)),
        kind @ (Kind::Png | Kind::Jpeg) => Err(PhotoError::UnknownKind {
            found: kind.name().to_owned(),
        }),
    }
}

/// Returns the dots of a file of any kind, before they are turned, cropped and scaled. The fuzzer drives this function,
/// because coding the card's photo afterwards takes a thousand times as long.
///
/// # Errors
/// As [`to_card`], but for the faults of a picture that is too small and of the encoder.
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub fn read(file: &[u8]) -> Result<Picture, PhotoError> {
    let kind = Kind::of(file)?;
    guarded(kind, || match kind {
        Kind::Png => png_file::read(file).map(|(picture, _)| picture),
        Kind::Jpeg => jpeg_file::read(file).map(|(picture, _)| picture),
        Kind::Jp2 | Kind::Codestream => jp2_file::read(file),
    })
}

/// Codes a picture of the card's size at the ratio that fills [`MAX_BYTES`], then at lower rates until it fits, because
/// OpenJPEG meets a rate only approximately.
fn encode(picture: &Picture) -> Result<Vec<u8>, PhotoError> {
    let mut ratio = picture.grey.len() as f32 / MAX_BYTES as f32;
    for _ in 0..20 {
        let jp2 = openjpeg::encode(picture, ratio).map_err(|messages| PhotoError::Encoder { messages })?;
        if jp2.len() <= MAX_BYTES {
            return Ok(jp2);
        }
        ratio *= 1.05;
    }
    Err(PhotoError::Encoder {
        messages: format!("no rate tried gives {MAX_BYTES} bytes or less"),
    })
}

/// Runs a decoder over an untrusted file. A panic is a fault of the decoder and must not end the program. The decoder's
/// state, which the panic may have left half changed, is dropped.
fn guarded<T>(kind: Kind, decoder: impl FnOnce() -> Result<T, PhotoError>) -> Result<T, PhotoError> {
    catch_unwind(AssertUnwindSafe(decoder)).unwrap_or_else(|_| {
        Err(PhotoError::Damaged {
            kind: kind.name(),
            why: "its decoder stopped at it".to_owned(),
        })
    })
}

/// Checks a size before memory is allocated for it. `max_dots` is the limit for this kind of file.
fn check_size(width: u32, height: u32, max_dots: u64) -> Result<(), PhotoError> {
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > max_dots {
        return Err(PhotoError::TooLarge {
            width,
            height,
            max_dots,
        });
    }
    Ok(())
}

/// Returns the luma of BT.601 of a red, green and blue dot, rounded.
fn luma(red: u8, green: u8, blue: u8) -> u8 {
    ((299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue) + 500) / 1000) as u8
}

/// Returns the grey of a dot with this opacity on white, rounded.
fn on_white(grey: u8, alpha: u8) -> u8 {
    ((u32::from(grey) * u32::from(alpha) + 255 * (255 - u32::from(alpha)) + 127) / 255) as u8
}
