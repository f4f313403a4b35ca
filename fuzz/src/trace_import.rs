//! Logs of other programs: any bytes are messages or an error. Messages hold no PIN that was not asked for, an answer follows
//! its command, an error repeats nothing of a line, and memory is bounded by the length of the log.

use std::collections::HashSet;

use vmyna_reader_bridge::trace::What;
use vmyna_reader_bridge::trace::import::{Format, LONGEST_NAME, detect, import};

use crate::memory::peak_of;

/// Reading takes no more than this, and so much more for each byte: a message of two letters is some 200 bytes, and a vector
/// doubles.
const WORKING_MEMORY: usize = 64 * 1024;
const PER_BYTE: usize = 400;

/// One input: a byte for the format, and the log.
pub fn run(input: &[u8]) {
    let Some((choice, log)) = input.split_first() else {
        return;
    };
    let (format, peak) = peak_of(|| detect(log));
    bounded(peak, log);
    let chosen = Format::ALL.get(usize::from(*choice) % 16).copied();
    let Some(format) = chosen.or(format.ok()) else {
        return;
    };
    let (result, peak) = peak_of(|| import(log, format, false));
    bounded(peak, log);
    let shown = import(log, format, true);
    let messages = match (result, shown) {
        (Ok(messages), Ok(shown)) => {
            assert_eq!(messages.len(), shown.len(), "masking changes the messages");
            messages
        }
        (Err(one), Err(other)) => {
            assert_eq!(one, other, "masking changes the error");
            return silent(&one.to_string(), log);
        }
        _ => panic!("masking decides whether the log is understood"),
    };
    let mut waiting = HashSet::new();
    for message in &messages {
        let reader = message.reader.raw();
        // The names of a capture are shown escaped.
        assert!(format == Format::Capture || reader.len() <= LONGEST_NAME && !reader.contains(char::is_control));
        match &message.what {
            What::Command(command) => {
                waiting.insert(reader.to_owned());
                no_pin(command.as_bytes());
            }
            What::Response(_) | What::Unanswered => {
                assert!(waiting.remove(reader), "an answer without a command");
            }
            _ => {
                waiting.remove(reader);
            }
        }
    }
}

fn bounded(peak: usize, log: &[u8]) {
    assert!(
        peak <= WORKING_MEMORY + PER_BYTE * log.len(),
        "{peak} bytes for {}",
        log.len()
    );
}

/// VERIFY, CHANGE REFERENCE DATA and RESET RETRY COUNTER with a short Lc and that much data: the data are asterisks.
fn no_pin(command: &[u8]) {
    if let [_, 0x20 | 0x24 | 0x2C | 0x32, _, _, lc, data @ ..] = command
        && *lc > 0
        && data.len() == usize::from(*lc)
    {
        assert!(data.iter().all(|byte| *byte == b'*'), "a PIN is shown");
    }
}

/// The error quotes no bytes of the log. Counts are at most eight digits long here.
fn silent(error: &str, log: &[u8]) {
    for word in error.split(|letter: char| !letter.is_ascii_hexdigit()) {
        let quoted = word.len() > 8 && log.windows(word.len()).any(|part| part == word.as_bytes());
        assert!(!quoted, "the error quotes {word}");
    }
}
