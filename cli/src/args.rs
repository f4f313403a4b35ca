//! What can be typed: commands, options and their help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use vmyna_reader_bridge::vpcd::VpcdAddress;

use crate::apdu::expect::Expectation;
use crate::card::CardSource;
use crate::files::FilePath;

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
    /// Put a virtual card into pcscd's virtual reader (vpcd) until Ctrl-C
    #[command(after_long_help = SERVE_HELP)]
    Serve(Serve),
    /// Issue cards for people from files, for an invented person, or for a whole town
    #[command(after_long_help = crate::issue::HELP)]
    Issue(crate::issue::Issue),
    /// Make certificate authorities of your own to issue cards with
    Ca(crate::ca::Ca),
    /// Show a card as it was issued: holder, numbers, certificates; as text, JSON or pictures
    #[command(after_long_help = SHOW_HELP)]
    Show(Show),
    /// List a card's PINs and the tries left of each
    Pin(Pin),
    /// List a card's files, show what one holds, or write its bytes
    #[command(after_long_help = FILES_HELP)]
    Files(Files),
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

/// Serving pcscd.
#[derive(Args)]
pub(crate) struct Serve {
    /// The virtual card: specimen:NAME
    #[arg(long, value_name = "CARD", default_value = "specimen:hanako")]
    pub(crate) card: CardSource,

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
  pkcs11-tool --login --pin 1234 --test";

/// Showing a card.
#[derive(Args)]
pub(crate) struct Show {
    /// The virtual card: specimen:NAME, FILE or FILE#NAME
    #[arg(value_name = "CARD")]
    pub(crate) card: CardSource,

    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Also draw the card: writes front.png and back.png into this folder, in place of files of these names
    #[arg(long, value_name = "DIR")]
    pub(crate) png: Option<PathBuf>,

    /// The font to draw with, instead of the best Japanese one of the system
    #[arg(long, value_name = "FILE", requires = "png")]
    pub(crate) font: Option<PathBuf>,
}

const SHOW_HELP: &str = "\
The My Number, the residence code and the security code are shown; PINs and keys never are.
The pictures are ID-1 cards (85.60 x 53.98 mm, 1011 x 638 dots, 300 dpi) in a design of vmyna's own, marked 見本 SPECIMEN;
they need a Japanese font (Debian and Ubuntu: fonts-noto-cjk or fonts-ipafont-gothic).

Examples:
  vmyna show specimen:hanako
  vmyna show specimen:hanako --png pictures
  vmyna show specimen:hanako --json | jq .holder.name";

/// Listing PINs.
#[derive(Args)]
pub(crate) struct Pin {
    /// The virtual card: specimen:NAME, FILE or FILE#NAME
    #[arg(value_name = "CARD")]
    pub(crate) card: CardSource,

    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Listing and showing files.
#[derive(Args)]
pub(crate) struct Files {
    /// The virtual card: specimen:NAME, FILE or FILE#NAME
    #[arg(value_name = "CARD")]
    pub(crate) card: CardSource,

    /// An application, by its name, Japanese title or AID, to list; with a file (four hexadecimal digits, or its name) or
    /// a GET DATA object (four hexadecimal digits) to show what that holds
    #[arg(value_name = "AP[/EF]")]
    pub(crate) path: Option<FilePath>,

    /// Write the file's bytes to standard output, which must not be a terminal; records one after the other
    #[arg(long, requires = "path", conflicts_with = "why")]
    pub(crate) raw: bool,

    /// Say where each file is known from
    #[arg(long)]
    pub(crate) why: bool,
}

const FILES_HELP: &str = "\
Contents are shown whatever the card's access conditions say: this is your card, and you ask for its data. Values of PINs
and private keys never are.

Examples:
  vmyna files specimen:hanako
  vmyna files specimen:hanako jpki --why
  vmyna files specimen:hanako input_assist/0002
  vmyna files specimen:hanako card_manager/7F21
  vmyna files specimen:hanako 'jpki/auth certificate' --raw | openssl x509 -inform DER -text";
