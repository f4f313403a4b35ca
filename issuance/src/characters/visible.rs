//! The characters that no text of a card may have, because a reader doesn't see them.

use vmyna_apdu::Text;
use vmyna_apdu::foreign::{is_variation_selector, is_visible};

/// A character that no text may have, and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("character {position} is {}, {}", super::shown(*.character), .fault.english())]
pub struct BadCharacter {
    /// Which character of the text it is, from 1, by code points.
    pub position: usize,
    /// The character.
    pub character: char,
    fault: Fault,
}

impl BadCharacter {
    /// The error in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        let (position, shown) = (self.position, super::shown(self.character));
        let why = self.fault.japanese();
        Text {
            en: self.to_string(),
            ja: format!("{position}文字目の{shown}は{why}"),
        }
    }
}

/// What is wrong with a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Control,
    LoneSelector,
    LoneAccent,
    Direction,
    Invisible,
    Noncharacter,
}

impl Fault {
    const fn english(self) -> &'static str {
        match self {
            Self::Control => "a control character",
            Self::LoneSelector => "a variation selector that follows no kanji",
            Self::LoneAccent => "an accent that follows no letter",
            Self::Direction => "which changes the direction of writing",
            Self::Invisible => "which can't be seen",
            Self::Noncharacter => "a code point without a character",
        }
    }

    const fn japanese(self) -> &'static str {
        match self {
            Self::Control => "制御文字です",
            Self::LoneSelector => "漢字の後にない異体字セレクターです",
            Self::LoneAccent => "文字の後にないアクセント記号です",
            Self::Direction => "文字の向きを変える符号です",
            Self::Invisible => "目に見えない文字です",
            Self::Noncharacter => "文字のない符号位置です",
        }
    }
}

/// Looks for characters that no text may have: controls, signs that can't be seen or change the direction of writing,
/// variation selectors that follow no Han character, accents that follow no character, and code points that are none.
///
/// # Errors
/// The first of them.
pub fn check(text: &str) -> Result<(), BadCharacter> {
    let mut before = None;
    for (at, character) in text.chars().enumerate() {
        if let Some(fault) = fault(before, character) {
            return Err(BadCharacter {
                position: at + 1,
                character,
                fault,
            });
        }
        before = Some(character);
    }
    Ok(())
}

fn fault(before: Option<char>, character: char) -> Option<Fault> {
    if character.is_control() {
        return Some(Fault::Control);
    }
    if is_variation_selector(character) {
        let follows_a_han_character = before.is_some_and(is_han);
        return (!follows_a_han_character).then_some(Fault::LoneSelector);
    }
    if is_accent(character) {
        let follows_a_letter = before.is_some_and(|before| !before.is_whitespace());
        return (!follows_a_letter).then_some(Fault::LoneAccent);
    }
    if changes_direction(character) {
        return Some(Fault::Direction);
    }
    if !is_visible(character) {
        return Some(Fault::Invisible);
    }
    is_noncharacter(character).then_some(Fault::Noncharacter)
}

/// Accents and voicing marks that join the character before them.
pub(crate) const fn is_accent(character: char) -> bool {
    matches!(character, '\u{0300}'..='\u{034E}' | '\u{0350}'..='\u{036F}' | '\u{3099}' | '\u{309A}')
}

/// Unicode's script Han, as far as it has code points for single characters.
const fn is_han(character: char) -> bool {
    matches!(character,
        '\u{2E80}'..='\u{2FD5}' | '々' | '〇' | '\u{3021}'..='\u{3029}' | '\u{3038}'..='\u{303B}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFD}')
}

/// Unicode's bidirectional format characters.
const fn changes_direction(character: char) -> bool {
    matches!(character, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

const fn is_noncharacter(character: char) -> bool {
    matches!(character, '\u{FDD0}'..='\u{FDEF}') || character as u32 & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_cannot_be_seen_is_found_with_its_place() {
        for (text, position, code, why) in [
            ("見\u{7}本", 2, "U+0007", "a control character"),
            ("\u{9B}", 1, "U+009B", "a control character"),
            ("見本　\u{200B}花子", 4, "U+200B", "which can't be seen"),
            ("\u{FEFF}見本", 1, "U+FEFF", "which can't be seen"),
            ("見本\u{2028}", 3, "U+2028", "which can't be seen"),
            ("見本\u{E0001}", 3, "U+E0001", "which can't be seen"),
            ("見\u{202E}本", 2, "U+202E", "which changes the direction of writing"),
            ("見\u{2067}本", 2, "U+2067", "which changes the direction of writing"),
            (
                "ミ\u{E0100}",
                2,
                "U+E0100",
                "a variation selector that follows no kanji",
            ),
            ("\u{E0100}", 1, "U+E0100", "a variation selector that follows no kanji"),
            (
                "葛\u{E0100}\u{E0101}",
                3,
                "U+E0101",
                "a variation selector that follows no kanji",
            ),
            ("1\u{FE0F}", 2, "U+FE0F", "a variation selector that follows no kanji"),
            ("　\u{301}", 2, "U+0301", "an accent that follows no letter"),
            ("\u{FFFE}", 1, "U+FFFE", "a code point without a character"),
            ("\u{3FFFF}", 1, "U+3FFFF", "a code point without a character"),
        ] {
            let bad = check(text).unwrap_err();
            assert_eq!(bad.to_string(), format!("character {position} is {code}, {why}"));
        }
    }

    #[test]
    fn what_can_be_seen_passes() {
        for text in [
            "",
            "髙橋　𩸽",
            "葛\u{E0100}飾\u{E01EF}",
            "𠮷\u{FE00}",
            "e\u{301}",
            "①㈱😀",
            "\u{E000}",
            "a b\u{A0}c",
        ] {
            assert_eq!(check(text), Ok(()), "{text:?}");
        }
    }
}
