//! The arguments of `vmyna native-host`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use vmyna::CardSource;
use vmyna_desk::native_host::Browser;

/// The program behind the browser extension.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct NativeHost {
    #[command(subcommand)]
    pub(super) action: Option<Action>,

    /// The settings that `install` has written
    #[arg(long, value_name = "FILE")]
    pub(super) settings: Option<PathBuf>,

    /// How the browser names the extension that calls
    #[arg(value_name = "CALLER")]
    pub(super) caller: Vec<String>,
}

#[derive(Subcommand)]
pub(super) enum Action {
    /// Install the host and the extension's files for a browser of this user
    Install(Box<Install>),
    /// Remove what `install` has written
    Uninstall {
        #[command(flatten)]
        place: Place,
    },
}

/// An installation.
#[derive(Args)]
pub(super) struct Install {
    #[command(flatten)]
    pub(super) place: Place,

    /// The card that answers: specimen:NAME, FILE or FILE#NAME
    #[arg(
        long,
        value_name = "CARD",
        required_unless_present = "reader",
        conflicts_with = "reader"
    )]
    pub(super) card: Option<CardSource>,

    /// The card in this PC/SC reader answers instead: its name, a part of it, or #0
    #[arg(long, value_name = "NAME")]
    pub(super) reader: Option<String>,
}

/// Where a host is installed.
#[derive(Args)]
pub(super) struct Place {
    /// The browser: chromium, chrome or firefox
    #[arg(long, value_name = "BROWSER")]
    pub(super) browser: Browser,

    /// For a browser that is started with this --user-data-dir, such as that of a test
    #[arg(long, value_name = "DIR")]
    pub(super) user_data_dir: Option<PathBuf>,
}

/// The help after the options.
pub(crate) const HELP: &str = "\
Web sites that log in with the card's reader talk to an extension of the browser, and it to this
program. `install` writes the manifest by which the browser finds the program, and a folder with
the extension; the browser starts the program itself. A card keeps its tries and its state. While
another program has it in use, the page gets a failure. --reader takes the card in a reader, as
of `vmyna run` and `vmyna desk`: start the browser with their PCSCLITE_CSOCK_NAME.

The extension is active only on origins that you enter in its settings, and never on go.jp.

Example:
  vmyna native-host install --browser chromium --card specimen:hanako";
