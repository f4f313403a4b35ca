//! Standard error: messages for people, and a line that shows how far a command has come.
//!
//! A closed standard error must never end a command or take a card out of its reader: failures to write are ignored.

use std::io::{self, IsTerminal, Write};

/// Writes a line to standard error.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
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
            let _ = write!(io::stderr(), "\r\x1B[K{line}");
        }
    }

    /// Clears the line.
    pub(crate) fn clear(&self) {
        self.show("");
    }
}
