//! The arguments of `vmyna reader`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use vmyna::CardSource;

/// Putting cards in and out.
#[derive(Args)]
pub(crate) struct Reader {
    #[command(subcommand)]
    pub(crate) action: ReaderAction,
}

/// What to do at which readers.
#[derive(Subcommand)]
pub(crate) enum ReaderAction {
    /// List the readers and what is in them
    List {
        #[command(flatten)]
        service: Service,
    },
    /// Take the card out, at once, whatever it is doing
    Remove {
        #[command(flatten)]
        which: WhichReader,
    },
    /// Put a card in, in place of the one that is there; without CARD the one that was taken out, in the state it was left
    Insert {
        #[command(flatten)]
        which: WhichReader,

        /// The virtual card: specimen:NAME, FILE or FILE#NAME
        #[arg(value_name = "CARD")]
        card: Option<CardSource>,
    },
    /// Unplug a reader, with the card that may be in it: programs see it go, as when a USB reader is pulled out
    Unplug(OneReader),
    /// Plug a reader in again, with the card that was in it
    Plug(OneReader),
}

/// A reader, named with or without its option.
#[derive(Args)]
pub(crate) struct OneReader {
    #[command(flatten)]
    which: WhichReader,

    /// The reader, as for --reader
    #[arg(value_name = "NAME", conflicts_with = "reader")]
    name: Option<String>,
}

impl OneReader {
    /// The reader that is meant.
    pub(crate) fn which(self) -> WhichReader {
        let mut which = self.which;
        which.reader = self.name.or(which.reader);
        which
    }
}

/// Which service.
#[derive(Args)]
pub(crate) struct Service {
    /// The PC/SC socket of the `vmyna run` or `vmyna serve --socket` that is meant [default: PCSCLITE_CSOCK_NAME, or the
    /// only one that runs, also a `vmyna serve` in pcscd's reader]
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
}

/// Which reader.
#[derive(Args)]
pub(crate) struct WhichReader {
    #[command(flatten)]
    pub(crate) service: Service,

    /// The reader: its name, a part that only it has, or #0, #1, … as `vmyna reader list` shows them [default: the only
    /// one]
    #[arg(long, value_name = "NAME")]
    pub(crate) reader: Option<String>,
}
