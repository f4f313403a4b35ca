//! The arguments of `vmyna trace`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use vmyna::CardSource;
use vmyna_applets::pins;
use vmyna_reader_bridge::trace::import::Format;

use crate::options::applications::Applications;
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
    /// Make a trace of the log of another program
    #[command(after_long_help = IMPORT_HELP)]
    Import(TraceImport),
}

/// Importing a log.
#[derive(Args)]
pub(crate) struct TraceImport {
    /// The log
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// What wrote the log; without it, its content decides
    #[arg(long, value_name = "FORMAT", value_parser = log_format())]
    pub(crate) from: Option<Format>,

    /// The trace: a new file in pcapng, or a line a message if its name ends in .txt
    #[arg(short, long, value_name = "TRACE")]
    pub(crate) output: PathBuf,

    /// Keep PINs and what was read from files; otherwise they are masked at their length
    #[arg(long)]
    pub(crate) show_secrets: bool,
}

fn log_format() -> impl TypedValueParser<Value = Format> {
    let names = PossibleValuesParser::new(Format::ALL.map(Format::name));
    names.try_map(|name| {
        let format = Format::ALL.into_iter().find(|format| format.name() == name);
        format.ok_or("no such format")
    })
}

const IMPORT_HELP: &str = "\
Formats:
  pcscd     pcscd --foreground --apdu, in colours too, or its lines in the journal; with --debug
            also resets, and which program uses which reader
  opensc    OPENSC_DEBUG=9
  gp        GlobalPlatformPro and apdu4j with -d
  pyscard   ConsoleCardConnectionObserver
  scriptor  scriptor of pcsc-tools
  vicc      vicc -vvv
  pcap      pcap or pcapng with GSMTAP of SIM cards, or with a trace of vmyna
  lines     > 00A4… and < 9000, a line each; # begins a comment

Lines of other kinds are skipped as the format demands. A line that claims to be a message and is
none is an error with its number, and no trace is made. At most 64 MiB, 1 MiB a line, 400,000
messages. Where a log has no date, the trace begins in 1970.

Examples:
  OPENSC_DEBUG=9 pkcs11-tool -O 2>opensc.log; vmyna trace import opensc.log -o t.pcapng
  vmyna trace import --from scriptor session.txt -o t.txt && vmyna trace replay t.txt";

/// Showing a trace.
#[derive(Args)]
pub(crate) struct TraceShow {
    /// The trace
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Show PINs and secret answers, where the trace holds them
    #[arg(long)]
    pub(crate) show_secrets: bool,

    /// The card whose names of applications and files are shown: specimen:NAME, FILE or FILE#NAME
    #[arg(long, value_name = "CARD", default_value = "specimen:hanako")]
    pub(crate) card: CardSource,

    #[command(flatten)]
    pub(crate) applications: Applications,

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

    #[command(flatten)]
    pub(crate) applications: Applications,

    /// A PIN that is masked in the trace, e.g. sign=ABC123 or jpki/001B=ABC123, or
    /// employee/pin=1234 of an application in the free area; where the trace changes it, once more
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
