//! The arguments of `vmyna desk`.

use std::path::PathBuf;

use clap::Args;
use vmyna::CardSource;

use crate::listen::host_name;

/// The desk.
#[derive(Args)]
pub(crate) struct Desk {
    /// The cards on the shelf: specimen:NAME, FILE or FILE#NAME; a file of many cards is a collection. All built-in cards,
    /// if none is given
    #[arg(value_name = "CARD")]
    pub(super) card: Vec<CardSource>,

    /// Where the page is served: HOST:PORT; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(super) listen: String,

    /// Allow an address that other machines reach. There is no TLS, so the token can be read on the network
    #[arg(long)]
    pub(super) insecure_remote: bool,

    /// A further name of this machine that a browser may use for the page; repeat it for several
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    pub(super) host: Vec<String>,

    /// Where cards that are made here are kept; $XDG_STATE_HOME/vmyna/desk, if not given
    #[arg(long, value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,

    /// The folder of the authorities that issue new cards, with their register; the built-in ones, if not given
    #[arg(long, value_name = "DIR")]
    pub(super) ca: Option<PathBuf>,

    /// The PC/SC socket, if it is to have a fixed place
    #[arg(long, value_name = "PATH")]
    pub(super) socket: Option<PathBuf>,

    /// How many readers there are, 1 to 16
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(super) readers: u8,
}

/// The help after the options.
pub(crate) const HELP: &str = "\
The link carries a token behind the #, which the browser sends nowhere. It holds until the command
ends, and opens the desk to any browser. Programs that run with the printed PCSCLITE_CSOCK_NAME
see the cards in the readers come and go.

Built-in cards are copied into the folder, so that their tries are counted and their PINs can be
blocked and reset. The counter refuses what would write their certificates into the register,
because all programs on the machine share those.

Examples:
  vmyna desk
  vmyna desk specimen:hanako town.vmyna
  vmyna desk --listen 127.0.0.1:47900 --socket /run/user/1000/vmyna-desk";
