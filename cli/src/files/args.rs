//! The arguments of `vmyna files`.

use clap::Args;

use super::FilePath;
use crate::options::card_now::CardNow;
use crate::options::language::{self, Language};

/// Listing and showing files.
#[derive(Args)]
pub(crate) struct Files {
    #[command(flatten)]
    pub(crate) card: CardNow,

    /// The application to list (name, Japanese title or AID), or the file or GET DATA object in it to show (four
    /// hexadecimal digits, or its name)
    #[arg(value_name = "AP[/EF]")]
    pub(crate) path: Option<FilePath>,

    /// Write all bytes of the file to standard output, which must not be a terminal; records one after the other
    #[arg(long, requires = "path", conflicts_with = "why")]
    pub(crate) raw: bool,

    /// Write the data object of the file alone, without the filler behind it, as --raw does
    #[arg(long, requires = "path", conflicts_with_all = ["why", "raw"])]
    pub(crate) object: bool,

    /// Add the source behind each certainty
    #[arg(long)]
    pub(crate) why: bool,

    /// The language
    #[arg(long, value_name = "LANGUAGE", value_parser = language::parser(), default_value = "en")]
    pub(crate) lang: Language,
}

/// The help after the options.
pub(crate) const HELP: &str = "\
The command shows the contents of a file whatever its access conditions are. It never shows the
value of a PIN or of a private key. `1590 of 3808 bytes` is a file of 3808 bytes that begins with
a data object of 1590 bytes; the rest is filler. --why adds where the size is known from.

Examples:
  vmyna files specimen:hanako
  vmyna files specimen:hanako jpki --why --lang ja
  vmyna files specimen:hanako input_assist/0002
  vmyna files specimen:hanako card_manager/7F21
  vmyna files specimen:hanako 'jpki/auth certificate' --object | openssl x509 -inform DER -text";
