//! A card of which a command shows what it holds: as it is now, or with `--issued` as it was issued.

use std::collections::BTreeSet;

use clap::Args;
use vmyna::CardSource;
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::declaration::ObjectId;

use super::applications::Applications;
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

    #[command(flatten)]
    applications: Applications,
}

impl CardNow {
    /// The card. Its state is not read for the card as it was issued.
    pub(crate) fn find(&self) -> Result<IssuedCard, Failure> {
        settle(&self.card);
        let card = self.applications.on(&self.card)?;
        Ok(match self.issued {
            true => card.issued()?,
            false => card.current()?.0,
        })
    }

    /// The files that commands have changed since. What [`Self::find`] returns has their contents from before.
    pub(crate) fn changed_since(&self) -> Result<BTreeSet<ObjectId>, Failure> {
        Ok(match self.card.find()? {
            (_, Some(place)) if !self.issued => place.changed_contents()?,
            _ => BTreeSet::new(),
        })
    }
}
