//! Connections: from where one may ask, how much at once, and for how long.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{ALLOW, CONTENT_TYPE, HOST};
use axum::http::{HeaderValue, Method as HttpMethod, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use percent_encoding::percent_decode_str;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::answers::{self, Answer, Asked, Method, plain};
use super::status::{Status, threads};
use super::{Event, ServerError};
use crate::ocsp::LONGEST_REQUEST;

/// How often the end is looked for.
const POLL: Duration = Duration::from_millis(50);
/// How long a listener rests when the system gives no connection, as without free descriptors.
const REST: Duration = Duration::from_millis(100);

/// Serves until `stop` is set.
pub(super) fn serve(status: &Arc<Status>, stop: &AtomicBool) -> Result<(), ServerError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads())
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let places = Arc::new(Semaphore::new(status.limits.connections));
        for listener in &status.listeners {
            let listener = listener.try_clone()?;
            listener.set_nonblocking(true)?;
            let listener = TcpListener::from_std(listener)?;
            tokio::spawn(accept(listener, Arc::clone(status), Arc::clone(&places)));
        }
        while !stop.load(Ordering::Relaxed) {
            sleep(POLL).await;
        }
        Ok(())
    })
}

async fn accept(listener: TcpListener, status: Arc<Status>, places: Arc<Semaphore>) {
    let local = listener.local_addr().ok();
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            sleep(REST).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            (status.log)(&Event {
                at: status.now(),
                peer,
                request: None,
                status: None,
                what: format!("closed: {} connections are open", status.limits.connections),
                took: Duration::ZERO,
            });
            continue;
        };
        let status = Arc::clone(&status);
        tokio::spawn(async move {
            let life = status.limits.connection;
            // One that is not over by then is dropped, which closes it.
            let _ = timeout(life, connection(stream, peer, local, status)).await;
            drop(place);
        });
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, local: Option<SocketAddr>, status: Arc<Status>) {
    let limits = status.limits;
    // Small answers: waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let status = Arc::clone(&status);
        async move { Ok::<_, Infallible>(handle(request, peer, local, &status).await) }
    });
    // That the other side went away or sent no HTTP is its own affair.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header)
        .max_buf_size(limits.header_bytes.max(8192))
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn handle(
    request: Request<Incoming>,
    peer: SocketAddr,
    local: Option<SocketAddr>,
    status: &Status,
) -> Response<Body> {
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
        what: answer.what.into_owned(),
        took: began.elapsed(),
    });
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
    let named = request
        .headers()
        .get(HOST)
        .map(|host| host.to_str().unwrap_or_default().to_owned());
    match named {
        None if request.version() <= Version::HTTP_10 => {}
        None => return plain(400, "a request of HTTP/1.1 names its host"),
        Some(name) if is_own(&name, local, &status.hosts) => {}
        // A page of another site that has its name resolved to this machine must read nothing here.
        Some(_) => return plain(421, "this server does not answer for the host of the request"),
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
            Err(_) => return plain(413, "an OCSP request has at most 16 KiB"),
        },
        _ => Default::default(),
    };
    answers::answer(
        status,
        &Asked {
            method,
            path: &path,
            body: &body,
        },
    )
}

/// Whether a `Host` means this server: `localhost`, the address that was connected to, or a further name of it, each with the
/// port or without it, as openssl, GnuTLS and nginx leave it out.
fn is_own(host: &str, local: Option<SocketAddr>, further: &[String]) -> bool {
    let Some(local) = local else { return false };
    let name = host.strip_suffix(&format!(":{}", local.port())).unwrap_or(host);
    let address = match local {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    };
    let same = |own: &str| name.eq_ignore_ascii_case(own);
    same("localhost") || same("127.0.0.1") || same("[::1]") || same(&address) || further.iter().any(|own| same(own))
}
