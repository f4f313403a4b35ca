//! What can be typed: commands, options and their help.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use vmyna_reader_bridge::vpcd::VpcdAddress;

use crate::apdu::expect::Expectation;
use crate::card::CardSource;

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
    #[command(after_long_help = APDU_HELP)]
    Apdu(Apdu),
    /// Run a PC/SC program with a virtual card in a reader that only it sees: no pcscd, no root
    #[command(after_long_help = RUN_HELP)]
    Run(Run),
    /// Put a virtual card into pcscd's virtual reader (vpcd) or into a reader of its own until Ctrl-C
    #[command(after_long_help = SERVE_HELP)]
    Serve(Serve),
    /// Put cards into the readers of `vmyna run` and `vmyna serve --socket`, and take them out, while programs run
    Reader(Reader),
    /// List the PC/SC readers and what is in them
    Readers,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// The guided tour.
#[derive(Args)]
pub(crate) struct Demo {
    /// The virtual card: specimen:NAME
    #[arg(long, value_name = "CARD", default_value = "specimen:hanako")]
    pub(crate) card: CardSource,
}

/// Sending APDUs.
#[derive(Args)]
pub(crate) struct Apdu {
    /// The virtual card: specimen:NAME. It starts as issued, without power before
    #[arg(
        long,
        value_name = "CARD",
        default_value = "specimen:hanako",
        conflicts_with = "reader"
    )]
    pub(crate) card: CardSource,

    /// A PC/SC reader instead of a virtual card: its name, a part of it, or #0, #1, … as `vmyna readers` lists them.
    /// Beware: wrong PINs block a real card, and what a PIN has opened stays open until .power-cycle
    #[arg(long, value_name = "NAME")]
    pub(crate) reader: Option<String>,

    /// Print one line of response hex per APDU and nothing else
    #[arg(long, conflicts_with = "why")]
    pub(crate) plain: bool,

    /// Say after each APDU which rules and access conditions decided (virtual card only)
    #[arg(long, conflicts_with = "reader")]
    pub(crate) why: bool,

    /// Show PINs in what is printed; otherwise every byte of one is shown as **
    #[arg(long)]
    pub(crate) show_secrets: bool,

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

Exit status: 0 when every APDU was answered (and as expected), 1 when one was not, 2 when something
typed makes no sense; nothing is sent then if it was on the command line. The prompt ends with 0.

Examples:
  Select the JPKI application, select its authentication PIN, ask for the tries left:
    vmyna apdu 00A4040C0AD392F000260100000001 00A4020C020018 00200080
  Read the authentication certificate with one extended READ BINARY by short EF identifier:
    vmyna apdu --plain 00A4040C0AD392F000260100000001 00B08A00000000
  See why the signature certificate can't be read before its password:
    vmyna apdu --why 00A4040C0AD392F000260100000001 00B0810000";

/// Readers of vmyna's own PC/SC service.
#[derive(Args)]
pub(crate) struct Readers {
    /// A reader's name; repeat it for several. There are as many readers as cards or names, at most 16: a reader without
    /// a card is empty, one without a name is called "vmyna 00 00", "vmyna 01 00", …
    #[arg(long, value_name = "NAME")]
    pub(crate) reader_name: Vec<String>,

    /// Power a card off when no program has used it for so many seconds, or "never"
    #[arg(long, value_name = "SECONDS", default_value = "5")]
    pub(crate) power_off: PowerOff,

    /// Readers with a PIN pad (VERIFY_PIN_DIRECT): the PIN that is typed on it, or "ask" to be asked on the terminal
    #[arg(long, value_name = "PIN|ask")]
    pub(crate) pin_pad: Option<PinPadSource>,
}

/// Running a program.
#[derive(Args)]
pub(crate) struct Run {
    /// The virtual card: specimen:NAME; repeat it for several, each in a reader of its own [default: specimen:hanako]
    #[arg(long, value_name = "CARD")]
    pub(crate) card: Vec<CardSource>,

    #[command(flatten)]
    pub(crate) readers: Readers,

    /// Show every APDU on standard error, PINs masked
    #[arg(long, short)]
    pub(crate) verbose: bool,

    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

const RUN_HELP: &str = "\
The program and those it starts find the readers through PCSCLITE_CSOCK_NAME, which libpcsclite knows since
1.9.0; programs with another PC/SC library built in don't. The card is as issued when the program starts and
is gone when it ends. `vmyna reader` takes the card out meanwhile and puts it back.

Exit status: that of the program, 128+N when signal N ended it; 127 when there is no such program, 126 when
it can't be run; 1 or 2 when vmyna itself failed or was called wrongly. Ctrl-C goes to the program; SIGTERM
is passed on to it.

Examples:
  vmyna run -- pkcs15-tool --dump
  vmyna run -- pkcs11-tool --login --pin 1234 --test
  vmyna run --card specimen:hanako --reader-name Desk --reader-name Door -- pcsc_scan -r
  vmyna run -- sh -c 'opensc-tool -n; vmyna reader remove; opensc-tool -n'";

/// Putting cards in and out.
#[derive(Args)]
pub(crate) struct Reader {
    #[command(subcommand)]
    pub(crate) action: ReaderAction,
}

/// What to do at which readers.
#[derive(Subcommand)]
pub(crate) enum ReaderAction {
    /// List the readers and what is in them
    List {
        #[command(flatten)]
        service: Service,
    },
    /// Take the card out, at once, whatever it is doing
    Remove {
        #[command(flatten)]
        which: WhichReader,
    },
    /// Put a card in, in place of the one that is there; without CARD the one that was taken out, in the state it was left
    Insert {
        #[command(flatten)]
        which: WhichReader,

        /// The virtual card: specimen:NAME
        #[arg(value_name = "CARD")]
        card: Option<CardSource>,
    },
}

/// Which service.
#[derive(Args)]
pub(crate) struct Service {
    /// The PC/SC socket of the `vmyna run` or `vmyna serve --socket` that is meant [default: PCSCLITE_CSOCK_NAME, or the
    /// only one that runs]
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
}

/// Which reader.
#[derive(Args)]
pub(crate) struct WhichReader {
    #[command(flatten)]
    pub(crate) service: Service,

    /// The reader: its name, a part that only it has, or #0, #1, … as `vmyna reader list` shows them [default: the only
    /// one]
    #[arg(long, value_name = "NAME")]
    pub(crate) reader: Option<String>,
}

/// When to power a card off that nobody uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PowerOff(pub(crate) Option<Duration>);

impl FromStr for PowerOff {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "never" {
            return Ok(Self(None));
        }
        let seconds = text
            .parse()
            .ok()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        // A time far beyond any run would overflow the clock.
        let seconds = seconds.filter(|time| *time <= Duration::from_secs(1_000_000));
        seconds
            .map(|time| Self(Some(time)))
            .ok_or_else(|| "a number of seconds, e.g. 0.5, or \"never\"".to_owned())
    }
}

/// Where the PIN of a PIN pad comes from.
#[derive(Clone)]
pub(crate) enum PinPadSource {
    Ask,
    Given(String),
}

impl FromStr for PinPadSource {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text == "ask" {
            Self::Ask
        } else {
            Self::Given(text.to_owned())
        })
    }
}

/// Serving pcscd, or programs without it.
#[derive(Args)]
pub(crate) struct Serve {
    /// The virtual card: specimen:NAME; with --socket repeat it for several, each in a reader of its own
    #[arg(long, value_name = "CARD", default_value = "specimen:hanako")]
    pub(crate) card: Vec<CardSource>,

    /// Instead of pcscd a PC/SC service of vmyna's own on a new socket at PATH, for programs with
    /// PCSCLITE_CSOCK_NAME=PATH in their environment
    #[arg(long, value_name = "PATH", conflicts_with_all = ["vpcd", "insecure_remote", "wait"])]
    pub(crate) socket: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) readers: Readers,

    /// Where pcscd's vpcd listens for a card
    #[arg(long, value_name = "HOST:PORT", default_value_t = VpcdAddress::default())]
    pub(crate) vpcd: VpcdAddress,

    /// Allow a host that is not this machine: everything, PINs included, then goes over the network unencrypted
    #[arg(long)]
    pub(crate) insecure_remote: bool,

    /// Give up with exit status 1 when the card is not in the reader after so many seconds; otherwise wait for ever
    #[arg(long, value_name = "SECONDS")]
    pub(crate) wait: Option<u64>,

    /// Show every APDU, PINs masked
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

const SERVE_HELP: &str = "\
The card keeps its state (tries left, changed PINs) until the command ends; then it is as issued again.
It stays in the reader over restarts of pcscd.

pcscd has a virtual reader once the package vsmartcard-vpcd is installed. Debian starts pcscd with the first
PC/SC program and ends it when none is left: the card is in the reader about a second later, so that first
program should wait for it (-w in OpenSC's tools) or try again. Without the system's pcscd,
`private-pcscd` of the source tree starts one that needs no root.

Examples:
  vmyna serve &
  pkcs15-tool --wait --dump
  pkcs11-tool --login --pin 1234 --test

Without pcscd, for a whole shell:
  vmyna serve --socket ~/.vmyna-pcsc &
  export PCSCLITE_CSOCK_NAME=~/.vmyna-pcsc
  pkcs15-tool --dump
  vmyna reader remove";
