//! The errors of a photo, in sentences for the person that chose it.
//!
//! An error must never hold a part of the picture.

use crate::{MAX_SIDE, MIN_SIZE};

/// The reason why a file can't become the card's photo. `Display` states what is wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PhotoError {
    /// The file is of no supported kind.
    #[error("this is {found}; a photo is a PNG, JPEG or JPEG 2000 file: save it as one of these")]
    UnknownKind {
        /// The kind that it seems to be, with its article: "a GIF picture".
        found: String,
    },
    /// The file is of a known kind, but broken.
    #[error("this is {kind}, but damaged ({why}): copy or save it again")]
    Damaged {
        /// The kind: "a PNG file".
        kind: &'static str,
        /// The message of its decoder.
        why: String,
    },
    /// The file uses an unsupported part of its format.
    #[error("this is {kind} with {what}, which is not read: save it as an ordinary PNG or JPEG file")]
    NotHandled {
        /// The kind: "a JP2 file".
        kind: &'static str,
        /// The part that it uses.
        what: &'static str,
    },
    /// The picture has more dots than the limit. A small file can claim billions of them.
    #[error(
        "the picture claims {width} × {height} dots; at most {MAX_SIDE} on a side and {} million in all are read: \
         scale it down",
        max_dots / 1_000_000
    )]
    TooLarge {
        /// Its dots across.
        width: u32,
        /// Its dots down.
        height: u32,
        /// The most dots a picture in such a file may have.
        max_dots: u64,
    },
    /// The picture has too few dots for a face.
    #[error(
        "the picture has {width} × {height} dots, too few for a face: choose one with at least {} × {}",
        MIN_SIZE.0, MIN_SIZE.1
    )]
    TooSmall {
        /// Its dots across, once upright.
        width: u32,
        /// Its dots down, once upright.
        height: u32,
    },
    /// OpenJPEG could not code the photo.
    #[error("OpenJPEG could not code the photo ({messages}): please report this as a fault of vmyna")]
    Encoder {
        /// Its messages.
        messages: String,
    },
}
