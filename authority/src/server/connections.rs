//! Requests: from where one may ask, and for how long.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{ALLOW, CONTENT_TYPE, HOST};
use axum::http::{HeaderValue, Method as HttpMethod, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use tokio::time::{sleep, timeout};

use super::answers::{self, Answer, Asked, Method, plain};
use super::status::{Status, threads};
use super::{Event, Limits, MadeAnswers, ServerError};
use crate::http_server::{self, ConnectionLimits, Ends};
use crate::ocsp::LONGEST_REQUEST;

/// Serves until `stop` is set.
pub(super) fn serve(status: &Arc<Status>, stop: &AtomicBool) -> Result<(), ServerError> {
    let limits = status.limits;
    let log = Arc::clone(status);
    let full = move |peer| {
        (log.log)(&Event {
            at: log.now(),
            peer,
            request: None,
            status: None,
            what: format!("closed: {} connections are open", limits.connections),
            took: Duration::ZERO,
        });
    };
    let asked = Arc::clone(status);
    let answer = move |request, ends| {
        let status = Arc::clone(&asked);
        async move { handle(request, ends, &status).await }
    };
    Ok(http_server::serve(
        &status.listeners,
        threads(),
        of_connections(limits),
        None,
        stop,
        full,
        answer,
    )?)
}

const fn of_connections(limits: Limits) -> ConnectionLimits {
    ConnectionLimits {
        connections: limits.connections,
        header: limits.header,
        stalled: limits.connection,
        header_bytes: limits.header_bytes,
        connection: Some(limits.connection),
    }
}

/// Serves answers that are made elsewhere until `stop` is set.
pub(super) fn serve_made(made: &Arc<MadeAnswers>, stop: &AtomicBool) -> io::Result<()> {
    let asked = Arc::clone(made);
    let answer = move |request: Request<Incoming>, Ends { local, .. }| {
        let made = Arc::clone(&asked);
        async move {
            let head = *request.method() == HttpMethod::HEAD;
            let read = timeout(made.limits.request, read(request, local, &made.hosts)).await;
            let answer = match read {
                Ok(Ok((method, path, body))) => answers::made(
                    &*made.make,
                    &Asked {
                        method,
                        path: &path,
                        body: &body,
                    },
                ),
                Ok(Err(answer)) => answer,
                Err(_) => plain(408, "the request took too long"),
            };
            respond(answer, head)
        }
    };
    http_server::serve(
        &made.listeners,
        threads(),
        of_connections(made.limits),
        None,
        stop,
        |_| {},
        answer,
    )
}

async fn handle(request: Request<Incoming>, Ends { peer, local }: Ends, status: &Status) -> Response<Body> {
    let began = Instant::now();
    let line = (request.method().to_string(), request.uri().path().to_owned());
    let head = *request.method() == HttpMethod::HEAD;
    let answer = match timeout(status.limits.request, answer(request, local, status)).await {
        Ok(answer) => answer,
        Err(_) => plain(408, "the request took too long"),
    };
    if !status.faults.slow.is_zero() {
        sleep(status.faults.slow).await;
    }
    (status.log)(&Event {
        at: status.now(),
        peer,
        request: Some(line),
        status: Some(answer.status),
        what: answer.what.clone().into_owned(),
        took: began.elapsed(),
    });
    respond(answer, head)
}

/// An answer, for a HEAD without its body.
fn respond(answer: Answer, head: bool) -> Response<Body> {
    let body = match head {
        true => Body::empty(),
        false => Body::from(Bytes::from_owner(answer.body)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    if answer.status == 405 {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
    }
    response
}

async fn answer(request: Request<Incoming>, local: Option<SocketAddr>, status: &Status) -> Answer {
    match read(request, local, &status.hosts).await {
        Ok((method, path, body)) => answers::answer(
            status,
            &Asked {
                method,
                path: &path,
                body: &body,
            },
        ),
        Err(answer) => answer,
    }
}

/// What is asked for: the method, the path, and the body of a POST; or the answer to a request that is refused.
async fn read(
    request: Request<Incoming>,
    local: Option<SocketAddr>,
    hosts: &[String],
) -> Result<(Method, String, Bytes), Answer> {
    let named = request
        .headers()
        .get(HOST)
        .map(|host| host.to_str().unwrap_or_default().to_owned());
    match named {
        None if request.version() <= Version::HTTP_10 => {}
        None => return Err(plain(400, "a request of HTTP/1.1 names its host")),
        Some(name) if is_own(&name, local, hosts) => {}
        // A page of another site that has its name resolved to this machine must read nothing here.
        Some(_) => return Err(plain(421, "this server does not answer for the host of the request")),
    }
    let method = match *request.method() {
        HttpMethod::GET | HttpMethod::HEAD => Method::Get,
        HttpMethod::POST => Method::Post,
        _ => Method::Other,
    };
    let path = percent_decode_str(request.uri().path())
        .decode_utf8_lossy()
        .into_owned();
    let body = match method {
        Method::Post => match to_bytes(Body::new(request.into_body()), LONGEST_REQUEST).await {
            Ok(body) => body,
            Err(_) => return Err(plain(413, "an OCSP request has at most 16 KiB")),
        },
        _ => Bytes::default(),
    };
    Ok((method, path, body))
}

/// Whether a `Host` means this server, with the port or without it, as openssl, GnuTLS and nginx leave it out.
fn is_own(host: &str, local: Option<SocketAddr>, further: &[String]) -> bool {
    let Some(local) = local else { return false };
    let name = host.strip_suffix(&format!(":{}", local.port())).unwrap_or(host);
    http_server::own_names(local, further).any(|own| name.eq_ignore_ascii_case(&own))
}
