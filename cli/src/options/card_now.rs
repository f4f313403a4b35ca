//! A card of which a command shows what it holds: as it is now, or with `--issued` as it was issued.

use clap::Args;
use vmyna::CardSource;
use vmyna_applets::issued::IssuedCard;

use crate::failure::Failure;
use crate::settle::settle;

/// The card that is shown.
#[derive(Args)]
pub(crate) struct CardNow {
    /// The virtual card: specimen:NAME, FILE or FILE#NAME
    #[arg(value_name = "CARD")]
    pub(crate) card: CardSource,

    /// The card as it was issued. Without this it is shown as it is now, with what a counter has replaced
    #[arg(long)]
    issued: bool,
}

impl CardNow {
    /// The card. Its state is not read for the card as it was issued.
    pub(crate) fn find(&self) -> Result<IssuedCard, Failure> {
        settle(&self.card);
        Ok(match self.issued {
            true => self.card.issued()?,
            false => self.card.current()?.0,
        })
    }
}
