//! One line of text: the choice of glyphs that fit, and the PNG file of them.

use png::{BitDepth, ColorType, DeflateCompression, Encoder, Filter};

use vmyna_apdu::foreign::is_variation_selector;

use super::font::{self, Glyph};
use super::{HEIGHT, Layout};
use crate::{IssuanceError, characters};

/// A text that fits.
pub(super) struct Line {
    pub(super) glyphs: Vec<Glyph>,
    pub(super) layout: Layout,
    pub(super) replaced: Vec<usize>,
    pub(super) usual_forms: Vec<usize>,
}

/// Chooses the first layout in which the text is at most `width` dots wide.
pub(super) fn fit(text: &str, width: u32) -> Line {
    let places = |of: fn(char) -> bool| {
        let found = text.chars().enumerate().filter(|(_, character)| of(*character));
        found.map(|(at, _)| at).collect::<Vec<_>>()
    };
    let (replaced, usual_forms) = (places(super::is_lacking), places(is_left_out));
    let in_layout = |layout| -> Vec<Glyph> {
        let shown = text.chars().filter(|character| !is_left_out(*character));
        shown.map(|character| glyph(character, layout)).collect()
    };
    for layout in [Layout::Plain, Layout::HalfWidth, Layout::Squeezed] {
        let glyphs = in_layout(layout);
        if glyphs.iter().map(|glyph| glyph.width).sum::<u32>() <= width {
            return Line {
                glyphs,
                layout,
                replaced,
                usual_forms,
            };
        }
    }
    let ellipsis = font::ELLIPSIS.squeezed();
    let mut glyphs = in_layout(Layout::Squeezed);
    glyphs.truncate((width / ellipsis.width) as usize - 1);
    glyphs.push(ellipsis);
    Line {
        glyphs,
        layout: Layout::Cut,
        replaced,
        usual_forms,
    }
}

/// Variation selectors and accents follow a character and choose one of its forms. The fonts have one form of each.
pub(super) fn is_left_out(character: char) -> bool {
    is_variation_selector(character) || characters::is_accent(character)
}

fn glyph(character: char, layout: Layout) -> Glyph {
    let half_width = match character {
        _ if layout == Layout::Plain => character,
        '　' => ' ',
        // The full-width forms of ASCII lie in its order.
        '！'..='～' => char::from_u32(u32::from(character) - 0xFEE0).unwrap_or(character),
        _ => character,
    };
    let glyph = font::glyph(half_width).unwrap_or(font::GETA);
    if layout == Layout::Squeezed {
        glyph.squeezed()
    } else {
        glyph
    }
}

/// Returns the PNG file of glyphs side by side, from the left end of a picture `width` dots wide. As in the pictures of the
/// test card, it has a header, one data chunk with the highest compression and no row filter, and an end.
pub(super) fn png(glyphs: &[Glyph], width: u32) -> Result<Vec<u8>, IssuanceError> {
    let row_bytes = width.div_ceil(8) as usize;
    // A bit of 1 is white.
    let mut dots = vec![0xFF; row_bytes * HEIGHT as usize];
    for (row, bytes) in dots.chunks_mut(row_bytes).enumerate() {
        let ink = glyphs
            .iter()
            .flat_map(|glyph| (0..glyph.width).rev().map(move |bit| glyph.rows[row] >> bit & 1 == 1));
        for (at, _) in ink.enumerate().filter(|(_, ink)| *ink) {
            bytes[at / 8] &= !(0x80 >> (at % 8));
        }
    }
    write(&dots, width).map_err(|_| IssuanceError::Input("a picture of a text has dots"))
}

fn write(dots: &[u8], width: u32) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width, HEIGHT);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    encoder.set_deflate_compression(DeflateCompression::Level(9));
    encoder.set_filter(Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(dots)?;
    writer.finish()?;
    Ok(file)
}
