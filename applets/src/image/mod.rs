//! Issued cards on disk: an *image*, which is written once and never changed.
//!
//! One image holds one card or a whole collection; `FILE#NAME` names a card in it. What changes while a card is used is no
//! part of it: that lies beside the image, in the card's state. Any number of processes may read an image.
//!
//! # Format, versions 1 to 3
//!
//! Version 2 adds optional fields to a card, and birth dates of which a part is unknown. Version 3 adds tokens that lack
//! applications, as a phone's, and the phone's mdoc. An image has the first version that has all of its cards, so that programs
//! which know no later version can read it. Numbers are big-endian.
//!
//! ```text
//! header    8  89 56 4D 59 4E 41 0D 0A   (an octet that is no text, "VMYNA", CR LF)
//!           4  format version: the first that has all fields of its cards
//!           4  flags: 0
//!           8  number of cards
//!           8  length of the whole file
//!           8  offset of the index
//!          32  SHA-256 of the index
//!          32  SHA-256 of the 72 bytes before
//! objects      cards and shared objects, DER, in any order
//! index        one entry a card, ascending by name:
//!           1  length of the name, name
//!           8  offset of the card
//!           4  length of the card
//!          32  SHA-256 of the card
//! ```
//!
//! A card is the DER of `Card` in `record.rs` beside this file. It refers to a shared object (a key of a pool, a certificate
//! of an authority, a photo) by the object's offset, length and SHA-256. So every byte of an image is covered by a digest,
//! and opening one card reads the header, the index and that card only. Digests find damage; they don't protect against a
//! deliberate change.
//!
//! An image has at most 8,000,000 cards. A card has at most 1 MiB with all shared objects that it refers to, and at most 4,096
//! DER objects, 12 of them inside one another. The same holds for each application of its free area, which is one of those
//! objects. A reader refuses more before it allocates memory for it.
//!
//! A reader refuses a version or a flag that it does not know. Images are readable by their owner only: they hold private
//! keys and PINs.

pub(crate) mod application;
mod object;
mod read;
pub(crate) mod record;
mod single;
mod write;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use vmyna_apdu::ShowPath as _;

pub use read::Image;
pub use single::RecordError;
pub use write::{ImageFile, ImageWriter, create};

const MAGIC: [u8; 8] = *b"\x89VMYNA\r\n";
/// The latest version that this program reads and writes.
const VERSION: u32 = 3;
const HEADER: usize = 104;
/// What the digest at the header's end covers.
const HEADER_BODY: usize = HEADER - 32;
const DIGEST: usize = 32;
/// The most cards of an image.
pub const MOST_CARDS: u64 = 8_000_000;
/// The most bytes of one card: its record and every shared object that it refers to, each counted as often as it is named.
/// A card whose files are all as long as a file can be has less.
pub const LONGEST_CARD: u32 = 1 << 20;
/// The most DER objects in the record of a card, and the most that are inside one another.
const MOST_OBJECTS: usize = 4096;
const DEEPEST: usize = 12;
/// The bytes of an entry of the index beside the name.
const BESIDE_NAME: usize = 1 + 12 + DIGEST;

/// Why an image can't be read or written.
#[derive(Debug)]
pub struct ImageError {
    path: PathBuf,
    kind: ImageErrorKind,
}

/// The kinds of fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageErrorKind {
    /// The system refused.
    #[error("{0}")]
    Io(#[source] io::Error),
    /// There is a file of this name already.
    #[error("there is a file of this name, and an image is never overwritten")]
    Exists,
    /// The file is no image of cards.
    #[error("this is no image of cards")]
    NoImage,
    /// The image was written by a later version of this program: its format version.
    #[error("its format is version {0}, and this program knows {VERSION}")]
    Newer(u32),
    /// The image is damaged: where.
    #[error("the image is damaged ({0})")]
    Damaged(&'static str),
    /// A card in it has more bytes than [`LONGEST_CARD`]. Nothing was allocated for them.
    #[error("a card in it has more than {LONGEST_CARD} bytes")]
    TooLarge,
    /// A card's name is there twice.
    #[error("two cards are called {0}")]
    Twice(String),
    /// There is no card of this name: some of those there are, and how many.
    #[error("no card is called {wanted}; there are{}", names(some, *count))]
    NoSuchCard {
        /// The name that was looked for.
        wanted: String,
        /// The first names there are.
        some: Vec<String>,
        /// How many cards there are.
        count: u64,
    },
    /// A card that no image can hold.
    #[error("{0}")]
    Unwritable(&'static str),
}

/// The names of all cards, or how many cards there are and some names.
fn names(some: &[String], count: u64) -> String {
    let names = some.join(", ");
    match usize::try_from(count) == Ok(some.len()) {
        true => format!(": {names}"),
        false => format!(" {count}, among them {names}"),
    }
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.shown(), self.kind)
    }
}

impl std::error::Error for ImageError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.kind.source()
    }
}

impl ImageError {
    fn new(path: &Path, kind: ImageErrorKind) -> Self {
        Self {
            path: path.to_owned(),
            kind,
        }
    }

    /// The kind of fault.
    #[must_use]
    pub const fn kind(&self) -> &ImageErrorKind {
        &self.kind
    }
}

#[cfg(test)]
mod tests;
