//! The arguments of `vmyna kiosk`.

use clap::{Args, Subcommand};

use crate::options::at_counter::AtCounter;
use crate::options::given_pin::GivenPin;

/// The kiosk of a store.
#[derive(Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Kiosk {
    #[command(flatten)]
    pub(super) at: AtCounter,

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
