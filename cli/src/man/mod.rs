//! `vmyna man`: manual pages made from the help of all commands.

use std::path::PathBuf;

use clap::{Args, Command};

use crate::failure::{Failure, path_failure};
use crate::save;
use vmyna_apdu::ShowPath as _;

/// The command's arguments.
#[derive(Args)]
pub(crate) struct Man {
    /// The folder for the pages; made where it is missing
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// Writes a page a command: `vmyna.1`, `vmyna-run.1`, and so on.
///
/// # Errors
/// [`Failure`] with the folder.
pub(crate) fn run(arguments: &Man, command: Command) -> Result<(), Failure> {
    save::folder(&arguments.directory)?;
    clap_mangen::generate_to(command.disable_help_subcommand(true), &arguments.directory)
        .map_err(|error| path_failure(&error, format!("{}: {error}", arguments.directory.shown())))
}
