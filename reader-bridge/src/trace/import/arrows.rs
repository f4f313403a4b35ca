//! One message a line: `> 00A4…` or `>> `, `=> `, `-> `, `--> ` to the card, and the same the other way from it. Empty lines
//! and lines that begin with `#` are skipped, and every other line is an error.

use super::line::Lines;
use super::transcript::Transcript;
use super::{ImportError, Problem};

const READER: &str = "log";
const SENT: [&str; 5] = [">> ", "=> ", "--> ", "-> ", "> "];
const RECEIVED: [&str; 5] = ["<< ", "<= ", "<-- ", "<- ", "< "];

pub(super) fn read(mut lines: Lines<'_>, transcript: &mut Transcript) -> Result<(), ImportError> {
    while let Some(line) = lines.next()? {
        let text = line.text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (sent, bytes) = split(text).ok_or_else(|| line.error(Problem::Foreign))?;
        let bytes = line.bytes(bytes)?;
        let added = match sent {
            true => transcript.command(READER, &bytes),
            false => transcript.answer(READER, &bytes),
        };
        added.map_err(|problem| line.error(problem))?;
    }
    Ok(())
}

/// Whether a message goes to the card, and the rest behind its arrow.
pub(super) fn split(text: &str) -> Option<(bool, &str)> {
    let behind = |arrows: [&str; 5]| arrows.into_iter().find_map(|arrow| text.strip_prefix(arrow));
    behind(SENT)
        .map(|rest| (true, rest))
        .or_else(|| behind(RECEIVED).map(|rest| (false, rest)))
}
