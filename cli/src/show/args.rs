//! The arguments of `vmyna show`.

use std::path::PathBuf;

use clap::Args;

use crate::options::card_now::CardNow;

/// Showing a card.
#[derive(Args)]
pub(crate) struct Show {
    #[command(flatten)]
    pub(crate) card: CardNow,

    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Also draw the card: writes front.png and back.png into this folder, in place of files of these names
    #[arg(long, value_name = "DIR")]
    pub(crate) png: Option<PathBuf>,
}

/// The help after the options.
pub(crate) const HELP: &str = "\
The My Number, the residence code and the security code are shown; PINs and keys never are. The
pictures are ID-1 cards (85.60 x 53.98 mm, 1011 x 638 dots, 300 dpi) in a design of vmyna's own,
marked 見本 SPECIMEN. They are the same on every machine: the font is part of vmyna.

Examples:
  vmyna show specimen:hanako
  vmyna show specimen:hanako --png pictures
  vmyna show hanako.vmyna --issued
  vmyna show specimen:hanako --json | jq .holder.name";
