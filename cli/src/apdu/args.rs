//! The arguments of `vmyna apdu`.

use clap::Args;
use vmyna::CardSource;

use super::expect::Expectation;
use crate::options::applications::Applications;
use crate::options::faults::FaultOptions;
use crate::options::language::{self, Language};
use crate::options::trace::TraceOptions;

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

    #[command(flatten)]
    pub(crate) applications: Applications,

    /// A PC/SC reader instead of a virtual card: its name, a part of it, or #0, #1, … as `vmyna readers` lists them.
    /// Beware: wrong PINs block a real card, and what a PIN has opened stays open until .power-cycle
    #[arg(long, value_name = "NAME", conflicts_with_all = ["fault", "latency", "ap"])]
    pub(crate) reader: Option<String>,

    #[command(flatten)]
    pub(crate) faults: FaultOptions,

    /// Print one line of response hex per APDU and nothing else
    #[arg(long, conflicts_with = "why")]
    pub(crate) plain: bool,

    /// Do what a driver of T=0 does: fetch the data that 61xx announces with GET RESPONSE, and repeat a command that is
    /// answered 6Cxx with that Le, at most 1024 times for an APDU. Each is printed and is in the trace; --plain and --expect
    /// take the whole answer
    #[arg(long)]
    pub(crate) auto_response: bool,

    /// Explain each field of an APDU, and the rules and access conditions that decided (virtual card only)
    #[arg(long, conflicts_with = "reader")]
    pub(crate) why: bool,

    /// The language of --why
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

/// The help after the options.
pub(crate) const HELP: &str = "\
Directives, between APDUs:
  .reset        warm reset
  .power-cycle  power off and on (cold reset)
  .remove       take the card out (virtual card only)
  .insert       put it back in (virtual card only)
On standard input, empty lines and lines that start with # are skipped.

Exit status: 0 if every APDU was answered (and as expected), 1 if one was not, 2 if something
typed makes no sense; if that was on the command line, nothing is sent. The prompt ends with 0.

Examples:
  Select the JPKI application, select its authentication PIN, ask for the tries left:
    vmyna apdu 00A4040C0AD392F000260100000001 00A4020C020018 00200080
  Read the authentication certificate with one extended READ BINARY by short EF identifier:
    vmyna apdu --plain 00A4040C0AD392F000260100000001 00B08A00000000
  Read from a card that gives its data in two steps, as with T=0:
    vmyna apdu --auto-response --fault sw=61xx,ins=B0 00A4040C0AD392F000260100000001 00B08A0010
  See why the signature certificate can't be read before its password:
    vmyna apdu --why 00A4040C0AD392F000260100000001 00B0810000";
