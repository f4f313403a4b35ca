//! What every program has: its options, its exit status, and its way to the terminal.
#![allow(
    clippy::disallowed_methods,
    reason = "the one module that has the handles of standard output and error"
)]

use std::io::{self, Write};
use std::process::ExitCode;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser};
use vmyna_apdu::Language;
use vmyna_apdu::foreign::shown_lines;

use crate::{Card, HostError};

/// The options of every program.
#[derive(Args)]
pub struct Common {
    /// The reader's name, as `vmyna readers` lists it [default: the first reader]
    #[arg(long, value_name = "NAME")]
    pub reader: Option<String>,

    /// The language of what is printed
    #[arg(long, value_name = "LANG", default_value = "en", value_parser = language())]
    pub lang: Language,
}

impl Common {
    /// The card in the reader that is asked for.
    ///
    /// # Errors
    /// As [`Card::connect`].
    pub fn card(&self) -> Result<Card, HostError> {
        Card::connect(self.reader.as_deref())
    }
}

fn language() -> impl TypedValueParser<Value = Language> {
    let values = [("en", "English"), ("ja", "日本語")].map(|(name, help)| PossibleValue::new(name).help(help));
    PossibleValuesParser::new(values).map(|name| match name.as_str() {
        "ja" => Language::Ja,
        _ => Language::En,
    })
}

/// Parses the arguments, runs the program, and reports its error: exit status 1, or 2 for wrong arguments.
pub fn main<A: Parser>(program: impl FnOnce(A) -> Result<(), HostError>) -> ExitCode {
    match program(A::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without standard error the exit status has to do.
            let _ = writeln!(io::stderr(), "error: {}", shown_lines(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

/// Prints lines for people. What a terminal would obey in them is escaped.
///
/// # Errors
/// [`HostError::Stream`]
pub fn print(lines: &str) -> Result<(), HostError> {
    writeln!(io::stdout(), "{}", shown_lines(lines)).map_err(HostError::stream("standard output"))
}
