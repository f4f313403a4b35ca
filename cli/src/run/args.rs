//! The arguments of `vmyna run`.

use std::ffi::OsString;

use clap::{ArgGroup, Args};
use vmyna::CardSource;
use vmyna_applets::atr::Atr;
use vmyna_reader_bridge::vpcd::VpcdAddress;

use crate::options::applications::Applications;
use crate::options::faults::FaultOptions;
use crate::options::readers::Readers;
use crate::options::trace::TraceOptions;

/// Running a program.
#[derive(Args)]
#[command(group = ArgGroup::new("shown").args(["verbose", "trace"]).multiple(true))]
pub(crate) struct Run {
    /// The virtual card: specimen:NAME, FILE or FILE#NAME; repeat it for several, each in a reader of its own
    /// [default: specimen:hanako, or none with --vpcd-card]
    #[arg(long, value_name = "CARD")]
    pub(crate) card: Vec<CardSource>,

    /// Put the card of another program into a reader: whatever speaks vpcd's protocol (vicc, jCardSim, a relay of a real card)
    /// connects to PORT of this machine. Every local user can connect. One card at a time; a second one is refused
    #[arg(long, value_name = "[HOST:]PORT", value_parser = VpcdAddress::listening)]
    pub(crate) vpcd_card: Option<VpcdAddress>,

    /// Wait so many seconds for the card of --vpcd-card before the program starts, and give up with exit status 1; 0 starts
    /// it at once
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "vpcd_card")]
    pub(crate) wait: u64,

    /// Let --vpcd-card listen at an address that other machines reach: PINs then go over the network unencrypted
    #[arg(long, requires = "vpcd_card")]
    pub(crate) insecure_remote: bool,

    /// The ATR that the cards show instead of their own, in hexadecimal digits; it must offer T=1
    #[arg(long, value_name = "HEX", conflicts_with = "vpcd_card")]
    pub(crate) atr: Option<Atr>,

    #[command(flatten)]
    pub(crate) applications: Applications,

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

/// The help after the options.
pub(crate) const HELP: &str = "\
The program and those it starts find the readers through PCSCLITE_CSOCK_NAME, which libpcsclite
knows since 1.6.5; programs with another PC/SC library built in don't. Spoken are the versions 4:3
(before 1.8.24), 4:4 (since 1.8.24), 4:5 and 4:6 of its protocol. A built-in card is as
issued when the program starts; one of a file is as it was left. `vmyna reader` takes the card out
meanwhile and puts it back.

Exit status: that of the program, 128+N when signal N ended it; 127 when there is no such program,
126 when it can't be run; 1 or 2 when vmyna itself failed or was called wrongly. Ctrl-C goes to
the program; SIGTERM is passed on to it.

With --vpcd-card the card is in the reader as long as its program is connected. When it goes the
card is removed, when it comes back inserted: within half a second. A message has at most 65,535
bytes. A card answers within 30 seconds, or 5 with its ATR; otherwise it counts as gone.

Examples:
  vmyna run -- pkcs15-tool --dump
  vmyna run -- pkcs11-tool --login --pin 1234 --test
  vmyna run --card specimen:hanako --reader-name Desk --reader-name Door -- pcsc_scan -r
  vmyna run --vpcd-card 35963 -- pcsc_scan    # and then in another terminal: vicc
  vmyna run -- sh -c 'opensc-tool -n; vmyna reader remove; opensc-tool -n'";
