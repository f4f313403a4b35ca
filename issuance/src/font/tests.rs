//! The font as a whole: its files are complete, and it has the characters that it promises.

use encoding_rs::{EUC_JP, SHIFT_JIS};
use sha2::{Digest, Sha256};

use super::*;

/// The characters that a character set of the encoding standard has at these codes.
fn characters(encoding: &'static encoding_rs::Encoding, codes: impl Iterator<Item = Vec<u8>>) -> Vec<char> {
    let decoded = codes.filter_map(|code| {
        let text = encoding.decode_without_bom_handling_and_without_replacement(&code)?;
        let mut characters = text.chars();
        characters.next().filter(|_| characters.next().is_none())
    });
    decoded.collect()
}

fn all_characters() -> impl Iterator<Item = char> {
    let code_points = INDEX.iter().map(|record| number(&record[..3]) as u32);
    code_points.map(|code_point| char::from_u32(code_point).unwrap())
}

#[test]
fn the_files_are_whole_and_those_that_the_script_makes() {
    assert_eq!(INDEX.len() * 8, INDEX_BYTES.len());
    assert!(INDEX.is_sorted_by(|one, next| one[..3] < next[..3]));
    assert!(INDEX.is_sorted_by(|one, next| one[5..] <= next[5..]));
    assert_eq!(number(&INDEX[INDEX.len() - 1][5..]), OUTLINES.len());
    let digest: String = Sha256::digest(&*OUTLINES)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        digest,
        "ce783e83dbbb912b1345dc8e67d8ec7eb6651750f20d51f05b5374161ebce187"
    );
    // The limit for the compressed font.
    assert!(INDEX_BYTES.len() + COMPRESSED.len() <= 4 << 20);
}

#[test]
fn every_character_of_the_font_has_closed_contours_near_its_em_square() {
    let mut blanks = Vec::new();
    for character in all_characters() {
        let glyph = glyph(character).unwrap();
        let curves = glyph.curves();
        if curves.is_empty() {
            blanks.push(character);
        }
        // Every point at which a segment begins is one at which a segment ends.
        let [mut begins, mut ends] = [0, 3].map(|at| curves.iter().map(|curve| curve[at]).collect::<Vec<_>>());
        begins.sort_unstable();
        ends.sort_unstable();
        assert_eq!(begins, ends, "{character}");
        let near = |(x, y): &Point| (-EM..4 * EM).contains(x) && (-EM..2 * EM).contains(y);
        assert!(curves.iter().flatten().all(near), "{character}");
        assert!((0..=3 * EM).contains(&glyph.advance), "{character}");
    }
    assert_eq!(blanks, [' ', '\u{A0}', '\u{3000}']);
}

#[test]
fn the_font_has_all_of_jis_x_0208_and_0212_and_of_windows() {
    let cells = || (0xA1..=0xFE_u8).flat_map(|row| (0xA1..=0xFE_u8).map(move |cell| vec![row, cell]));
    let double = characters(EUC_JP, cells());
    let triple = characters(EUC_JP, cells().map(|code| [vec![0x8F], code].concat()));
    let windows = characters(
        SHIFT_JIS,
        (0x81..=0xFC_u8).flat_map(|lead| (0x40..=0xFC_u8).map(move |trail| vec![lead, trail])),
    );
    assert_eq!((double.len(), triple.len()), (6_879 + 83 + 374, 6_067));
    assert!(windows.len() > 7_000, "{}", windows.len());
    let private = |character: &char| ('\u{E000}'..='\u{F8FF}').contains(character);
    let wanted = (' '..='~').chain('｡'..='ﾟ').chain(double).chain(triple).chain(windows);
    for character in wanted.filter(|character| !private(character)) {
        assert!(
            glyph(character).is_some(),
            "{character} (U+{:04X})",
            u32::from(character)
        );
    }
}

#[test]
fn the_font_has_the_usual_variants_of_the_register() {
    let usual = "髙\u{FA11}𠮷𩸽濵邉邊彅瀨德𠮟𣘺𡈽栁黑橫閒淸靑吿增寬巢悅敎昻綠緖薰賴郞鄕甁慍桒冨槗舘曻斉斎齊齋辻祇鷗凜塡頰\u{FA10}\u{FA12}\u{FA15}\
        \u{FA16}\u{FA17}\u{FA18}\u{FA19}\u{FA1A}\u{FA1B}\u{FA1C}\u{FA1D}\u{FA1E}\u{FA22}\u{FA25}\u{FA26}\u{FA2A}\u{FA2C}\
        \u{FA2D}〓…①㈱";
    for character in usual.chars() {
        assert!(
            glyph(character).is_some(),
            "{character} (U+{:04X})",
            u32::from(character)
        );
    }
    for character in ['\u{10FFFD}', '😀', '\u{3099}', '\n', '\u{E0100}'] {
        assert!(glyph(character).is_none(), "U+{:04X}", u32::from(character));
    }
}

#[test]
fn a_letter_and_its_hole_are_filled_upright() {
    // Ten dots an em, the base line at the tenth row.
    let drawn = glyph('口')
        .unwrap()
        .fill(|(x, y)| (x * 10 * DOT / EM, (EM - y) * 10 * DOT / EM));
    let ink = |x: i64, y: i64| {
        drawn
            .covered()
            .any(|(column, row, dot)| (column, row) == (x, y) && dot > 60)
    };
    assert!(ink(1, 5) && ink(8, 5) && !ink(5, 5), "{drawn:?}");
    let middle = |character| {
        let mask = glyph(character)
            .unwrap()
            .fill(|(x, y)| (x * 10 * DOT / EM, (EM - y) * 10 * DOT / EM));
        mask.top
    };
    assert!(middle('\'') < middle('.'));
}
