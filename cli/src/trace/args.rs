//! The arguments of `vmyna trace`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use vmyna::CardSource;
use vmyna_applets::pins;

use crate::options::given_pin::GivenPin;

/// Traces.
#[derive(Args)]
pub(crate) struct Trace {
    #[command(subcommand)]
    pub(crate) command: TraceCommand,
}

/// What to do with a trace.
#[derive(Subcommand)]
pub(crate) enum TraceCommand {
    /// Show a trace: each message decoded, with its number
    Show(TraceShow),
    /// Send the commands of a trace to a card, and report the first answer that differs
    #[command(after_long_help = replay_help())]
    Replay(TraceReplay),
}

/// Showing a trace.
#[derive(Args)]
pub(crate) struct TraceShow {
    /// The trace
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Show PINs and secret answers, where the trace holds them
    #[arg(long)]
    pub(crate) show_secrets: bool,

    /// Only the conversation with this reader; in a trace of `conformance` with a virtual card each vector's has its name
    #[arg(long, value_name = "NAME")]
    pub(crate) reader: Option<String>,
}

/// Replaying a trace.
#[derive(Args)]
pub(crate) struct TraceReplay {
    /// The trace
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// The virtual card, which starts as issued: specimen:NAME, FILE or FILE#NAME
    #[arg(long, value_name = "CARD", default_value = "specimen:hanako")]
    pub(crate) card: CardSource,

    /// A PIN that is masked in the trace, e.g. sign=ABC123 or jpki/001B=ABC123; where the trace changes it, once more
    /// with the new value
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) pin: Vec<GivenPin>,

    /// Which reader's conversation, where the trace has several
    #[arg(long, value_name = "NAME")]
    pub(crate) reader: Option<String>,
}

/// The help behind the options.
fn replay_help() -> String {
    let names = pins::value_names().join(", ");
    format!(
        "\
Masked bytes of answers are not compared, only their number. Random ones can't be alike:
challenges, PSS signatures and secure messaging are compared by length and status word. A PIN that
was wrong in the trace is sent wrong.

Names of PINs: {names}.

Exit status: 0 when every answer is alike, 1 at the first that is not, 2 when something is
missing.

Examples:
  vmyna apdu --trace t.pcapng 00A4040C0AD392F000260100000001 0020009B06414243313233 00B0810000
  vmyna trace replay t.pcapng --card specimen:hanako --pin sign=ABC123"
    )
}
