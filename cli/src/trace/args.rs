//! What can be typed about traces.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use vmyna_applets::pins;

use crate::args::GivenPin;
use vmyna::CardSource;

/// Writing a trace.
#[derive(Args, Clone)]
pub(crate) struct TraceOptions {
    /// Write everything that is said to the card and by it into this new file, which Wireshark opens; a line a message if
    /// its name ends in .txt. PINs and what is read from secret files are masked at their length unless --show-secrets
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,

    /// The form of the trace, whatever its name
    #[arg(long, value_name = "FORMAT", requires = "trace")]
    pub(crate) trace_format: Option<TraceFormat>,
}

/// The forms of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TraceFormat {
    /// For Wireshark and tshark
    Pcapng,
    /// A line a message, for people
    Text,
}

impl TraceFormat {
    /// What a file's name says.
    pub(super) fn of(path: &Path) -> Self {
        if super::is_text(path) { Self::Text } else { Self::Pcapng }
    }
}

/// Traces.
#[derive(Args)]
pub(crate) struct TraceArguments {
    #[command(subcommand)]
    pub(crate) command: TraceCommand,
}

/// What to do with a trace.
#[derive(Subcommand)]
pub(crate) enum TraceCommand {
    /// Show a trace: each message decoded, with its number
    Show(TraceShow),
    /// Say to a card what the trace says, and report the first answer that is another
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
