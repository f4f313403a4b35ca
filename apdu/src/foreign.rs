//! Text of others on its way to a person: names, keys and fields of files and services that this program has not written.
//!
//! A terminal obeys control characters, and bidi overrides and invisible characters make a text look like another. `Display`
//! of the types here escapes all of them, so that no line that is printed is other than it looks. The raw text is only
//! available by name, for files that machines read and for comparisons.

use core::fmt;
use std::path::Path;

/// A text of others. `Display` and `Debug` escape what a terminal would obey or not show.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Foreign(String);

impl Foreign {
    /// The text as it was written. Never print it for people.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// The text as it was written. Never print it for people.
    #[must_use]
    pub fn into_raw(self) -> String {
        self.0
    }
}

impl<T: Into<String>> From<T> for Foreign {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl PartialEq<str> for Foreign {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Foreign {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown(&self.0).fmt(f)
    }
}

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// A borrowed text of others, shown as [`Foreign`] is. Width and alignment count the characters that are shown.
#[derive(Clone, Copy)]
pub struct Shown<'t>(&'t str);

/// Shows a text of others without anything that a terminal obeys or hides.
#[must_use]
pub const fn shown(text: &str) -> Shown<'_> {
    Shown(text)
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut clean = String::with_capacity(self.0.len());
        Cleaner::default().clean(self.0, |_| false, &mut clean)?;
        f.pad(&clean)
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// Shows a text that comes in pieces.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cleaner {
    /// The character before the next piece: a variation selector belongs to it.
    before: char,
}

impl Cleaner {
    /// Writes the next piece as [`shown`] shows it, but for the characters that `keep` accepts.
    ///
    /// # Errors
    /// What `out` gives.
    pub fn clean(&mut self, piece: &str, keep: impl Fn(char) -> bool, out: &mut impl fmt::Write) -> fmt::Result {
        for letter in piece.chars() {
            if is_visible(letter) || is_variation_selector(letter) && is_han(self.before) || keep(letter) {
                out.write_char(letter)?;
            } else {
                write!(out, "{}", letter.escape_default())?;
            }
            self.before = letter;
        }
        Ok(())
    }
}

/// Whether a character belongs to the form of a text of several lines.
#[must_use]
pub const fn is_layout(letter: char) -> bool {
    matches!(letter, '\n' | '\t')
}

/// The lines of a message for people, of which parts may be foreign: line breaks and tabs stay, everything else is
/// shown as [`shown`] does.
#[must_use]
pub fn shown_lines(message: &str) -> String {
    let mut lines = String::with_capacity(message.len());
    // Writing to a `String` can't fail.
    let _ = Cleaner::default().clean(message, is_layout, &mut lines);
    lines
}

/// Shows a path as [`shown`] does. Used where the standard library has `Path::display`, which shows control characters raw.
pub trait ShowPath {
    /// The path for people.
    fn shown(&self) -> ShownPath<'_>;
}

impl ShowPath for Path {
    fn shown(&self) -> ShownPath<'_> {
        ShownPath(self)
    }
}

/// A path for people.
#[derive(Clone, Copy, Debug)]
pub struct ShownPath<'p>(&'p Path);

impl fmt::Display for ShownPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown(&self.0.to_string_lossy()).fmt(f)
    }
}

/// Whether a terminal shows the character and does not obey it.
#[must_use]
pub const fn is_visible(letter: char) -> bool {
    !matches!(letter,
        // Controls, C0, DEL and C1.
        '\0'..='\x1F' | '\x7F'..='\u{9F}'
        // Soft hyphen, joiners and fillers, which show nothing.
        | '\u{AD}' | '\u{34F}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{3164}' | '\u{FFA0}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF0}'..='\u{FFFB}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}'
        // Zero width, line and paragraph separators, direction marks, embeddings, overrides and isolates.
        | '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}')
}

/// Whether a character chooses a form of the one before it (Unicode's variation selectors), and so counts as none.
#[must_use]
pub const fn is_variation_selector(letter: char) -> bool {
    matches!(letter, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

const fn is_han(letter: char) -> bool {
    matches!(letter,
        '\u{3005}' | '\u{3007}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{323AF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_control_is_shown_as_it_is() {
        for text in [
            "",
            "Virtual PCD 00 00",
            "見本　花子",
            "髙\u{E0100}﨑",
            "a\\b",
            "é ü — …",
            "葛\u{FE00}",
        ] {
            assert_eq!(shown(text).to_string(), text);
            assert_eq!(Foreign::from(text).to_string(), text);
            assert_eq!(Foreign::from(text).raw(), text);
        }
    }

    #[test]
    fn a_character_that_a_terminal_obeys_or_hides_is_escaped() {
        for (text, expected) in [
            ("\x1b[2J", "\\u{1b}[2J"),
            ("a\nb\r\t", "a\\nb\\r\\t"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("abc\u{202e}gpj.exe", "abc\\u{202e}gpj.exe"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("x\u{E0100}", "x\\u{e0100}"),
            ("\u{2028}", "\\u{2028}"),
        ] {
            assert_eq!(shown(text).to_string(), expected);
            assert_eq!(format!("{:?}", Foreign::from(text)), format!("\"{expected}\""));
            assert_eq!(Path::new(text).shown().to_string(), expected);
        }
        for number in 0..=0x10_FFFF {
            let Some(letter) = char::from_u32(number) else { continue };
            let text = shown(&letter.to_string()).to_string();
            assert!(
                !text.chars().any(char::is_control) && text.chars().all(is_visible),
                "{number:X}"
            );
        }
    }

    #[test]
    fn lines_of_a_message_stay_lines() {
        assert_eq!(shown_lines("a\nb\x07\n\nc"), "a\nb\\u{7}\n\nc");
        assert_eq!(format!("[{:<4}] [{:.2}]", shown("a\n"), shown("abc")), "[a\\n ] [ab]");
    }
}
