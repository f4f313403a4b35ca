//! Reads JP2 files and bare JPEG 2000 codestreams (ISO/IEC 15444-1).
//!
//! This module reads the few boxes that it needs; `hayro-jpeg2000` reads the codestream and nothing else of the file.
//! Palettes and colour profiles are not read. The decoder must never get a codestream before [`codestream::check`] has
//! accepted it.

use hayro_jpeg2000::{DecodeSettings, Image};

use crate::kind::Kind;
use crate::{PhotoError, Picture, codestream, luma, on_white};

/// The enumerated colour space sYCC: luma and two differences.
const SYCC: u32 = 18;

/// Returns the picture in this JP2 file or codestream.
pub(crate) fn read(file: &[u8]) -> Result<Picture, PhotoError> {
    let kind = Kind::of(file)?;
    let (codestream, luma_first) = match kind {
        Kind::Jp2 => open(file)?,
        _ => (file, false),
    };
    let damaged = |why: &str| PhotoError::Damaged {
        kind: kind.name(),
        why: why.to_owned(),
    };
    let components = codestream::check(codestream, kind)?;
    let settings = DecodeSettings {
        resolve_palette_indices: false,
        strict: true,
        target_resolution: None,
    };
    let image = Image::new(codestream, &settings).map_err(|error| damaged(&error.to_string()))?;
    let (width, height) = (image.width(), image.height());
    let dots = image.decode().map_err(|error| damaged(&error.to_string()))?;
    let grey: Vec<u8> = match components {
        1 => dots,
        2 => dots
            .as_chunks()
            .0
            .iter()
            .map(|&[grey, alpha]| on_white(grey, alpha))
            .collect(),
        3 if luma_first => dots.as_chunks().0.iter().map(|&[luma, _, _]| luma).collect(),
        3 => dots
            .as_chunks()
            .0
            .iter()
            .map(|&[red, green, blue]| luma(red, green, blue))
            .collect(),
        _ => {
            let dots = dots.as_chunks().0.iter();
            dots.map(|&[red, green, blue, alpha]| on_white(luma(red, green, blue), alpha))
                .collect()
        }
    };
    if grey.len() != width as usize * height as usize {
        return Err(damaged("dots are missing"));
    }
    Ok(Picture { width, height, grey })
}

/// A box of a JP2 file: its type and its contents.
pub(crate) type Jp2Box<'a> = (&'a [u8; 4], &'a [u8]);

/// Returns the boxes of a JP2 file, or of a box that holds boxes, or `None` if their lengths don't add up. Lengths of 64
/// bits are not read, because they are only for boxes beyond 4 GB.
pub(crate) fn boxes(mut data: &[u8]) -> Option<Vec<Jp2Box<'_>>> {
    let mut boxes = Vec::new();
    while !data.is_empty() {
        let (length, rest) = data.split_first_chunk()?;
        let (kind, contents) = rest.split_first_chunk()?;
        // A length of 0: all that follows.
        let length = match u32::from_be_bytes(*length) as usize {
            0 => contents.len(),
            length => length.checked_sub(8)?,
        };
        let (contents, rest) = contents.split_at_checked(length)?;
        boxes.push((kind, contents));
        data = rest;
    }
    Some(boxes)
}

/// Returns the codestream in a JP2 file, and whether its first component alone is the luma.
fn open(file: &[u8]) -> Result<(&[u8], bool), PhotoError> {
    let kind = Kind::Jp2.name();
    let damaged = |why: &str| PhotoError::Damaged {
        kind,
        why: why.to_owned(),
    };
    let boxes_in = |data| boxes(data).ok_or_else(|| damaged("the lengths of its boxes don't add up"));
    let outer = boxes_in(file)?;
    let first = |name| {
        outer
            .iter()
            .find(|(kind, _)| *kind == name)
            .map(|(_, contents)| *contents)
    };
    let header = first(b"jp2h").ok_or_else(|| damaged("it has no header"))?;
    let codestream = first(b"jp2c").ok_or_else(|| damaged("it has no picture"))?;

    let header = boxes_in(header)?;
    if header.iter().any(|(kind, _)| *kind == b"pclr") {
        return Err(PhotoError::NotHandled {
            kind,
            what: "a palette",
        });
    }
    // METH, PREC, APPROX, EnumCS.
    let luma_first = header.iter().any(|(kind, contents)| {
        *kind == b"colr" && contents.first() == Some(&1) && contents.get(3..7) == Some(&SYCC.to_be_bytes())
    });
    Ok((codestream, luma_first))
}
