//! Shows values as text. Control characters in a card's file are escaped, so that they can't control a terminal.

use vmyna_apdu::{Language, hex, say};
use vmyna_applets::birth::BirthDate;
use vmyna_applets::cv::KeyId;

use super::meaning::Form;

/// The longest value that is shown completely as hexadecimal digits. Of a longer one half as many bytes are shown.
const MOST: usize = 32;

/// A value in its form; as bytes if it does not have that form.
pub(crate) fn shown(value: &[u8], form: Form, language: Language) -> String {
    let known = match form {
        Form::Text => text(value),
        Form::Date => date(value),
        Form::Sex => sex(value, language),
        Form::Offsets => offsets(value),
        Form::KeyId => key_id(value),
        Form::KeyIdAndBytes => value
            .split_at_checked(KeyId::LENGTH)
            .and_then(|(id, rest)| Some(format!("{}, {}", key_id(id)?, bytes(rest, language)))),
        Form::Identification => identification(value, language),
        Form::HeaderList => header_list(value, language),
        Form::Any => picture(value, language).or_else(|| text(value)),
        Form::Objects | Form::CertificateBody | Form::Bytes => None,
    };
    known.unwrap_or_else(|| bytes(value, language))
}

/// Hexadecimal digits, or the first of them.
pub(crate) fn bytes(value: &[u8], language: Language) -> String {
    let length = value.len();
    match value {
        [] => say!(language, "empty", "（空）"),
        [0xFF, rest @ ..] if rest.len() > 3 && rest.iter().all(|byte| *byte == 0xFF) => {
            say!(language, "{length} x FF", "FF×{length}")
        }
        value if value.len() <= MOST => hex::encode(value),
        value => {
            let begin = hex::encode(&value[..MOST / 2]);
            say!(language, "{begin}… ({length} bytes)", "{begin}…（{length}バイト）")
        }
    }
}

/// The line for the filler behind the contents of a file, which is `00` or `FF`; `None` if the bytes are no filler.
pub(crate) fn filler(bytes: &[u8], language: Language) -> Option<String> {
    let (byte, length) = (*bytes.first()?, bytes.len());
    let uniform = matches!(byte, 0x00 | 0xFF) && bytes.iter().all(|other| *other == byte);
    uniform.then(|| say!(language, "filler: {length} x {byte:02X}", "充填: {byte:02X}×{length}"))
}

/// UTF-8 in quotation marks; `None` if it is not UTF-8, or if a quarter or more of it are control characters.
pub(crate) fn text(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok().filter(|text| !text.is_empty())?;
    let escape = |letter: char| match letter {
        '"' | '\\' => format!("\\{letter}"),
        letter if letter.is_control() => letter.escape_default().to_string(),
        letter => letter.to_string(),
    };
    let unreadable = text.chars().filter(|letter| letter.is_control()).count();
    (unreadable * 4 < text.chars().count()).then(|| format!("\"{}\"", text.chars().map(escape).collect::<String>()))
}

/// `20361025 (2036-10-25)`.
pub(crate) fn date(value: &[u8]) -> Option<String> {
    // A birth date may have 00 for what is not known.
    let date = BirthDate::from_digits(value)?;
    Some(format!("{} ({date})", date.digits()))
}

fn sex(value: &[u8], language: Language) -> Option<String> {
    let (en, ja) = match value {
        b"0" => ("unknown", "不明"),
        b"1" => ("male", "男性"),
        b"2" => ("female", "女性"),
        b"9" => ("other", "適用不能"),
        _ => return None,
    };
    let digit = char::from(value[0]);
    Some(say!(language, "{digit} ({en})", "{digit}（{ja}）"))
}

fn offsets(value: &[u8]) -> Option<String> {
    let (offsets, []) = value.as_chunks::<2>() else {
        return None;
    };
    let offsets: Vec<_> = offsets
        .iter()
        .map(|offset| u16::from_be_bytes(*offset).to_string())
        .collect();
    Some(offsets.join(", "))
}

/// A key id: `7000034/001`, and its last four bytes if they are not zero.
pub(crate) fn key_id(value: &[u8]) -> Option<String> {
    KeyId::from_bytes(value).ok().map(|id| id.to_string())
}

fn identification(value: &[u8], language: Language) -> Option<String> {
    let [version, lengths, vendor, vendor_byte] = value else {
        return None;
    };
    Some(say!(
        language,
        "specification version {version:02X}, extended Lc and Le {lengths:02X}, vendor {vendor:02X} {vendor_byte:02X}",
        "仕様バージョン{version:02X}、拡張Lc・Le {lengths:02X}、ベンダ{vendor:02X} {vendor_byte:02X}"
    ))
}

/// Tags and lengths without values: `42 issuer 16, 5F20 subject 16, … bytes`.
fn header_list(mut list: &[u8], language: Language) -> Option<String> {
    let mut entries = Vec::new();
    while let [first, rest @ ..] = list {
        let (tag, rest) = match rest {
            [second, rest @ ..] if first & 0x1F == 0x1F => (format!("{first:02X}{second:02X}"), rest),
            rest => (format!("{first:02X}"), rest),
        };
        let (length, rest) = match rest {
            [0x82, high, low, rest @ ..] => (u16::from_be_bytes([*high, *low]), rest),
            [length @ 0..0x80, rest @ ..] => (u16::from(*length), rest),
            _ => return None,
        };
        let (en, ja) = match tag.as_str() {
            "42" => (" issuer", " 発行者"),
            "5F20" => (" subject", " 被証明者"),
            "5F49" => (" public key", " 公開鍵"),
            _ => ("", ""),
        };
        entries.push(say!(language, "{tag}{en} {length}", "{tag}{ja} {length}"));
        list = rest;
    }
    let (en, ja) = (entries.join(", "), entries.join("、"));
    Some(say!(language, "{en} bytes", "{ja}バイト"))
}

/// The format and size of a picture.
pub(crate) fn picture(value: &[u8], language: Language) -> Option<String> {
    png(value, language).or_else(|| jp2(value, language))
}

/// Reads the header chunk, which has a fixed position (PNG specification, 5.6).
fn png(value: &[u8], language: Language) -> Option<String> {
    let header = value.strip_prefix(b"\x89PNG\r\n\x1A\n")?.get(8..18)?;
    let (numbers, [depth, _]) = header.as_chunks::<4>() else {
        return None;
    };
    let [width, height] = [numbers[0], numbers[1]].map(u32::from_be_bytes);
    let length = value.len();
    Some(say!(
        language,
        "PNG {width} x {height}, {depth} bit, {length} bytes",
        "PNG {width}×{height}、{depth}ビット、{length}バイト"
    ))
}

/// Reads the image header box inside the header box (ISO/IEC 15444-1, I.5.3).
fn jp2(value: &[u8], language: Language) -> Option<String> {
    let is_jp2 = value.starts_with(b"\0\0\0\x0CjP  \r\n\x87\n");
    let header = is_jp2.then(|| find_box(value, b"jp2h")).flatten()?;
    let image = find_box(header, b"ihdr")?;
    let (numbers, _) = image.get(..8)?.as_chunks::<4>();
    let [height, width] = [numbers[0], numbers[1]].map(u32::from_be_bytes);
    let length = value.len();
    Some(say!(
        language,
        "JPEG 2000 {width} x {height}, {length} bytes",
        "JPEG 2000 {width}×{height}、{length}バイト"
    ))
}

/// The contents of the first box with this type.
fn find_box<'a>(mut boxes: &'a [u8], wanted: &[u8; 4]) -> Option<&'a [u8]> {
    loop {
        let (length, rest) = boxes.split_first_chunk::<4>()?;
        let (kind, _) = rest.split_first_chunk::<4>()?;
        let length = match u32::from_be_bytes(*length) {
            // The box extends to the end.
            0 => boxes.len(),
            length => length as usize,
        };
        let contents = boxes.get(8..length)?;
        if kind == wanted {
            return Some(contents);
        }
        boxes = &boxes[length..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn control_characters_of_a_text_are_escaped() {
        let shown = text("\u{1b}]0;title\u{7}見本 and some more text".as_bytes()).unwrap();
        assert_eq!(shown, "\"\\u{1b}]0;title\\u{7}見本 and some more text\"");
        assert_eq!(text(b"\0\x01\x02"), None);
        assert_eq!(text(&[0xFF, 0xFE]), None);
    }

    #[test]
    fn a_value_without_its_form_is_shown_as_bytes() {
        assert_eq!(super::shown(b"20251301", Form::Date, Language::En), "3230323531333031");
        assert_eq!(super::shown(b"7", Form::Sex, Language::En), "37");
        assert_eq!(super::shown(&[0, 1, 2], Form::Offsets, Language::En), "000102");
        assert_eq!(super::shown(&[], Form::Text, Language::En), "empty");
        assert_eq!(super::shown(&[0xFF; 16], Form::Bytes, Language::En), "16 x FF");
    }

    proptest! {
        #[test]
        fn no_value_makes_it_panic(value in proptest::collection::vec(any::<u8>(), 0..80)) {
            for form in [Form::Any, Form::HeaderList, Form::KeyIdAndBytes, Form::Identification, Form::Offsets, Form::Date] {
                let shown = super::shown(&value, form, Language::Ja);
                prop_assert!(!shown.chars().any(char::is_control));
            }
            let boxes = [b"\0\0\0\x0CjP  \r\n\x87\n", &value[..]].concat();
            let _ = picture(&boxes, Language::En);
        }
    }
}
