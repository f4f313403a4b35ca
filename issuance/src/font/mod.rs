//! The font of all pictures: outlines of some 15,000 characters, compiled in, so that a picture is the same on every machine.
//!
//! It has JIS X 0208, 0212 and 0213, the extensions of Windows (髙, 﨑) and the kanji of Adobe-Japan1 (𠮷). `make-font.py`
//! makes `index.bin` and `outlines.zlib` from fonts of the Noto family and describes both files; `FONT-NOTICE.txt` names
//! the fonts and their licence, `OFL.txt` is its text.
//!
//! All arithmetic is on integers. This module must never read a font of the machine.

mod raster;

use std::io::Read as _;
use std::sync::LazyLock;

use flate2::read::ZlibDecoder;

pub use raster::{DOT, Mask};

/// The side of the em square in the font's units.
pub const EM: i64 = 1000;

/// For each character its code point (3 bytes), its advance (2) and the end of its outline (3); ascending.
const INDEX: &[[u8; 8]] = INDEX_BYTES.as_chunks().0;
const INDEX_BYTES: &[u8] = include_bytes!("index.bin");
const COMPRESSED: &[u8] = include_bytes!("outlines.zlib");

/// All outlines, decompressed at first use. The data is a constant of the program, so that a test can prove it whole.
static OUTLINES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut outlines = Vec::new();
    let read = ZlibDecoder::new(COMPRESSED).read_to_end(&mut outlines);
    debug_assert!(read.is_ok(), "{read:?}");
    outlines
});

/// Kinds of segments in an outline. Any other is a cubic curve.
const BEGIN: u8 = 0;
const LINE: u8 = 1;

/// A point `(x, y)`, in units of the font or of a picture.
pub type Point = (i64, i64);

/// A character of the font.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Glyph {
    /// The distance from the origin of this character to the origin of the next one, in the font's units.
    pub advance: i64,
    outline: &'static [u8],
}

/// Returns the glyph of a character, or `None` if the font lacks it. The glyph of a blank has an empty outline.
#[must_use]
pub fn glyph(character: char) -> Option<Glyph> {
    let code_point = number(&u32::from(character).to_be_bytes());
    let found = INDEX.binary_search_by_key(&code_point, |record| number(&record[..3]));
    let at = found.ok()?;
    let end = |at: usize| number(&INDEX[at][5..]);
    let begin = at.checked_sub(1).map_or(0, end);
    Some(Glyph {
        advance: number(&INDEX[at][3..5]) as i64,
        outline: OUTLINES.get(begin..end(at))?,
    })
}

/// Reads a big-endian number.
fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

impl Glyph {
    /// Returns the dots that the glyph covers. `place` maps a point of the font, where `y` grows upwards from the base
    /// line, to a point of the picture, where it grows downwards and [`DOT`] is the side of a dot.
    #[must_use]
    pub fn fill(&self, place: impl Fn(Point) -> Point) -> Mask {
        raster::fill(&self.curves(), place)
    }

    /// Returns the segments of the outline as cubic curves. A line has its ends as inner points. Contours are closed.
    fn curves(&self) -> Vec<[Point; 4]> {
        let mut bytes = self.outline;
        let mut curves = Vec::new();
        let (mut at, mut begin) = ((0, 0), (0, 0));
        while let [kind, rest @ ..] = bytes {
            bytes = rest;
            let from = at;
            let mut next = || {
                at = (at.0 + difference(&mut bytes), at.1 + difference(&mut bytes));
                at
            };
            match *kind {
                BEGIN => {
                    curves.push([from, from, begin, begin]);
                    begin = next();
                }
                LINE => {
                    let to = next();
                    curves.push([from, from, to, to]);
                }
                _ => curves.push([from, next(), next(), next()]),
            }
        }
        curves.push([at, at, begin, begin]);
        // A contour that ends where it began needs no line to close it.
        curves.retain(|curve| curve.iter().any(|point| *point != curve[0]));
        curves
    }
}

/// Takes a number off the front: LEB128 of its zigzag form (0, -1, 1, -2, ...).
fn difference(bytes: &mut &[u8]) -> i64 {
    let (mut zigzag, mut shift) = (0_i64, 0);
    while let [byte, rest @ ..] = *bytes {
        *bytes = rest;
        zigzag |= i64::from(byte & 0x7F) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    zigzag >> 1 ^ -(zigzag & 1)
}

#[cfg(test)]
mod tests;
