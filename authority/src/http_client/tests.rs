use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use super::*;

/// A server that reads a head and answers with these bytes; the head.
fn answering(bytes: &'static [u8]) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/a?b=c", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        let mut piece = [0; 1024];
        while !head.windows(4).any(|window| window == b"\r\n\r\n") {
            let count = stream.read(&mut piece).unwrap();
            head.extend(&piece[..count]);
        }
        stream.write_all(bytes).unwrap();
        String::from_utf8(head).unwrap()
    });
    (url, server)
}

fn get<'a>(url: &'a str, headers: &'a [(&'a str, &'a str)]) -> Request<'a> {
    Request {
        method: Method::Get,
        url,
        headers,
        body: b"",
    }
}

#[test]
fn nothing_is_sent_beyond_this_machine_unless_allowed() {
    // A documentation address (RFC 5737): with a connection the error would be another one.
    let sent = post("http://192.0.2.1:9/", "text/plain", b"", Reach::Loopback);
    assert!(matches!(sent, Err(HttpError::NotLoopback)), "{sent:?}");
}

#[test]
fn no_name_is_looked_up_unless_other_machines_are_allowed() {
    // No machine has such a name (RFC 6761): a look-up would fail with the error of the resolver.
    for url in ["http://certificate-7.invalid/", "http://localhost.invalid:9/"] {
        let sent = post(url, "text/plain", b"", Reach::Loopback);
        assert!(matches!(sent, Err(HttpError::NotLoopback)), "{url}: {sent:?}");
    }
    assert!(matches!(
        post("http://certificate-7.invalid/", "text/plain", b"", Reach::Anywhere),
        Err(HttpError::Io(_))
    ));
}

#[test]
fn private_addresses_are_those_that_the_internet_does_not_reach() {
    for (address, private) in [
        ("127.0.0.1", true),
        ("::1", true),
        ("10.1.2.3", true),
        ("172.31.0.1", true),
        ("192.168.1.1", true),
        ("169.254.0.1", true),
        ("fd00::1", true),
        ("fe80::1", true),
        ("::ffff:10.1.2.3", true),
        ("172.32.0.1", false),
        ("192.0.2.1", false),
        ("2001:db8::1", false),
        ("::ffff:192.0.2.1", false),
        ("0.0.0.0", false),
    ] {
        let address: IpAddr = address.parse().unwrap();
        assert_eq!(Reach::Private.allows(address), private, "{address}");
        assert!(Reach::Anywhere.allows(address));
    }
    let sent = post("http://192.0.2.1:9/", "text/plain", b"", Reach::Private);
    assert!(matches!(sent, Err(HttpError::NotPrivate)), "{sent:?}");
}

#[test]
fn cookies_are_read_without_their_attributes() {
    let answer = answer(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nset-cookie: b=2\r\n\r\n").unwrap();
    assert_eq!(answer.cookies, ["a=1", "b=2"]);
}

#[test]
fn an_answer_is_a_status_line_a_header_and_a_body() {
    let body = |bytes: &[u8]| answer(bytes).map(|answer| (answer.status, answer.media_type, answer.body));
    assert_eq!(
        body(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n\r\n\r\nx").unwrap(),
        (200, String::new(), b"\r\n\r\nx".to_vec())
    );
    assert_eq!(
        body(b"HTTP/1.0 400 Bad\r\ncontent-TYPE: Application/JSON; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}")
            .unwrap(),
        (400, "application/json".to_owned(), b"{}".to_vec())
    );
    for other in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"SSH-2.0\r\n\r\n",
        b"200 200\r\n\r\n",
    ] {
        assert!(matches!(answer(other), Err(HttpError::Status(_))));
    }
}

#[test]
fn an_answer_shorter_or_longer_than_it_states_is_refused() {
    for length in ["0", "1", "3", "x", "-2"] {
        let bytes = format!("HTTP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\n{{}}");
        assert!(matches!(answer(bytes.as_bytes()), Err(HttpError::Cut)), "{length}");
    }
}

#[test]
fn post_takes_only_an_answer_with_status_200() {
    for (bytes, good) in [
        (&b"HTTP/1.0 200 OK\r\n\r\nx"[..], true),
        (b"HTTP/1.0 404 Not Found\r\n\r\n", false),
        (b"HTTP/1.0 302 Found\r\nLocation: http://192.0.2.1/\r\n\r\n", false),
    ] {
        let (url, server) = answering(bytes);
        match post(&url, "text/plain", b"", Reach::Loopback) {
            Ok(body) => assert!(good && body == b"x"),
            Err(error) => assert!(!good && matches!(error, HttpError::Status(_)), "{error}"),
        }
        let head = server.join().unwrap();
        assert!(head.starts_with("POST /a?b=c HTTP/1.0\r\nHost: 127.0.0.1:"), "{head}");
        assert!(head.contains("\r\nContent-Type: text/plain\r\n"), "{head}");
    }
}

#[test]
fn headers_are_sent_and_never_begin_another_line() {
    let (url, server) = answering(b"HTTP/1.1 401 Unauthorized\r\n\r\n");
    let sent = send(&get(&url, &[("Authorization", "Bearer a.b")]), Reach::Loopback);
    assert!(sent.is_ok_and(|answer| answer.status == 401));
    let head = server.join().unwrap();
    assert!(head.starts_with("GET /a?b=c HTTP/1.0\r\n"), "{head}");
    assert!(head.ends_with("\r\nAuthorization: Bearer a.b\r\n\r\n"), "{head}");
    for header in [
        ("A", "b\r\nC: d"),
        ("A", "b\nC"),
        ("A\r\nB", "c"),
        ("", "a"),
        ("A", "é"),
    ] {
        let sent = send(&get("http://127.0.0.1:9/", &[header]), Reach::Loopback);
        assert!(matches!(sent, Err(HttpError::Header)), "{header:?}");
    }
}

#[test]
fn an_answer_that_never_ends_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    assert!(matches!(
        post(&url, "text/plain", b"", Reach::Loopback),
        Err(HttpError::Long)
    ));
    server.join().unwrap();
}
