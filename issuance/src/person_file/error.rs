//! The errors of a person file and their places. An error never holds the value that is wrong, because the value may be a
//! PIN or a number of the person.

use std::fmt;

/// One error of a person file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PersonFileError {
    /// The field's dotted name, e.g. `pins.auth`; empty for an error of TOML itself.
    pub field: String,
    /// The line, from 1; `None` for what is missing.
    pub line: Option<usize>,
    /// The column, from 1, in characters; only for an error of TOML itself.
    pub column: Option<usize>,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for PersonFileError {
    /// `line 12, pins.auth: is …`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.map(|line| format!("line {line}"));
        let column = self.column.map(|column| format!("column {column}"));
        let field = Some(self.field.clone()).filter(|field| !field.is_empty());
        let place: Vec<String> = [line, column, field].into_iter().flatten().collect();
        if place.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", place.join(", "), self.message)
        }
    }
}

impl std::error::Error for PersonFileError {}
