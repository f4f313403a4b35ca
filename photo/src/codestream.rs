//! Checks the headers of a JPEG 2000 codestream (ISO/IEC 15444-1, annex A) before it is decoded.
//!
//! A codestream of 200 bytes can claim millions of dots, each in a precinct and a code block of its own. A decoder would
//! allocate tens of gigabytes for them. So this module checks sizes and divisions in the main header and in those of all
//! tile-parts. It must never allocate, and never trust a length in the codestream.

use crate::kind::Kind;
use crate::{PhotoError, check_size};

/// The most dots a JPEG 2000 picture may have. The limit is lower than that of other files, because the decoder takes some
/// 33 bytes for each dot of a coloured picture (measured), and some 50 at the finest division that is accepted.
const MAX_DOTS: u64 = 25_000_000;
/// The most components: red, green, blue and opacity.
const MAX_COMPONENTS: u16 = 4;
/// The most tiles: enough for [`MAX_DOTS`] in tiles of 256 × 256.
const MAX_TILES: u64 = 1_024;
/// The binary logarithm of the least side of a code block, as the codestream has it: less 2. 8 dots.
const MIN_CODE_BLOCK: u8 = 1;
/// The binary logarithm of the least side of a precinct: 16 dots.
const MIN_PRECINCT: u8 = 4;

/// Checks the headers of a codestream in this kind of file, and returns its number of components.
pub(crate) fn check(codestream: &[u8], kind: Kind) -> Result<u16, PhotoError> {
    let kind = kind.name();
    let size = Size::of(codestream).ok_or_else(|| PhotoError::Damaged {
        kind,
        why: "the codestream does not begin as one".to_owned(),
    })?;
    check_size(size.width, size.height, MAX_DOTS)?;
    if size.tiles > MAX_TILES {
        return Err(PhotoError::NotHandled {
            kind,
            what: "thousands of tiles",
        });
    }
    if size.components > MAX_COMPONENTS {
        return Err(PhotoError::NotHandled {
            kind,
            what: "more than four components",
        });
    }
    match is_coarse(codestream) {
        Some(true) => Ok(size.components),
        Some(false) => Err(PhotoError::NotHandled {
            kind,
            what: "tiny code blocks or precincts",
        }),
        None => Err(PhotoError::Damaged {
            kind,
            why: "the headers of the codestream don't add up".to_owned(),
        }),
    }
}

/// The content of the SIZ marker segment.
struct Size {
    width: u32,
    height: u32,
    tiles: u64,
    components: u16,
}

impl Size {
    fn of(codestream: &[u8]) -> Option<Self> {
        // SOC, SIZ, Lsiz, Rsiz; then Xsiz, Ysiz, XOsiz, YOsiz, XTsiz, YTsiz, XTOsiz, YTOsiz; then Csiz.
        let (start, rest) = codestream.split_first_chunk::<8>()?;
        let (fields, rest) = rest.split_first_chunk::<32>()?;
        let components = u16::from_be_bytes(*rest.first_chunk()?);
        let length = u32::from(u16::from_be_bytes([start[4], start[5]]));
        if !start.starts_with(b"\xff\x4f\xff\x51") || components == 0 || length != 38 + 3 * u32::from(components) {
            return None;
        }
        let field = |number: usize| Some(u32::from_be_bytes(*fields.get(number * 4..)?.first_chunk()?));
        let tiles =
            |end: u32, offset: u32, size: u32| (size > 0).then(|| u64::from(end.saturating_sub(offset).div_ceil(size)));
        Some(Self {
            width: field(0)?.checked_sub(field(2)?).filter(|&width| width > 0)?,
            height: field(1)?.checked_sub(field(3)?).filter(|&height| height > 0)?,
            tiles: tiles(field(0)?, field(6)?, field(4)?)?.checked_mul(tiles(field(1)?, field(7)?, field(5)?)?)?,
            components,
        })
    }
}

/// Returns whether the code blocks and precincts of every COD and COC, of the picture and of each tile, have at least the
/// least sizes. `None` if the lengths of the marker segments don't add up.
fn is_coarse(codestream: &[u8]) -> Option<bool> {
    // After SOC.
    let mut at = 2;
    let mut tile_part_end = 0;
    loop {
        let rest = codestream.get(at..)?;
        match *rest.first_chunk()? {
            // SOC's counterpart, EOC.
            [0xFF, 0xD9] => return Some(true),
            // SOD: on to the next tile-part.
            [0xFF, 0x93] => {
                at = (tile_part_end > at).then_some(tile_part_end)?;
                continue;
            }
            // Markers without a segment.
            [0xFF, 0x30..=0x3F] => {
                at += 2;
                continue;
            }
            _ => {}
        }
        let [mark, code, high, low] = *rest.first_chunk()?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let segment = rest.get(4..2_usize.checked_add(length)?)?;
        match (mark, code) {
            // SOT: Isot, Psot (0: to the end, where EOC is), TPsot, TNsot.
            (0xFF, 0x90) => {
                let part = u32::from_be_bytes(*segment.get(2..)?.first_chunk()?) as usize;
                tile_part_end = if part == 0 {
                    codestream.len().checked_sub(2)?
                } else {
                    at.checked_add(part)?
                };
            }
            // COD: Scod, progression, layers (2), transform; COC: Ccoc, Scoc. Then the same.
            (0xFF, 0x52) if !division_is_coarse(segment.first()? & 1 == 1, segment.get(5..)?)? => return Some(false),
            (0xFF, 0x53) if !division_is_coarse(segment.get(1)? & 1 == 1, segment.get(2..)?)? => return Some(false),
            (0xFF, _) => {}
            _ => return None,
        }
        at += 2 + length;
    }
}

/// Returns whether SPcod or SPcoc has code blocks and precincts of at least the least sizes. Its fields are levels, code
/// block width and height, style, wavelet, and the precincts if there are any.
fn division_is_coarse(has_precincts: bool, fields: &[u8]) -> Option<bool> {
    let (&[levels, width, height, _, _], precincts) = fields.split_first_chunk()?;
    // The decoder uses these numbers, not the segment's length: they must agree.
    let expected = if has_precincts { usize::from(levels) + 1 } else { 0 };
    if precincts.len() != expected {
        return None;
    }
    let coarse = |sides: &u8| sides & 0x0F >= MIN_PRECINCT && sides >> 4 >= MIN_PRECINCT;
    Some(width >= MIN_CODE_BLOCK && height >= MIN_CODE_BLOCK && precincts.iter().all(coarse))
}
