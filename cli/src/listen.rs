//! `--listen` of the commands that serve HTTP: this machine alone, unless the user asks for more.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use crate::failure::Failure;
use crate::output::say;

/// A value of `--host`, in lower case as browsers send it.
pub(crate) fn host_name(text: &str) -> Result<String, String> {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    match text.len() <= 253 && text.split('.').all(is_label) {
        true => Ok(text.to_ascii_lowercase()),
        false => Err("a host is a name like test.example: letters, digits, - and dots, without port".to_owned()),
    }
}

/// Listens on an address. `localhost` means both loopback addresses, on one port.
pub(crate) fn listen(address: &str, remote: bool) -> Result<Vec<TcpListener>, Failure> {
    let form = || {
        Failure::Usage(format!(
            "--listen {address}: an address is HOST:PORT, like localhost:47910, 127.0.0.1:0 or [::1]:47910"
        ))
    };
    let unable = |error: io::Error| {
        let advice = match error.kind() {
            ErrorKind::AddrInUse => ": another program listens there; --listen localhost:0 takes a free port",
            _ => "",
        };
        Failure::Failed(format!("{address}: {error}{advice}"))
    };
    if let Some(port) = address.strip_prefix("localhost:") {
        let port: u16 = port.parse().map_err(|_| form())?;
        // With port 0 the port that one address gives may be in use at the other.
        const ATTEMPTS: usize = 16;
        let mut last = None;
        for _ in 0..if port == 0 { ATTEMPTS } else { 1 } {
            let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(unable)?;
            let taken = first.local_addr().map_err(unable)?.port();
            match TcpListener::bind((Ipv6Addr::LOCALHOST, taken)) {
                Ok(second) => return Ok(vec![first, second]),
                Err(error) if error.kind() == ErrorKind::AddrInUse => last = Some(error),
                Err(error) => {
                    say(&format!(
                        "vmyna: this machine has no ::1 ({error}): serving 127.0.0.1 alone"
                    ));
                    return Ok(vec![first]);
                }
            }
        }
        return Err(unable(last.unwrap_or_else(|| ErrorKind::AddrInUse.into())));
    }
    let address: SocketAddr = address.parse().map_err(|_| form())?;
    let own = match address.ip() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => ip.to_canonical().is_loopback(),
    };
    if !own && !remote {
        return Err(Failure::Usage(format!(
            "{address} is not this machine alone: --insecure-remote allows it"
        )));
    }
    TcpListener::bind(address)
        .map(|listener| vec![listener])
        .map_err(unable)
}
