//! The arguments of `vmyna ap`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::options::language::{self, Language};

/// Applications for the free area.
#[derive(Args)]
pub(crate) struct Ap {
    #[command(subcommand)]
    pub(super) action: Action,
}

#[derive(Subcommand)]
pub(super) enum Action {
    /// Write a declaration file that works, with a comment on each part, as a beginning
    New(New),
    /// Check declaration files: all faults, each with its line and field
    Check(Check),
    /// Show the applications of a declaration file: files, sizes, PINs, keys, and when each operation is allowed
    Show(Show),
    /// Write a page for the users of the applications: AIDs, files, PINs, and the APDUs that read each file; Markdown
    Doc(Doc),
    /// Print the JSON Schema of declaration files, for editors
    Schema,
}

#[derive(Args)]
pub(super) struct New {
    /// The file to write, e.g. `employee.ap.toml`; an existing file is not replaced
    pub(super) file: PathBuf,
}

#[derive(Args)]
pub(super) struct Check {
    /// Declaration files
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,

    /// Report as JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args)]
pub(super) struct Show {
    /// The declaration file
    pub(super) file: PathBuf,

    /// Add the source behind each certainty
    #[arg(long)]
    pub(super) why: bool,

    /// The language
    #[arg(long, value_name = "LANGUAGE", value_parser = language::parser(), default_value = "en")]
    pub(super) lang: Language,
}

#[derive(Args)]
pub(super) struct Doc {
    /// The declaration file
    pub(super) file: PathBuf,

    /// The language
    #[arg(long, value_name = "LANGUAGE", value_parser = language::parser(), default_value = "en")]
    pub(super) lang: Language,
}

/// The help after the options.
pub(crate) const HELP: &str = "\
A declaration file (*.ap.toml) declares applications for the free area of the card: files, PINs,
keys, and when each operation is allowed. docs/applications.md has the format, field by field.
Values that differ between cards are shown as on specimen:hanako.

Examples:
  vmyna ap new employee.ap.toml
  vmyna ap check employee.ap.toml
  vmyna ap show employee.ap.toml --lang ja
  vmyna ap doc employee.ap.toml > employee.md";
