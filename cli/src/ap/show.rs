//! `vmyna ap show`: the applications of a declaration file as a tree.

use std::io::Write as _;

use vmyna_explain::files::List;

use super::applications;
use super::args::Show;
use crate::failure::Failure;
use crate::output;

/// Runs the command.
pub(super) fn run(arguments: &Show) -> Result<(), Failure> {
    let list = List::new(arguments.lang).with_sources(arguments.why);
    let mut out = output::text();
    for (at, free) in applications(&arguments.file)?.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        for line in list.application(free.application()) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(out.flush()?)
}
