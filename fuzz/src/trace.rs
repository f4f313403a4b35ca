//! Traces, pcapng and the text form: any bytes are messages or an error, in memory that the file justifies, and what was read
//! can be written and is read the same. The names of readers are in memory once.

use vmyna_reader_bridge::trace::limits::{LONGEST_NAME, MOST_READERS};
use vmyna_reader_bridge::trace::{Message, PcapngSink, Recording, Sink, read};

use crate::memory::peak_of;

// The command's own reader of the text form, which no library has.
#[allow(dead_code, reason = "the command also writes it, with the same words")]
#[path = "../../cli/src/trace_file/text_read.rs"]
mod text_read;

/// Reading takes no more than this, and so many times the file: a message without bytes has some 60 in a file and some 100 in
/// a list that doubles.
const WORKING_MEMORY: usize = 64 * 1024;
const TIMES: usize = 16;

/// One input: a file. The first byte of a pcapng file decides the form, as in the command.
pub fn run(input: &[u8]) {
    let ((recording, is_text), peak) = peak_of(|| match input.first() {
        Some(0x0A) => (read(input).map_err(|error| error.to_string()), false),
        _ => (text_read::read(input), true),
    });
    assert!(
        peak <= WORKING_MEMORY + TIMES * input.len(),
        "{peak} bytes for {}",
        input.len()
    );
    let Ok(recording) = recording else { return };
    check(&recording);
    let messages: Vec<Message> = recording.messages.iter().map(|one| one.message.clone()).collect();
    let mut trace = Vec::new();
    let mut sink = PcapngSink::begin(&mut trace).expect("memory takes everything");
    sink.write(&messages).expect("memory takes everything");
    let again = read(&trace[..]).expect("what was written can be read");
    assert_eq!(again.messages.len(), messages.len());
    for (one, other) in again.messages.iter().zip(&messages) {
        let (one, other) = (&one.message, other);
        assert!(
            one.reader == other.reader && one.what == other.what,
            "a message changes by being written"
        );
        // The text form has whole microseconds, and years that pcapng's nanoseconds can't count.
        let since = other.time.duration_since(std::time::UNIX_EPOCH);
        let counted = since.is_ok_and(|since| u64::try_from(since.as_nanos()).is_ok());
        assert!(one.time == other.time || !is_text || !counted);
    }
}

fn check(recording: &Recording) {
    let mut numbers = recording.messages.iter().map(|one| one.number);
    assert!(numbers.by_ref().is_sorted());
    let mut readers: Vec<_> = recording.messages.iter().map(|one| one.message.reader.raw()).collect();
    readers.sort_unstable();
    // Equal names are one name in memory.
    for pair in readers.windows(2) {
        assert!(
            pair[0] != pair[1] || std::ptr::eq(pair[0], pair[1]),
            "a name is in memory twice"
        );
    }
    readers.dedup();
    assert!(readers.len() <= MOST_READERS && readers.iter().all(|name| name.len() <= LONGEST_NAME));
}
