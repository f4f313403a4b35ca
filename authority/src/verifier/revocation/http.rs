//! One POST over HTTP/1.0, with limits on size and time. There is no TLS: an OCSP answer is signed.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// The longest answer with its header, in bytes. An answer about one certificate has some 3,000.
pub const LONGEST_ANSWER: usize = 64 * 1024;
/// How long a responder may take from the connection to the last byte.
pub const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Which addresses a request may be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Only this machine's own: `localhost` and loopback addresses. No other name is looked up.
    Loopback,
    /// Any.
    Anywhere,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The URL is not of the form `http://HOST[:PORT][/PATH]`.
    #[error("the address is not of the form http://HOST:PORT/PATH")]
    Url,
    /// Nothing may be sent to this host.
    #[error("the address is not on this machine")]
    NotLoopback,
    /// The system or the peer refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It took longer than [`TIME_LIMIT`].
    #[error("no complete answer within {} seconds", TIME_LIMIT.as_secs())]
    Slow,
    /// The answer is longer than [`LONGEST_ANSWER`].
    #[error("the answer is longer than {LONGEST_ANSWER} bytes")]
    Long,
    /// The answer is no HTTP, or not successful: its first line.
    #[error("the answer is {0:?}")]
    Status(String),
}

/// The parts of a URL.
fn parts(url: &str) -> Option<(&str, u16, &str)> {
    let rest = url.strip_prefix("http://")?;
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    if !plain(authority) || !plain(path) || authority.contains('@') {
        return None;
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (authority, 80),
    };
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    (!host.is_empty()).then_some((host, port, path))
}

/// Sends a request and returns the body of the answer.
///
/// # Errors
/// [`HttpError`].
pub fn post(url: &str, media_type: &str, body: &[u8], reach: Reach) -> Result<Vec<u8>, HttpError> {
    let end = Instant::now() + TIME_LIMIT;
    let (host, port, path) = parts(url).ok_or(HttpError::Url)?;
    // A look-up would itself be a request to another machine, with a name that the certificate's maker chose.
    if reach == Reach::Loopback && !host.eq_ignore_ascii_case("localhost") && host.parse::<IpAddr>().is_err() {
        return Err(HttpError::NotLoopback);
    }
    let addresses: Vec<SocketAddr> = (host, port).to_socket_addrs()?.collect();
    // The address that is connected to is the one that was judged: a name is resolved once.
    let allowed = |address: &&SocketAddr| reach == Reach::Anywhere || address.ip().is_loopback();
    let allowed: Vec<&SocketAddr> = addresses.iter().filter(allowed).collect();
    if allowed.is_empty() {
        return Err(HttpError::NotLoopback);
    }
    let mut stream = connect(&allowed, end)?;
    let shown = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.0\r\nHost: {shown}:{port}\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.set_write_timeout(Some(left(end)?))?;
    stream.write_all(&[head.as_bytes(), body].concat()).map_err(timed)?;
    content(&receive(&mut stream, end)?)
}

/// Connects to the first address that answers.
fn connect(addresses: &[&SocketAddr], end: Instant) -> Result<TcpStream, HttpError> {
    let mut last = HttpError::Slow;
    for address in addresses {
        match TcpStream::connect_timeout(address, left(end)?) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = timed(error),
        }
    }
    Err(last)
}

/// All that the peer sends until it closes the connection.
fn receive(stream: &mut TcpStream, end: Instant) -> Result<Vec<u8>, HttpError> {
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        stream.set_read_timeout(Some(left(end)?))?;
        let count = stream.read(&mut piece).map_err(timed)?;
        if count == 0 {
            return Ok(answer);
        }
        answer.extend(&piece[..count]);
        if answer.len() > LONGEST_ANSWER {
            return Err(HttpError::Long);
        }
    }
}

/// The body of a successful answer.
fn content(answer: &[u8]) -> Result<Vec<u8>, HttpError> {
    let line = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(&line[..line.len().min(100)]).into_owned();
    let mut words = line.split(' ');
    let is_http = words.next().is_some_and(|word| word.starts_with("HTTP/1."));
    let body = answer.windows(4).position(|window| window == b"\r\n\r\n");
    match (is_http, words.next(), body) {
        (true, Some("200"), Some(at)) => Ok(answer[at + 4..].to_vec()),
        _ => Err(HttpError::Status(line)),
    }
}

/// The time that is left.
fn left(end: Instant) -> Result<Duration, HttpError> {
    let left = end.saturating_duration_since(Instant::now());
    match left.is_zero() {
        true => Err(HttpError::Slow),
        false => Ok(left),
    }
}

fn timed(error: io::Error) -> HttpError {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => HttpError::Slow,
        _ => HttpError::Io(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_cut_into_host_port_and_path() {
        assert_eq!(
            parts("http://localhost:47910/ocsp/auth-ca"),
            Some(("localhost", 47910, "/ocsp/auth-ca"))
        );
        assert_eq!(parts("http://127.0.0.1"), Some(("127.0.0.1", 80, "/")));
        assert_eq!(parts("http://[::1]:81/a"), Some(("::1", 81, "/a")));
        assert_eq!(parts("http://[::1]/a"), Some(("::1", 80, "/a")));
        for url in [
            "",
            "https://localhost/",
            "http://",
            "http://a b/",
            "http://u@localhost/",
            "http://a:99999/",
            "http://a/\r\nX: 1",
        ] {
            assert_eq!(parts(url), None, "{url:?}");
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
    fn an_answer_is_a_status_line_a_header_and_a_body() {
        assert_eq!(
            content(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n\r\n\r\nx").unwrap(),
            b"\r\n\r\nx"
        );
        for other in [
            &b""[..],
            b"HTTP/1.1 404 Not Found\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n",
            b"SSH-2.0\r\n\r\n",
            b"200 200\r\n\r\n",
        ] {
            assert!(matches!(content(other), Err(HttpError::Status(_))));
        }
    }

    #[test]
    fn an_answer_that_never_ends_is_cut_off() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            while stream.write_all(&[b'x'; 4096]).is_ok() {}
        });
        assert!(matches!(
            post(&url, "text/plain", b"", Reach::Loopback),
            Err(HttpError::Long)
        ));
        server.join().unwrap();
    }
}
