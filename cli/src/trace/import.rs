//! `vmyna trace import`: a log of another program becomes a trace.

use std::io::Write;

use vmyna_apdu::ShowPath as _;
use vmyna_reader_bridge::trace::import::{self, DetectError, LONGEST_LOG};
use vmyna_reader_bridge::trace::{Message, What};

use super::args::TraceImport;
use crate::failure::{Failure, path_failure};
use crate::trace_file;

/// Runs the command. Nothing is written before the whole log is understood.
pub(super) fn run(arguments: &TraceImport) -> Result<(), Failure> {
    let path = arguments.file.shown();
    let log = vmyna_files::read_named(&arguments.file, LONGEST_LOG as u64)
        .map_err(|error| path_failure(&error, format!("{path}: {error}")))?;
    let format = match arguments.from {
        Some(format) => format,
        None => import::detect(&log).map_err(|error| {
            let advice = match error {
                DetectError::Import(_) => "",
                _ => ": name what wrote it with --from",
            };
            Failure::Usage(format!("{path}: {error}{advice}"))
        })?,
    };
    let messages = import::import(&log, format, arguments.show_secrets)
        .map_err(|error| Failure::Usage(format!("{path}: {error} (read as {})", format.name())))?;
    trace_file::write(&arguments.output, &messages)?;
    let count = |is: fn(&Message) -> bool| messages.iter().filter(|message| is(message)).count();
    let commands = count(|message| matches!(message.what, What::Command(_)));
    let answers = count(|message| matches!(message.what, What::Response(_)));
    writeln!(
        crate::output::text(),
        "{}: {commands} commands and {answers} answers from a log of {}",
        arguments.output.shown(),
        format.name()
    )?;
    Ok(())
}
