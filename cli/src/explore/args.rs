//! The arguments of `vmyna explore`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use regex::Regex;
use vmyna::CardSource;

use crate::options::language::{self, Language};
use crate::options::reports::Reports;

/// Exploring a program.
#[derive(Args)]
pub(crate) struct Explore {
    /// The virtual card: specimen:NAME, FILE or FILE#NAME; each run has it as it was issued
    #[arg(long, value_name = "CARD", default_value = "specimen:hanako")]
    pub(super) card: CardSource,

    /// A run that takes longer is a hang; the program and all that it has started are ended
    #[arg(long, value_name = "SECONDS", default_value = "10")]
    pub(super) limit: Limit,

    /// Run so many programs at a time [default: one a processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) jobs: Option<u16>,

    /// Draw damaged answers and the card's random numbers from this number
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(super) seed: u64,

    /// Only interruptions whose line matches: NAME@INDEX COMMAND BYTES, e.g. '^remove' or VERIFY
    #[arg(long, value_name = "REGEX")]
    pub(super) only: Option<Regex>,

    /// Begin no further run when there are so many findings
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) max_findings: Option<u32>,

    /// Keep what is known in this file, and go on from it if it is there
    #[arg(long, value_name = "FILE")]
    pub(super) resume: Option<PathBuf>,

    #[command(flatten)]
    pub(super) reports: Reports,

    /// Write what the program has printed and its commands to this folder, for each finding. Foreign output can hold a PIN
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,

    /// The language of the report
    #[arg(long, value_name = "LANG", value_parser = language::parser(), default_value = "en")]
    pub(super) lang: Language,

    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    pub(super) command: Vec<OsString>,
}

/// How long a run may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit(pub(super) Duration);

impl FromStr for Limit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let seconds = text
            .parse()
            .ok()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let allowed = Duration::from_millis(100)..=Duration::from_secs(3600);
        let limit = seconds.filter(|time| allowed.contains(time)).map(Self);
        limit.ok_or("a number of seconds from 0.1 to 3600")
    }
}

/// The help after the options.
pub(crate) const HELP: &str = "\
The program runs twice undisturbed, and then once for each interruption at each command that it
sends to the card, until a run has met none. Each run has a fresh card in a reader of its own, as
with `vmyna run`; the program reads nothing from standard input.

Interruptions: the card is pulled out before the command, after it, or after its answer; the
reader is unplugged; another program resets the card; 6581, 6F00, 6982; no answer; damaged
answers; 61xx, 6Cxx; an answer after a second; the service ends; the transaction is lost; the PIN
is refused.

A finding is a run in which the program
  hangs (--limit), crashes (signal, panic, stack trace), reports success without the signature
  that the undisturbed run was given, uses a try of a PIN without need, prints a PIN, or ends
  within a transaction.
Each finding is run again in its shortest form, and shown with the command that replays it. The
same finding at further commands with the same instruction is listed with the first one.

The report and the file of --resume repeat the program's arguments as they were typed.

Exit status: 0 without findings, 1 with findings, 2 when the program can't be explored, 130 after
Ctrl-C, with the report of what is known.

Examples:
  vmyna explore -- pkcs15-tool --dump
  vmyna explore --only 'VERIFY|SIGNATURE' --html report.html -- ./sign-in
  vmyna explore --resume explored.json -- python3 read.py

docs/explore.md describes everything.";
