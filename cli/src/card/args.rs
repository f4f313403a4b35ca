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
can't be written to, set VMYNA_STATE=/DIR in the environment: the state is then in /DIR. Every
program must use the same VMYNA_STATE, or the card has two states.

Symbolic links to an image are followed. A copy, a hard link and an image that is mounted alone
have a state of their own; with one VMYNA_STATE they are one card.";

#[derive(Subcommand)]
pub(super) enum Action {
    /// Show the path and content of the state of an issued card, even if it is damaged; no PIN is shown
    Inspect {
        /// The card: FILE or FILE#NAME
        card: CardSource,
    },
    /// Drop the state of an issued card, even while it is in use: PINs, tries and everything else are as issued again
    ///
    /// If more than PINs changes, the command lists that, and asks on a terminal. The register of certificates is not
    /// changed: what was revoked stays revoked.
    ResetState {
        /// The card: FILE or FILE#NAME
        card: CardSource,

        /// Reset the values and tries of its PINs alone; files, certificates and keys stay as they are now
        #[arg(long)]
        pins: bool,

        /// Do not ask, also if files, certificates or keys change
        #[arg(long, conflicts_with = "pins")]
        yes: bool,
    },
}
