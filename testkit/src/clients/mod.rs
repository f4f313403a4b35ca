//! Which programs of other projects work with the card, over which way to it: the list behind `docs/clients.md`.
//!
//! Here is what is claimed, not that it is so: a claim stands on the page only for the ways on which a test calls
//! [`proves`] with its key. A test of this package writes the page and refuses a claim that no test makes; at the end of
//! `make test` another sees that each of those tests has run and passed. Nothing here may depend on the machine, such as
//! the version of a program that happens to be installed: the page is the same everywhere.

mod list;

pub use list::CLIENTS;

use std::path::Path;
use std::{env, fmt, fs, thread};

/// By what a program meets the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// vmyna's own PC/SC service: `vmyna run` and `vmyna serve --socket`.
    Service,
    /// pcscd with its driver vpcd, and `vmyna serve`.
    Vpcd,
    /// A reader inside the program, for libraries that take commands one by one.
    Software,
    /// Not the card but its authorities: `vmyna ca serve` and revocation lists.
    Services,
    /// A relying party of the identity provider: `vmyna idp`.
    Provider,
    /// The mdoc of the phone: presentations of it, or mdocs of the client's own before vmyna's verifier.
    Mdoc,
}

impl Way {
    /// All of them, in the page's order.
    pub const ALL: [Way; 6] = [
        Way::Service,
        Way::Vpcd,
        Way::Software,
        Way::Services,
        Way::Provider,
        Way::Mdoc,
    ];
}

impl fmt::Display for Way {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Way::Service => "own PC/SC service",
            Way::Vpcd => "pcscd + vpcd",
            Way::Software => "software reader",
            Way::Services => "certificate services",
            Way::Provider => "identity provider",
            Way::Mdoc => "mdoc",
        })
    }
}

/// A program of another project, as that project or a distribution publishes it.
#[derive(Debug)]
pub struct Client {
    /// Its name and, where that is not the name, the commands that are used.
    pub name: &'static str,
    /// The package and the versions with which the tests were seen to pass.
    pub versions: &'static str,
    /// The version, and the file that fixes it, if the tests fix the client's version.
    pub pinned: Option<(&'static str, &'static str)>,
    /// What it does with the card.
    pub claims: &'static [Claim],
}

/// One thing that a client does with the card, or can't do.
#[derive(Debug)]
pub struct Claim {
    /// The name by which tests prove it.
    pub key: &'static str,
    /// Markdown, without a final stop.
    pub says: &'static str,
    /// Whether it says what works, rather than where that ends and why.
    pub works: bool,
}

/// Names the directory in which each passed test that proves something leaves a file, for the check at the end of
/// `make test`.
pub const PROVED: &str = "VMYNA_CLIENTS_PROVED";

/// Records that the test proves the claim of this key on this way, if it ends without a failure.
///
/// A test holds it from its first line on, as `let _proof = proves("key", Way::Service);`, one call a line: the page is
/// made by reading these lines.
///
/// # Panics
/// When no claim has that key.
#[must_use = "it counts when it is dropped at the end of the test"]
#[expect(clippy::panic, reason = "only tests call this; a panic is how they fail")]
pub fn proves(key: &'static str, way: Way) -> Proof {
    if CLIENTS
        .iter()
        .flat_map(|client| client.claims)
        .all(|claim| claim.key != key)
    {
        panic!("no claim in testkit/src/clients/list.rs has the key `{key}`");
    }
    Proof { key, way }
}

/// What [`proves`] gives.
#[derive(Debug)]
pub struct Proof {
    key: &'static str,
    way: Way,
}

impl Proof {
    /// The name of the file that a passed test leaves.
    #[must_use]
    pub fn file_name(key: &str, way: Way) -> String {
        format!("{key}, {way}").replace('/', "-")
    }
}

impl Drop for Proof {
    fn drop(&mut self) {
        if let Some(directory) = env::var_os(PROVED).filter(|_| !thread::panicking()) {
            // What is not written is found missing at the end.
            let _ = fs::write(Path::new(&directory).join(Proof::file_name(self.key, self.way)), "");
        }
    }
}
