//! What can be typed to look at a card: `show`, `pin`, `files`.

use std::path::PathBuf;

use clap::Args;

use crate::explain::language::{self, Language};
use crate::files::FilePath;
use vmyna::CardSource;

/// Showing a card.
#[derive(Args)]
pub(crate) struct Show {
    /// The virtual card: specimen:NAME, FILE or FILE#NAME
    #[arg(value_name = "CARD")]
    pub(crate) card: CardSource,

    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Also draw the card: writes front.png and back.png into this folder, in place of files of these names
    #[arg(long, value_name = "DIR")]
    pub(crate) png: Option<PathBuf>,
}

pub(super) const SHOW_HELP: &str = "\
The My Number, the residence code and the security code are shown; PINs and keys never are. The
pictures are ID-1 cards (85.60 x 53.98 mm, 1011 x 638 dots, 300 dpi) in a design of vmyna's own,
marked 見本 SPECIMEN. They are the same on every machine: the font is part of vmyna.

Examples:
  vmyna show specimen:hanako
  vmyna show specimen:hanako --png pictures
  vmyna show specimen:hanako --json | jq .holder.name";

/// Listing PINs.
#[derive(Args)]
pub(crate) struct Pin {
    /// The virtual card: specimen:NAME, FILE or FILE#NAME
    #[arg(value_name = "CARD")]
    pub(crate) card: CardSource,

    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Listing and showing files.
#[derive(Args)]
pub(crate) struct Files {
    /// The virtual card: specimen:NAME, FILE or FILE#NAME
    #[arg(value_name = "CARD")]
    pub(crate) card: CardSource,

    /// The application to list (name, Japanese title or AID), or the file or GET DATA object in it to show (four
    /// hexadecimal digits, or its name)
    #[arg(value_name = "AP[/EF]")]
    pub(crate) path: Option<FilePath>,

    /// Write the bytes of the file to standard output, which must not be a terminal; records one after the other
    #[arg(long, requires = "path", conflicts_with = "why")]
    pub(crate) raw: bool,

    /// Add the source behind each certainty
    #[arg(long)]
    pub(crate) why: bool,

    /// The language
    #[arg(long, value_name = "LANGUAGE", value_parser = language::parser(), default_value = "en")]
    pub(crate) lang: Language,
}

pub(super) const FILES_HELP: &str = "\
The command shows the contents of a file whatever its access conditions are. It never shows the
value of a PIN or of a private key.

Examples:
  vmyna files specimen:hanako
  vmyna files specimen:hanako jpki --why --lang ja
  vmyna files specimen:hanako input_assist/0002
  vmyna files specimen:hanako card_manager/7F21
  vmyna files specimen:hanako 'jpki/auth certificate' --raw | openssl x509 -inform DER -text";
