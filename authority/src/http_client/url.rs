//! The parts of an address.

use std::net::IpAddr;

/// The parts of a URL `http://HOST[:PORT][/PATH]`, without user, fragment, or characters that are no ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Url<'a> {
    host: &'a str,
    port: u16,
    path: &'a str,
}

impl<'a> Url<'a> {
    /// Takes a URL apart; `None` if it has another form.
    #[must_use]
    pub fn parse(url: &'a str) -> Option<Self> {
        let rest = url.strip_prefix("http://")?;
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if !plain(authority) || !plain(path) || authority.contains(['@', '?', '#', '\\']) || path.contains('#') {
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
        (!host.is_empty()).then_some(Self { host, port, path })
    }

    /// The host, an IPv6 address without its brackets.
    #[must_use]
    pub const fn host(&self) -> &'a str {
        self.host
    }

    /// The port; 80 if none is stated.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The path with its query, from `/` on.
    #[must_use]
    pub const fn path(&self) -> &'a str {
        self.path
    }

    /// The host as a URL writes it, an IPv6 address in brackets.
    #[must_use]
    pub fn written_host(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.to_owned(),
        }
    }

    /// The origin as a browser writes it: scheme, host, and port unless it is 80.
    #[must_use]
    pub fn origin(&self) -> String {
        let host = self.written_host().to_ascii_lowercase();
        match self.port {
            80 => format!("http://{host}"),
            port => format!("http://{host}:{port}"),
        }
    }

    /// Whether no name service is needed for the host.
    #[must_use]
    pub fn is_literal_or_localhost(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost") || self.host.parse::<IpAddr>().is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_cut_into_host_port_and_path() {
        let parts = |url| Url::parse(url).map(|url| (url.host, url.port, url.path));
        assert_eq!(
            parts("http://localhost:47910/ocsp/auth-ca"),
            Some(("localhost", 47910, "/ocsp/auth-ca"))
        );
        assert_eq!(parts("http://127.0.0.1"), Some(("127.0.0.1", 80, "/")));
        assert_eq!(parts("http://[::1]:81/a"), Some(("::1", 81, "/a")));
        assert_eq!(parts("http://[::1]/a?b"), Some(("::1", 80, "/a?b")));
        for url in [
            "",
            "https://localhost/",
            "http://",
            "http://a b/",
            "http://u@localhost/",
            "http://a:99999/",
            "http://a/\r\nX: 1",
            "http://a?b",
            "http://a#b",
            "http://a/#b",
            "http://a\\b/",
        ] {
            assert_eq!(parts(url), None, "{url:?}");
        }
    }

    #[test]
    fn an_origin_is_written_as_a_browser_does() {
        for (url, origin) in [
            ("http://localhost:47920/api/realms/main", "http://localhost:47920"),
            ("http://LOCALHOST/a", "http://localhost"),
            ("http://[::1]:81/a", "http://[::1]:81"),
        ] {
            assert_eq!(Url::parse(url).unwrap().origin(), origin);
        }
    }
}
