//! The server by bare sockets, as a browser, a page of another site and a hostile client would use it.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Instant;

use axum::routing::{get, post};
use axum::{Extension, body::Bytes};

use super::*;

/// A server with a page at `/`, a place that counts bytes at `/count`, a page with a policy of its own at `/own`, and one
/// that never answers at `/never`; `/large` has more than the system keeps of a connection.
struct Rig {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<io::Result<()>>>,
}

impl Rig {
    fn new(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let router = Router::new()
            .route("/", get(|Extension(own): Extension<OwnOrigin>| async move { own.0 }))
            .route("/count", post(count))
            .route(
                "/own",
                get(|| async { ([(CONTENT_SECURITY_POLICY, "default-src 'none'")], "") }),
            )
            .route("/never", get(std::future::pending::<()>))
            .route("/large", get(|| async { vec![0; 32 * 1024 * 1024] }));
        let server = HttpServer {
            listeners: vec![listener],
            hosts: vec!["further.example".to_owned()],
            limits,
        };
        let seen = Arc::clone(&stop);
        let thread = thread::spawn(move || server.run(router, &seen));
        Self {
            address,
            stop,
            thread: Some(thread),
        }
    }

    /// The whole answer to these bytes, which end the connection.
    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn get(&self, path: &str, headers: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n"))
    }

    fn host(&self) -> String {
        format!("Host: {}\r\n", self.address)
    }

    /// Fails with this text unless a request is answered soon.
    fn answers_again(&self, otherwise: &str) {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let mut stream = TcpStream::connect(self.address).unwrap();
            let request = format!("GET / HTTP/1.1\r\n{}Connection: close\r\n\r\n", self.host());
            let mut answer = String::new();
            let answered = stream.write_all(request.as_bytes()).is_ok() && stream.read_to_string(&mut answer).is_ok();
            if answered && status(&answer) == "200" {
                return;
            }
            assert!(Instant::now() < end, "{otherwise}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap().unwrap();
    }
}

async fn count(Extension(own): Extension<OwnOrigin>, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    match is_same_origin(&headers, &own) {
        true => (StatusCode::OK, body.len().to_string()),
        false => (StatusCode::FORBIDDEN, String::new()),
    }
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

#[test]
fn a_request_is_answered_for_the_servers_names_with_its_port_only() {
    let rig = Rig::new(Limits::default());
    let port = rig.address.port();
    for name in ["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "further.example"] {
        let answer = rig.get("/", &format!("Host: {name}:{port}\r\n"));
        let expected = format!("http://{}:{port}", name.to_ascii_lowercase());
        assert!(answer.ends_with(&expected), "{name}: {answer}");
    }
    let other = port ^ 1;
    for hosts in [
        "Host: 127.0.0.1\r\n".to_owned(),
        format!("Host: 127.0.0.1:{other}\r\n"),
        format!("Host: evil.example:{port}\r\n"),
        format!("Host: 127.0.0.1.evil.example:{port}\r\n"),
        format!("Host: x@127.0.0.1:{port}\r\n"),
        format!("Host: 127.0.0.1:{port}\r\nHost: 127.0.0.1:{port}\r\n"),
        format!("Host: :{port}\r\n"),
        String::new(),
    ] {
        assert_eq!(status(&rig.get("/", &hosts)), "421", "{hosts}");
    }
}

#[test]
fn an_origin_is_written_as_browsers_do() {
    for (scheme, host, port, expected) in [
        ("http", "LocalHost", 8080, "http://localhost:8080"),
        ("http", "localhost", 80, "http://localhost"),
        ("http", "[::1]", 443, "http://[::1]:443"),
        ("https", "localhost", 443, "https://localhost"),
        ("https", "localhost", 80, "https://localhost:80"),
    ] {
        assert_eq!(origin(scheme, host, port), expected);
    }
    // A request may name the usual port.
    let ends = Ends {
        peer: "127.0.0.1:1".parse().unwrap(),
        local: Some("127.0.0.1:80".parse().unwrap()),
    };
    for host in ["localhost", "localhost:80", "LOCALHOST:80"] {
        let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]);
        let own = own_origin(&HTTP, &headers, ends, &[]);
        assert_eq!(own, Some(OwnOrigin("http://localhost".to_owned())), "{host}");
    }
}

#[test]
fn every_answer_has_the_headers_refusals_too() {
    let rig = Rig::new(Limits::default());
    let host = rig.host();
    for answer in [
        rig.get("/", &host),
        rig.get("/nothing", &host),
        rig.get("/", "Host: evil.example\r\n"),
        rig.ask(&format!("DELETE / HTTP/1.1\r\nConnection: close\r\n{host}\r\n")),
    ] {
        for (name, value) in HEADERS {
            assert!(answer.contains(&format!("{name}: {value}\r\n")), "{name} in {answer}");
        }
    }
    let own = rig.get("/own", &host);
    assert!(own.contains("content-security-policy: default-src 'none'\r\n"), "{own}");
    assert_eq!(own.matches("content-security-policy").count(), 1);
}

#[test]
fn only_a_page_of_the_server_changes_something() {
    let rig = Rig::new(Limits::default());
    let port = rig.address.port();
    let own = format!("http://127.0.0.1:{port}");
    let ask = |headers: &str| {
        let host = rig.host();
        rig.ask(&format!(
            "POST /count HTTP/1.1\r\nConnection: close\r\n{host}Content-Length: 2\r\n{headers}\r\nab"
        ))
    };
    for headers in [
        format!("Origin: {own}\r\n"),
        format!("Origin: {own}\r\nSec-Fetch-Site: same-origin\r\n"),
    ] {
        assert_eq!(status(&ask(&headers)), "200", "{headers}");
    }
    for headers in [
        String::new(),
        "Origin: null\r\n".to_owned(),
        "Origin: http://127.0.0.1\r\n".to_owned(),
        format!("Origin: http://127.0.0.1:{}\r\n", port ^ 1),
        format!("Origin: http://localhost:{port}\r\n"),
        format!("Origin: https://127.0.0.1:{port}\r\n"),
        format!("Origin: {own}/\r\n"),
        format!("Origin: {own}\r\nOrigin: {own}\r\n"),
        format!("Origin: {own}\r\nSec-Fetch-Site: same-site\r\n"),
        format!("Origin: {own}\r\nSec-Fetch-Site: cross-site\r\n"),
        format!("Origin: {own}\r\nSec-Fetch-Site: none\r\n"),
    ] {
        assert_eq!(status(&ask(&headers)), "403", "{headers}");
    }
}

#[test]
fn a_body_that_is_too_long_or_slow_is_refused() {
    let rig = Rig::new(Limits {
        body_bytes: 10,
        request: Duration::from_millis(200),
        ..Limits::default()
    });
    let host = rig.host();
    let long = rig.ask(&format!(
        "POST /count HTTP/1.1\r\n{host}Connection: close\r\nContent-Length: 11\r\n\r\n12345678901"
    ));
    assert_eq!(status(&long), "413");
    // One that is only announced is not waited for.
    let announced = rig.ask(&format!(
        "POST /count HTTP/1.1\r\n{host}Connection: close\r\nContent-Length: 1000000000\r\n\r\n1"
    ));
    assert_eq!(status(&announced), "413");
    let slow = rig.ask(&format!(
        "POST /count HTTP/1.1\r\n{host}Connection: close\r\nContent-Length: 10\r\n\r\n123"
    ));
    assert_eq!(status(&slow), "408");
    assert_eq!(status(&rig.get("/never", &host)), "408");
}

#[test]
fn a_header_that_is_too_long_or_slow_ends_the_connection() {
    let rig = Rig::new(Limits {
        header: Duration::from_millis(200),
        ..Limits::default()
    });
    let long = rig.get("/", &format!("{}X: {}\r\n", rig.host(), "a".repeat(64 * 1024)));
    assert!(!long.contains(" 200 "), "{long}");
    let begun = Instant::now();
    let mut stream = TcpStream::connect(rig.address).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHo").unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(begun.elapsed() < Duration::from_secs(9), "it waits for ever");
}

#[test]
fn a_client_that_takes_nothing_of_its_answer_loses_its_place() {
    let rig = Rig::new(Limits {
        connections: 1,
        request: Duration::from_millis(200),
        ..Limits::default()
    });
    let mut stalled = TcpStream::connect(rig.address).unwrap();
    let request = format!("GET /large HTTP/1.1\r\n{}\r\n", rig.host());
    stalled.write_all(request.as_bytes()).unwrap();
    stalled.read_exact(&mut [0; 1]).unwrap();
    rig.answers_again("a client that never reads keeps its place");
}

#[test]
fn a_connection_over_the_limit_is_closed_and_the_others_are_answered() {
    let rig = Rig::new(Limits {
        connections: 2,
        ..Limits::default()
    });
    let kept: Vec<_> = (0..2)
        .map(|_| {
            let mut stream = TcpStream::connect(rig.address).unwrap();
            let request = format!("GET / HTTP/1.1\r\n{}\r\n", rig.host());
            stream.write_all(request.as_bytes()).unwrap();
            let mut first = [0; 1];
            stream.read_exact(&mut first).unwrap();
            stream
        })
        .collect();
    let mut third = TcpStream::connect(rig.address).unwrap();
    let read = third.read(&mut [0; 1]);
    assert!(
        matches!(&read, Ok(0))
            || read
                .as_ref()
                .is_err_and(|error| error.kind() == ErrorKind::ConnectionReset),
        "{read:?}"
    );
    drop(kept);
    rig.answers_again("the places stay taken");
}
