//! The arguments of `vmyna card`.

use std::path::PathBuf;

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

What a new card keeps of the free area when a counter issues one is not published: here nothing.
Every other operation of a counter leaves the free area as it is.

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
    /// Put the applications of files (*.ap.toml) into the free area (空き領域) of an issued card, even while it is in use
    ///
    /// All of them are installed or none. `vmyna card reset-state` removes them, and what was changed in them.
    Install {
        /// The card: FILE or FILE#NAME
        card: CardSource,

        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Take applications out of the free area (空き領域) of an issued card, even while it is in use
    ///
    /// Their PINs, files and keys are lost. An application that was issued with the card is there again after
    /// `vmyna card reset-state`.
    Remove {
        /// The card: FILE or FILE#NAME
        card: CardSource,

        /// The applications: their names or AIDs
        #[arg(required = true, value_name = "NAME|AID")]
        applications: Vec<String>,
    },
    /// List the applications in the free area (空き領域) of a card, and whether each was issued with it or installed
    List {
        /// The card: specimen:NAME, FILE or FILE#NAME
        card: CardSource,
    },
}
