//! Options for a trace.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

/// Writing a trace.
#[derive(Args, Clone)]
pub(crate) struct TraceOptions {
    /// Write every message to and from the card into this new file, which Wireshark opens; if its name ends in .txt, a line
    /// a message. PINs and answers from secret files are masked at their length unless --show-secrets is given
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,

    /// The form of the trace, whatever its name
    #[arg(long, value_name = "FORMAT", requires = "trace")]
    pub(crate) trace_format: Option<TraceFormat>,
}

/// The forms of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TraceFormat {
    /// For Wireshark and tshark
    Pcapng,
    /// A line a message, for people
    Text,
}

impl TraceFormat {
    /// The form that a file's name asks for.
    pub(crate) fn of(path: &Path) -> Self {
        if is_text(path) { Self::Text } else { Self::Pcapng }
    }
}

/// Whether a file's name asks for the text form.
pub(crate) fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "txt")
}
