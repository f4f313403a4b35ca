//! TOML that people write: its errors with their places, and what all readers of such files need.
//!
//! This module must never put a value of the file into an error.

use std::fmt;

use toml::Spanned;
use toml::de::DeTable;
use vmyna_apdu::{Text, text};

/// One error of a TOML file and its place. It never holds the value that is wrong, because the value may be a PIN, a key or
/// a number of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TomlFileError {
    /// The field's dotted name, e.g. `pins.auth`; empty for an error of TOML itself.
    pub field: String,
    /// The line, from 1; `None` for what is missing.
    pub line: Option<usize>,
    /// The column, from 1, in characters; only for an error of TOML itself.
    pub column: Option<usize>,
    /// What is wrong and what to do.
    pub message: Text,
}

impl TomlFileError {
    /// An error of a field.
    pub(crate) fn new(field: impl Into<String>, line: Option<usize>, message: Text) -> Self {
        Self {
            field: field.into(),
            line,
            column: None,
            message,
        }
    }

    /// The error of a field of the table with this dotted name.
    pub(crate) fn within(self, table: &str) -> Self {
        let field = match self.field.is_empty() {
            true => table.to_owned(),
            false => format!("{table}.{}", self.field),
        };
        Self { field, ..self }
    }
}

impl fmt::Display for TomlFileError {
    /// In English: `line 12, pins.auth: is …`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.map(|line| format!("line {line}"));
        let column = self.column.map(|column| format!("column {column}"));
        let field = Some(self.field.clone()).filter(|field| !field.is_empty());
        let place: Vec<String> = [line, column, field].into_iter().flatten().collect();
        if place.is_empty() {
            f.write_str(&self.message.en)
        } else {
            write!(f, "{}: {}", place.join(", "), self.message)
        }
    }
}

impl std::error::Error for TomlFileError {}

/// The text without the mark at its beginning that editors on Windows write.
pub(crate) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{FEFF}').unwrap_or(text)
}

/// Parses TOML.
pub(crate) fn parse(text: &str) -> Result<DeTable<'_>, Vec<TomlFileError>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(table.into_inner());
    }
    let fault = |error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        // The library's messages are constants: nothing of the file is in them.
        let why = error.message();
        let column = |before: &str| before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        TomlFileError {
            field: String::new(),
            line: before.map(line_after),
            column: before.map(column),
            message: text!("is not TOML: {why}", "TOMLとして読めません（{why}）"),
        }
    };
    let mut faults: Vec<TomlFileError> = errors.into_iter().map(fault).collect();
    // The library reports a text without an end after the errors that it finds behind it.
    faults.sort_by_key(|fault| (fault.line.unwrap_or(usize::MAX), fault.column));
    faults.dedup();
    // The first ones are the cause of those behind them; a file that is no TOML at all has a fault on every line.
    faults.truncate(SHOWN);
    Err(faults)
}

/// The most errors of TOML's syntax that are reported.
const SHOWN: usize = 20;

/// The line on which a part of the text begins.
pub(crate) fn line_of<T>(text: &str, part: &Spanned<T>) -> usize {
    line_after(text.get(..part.span().start).unwrap_or_default())
}

/// The line on which the text after this one begins.
fn line_after(before: &str) -> usize {
    before.matches('\n').count() + 1
}

/// A longer key is surely no key of ours: it is neither shown nor compared.
const LONGEST_KEY: usize = 40;

/// Whether an unknown key may be shown. Other keys may be a value that was written in the wrong place.
pub(crate) fn is_word(key: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphabetic() || b"-_".contains(&byte);
    key.len() <= LONGEST_KEY && key.bytes().all(letter)
}

/// The known word that is most like this one.
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    known.into_iter().min_by_key(|known| edit_distance(word, known))
}

/// How many characters must be put in, left out or changed to make one text the other (Levenshtein).
fn edit_distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, from) in one.bytes().enumerate() {
        let mut diagonal = above;
        let mut left = above + 1;
        row[0] = left;
        for (cell, to) in row[1..].iter_mut().zip(other.bytes()) {
            left = (*cell + 1).min(left + 1).min(diagonal + usize::from(from != to));
            diagonal = std::mem::replace(cell, left);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_edit_distance_counts_what_must_be_changed() {
        for (one, other, distance) in [
            ("", "", 0),
            ("", "abc", 3),
            ("adress", "address", 1),
            ("brith", "birth", 2),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(edit_distance(one, other), distance, "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn an_edit_distance_is_the_same_both_ways_and_zero_only_to_itself(one in "[a-d]{0,8}", other in "[a-d]{0,8}") {
            prop_assert_eq!(edit_distance(&one, &other), edit_distance(&other, &one));
            prop_assert_eq!(edit_distance(&one, &other) == 0, one == other);
        }
    }
}
