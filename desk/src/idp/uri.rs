//! Redirect URIs: which ones can be registered, their origin, and answers appended to them.

use crate::http::encode;

/// The origin of an `http` or `https` URI, like `http://127.0.0.1:3000`.
pub(super) fn origin(uri: &str) -> Option<&str> {
    let scheme = ["http://", "https://"]
        .into_iter()
        .find(|scheme| uri.starts_with(scheme))?;
    let host = uri.get(scheme.len()..)?;
    let end = host.find(['/', '?', '#']).unwrap_or(host.len());
    uri.get(..scheme.len() + end)
}

/// Checks a redirect URI of a registration. Requests are compared with it byte for byte, so a trick can only be in here.
///
/// # Errors
/// The rule that it breaks.
pub(super) fn check_redirect(uri: &str) -> Result<(), &'static str> {
    if uri.is_empty() || uri.len() > 255 {
        return Err("a redirect URI has 1 to 255 characters");
    }
    let allowed = |byte: u8| byte.is_ascii_graphic() && !b"\"'<>\\^`{|}".contains(&byte);
    if !uri.bytes().all(allowed) {
        return Err("a redirect URI has ASCII characters of URIs only: others are escaped by %");
    }
    let origin = origin(uri).ok_or("a redirect URI begins with http:// or https://")?;
    if uri.contains('#') {
        return Err("a redirect URI has no fragment");
    }
    let host = origin.split_once("://").map_or("", |(_, host)| host);
    if host.contains('@') {
        return Err("a redirect URI has no user name");
    }
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let literal = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
    };
    let is_host = match literal {
        Some(literal) => literal.parse::<std::net::Ipv6Addr>().is_ok(),
        None => is_name(name),
    };
    if !is_host || port.is_some_and(|port| port.parse::<u16>().is_err() || port.starts_with('+')) {
        return Err("a redirect URI names a host, and a port as a number");
    }
    if uri.starts_with("http://") && !matches!(name, "localhost" | "127.0.0.1" | "[::1]") {
        return Err("a redirect URI on another machine begins with https://");
    }
    Ok(())
}

/// The URI with these parameters behind its own ones.
pub(super) fn with_query(uri: &str, parameters: &[(&str, &str)]) -> String {
    let before = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{before}{}", encode(parameters))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_uri_is_one_of_this_machine_or_of_https() {
        for uri in [
            "http://127.0.0.1:47921/callback",
            "http://localhost/cb?x=1",
            "http://[::1]:80/",
            "https://rp.example/oidc/callback",
            "https://rp.example:8443/a%2Fb",
            "http://127.0.0.1:3000",
        ] {
            assert_eq!(check_redirect(uri), Ok(()), "{uri}");
        }
        let long = format!("https://rp.example/{}", "a".repeat(240));
        for uri in [
            "",
            "/callback",
            "//rp.example/",
            "rp:/callback",
            "javascript:alert(1)",
            "data:text/html,x",
            "http://rp.example/",
            "http://127.0.0.1.rp.example/",
            "http://localhost@rp.example/",
            "https://user:word@rp.example/",
            "https://rp.example/#fragment",
            "https://rp.example/a b",
            "https://rp.example/\r\nX: 1",
            "https://rp.example/見本",
            "https://rp.example\\@other.example/",
            "https:///callback",
            "https://[::g]/",
            "https://rp.example:99999/",
            "https://rp.example:+80/",
            "HTTP://127.0.0.1/",
            &long,
        ] {
            assert!(check_redirect(uri).is_err(), "{uri:?}");
        }
    }

    #[test]
    fn an_answer_is_appended_to_the_query_that_is_there() {
        let parameters = [("code", "a-b_c"), ("state", "x y&z=%\"<\u{7E}")];
        assert_eq!(
            with_query("https://rp.example/cb", &parameters),
            "https://rp.example/cb?code=a-b_c&state=x%20y%26z%3D%25%22%3C~"
        );
        assert_eq!(with_query("https://a/?b=1", &[("c", "2")]), "https://a/?b=1&c=2");
    }

    #[test]
    fn the_origin_of_a_uri_ends_before_its_path() {
        assert_eq!(origin("http://[::1]:3000/cb"), Some("http://[::1]:3000"));
        assert_eq!(origin("https://rp.example?x"), Some("https://rp.example"));
        assert_eq!(origin("ftp://rp.example"), None);
    }
}
