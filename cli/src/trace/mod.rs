//! `vmyna trace`: shows a trace and replays it against a card.

pub(crate) mod args;
mod load;
mod replay;
mod show;

use crate::failure::Failure;
use args::{Trace, TraceCommand};

/// Runs the command.
pub(crate) fn run(arguments: &Trace) -> Result<(), Failure> {
    match &arguments.command {
        TraceCommand::Show(show) => show::run(show),
        TraceCommand::Replay(replay) => replay::run(replay),
    }
}
