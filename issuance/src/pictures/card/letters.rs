//! Letters on a canvas: their widths, and their outlines from the font that all pictures are drawn with.
//!
//! A picture is the same on every machine: this module uses no font of the system, and no function of floating-point
//! numbers whose last digit differs between systems.

use crate::font::{DOT, EM, Glyph, glyph};

use super::canvas::{Canvas, Colour};

/// The sign in place of a letter that the font lacks (geta mark).
const REPLACEMENT: char = '〓';

/// Returns whether [`REPLACEMENT`] is drawn in place of this letter.
pub(super) fn lacks(letter: char) -> bool {
    !letter.is_whitespace() && !is_selector(letter) && glyph(letter).is_none()
}

/// Returns what is drawn for a letter, or `None` for a variation selector.
fn drawn(letter: char) -> Option<Glyph> {
    if is_selector(letter) {
        return None;
    }
    let blank = || glyph(if letter.is_whitespace() { ' ' } else { REPLACEMENT });
    glyph(letter).or_else(blank)
}

/// Variation selectors choose a form of the letter before them. The font has one form of each letter.
const fn is_selector(letter: char) -> bool {
    matches!(letter, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' | '\u{180B}'..='\u{180D}')
}

/// Returns the distance from a letter of this size (dots of its em square) to the next one.
pub(super) fn advance(letter: char, size: f32) -> f32 {
    drawn(letter).map_or(0.0, |glyph| glyph.advance as f32 * size / EM as f32)
}

/// Returns the width of a line of text.
pub(super) fn width(text: &str, size: f32) -> f32 {
    text.chars().map(|letter| advance(letter, size)).sum()
}

/// How a text is drawn.
pub(super) struct Ink {
    pub(super) colour: Colour,
    /// 0 to 1.
    pub(super) opacity: f32,
    /// The direction of the base line, a unit vector: how far it goes to the right and upwards.
    pub(super) direction: (f32, f32),
}

impl Ink {
    /// Opaque and level.
    pub(super) const fn new(colour: Colour) -> Self {
        Self {
            colour,
            opacity: 1.0,
            direction: (1.0, 0.0),
        }
    }
}

/// Draws a line of text from `(x, y)` on its base line.
pub(super) fn draw(canvas: &mut Canvas, text: &str, (x, y): (f32, f32), size: f32, ink: &Ink) {
    let (right, up) = ink.direction;
    let unit = size / EM as f32;
    let mut along = 0.0;
    for glyph in text.chars().filter_map(drawn) {
        // A font counts upwards, a picture downwards.
        let mask = glyph.fill(|(glyph_x, glyph_y)| {
            let (forward, rise) = (along + glyph_x as f32 * unit, glyph_y as f32 * unit);
            let place = (x + forward * right - rise * up, y - forward * up - rise * right);
            (
                (place.0 * DOT as f32).round() as i64,
                (place.1 * DOT as f32).round() as i64,
            )
        });
        for (x, y, coverage) in mask.covered() {
            canvas.blend(x, y, ink.colour, f32::from(coverage) / 255.0 * ink.opacity);
        }
        along += glyph.advance as f32 * unit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_that_the_font_lacks_is_replaced_and_a_selector_takes_no_room() {
        assert!(lacks('\u{10FFFD}') && !lacks('花') && !lacks('\u{3000}') && !lacks('\u{2003}'));
        assert_eq!(width("\u{10FFFD}", 40.0), width("〓", 40.0));
        assert_eq!(width("辻\u{E0100}", 40.0), width("辻", 40.0));
        assert!(advance('\u{3000}', 40.0) > 0.0);
    }

    #[test]
    fn a_letter_is_drawn_where_it_is_put_in_every_direction() {
        for direction in [(1.0, 0.0), (0.6, 0.8), (-0.8, -0.6)] {
            let mut canvas = Canvas::new(200, 200, [255; 3]);
            let blank = canvas.png(0.0, 1).unwrap();
            let ink = Ink {
                direction,
                ..Ink::new([0; 3])
            };
            // Letters beyond the picture change nothing.
            draw(&mut canvas, "国国国", (1e7, -1e7), 60.0, &ink);
            draw(&mut canvas, "国国国", (f32::NAN, f32::INFINITY), 60.0, &ink);
            assert_eq!(canvas.png(0.0, 1).unwrap(), blank);
            draw(&mut canvas, "国", (100.0, 100.0), 60.0, &ink);
            assert_ne!(canvas.png(0.0, 1).unwrap(), blank);
            draw(&mut canvas, "国国国", (190.0, 10.0), 600.0, &ink);
        }
    }
}
