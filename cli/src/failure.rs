//! How a command fails: its message and its exit status.

use std::fmt;
use std::io;
use std::process::ExitCode;

use vmyna_apdu::ReaderError;
use vmyna_applets::image::{ImageError, ImageErrorKind};
use vmyna_issuance::IssuanceError;
use vmyna_issuance::ca_folder::CaFolderError;

use crate::advice;
use crate::output::say;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments can't be right: exit status 2, as for every error that clap finds.
    Usage(String),
    /// The work failed: exit status 1.
    Failed(String),
    /// A signal ended it: exit status 130.
    Interrupted(String),
    /// The output could not be written: exit status 1.
    Output(io::Error),
}

impl Failure {
    /// Whether the reader of the output has closed it.
    pub(crate) fn is_closed_output(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Writes the reason to standard error, and returns the exit status.
    pub(crate) fn report(&self) -> ExitCode {
        say(&format!("vmyna: {self}"));
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

/// Counts a closed output as success. For reports after the work: the outcome of the work is then that of the command.
pub(crate) fn unless_closed(outcome: Result<(), Failure>) -> Result<(), Failure> {
    match outcome {
        Err(failure) if failure.is_closed_output() => Ok(()),
        outcome => outcome,
    }
}

impl From<vmyna::Error> for Failure {
    fn from(error: vmyna::Error) -> Self {
        use vmyna::Error::{Image, Reader, RelativeStateFolder, SeveralCards};
        let message = advice::of_card(&error);
        match error {
            SeveralCards { .. } | RelativeStateFolder(_) => Self::Usage(message),
            Image { error, .. } if is_wrong_image(&error) => Self::Usage(message),
            Reader(error) => error.into(),
            _ => Self::Failed(message),
        }
    }
}

/// An image that can't be written.
pub(crate) fn image_failure(error: ImageError) -> Failure {
    let message = advice::of_image(&error);
    if is_wrong_image(&error) {
        Failure::Usage(message)
    } else {
        Failure::Failed(message)
    }
}

/// Whether a wrong name or path was typed.
fn is_wrong_image(error: &ImageError) -> bool {
    match error.kind() {
        ImageErrorKind::Io(error) => is_wrong_path(error),
        kind => matches!(
            kind,
            ImageErrorKind::NoImage
                | ImageErrorKind::NoSuchCard { .. }
                | ImageErrorKind::Exists
                | ImageErrorKind::Twice(_)
        ),
    }
}

/// A folder of authorities that can't be read or written.
pub(crate) fn ca_failure(error: CaFolderError) -> Failure {
    let message = advice::of_authorities(&error);
    match error {
        CaFolderError::Issuance(IssuanceError::Stopped) => {
            Failure::Interrupted("interrupted; nothing was written".to_owned())
        }
        CaFolderError::Exists(_) | CaFolderError::NoCaFolder(_) => Failure::Usage(message),
        CaFolderError::Io(_, error) => path_failure(&error, message),
        _ => Failure::Failed(message),
    }
}

/// An operation on a path that the system refused. A path that can't be right counts as a wrong argument.
pub(crate) fn path_failure(error: &io::Error, message: String) -> Failure {
    if is_wrong_path(error) {
        Failure::Usage(message)
    } else {
        Failure::Failed(message)
    }
}

fn is_wrong_path(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, InvalidInput, IsADirectory, NotADirectory, NotFound};
    // The last two: no ordinary file, and one with too many bytes. They are also errors of writing a file that is too large
    // for the system, whose number they have.
    let of_this_program = error.raw_os_error().is_none() && matches!(error.kind(), InvalidInput | FileTooLarge);
    of_this_program || matches!(error.kind(), NotFound | NotADirectory | IsADirectory)
}

impl From<ReaderError> for Failure {
    fn from(error: ReaderError) -> Self {
        match error {
            ReaderError::NoSuchReader { .. } | ReaderError::Ambiguous { .. } => Self::Usage(advice::of_reader(&error)),
            _ => Self::Failed(advice::of_reader(&error)),
        }
    }
}
