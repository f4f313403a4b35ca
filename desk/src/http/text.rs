//! Foreign text: in pages, and in forms.

use percent_encoding::percent_decode_str;

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

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
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
    fn a_malformed_form_is_refused() {
        for body in [&b"a=%"[..], b"a=%4", b"a=%zz", b"%E8=1", b"a=\xE8", b"a=%1%41"] {
            assert!(form(body).is_none(), "{body:?}");
        }
    }
}
