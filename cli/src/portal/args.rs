//! The arguments of `vmyna portal`.

use std::path::PathBuf;

use clap::Args;

use crate::listen::host_name;
use crate::options::authority::Authority;

/// The portal to practise with.
#[derive(Args)]
pub(crate) struct Portal {
    /// Where to listen; port 0 takes a free one. Listen on 127.0.0.1 and let the provider listen on localhost: browsers keep
    /// the cookies of these two apart, and those of two ports not
    #[arg(long, value_name = "HOST:PORT", default_value = vmyna_desk::portal::ADDRESS)]
    pub(super) listen: String,

    /// The issuer of the identity provider, compared as text; it must be on this machine
    #[arg(long, value_name = "URL", default_value = "http://localhost:47920/api/realms/main")]
    pub(super) issuer: String,

    /// The folder for the portal's key and for the secret of its linkage codes; vmyna/portal in the folder for the state of
    /// programs ($XDG_STATE_HOME, ~/.local/state), if not given
    #[arg(long, value_name = "DIR")]
    pub(super) state: Option<PathBuf>,

    /// Accept applications signed with cards of these authorities: their folder, or "specimen" for the built-in ones; repeat
    /// it for several
    #[arg(long, value_name = "DIR|specimen", default_value = "specimen")]
    pub(super) ca: Vec<Authority>,

    /// Allow an address that other machines can reach
    #[arg(long)]
    pub(super) insecure_remote: bool,

    /// Answer when a request names this host; the first one becomes the portal's address
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    pub(super) host: Vec<String>,
}

/// The help after the options.
pub(crate) const HELP: &str = "\
The portal is a relying party: people log in with a card at the identity provider. It writes its
registration, clients.toml, into its folder at each start. `vmyna idp` knows the portal at its
usual address; with another address, give it that file.

It shows which bodies asked for data about a person (with linkage codes in place of the My
Number), the person's data, notices, and an application that is signed with the card and checked
like `vmyna verify` does. All people, bodies and data are invented.

Example, in two terminals; then open http://127.0.0.1:47921/ in a browser:
  vmyna portal
  vmyna idp specimen:hanako";
