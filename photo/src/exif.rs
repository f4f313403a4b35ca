//! The orientation in Exif data (CIPA DC-008, tag 0x0112): how the camera was held.
//!
//! This module reads that one value of the first directory. It must never fail: Exif that can't be understood means upright.

use crate::fit::Orientation;

const ORIENTATION: u16 = 0x0112;
const SHORT: u16 = 3;
const ENTRY: usize = 12;

/// Returns the orientation in this TIFF structure, or upright if it has no valid one.
pub(crate) fn orientation(tiff: &[u8]) -> Orientation {
    find(tiff).unwrap_or(Orientation::UPRIGHT)
}

fn find(tiff: &[u8]) -> Option<Orientation> {
    let little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little {
            u16::from_le_bytes(bytes)
        } else {
            u16::from_be_bytes(bytes)
        })
    };
    let (first, second) = (short(4)?, short(6)?);
    let (high, low) = if little { (second, first) } else { (first, second) };
    let directory = usize::from(high) << 16 | usize::from(low);
    let entries = usize::from(short(directory)?);
    let entry = (0..entries)
        .map(|number| directory + 2 + number * ENTRY)
        .find(|&at| short(at) == Some(ORIENTATION))?;
    // A SHORT is at the start of the four bytes for the value.
    (short(entry + 2)? == SHORT).then(|| Orientation::from_exif(short(entry + 8)?))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_orientation_is_found_in_either_byte_order() {
        let little = b"II*\0\x08\0\0\0\x02\0\x0f\x01\x02\0\x01\0\0\0a\0\0\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let big = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0\0\0\0\0";
        assert_eq!(Some(orientation(little)), Orientation::from_exif(6));
        assert_eq!(Some(orientation(big)), Orientation::from_exif(8));
    }

    #[test]
    fn exif_that_cannot_be_understood_means_upright() {
        let whole = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0";
        for length in 0..whole.len() - 2 {
            assert_eq!(orientation(&whole[..length]), Orientation::UPRIGHT, "{length}");
        }
        assert_eq!(orientation(b"II*\0\xff\xff\xff\xff"), Orientation::UPRIGHT);
        let ninth = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x09\0\0";
        assert_eq!(orientation(ninth), Orientation::UPRIGHT);
    }
}
