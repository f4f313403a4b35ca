//! One request of a small client: HTTP/1.1 without TLS, for a server on this machine.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::HostError;

/// How long the server may take to connect, and to send each part of an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest answer.
const LONGEST: u64 = 64 * 1024;

/// POSTs JSON to a path; returns the body of an answer of status 200.
///
/// # Errors
/// [`HostError::Server`] with the server's reason.
pub fn post(server: SocketAddr, path: &str, json: &str) -> Result<String, HostError> {
    let answer = exchange(server, path, json).map_err(|error| HostError::Server(format!("{server}: {error}")))?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .ok_or_else(|| HostError::Server(format!("{server} sends no HTTP")))?;
    let status = head.split(' ').nth(1);
    match status {
        Some("200") => Ok(body.to_owned()),
        _ => Err(HostError::Server(format!("{} ({server}{path})", body.trim()))),
    }
}

fn exchange(server: SocketAddr, path: &str, json: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = json.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: {server}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{json}"
    )?;
    let mut answer = String::new();
    stream.take(LONGEST).read_to_string(&mut answer)?;
    Ok(answer)
}
