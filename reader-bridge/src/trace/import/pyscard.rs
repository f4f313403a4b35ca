//! The output of pyscard's `ConsoleCardConnectionObserver`: `> 00 20 00 80`, `<  [] 63 C3`, `< 30 82 … 90 00`,
//! `connecting to NAME`. Lines that begin otherwise are the program's own. The output does not state how a card is reset.

use super::ImportError;
use super::line::Lines;
use super::transcript::{Transcript, name};

pub(super) const CONNECTING: &str = "connecting to ";
pub(super) const NO_DATA: &str = "<  [] ";

pub(super) fn read(mut lines: Lines<'_>, transcript: &mut Transcript) -> Result<(), ImportError> {
    let mut reader = "pyscard".to_owned();
    while let Some(line) = lines.next()? {
        let text = line.text.as_ref();
        let connected = text.strip_prefix("re").unwrap_or(text).strip_prefix(CONNECTING);
        let added = if let Some(connected) = connected {
            name(connected.trim_end()).map(|name| reader = name)
        } else if let Some(command) = text.strip_prefix("> ") {
            transcript.command(&reader, &line.bytes(command)?)
        } else if let Some(status) = text.strip_prefix(NO_DATA) {
            transcript.answer(&reader, &line.bytes(status)?)
        } else if let Some(answer) = text.strip_prefix("< ") {
            transcript.answer(&reader, &line.bytes(answer)?)
        } else {
            Ok(())
        };
        added.map_err(|problem| line.error(problem))?;
    }
    Ok(())
}
