//! The arguments of `vmyna explain`.

use clap::Args;
use vmyna::CardSource;

use crate::options::applications::Applications;
use crate::options::language::{self, Language};

/// Explaining.
#[derive(Args)]
pub(crate) struct Explain {
    /// The virtual card, in the state in which it was issued: specimen:NAME, FILE or FILE#NAME
    #[arg(long, value_name = "CARD", default_value = "specimen:hanako")]
    pub(crate) card: CardSource,

    #[command(flatten)]
    pub(crate) applications: Applications,

    /// The language
    #[arg(long, value_name = "LANGUAGE", value_parser = language::parser(), default_value = "en")]
    pub(crate) lang: Language,

    /// Show PINs
    #[arg(long)]
    pub(crate) show_secrets: bool,

    /// Explain this answer to reset (ATR) of any card, octet by octet
    #[arg(long, value_name = "HEX", conflicts_with_all = ["ats", "steps", "card", "ap"])]
    pub(crate) atr: Option<String>,

    /// Explain this answer to select (ATS) of a contactless card of type A, octet by octet
    #[arg(long, value_name = "HEX", conflicts_with_all = ["steps", "card", "ap"])]
    pub(crate) ats: Option<String>,

    /// C-APDUs, sent one after the other to the same card, or a status word (four digits), to list the rules that answer it
    #[arg(value_name = "HEX", required_unless_present_any = ["atr", "ats"])]
    pub(crate) steps: Vec<String>,
}

/// The help after the options.
pub(crate) const HELP: &str = "\
Commands of class FF are for a contactless reader, which answers them itself (PC/SC part 3).

Exit status: 1 if an ATR or ATS is damaged; the rest of it is explained all the same.

Examples:
  vmyna explain 00A4040C0AD392F000260100000001 00B0810000
  vmyna explain --lang ja 00A4040C0AD3921000310001010408 002000910431323334
  vmyna explain --card specimen:hanako@contactless FFCA000000
  vmyna explain --atr 3B888001000005E0B381A1007F
  vmyna explain 6984";
