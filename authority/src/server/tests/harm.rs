//! The server as clients see it that do harm: they name another host, are slow, or never end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::{Limits, Rig, Setting, read_answer};

#[test]
fn who_names_another_host_is_refused_and_who_names_none_only_under_http_1_1() {
    let rig = Rig::start(Setting::default());
    let port = rig.port;
    let status = |head: &str| rig.http(&format!("{head}\r\n\r\n")).0;
    let close = "\r\nConnection: close";
    for (host, expected) in [
        ("localhost".to_owned(), 200),
        (format!("LOCALHOST:{port}"), 200),
        (format!("127.0.0.1:{port}"), 200),
        ("127.0.0.1".to_owned(), 200),
        ("authority.test".to_owned(), 200),
        ("example.com".to_owned(), 421),
        (format!("example.com:{port}"), 421),
        ("localhost:1".to_owned(), 421),
        ("localhost.example.com".to_owned(), 421),
        (String::new(), 421),
    ] {
        assert_eq!(
            status(&format!("GET / HTTP/1.1\r\nHost: {host}{close}")),
            expected,
            "{host}"
        );
        assert_eq!(status(&format!("GET / HTTP/1.0\r\nHost: {host}")), expected, "{host}");
    }
    assert_eq!(status("GET / HTTP/1.0"), 200);
    assert_eq!(status(&format!("GET / HTTP/1.1{close}")), 400);
    assert_eq!(status(&format!("DELETE / HTTP/1.1\r\nHost: localhost{close}")), 405);
    assert_eq!(
        status(&format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0{close}"
        )),
        405
    );
}

#[test]
fn slow_clients_are_cut_off_one_too_many_is_closed_and_the_others_are_answered() {
    let limits = Limits {
        connections: 4,
        header: Duration::from_millis(1500),
        request: Duration::from_millis(300),
        ..Limits::default()
    };
    let rig = Rig::start(Setting {
        limits,
        ..Setting::default()
    });
    let began = Instant::now();
    let mut slow: Vec<TcpStream> = (0..3).map(|_| rig.connect()).collect();
    for stream in &mut slow {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: local").unwrap();
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    // The last place: its client is answered as long as the others are within the limit.
    assert_eq!(rig.get("/").0, 200);
    let mut fourth = rig.connect();
    fourth.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n").unwrap();
    let closed = || {
        rig.log
            .lock()
            .unwrap()
            .iter()
            .any(|event| event.what.contains("4 connections are open"))
    };
    while !closed() {
        assert!(Instant::now() < deadline, "no connection was closed");
        let mut fifth = rig.connect();
        let _ = fifth.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let _ = read_answer(&mut fifth);
    }
    for stream in &mut slow {
        assert_ne!(read_answer(stream).0, 200);
    }
    assert!(began.elapsed() >= limits.header, "cut off too early");
    // A body that never comes.
    while rig.get("/").0 != 200 {
        assert!(Instant::now() < deadline, "the places are not free again");
    }
    let late =
        rig.http("POST /ocsp/sign-ca HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nConnection: close\r\n\r\nx");
    assert_eq!(late.0, 408);
    let long = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n",
        "x".repeat(64 * 1024)
    );
    assert_eq!(rig.http(&long).0, 431);
}

#[test]
fn a_connection_ends_after_its_time_even_while_it_asks() {
    let limits = Limits {
        connection: Duration::from_millis(1500),
        ..Limits::default()
    };
    let rig = Rig::start(Setting {
        limits,
        ..Setting::default()
    });
    let began = Instant::now();
    let mut stream = rig.connect();
    let mut answered = 0;
    // A connection that is closed while it writes may be reset.
    while stream
        .write_all(b"GET /cps.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .is_ok()
    {
        let mut answer = [0; 4096];
        match stream.read(&mut answer) {
            Ok(1..) => answered += 1,
            _ => break,
        }
        assert!(began.elapsed() < Duration::from_secs(60), "it never ends");
    }
    assert!(answered > 1 && began.elapsed() >= limits.connection, "{answered}");
}
