//! vicc's log: `29.11.2026 20:13:15  [INFO] Command APDU (5 bytes):` and a dump with offsets. Its time has no zone and is
//! taken as UTC.

use std::time::Duration;

use super::super::What;
use super::line::Lines;
use super::transcript::Transcript;
use super::{ImportError, dump};

const READER: &str = "vicc";
pub(super) const COMMAND: &str = "Command APDU";
const RESPONSE: &str = "Response APDU";

pub(super) fn read(mut lines: Lines<'_>, transcript: &mut Transcript) -> Result<(), ImportError> {
    while let Some(line) = lines.next()? {
        let Some((time, text)) = entry(&line.text) else {
            continue;
        };
        transcript.at(time);
        let message = match (dump::stated(text, COMMAND), dump::stated(text, RESPONSE), text) {
            (Some(stated), _, _) => Some((stated, true)),
            (_, Some(stated), _) => Some((stated, false)),
            _ => None,
        };
        let added = match (message, text) {
            (Some((stated, sent)), _) => {
                let bytes = dump::read(&mut lines, line.number, stated, at_offset)?;
                match sent {
                    true => transcript.command(READER, &bytes),
                    // A card that is silent answers with nothing.
                    false if bytes.is_empty() => transcript.unanswered(READER),
                    false => transcript.answer(READER, &bytes),
                }
            }
            // The log has no ATR.
            (_, "Power Up") => transcript.event(READER, What::PowerOn(Vec::new())),
            (_, "Reset") => transcript.event(READER, What::Reset(Vec::new())),
            (_, "Power Down") => transcript.event(READER, What::PowerOff),
            _ => Ok(()),
        };
        added.map_err(|problem| line.error(problem))?;
    }
    Ok(())
}

/// The bytes in `  0010:  00 A4 …`.
fn at_offset(text: &str, offset: usize) -> Option<&str> {
    let (number, rest) = text.trim_start().split_once(":  ")?;
    (usize::from_str_radix(number, 16) == Ok(offset)).then_some(rest)
}

/// Time and text of `29.11.2026 20:13:15  [INFO] Power Up`.
pub(super) fn entry(text: &str) -> Option<(Duration, &str)> {
    let (stamp, rest) = text.split_at_checked("29.11.2026 20:13:15".len())?;
    let (_, text) = rest.strip_prefix("  [")?.split_once("] ")?;
    let number = |from: usize, to: usize| -> Option<u64> { stamp.get(from..to)?.parse().ok() };
    let separators = [(2, b'.'), (5, b'.'), (10, b' '), (13, b':'), (16, b':')];
    let bytes = stamp.as_bytes();
    if !separators
        .iter()
        .all(|(at, separator)| bytes.get(*at) == Some(separator))
    {
        return None;
    }
    let (day, month, year) = (number(0, 2)?, number(3, 5)?, number(6, 10)?);
    let (hours, minutes, seconds) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    if hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    let since = days_since_1970(year, month, day) * 86_400 + hours * 3600 + minutes * 60 + seconds;
    Some((Duration::from_secs(since), text))
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    // Years begin with March, so that the leap day is the last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    // 1970-01-01, counted so.
    days - 719_468
}
