//! What an answer is compared with: status words, bytes, lengths and shapes of TLV objects, each with room for what differs
//! from card to card. Must never say more of the data in a complaint than its length and the place that differs.

use vmyna_apdu::{Text, text};

/// Whether a status word fits, e.g. `9000`, `63CX`, `6985|6700`.
pub(crate) fn status_word_fits(pattern: &str, sw: u16) -> bool {
    let digits = format!("{sw:04X}");
    pattern.split('|').any(|one| {
        one.len() == 4
            && one
                .bytes()
                .zip(digits.bytes())
                .all(|(expected, digit)| expected == b'X' || expected == digit)
    })
}

/// Whether a pattern for a status word makes sense.
pub(crate) fn check_status_word(pattern: &str) -> Result<(), String> {
    let fits = |one: &str| {
        one.len() == 4
            && one
                .bytes()
                .all(|c| c == b'X' || c.is_ascii_digit() || (b'A'..=b'F').contains(&c))
    };
    match pattern.split('|').all(fits) {
        true => Ok(()),
        false => Err(format!(
            "\"{pattern}\" is no status word: four of 0-9, A-F and X, alternatives with | between"
        )),
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Compares data with hexadecimal digits, `?` for any digit, a final `*` for any further bytes.
pub(crate) fn bytes_fit(pattern: &str, data: &[u8]) -> Result<(), Text> {
    let pattern: String = pattern.chars().filter(|c| !c.is_whitespace()).collect();
    let (digits, open) = match pattern.strip_suffix('*') {
        Some(digits) => (digits, true),
        None => (pattern.as_str(), false),
    };
    let expected = digits.len().div_ceil(2);
    if data.len() < expected || (!open && data.len() > expected) {
        let length = data.len();
        return Err(match open {
            true => text!(
                "{length} bytes of data, expected at least {expected}",
                "データが{length}バイト、期待値は{expected}バイト以上"
            ),
            false => text!(
                "{length} bytes of data, expected {expected}",
                "データが{length}バイト、期待値は{expected}バイト"
            ),
        });
    }
    for (at, (pair, byte)) in digits.as_bytes().chunks(2).zip(data).enumerate() {
        let shown = format!("{byte:02X}");
        if !pair
            .iter()
            .zip(shown.bytes())
            .all(|(expected, digit)| *expected == b'?' || expected.eq_ignore_ascii_case(&digit))
        {
            let wanted = String::from_utf8_lossy(pair);
            return Err(text!(
                "byte {at} of the data is not {wanted}",
                "データの{at}バイト目（先頭は0）が{wanted}ではない"
            ));
        }
    }
    Ok(())
}

/// Compares a length with `160` or `1..256`.
pub(crate) fn length_fits(pattern: &str, length: usize) -> Result<(), Text> {
    let number = |text: &str| text.parse::<usize>().map_err(|_| format!("\"{pattern}\" is no length"));
    let (least, most) = match pattern.split_once("..") {
        Some((least, most)) => (number(least)?, number(most)?),
        None => (number(pattern)?, number(pattern)?),
    };
    match (least..=most).contains(&length) {
        true => Ok(()),
        false => Err(text!(
            "{length} bytes of data, expected {pattern}",
            "データが{length}バイト、期待値は{pattern}バイト"
        )),
    }
}

/// Whether bytes behind an object are filler: cards were seen with `00` and with `FF`.
pub(crate) fn is_filler(bytes: &[u8]) -> bool {
    [0x00, 0xFF]
        .iter()
        .any(|filler| bytes.iter().all(|byte| byte == filler))
}

/// Reads one object as the card writes them: a tag of one or more bytes, a length below 128 in one byte or any other as
/// `81 ll` or `82 hhll`. Gives tag, value and what follows.
pub(crate) fn read_tlv(data: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let (first, mut rest) = data.split_first()?;
    let mut tag = u32::from(*first);
    if first & 0x1F == 0x1F {
        loop {
            let (next, behind) = rest.split_first()?;
            (tag, rest) = (tag.checked_mul(0x100)? | u32::from(*next), behind);
            if next & 0x80 == 0 {
                break;
            }
        }
    }
    let (length, rest) = match rest {
        [length @ 0..=0x7F, rest @ ..] => (usize::from(*length), rest),
        [0x81, length, rest @ ..] => (usize::from(*length), rest),
        [0x82, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        _ => return None,
    };
    Some((tag, rest.get(..length)?, rest.get(length..)?))
}

/// The first object of this tag, looked for also inside others: its value.
pub(crate) fn find_tlv(data: &[u8], wanted: u32) -> Option<&[u8]> {
    let mut rest = data;
    while let Some((tag, value, behind)) = read_tlv(rest) {
        if tag == wanted {
            return Some(value);
        }
        if let Some(found) = find_tlv(value, wanted) {
            return Some(found);
        }
        rest = behind;
    }
    None
}

/// Compares data with a shape: `TAG`, `TAG:LENGTH`, `TAG{…}`, one after the other; `FF*` at the end for filler,
/// which is `FF` or `00`.
pub(crate) fn shape_fits(pattern: &str, data: &[u8]) -> Result<(), Text> {
    let mut rest = pattern.trim();
    let left = shape(&mut rest, data)?;
    match (rest.trim(), left) {
        ("", []) => Ok(()),
        ("FF*", filler) if is_filler(filler) => Ok(()),
        ("", more) => {
            let count = more.len();
            Err(text!(
                "{count} bytes follow the objects of {pattern}",
                "{pattern}のオブジェクトの後に{count}バイト続く"
            ))
        }
        _ => Err(text!(
            "what follows the objects is not as in {pattern}",
            "オブジェクトの後の部分が{pattern}のとおりではない"
        )),
    }
}

fn shape<'a>(pattern: &mut &str, mut data: &'a [u8]) -> Result<&'a [u8], Text> {
    loop {
        *pattern = pattern.trim_start();
        if pattern.is_empty() || pattern.starts_with('}') || *pattern == "FF*" {
            return Ok(data);
        }
        let end = pattern.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(pattern.len());
        let (digits, mut rest) = pattern.split_at(end);
        let wanted = u32::from_str_radix(digits, 16).map_err(|_| format!("\"{pattern}\" is no tag"))?;
        let Some((tag, value, behind)) = read_tlv(data) else {
            return Err(text!("there is no object {digits}", "オブジェクト{digits}がない"));
        };
        if tag != wanted {
            return Err(text!(
                "there is an object {tag:X} where {digits} should be",
                "{digits}があるべき所にオブジェクト{tag:X}がある"
            ));
        }
        if let Some(length) = rest.strip_prefix(':') {
            let end = length
                .find(|c: char| !c.is_ascii_digit() && c != '.')
                .unwrap_or(length.len());
            let (length, behind) = length.split_at(end);
            length_fits(length, value.len())
                .map_err(|Text { en, ja }| text!("object {digits}: {en}", "オブジェクト{digits}: {ja}"))?;
            rest = behind;
        }
        if let Some(inner) = rest.strip_prefix('{') {
            let mut inner = inner;
            let left = shape(&mut inner, value)?;
            if !left.is_empty() {
                let more = left.len();
                return Err(text!(
                    "object {digits} holds {more} bytes more than its objects",
                    "オブジェクト{digits}に、中のオブジェクトのほか{more}バイトある"
                ));
            }
            rest = inner
                .strip_prefix('}')
                .ok_or_else(|| "a closing } is missing".to_owned())?;
        }
        (*pattern, data) = (rest, behind);
    }
}

/// What shape data have, as far as they are TLV objects: tags and lengths, no contents.
pub(crate) fn outline(data: &[u8]) -> String {
    let Some((tag, value, behind)) = read_tlv(data).filter(|(_, value, _)| !value.is_empty()) else {
        return format!("{} bytes", data.len());
    };
    let mut objects = Vec::new();
    // Tags of the card's files: FF10 to FF5F, 7F21, and those inside; anything else is bytes that look like a tag. 6F is a
    // whole answer: a random signature can begin with it.
    if matches!(tag, 0xFF10..=0xFF5F | 0x7F21) || tag == 0x6F && behind.is_empty() {
        let mut rest = value;
        while let Some((tag, value, behind)) = read_tlv(rest).filter(|(tag, ..)| *tag > 0x80) {
            objects.push(format!("{tag:X}:{}", value.len()));
            rest = behind;
        }
        return format!("{} bytes: {tag:X}{{{}}}", data.len(), objects.join(" "));
    }
    format!("{} bytes", data.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_words_fit_their_masks_only() {
        assert!(status_word_fits("63CX", 0x63C4) && !status_word_fits("63CX", 0x6300));
        assert!(status_word_fits("6985|6700", 0x6700) && !status_word_fits("6985|6700", 0x9000));
        assert!(check_status_word("63C").is_err() && check_status_word("63cx").is_err());
    }

    #[test]
    fn bytes_fit_with_their_masks() {
        for (pattern, data, fits) in [
            ("8F8F00", &[0x8F, 0x8F, 0][..], true),
            ("8F8F00", &[0x8F, 0x8F, 1], false),
            ("8F8F00", &[0x8F, 0x8F], false),
            ("8F ?? ?0", &[0x8F, 0x12, 0x30], true),
            ("8F*", &[0x8F, 1, 2, 3], true),
            ("8F", &[0x8F, 1], false),
        ] {
            assert_eq!(bytes_fit(pattern, data).is_ok(), fits, "{pattern}");
        }
    }

    #[test]
    fn shapes_fit_the_objects_their_lengths_and_nothing_else() {
        let data = [0xFF, 0x20, 9, 0xDF, 0x21, 2, 0, 1, 0xDF, 0x25, 1, 0x31, 0xFF, 0xFF];
        assert_eq!(shape_fits("FF20{DF21:2 DF25:1}FF*", &data), Ok(()));
        assert_eq!(shape_fits("FF20{DF21:1..2 DF25}FF*", &data), Ok(()));
        let zeros = [&data[..12], &[0; 5]].concat();
        assert_eq!(shape_fits("FF20{DF21:2 DF25}FF*", &zeros), Ok(()));
        assert!(shape_fits("FF20{DF21:2 DF25}FF*", &[&zeros[..], &[1]].concat()).is_err());
        for wrong in [
            "FF20{DF21:3 DF25}FF*",
            "FF20{DF21:2}FF*",
            "FF20{DF21 DF25 DF26}FF*",
            "FF20",
            "FF30",
            "FF20{DF25 DF21}FF*",
        ] {
            assert!(shape_fits(wrong, &data).is_err(), "{wrong}");
        }
        assert_eq!(outline(&data), "14 bytes: FF20{DF21:2 DF25:1}");
        assert_eq!(outline(&[0x6F, 3, 0x84, 1, 0xA0]), "5 bytes: 6F{84:1}");
        assert_eq!(outline(&[0x6F, 1, 0x84, 0xC3, 0xA0]), "5 bytes");
    }
}
