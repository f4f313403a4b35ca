//! What can be typed to put cards where PC/SC programs see them: `run`, `serve`, `reader`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};
use vmyna_reader_bridge::vpcd::VpcdAddress;
use zeroize::Zeroizing;

use crate::fault::args::FaultOptions;
use crate::trace::args::TraceOptions;
use vmyna::CardSource;

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
#[command(group = ArgGroup::new("shown").args(["verbose", "trace"]).multiple(true))]
pub(crate) struct Run {
    /// The virtual card: specimen:NAME, FILE or FILE#NAME; repeat it for several, each in a reader of its own [default: specimen:hanako]
    #[arg(long, value_name = "CARD")]
    pub(crate) card: Vec<CardSource>,

    #[command(flatten)]
    pub(crate) readers: Readers,

    #[command(flatten)]
    pub(crate) faults: FaultOptions,

    /// Show every APDU on standard error, PINs and what is read from secret files masked unless --show-secrets
    #[arg(long, short)]
    pub(crate) verbose: bool,

    #[command(flatten)]
    pub(crate) trace: TraceOptions,

    /// Show PINs and secret answers in the trace and with --verbose
    #[arg(long, requires = "shown")]
    pub(crate) show_secrets: bool,

    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

pub(super) const RUN_HELP: &str = "\
The program and those it starts find the readers through PCSCLITE_CSOCK_NAME, which libpcsclite
knows since 1.9.0; programs with another PC/SC library built in don't. A built-in card is as
issued when the program starts; one of a file is as it was left. `vmyna reader` takes the card out
meanwhile and puts it back.

Exit status: that of the program, 128+N when signal N ended it; 127 when there is no such program,
126 when it can't be run; 1 or 2 when vmyna itself failed or was called wrongly. Ctrl-C goes to
the program; SIGTERM is passed on to it.

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

        /// The virtual card: specimen:NAME, FILE or FILE#NAME
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
    Given(Zeroizing<String>),
}

impl FromStr for PinPadSource {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text == "ask" {
            Self::Ask
        } else {
            Self::Given(text.to_owned().into())
        })
    }
}

/// Serving pcscd, or programs without it.
#[derive(Args)]
#[command(group = ArgGroup::new("shown").args(["verbose", "trace"]).multiple(true))]
pub(crate) struct Serve {
    /// The virtual card: specimen:NAME, FILE or FILE#NAME; with --socket repeat it for several, each in a reader of its own
    #[arg(long, value_name = "CARD", default_value = "specimen:hanako")]
    pub(crate) card: Vec<CardSource>,

    /// Instead of pcscd a PC/SC service of vmyna's own on a new socket at PATH, for programs with
    /// PCSCLITE_CSOCK_NAME=PATH in their environment
    #[arg(long, value_name = "PATH", conflicts_with_all = ["vpcd", "insecure_remote", "wait"])]
    pub(crate) socket: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) readers: Readers,

    #[command(flatten)]
    pub(crate) faults: FaultOptions,

    /// Where pcscd's vpcd listens for a card
    #[arg(long, value_name = "HOST:PORT", default_value_t = VpcdAddress::default())]
    pub(crate) vpcd: VpcdAddress,

    /// Allow a host that is not this machine: everything, PINs included, then goes over the network unencrypted
    #[arg(long)]
    pub(crate) insecure_remote: bool,

    /// Give up with exit status 1 when the card is not in the reader after so many seconds; otherwise wait for ever
    #[arg(long, value_name = "SECONDS")]
    pub(crate) wait: Option<u64>,

    /// Show every APDU on standard error, PINs and what is read from secret files masked unless --show-secrets
    #[arg(long, short)]
    pub(crate) verbose: bool,

    #[command(flatten)]
    pub(crate) trace: TraceOptions,

    /// Show PINs and secret answers in the trace and with --verbose
    #[arg(long, requires = "shown")]
    pub(crate) show_secrets: bool,
}

pub(super) const SERVE_HELP: &str = "\
A built-in card keeps its state (tries left, changed PINs) until the command ends, one of a file
for ever. It stays in the reader over restarts of pcscd.

pcscd has a virtual reader once the package vsmartcard-vpcd is installed. Debian starts pcscd with
the first PC/SC program and ends it when none is left: the card is in the reader about a second
later, so that first program should try again. (--wait of OpenSC's tools waits for the next card
to come, for ever if this one is there already.) Without the system's pcscd, `private-pcscd` of
the source tree starts one that needs no root.

Examples:
  vmyna serve &
  until pkcs15-tool --dump; do sleep 1; done
  pkcs11-tool --login --pin 1234 --test

Without pcscd, for a whole shell:
  vmyna serve --socket ~/.vmyna-pcsc &
  export PCSCLITE_CSOCK_NAME=~/.vmyna-pcsc
  pkcs15-tool --dump
  vmyna reader remove";
