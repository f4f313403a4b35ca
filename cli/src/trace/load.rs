//! Reads a trace of either form, and finds the conversation that is meant in it.

use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::path::Path;

use vmyna_reader_bridge::trace::{self, Recording};

use crate::failure::{Failure, path_failure};
use crate::options::trace::is_text;
use crate::output::say;
use crate::trace_file::text;

/// The messages of the trace in this file. A trace that is cut off is reported, and is no error.
pub(super) fn load(path: &Path) -> Result<Recording, Failure> {
    // What is no trace is the wrong file.
    let fault = |problem: String| Failure::Usage(format!("{}: {problem}", path.display()));
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => fault("there is no such file".to_owned()),
        _ => path_failure(&error, format!("{}: {error}", path.display())),
    })?;
    let input = BufReader::new(file);
    let recording = match is_text(path) {
        true => text::read(input).map_err(fault)?,
        false => match trace::read(input) {
            Ok(recording) => recording,
            Err(trace::ReadError::NotPcapng) => {
                // The name need not say the form.
                let file = File::open(path).map_err(|error| fault(error.to_string()))?;
                text::read(BufReader::new(file))
                    .map_err(|_| fault("neither a pcapng trace nor the text form of one".to_owned()))?
            }
            Err(error @ trace::ReadError::TooMany) => return Err(fault(format!("{error}: split it with editcap -c"))),
            Err(error) => return Err(fault(error.to_string())),
        },
    };
    if recording.torn {
        say(&format!(
            "vmyna: {}: its last message is cut off and left out; was what wrote it killed?",
            path.display()
        ));
    }
    if recording.messages.is_empty() {
        let others = match recording.others {
            0 => String::new(),
            others => format!(", but {others} packets of something else"),
        };
        return Err(fault(format!("no message of a card{others}")));
    }
    Ok(recording)
}

/// The readers in a trace, in the order in which they speak.
pub(super) fn readers(recording: &Recording) -> Vec<&str> {
    let mut readers = Vec::new();
    for numbered in &recording.messages {
        if !readers.contains(&numbered.message.reader.as_str()) {
            readers.push(&numbered.message.reader);
        }
    }
    readers
}

/// The reader that is meant: the one named, or the only one.
pub(super) fn choose<'a>(wanted: Option<&str>, readers: &[&'a str]) -> Result<&'a str, Failure> {
    // A trace of `conformance` has hundreds.
    const SHOWN: usize = 10;
    let quoted = || {
        let quoted: Vec<_> = readers
            .iter()
            .take(SHOWN)
            .map(|reader| format!("\"{reader}\""))
            .collect();
        let more = if readers.len() > SHOWN { ", …" } else { "" };
        quoted.join(", ") + more
    };
    match (wanted, readers) {
        (None, [only]) => Ok(only),
        (None, _) => Err(Failure::Usage(format!(
            "the trace is of several readers, say which with --reader: {}",
            quoted()
        ))),
        (Some(wanted), readers) => readers
            .iter()
            .find(|reader| **reader == wanted)
            .copied()
            .ok_or_else(|| Failure::Usage(format!("the trace has no reader \"{wanted}\"; there are: {}", quoted()))),
    }
}
