//! What the commands that listen for vpcd, or in its place, report.

use vmyna_reader_bridge::vpcd::{Refused, VpcdError};

use crate::failure::Failure;
use crate::output::say;

/// The failure of an address.
pub(crate) fn failure(error: VpcdError) -> Failure {
    match error {
        VpcdError::NotLoopback { .. } => Failure::Usage(format!("{error}; --insecure-remote allows it")),
        error => Failure::Failed(error.to_string()),
    }
}

/// Reports a second connection.
pub(crate) fn refused() -> Refused {
    Box::new(|peer| {
        say(&format!(
            "refused a second connection, from {peer}: another program is connected"
        ));
    })
}
