//! Standard output and standard error: the only way of a text to the terminal.
//!
//! A text for people may hold parts that others have written: names of files, readers and cards, fields of recordings, answers
//! of other processes. [`text`], [`say`] and [`StatusLine`] escape everything in it that a terminal would obey or not show.
//! [`data`] is for programs, unchanged. Clippy refuses the handles of the standard library everywhere else.
//!
//! A closed standard error must never end a command or take a card out of its reader: failures to write are ignored.
#![allow(clippy::disallowed_methods, reason = "the one module that has the handles")]

use std::io::{self, IsTerminal, StdoutLock, Write};

use vmyna_apdu::foreign::{Cleaner, is_layout, is_visible, shown_lines};
use vmyna_apdu::shown;

/// Standard output for a text for people.
pub(crate) fn text() -> Text<StdoutLock<'static>> {
    Text::new(io::stdout().lock())
}

/// Standard output for bytes that programs read, as they are.
pub(crate) fn data() -> StdoutLock<'static> {
    io::stdout().lock()
}

/// Whether standard output is a terminal.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Writes a value as JSON to standard output. In its strings, the only place for them, characters that a terminal would obey
/// or not show are escaped as JSON has it.
pub(crate) fn json(value: &impl serde::Serialize) -> io::Result<()> {
    let json = serde_json::to_string_pretty(value)?;
    let mut out = data();
    writeln!(out, "{}", escape_json(&json))?;
    out.flush()
}

/// A value as one line of JSON, escaped in the same way. Both [`text`] and [`say`] leave it as it is.
#[cfg(feature = "authority")]
pub(crate) fn json_line(value: &impl serde::Serialize) -> io::Result<String> {
    Ok(escape_json(&serde_json::to_string(value)?))
}

fn escape_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for letter in json.chars() {
        if is_visible(letter) || is_layout(letter) {
            escaped.push(letter);
        } else {
            let units = &mut [0; 2];
            escaped.extend(letter.encode_utf16(units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    escaped
}

/// Writes text with all foreign parts escaped.
pub(crate) struct Text<W> {
    out: W,
    cleaner: Cleaner,
}

impl<W: Write> Text<W> {
    fn new(out: W) -> Self {
        Self {
            out,
            cleaner: Cleaner::default(),
        }
    }
}

impl<W: Write> Write for Text<W> {
    /// Takes whole characters, which is what formatting writes.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut clean = String::with_capacity(bytes.len());
        // Writing to a `String` can't fail.
        let _ = self
            .cleaner
            .clean(&String::from_utf8_lossy(bytes), is_layout, &mut clean);
        self.out.write_all(clean.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes a message to standard error; it may have several lines.
pub(crate) fn say(message: &str) {
    let _ = writeln!(io::stderr(), "{}", shown_lines(message));
}

/// A line on a terminal that each call overwrites.
pub(crate) struct StatusLine {
    is_terminal: bool,
}

impl StatusLine {
    pub(crate) fn new() -> Self {
        Self {
            is_terminal: io::stderr().is_terminal(),
        }
    }

    /// Whether there is a terminal to write to.
    pub(crate) const fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Overwrites the line; without a terminal writes nothing.
    pub(crate) fn show(&self, line: &str) {
        if self.is_terminal {
            let _ = write!(io::stderr(), "\r\x1B[K{}", shown(line));
        }
    }

    /// Clears the line.
    pub(crate) fn clear(&self) {
        self.show("");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_lines_and_nothing_that_a_terminal_obeys() {
        const SELECTOR: char = '\u{E0100}';
        let mut out = Text::new(Vec::new());
        let (reader, name) = ("Desk\x1b]0;owned\x07", "\u{202e}gpj.exe");
        writeln!(out, "reader\t{reader}: {name}\n髙{SELECTOR}").unwrap();
        let expected = "reader\tDesk\\u{1b}]0;owned\\u{7}: \\u{202e}gpj.exe\n髙\u{E0100}\n";
        assert_eq!(String::from_utf8(out.out).unwrap(), expected);
    }

    #[test]
    fn json_stays_json_and_shows_everything() {
        let value = "a\u{202e}b\u{9b}\u{E0001}\"\n髙";
        let json = escape_json(&serde_json::to_string_pretty(&[value]).unwrap());
        assert_eq!(json, "[\n  \"a\\u202eb\\u009b\\udb40\\udc01\\\"\\n髙\"\n]");
        assert_eq!(serde_json::from_str::<[String; 1]>(&json).unwrap(), [value]);
    }
}
