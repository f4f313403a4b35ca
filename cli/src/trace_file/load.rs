//! Reads a trace of either form, and finds the conversation that is meant in it.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;

use vmyna_apdu::ShowPath as _;
use vmyna_apdu::shown;
use vmyna_reader_bridge::trace::{self, ReaderName, Recording};

use super::text_read;
use crate::failure::{Failure, path_failure};
use crate::options::trace::is_text;
use crate::output::say;

/// The first byte of a pcapng file. No line of the text form begins with it: it is a line break.
const PCAPNG: u8 = 0x0A;

const NEITHER: &str = "neither a pcapng trace nor the text form of one";

/// The messages of the trace in this file. A trace that is cut off is reported, and is no error.
pub(crate) fn load(path: &Path) -> Result<Recording, Failure> {
    parse(path, open(path)?)
}

/// Opens a file that may be a trace.
pub(crate) fn open(path: &Path) -> Result<BufReader<File>, Failure> {
    let file = vmyna_files::open_named(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::Usage(format!("{}: there is no such file", path.shown())),
        _ => path_failure(&error, format!("{}: {error}", path.shown())),
    })?;
    Ok(BufReader::new(file))
}

/// The messages of the trace that was opened at this path.
pub(crate) fn parse(path: &Path, mut input: impl BufRead) -> Result<Recording, Failure> {
    // What is no trace is the wrong file.
    let fault = |problem: String| Failure::Usage(format!("{}: {problem}", path.shown()));
    // Read once, because a pipe can't be read again: the first bytes decide the form.
    let begin = input.fill_buf().map_err(|error| fault(error.to_string()))?;
    let recording = if is_text(path) || begin.first() != Some(&PCAPNG) {
        text_read::read(input).map_err(|problem| match is_text(path) {
            true => fault(problem),
            // The name need not give the form.
            false => fault(NEITHER.to_owned()),
        })?
    } else {
        trace::read(input).map_err(|error| match error {
            trace::ReadError::TooMany | trace::ReadError::TooLong => {
                fault(format!("{error}: split it with editcap -c"))
            }
            trace::ReadError::NotPcapng => fault(NEITHER.to_owned()),
            _ => fault(error.to_string()),
        })?
    };
    if recording.torn {
        say(&format!(
            "vmyna: {}: its last message is cut off and left out; was what wrote it killed?",
            path.shown()
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
pub(crate) fn readers(recording: &Recording) -> Vec<&ReaderName> {
    let mut known = HashSet::new();
    let readers = recording.messages.iter().map(|numbered| &numbered.message.reader);
    readers.filter(|reader| known.insert(*reader)).collect()
}

/// The reader that is meant: the one named, or the only one.
pub(crate) fn choose<'a>(wanted: Option<&str>, readers: &[&'a ReaderName]) -> Result<&'a ReaderName, Failure> {
    // A trace of `conformance` has hundreds.
    const SHOWN: usize = 10;
    let quoted = || {
        let quoted: Vec<_> = readers
            .iter()
            .take(SHOWN)
            .map(|reader| format!("\"{}\"", ***reader))
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
            // A name is typed as it is shown, too.
            .find(|reader| reader.raw() == wanted || reader.to_string() == wanted)
            .copied()
            .ok_or_else(|| {
                Failure::Usage(format!(
                    "the trace has no reader \"{}\"; there are: {}",
                    shown(wanted),
                    quoted()
                ))
            }),
    }
}
