//! The address of the authorities' services, which cardholders' certificates name.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use vmyna_apdu::hex;

/// The longest host name (RFC 1035, 3.1) and the longest label of one.
const LONGEST_HOST: usize = 253;
const LONGEST_LABEL: usize = 63;

/// The port of HTTP, where an address names none.
const HTTP: u16 = 80;

/// Where the authorities' services are: `http://HOST:PORT`. Certificates for authentication name the OCSP responder under it,
/// all certificates the practice statement.
///
/// It is HTTP: OCSP answers and revocation lists are signed, and RFC 5280 (8) warns of HTTPS there, because a client could
/// need the answer to check the server that gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceUrl {
    url: String,
    host: String,
    port: u16,
}

/// A text that is no [`ServiceUrl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceUrlError {
    /// It begins with another scheme than `http://`.
    #[error(
        "an address of certificate services begins with http:// (https would need a certificate to check a certificate)"
    )]
    Scheme,
    /// The host is no name and no address.
    #[error(
        "the host of an address is a name of letters, digits, hyphens and dots, an IPv4 address, or an IPv6 address in []"
    )]
    Host,
    /// The port is no number from 1 to 65535.
    #[error("the port of an address is a number from 1 to 65535")]
    Port,
    /// Something follows the port.
    #[error("an address of certificate services is http://HOST:PORT and nothing behind it")]
    Behind,
}

impl Default for ServiceUrl {
    /// `http://localhost:47910`: as long as the addresses that it replaces in the certificates of the test card.
    fn default() -> Self {
        Self {
            url: "http://localhost:47910".to_owned(),
            host: "localhost".to_owned(),
            port: 47_910,
        }
    }
}

impl ServiceUrl {
    /// The address of the responder for authentication certificates.
    #[must_use]
    pub fn ocsp(&self) -> String {
        format!("{}/ocsp/auth-ca", self.url)
    }

    /// The address of the practice statement.
    #[must_use]
    pub fn practice_statement(&self) -> String {
        format!("{}/cps.txt", self.url)
    }

    /// The address of the complete revocation list of an authority, by its key identifier.
    #[must_use]
    pub fn revocation_list(&self, key_identifier: &[u8]) -> String {
        format!("{}/crl/{}.crl", self.url, hex::encode(key_identifier))
    }

    /// The host as a request names it: an IPv6 address has its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, 80 where the address names none.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl FromStr for ServiceUrl {
    type Err = ServiceUrlError;

    /// A slash at the end is allowed and dropped.
    fn from_str(text: &str) -> Result<Self, ServiceUrlError> {
        let rest = text.strip_prefix("http://").ok_or(ServiceUrlError::Scheme)?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#', '@']) {
            return Err(ServiceUrlError::Behind);
        }
        let (host, port) = match authority.rfind(':') {
            Some(at) if !authority.ends_with(']') => (&authority[..at], Some(&authority[at + 1..])),
            _ => (authority, None),
        };
        if !is_host(host) {
            return Err(ServiceUrlError::Host);
        }
        let port = match port {
            None => HTTP,
            Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
                let port = digits.parse().ok().filter(|port| *port > 0);
                port.ok_or(ServiceUrlError::Port)?
            }
            Some(_) => return Err(ServiceUrlError::Port),
        };
        Ok(Self {
            url: format!("http://{authority}"),
            host: host.to_owned(),
            port,
        })
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        let address = address
            .strip_suffix(']')
            .and_then(|address| address.parse::<Ipv6Addr>().ok());
        return address.is_some();
    }
    let is_label = |label: &str| {
        let bytes = label.as_bytes();
        let hyphen_outside = bytes.first() == Some(&b'-') || bytes.last() == Some(&b'-');
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        (1..=LONGEST_LABEL).contains(&bytes.len()) && !hyphen_outside && bytes.iter().all(allowed)
    };
    // A name doesn't end with a number: what looks like an IPv4 address is one (RFC 3696, 2).
    let last = host.rsplit('.').next().unwrap_or_default();
    let like_an_address = last.bytes().all(|digit| digit.is_ascii_digit());
    host.len() <= LONGEST_HOST
        && host.split('.').all(is_label)
        && (!like_an_address || host.parse::<Ipv4Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_perhaps_a_port() {
        for (text, url, host, port) in [
            ("http://localhost:47910", "http://localhost:47910", "localhost", 47_910),
            (
                "http://ocsp.example.test/",
                "http://ocsp.example.test",
                "ocsp.example.test",
                80,
            ),
            ("http://127.0.0.1:1", "http://127.0.0.1:1", "127.0.0.1", 1),
            ("http://[::1]:65535/", "http://[::1]:65535", "[::1]", 65_535),
            ("http://[2001:db8::1]", "http://[2001:db8::1]", "[2001:db8::1]", 80),
        ] {
            let parsed: ServiceUrl = text.parse().unwrap();
            assert_eq!(
                (parsed.to_string().as_str(), parsed.host(), parsed.port()),
                (url, host, port)
            );
        }
        assert_eq!("http://localhost:47910".parse(), Ok(ServiceUrl::default()));
    }

    #[test]
    fn what_is_no_address_is_refused_with_its_rule() {
        let long = format!("http://{}", "a.".repeat(127) + "aa");
        for (text, rule) in [
            ("https://localhost:47910", ServiceUrlError::Scheme),
            ("localhost:47910", ServiceUrlError::Scheme),
            ("HTTP://localhost", ServiceUrlError::Scheme),
            ("", ServiceUrlError::Scheme),
            ("http://", ServiceUrlError::Host),
            ("http://:47910", ServiceUrlError::Host),
            ("http://a b:1", ServiceUrlError::Host),
            ("http://a..b", ServiceUrlError::Host),
            ("http://-a", ServiceUrlError::Host),
            ("http://認証局.test", ServiceUrlError::Host),
            ("http://256.0.0.1", ServiceUrlError::Host),
            ("http://1.2.3", ServiceUrlError::Host),
            ("http://[::1", ServiceUrlError::Host),
            ("http://[localhost]:1", ServiceUrlError::Host),
            ("http://::1", ServiceUrlError::Host),
            (&long, ServiceUrlError::Host),
            ("http://localhost:0", ServiceUrlError::Port),
            ("http://localhost:65536", ServiceUrlError::Port),
            ("http://localhost:+1", ServiceUrlError::Port),
            ("http://localhost:", ServiceUrlError::Port),
            ("http://localhost:1/ocsp", ServiceUrlError::Behind),
            ("http://user@localhost:1", ServiceUrlError::Behind),
            ("http://localhost:1?x", ServiceUrlError::Behind),
        ] {
            assert_eq!(text.parse::<ServiceUrl>(), Err(rule), "{text}");
        }
    }
}
