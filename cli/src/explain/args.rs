//! The arguments of `vmyna explain`.

use clap::Args;
use vmyna::CardSource;

use crate::options::language::{self, Language};

/// Explaining.
#[derive(Args)]
pub(crate) struct Explain {
    /// The virtual card, in the state in which it was issued: specimen:NAME, FILE or FILE#NAME
    #[arg(long, value_name = "CARD", default_value = "specimen:hanako")]
    pub(crate) card: CardSource,

    /// The language
    #[arg(long, value_name = "LANGUAGE", value_parser = language::parser(), default_value = "en")]
    pub(crate) lang: Language,

    /// Show PINs
    #[arg(long)]
    pub(crate) show_secrets: bool,

    /// C-APDUs, sent one after the other to the same card, or a status word (four digits), to list the rules that answer it
    #[arg(value_name = "HEX", required = true)]
    pub(crate) steps: Vec<String>,
}

/// The help after the options.
pub(crate) const HELP: &str = "\
Examples:
  vmyna explain 00A4040C0AD392F000260100000001 00B0810000
  vmyna explain --lang ja 00A4040C0AD3921000310001010408 002000910431323334
  vmyna explain 6984";
