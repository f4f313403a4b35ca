//! Checks whether a JP2 file already has the form of a card's photo: its boxes, size, depth and colour space.
//!
//! This module must never pass a file with another box, such as one with the place where the photo was taken. It does not
//! check how the codestream is coded: the caller decodes it.

use crate::jp2_file::boxes;
use crate::{HEIGHT, WIDTH};

/// Returns whether the file has `jP`, `ftyp` of JP2, `jp2h` with `ihdr` and `colr`, `jp2c`, and no other box, with the
/// values of the published test card.
pub(crate) fn is_card_photo(file: &[u8]) -> bool {
    let Some(outer) = boxes(file) else { return false };
    let [
        (b"jP  ", b"\r\n\x87\n"),
        (b"ftyp", file_type),
        (b"jp2h", header),
        (b"jp2c", codestream),
    ] = outer[..]
    else {
        return false;
    };
    let Some(header) = boxes(header) else { return false };
    let [(b"ihdr", image), (b"colr", color)] = header[..] else {
        return false;
    };

    let (width, height) = (WIDTH.to_be_bytes(), HEIGHT.to_be_bytes());
    // One component (NC) of 8 bits without sign (BPC), wavelet coding (C); colour space known, no rights.
    let wanted_image = [&height[..], &width, &[0, 1, 7, 7, 0, 0]].concat();
    // XOsiz and YOsiz are 0, so that Xsiz and Ysiz are the size; Csiz and Ssiz repeat: one component of 8 bits.
    let (grid, offsets, components) = (codestream.get(8..16), codestream.get(16..24), codestream.get(40..43));
    file_type.starts_with(b"jp2 ")
        && image == wanted_image
        // Enumerated colour space 17, greyscale.
        && color == [1, 0, 0, 0, 0, 0, 17]
        && codestream.starts_with(b"\xff\x4f\xff\x51")
        && grid == Some(&[width, height].concat()[..])
        && offsets == Some(&[0; 8])
        && components == Some(&[0, 1, 7])
        && codestream.ends_with(b"\xff\xd9")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHOTO: &[u8] = include_bytes!("../../issuance/src/pictures/photo.jp2");

    #[test]
    fn the_built_in_photo_has_the_form_until_a_byte_of_its_header_changes() {
        assert!(is_card_photo(PHOTO));
        // Up to SIZ, where the codestream's own coding begins. The version and the compatibility list of ftyp are free.
        for at in (0..89).filter(|at| !(24..32).contains(at)) {
            let mut changed = PHOTO.to_vec();
            changed[at] ^= 1;
            assert!(!is_card_photo(&changed), "byte {at}");
        }
    }

    #[test]
    fn a_box_of_metadata_or_bytes_after_the_picture_are_not_the_cards_form() {
        assert!(!is_card_photo(&[PHOTO, b"\0\0\0\x0cxml <x/>"].concat()));
        assert!(!is_card_photo(&[PHOTO, b"\0"].concat()));
        assert!(!is_card_photo(&[]));
        // A box that claims to go on to the end of the file.
        let mut open_ended = [PHOTO, b"tail"].concat();
        open_ended[77..81].fill(0);
        assert!(!is_card_photo(&open_ended));
    }
}
