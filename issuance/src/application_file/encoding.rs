//! The character encodings of texts.

use encoding_rs::EUC_JP;

/// A character encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Ascii,
    /// Big-endian, without a mark.
    Utf16,
    JisX0201,
    JisX0208,
}

/// The encoding lacks a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lacks {
    /// Which character of the text, from 1.
    pub(super) at: usize,
    pub(super) character: char,
}

impl Encoding {
    pub(super) fn find(word: &str) -> Option<Self> {
        Some(match word {
            "utf-8" => Self::Utf8,
            "ascii" => Self::Ascii,
            "utf-16" => Self::Utf16,
            "jis-x-0201" => Self::JisX0201,
            "jis-x-0208" => Self::JisX0208,
            _ => return None,
        })
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Ascii => "ASCII",
            Self::Utf16 => "UTF-16",
            Self::JisX0201 => "JIS X 0201",
            Self::JisX0208 => "JIS X 0208",
        }
    }

    /// The bytes of a text.
    pub(super) fn encode(self, text: &str) -> Result<Vec<u8>, Lacks> {
        let mut bytes = Vec::with_capacity(text.len());
        for (at, character) in (1..).zip(text.chars()) {
            let lacks = Lacks { at, character };
            match self {
                Self::Utf8 => bytes.extend(character.encode_utf8(&mut [0; 4]).as_bytes()),
                Self::Ascii => bytes.push(u8::try_from(character).ok().filter(u8::is_ascii).ok_or(lacks)?),
                Self::Utf16 => {
                    let units = &mut [0; 2];
                    bytes.extend(character.encode_utf16(units).iter().flat_map(|unit| unit.to_be_bytes()));
                }
                Self::JisX0201 => bytes.push(jis_x_0201(character).ok_or(lacks)?),
                Self::JisX0208 => bytes.extend(jis_x_0208(character).ok_or(lacks)?),
            }
        }
        Ok(bytes)
    }
}

/// ASCII with ¥ and ‾ in place of \ and ~, and the half-width katakana.
fn jis_x_0201(character: char) -> Option<u8> {
    match character {
        '¥' => Some(0x5C),
        '‾' => Some(0x7E),
        '\\' | '~' => None,
        '\0'..='\u{7F}' => u8::try_from(character).ok(),
        // U+FF61 (｡) to U+FF9F (ﾟ) are A1 to DF.
        '\u{FF61}'..='\u{FF9F}' => u8::try_from(u32::from(character) - 0xFF61 + 0xA1).ok(),
        _ => None,
    }
}

/// Row and cell, each with 20 added. EUC-JP has the same with the eighth bit set.
fn jis_x_0208(character: char) -> Option<[u8; 2]> {
    // The encoder's table has rows of a vendor (13, and 89 to 92), which the standard has not.
    let text = &mut [0; 4];
    let (bytes, _, unmappable) = EUC_JP.encode(character.encode_utf8(text));
    match *bytes {
        [row @ 0xA1..=0xFE, cell @ 0xA1..=0xFE] if !unmappable => {
            let (row, cell) = (row & 0x7F, cell & 0x7F);
            let in_standard = !matches!(row, 0x29..=0x2F | 0x79..=0x7C);
            in_standard.then_some([row, cell])
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_encoding_has_the_bytes_of_its_standard() {
        for (encoding, text, bytes) in [
            (Encoding::Utf8, "Aあ", &b"A\xE3\x81\x82"[..]),
            (Encoding::Ascii, "A~\\", b"A~\\"),
            (Encoding::Utf16, "Aあ𩸽", b"\x00A\x30\x42\xD8\x67\xDE\x3D"),
            (Encoding::JisX0201, "A¥‾ｱﾟ｡", b"A\x5C\x7E\xB1\xDF\xA1"),
            // 1-1, 3-17, 4-2, 16-1, 84-6
            (
                Encoding::JisX0208,
                "　１あ亜熙",
                b"\x21\x21\x23\x31\x24\x22\x30\x21\x74\x26",
            ),
        ] {
            assert_eq!(encoding.encode(text).as_deref(), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn a_character_that_an_encoding_lacks_is_named_with_its_place() {
        for (encoding, text, at, character) in [
            (Encoding::Ascii, "Tarō", 4, 'ō'),
            (Encoding::JisX0201, "ｱア", 2, 'ア'),
            (Encoding::JisX0201, "a~", 2, '~'),
            (Encoding::JisX0208, "山1", 2, '1'),
            (Encoding::JisX0208, "ｱ", 1, 'ｱ'),
            // Row 13 of a vendor, and JIS X 0213.
            (Encoding::JisX0208, "①", 1, '①'),
            (Encoding::JisX0208, "𩸽", 1, '𩸽'),
            (Encoding::JisX0208, "髙", 1, '髙'),
        ] {
            assert_eq!(encoding.encode(text), Err(Lacks { at, character }), "{text}");
        }
    }

    #[test]
    fn jis_x_0208_has_its_6879_characters() {
        let has = |character: &char| jis_x_0208(*character).is_some();
        let characters: Vec<char> = ('\0'..=char::MAX).filter(has).collect();
        let codes: std::collections::BTreeSet<_> = characters.iter().filter_map(|one| jis_x_0208(*one)).collect();
        assert_eq!(codes.len(), 6879);
    }

    proptest! {
        #[test]
        fn jis_texts_come_back_from_euc(text in "[ぁ-んァ-ヶ一-龠０-９]{0,20}") {
            if let Ok(bytes) = Encoding::JisX0208.encode(&text) {
                let euc: Vec<u8> = bytes.iter().map(|byte| byte | 0x80).collect();
                prop_assert_eq!(EUC_JP.decode(&euc).0, text);
            }
        }
    }
}
