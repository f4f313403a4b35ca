//! Reads the text form of a trace, which [`super::text`] writes. This file is also compiled into the fuzzer.

use std::io::{self, BufRead};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use vmyna_apdu::{hex, mask::secret_range};
use vmyna_reader_bridge::trace::limits::{LONGEST, MOST_MESSAGES};
use vmyna_reader_bridge::trace::{MASK, Message, Numbered, Octets, ReadError, Readers, Recording, What};
use x509_cert::der::DateTime;

pub(super) const POWER_ON: &str = "power on";
pub(super) const RESET: &str = "warm reset";
pub(super) const POWER_OFF: &str = "power off";
pub(super) const UNANSWERED: &str = "not answered";

/// In front of what a message means.
pub(super) const GAP: &str = "   ";

/// The longest line that is read: more than the longest message makes.
const LONGEST_LINE: u64 = 1 << 20;

/// Reads the text form. A last line without an end is left out, as the process may have been killed in it.
///
/// # Errors
/// The line's number and what is wrong with it; it is never repeated, as it may hold a PIN.
pub(crate) fn read(mut input: impl BufRead) -> Result<Recording, String> {
    let mut recording = Recording::default();
    let mut readers = Readers::default();
    let mut bytes = 0;
    for number in 1.. {
        let mut line = Vec::new();
        io::Read::take(&mut input, LONGEST_LINE)
            .read_until(b'\n', &mut line)
            .map_err(|error| error.to_string())?;
        bytes += line.len() as u64;
        if bytes > LONGEST {
            return Err(ReadError::TooLong.to_string());
        }
        let Some((b'\n', line)) = line.split_last() else {
            recording.torn = !line.is_empty();
            if recording.torn && recording.messages.is_empty() {
                return Err("no line of a trace".to_owned());
            }
            break;
        };
        let line = std::str::from_utf8(line).ok();
        let parsed = line.and_then(parse);
        let (reader, time, what) = parsed.ok_or_else(|| format!("line {number} is not one of a trace"))?;
        let reader = readers
            .name(reader)
            .map_err(|error| format!("line {number}: {error}"))?;
        if recording.messages.len() == MOST_MESSAGES {
            return Err(ReadError::TooMany.to_string());
        }
        let message = Message::new(reader, time, what);
        recording.messages.push(Numbered { number, message });
    }
    Ok(recording)
}

/// The reader, the time and the content of a line.
fn parse(line: &str) -> Option<(&str, SystemTime, What)> {
    let (time, rest) = line.split_once(" [")?;
    let marks = [">>", "<<", "--"].map(|mark| (mark, rest.find(&format!("] {mark} "))));
    let (mark, at) = marks
        .into_iter()
        .filter_map(|(mark, at)| Some((mark, at?)))
        .min_by_key(|(_, at)| *at)?;
    let (reader, rest) = (&rest[..at], &rest[at + "] >> ".len()..]);
    let (text, meaning) = rest.split_once(GAP).unwrap_or((rest, ""));
    let atr = || hex::decode(meaning.strip_prefix("ATR ")?).ok();
    let what = match (mark, text) {
        ("--", POWER_ON) => What::PowerOn(atr()?),
        ("--", RESET) => What::Reset(atr()?),
        ("--", POWER_OFF) => What::PowerOff,
        ("--", UNANSWERED) => What::Unanswered,
        (">>", text) => What::Command(octets(text.split_once(") ")?.1, secret_range)?),
        ("<<", text) => What::Response(octets(text.split_once(" µs ")?.1, |_| 0..0)?),
        _ => return None,
    };
    Some((reader, parse_stamp(time)?, what))
}

/// Bytes in hexadecimal with `**` for masked ones; `secret` finds the secret bytes where nothing is masked.
fn octets(text: &str, secret: fn(&[u8]) -> std::ops::Range<usize>) -> Option<Octets> {
    let digits: Vec<char> = text.chars().filter(|character| *character != ' ').collect();
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    let hidden = |pair: &[char; 2]| *pair == ['*', '*'];
    let bytes: Option<Vec<u8>> = pairs
        .iter()
        .map(|pair| match pair {
            pair if hidden(pair) => Some(MASK),
            [high, low] => Some((high.to_digit(16)? << 4 | low.to_digit(16)?) as u8),
        })
        .collect();
    let bytes = bytes?;
    let masked = pairs.iter().position(hidden).zip(pairs.iter().rposition(hidden));
    Some(match masked {
        // Masked bytes are in one piece.
        Some((first, last)) if pairs[first..=last].iter().all(hidden) => Octets::new(&bytes, first..last + 1, true),
        Some(_) => return None,
        None => {
            let secret = secret(&bytes);
            Octets::new(&bytes, secret, false)
        }
    })
}

fn parse_stamp(text: &str) -> Option<SystemTime> {
    let (seconds, fraction) = text.strip_suffix('Z')?.split_once('.')?;
    let date: DateTime = format!("{seconds}Z").parse().ok()?;
    let micros = (fraction.len() == 6).then(|| fraction.parse().ok())??;
    UNIX_EPOCH.checked_add(date.unix_duration() + Duration::from_micros(micros))
}
