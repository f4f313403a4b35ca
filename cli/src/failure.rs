//! How a command fails: what it says and which exit status it leaves.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use vmyna_reader_bridge::ReaderError;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was given can't be right: exit status 2, as for every fault in the arguments.
    Usage(String),
    /// It was tried and failed: exit status 1.
    Failed(String),
    /// A signal ended it: exit status 130.
    Interrupted(String),
    /// The output could not be written: exit status 1.
    Output(io::Error),
}

impl Failure {
    /// Says why on standard error, and gives the exit status.
    pub(crate) fn report(&self) -> ExitCode {
        // Whoever closed our output has seen enough; nobody is left to be told.
        let silent = matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe);
        if !silent {
            // Nothing can be done about a standard error that is closed too.
            let _ = writeln!(io::stderr(), "vmyna: {self}");
        }
        ExitCode::from(match self {
            Self::Usage(_) => 2,
            Self::Failed(_) | Self::Output(_) => 1,
            Self::Interrupted(_) => 130,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Failed(message) | Self::Interrupted(message) => f.write_str(message),
            Self::Output(error) => write!(f, "the output can't be written: {error}"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<ReaderError> for Failure {
    fn from(error: ReaderError) -> Self {
        Self::Failed(error.to_string())
    }
}
