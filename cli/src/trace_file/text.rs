//! The text form of a trace: a line a message, written as the cards speak, and read back.
//!
//! `2026-11-23T14:55:01.123456Z [Desk] >> (4+4) 00200098 04 ********   VERIFY EF 0018, 4 bytes`

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, BufRead, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use vmyna_apdu::{ResponseApdu, hex, mask::secret_range};
use vmyna_explain::Narrator;
use vmyna_reader_bridge::trace::limits::{LONGEST, MOST_MESSAGES};
use vmyna_reader_bridge::trace::{
    MASK, Message, Numbered, Octets, ReadError, ReaderName, Readers, Recording, Sink, What,
};
use x509_cert::der::DateTime;

const POWER_ON: &str = "power on";
const RESET: &str = "warm reset";
const POWER_OFF: &str = "power off";
const UNANSWERED: &str = "not answered";

/// In front of what a message means.
const GAP: &str = "   ";

/// The longest line that is read: more than the longest message makes.
const LONGEST_LINE: u64 = 1 << 20;

/// Writes the text form.
pub(crate) struct TextSink<W> {
    out: W,
    conversations: HashMap<ReaderName, Conversation>,
}

/// What is known of the conversation at a reader.
struct Conversation {
    narrator: Narrator,
    /// The command that waits for its answer.
    command: Vec<u8>,
    sent: SystemTime,
}

impl<W: Write + Send> TextSink<W> {
    pub(crate) fn new(out: W) -> Self {
        Self {
            out,
            conversations: HashMap::new(),
        }
    }

    fn line(&mut self, message: &Message) -> String {
        let conversation = self
            .conversations
            .entry(message.reader.clone())
            .or_insert_with(|| Conversation {
                narrator: Narrator::new(),
                command: Vec::new(),
                sent: UNIX_EPOCH,
            });
        let narrator = &mut conversation.narrator;
        if matches!(message.what, What::PowerOn(_) | What::PowerOff) {
            narrator.powered();
        }
        let text = match &message.what {
            What::PowerOn(atr) => format!("-- {POWER_ON}{GAP}ATR {}", hex::encode(atr)),
            What::Reset(atr) => format!("-- {RESET}{GAP}ATR {}", hex::encode(atr)),
            What::PowerOff => format!("-- {POWER_OFF}"),
            What::Unanswered => format!("-- {UNANSWERED}"),
            What::Command(octets) => {
                conversation.command = octets.as_bytes().to_vec();
                conversation.sent = message.time;
                narrator.command_hiding(octets.as_bytes(), &octets.masked())
            }
            What::Response(octets) => {
                let elapsed = message.time.duration_since(conversation.sent).unwrap_or_default();
                narrator.follow(&conversation.command, octets.as_bytes());
                answer(octets, elapsed)
            }
        };
        // A name of several lines would break the form: it is escaped.
        format!("{} [{}] {text}\n", stamp(message.time), *message.reader)
    }
}

impl<W: Write + Send> Sink for TextSink<W> {
    fn write(&mut self, messages: &[Message]) -> io::Result<()> {
        let lines: String = messages.iter().map(|message| self.line(message)).collect();
        self.out.write_all(lines.as_bytes())
    }
}

/// `<< (17+2) 31 µs FF10… 9000`
fn answer(octets: &Octets, elapsed: Duration) -> String {
    let bytes = octets.as_bytes();
    let data = bytes.len().saturating_sub(2);
    let mut line = format!("<< ({data}+{}) {} µs", bytes.len() - data, elapsed.as_micros());
    for field in [0..data, data..bytes.len()] {
        if !field.is_empty() {
            // Writing into a String can't fail.
            let _ = write!(line, " {}", hex::encode_hiding(bytes, field, &octets.masked()));
        }
    }
    match ResponseApdu::parse(bytes) {
        Some(response) if !response.status_word.is_success() => line + GAP + &response.status_word.meaning(),
        _ => line,
    }
}

/// `2026-11-23T14:55:01.123456Z`
fn stamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let date = DateTime::from_unix_duration(Duration::from_secs(since.as_secs()))
        .map_or_else(|_| "1970-01-01T00:00:00Z".to_owned(), |date| date.to_string());
    format!("{}.{:06}Z", date.trim_end_matches('Z'), since.subsec_micros())
}

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(what: What) -> Message {
        let time = UNIX_EPOCH + Duration::new(1_795_445_701, 123_456_000);
        Message::new("ACS [CCID] 00 00", time, what)
    }

    fn written(messages: &[Message]) -> String {
        let mut text = Vec::new();
        let mut sink = TextSink::new(&mut text);
        sink.write(messages).unwrap();
        String::from_utf8(text).unwrap()
    }

    fn conversation() -> Vec<Message> {
        let verify = b"\x00\x20\x00\x98\x041234";
        [
            What::PowerOn(vec![0x3B, 0xE0]),
            What::Command(Octets::new(verify, 5..9, true)),
            What::Response(Octets::new(&[0x90, 0x00], 0..0, true)),
            What::Command(Octets::new(&[0x00, 0xB0, 0x81, 0x00, 0x00], 0..0, true)),
            What::Response(Octets::new(&[1, 2, 3, 0x90, 0x00], 0..3, true)),
            What::Reset(vec![0x3B, 0xE0]),
            What::Command(Octets::new(verify, 5..9, false)),
            What::Unanswered,
            What::PowerOff,
        ]
        .map(message)
        .to_vec()
    }

    #[test]
    fn a_line_tells_time_reader_direction_lengths_fields_and_meaning() {
        let text = written(&conversation());
        let lines: Vec<_> = text.lines().collect();
        let head = "2026-11-23T14:55:01.123456Z [ACS [CCID] 00 00] ";
        assert_eq!(
            lines[1],
            format!("{head}>> (4+4) 00200098 04 ********   VERIFY EF 0018, 4 bytes")
        );
        assert_eq!(lines[2], format!("{head}<< (0+2) 0 µs 9000"));
        assert_eq!(lines[4], format!("{head}<< (3+2) 0 µs ****** 9000"));
    }

    #[test]
    fn what_was_written_is_read_back_and_half_a_line_is_left_out() {
        let messages = conversation();
        let text = written(&messages);
        let recording = read(text.as_bytes()).unwrap();
        assert!(
            recording
                .messages
                .iter()
                .map(|numbered| &numbered.message)
                .eq(&messages)
        );
        let torn = read(&text.as_bytes()[..text.len() - 3]).unwrap();
        assert!(torn.torn && torn.messages.len() == messages.len() - 1);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fail_otherwise_than_with_a_sentence(text in ".{0,200}", cut in 0..2000_usize) {
            let mut whole = written(&conversation());
            let place = (0..=cut.min(whole.len())).rev().find(|at| whole.is_char_boundary(*at));
            whole.insert_str(place.unwrap_or_default(), &text);
            let _ = read(whole.as_bytes());
            let _ = read(format!("2026-11-23T14:55:01.123456Z [{text}\n").as_bytes());
        }
    }
}
