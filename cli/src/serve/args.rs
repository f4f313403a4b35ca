//! The arguments of `vmyna serve`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use vmyna::CardSource;
use vmyna_applets::atr::Atr;
use vmyna_reader_bridge::vpcd::VpcdAddress;

use crate::options::applications::Applications;
use crate::options::faults::FaultOptions;
use crate::options::readers::Readers;
use crate::options::trace::TraceOptions;

/// Serving pcscd, or programs without it.
#[derive(Args)]
#[command(group = ArgGroup::new("shown").args(["verbose", "trace"]).multiple(true))]
pub(crate) struct Serve {
    /// The virtual card: specimen:NAME, FILE or FILE#NAME; with --socket repeat it for several, each in a reader of its own
    #[arg(long, value_name = "CARD", default_value = "specimen:hanako")]
    pub(crate) card: Vec<CardSource>,

    /// Instead of pcscd a PC/SC service of vmyna's own on a new socket at PATH, for programs with
    /// PCSCLITE_CSOCK_NAME=PATH in their environment
    #[arg(long, value_name = "PATH", conflicts_with_all = ["vpcd", "vpcd_listen", "insecure_remote", "wait"])]
    pub(crate) socket: Option<PathBuf>,

    /// The ATR that the cards show instead of their own, in hexadecimal digits; it must offer T=1
    #[arg(long, value_name = "HEX")]
    pub(crate) atr: Option<Atr>,

    #[command(flatten)]
    pub(crate) applications: Applications,

    #[command(flatten)]
    pub(crate) readers: Readers,

    #[command(flatten)]
    pub(crate) faults: FaultOptions,

    /// Where pcscd's vpcd listens for a card
    #[arg(long, value_name = "HOST:PORT", default_value_t = VpcdAddress::default())]
    pub(crate) vpcd: VpcdAddress,

    /// Instead of connecting to vpcd, listen for one in reversed mode, as in containers and WSL2. Every local user can
    /// connect and use the card. One connection at a time; a second one is refused
    #[arg(long, value_name = "[HOST:]PORT", value_parser = VpcdAddress::listening, conflicts_with = "vpcd")]
    pub(crate) vpcd_listen: Option<VpcdAddress>,

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

/// The help after the options.
pub(crate) const HELP: &str = "\
A built-in card keeps its state (tries left, changed PINs) until the command ends, one of a file
for ever. It stays in the reader over restarts of pcscd.

pcscd has a virtual reader once the package vsmartcard-vpcd is installed. Debian starts pcscd with
the first PC/SC program and ends it when none is left: the card is in the reader about a second
later, so that first program should try again. (--wait of OpenSC's tools waits for the next card
to come, for ever if this one is there already.) Without the system's pcscd, `private-pcscd` of
the source tree starts one that needs no root.

With --vpcd-listen vmyna listens, and the driver connects: in the file of /etc/reader.conf.d the
host of vmyna stands instead of /dev/null, as in DEVICENAME 127.0.0.1:35963. Start vmyna before
pcscd. Debian's vpcd 3.3 has two slots, the second at the next port, and pcscd ends when one of
them finds no listener or its connection ends: start a second `vmyna serve` for it.

Examples:
  vmyna serve &
  until pkcs15-tool --dump; do sleep 1; done
  pkcs11-tool --login --pin 1234 --test

Without pcscd, for a whole shell:
  vmyna serve --socket ~/.vmyna-pcsc &
  export PCSCLITE_CSOCK_NAME=~/.vmyna-pcsc
  pkcs15-tool --dump
  vmyna reader remove";
