//! The arguments of `vmyna kiosk`.

use clap::{Args, Subcommand};
use vmyna::CardSource;

use crate::options::authority::Authority;
use crate::options::given_pin::GivenPin;
use crate::seed::Time;

/// The kiosk of a store.
#[derive(Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Kiosk {
    /// The card: FILE or FILE#NAME
    #[arg(value_name = "CARD")]
    pub(super) card: CardSource,

    /// The folder of the authorities that issued the card; the built-in ones ("specimen"), if it is not given
    #[arg(long, value_name = "DIR")]
    pub(super) ca: Option<Authority>,

    /// Let it be this time (UTC)
    #[arg(long, value_name = "TIME")]
    pub(super) now: Option<Time>,

    /// As JSON
    #[arg(long)]
    pub(super) json: bool,

    #[command(subcommand)]
    pub(super) action: Action,
}

#[derive(Subcommand)]
pub(super) enum Action {
    /// Apply for a reset on the phone: verify the auth PIN, and print a one-time code
    Apply {
        /// The auth PIN: auth=VALUE; otherwise it is asked for on the terminal
        #[arg(long, value_name = "PIN")]
        pin: Option<GivenPin>,
    },
    /// Reset the sign password (署名用パスワード) with the auth PIN and the code
    ResetSign {
        /// The one-time code
        #[arg(long)]
        code: String,

        /// auth=VALUE and sign=NEW; what is not given is asked for on the terminal
        #[arg(long, value_name = "PIN")]
        pin: Vec<GivenPin>,
    },
}

/// The help after the options.
pub(crate) const HELP: &str = "\
The auth PIN is verified on the card: a wrong one costs a try. A code has eight digits and is good
once, for one card, for 24 hours; all of this is assumed, because its form is not public.

Example:
  vmyna kiosk card.vmyna apply
  vmyna kiosk card.vmyna reset-sign --code 12345678";
