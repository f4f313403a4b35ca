//! What the counter and the kiosk need to know of a card that is brought to them.

use clap::Args;
use vmyna::CardSource;

use super::authority::Authority;
use crate::seed::Time;

/// The card, its authorities, the time, and the form of the report.
#[derive(Args)]
pub(crate) struct AtCounter {
    /// The card: FILE or FILE#NAME
    #[arg(value_name = "CARD")]
    pub(crate) card: CardSource,

    /// The folder of the authorities that issued the card; the built-in ones ("specimen"), if it is not given
    #[arg(long, value_name = "DIR")]
    pub(crate) ca: Option<Authority>,

    /// Let it be this time (UTC) there
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<Time>,

    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl AtCounter {
    /// Whether authorities of the user issued the card.
    pub(crate) fn has_own_authorities(&self) -> bool {
        self.ca.as_ref().and_then(Authority::folder).is_some()
    }
}
