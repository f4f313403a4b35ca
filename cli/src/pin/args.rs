//! The arguments of `vmyna pin`.

use clap::Args;
use vmyna::CardSource;

use crate::options::applications::Applications;

/// Listing PINs.
#[derive(Args)]
pub(crate) struct Pin {
    /// The virtual card: specimen:NAME, FILE or FILE#NAME
    #[arg(value_name = "CARD")]
    pub(crate) card: CardSource,

    #[command(flatten)]
    pub(crate) applications: Applications,

    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}
