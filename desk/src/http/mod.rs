//! A server of pages on this machine: the limits, the hosts for which it answers, and the headers of every answer.
//!
//! A page of another site can send requests here, and a name of another site can be made to mean this machine. So each
//! request is answered for the server's own names with its port only ([`OwnOrigin`]). A request that changes something must
//! come from the server's own page ([`is_same_origin`]).

mod browser;
mod policy;
mod text;
#[cfg(feature = "openssl")]
mod tls;

use std::io;
use std::net::{IpAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use hyper::body::{Body as _, Incoming};
use tokio::time::timeout;
use tower_service::Service as _;
use vmyna_authority::http_server::{self as connections, ConnectionLimits, Ends, Handshake};

pub use browser::{accepted, is_visit, language};
pub use policy::form_policy;
pub use text::{encode, escape, form, is_each_once, is_form};
#[cfg(feature = "openssl")]
pub use tls::{Tls, TlsError};

/// What a client can take of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; one more is closed at once.
    pub connections: usize,
    /// How long a request's header may take; a connection without a request ends after it too.
    pub header: Duration,
    /// How long a request's body and the beginning of its answer may take, and how long a client may take nothing of an
    /// answer. A streamed answer may last.
    pub request: Duration,
    /// The longest header, in bytes.
    pub header_bytes: usize,
    /// The longest body of a request, in bytes.
    pub body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            header: Duration::from_secs(10),
            request: Duration::from_secs(30),
            header_bytes: 16 * 1024,
            body_bytes: 64 * 1024,
        }
    }
}

/// A server.
pub struct HttpServer {
    /// The sockets that it listens on.
    pub listeners: Vec<TcpListener>,
    /// Further names of this machine that a request may ask for, without port; `localhost`, the loopback addresses and the
    /// addresses that are listened on are allowed anyway.
    pub hosts: Vec<String>,
    /// What a client can take of it.
    pub limits: Limits,
}

/// The origin under which the server was asked, like `http://127.0.0.1:40123`. It is in the extensions of each request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnOrigin(pub String);

/// The threads that answer. Work that takes long belongs to `tokio::task::spawn_blocking`.
const THREADS: usize = 2;

/// Headers of every answer that has none of its own by that name.
const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, policy::POLICY),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

impl HttpServer {
    /// Serves until `stop` is set.
    ///
    /// # Errors
    /// The system gives no threads or takes no listener.
    pub fn run(self, router: Router, stop: &AtomicBool) -> io::Result<()> {
        self.serve(router, None, stop)
    }

    /// Serves over TLS 1.2 and 1.3 until `stop` is set. The server's own origins begin with `https://` then.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    #[cfg(feature = "openssl")]
    pub fn run_over_tls(self, tls: &Tls, router: Router, stop: &AtomicBool) -> io::Result<()> {
        self.serve(router, Some(&tls.handshake()), stop)
    }

    fn serve(self, router: Router, handshake: Option<&Handshake>, stop: &AtomicBool) -> io::Result<()> {
        let scheme = match handshake {
            None => &HTTP,
            Some(_) => &HTTPS,
        };
        let Self {
            listeners,
            hosts,
            limits,
        } = self;
        let of_connections = ConnectionLimits {
            connections: limits.connections,
            header: limits.header,
            stalled: limits.request,
            header_bytes: limits.header_bytes,
            connection: None,
        };
        let hosts: Arc<[String]> = hosts.into();
        let answer = move |request: Request<Incoming>, ends| {
            let (router, hosts) = (router.clone(), Arc::clone(&hosts));
            async move {
                let own = own_origin(scheme, request.headers(), ends, &hosts);
                with_headers(answer(request, own, limits, router).await)
            }
        };
        connections::serve(&listeners, THREADS, of_connections, handshake, stop, |_| {}, answer)
    }
}

async fn answer(
    request: Request<Incoming>,
    own: Option<OwnOrigin>,
    limits: Limits,
    mut router: Router,
) -> Response<Body> {
    let Some(own) = own else {
        return plain(
            StatusCode::MISDIRECTED_REQUEST,
            "this server does not answer for the host of the request",
        );
    };
    let too_long = || {
        plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is incomplete, or longer than this server takes",
        )
    };
    // Of a body that announces its length nothing needs to come first.
    if request.body().size_hint().lower() > u64::try_from(limits.body_bytes).unwrap_or(u64::MAX) {
        return too_long();
    }
    let answered = timeout(limits.request, async {
        let (mut parts, body) = request.into_parts();
        let Ok(body) = to_bytes(Body::new(body), limits.body_bytes).await else {
            return too_long();
        };
        parts.extensions.insert(own);
        match router.call(Request::from_parts(parts, Body::from(body))).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        }
    });
    match answered.await {
        Ok(answer) => answer,
        Err(_) => plain(StatusCode::REQUEST_TIMEOUT, "the request took too long"),
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut answer = Response::new(Body::from(text));
    *answer.status_mut() = status;
    let media_type = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, media_type);
    answer
}

fn with_headers(mut answer: Response<Body>) -> Response<Body> {
    for (name, value) in HEADERS {
        answer
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    answer
}

/// A scheme, and the port that browsers leave out with it.
type Scheme<'s> = (&'s str, u16);
const HTTP: Scheme<'static> = ("http", 80);
const HTTPS: Scheme<'static> = ("https", 443);

/// The origin under which the server was asked; `None` if the request names another host, another port or none.
fn own_origin((scheme, usual): &Scheme<'_>, headers: &HeaderMap, ends: Ends, hosts: &[String]) -> Option<OwnOrigin> {
    let local = ends.local?;
    let mut named = headers.get_all(HOST).iter();
    let host = named.next()?.to_str().ok()?;
    // Browsers leave the usual port out.
    let name = match host.strip_suffix(&format!(":{}", local.port())) {
        Some(name) => name,
        None if local.port() == *usual => host,
        None => return None,
    };
    let is_own =
        named.next().is_none() && connections::own_names(local, hosts).any(|own| name.eq_ignore_ascii_case(&own));
    is_own.then(|| OwnOrigin(origin(scheme, name, local.port())))
}

/// The host word under which a server that listens on this address is asked. One that listens on every address is asked on
/// this machine.
#[must_use]
pub fn host_of(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) if address.is_unspecified() => "127.0.0.1".to_owned(),
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) if address.is_unspecified() => "[::1]".to_owned(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// The origin of a host as browsers write it: in lower case, without the port that is usual for the scheme.
#[must_use]
pub fn origin(scheme: &str, host: &str, port: u16) -> String {
    let host = host.to_ascii_lowercase();
    match [HTTP, HTTPS].contains(&(scheme, port)) {
        true => format!("{scheme}://{host}"),
        false => format!("{scheme}://{host}:{port}"),
    }
}

/// Whether a request comes from a page of the server itself: its `Origin` is the own one, with its port. A browser that sends
/// `Sec-Fetch-Site` must agree.
#[must_use]
pub fn is_same_origin(headers: &HeaderMap, own: &OwnOrigin) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let origin = origins
        .next()
        .is_some_and(|origin| origin.as_bytes() == own.0.as_bytes());
    let site = headers
        .get("sec-fetch-site")
        .is_none_or(|site| site.as_bytes() == b"same-origin");
    origin && origins.next().is_none() && site
}

#[cfg(test)]
mod tests;
