//! Characters: which of them a certificate carries, and what stands in the place of others (代替文字).
//!
//! The certificates' set is JIS X 0208 (levels 1 and 2) and JIS X 0212 (補助漢字), some 13,000 characters (`documented`: the
//! profile's rule as quoted by a client's notes; Mito's answer to "what is 代替文字情報"), here with printable ASCII for
//! names in Latin letters (`assumed`). Both sets come from the EUC-JP coder of the encoding standard, which knows them.
//! Which substitute a town hall chooses is its own table, not published: the one here has well-known forms only
//! (`assumed`), and 〓 for everything else.
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
//!
//! This module must never refuse a text: whether it suits its field is for others to say.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

use encoding_rs::{EUC_JP, Encoder, EncoderResult};

/// 〓, the mark in the place of a character that has no substitute of its own.
pub const GETA: char = '〓';

/// Characters outside the set, each followed by its form that is in it. Those which Unicode calls compatibility ideographs
/// are written by number: a program that normalises this file would make them the other form.
const VARIANTS: &str = "\
    髙高𠮷吉𣘺橋栁柳黑黒橫横閒間瀨瀬德徳淸清靑青吿告增増寬寛巢巣悅悦敎教昻昂綠緑緖緒\
    薰薫賴頼郞郎鄕郷甁瓶𡈽土愠慍\
    \u{F928}廊\u{F929}朗\u{F936}虜\u{F970}殺\u{F9D0}類\u{F9DC}隆\u{FA10}塚\u{FA11}崎\u{FA12}晴\u{FA15}煕\
    \u{FA16}猪\u{FA17}益\u{FA18}礼\u{FA19}神\u{FA1A}祥\u{FA1B}福\u{FA1C}靖\u{FA1D}精\u{FA1E}羽\u{FA22}諸\
    \u{FA25}逸\u{FA26}都\u{FA2A}飯\u{FA2B}飼\u{FA2C}館\u{FA2D}鶴\u{FA2F}隷\u{FA30}侮\u{FA31}僧\u{FA32}免\
    \u{FA33}勉\u{FA34}勤\u{FA35}卑\u{FA36}喝\u{FA37}嘆\u{FA38}器\u{FA39}塀\u{FA3A}墨\u{FA3B}層\u{FA3C}屮\
    \u{FA3D}悔\u{FA3E}慨\u{FA3F}憎\u{FA40}懲\u{FA41}敏\u{FA42}既\u{FA43}暑\u{FA44}梅\u{FA45}海\u{FA46}渚\
    \u{FA47}漢\u{FA48}煮\u{FA4A}琢\u{FA4B}碑\u{FA4C}社\u{FA4D}祉\u{FA4E}祈\u{FA4F}祐\u{FA50}祖\u{FA51}祝\
    \u{FA52}禍\u{FA53}禎\u{FA54}穀\u{FA55}突\u{FA56}節\u{FA57}練\u{FA58}縉\u{FA59}繁\u{FA5A}署\u{FA5B}者\
    \u{FA5C}臭\u{FA5F}著\u{FA60}褐\u{FA61}視\u{FA62}謁\u{FA63}謹\u{FA64}賓\u{FA65}贈\u{FA67}逸\u{FA68}難\
    \u{FA69}響\u{FA6A}頻\u{FA6B}恵\u{FA6D}舘";

/// A text as a certificate carries it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// The text.
    pub text: String,
    /// Which of its characters (counted from 0, ascending) are substitutes.
    pub replaced: Vec<usize>,
    /// How they came about, one a substitute, in words, e.g. `髙 (U+9AD9) becomes 高`.
    pub remarks: Vec<String>,
}

/// A name (氏名): blanks between its parts become one U+3000 each.
#[must_use]
pub fn name(text: &str) -> Carried {
    carried(&single_blanks(&same_for_a_reader(text)))
}

/// An address (住所): as a name, and ASCII becomes full width, as the card writes addresses.
#[must_use]
pub fn address(text: &str) -> Carried {
    let wide: String = same_for_a_reader(text).chars().map(full_width).collect();
    carried(&single_blanks(&wide))
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

/// Whether the certificates' set has the character.
#[must_use]
pub fn is_carried(character: char) -> bool {
    matches!(character, ' '..='~') || is_jis_x_0208(character) || JIS_X_0212.contains(&character)
}

/// A character for a message: itself where it can be seen, and its code point.
#[must_use]
pub fn shown(character: char) -> String {
    let code = u32::from(character);
    // Anything else might be invisible, or steer the terminal.
    if character.is_alphanumeric() || character.is_ascii_punctuation() || is_jis_x_0208(character) {
        format!("{character} (U+{code:04X})")
    } else {
        format!("U+{code:04X}")
    }
}

/// Replaces what a certificate cannot carry.
fn carried(text: &str) -> Carried {
    let mut carried = Carried::default();
    let mut length = 0;
    for character in text.chars() {
        // This module leaves control characters in their place, because `Person::check` refuses them.
        if is_carried(character) || character.is_control() {
            carried.text.push(character);
            length += 1;
            continue;
        }
        let mut remark = shown(character);
        if belongs_to_the_one_before(character) {
            let Some(at) = usize::checked_sub(length, 1) else {
                continue;
            };
            remark.push_str(" is left out");
            if carried.replaced.last() != Some(&at) {
                carried.replaced.push(at);
            }
        } else {
            let substitute = substitute(character);
            // Writing to a text can't fail.
            let _ = write!(remark, " becomes {substitute}");
            carried.replaced.push(length);
            carried.text.push(substitute);
            length += 1;
        }
        carried.remarks.push(remark);
    }
    carried
}

fn substitute(character: char) -> char {
    let mut variants = VARIANTS.chars();
    while let (Some(variant), Some(common)) = (variants.next(), variants.next()) {
        if variant == character {
            return common;
        }
    }
    GETA
}

/// Variation selectors and accents: they choose or change the form of the character before them.
const fn belongs_to_the_one_before(character: char) -> bool {
    matches!(character,
        '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' | '\u{0300}'..='\u{036F}' | '\u{3099}' | '\u{309A}')
}

/// Signs that cannot be seen and change nothing here: soft hyphen, zero-width blanks, joiners and marks of direction.
const fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{00AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// One spelling for what is one text to a reader.
fn same_for_a_reader(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len());
    for character in text.chars().filter(|c| !is_invisible(*c)) {
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
            '亜', '熙', '々', '〇', '　', 'А', '邉', '邊', GETA, '彅', '濵', '鷗', 'é', 'A', '~',
        ] {
            assert!(is_carried(character), "{character}");
        }
        // The forms of one maker (①, 髙, ㈱) and of later standards (瀨, 德, 𠮷), half-width ones, controls, signs.
        for character in ['①', '髙', '\u{FA11}', '㈱', '瀨', '德', '𠮷', 'ﾊ', '\u{7F}', '\n', '😀'] {
            assert!(!is_carried(character), "{character:?}");
        }
    }

    #[test]
    fn every_variant_in_the_table_is_missing_from_the_set_and_its_substitute_is_in_it() {
        assert_eq!(VARIANTS.chars().count() % 2, 0);
        let characters: Vec<char> = VARIANTS.chars().collect();
        for pair in characters.chunks(2) {
            assert!(
                !is_carried(pair[0]),
                "{} (U+{:04X}) is carried",
                pair[0],
                u32::from(pair[0])
            );
            assert!(
                is_jis_x_0208(pair[1]),
                "{} (U+{:04X}) is not carried",
                pair[1],
                u32::from(pair[1])
            );
        }
    }

    #[test]
    fn a_character_outside_the_set_is_replaced_and_its_place_told() {
        let carried = name("髙橋　𠮷子");
        assert_eq!(carried.text, "高橋　吉子");
        assert_eq!(carried.replaced, [0, 3]);
        assert_eq!(carried.remarks, ["髙 (U+9AD9) becomes 高", "𠮷 (U+20BB7) becomes 吉"]);
        assert_eq!(name("見本　鷗").replaced, []);
        let geta = name("見本　𪚥");
        assert_eq!((geta.text.as_str(), geta.replaced), ("見本　〓", vec![3]));
    }

    #[test]
    fn a_variation_selector_is_left_out_and_its_character_counts_as_replaced() {
        let carried = name("葛\u{E0100}飾　花子");
        assert_eq!((carried.text.as_str(), carried.replaced), ("葛飾　花子", vec![0]));
        assert_eq!(carried.remarks, ["U+E0100 is left out"]);
        // One character, two reasons: reported twice, counted once.
        let twice = name("髙\u{E0100}橋");
        assert_eq!(
            (twice.text.as_str(), twice.replaced, twice.remarks.len()),
            ("高橋", vec![0], 2)
        );
        assert_eq!(name("\u{FE00}見本").text, "見本");
    }

    #[test]
    fn what_is_the_same_for_a_reader_is_changed_without_a_word() {
        for (written, expected) in [
            ("見本 花子", "見本　花子"),
            (" 見本  　花子　", "見本　花子"),
            ("ﾐﾎﾝ ｶﾞｯﾊﾟ", "ミホン　ガッパ"),
            ("か\u{3099}ぱ\u{200B}ほ\u{309A}", "がぱぽ"),
            ("ｳﾞｧﾝ", "ヴァン"),
            ("MIHON JOHN", "MIHON　JOHN"),
        ] {
            let carried = name(written);
            assert_eq!(carried.text, expected);
            assert_eq!((carried.replaced, carried.remarks), (vec![], vec![]));
        }
        assert_eq!(address("見本町1-2−3〜4").text, "見本町１－２－３～４");
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
        fn a_carried_text_has_only_characters_of_the_set_and_carries_itself(
            text in proptest::collection::vec(any::<char>().prop_filter("no controls", |c| !c.is_control()), 0..40)
        ) {
            let text: String = text.into_iter().collect();
            for carry in [name, address] {
                let carried = carry(&text);
                prop_assert!(carried.text.chars().all(is_carried), "{:?}", carried);
                prop_assert!(carried.replaced.is_sorted_by(|one, next| one < next));
                let length = carried.text.chars().count();
                prop_assert!(carried.replaced.iter().all(|at| *at < length));
                prop_assert_eq!(carried.replaced.is_empty(), carried.remarks.is_empty());
                let again = carry(&carried.text);
                prop_assert_eq!(&again.text, &carried.text);
                prop_assert!(again.replaced.is_empty());
            }
        }
    }
}
