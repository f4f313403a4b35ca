//! The authority's server: OCSP, revocation lists and certificates over HTTP.
//!
//! It is for this machine and for tests: no TLS, no access control. Every request is answered from what stands in one table
//! of paths ([`PATHS`]); no file is served by its name. What a client can take of the process is limited ([`Limits`]).

mod answers;
mod connections;
mod status;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use der::DateTime;
use vmyna_issuance::IssuanceError;
use vmyna_issuance::mdoc::MdocAuthority;
use vmyna_issuance::x509::Authority;

use crate::register::{Register, RegisterError, whole_seconds};

pub use answers::PATHS;

/// How often the real service renews what its responders answer from.
pub const REFRESH: Duration = Duration::from_secs(15 * 60);

/// What a client can take of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; one more is closed at once.
    pub connections: usize,
    /// How long a request's header may take; a connection without a request ends after it too.
    pub header: Duration,
    /// How long a request's body and its answer may take.
    pub request: Duration,
    /// How long a connection may last.
    pub connection: Duration,
    /// The longest header, in bytes.
    pub header_bytes: usize,
    /// The most bytes of answers that are kept for the next request that is the same.
    pub kept_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            header: Duration::from_secs(10),
            request: Duration::from_secs(10),
            connection: Duration::from_secs(5 * 60),
            header_bytes: 16 * 1024,
            kept_bytes: 64 * 1024 * 1024,
        }
    }
}

/// Which time the server goes by.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's.
    Machine,
    /// Another day: it was this time when the server started, and it goes on from there.
    From(DateTime, std::time::Instant),
}

impl Clock {
    /// The time, UTC, in whole seconds.
    #[must_use]
    pub fn now(&self) -> DateTime {
        let time = match self {
            Self::Machine => SystemTime::now(),
            Self::From(begin, started) => begin.to_system_time() + started.elapsed(),
        };
        // After the year 9999 no time can be written.
        whole_seconds(time).unwrap_or(DateTime::INFINITY)
    }
}

/// A fault on purpose, for clients that must bear it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Faults {
    /// Every OCSP request is answered with tryLater.
    pub try_later: bool,
    /// OCSP answers are signed by a key that the authority has not certified.
    pub wrong_signer: bool,
    /// OCSP answers and lists are those of so long ago, and out of date.
    pub stale: bool,
    /// Every answer waits so long.
    pub slow: Duration,
}

/// Opens the register once more: each thread reads through a connection of its own.
pub type OpenRegister = dyn Fn() -> Result<Box<dyn Register>, RegisterError> + Send + Sync;

/// What a server is made of.
pub struct Server {
    /// The authorities, of each hierarchy the newest key last.
    pub authorities: Vec<Authority>,
    /// Their authority of mdocs; without it no list of its roots is served.
    pub mdoc: Option<MdocAuthority>,
    /// Opens the register.
    pub register: Box<OpenRegister>,
    /// The sockets that it listens on.
    pub listeners: Vec<TcpListener>,
    /// Further names of this machine that a request may ask for; `localhost` and the addresses that are listened on are
    /// allowed anyway.
    pub hosts: Vec<String>,
    /// Which time it goes by.
    pub clock: Clock,
    /// How often the register is looked at; zero for at every request.
    pub refresh: Duration,
    /// What a client can take of it.
    pub limits: Limits,
    /// Faults on purpose.
    pub faults: Faults,
    /// Is called with each request that was answered.
    pub log: Box<dyn Fn(&Event) + Send + Sync>,
}

/// Makes the answer to an OCSP request, DER, for `sign-ca` or `auth-ca`; `None` if it can't.
pub type MakeAnswer = dyn Fn(&str, &[u8]) -> Option<Vec<u8>> + Send + Sync;

/// What [`MadeAnswers`] serves at `/`: a program knows such a server by it.
pub const MADE_ANSWERS: &str = "vmyna: OCSP for an examination of test cards - not issued by J-LIS (見本)\n";

/// A server of OCSP answers that are made elsewhere, at the paths of [`PATHS`]; nothing else is served.
pub struct MadeAnswers {
    /// The sockets that it listens on.
    pub listeners: Vec<TcpListener>,
    /// Further names of this machine that a request may ask for.
    pub hosts: Vec<String>,
    /// What a client can take of it.
    pub limits: Limits,
    /// Makes the answers. It is called in several threads at once.
    pub make: Box<MakeAnswer>,
}

impl MadeAnswers {
    /// Serves until `stop` is set.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn run(self, stop: &AtomicBool) -> io::Result<()> {
        connections::serve_made(&Arc::new(self), stop)
    }
}

/// A request that was answered, or a connection that was not.
#[derive(Clone, Debug)]
pub struct Event {
    /// The server's time.
    pub at: DateTime,
    /// Who asked.
    pub peer: SocketAddr,
    /// The method and the path, as they were sent: foreign text.
    pub request: Option<(String, String)>,
    /// The status of the answer; `None` when the connection was closed without one.
    pub status: Option<u16>,
    /// What was answered or why not, in words.
    pub what: String,
    /// How long it took.
    pub took: Duration,
}

/// Why a server ends.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The register can't be read.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// The responders can't be made.
    #[error(transparent)]
    Issuance(#[from] IssuanceError),
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Server {
    /// Serves until `stop` is set.
    ///
    /// # Errors
    /// [`ServerError`] when it can't begin.
    pub fn run(self, stop: &AtomicBool) -> Result<(), ServerError> {
        let status = Arc::new(status::Status::new(self)?);
        connections::serve(&status, stop)
    }
}

#[cfg(test)]
mod tests;
