//! The lines of a log, without what colours them.

use std::borrow::Cow;

use super::{ImportError, LONGEST_LINE, Place, Problem};

/// The lines of a log with their numbers, from 1.
pub(super) struct Lines<'a> {
    rest: &'a [u8],
    number: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(log: &'a [u8]) -> Self {
        // Some editors begin a file with a byte order mark.
        let rest = log.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(log);
        Self { rest, number: 0 }
    }

    /// The next line without its end.
    ///
    /// # Errors
    /// It is too long.
    pub(super) fn next(&mut self) -> Result<Option<Line<'a>>, ImportError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let end = self
            .rest
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest.get(1..).unwrap_or_default();
        let number = self.number;
        if line.len() > LONGEST_LINE {
            return Err(error(number, Problem::LongLine));
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = without_colours(String::from_utf8_lossy(line));
        Ok(Some(Line { number, text }))
    }
}

/// A line.
pub(super) struct Line<'a> {
    pub(super) number: usize,
    pub(super) text: Cow<'a, str>,
}

impl Line<'_> {
    pub(super) fn error(&self, problem: Problem) -> ImportError {
        error(self.number, problem)
    }

    /// The bytes of this part of the line.
    ///
    /// # Errors
    /// They are not in hexadecimal.
    pub(super) fn bytes(&self, part: &str) -> Result<Vec<u8>, ImportError> {
        vmyna_apdu::hex::decode(part.trim()).map_err(|_| self.error(Problem::NotHex))
    }
}

pub(super) fn error(number: usize, problem: Problem) -> ImportError {
    ImportError {
        place: Place::Line(number),
        problem,
    }
}

/// A number of bytes that a line states. One of more than seven digits counts as the greatest, so that no error repeats it.
pub(super) fn count(text: &str) -> Option<usize> {
    const GREATEST: usize = 9_999_999;
    let digits = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(GREATEST).min(GREATEST))
}

/// The text without escape sequences of a terminal (ECMA-48: ESC, `[`, parameters, a final byte).
fn without_colours(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains('\u{1B}') {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut parts = text.split('\u{1B}');
    plain.extend(parts.next());
    for part in parts {
        let sequence = part.strip_prefix('[');
        let end = sequence.and_then(|part| part.find(|final_byte: char| ('@'..='~').contains(&final_byte)));
        match (sequence, end) {
            (Some(sequence), Some(end)) => plain.push_str(&sequence[end + 1..]),
            _ => plain.push_str(part),
        }
    }
    Cow::Owned(plain)
}
