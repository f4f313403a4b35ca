//! Foreign text: in pages, and in forms.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use zeroize::Zeroizing;

/// What a query and a form escape: all but the unreserved characters (RFC 3986, 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The text as it may stand in HTML, between tags and in quoted values of attributes.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The names and values of a form or a query (`application/x-www-form-urlencoded`), in their order, doubled ones too; `None` if
/// it is not UTF-8 or has a `%` without two hexadecimal digits.
#[must_use]
pub fn form(body: &[u8]) -> Option<Vec<(String, String)>> {
    let text = str::from_utf8(body).ok()?;
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name)?, decode(value)?))
        })
        .collect()
}

/// Whether no name is there twice: of two values two programs could each take another one.
#[must_use]
pub fn is_each_once(fields: &[(String, String)]) -> bool {
    let mut names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1])
}

/// Whether a request's body is stated to be a form.
#[must_use]
pub fn is_form(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    media_type
        .trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Writes names and values as a query or a form.
#[must_use]
pub fn encode(pairs: &[(&str, &str)]) -> String {
    let encoded = |text| utf8_percent_encode(text, ESCAPED);
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    pairs.join("&")
}

fn decode(text: &str) -> Option<String> {
    // It can be a PIN.
    let spaced = Zeroizing::new(text.replace('+', " "));
    let mut pieces = spaced.split('%');
    pieces.next();
    let is_whole = |piece: &str| {
        let mut digits = piece.bytes().take(2);
        digits.len() == 2 && digits.all(|digit| digit.is_ascii_hexdigit())
    };
    if !pieces.all(is_whole) {
        return None;
    }
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_a_page_has_no_markup() {
        assert_eq!(
            escape("<a href='x' title=\"y\">&見本"),
            "&lt;a href=&#39;x&#39; title=&quot;y&quot;&gt;&amp;見本"
        );
    }

    #[test]
    fn a_form_is_read_with_doubled_and_empty_values() {
        let read = form(b"a=1&b=%E8%A6%8B+%2B&a=&&c").unwrap();
        let read: Vec<_> = read
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(read, [("a", "1"), ("b", "見 +"), ("a", ""), ("c", "")]);
        assert_eq!(form(b"").unwrap(), []);
    }

    #[test]
    fn what_is_written_has_no_character_that_ends_a_value_and_is_read_back() {
        let written = encode(&[("a b", "見&=+%\r\n"), ("c", "-._~")]);
        assert_eq!(written, "a%20b=%E8%A6%8B%26%3D%2B%25%0D%0A&c=-._~");
        let read = form(written.as_bytes()).unwrap();
        assert_eq!(read[0], ("a b".to_owned(), "見&=+%\r\n".to_owned()));
    }

    #[test]
    fn a_doubled_name_is_noticed_wherever_it_is() {
        let of = |body: &[u8]| is_each_once(&form(body).unwrap());
        assert!(of(b"") && of(b"a=1&b=1&ab=1"));
        assert!(!of(b"a=1&b=2&a=1") && !of(b"a&%61"));
    }

    #[test]
    fn a_form_is_known_by_its_media_type() {
        let of = |value: &str| is_form(&HeaderMap::from_iter([(CONTENT_TYPE, value.parse().unwrap())]));
        assert!(of("application/x-www-form-urlencoded") && of("Application/X-WWW-Form-Urlencoded; charset=utf-8"));
        assert!(!of("text/plain") && !of("application/json") && !is_form(&HeaderMap::new()));
    }

    #[test]
    fn a_malformed_form_is_refused() {
        for body in [&b"a=%"[..], b"a=%4", b"a=%zz", b"%E8=1", b"a=\xE8", b"a=%1%41"] {
            assert!(form(body).is_none(), "{body:?}");
        }
    }
}
