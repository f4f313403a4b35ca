//! The address of vpcd, and whether it is this machine.
//!
//! The protocol has neither encryption nor authentication: the peer sees every PIN. Must never call a name loopback if one
//! of its addresses is not.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;

/// The TCP port of the first slot of vpcd, unless configured otherwise (0x8C7B).
pub const DEFAULT_PORT: u16 = 35_963;

/// Host and TCP port of a slot of vpcd. Written `HOST:PORT`, `HOST`, `[IPV6]:PORT`, `[IPV6]` or `:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VpcdAddress {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl VpcdAddress {
    /// The slot at `port` of this machine's vpcd. vpcd speaks IPv4 only.
    pub fn local(port: u16) -> VpcdAddress {
        VpcdAddress {
            host: "127.0.0.1".to_owned(),
            port,
        }
    }

    /// An address to listen on: a port of this machine, or as in [`VpcdAddress::from_str`].
    ///
    /// # Errors
    /// [`AddressError`]
    pub fn listening(text: &str) -> Result<VpcdAddress, AddressError> {
        match text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
            true => format!(":{text}").parse(),
            false => text.parse(),
        }
    }

    /// All addresses the host has now, at least one.
    ///
    /// # Errors
    /// When the name can't be resolved.
    pub fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        let addresses: Vec<_> = (self.host.as_str(), self.port).to_socket_addrs()?.collect();
        if addresses.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
        }
        Ok(addresses)
    }

    /// Whether every address the host has now is this machine itself (127.0.0.0/8, ::1).
    ///
    /// # Errors
    /// When the name can't be resolved.
    pub fn is_loopback(&self) -> io::Result<bool> {
        Ok(all_loopback(&self.resolve()?))
    }
}

/// Whether every address is a loopback address; an IPv4 address written as IPv6 counts as IPv4.
pub(super) fn all_loopback(addresses: &[SocketAddr]) -> bool {
    addresses
        .iter()
        .all(|address| address.ip().to_canonical().is_loopback())
}

impl Default for VpcdAddress {
    fn default() -> Self {
        VpcdAddress::local(DEFAULT_PORT)
    }
}

impl fmt::Display for VpcdAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// An error in a written address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The text is empty.
    #[error("neither host nor port is given")]
    Empty,
    /// The text begins with a bracket that nothing closes.
    #[error("\"{0}\" has no closing bracket")]
    OpenBracket(String),
    /// Something else than a port follows the closing bracket.
    #[error("\":PORT\" or nothing follows \"[{host}]\", not \"{after}\"")]
    BehindBracket {
        /// The text inside the brackets.
        host: String,
        /// The text behind them.
        after: String,
    },
    /// An IPv6 address without brackets.
    #[error("an IPv6 address stands in brackets, like [::1]:{DEFAULT_PORT}; \"{0}\" has none")]
    NoBrackets(String),
    /// The port is no number from 1 to 65535.
    #[error("a TCP port is a number from 1 to 65535, not \"{0}\"")]
    Port(String),
}

impl FromStr for VpcdAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, after) = rest
                    .split_once(']')
                    .ok_or_else(|| AddressError::OpenBracket(text.to_owned()))?;
                let port = after.strip_prefix(':').or(after.is_empty().then_some(""));
                let port = port.ok_or_else(|| AddressError::BehindBracket {
                    host: host.to_owned(),
                    after: after.to_owned(),
                })?;
                (host, port)
            }
            None => text.split_once(':').unwrap_or((text, "")),
        };
        if port.contains(':') {
            return Err(AddressError::NoBrackets(text.to_owned()));
        }
        let mut address = VpcdAddress::default();
        if !host.is_empty() {
            host.clone_into(&mut address.host);
        }
        if !port.is_empty() {
            let number = port.parse().ok().filter(|number| *number != 0);
            address.port = number.ok_or_else(|| AddressError::Port(port.to_owned()))?;
        }
        Ok(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_may_each_be_left_out() {
        for (text, shown) in [
            (":4000", "127.0.0.1:4000"),
            ("localhost", "localhost:35963"),
            ("localhost:4000", "localhost:4000"),
            ("localhost:", "localhost:35963"),
            ("[::1]", "[::1]:35963"),
            ("[::1]:4000", "[::1]:4000"),
        ] {
            let address: VpcdAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!(shown.parse(), Ok(address));
        }
    }

    #[test]
    fn a_port_alone_is_an_address_to_listen_on() {
        for (text, shown) in [
            ("4000", "127.0.0.1:4000"),
            ("localhost:4000", "localhost:4000"),
            (":4000", "127.0.0.1:4000"),
            ("[::1]:4000", "[::1]:4000"),
        ] {
            assert_eq!(VpcdAddress::listening(text).unwrap().to_string(), shown);
        }
        for text in ["", "0", "65536"] {
            assert!(VpcdAddress::listening(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_wrong_address_is_refused_with_a_reason() {
        for text in ["", "::1", "[::1", "[::1]4000"] {
            assert!(text.parse::<VpcdAddress>().is_err(), "{text}");
        }
        for port in ["0", "65536", "-1", "vpcd"] {
            let error = format!("localhost:{port}").parse::<VpcdAddress>().unwrap_err();
            assert_eq!(error, AddressError::Port(port.to_owned()));
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (text, loopback) in [
            ("127.0.0.1", true),
            ("127.3.2.1", true),
            ("localhost", true),
            ("[::1]", true),
            ("[::ffff:127.0.0.1]", true),
            ("192.0.2.1", false),
            ("0.0.0.0", false),
            ("[2001:db8::1]", false),
            ("[::ffff:192.0.2.1]", false),
        ] {
            assert_eq!(
                text.parse::<VpcdAddress>().unwrap().is_loopback().unwrap(),
                loopback,
                "{text}"
            );
        }
    }

    #[test]
    fn one_foreign_address_among_many_is_enough_to_be_remote() {
        let addresses = ["127.0.0.1:1".parse().unwrap(), "192.0.2.1:1".parse().unwrap()];
        assert!(!all_loopback(&addresses) && all_loopback(&addresses[..1]));
    }
}
