//! Sets a text into a box. A text that is too long for a line is wrapped. One that still does not fit is made smaller, and
//! at the smallest size it is cut with an ellipsis. No letter is drawn outside the box.

use super::canvas::{Area, Canvas};
use super::letters::{self, Ink};

/// The smallest size that can be read, in dots.
const SMALLEST: f32 = 9.0;
/// The distance from base line to base line, in sizes.
const LEADING: f32 = 1.22;
/// The distance from the top of a line to its base line, in sizes: no usual letter rises higher.
const ASCENT: f32 = 0.98;
/// The distance from the top of a line to its bottom, in sizes: no usual letter reaches lower.
const DEPTH: f32 = 1.22;
const ELLIPSIS: char = '…';

/// A text, broken into lines that fit a box.
pub(super) struct Block {
    pub(super) size: f32,
    pub(super) lines: Vec<String>,
    /// Whether a part of the text is missing.
    pub(super) cut: bool,
}

impl Block {
    /// Fits `text` into a box of this width and height, at most as large as `size`.
    pub(super) fn fit(text: &str, (width, height): (f32, f32), size: f32) -> Self {
        let room = |size: f32| ((height / size - DEPTH) / LEADING + 1.001).floor().max(1.0) as usize;
        let mut size = size.min(height / DEPTH).max(SMALLEST);
        loop {
            let lines = wrap(text, size, width);
            let fits = lines.len() <= room(size) && lines.iter().all(|line| letters::width(line, size) <= width);
            if fits || size <= SMALLEST {
                let cut = !fits;
                let lines = if cut {
                    shorten(lines, room(size), size, width)
                } else {
                    lines
                };
                return Self { size, lines, cut };
            }
            size = (size - 1.0).max(SMALLEST);
        }
    }

    /// Fits `text` into `area` and draws it from the upper left corner.
    pub(super) fn draw(canvas: &mut Canvas, text: &str, area: Area, size: f32, ink: &Ink) -> Self {
        let block = Self::fit(text, (area.width, area.height), size);
        for (at, line) in block.lines.iter().enumerate() {
            let base = area.y + block.size * (ASCENT + LEADING * at as f32);
            letters::draw(canvas, line, (area.x, base), block.size, ink);
        }
        block
    }
}

/// Breaks a text into lines. A word in Roman letters is broken only if it is longer than a line. A blank at a break is
/// dropped.
fn wrap(text: &str, size: f32, width: f32) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let (mut line, mut filled) = (String::new(), 0.0);
        for letter in paragraph.chars() {
            let advance = letters::advance(letter, size);
            if filled + advance > width && !line.is_empty() {
                let rest = split_word(&mut line, letter);
                filled = letters::width(&rest, size);
                lines.push(std::mem::replace(&mut line, rest).trim_end().to_owned());
            }
            if !(line.is_empty() && letter.is_whitespace()) {
                line.push(letter);
                filled += advance;
            }
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// Takes the beginning of the word that `next` continues off the end of the line. Empty if no word is broken.
fn split_word(line: &mut String, next: char) -> String {
    let in_word = |letter: char| letter.is_ascii_graphic();
    let word = line.rfind(|letter| !in_word(letter)).map(|at| {
        let blank = line[at..].chars().next().map_or(0, char::len_utf8);
        at + blank
    });
    match word {
        Some(begin) if in_word(next) => line.split_off(begin),
        _ => String::new(),
    }
}

/// Returns the first lines. The last one ends in an ellipsis.
fn shorten(mut lines: Vec<String>, room: usize, size: f32, width: f32) -> Vec<String> {
    lines.truncate(room);
    if let Some(last) = lines.last_mut() {
        while !last.is_empty() && letters::width(last, size) + letters::advance(ELLIPSIS, size) > width {
            last.pop();
        }
        last.push(ELLIPSIS);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_fits_keeps_its_size() {
        let block = Block::fit("見本　花子", (600.0, 60.0), 46.0);
        assert_eq!((block.size, block.lines.len(), block.cut), (46.0, 1, false));
    }

    #[test]
    fn a_text_stays_in_its_box_and_is_cut_only_below_the_smallest_size() {
        let (width, height) = (600.0, 90.0);
        for length in [1, 10, 25, 60, 120, 200, 400, 2000] {
            let text = "東".repeat(length);
            let block = Block::fit(&text, (width, height), 40.0);
            assert!(
                block.lines.iter().all(|line| letters::width(line, block.size) <= width),
                "{length}"
            );
            let deep = block.size * (DEPTH + LEADING * (block.lines.len() as f32 - 1.0));
            assert!(deep <= height + 0.1, "{length}: {deep}");
            assert_eq!(block.cut, length > 400, "{length}");
            let written = block.lines.concat().chars().count();
            assert!(block.cut || written == length, "{length}: {written}");
        }
    }

    #[test]
    fn no_dot_is_drawn_outside_the_box() {
        let area = Area::new(50.0, 40.0, 300.0, 60.0);
        for text in [
            "見本　花子gjpqy",
            "ÅÉ|([{国鬱",
            &"龍gj".repeat(40),
            &"Wide words ".repeat(30),
        ] {
            let mut canvas = Canvas::new(400, 140, [255; 3]);
            Block::draw(&mut canvas, text, area, 46.0, &Ink::new([0; 3]));
            // Letters may lean over their own edge by a dot.
            canvas.fill(area.inside(-1.0), 0.0, [255; 3]);
            let blank = Canvas::new(400, 140, [255; 3]);
            assert!(canvas.png(0.0, 1).unwrap() == blank.png(0.0, 1).unwrap(), "{text}");
        }
    }

    #[test]
    fn words_are_not_broken_and_blanks_at_a_break_are_dropped() {
        let width = letters::width("Alexander Maria", 30.0) + 1.0;
        assert_eq!(
            wrap("Alexander Maria Montgomery", 30.0, width),
            ["Alexander Maria", "Montgomery"]
        );
        let narrow = letters::width("Alex", 30.0) + 1.0;
        assert_eq!(wrap("Alexander", 30.0, narrow)[0], "Alex");
        assert_eq!(wrap("一\n二", 30.0, 300.0), ["一", "二"]);
    }
}
