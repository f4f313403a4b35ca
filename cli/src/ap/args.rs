//! The arguments of `vmyna ap`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use vmyna::CardSource;

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
    /// Put test vectors to a card with the applications: those that follow from the declaration, and your own
    Test(Box<Test>),
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

#[derive(Args)]
pub(super) struct Test {
    /// The declaration file
    pub(super) file: PathBuf,

    /// The virtual card that gets the applications: specimen:NAME, FILE or FILE#NAME. It is made anew for each vector
    #[arg(long, value_name = "CARD", default_value = "specimen:hanako")]
    pub(super) card: CardSource,

    /// A file with vectors of your own; without this option NAME.vectors.toml beside NAME.ap.toml, if it is there
    #[arg(long, value_name = "FILE")]
    pub(super) vectors: Option<PathBuf>,

    /// The language; what the vectors require, names and files stay in English
    #[arg(long, value_name = "LANGUAGE", value_parser = language::parser(), default_value = "en")]
    pub(super) lang: Language,

    /// Write the outcome as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,

    /// Write the outcome as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
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
  vmyna ap doc employee.ap.toml > employee.md
  vmyna ap test employee.ap.toml --junit report.xml";
