//! `vmyna trace`: shows a trace, replays it against a card, and makes one of another program's log.

pub(crate) mod args;
mod import;
mod replay;
mod show;

use crate::failure::Failure;
use args::{Trace, TraceCommand};

/// Runs the command.
pub(crate) fn run(arguments: &Trace) -> Result<(), Failure> {
    match &arguments.command {
        TraceCommand::Show(show) => show::run(show),
        TraceCommand::Replay(replay) => replay::run(replay),
        TraceCommand::Import(import) => import::run(import),
    }
}
