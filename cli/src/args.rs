//! What can be typed: commands, options and their help.

mod given_pin;
mod look;
mod readers;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

pub(crate) use given_pin::GivenPin;
pub(crate) use look::{Files, Pin, Show};
pub(crate) use readers::*;

use crate::apdu::expect::Expectation;
use crate::explain::language::{self, Language};
use crate::fault::args::{FaultOptions, help};
use crate::trace::args::{TraceArguments, TraceOptions};
use vmyna::CardSource;

/// A virtual My Number Card (個人番号カード) for tests.
///
/// It behaves like the chip of the card: programs see it in a PC/SC reader, people drive it with APDUs. Its people are
/// fictional, its certificates are no one's, and it protects nothing: it is a test tool.
#[derive(Parser)]
#[command(name = "vmyna", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Take a guided tour: select, read, be refused, verify, sign; every APDU shown and explained
    Demo(Demo),
    /// Send APDUs to a virtual card, or to a card in a PC/SC reader
    #[command(after_long_help = help(APDU_HELP))]
    Apdu(Apdu),
    /// Explain APDUs: what each field asks for, what the card answers, and which rule decided
    #[command(after_long_help = crate::explain::HELP)]
    Explain(crate::explain::Explain),
    /// Run a PC/SC program with a virtual card in a reader that only it sees: no pcscd, no root
    #[command(after_long_help = help(readers::RUN_HELP))]
    Run(Run),
    /// Put a virtual card into pcscd's virtual reader (vpcd) or into a reader of its own until Ctrl-C
    #[command(after_long_help = help(readers::SERVE_HELP))]
    Serve(Serve),
    /// Issue cards for people from files, for an invented person, or for a whole town
    #[command(after_long_help = crate::issue::HELP)]
    Issue(crate::issue::Issue),
    /// Make certificate authorities of your own to issue cards with
    Ca(crate::ca::Ca),
    /// Look at what using an issued card has changed, or go back to the card as issued
    #[command(after_long_help = crate::card_state::HELP)]
    Card(crate::card_state::CardState),
    /// Show a card as it was issued: holder, numbers, certificates; as text, JSON or pictures
    #[command(after_long_help = look::SHOW_HELP)]
    Show(Show),
    /// List a card's PINs and the tries left of each
    Pin(Pin),
    /// List a card's files, show what one holds, or write its bytes
    #[command(after_long_help = look::FILES_HELP)]
    Files(Files),
    /// Put cards into the readers of `vmyna run` and `vmyna serve --socket`, and take them out, while programs run
    Reader(Reader),
    /// List the PC/SC readers and what is in them
    Readers,
    /// Find what is wrong with the machine's PC/SC set-up, and the command that mends it
    #[command(after_long_help = crate::doctor::HELP)]
    Doctor(crate::doctor::Doctor),
    /// Show a trace that --trace has written, or replay it against a card
    Trace(TraceArguments),
    /// Put test vectors to a card: to a virtual one, one in any reader, or whatever speaks vpcd's protocol
    #[command(after_long_help = crate::conformance::HELP)]
    Conformance(Box<crate::conformance::Conformance>),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write manual pages, one a command
    Man(crate::man::Man),
}

/// The guided tour.
#[derive(Args)]
pub(crate) struct Demo {
    /// The virtual card: specimen:NAME, FILE or FILE#NAME. It is as issued, and what happens to it is forgotten
    #[arg(long, value_name = "CARD", default_value = "specimen:hanako")]
    pub(crate) card: CardSource,

    #[command(flatten)]
    pub(crate) trace: TraceOptions,

    /// Show PINs and secret answers in the trace
    #[arg(long, requires = "trace")]
    pub(crate) show_secrets: bool,
}

/// Sending APDUs.
#[derive(Args)]
pub(crate) struct Apdu {
    /// The virtual card: specimen:NAME, FILE or FILE#NAME. A built-in one starts as issued, an issued one as it was left
    #[arg(
        long,
        value_name = "CARD",
        default_value = "specimen:hanako",
        conflicts_with = "reader"
    )]
    pub(crate) card: CardSource,

    /// A PC/SC reader instead of a virtual card: its name, a part of it, or #0, #1, … as `vmyna readers` lists them.
    /// Beware: wrong PINs block a real card, and what a PIN has opened stays open until .power-cycle
    #[arg(long, value_name = "NAME", conflicts_with_all = ["fault", "latency"])]
    pub(crate) reader: Option<String>,

    #[command(flatten)]
    pub(crate) faults: FaultOptions,

    /// Print one line of response hex per APDU and nothing else
    #[arg(long, conflicts_with = "why")]
    pub(crate) plain: bool,

    /// Say what each field of an APDU asks for, and which rules and access conditions decided (virtual card only)
    #[arg(long, conflicts_with = "reader")]
    pub(crate) why: bool,

    /// The language in which --why tells it
    #[arg(long, value_name = "LANGUAGE", value_parser = language::parser(), default_value = "en", requires = "why")]
    pub(crate) lang: Language,

    /// Show PINs in what is printed and, with secret answers, in the trace; otherwise every byte of one is shown as **
    #[arg(long)]
    pub(crate) show_secrets: bool,

    #[command(flatten)]
    pub(crate) trace: TraceOptions,

    /// The status word expected, e.g. 9000 or 63CX (X: any digit): one for all APDUs, or a list like 9000,9000,63C3
    /// with one for each. The first other answer ends the run with exit status 1
    #[arg(long, value_name = "SW[,SW...]")]
    pub(crate) expect: Option<Expectation>,

    /// APDUs in hexadecimal, spaces and colons between bytes allowed, and directives. Without any they are read from
    /// standard input, a line each; on a terminal there is a prompt
    #[arg(value_name = "HEX|DIRECTIVE")]
    pub(crate) steps: Vec<String>,
}

const APDU_HELP: &str = "\
Directives, between APDUs:
  .reset        warm reset
  .power-cycle  power off and on (cold reset)
  .remove       take the card out (virtual card only)
  .insert       put it back in (virtual card only)
On standard input, empty lines and lines that start with # are skipped.

Exit status: 0 when every APDU was answered (and as expected), 1 when one was not, 2 when
something typed makes no sense; nothing is sent then if it was on the command line. The prompt
ends with 0.

Examples:
  Select the JPKI application, select its authentication PIN, ask for the tries left:
    vmyna apdu 00A4040C0AD392F000260100000001 00A4020C020018 00200080
  Read the authentication certificate with one extended READ BINARY by short EF identifier:
    vmyna apdu --plain 00A4040C0AD392F000260100000001 00B08A00000000
  See why the signature certificate can't be read before its password:
    vmyna apdu --why 00A4040C0AD392F000260100000001 00B0810000";
