//! The arguments of `vmyna card`.

use clap::{Args, Subcommand};
use vmyna::CardSource;

/// The state of a card.
#[derive(Args)]
pub(crate) struct Card {
    #[command(subcommand)]
    pub(super) action: Action,
}

pub(crate) const HELP: &str = "\
The state of the card NAME of the image FILE is FILE.state/NAME.redb. For an image whose folder
can't be written to, name a folder of yours in the environment: with VMYNA_STATE=/DIR the state is
in there. All that use a card must have the same /DIR, or it has two states.

Symbolic links to an image are followed. A copy, a second name (hard link) and an image that is
mounted alone have a state of their own; with one VMYNA_STATE they are one card.";

#[derive(Subcommand)]
pub(super) enum Action {
    /// Say where the state of an issued card lies and what it holds, damaged or not; no PIN is shown
    Inspect {
        /// The card: FILE or FILE#NAME
        card: CardSource,
    },
    /// Drop the state of an issued card: PINs, their tries and everything else are as issued again, also while it is in use
    ResetState {
        /// The card: FILE or FILE#NAME
        card: CardSource,
    },
}
