//! `vmyna completions`: the completion script for a shell.

use std::io::Write;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::failure::Failure;
use crate::output;

/// The arguments of `vmyna completions`.
#[derive(Args)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

/// Writes the script for `command` to standard output.
pub(crate) fn run(arguments: &Completions, mut command: Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "vmyna", &mut script);
    Ok(output::data().write_all(&script)?)
}
