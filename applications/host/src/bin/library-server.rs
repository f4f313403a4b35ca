//! `library-server`: the small server that knows which マイキーID belongs to which card.
//!
//! It is for this machine and for tests: loopback, no TLS. A page of another site that has its name resolved to this machine
//! gets no answer, because the `Host` of a request is compared.

#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{HeaderValue, Method, Request, Response, StatusCode};
use clap::Parser;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use vmyna_host_programs::library::Library;
use vmyna_host_programs::signature::certificate;
use vmyna_host_programs::{HostError, main as run, print, read};

/// Connections at once; one more is closed.
const MOST_CONNECTIONS: usize = 64;
/// How long a header may take, and a request with its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest body, in bytes: a certificate and a signature are a tenth of it.
const LONGEST_BODY: usize = 64 * 1024;
/// How long the listener rests if the system gives no connection.
const REST: Duration = Duration::from_millis(100);

/// The library's server, on 127.0.0.1: from the serial number of a card's authentication certificate to a マイキーID. It does not
/// ask whether a certificate is revoked. An invention of this project
#[derive(Parser)]
#[command(
    version,
    after_help = "\
Limits: 64 connections, 10 seconds and 64 KiB a request, 60 seconds and 1,000 challenges, 10,000 users.
It ends by Ctrl-C.

Example:
  library-server --ca test-vectors/specimens/ca/auth-ca/certificate.der --users users.json"
)]
struct Arguments {
    /// The certificate of an authority for authentication certificates, PEM or DER; repeat it for several, always in the same
    /// order: the file of users counts them
    #[arg(long, value_name = "FILE", required = true)]
    ca: Vec<PathBuf>,

    /// The file of users, JSON; the first user makes it
    #[arg(long, value_name = "FILE")]
    users: PathBuf,

    /// The port; 0 for any that is free, which is printed
    #[arg(long, default_value_t = 0)]
    port: u16,
}

fn main() -> ExitCode {
    run(|arguments: Arguments| {
        let authorities = arguments
            .ca
            .iter()
            .map(|file| certificate("an authority's certificate", &read(file)?));
        let library = Library::open(authorities.collect::<Result<_, _>>()?, arguments.users)?;
        let library = Arc::new(Mutex::new(library));
        let fault = HostError::stream("the server");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(&fault)?;
        runtime.block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, arguments.port))
                .await
                .map_err(&fault)?;
            let local = listener.local_addr().map_err(&fault)?;
            print(&format!("listening at http://{local}"))?;
            accept(listener, local, library).await;
            Ok(())
        })
    })
}

async fn accept(listener: TcpListener, local: SocketAddr, library: Arc<Mutex<Library>>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(REST).await;
            continue;
        };
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            let library = Arc::clone(&library);
            tokio::spawn(async move {
                // One that is not over by then is dropped, which closes it.
                let _ = timeout(2 * PATIENCE, connection(stream, local, library)).await;
                drop(place);
            });
        }
    }
}

async fn connection(stream: TcpStream, local: SocketAddr, library: Arc<Mutex<Library>>) {
    let service = service_fn(|request| {
        let library = Arc::clone(&library);
        async move { Ok::<_, Infallible>(response(answer(request, local, &library).await)) }
    });
    // That the other side went away or sent no HTTP is its own affair.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// A status and a body: JSON for 200, otherwise a sentence.
type Answer = (StatusCode, String);

fn response((status, body): Answer) -> Response<Body> {
    let kind = match status {
        StatusCode::OK => "application/json",
        _ => "text/plain; charset=utf-8",
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
        .headers_mut()
        .insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

async fn answer(request: Request<Incoming>, local: SocketAddr, library: &Mutex<Library>) -> Answer {
    let own = [local.to_string(), format!("localhost:{}", local.port())];
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    if !host.is_some_and(|host| own.iter().any(|own| own == host)) {
        return (
            StatusCode::MISDIRECTED_REQUEST,
            "this server does not answer for that host".to_owned(),
        );
    }
    if request.method() != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, "every path is for POST".to_owned());
    }
    let path = request.uri().path().to_owned();
    let body = match timeout(PATIENCE, to_bytes(Body::new(request.into_body()), LONGEST_BODY)).await {
        Ok(Ok(body)) => body,
        _ => {
            return (
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body is too long or too slow".to_owned(),
            );
        }
    };
    // A poisoned lock means that an answer has failed halfway; the register in the file is whole.
    let Ok(mut library) = library.lock() else {
        return (
            StatusCode::INTERNAL_SERVER_ERROR,
            "the register is not usable".to_owned(),
        );
    };
    match &*path {
        "/challenge" => json(library.challenge(Instant::now())),
        "/log-in" => match serde_json::from_slice(&body) {
            Ok(request) => json(library.log_in(&request, Instant::now())),
            Err(error) => (StatusCode::BAD_REQUEST, format!("not a request to log in: {error}")),
        },
        _ => (StatusCode::NOT_FOUND, "the paths are /challenge and /log-in".to_owned()),
    }
}

fn json(result: Result<impl Serialize, HostError>) -> Answer {
    match result.map(|value| serde_json::to_string(&value)) {
        Ok(Ok(json)) => (StatusCode::OK, json),
        Ok(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        Err(error @ (HostError::NotGenuine(_) | HostError::Malformed { .. } | HostError::Crypto { .. })) => {
            (StatusCode::FORBIDDEN, error.to_string())
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}
