//! One request over HTTP/1.0, with limits on size and time.
//!
//! There is no TLS, no redirect is followed, and no cookie is kept: an OCSP answer is signed, and other programs of this
//! machine are asked over loopback. HTTP/1.0 spares the chunks of an answer: it ends with the connection.

mod url;

use std::fmt::Write as _;
use std::io::{self, Read, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

pub use self::url::Url;

/// The longest answer with its header, in bytes. An OCSP answer about one certificate has some 3,000.
pub const LONGEST_ANSWER: usize = 64 * 1024;
/// How long a server may take from the connection to the last byte.
pub const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Which addresses a request may be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Only this machine's own: `localhost` and loopback addresses. No other name is looked up.
    Loopback,
    /// This machine's own, and those of networks that the internet does not reach (RFC 1918, RFC 4193, link-local). Names are
    /// looked up.
    Private,
    /// Any.
    Anywhere,
}

impl Reach {
    fn allows(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let private = match address {
            IpAddr::V4(address) => address.is_private() || address.is_link_local(),
            IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
        };
        match self {
            Self::Loopback => address.is_loopback(),
            Self::Private => address.is_loopback() || private,
            Self::Anywhere => true,
        }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The URL is not of the form `http://HOST[:PORT][/PATH]`.
    #[error("the address is not of the form http://HOST:PORT/PATH")]
    Url,
    /// A header of the request has characters that would begin another line.
    #[error("a header of the request is malformed")]
    Header,
    /// Nothing may be sent to this host.
    #[error("the address is not on this machine")]
    NotLoopback,
    /// Nothing may be sent to this host.
    #[error("the address is neither on this machine nor in a private network")]
    NotPrivate,
    /// The system or the peer refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It took longer than [`TIME_LIMIT`].
    #[error("no complete answer within {} seconds", TIME_LIMIT.as_secs())]
    Slow,
    /// The answer is longer than [`LONGEST_ANSWER`].
    #[error("the answer is longer than {LONGEST_ANSWER} bytes")]
    Long,
    /// The answer is shorter than its header states.
    #[error("the answer is cut short")]
    Cut,
    /// The answer is no HTTP, or not successful: its first line.
    #[error("the answer is {0:?}")]
    Status(String),
}

/// What is sent. There is no `Debug`, because headers and body hold tokens.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// `GET` or `POST`.
    pub method: Method,
    /// The address.
    pub url: &'a str,
    /// Names and values beside `Host`, `Content-Length` and `Connection`.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body; empty for none.
    pub body: &'a [u8],
}

/// A method of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Sends a body.
    Post,
}

/// What was answered, with any status. There is no `Debug`, because a body holds tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status, such as 200.
    pub status: u16,
    /// The first line, cut to 100 bytes: foreign text.
    pub line: String,
    /// The media type without its parameters, in lower case; empty if none is stated.
    pub media_type: String,
    /// The cookies that are set: name and value, without their attributes.
    pub cookies: Vec<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Sends a body and returns that of the answer, which must have the status 200.
///
/// # Errors
/// [`HttpError`].
pub fn post(url: &str, media_type: &str, body: &[u8], reach: Reach) -> Result<Vec<u8>, HttpError> {
    let request = Request {
        method: Method::Post,
        url,
        headers: &[("Content-Type", media_type)],
        body,
    };
    let answer = send(&request, reach)?;
    match answer.status {
        200 => Ok(answer.body),
        _ => Err(HttpError::Status(answer.line)),
    }
}

/// Sends a request and returns the answer, whatever its status.
///
/// # Errors
/// [`HttpError`].
pub fn send(request: &Request<'_>, reach: Reach) -> Result<Answer, HttpError> {
    let end = Instant::now() + TIME_LIMIT;
    let url = Url::parse(request.url).ok_or(HttpError::Url)?;
    let head = head(request, &url)?;
    // A look-up would itself be a request to another machine, with a name that the certificate's maker chose.
    if reach == Reach::Loopback && !url.is_literal_or_localhost() {
        return Err(HttpError::NotLoopback);
    }
    let addresses: Vec<SocketAddr> = (url.host(), url.port()).to_socket_addrs()?.collect();
    // The address that is connected to is the one that was judged: a name is resolved once.
    let allowed = |address: &&SocketAddr| reach.allows(address.ip());
    let allowed: Vec<&SocketAddr> = addresses.iter().filter(allowed).collect();
    if allowed.is_empty() {
        return Err(match reach {
            Reach::Private => HttpError::NotPrivate,
            _ => HttpError::NotLoopback,
        });
    }
    let mut stream = connect(&allowed, end)?;
    stream.set_write_timeout(Some(left(end)?))?;
    stream
        .write_all(&[head.as_bytes(), request.body].concat())
        .map_err(timed)?;
    answer(&receive(&mut stream, end)?)
}

/// The request up to its body.
fn head(request: &Request<'_>, url: &Url<'_>) -> Result<String, HttpError> {
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
    };
    let (path, host, port) = (url.path(), url.written_host(), url.port());
    let mut head = format!("{method} {path} HTTP/1.0\r\nHost: {host}:{port}\r\n");
    for (name, value) in request.headers {
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !is_name || !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(HttpError::Header);
        }
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if request.method == Method::Post {
        let _ = write!(head, "Content-Length: {}\r\n", request.body.len());
    }
    Ok(head + "\r\n")
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

/// Takes an answer apart.
fn answer(bytes: &[u8]) -> Result<Answer, HttpError> {
    let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(&line[..line.len().min(100)]).into_owned();
    let mut words = line.split(' ');
    let is_http = words.next().is_some_and(|word| word.starts_with("HTTP/1."));
    let status = words.next().filter(|word| word.len() == 3);
    let status: Option<u16> = status.and_then(|word| word.parse().ok());
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let (true, Some(status), Some(end)) = (is_http, status, end) else {
        return Err(HttpError::Status(line));
    };
    let (head, body) = (String::from_utf8_lossy(&bytes[..end]), &bytes[end + 4..]);
    let field = |wanted: &str| {
        head.split("\r\n").skip(1).find_map(|field| {
            let (name, value) = field.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim())
        })
    };
    let fields = head.split("\r\n").skip(1).filter_map(|field| field.split_once(':'));
    let cookies = fields.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    let cookies = cookies.filter_map(|(_, value)| Some(value.split(';').next()?.trim().to_owned()));
    let cookies = cookies.collect();
    // A peer that ends early must not pass for one that has sent all.
    if field("content-length").is_some_and(|length| length.parse() != Ok(body.len())) {
        return Err(HttpError::Cut);
    }
    let media_type = field("content-type").unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    Ok(Answer {
        status,
        media_type: media_type.to_ascii_lowercase(),
        cookies,
        body: body.to_vec(),
        line,
    })
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
mod tests;
