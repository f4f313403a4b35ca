//! The arguments of `vmyna idp`.

use std::path::PathBuf;

use clap::Args;
use vmyna::CardSource;

use crate::listen::host_name;
use crate::options::authority::Authority;
use crate::seed::Time;

/// The identity provider.
#[derive(Args)]
pub(crate) struct Idp {
    /// The cards that a person can choose: specimen:NAME, FILE or FILE#NAME; all built-in ones, if none is given
    #[arg(value_name = "CARD")]
    pub(super) cards: Vec<CardSource>,

    /// Where to listen; port 0 takes a free one. localhost means 127.0.0.1 and ::1
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:47920")]
    pub(super) listen: String,

    /// The registered relying parties, TOML; the practice portal at 127.0.0.1:47921, if not given
    #[arg(long, value_name = "FILE")]
    pub(super) clients: Option<PathBuf>,

    /// Keep the provider's private keys in this file, which is made for you alone; new ones at each start, if not given
    #[arg(long, value_name = "FILE")]
    pub(super) keys: Option<PathBuf>,

    /// Sign with a new key after so many seconds. The old one stays in the published set for an hour
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub(super) rotate_after: Option<u64>,

    /// How long a person may take for a log-in, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = vmyna_desk::idp::TIME_LIMIT,
        value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(super) time_limit: u64,

    /// Accept cards of these authorities: their folder, or "specimen" for the built-in ones; repeat it for several
    #[arg(long, value_name = "DIR|specimen", default_value = "specimen")]
    pub(super) ca: Vec<Authority>,

    /// Check the certificates of cards as of this time (UTC); the time of tokens stays that of the machine
    #[arg(long, value_name = "TIME")]
    pub(super) at: Option<Time>,

    /// Serve over TLS with this certificate (those above it may follow) and its private key, PEM. The issuer then begins with
    /// https://
    #[cfg(feature = "openssl")]
    #[arg(long, num_args = 2, value_names = ["CERT", "KEY"])]
    pub(super) tls: Option<Vec<PathBuf>>,

    /// Allow an address that other machines can reach
    #[arg(long)]
    pub(super) insecure_remote: bool,

    /// Answer also when a request names this host; the issuer then has this name
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    pub(super) host: Vec<String>,

    /// Write no line about each request
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// The help after the options.
pub(crate) const HELP: &str = "\
The provider speaks the published protocol of デジタル認証アプリ: authorization code with PKCE S256,
private_key_jwt, state and nonce. Its issuer is http://localhost:47920/api/realms/main, with the
host word and port that a request names. A person chooses a card in the browser, consents, and
types the PIN; a wrong one costs a try of the card. docs/idp.md has the form of the registration
file, what differs from the real service, and what is assumed.

A line of standard error reports what became of each request, without PINs, codes and tokens.

Examples:
  vmyna idp specimen:hanako
  vmyna idp --clients clients.toml town.vmyna#hanako specimen:expired
  vmyna idp --time-limit 5 specimen:hanako       # to see what a time-out looks like";
