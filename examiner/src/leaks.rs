//! Looks for PINs and My Numbers in what a program has printed and left in files, in the forms in which programs write bytes.
//!
//! Short values occur by chance: one of less than eight characters counts as plain text only between characters that are
//! neither letters nor digits. The module must never return what it found, only where and in which form.

use std::fmt;

use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding};
use regex::bytes::Regex;
use vmyna_apdu::{Text, text};
use zeroize::Zeroizing;

/// A form in which a program writes bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Form {
    /// As they are.
    Plain,
    /// Hexadecimal digits, with or without separators.
    Hexadecimal,
    /// Base64, wherever in its groups the value begins.
    Base64,
    /// Decimal numbers, as lists of bytes are printed.
    DecimalList,
    /// Full-width letters and digits.
    FullWidth,
}

impl Form {
    /// Its name for people.
    #[must_use]
    pub fn name(self) -> Text {
        match self {
            Self::Plain => text!("as plain text", "そのままの文字"),
            Self::Hexadecimal => text!("in hexadecimal digits", "16進数"),
            Self::Base64 => text!("in base64", "Base64"),
            Self::DecimalList => text!("as a list of decimal numbers", "10進数の並び"),
            Self::FullWidth => text!("in full-width characters", "全角文字"),
        }
    }
}

/// A value that is looked for. `Debug` shows nothing.
pub struct Secret(Vec<(Form, Regex)>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// A value of ASCII characters. `None` for one of less than four, which is everywhere.
    #[must_use]
    pub fn new(value: &str) -> Option<Self> {
        /// A shorter one occurs by chance.
        const LONG: usize = 8;
        if value.len() < 4 || !value.is_ascii() {
            return None;
        }
        let bytes = value.as_bytes();
        let escaped = Zeroizing::new(regex::escape(value));
        let plain = match value.len() < LONG {
            true => format!("(?-u)(?:^|[^0-9A-Za-z]){}(?:$|[^0-9A-Za-z])", *escaped),
            false => escaped.to_string(),
        };
        let joined = |separator: &str, one: &dyn Fn(&u8) -> String| {
            let all: Vec<String> = bytes.iter().map(one).collect();
            all.join(separator)
        };
        let hexadecimal = joined(r"[ \t:,_-]{0,2}(?:0x|\\x)?", &|byte| format!("{byte:02x}"));
        let decimal = joined(r"[^0-9A-Za-z]{1,3}", &|byte| byte.to_string());
        let full_width: String = value.chars().filter_map(full_width).collect();
        let patterns = [
            (Form::Plain, plain),
            (Form::Hexadecimal, format!("(?i-u){hexadecimal}")),
            (Form::Base64, base64(bytes)),
            (Form::DecimalList, format!("(?-u)(?:^|[^0-9]){decimal}(?:$|[^0-9])")),
            (Form::FullWidth, regex::escape(&full_width)),
        ];
        let patterns = patterns
            .into_iter()
            .map(|(form, pattern)| Some((form, Regex::new(&pattern).ok()?)));
        patterns.collect::<Option<_>>().map(Self)
    }

    /// The first form in which it is in these bytes.
    #[must_use]
    pub fn find(&self, bytes: &[u8]) -> Option<Form> {
        let found = self.0.iter().find(|(_, pattern)| pattern.is_match(bytes));
        found.map(|(form, _)| *form)
    }
}

/// The letter or digit of double width (U+FF01 on).
fn full_width(letter: char) -> Option<char> {
    char::from_u32(u32::from(letter) + 0xFEE0)
}

/// What base64 has of the value wherever it begins, without the characters that also depend on its neighbours.
fn base64(bytes: &[u8]) -> String {
    let mut forms: Vec<String> = Vec::new();
    for before in 0..3 {
        let padded = [&[0; 2][..before], bytes].concat();
        let dropped = [0, 2, 3][before];
        let whole = padded.len() * 8 / 6;
        for text in [
            Base64Unpadded::encode_string(&padded),
            Base64UrlUnpadded::encode_string(&padded),
        ] {
            let form = regex::escape(text.get(dropped..whole).unwrap_or(&text));
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    forms.join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_in_every_form() {
        for (value, text, form) in [
            ("1234", "PIN: 1234\n", Form::Plain),
            ("1234", "00200080 04 31323334", Form::Hexadecimal),
            ("ABC123", "41:42:43:31:32:33", Form::Hexadecimal),
            ("ABC123", "0x41, 0x42, 0x43, 0x31, 0x32, 0x33", Form::Hexadecimal),
            ("ABC123", r"\x41\x42\x43\x31\x32\x33", Form::Hexadecimal),
            ("ABC123", "[65, 66, 67, 49, 50, 51]", Form::DecimalList),
            ("123456789018", "no. 123456789018.", Form::Plain),
            ("123456789018", "個人番号１２３４５６７８９０１８", Form::FullWidth),
        ] {
            assert_eq!(Secret::new(value).unwrap().find(text.as_bytes()), Some(form), "{text}");
        }
        for before in ["", "a", "ab", "abc"] {
            let text = Base64Unpadded::encode_string(format!("{before}ABC123 and more").as_bytes());
            assert_eq!(
                Secret::new("ABC123").unwrap().find(text.as_bytes()),
                Some(Form::Base64),
                "{text}"
            );
        }
    }

    #[test]
    fn what_only_looks_like_a_short_value_is_not() {
        let secret = Secret::new("1234").unwrap();
        for text in [
            "12345",
            "81234",
            "id1234",
            "1 2 3 4",
            "0x31 0x32 0x33",
            "149, 50, 51, 52",
        ] {
            assert_eq!(secret.find(text.as_bytes()), None, "{text}");
        }
        assert!(Secret::new("123").is_none());
        assert_eq!(format!("{secret:?}"), "Secret");
    }
}
