//! The portal to practise with (`練習ポータル`): a relying party, served on this machine.
//!
//! It shows what portals for citizens are publicly described to offer: log-in with the card, a list of the bodies that asked
//! for data, the data, notices, and a signed application. Name and look are vmyna's own, and every page is marked 見本. What is
//! not public is labelled `assumed`, and all people, bodies and data are invented.
//!
//! | Module | Content |
//! |---|---|
//! | [`relying_party`] | OpenID Connect: each check of the provider's answers |
//! | [`linkage`] | linkage codes (符号) |
//! | `sessions` | the sessions of visitors and people |
//! | `application` | an application, signed and checked |
//! | `bodies` | invented bodies and what they asked each other |
//! | `routes`, `pages` | what is answered |
//! | `state` | the key and the secret that are kept |
//!
//! The portal listens on `127.0.0.1` and its provider on `localhost`. Browsers keep the cookies of these two hosts apart, and
//! those of two ports not. The portal must never see a PIN or a My Number. It must never show a page of a person to a browser
//! that has not logged in.

mod application;
mod bodies;
mod day;
pub mod linkage;
mod pages;
pub mod relying_party;
mod routes;
mod sessions;
mod state;

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use zeroize::Zeroizing;

pub use self::application::{OpenVerification, Verification};
pub use self::sessions::SessionLimits;
pub use self::state::{FOLDER, State, StateError, usual_client};
use crate::http::{self, HttpServer, Limits};
use linkage::Network;
use relying_party::RelyingParty;
use sessions::Sessions;

/// The client's name at a provider.
pub const CLIENT_ID: &str = "portal";
/// Where a provider sends the browser back to.
pub const CALLBACK: &str = "/callback";
/// Where a portal listens unless the user names another address.
pub const ADDRESS: &str = "127.0.0.1:47921";

/// A time that never goes back, such as [`Instant::now`].
pub type Clock = Box<dyn Fn() -> Instant + Send + Sync>;

/// A portal.
pub struct Portal {
    /// The sockets that it listens on.
    pub listeners: Vec<TcpListener>,
    /// Further names of this machine that a request may ask for.
    pub hosts: Vec<String>,
    /// What a client can take of it.
    pub limits: Limits,
    /// How many sessions it keeps, and for how long.
    pub sessions: SessionLimits,
    /// The time of sessions.
    pub clock: Clock,
    /// The client of the provider. Its redirect URI is [`CALLBACK`] below [`origin`].
    pub party: RelyingParty,
    /// The secret of the linkage codes.
    pub linkage: Zeroizing<[u8; 32]>,
    /// How signed applications are checked.
    pub verification: Box<OpenVerification>,
}

/// The one origin under which a portal with these listeners works: a browser that asks for another name is sent there,
/// because its cookie would not come along to the callback.
///
/// # Errors
/// A host that has other characters than a name has ([`io::ErrorKind::InvalidInput`]), and errors of the system.
pub fn origin(listeners: &[TcpListener], hosts: &[String]) -> io::Result<String> {
    let first = listeners.first().ok_or(io::ErrorKind::AddrNotAvailable)?.local_addr()?;
    let port = first.port();
    if let Some(host) = hosts.first() {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        if host.is_empty() || !host.bytes().all(is_name) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a host is a name without port",
            ));
        }
        return Ok(http::origin("http", host, port));
    }
    let host = http::host_of(first.ip());
    Ok(http::origin("http", &host, port))
}

/// What a running portal has.
struct Running {
    origin: String,
    /// The name of its cookie, with its port: cookies of one host are sent to all of its ports.
    cookie: String,
    /// The origin of the provider.
    provider: String,
    party: RelyingParty,
    network: Network,
    sessions: Sessions,
    clock: Clock,
    verification: Box<OpenVerification>,
}

impl Portal {
    /// Serves until `stop` is set.
    ///
    /// # Errors
    /// The issuer is not on this machine ([`io::ErrorKind::InvalidInput`]), or the system gives no threads or takes no
    /// listener.
    pub fn run(self, stop: &AtomicBool) -> io::Result<()> {
        let origin = origin(&self.listeners, &self.hosts)?;
        let first = self.listeners.first().ok_or(io::ErrorKind::AddrNotAvailable)?;
        let port = first.local_addr()?.port();
        let provider = self.party.provider_origin().ok_or(io::ErrorKind::InvalidInput)?;
        let running = Running {
            cookie: format!("vmyna_portal_{port}"),
            origin,
            provider,
            party: self.party,
            network: Network::new(self.linkage),
            sessions: Sessions::new(self.sessions),
            clock: self.clock,
            verification: self.verification,
        };
        let server = HttpServer {
            listeners: self.listeners,
            hosts: self.hosts,
            limits: self.limits,
        };
        server.run(routes::router(Arc::new(running)), stop)
    }
}
