//! What can be typed behind `vmyna conformance`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use vmyna::CardSource;
use vmyna_applets::pins;

use crate::options::applications::Applications;
use crate::options::given_pin::GivenPin;
use crate::options::language::{self, Language};
use crate::options::trace::TraceOptions;

fn pin_help() -> String {
    format!(
        "A PIN that may be used: {}; repeat it for several. Other users of the machine see a command line: without this \
         option, the command asks for each PIN on the terminal",
        pins::value_names().join(", ")
    )
}

/// Test vectors for a card.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Conformance {
    #[command(subcommand)]
    pub(super) action: Option<Action>,

    /// Which vectors: a name or the beginning of one (select, access.jpki), or measured, documented, client, assumed.
    /// Without any all
    #[arg(value_name = "SELECTION")]
    pub(super) selection: Vec<String>,

    /// The virtual card: specimen:NAME, FILE or FILE#NAME. It is made anew for each vector
    #[arg(long, value_name = "CARD", default_value = "specimen:hanako", conflicts_with_all = ["reader", "vpcd"])]
    pub(super) card: CardSource,

    #[command(flatten)]
    pub(super) applications: Applications,

    /// The card in a PC/SC reader: its name, a part of it, or #0, #1, … as `vmyna readers` lists them
    #[arg(long, value_name = "NAME", conflicts_with_all = ["vpcd", "ap"])]
    pub(super) reader: Option<String>,

    /// Be vpcd: wait on this TCP port of the loopback for a card that speaks its protocol
    #[arg(long, value_name = "PORT", conflicts_with = "ap")]
    pub(super) vpcd: Option<u16>,

    /// How many seconds to wait for that card
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    pub(super) wait: u64,

    // Its help names the PINs, which are declared elsewhere.
    #[arg(long, value_name = "NAME=VALUE", help = pin_help())]
    pub(super) pin: Vec<GivenPin>,

    /// Allow vectors that present wrong PINs. Each gives the tries back, and none comes to the last try
    #[arg(long)]
    pub(super) allow_wrong_pins: bool,

    /// Allow destructive tests: they write to the card, send the issuer's commands and end by blocking its PINs. Never
    /// use with a real card
    #[arg(long)]
    pub(super) disposable: bool,

    /// List the vectors and what each does to the card, and send nothing
    #[arg(long)]
    pub(super) list: bool,

    /// The language; what the vectors require, names and files stay in English
    #[arg(long, value_name = "LANGUAGE", value_parser = language::parser(), default_value = "en")]
    pub(super) lang: Language,

    /// Write the outcome as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,

    /// Write the outcome as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,

    /// Keep what the card answered, PINs and personal data left out, to compare with `vmyna conformance diff`
    #[arg(long, value_name = "FILE")]
    pub(super) record: Option<PathBuf>,

    #[command(flatten)]
    pub(super) trace: TraceOptions,

    /// Show PINs and secret answers in the trace
    #[arg(long, requires = "trace")]
    pub(super) show_secrets: bool,
}

/// What else there is.
#[derive(Subcommand)]
pub(super) enum Action {
    /// Compare two recordings, or two traces: the answers to the same commands
    Diff {
        /// A recording or a trace
        a: PathBuf,
        /// Another
        b: PathBuf,
    },
}

pub(crate) const HELP: &str = "\
A real card in a real reader is safe: what is sent to it reads, asks for the tries left, verifies
the PINs that you give and signs a text that is marked as a test. Each PIN is tried once first,
with at least two tries left; at a wrong one everything stops. Wrong PINs are never sent without
--allow-wrong-pins; nothing is written without --disposable. A vector that needs what you have not
given is left out and counted.

Exit status: 0 if no vector failed, 1 if one did or the card failed, 2 if something typed makes no
sense. `diff` ends with 1 if there is a difference.

Examples:
  vmyna conformance
  vmyna conformance --card specimen:hanako@contact-old access select
  vmyna conformance --trace t.pcapng && vmyna trace replay t.pcapng --reader select.jpki
  vmyna conformance --reader '#0' --record my-card.json
  vmyna conformance --vpcd 35963 --disposable --pin auth=1234 --junit report.xml
  vmyna conformance diff my-card.json vmyna.json";
