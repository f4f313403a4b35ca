//! The glyphs of the text pictures: the dots of a character's cell that are ink.
//!
//! `make-font.py` describes the two tables of the 12-dot font. A character that this font lacks is drawn from the outlines
//! of the font of all pictures. A character that both lack has no glyph.

use super::HEIGHT;
use crate::font::{self, DOT, EM};

/// Full-width characters: code point, 12 rows of 12 bits; ascending.
const WIDE: &[[u8; 20]] = WIDE_TABLE.as_chunks().0;
const WIDE_TABLE: &[u8] = include_bytes!("wide.bin");
/// Half-width characters: code point, 12 rows of 6 bits; ascending.
const NARROW: &[[u8; 11]] = NARROW_TABLE.as_chunks().0;
const NARROW_TABLE: &[u8] = include_bytes!("narrow.bin");

/// 〓, the mark for a missing character in Japanese typesetting.
pub(super) const GETA: Glyph = wide_or_stop('〓');
/// Three dots.
pub(super) const ELLIPSIS: Glyph = wide_or_stop('…');

/// One character's cell, 12 dots high.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Glyph {
    /// 12 or 6 dots.
    pub(super) width: u32,
    /// From the top; a row's leftmost dot is bit `width - 1`, and a bit of 1 is ink.
    pub(super) rows: [u16; HEIGHT as usize],
}

impl Glyph {
    /// Returns the glyph at half its width: two dots side by side become ink if one of them is. A narrow glyph stays as it is.
    pub(super) fn squeezed(self) -> Self {
        if self.width == 6 {
            return self;
        }
        Self {
            width: 6,
            rows: self.rows.map(|row| {
                (0..6).fold(0, |half, pair| {
                    let ink = row >> (10 - 2 * pair) & 0b11 != 0;
                    half << 1 | u16::from(ink)
                })
            }),
        }
    }
}

/// Returns the glyph of a character: full width if the 12-dot font has it so, else half width, else from its outline at
/// full width. `None` if both fonts lack it.
pub(super) fn glyph(character: char) -> Option<Glyph> {
    let code = u32::from(character);
    wide(code)
        .or_else(|| narrow(code))
        .or_else(|| font::glyph(character).map(outlined))
}

/// The side of the em square of an outline in a cell, in tenths of a dot. The rest of the cell keeps neighbours apart.
const OUTLINED: i64 = 115;
/// The upper edge of an ideograph above the base line, in units of the font.
const RISE: i64 = 880;
/// A dot of which an outline covers this much or more is ink.
const HALF: u8 = 128;
/// A dot on the ridge of a thin stroke is ink if the outline covers this much or more. With a higher limit the thinnest
/// sign of JIS X 0212 disappears.
const RIDGE: u8 = 60;

/// Draws an outline in the middle of a full-width cell.
///
/// Most strokes are thinner than a dot. A stroke between two dots covers less than half of each: there the dot that is
/// covered more is ink, so that no stroke disappears.
fn outlined(glyph: font::Glyph) -> Glyph {
    const SIDE: usize = HEIGHT as usize;
    let scale = |length: i64| length * OUTLINED * DOT / (10 * EM);
    let margin = i64::from(HEIGHT) * DOT - scale(EM);
    let (right, down) = (margin / 2 + scale(EM - glyph.advance) / 2, margin / 2 + scale(RISE));
    // The cell, with an empty dot on each side.
    let mut cell = [[0; SIDE + 2]; SIDE + 2];
    for (x, y, dot) in glyph.fill(|(x, y)| (right + scale(x), down - scale(y))).covered() {
        if let (0..12, 0..12) = (x, y) {
            cell[y as usize + 1][x as usize + 1] = dot;
        }
    }
    let ink = |x: usize, y: usize| {
        let dot = cell[y][x];
        let ridge = |before: u8, after: u8| dot > before && dot >= after;
        dot >= HALF || dot >= RIDGE && (ridge(cell[y][x - 1], cell[y][x + 1]) || ridge(cell[y - 1][x], cell[y + 1][x]))
    };
    Glyph {
        width: HEIGHT,
        rows: std::array::from_fn(|y| (1..=SIDE).fold(0, |row, x| row << 1 | u16::from(ink(x, y + 1)))),
    }
}

const fn wide(code: u32) -> Option<Glyph> {
    match find(WIDE, code) {
        Some([_, _, bits @ ..]) => Some(unpack(12, bits)),
        None => None,
    }
}

const fn narrow(code: u32) -> Option<Glyph> {
    match find(NARROW, code) {
        Some([_, _, bits @ ..]) => Some(unpack(6, bits)),
        None => None,
    }
}

/// Returns a character that this module needs. The build fails if the table lacks it.
const fn wide_or_stop(character: char) -> Glyph {
    match wide(character as u32) {
        Some(glyph) => glyph,
        None => unreachable!(),
    }
}

/// Binary search by the code point in a record's first two bytes.
const fn find<const LENGTH: usize>(table: &'static [[u8; LENGTH]], code: u32) -> Option<&'static [u8; LENGTH]> {
    let (mut low, mut high) = (0, table.len());
    while low < high {
        let middle = (low + high) / 2;
        let record = &table[middle];
        let found = (record[0] as u32) << 8 | record[1] as u32;
        if found == code {
            return Some(record);
        }
        if found < code {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    None
}

/// Rows of `width` bits that follow each other without filler.
const fn unpack(width: u32, bits: &[u8]) -> Glyph {
    let mut rows = [0; HEIGHT as usize];
    let mut at = 0;
    while at < bits.len() * 8 {
        let ink = bits[at / 8] >> (7 - at % 8) & 1;
        let row = at / width as usize;
        rows[row] = rows[row] << 1 | ink as u16;
        at += 1;
    }
    Glyph { width, rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_whole_records_in_ascending_order() {
        assert_eq!(WIDE.len() * 20, WIDE_TABLE.len());
        assert_eq!(NARROW.len() * 11, NARROW_TABLE.len());
        assert!(WIDE.is_sorted_by(|one, next| one[..2] < next[..2]));
        assert!(NARROW.is_sorted_by(|one, next| one[..2] < next[..2]));
    }

    #[test]
    fn the_font_has_all_characters_of_jis_x_0208_and_ascii() {
        // 6,879 characters by the standard; seven more code points are second names of signs among them.
        assert_eq!(WIDE.len(), 6879 + 7);
        for (one, other) in [
            ('－', '−'),
            ('～', '〜'),
            ('∥', '‖'),
            ('―', '—'),
            ('￠', '¢'),
            ('￡', '£'),
            ('￢', '¬'),
        ] {
            assert_eq!(glyph(one).unwrap(), glyph(other).unwrap());
        }
        for character in ('!'..='~').chain('｡'..='ﾟ') {
            let glyph = glyph(character).unwrap();
            assert!(glyph.width == 6 && glyph.rows != [0; 12], "{character}");
        }
        for character in ['亜', '熙', '　', 'ア', 'ん', 'Ω', 'я', '―'] {
            assert_eq!(glyph(character).unwrap().width, 12, "{character}");
        }
    }

    #[test]
    fn a_character_outside_both_fonts_has_no_glyph() {
        for character in ['𪚥', '😀', '\u{7F}', '\u{3099}'] {
            assert_eq!(glyph(character), None, "{character}");
        }
    }

    #[test]
    fn every_character_of_jis_x_0208_and_0212_has_ink_in_a_cell_of_its_own() {
        let codes = (0xA1..=0xFE_u8).flat_map(|row| (0xA1..=0xFE_u8).map(move |cell| [row, cell]));
        let decoded = codes.flat_map(|[row, cell]| {
            [&[row, cell][..], &[0x8F, row, cell]].map(|code| {
                let text = encoding_rs::EUC_JP.decode_without_bom_handling_and_without_replacement(code)?;
                text.chars().next()
            })
        });
        let mut count = 0;
        for character in decoded.flatten().filter(|character| *character != '　') {
            let glyph = glyph(character).unwrap_or_else(|| panic!("{character} has no glyph"));
            assert!(glyph.rows.iter().any(|row| *row != 0), "{character} is blank");
            assert!(
                glyph.rows.iter().all(|row| row >> 12 == 0),
                "{character} leaves its cell"
            );
            assert_eq!(glyph.width, 12, "{character}");
            count += 1;
        }
        // With the extensions in rows 13 and 89 to 92, without the blank.
        assert_eq!(count, 6_879 + 83 + 374 + 6_067 - 1);
    }

    #[test]
    fn a_glyph_has_its_dots_where_the_font_drew_them() {
        let drawn = |character, width: usize| {
            let rows = glyph(character).unwrap().rows;
            rows.map(|row| format!("{row:0width$b}").replace('0', ".").replace('1', "#"))
        };
        let seven = [
            "......", "#####.", "....#.", "...#..", "...#..", "...#..", "..#...", "..#...", "..#...", "..#...",
            "......", "......",
        ];
        assert_eq!(drawn('7', 6), seven);
        let one = [
            "............",
            "............",
            "............",
            "............",
            "............",
            ".##########.",
            "............",
            "............",
            "............",
            "............",
            "............",
            "............",
        ];
        assert_eq!(drawn('一', 12), one);
    }

    #[test]
    fn squeezing_joins_two_dots_to_one() {
        let mut rows = [0; 12];
        rows[0] = 0b10_01_11_00_00_01;
        rows[11] = 0b00_00_00_00_00_10;
        let squeezed = Glyph { width: 12, rows }.squeezed();
        assert_eq!(
            (squeezed.width, squeezed.rows[0], squeezed.rows[11]),
            (6, 0b11_1001, 0b00_0001)
        );
        assert_eq!(squeezed.squeezed(), squeezed);
    }
}
