//! Writes the trace of `--trace FILE` for the commands that run a card.
//!
//! A trace that can't be written must never stop a card. It contains a PIN only if the user asked for it.

pub(crate) mod compare;
pub(crate) mod load;
pub(crate) mod names;
pub(crate) mod text;
pub(crate) mod text_read;

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use vmyna_apdu::Reader;
use vmyna_apdu::ShowPath as _;
use vmyna_reader_bridge::trace::{self, Message, PcapngSink, Sink, Trace, TracedReader};

use crate::failure::{Failure, path_failure};
use crate::options::trace::{TraceFormat, TraceOptions};
use crate::output::say;
use names::Names;

/// Whether a trace of this process ends too early, because its file could not be written.
static ENDED_EARLY: AtomicBool = AtomicBool::new(false);

/// Whether the trace that was asked for could not be written to its end, which was reported at once.
pub(crate) fn ended_early() -> bool {
    ENDED_EARLY.load(Ordering::SeqCst)
}

/// Makes the file that was asked for and begins the trace in it. `names` has the applications of each conversation's card.
pub(crate) fn begin(options: &TraceOptions, show_secrets: bool, names: &Names) -> Result<Option<Trace>, Failure> {
    let Some(path) = &options.trace else {
        return Ok(None);
    };
    let format = options.trace_format.unwrap_or_else(|| TraceFormat::of(path));
    let sink = create(path, format, names).map_err(|error| fault(path, &error))?;
    let path = path.clone();
    let failed = move |error: &std::io::Error| {
        ENDED_EARLY.store(true, Ordering::SeqCst);
        say(&format!(
            "vmyna: {}: the trace ends here, it can't be written: {error}",
            path.shown()
        ));
    };
    Ok(Some(Trace::new(sink, show_secrets, Box::new(failed))))
}

/// Writes these messages into a new trace, whole or not at all. The name of the file decides its form.
pub(crate) fn write(path: &Path, messages: &[Message]) -> Result<(), Failure> {
    // As many as a sink gathers in memory at a time.
    const AT_ONCE: usize = 1024;
    let mut sink = create(path, TraceFormat::of(path), &Names::default()).map_err(|error| fault(path, &error))?;
    let written = messages.chunks(AT_ONCE).try_for_each(|messages| sink.write(messages));
    written.map_err(|error| {
        // The error that matters is the first.
        let _ = std::fs::remove_file(path);
        fault(path, &error)
    })
}

fn create(path: &Path, format: TraceFormat, names: &Names) -> io::Result<Box<dyn Sink>> {
    let file = trace::create(path)?;
    Ok(match format {
        TraceFormat::Pcapng => Box::new(PcapngSink::begin(file)?),
        TraceFormat::Text => Box::new(text::TextSink::new(file, names.clone())),
    })
}

fn fault(path: &Path, error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::AlreadyExists => Failure::Usage(format!(
            "{} exists already, and a trace overwrites nothing: name another file or remove it",
            path.shown()
        )),
        _ => path_failure(error, format!("{}: the trace can't be written: {error}", path.shown())),
    }
}

/// The reader, with a trace if there is one.
pub(crate) fn around(reader: Box<dyn Reader>, trace: Option<Trace>) -> Box<dyn Reader> {
    match trace {
        Some(trace) => Box::new(TracedReader::new(reader, trace)),
        None => reader,
    }
}
