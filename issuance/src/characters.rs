//! Characters: which of them a card's texts have, which of those a certificate carries, and what stands in the place of the
//! others there (代替文字).
//!
//! Face, face data and input-assist have the register's own characters (`documented`: a municipality's page; `assumed` for
//! input-assist). Only certificates have a smaller set: JIS X 0208 (levels 1 and 2) and JIS X 0212 (補助漢字), some 13,000
//! characters (`documented`: the profile's rule as quoted by a client's notes; Mito's answer to "what is 代替文字情報"), here
//! with printable ASCII for names in Latin letters (`assumed`). Both sets come from the EUC-JP coder of the encoding
//! standard, which knows them.
//!
//! The cardholder chooses a substitute: a similar character or kana (`documented`: pages of Kobe and Mito). Without a
//! choice, here stands the standard form of the character (`assumed`, [`standard_form`]); where there is none, the kana of the
//! whole part of the name. 〓 never stands in a certificate.
//!
//! A variation selector belongs to the Han character before it: both are one character in the flags. The certificate has the
//! character without the selector, flagged as a substitute (`assumed`: the register's form differs). So it is with an accent
//! that has no code point together with its letter.
//!
//! Changed without a word is only what stays the same for a reader: a half-width katakana becomes full width, a letter and
//! its voicing mark one letter, a blank U+3000, and a sign with two code points the one below.
//!
//! | Sign | Kept | Other forms |
//! |---|---|---|
//! | wave dash | U+FF5E | U+301C |
//! | minus | U+FF0D | U+2212 |
//! | double vertical line | U+2225 | U+2016 |
//! | dash | U+2015 | U+2014 |
//! | cent, pound, not, yen | U+FFE0, FFE1, FFE2, FFE5 | U+00A2, 00A3, 00AC, 00A5 |
//! | hyphen | U+2010 | U+2011 |
//!
//! The kept forms are those which Japanese input on Windows gives and the encoding standard maps; what the real issuer
//! writes is not published (`assumed`).

mod substitutes;
mod variants;
mod visible;

use std::collections::HashSet;
use std::sync::LazyLock;

use encoding_rs::{EUC_JP, Encoder, EncoderResult};

pub use substitutes::{Carried, Lacking, SubstituteError, Substitutes};
pub use variants::standard_form;
pub(crate) use visible::is_accent;
pub use visible::{BadCharacter, check};

/// 〓, the mark in the place of a character that a font lacks. No certificate has it.
pub const GETA: char = '〓';

/// A name (氏名) as the register has it: blanks between its parts become one U+3000 each.
///
/// # Errors
/// The first character that no text may have.
pub fn name(text: &str) -> Result<String, BadCharacter> {
    check(text)?;
    Ok(single_blanks(&same_for_a_reader(text)))
}

/// An address (住所): as a name, and ASCII becomes full width, as the card writes addresses.
///
/// # Errors
/// As [`name`].
pub fn address(text: &str) -> Result<String, BadCharacter> {
    check(text)?;
    let wide: String = same_for_a_reader(text).chars().map(full_width).collect();
    Ok(single_blanks(&wide))
}

/// A reading (振り仮名) in full-width katakana, parts separated by one U+3000: hiragana and half-width katakana are converted.
///
/// # Errors
/// The first character that is none of them.
pub fn kana(text: &str) -> Result<String, char> {
    let converted: String = same_for_a_reader(text).chars().map(katakana).collect();
    let reading = single_blanks(&converted);
    match reading.chars().find(|c| !matches!(c, 'ァ'..='ヶ' | 'ー' | '・' | '　')) {
        Some(other) => Err(other),
        None => Ok(reading),
    }
}

/// Whether certificates carry the character. 〓 is in JIS X 0208, and yet no certificate carries it.
#[must_use]
pub fn is_carried(character: char) -> bool {
    let in_the_set = || matches!(character, ' '..='~') || is_jis_x_0208(character) || JIS_X_0212.contains(&character);
    character != GETA && in_the_set()
}

/// A character for a message: itself where it can be seen, and its code point.
#[must_use]
pub fn shown(character: char) -> String {
    let code = u32::from(character);
    if is_shown(character) {
        format!("{character} (U+{code:04X})")
    } else {
        format!("U+{code:04X}")
    }
}

/// Whether a message may show the character. Anything else might be invisible, or steer the terminal.
fn is_shown(character: char) -> bool {
    character.is_alphanumeric() || character.is_ascii_punctuation() || is_jis_x_0208(character)
}

/// One spelling for what is one text to a reader.
fn same_for_a_reader(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len());
    for character in text.chars() {
        let character = match character {
            '〜' => '～',
            '−' => '－',
            '‖' => '∥',
            '—' => '―',
            '¢' => '￠',
            '£' => '￡',
            '¬' => '￢',
            '¥' => '￥',
            '\u{2011}' => '‐',
            '｡'..='ﾟ' => full_width_katakana(character),
            blank if blank.is_whitespace() && !blank.is_control() => '　',
            other => other,
        };
        match spelled.chars().last().and_then(|before| voiced(before, character)) {
            Some(one) => {
                spelled.pop();
                spelled.push(one);
            }
            None => spelled.push(character),
        }
    }
    spelled
}

/// No blank at the ends, one between parts.
fn single_blanks(text: &str) -> String {
    let parts: Vec<&str> = text.split('　').filter(|part| !part.is_empty()).collect();
    parts.join("　")
}

/// The full-width form of printable ASCII; anything else as it is.
fn full_width(character: char) -> char {
    match character {
        '!'..='~' => char::from_u32(u32::from(character) + 0xFEE0).unwrap_or(character),
        other => other,
    }
}

/// Hiragana lie 0x60 before their katakana.
fn katakana(character: char) -> char {
    match character {
        'ぁ'..='ゖ' => char::from_u32(u32::from(character) + 0x60).unwrap_or(character),
        other => other,
    }
}

/// The full-width form of U+FF61 to U+FF9F; anything else as it is.
fn full_width_katakana(character: char) -> char {
    const FULL_WIDTH: &str = "。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン゛゜";
    let at = u32::from(character).wrapping_sub(u32::from('｡'));
    FULL_WIDTH.chars().nth(at as usize).unwrap_or(character)
}

/// The one letter that a kana and a voicing mark after it make.
fn voiced(kana: char, mark: char) -> Option<char> {
    const VOICED: &str = "かきくけこさしすせそたちつてとはひふへほカキクケコサシスセソタチツテトハヒフヘホゝヽ";
    const HALF_VOICED: &str = "はひふへほハヒフヘホ";
    let further = match mark {
        '\u{3099}' | '゛' if kana == 'ウ' => return Some('ヴ'),
        '\u{3099}' | '゛' if VOICED.contains(kana) => 1,
        '\u{309A}' | '゜' if HALF_VOICED.contains(kana) => 2,
        _ => return None,
    };
    char::from_u32(u32::from(kana) + further)
}

/// The highest code of JIS X 0208's rows in EUC-JP: its row 84; what the encoding standard adds lies in rows 13 and 89
/// to 92.
const LAST_ROW: u8 = 0xA0 + 84;

fn is_jis_x_0208(character: char) -> bool {
    let mut text = [0; 4];
    let mut code = [0; 8];
    let mut encoder: Encoder = EUC_JP.new_encoder();
    let (result, _, written) =
        encoder.encode_from_utf8_without_replacement(character.encode_utf8(&mut text), &mut code, true);
    matches!(
        (result, &code[..written]),
        (EncoderResult::InputEmpty, [0xA1..=0xA8 | 0xB0..=LAST_ROW, 0xA1..=0xFE])
    )
}

/// JIS X 0212, which the encoding standard reads but does not write.
static JIS_X_0212: LazyLock<HashSet<char>> = LazyLock::new(|| {
    let cells = (0xA1..=0xFE_u8).flat_map(|row| (0xA1..=0xFE_u8).map(move |cell| [0x8F, row, cell]));
    let character = |code: [u8; 3]| {
        let text = EUC_JP.decode_without_bom_handling_and_without_replacement(&code)?;
        text.chars().next()
    };
    cells.filter_map(character).collect()
});

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_certificates_set_is_jis_x_0208_and_0212() {
        // The standards' own counts: 6,879 with the blank, and 6,067.
        let all = || '\u{80}'..=char::MAX;
        assert_eq!(
            all().filter(|c| is_jis_x_0208(*c)).count(),
            6879 + 1,
            "U+2212 beside U+FF0D"
        );
        assert_eq!(JIS_X_0212.len(), 6067);
        for character in [
            '亜', '熙', '々', '〇', '　', 'А', '邉', '邊', '彅', '濵', '鷗', 'é', 'A', '~',
        ] {
            assert!(is_carried(character), "{character}");
        }
        // The forms of one maker (①, 髙, ㈱) and of later standards (瀨, 德, 𠮷), half-width ones, controls, signs.
        for character in [
            GETA, '①', '髙', '\u{FA11}', '㈱', '瀨', '德', '𠮷', 'ﾊ', '\u{7F}', '\n', '😀',
        ] {
            assert!(!is_carried(character), "{character:?}");
        }
    }

    #[test]
    fn what_is_the_same_for_a_reader_is_changed_without_a_word() {
        for (written, expected) in [
            ("見本 花子", "見本　花子"),
            (" 見本  　花子　", "見本　花子"),
            ("ﾐﾎﾝ ｶﾞｯﾊﾟ", "ミホン　ガッパ"),
            ("か\u{3099}ぱほ\u{309A}", "がぱぽ"),
            ("ｳﾞｧﾝ", "ヴァン"),
            ("MIHON JOHN", "MIHON　JOHN"),
        ] {
            assert_eq!(name(written).as_deref(), Ok(expected));
        }
        assert_eq!(address("見本町1-2−3〜4").as_deref(), Ok("見本町１－２－３～４"));
        // The register's characters stay.
        for kept in ["髙橋　𩸽", "葛\u{E0100}飾", "\u{FA19}田　①", "\u{E000}"] {
            assert_eq!(name(kept).as_deref(), Ok(kept));
        }
    }

    #[test]
    fn a_reading_becomes_full_width_katakana_or_names_what_it_cannot_be() {
        assert_eq!(kana("みほん はなこ").as_deref(), Ok("ミホン　ハナコ"));
        assert_eq!(kana("ﾐﾎﾝ　ｼﾞｮｰﾝﾞ"), Err('゛'));
        assert_eq!(kana("ミホン・ヴィー").as_deref(), Ok("ミホン・ヴィー"));
        assert_eq!(kana("ミホン花子"), Err('花'));
        assert_eq!(kana("Mihon"), Err('M'));
        assert_eq!(kana("").as_deref(), Ok(""));
    }

    #[test]
    fn a_message_shows_no_character_that_would_steer_a_terminal() {
        for character in ['\u{1B}', '\u{9B}', '\u{202E}', '\u{200B}', '\u{300}', '\n'] {
            assert_eq!(shown(character), format!("U+{:04X}", u32::from(character)));
        }
    }

    proptest! {
        #[test]
        fn a_text_of_the_register_is_one_of_itself(
            text in proptest::collection::vec(any::<char>().prop_filter("seen", |c| check(&c.to_string()).is_ok()), 0..40)
        ) {
            let text: String = text.into_iter().collect();
            for form in [name, address] {
                let first = form(&text).unwrap();
                let again = form(&first);
                prop_assert_eq!(again.as_ref(), Ok(&first));
                prop_assert!(!first.starts_with('　') && !first.ends_with('　') && !first.contains("　　"));
            }
        }
    }
}
