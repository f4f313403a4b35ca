//! The kind of a photo's file, by its first bytes.
//!
//! This module must never trust a name, and never quote bytes of the file.

use crate::PhotoError;

/// The kinds of files that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// ISO/IEC 15948.
    Png,
    /// ISO/IEC 10918-1, in JFIF, Exif or bare.
    Jpeg,
    /// ISO/IEC 15444-1 annex I: a codestream in boxes.
    Jp2,
    /// ISO/IEC 15444-1 annex A: the bare codestream.
    Codestream,
}

impl Kind {
    /// Returns the kind of this file, or an error that names the kind that it seems to be.
    pub(crate) fn of(file: &[u8]) -> Result<Self, PhotoError> {
        if file.starts_with(b"\x89PNG\r\n\x1a\n") {
            Ok(Self::Png)
        } else if file.starts_with(b"\xff\xd8\xff") {
            Ok(Self::Jpeg)
        } else if file.starts_with(b"\0\0\0\x0cjP  \r\n\x87\n") {
            Ok(Self::Jp2)
        } else if file.starts_with(b"\xff\x4f\xff\x51") {
            Ok(Self::Codestream)
        } else {
            Err(PhotoError::UnknownKind {
                found: other(file).to_owned(),
            })
        }
    }

    /// Returns the kind with its article, for a sentence.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Png => "a PNG file",
            Self::Jpeg => "a JPEG file",
            Self::Jp2 => "a JP2 file",
            Self::Codestream => "a JPEG 2000 codestream",
        }
    }
}

/// Returns the name of a usual kind that is not supported.
fn other(file: &[u8]) -> &'static str {
    let brand = file.get(4..12).unwrap_or_default();
    match file {
        [] => "an empty file",
        [b'G', b'I', b'F', b'8', ..] => "a GIF picture",
        [b'B', b'M', ..] => "a BMP picture",
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => "a TIFF picture",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "a WebP picture",
        [0xFF, 0x0A, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => "a JPEG XL picture",
        [b'%', b'P', b'D', b'F', ..] => "a PDF document",
        [b'P', b'1'..=b'7', b' ' | b'\n' | b'\r' | b'\t', ..] => "a PNM picture",
        _ if matches!(brand, b"ftypheic" | b"ftypheix" | b"ftypmif1") => "a HEIC picture",
        _ if brand == b"ftypavif" => "an AVIF picture",
        _ => "no picture of a known kind",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_decide_the_kind() {
        assert_eq!(Kind::of(b"\xff\xd8\xff\xe0rest"), Ok(Kind::Jpeg));
        assert_eq!(Kind::of(b"\xff\x4f\xff\x51\0"), Ok(Kind::Codestream));
        for (file, words) in [
            (&b""[..], "an empty file"),
            (b"GIF89a", "a GIF picture"),
            (b"\0\0\0\x18ftypheic\0\0\0\0", "a HEIC picture"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "a WebP picture"),
            (b"\xff\xd8", "no picture of a known kind"),
            (b"\x89PNG", "no picture of a known kind"),
        ] {
            let sentence = Kind::of(file).unwrap_err().to_string();
            assert!(sentence.starts_with(&format!("this is {words};")), "{sentence}");
        }
    }
}
