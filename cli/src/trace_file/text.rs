//! The text form of a trace: a line a message, written as the cards speak. [`super::text_read`] reads it.
//!
//! `2026-11-23T14:55:01.123456Z [Desk] >> (4+4) 00200098 04 ********   VERIFY EF 0018, 4 bytes`

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use vmyna_apdu::{ResponseApdu, hex};
use vmyna_explain::Narrator;
use vmyna_reader_bridge::trace::{Message, Octets, ReaderName, Sink, What};
use x509_cert::der::DateTime;

use super::names::Names;
use super::text_read::{GAP, POWER_OFF, POWER_ON, RESET, UNANSWERED};

/// Writes the text form.
pub(crate) struct TextSink<W> {
    out: W,
    names: Names,
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
    pub(crate) fn new(out: W, names: Names) -> Self {
        Self {
            out,
            names,
            conversations: HashMap::new(),
        }
    }

    fn line(&mut self, message: &Message) -> String {
        let conversation = self
            .conversations
            .entry(message.reader.clone())
            .or_insert_with(|| Conversation {
                narrator: self.names.narrator(message.reader.raw()),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::trace_file::text_read::read;

    fn message(what: What) -> Message {
        let time = UNIX_EPOCH + Duration::new(1_795_445_701, 123_456_000);
        Message::new("ACS [CCID] 00 00", time, what)
    }

    fn written(messages: &[Message]) -> String {
        let mut text = Vec::new();
        let mut sink = TextSink::new(&mut text, Names::default());
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
