//! The arguments of `vmyna demo`.

use clap::Args;
use vmyna::CardSource;

use crate::options::trace::TraceOptions;

/// The guided tour.
#[derive(Args)]
pub(crate) struct Demo {
    /// The virtual card: specimen:NAME, FILE or FILE#NAME. Its PINs are as issued, and what happens to it is forgotten
    #[arg(long, value_name = "CARD", default_value = "specimen:hanako")]
    pub(crate) card: CardSource,

    #[command(flatten)]
    pub(crate) trace: TraceOptions,

    /// Show PINs and secret answers in the trace
    #[arg(long, requires = "trace")]
    pub(crate) show_secrets: bool,
}
