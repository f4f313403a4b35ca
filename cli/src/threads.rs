//! Starts threads. The system may have no thread to give: then the command fails, and does not panic.

use std::io;
use std::thread::{Builder, JoinHandle};

use crate::advice;
use crate::failure::Failure;

/// Starts a thread.
pub(crate) fn start<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, Failure> {
    Builder::new().name(name.to_owned()).spawn(run).map_err(failure)
}

/// The failure of a command that needs one more thread.
pub(crate) fn failure(error: io::Error) -> Failure {
    Failure::Failed(advice::of_thread(&error))
}
