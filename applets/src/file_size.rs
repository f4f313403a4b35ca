//! The sizes of transparent EFs: how long each is, what is behind its data object, and where that is known from.
//!
//! The tool that read the published test card stops at the end of the data object. So the lengths of those files are
//! lengths of objects, except of the few that were read to their physical end. A size is a property of the issued card: the
//! profile chooses it and the image keeps it. A card that was issued without a size for a file has the file as long as its
//! contents, as have all cards of version 1 of the image.

use vmyna_apdu::{Aid, FileId};
use vmyna_card_os::declaration::{Body, Content, Extent, File};
use vmyna_card_os::rule::Basis;
use vmyna_card_os::tlv::Tlv;

use crate::aids::{FACE_INFO, INPUT_ASSIST, JPKI};
use crate::{assumed, measured};

/// The size of one EF on an issued card. A file whose contents are longer is as long as they are (`assumed`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileSize {
    /// The application.
    pub aid: Aid,
    /// The file.
    pub file: FileId,
    /// Its length in bytes, at most 32,768.
    pub size: u16,
    /// The byte that fills it behind its contents.
    pub filler: u8,
}

impl FileSize {
    /// The longest EF: READ BINARY reaches no more bytes.
    pub const LONGEST: u16 = 0x8000;

    /// The size of a file; `None` if it is longer than an EF can be.
    #[must_use]
    pub fn new(aid: Aid, file: FileId, size: u16, filler: u8) -> Option<Self> {
        (size <= Self::LONGEST).then_some(Self {
            aid,
            file,
            size,
            filler,
        })
    }
}

/// Which sizes the files of a card are issued with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileSizes {
    /// Those of the profile, as real cards have them.
    #[default]
    Profile,
    /// Every file is as long as what it holds.
    Exact,
}

impl FileSizes {
    /// Their names in person files and on the command line.
    pub const NAMES: [&str; 2] = ["profile", "exact"];

    /// The sizes of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        match name {
            "profile" => Some(Self::Profile),
            "exact" => Some(Self::Exact),
            _ => None,
        }
    }

    /// The sizes of the files of a card whose profile has these.
    #[must_use]
    pub fn of(self, profile: &[FileSize]) -> Vec<FileSize> {
        match self {
            Self::Profile => profile.to_vec(),
            Self::Exact => Vec::new(),
        }
    }
}

/// The contents of a file, by their form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// They are one data object.
    Object,
    /// They are one data object and filler of their own.
    ObjectAndFiller,
    /// They are no data object.
    Bytes,
}

/// What is known of the size of one file.
struct Row {
    aid: Aid,
    file: u16,
    form: Form,
    /// Size and filler on a real card, where one was read beyond the object.
    size: Option<(u16, u8)>,
    basis: Basis,
}

const fn row(aid: Aid, file: u16, form: Form, size: Option<(u16, u8)>, basis: Basis) -> Row {
    Row {
        aid,
        file,
        form,
        size,
        basis,
    }
}

const OWN: &str = "3,808 bytes on one card, read by jpki-image-signer; the last digits are not settled";
const PRODUCTION: &str = "1,900 bytes with 00 at the end on one production card (git history of sc-tools-myna)";
const PHYSICAL: &str = "dump of a test card (myna-card), read to the end of the file";
const OBJECT: &str =
    "as long as its object: the dump of a test card (myna-card) ends there, and the file may be longer";
const AS_ISSUED: &str = "as long as its contents: the card was issued so";

/// Every transparent EF of the card.
static ROWS: [Row; 21] = [
    row(JPKI, 0x0001, Form::Object, Some((3808, 0)), measured(OWN)),
    row(JPKI, 0x0002, Form::Object, Some((1900, 0)), measured(PRODUCTION)),
    row(JPKI, 0x0006, Form::Bytes, None, measured(PHYSICAL)),
    row(JPKI, 0x0008, Form::Bytes, None, measured(PHYSICAL)),
    row(
        JPKI,
        0x0009,
        Form::Bytes,
        None,
        assumed("no card opens it: as the other files of unknown purpose"),
    ),
    row(JPKI, 0x000A, Form::Object, Some((3808, 0)), measured(OWN)),
    row(
        JPKI,
        0x000B,
        Form::Object,
        Some((1900, 0)),
        assumed("as EF 0002; its size is not published"),
    ),
    row(INPUT_ASSIST, 0x0001, Form::ObjectAndFiller, None, measured(PHYSICAL)),
    row(INPUT_ASSIST, 0x0002, Form::Object, None, assumed(OBJECT)),
    row(INPUT_ASSIST, 0x0003, Form::Object, None, assumed(OBJECT)),
    row(INPUT_ASSIST, 0x0004, Form::Object, None, assumed(OBJECT)),
    row(INPUT_ASSIST, 0x0005, Form::Object, None, assumed(OBJECT)),
    row(INPUT_ASSIST, 0x0006, Form::Object, None, assumed(OBJECT)),
    row(INPUT_ASSIST, 0x0007, Form::Object, None, assumed(OBJECT)),
    row(INPUT_ASSIST, 0x0008, Form::Bytes, None, measured(PHYSICAL)),
    row(FACE_INFO, 0x0001, Form::Object, None, assumed(OBJECT)),
    row(FACE_INFO, 0x0002, Form::Object, None, assumed(OBJECT)),
    row(FACE_INFO, 0x0003, Form::Object, None, assumed(OBJECT)),
    row(FACE_INFO, 0x0004, Form::Object, None, assumed(OBJECT)),
    row(FACE_INFO, 0x0005, Form::Object, None, assumed(OBJECT)),
    row(FACE_INFO, 0x0006, Form::Bytes, None, measured(PHYSICAL)),
];

/// The sizes of the files of the card as it is known, in the order of applications and files.
pub(crate) fn observed() -> Vec<FileSize> {
    let size = |row: &Row| {
        let (size, filler) = row.size?;
        FileSize::new(row.aid, FileId::new(row.file), size, filler)
    };
    ROWS.iter().filter_map(size).collect()
}

/// The file in its size on a card that was issued with these sizes, and what is known of the size.
pub(crate) fn sized(application: Aid, file: File, sizes: &[FileSize]) -> File {
    let Body::Transparent(content) = &file.body else {
        return file;
    };
    let bytes = content.as_bytes();
    let row = ROWS
        .iter()
        .find(|row| row.aid == application && row.file == file.id.value());
    let object = match row.map(|row| row.form) {
        Some(Form::Object) => Some(bytes.len()),
        Some(Form::ObjectAndFiller) => Tlv::read(bytes).ok().map(|(_, filler)| bytes.len() - filler.len()),
        Some(Form::Bytes) | None => None,
    };
    let own = sizes
        .iter()
        .find(|size| size.aid == application && size.file == file.id);
    let issued = own.map(|own| (own.size, own.filler));
    let basis = match row {
        Some(row) if row.size == issued => row.basis.clone(),
        _ => assumed(AS_ISSUED),
    };
    let extent = Extent { object, basis };
    let whole = issued.filter(|(size, _)| usize::from(*size) > bytes.len());
    let whole = whole.map(|(size, filler)| {
        let mut whole = Vec::with_capacity(size.into());
        whole.extend(bytes);
        whole.resize(size.into(), filler);
        whole
    });
    let mut file = file;
    if let Some(whole) = whole {
        file.body = Body::Transparent(Content::from(whole));
    }
    file.with_extent(extent)
}

#[cfg(test)]
mod tests;
