//! A reading (振り仮名) in Roman letters, for the names of cards. Hepburn spelling without marks for long vowels.

/// The reading of a name, lower case, its parts joined by hyphens: `sato-yui` from サトウ　ユイ. Only letters and hyphens;
/// what is no katakana is left out.
pub(super) fn roman(kana: &str) -> String {
    let mut roman = String::with_capacity(kana.len());
    let mut doubled = false;
    for part in kana.split('　').filter(|part| !part.is_empty()) {
        if !roman.is_empty() {
            roman.push('-');
        }
        let mut characters = part.chars().peekable();
        while let Some(character) = characters.next() {
            if character == 'ッ' {
                doubled = true;
                continue;
            }
            if let Some(glide) = glide(character) {
                // シュ is shu, キュ kyu, ティ ti: the small letter gives the vowel.
                roman.pop();
                let soft = roman.ends_with("sh") || roman.ends_with("ch") || roman.ends_with('j');
                roman.push_str(if soft { glide.trim_start_matches('y') } else { glide });
                continue;
            }
            let syllable = syllable(character);
            // ノウ is a long vowel, ノウエ is not: a word begins with ウエ.
            let long = match syllable {
                "u" => roman.ends_with(['o', 'u']) && characters.peek() != Some(&'エ'),
                "o" => roman.ends_with('o'),
                _ => false,
            };
            if long {
                continue;
            }
            if std::mem::take(&mut doubled) {
                let first = if syllable.starts_with("ch") {
                    "t"
                } else {
                    syllable.get(..1).unwrap_or_default()
                };
                roman.push_str(first);
            }
            roman.push_str(syllable);
        }
    }
    roman
}

const fn glide(small: char) -> Option<&'static str> {
    Some(match small {
        'ャ' => "ya",
        'ュ' => "yu",
        'ョ' => "yo",
        'ァ' => "a",
        'ィ' => "i",
        'ゥ' => "u",
        'ェ' => "e",
        'ォ' => "o",
        _ => return None,
    })
}

fn syllable(kana: char) -> &'static str {
    const KANA: &str = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン\
        ガギグゲゴザジズゼゾダヂヅデドバビブベボパピプペポヴ";
    const ROMAN: [&str; 72] = [
        "a", "i", "u", "e", "o", "ka", "ki", "ku", "ke", "ko", "sa", "shi", "su", "se", "so", "ta", "chi", "tsu", "te",
        "to", "na", "ni", "nu", "ne", "no", "ha", "hi", "fu", "he", "ho", "ma", "mi", "mu", "me", "mo", "ya", "yu",
        "yo", "ra", "ri", "ru", "re", "ro", "wa", "o", "n", "ga", "gi", "gu", "ge", "go", "za", "ji", "zu", "ze", "zo",
        "da", "ji", "zu", "de", "do", "ba", "bi", "bu", "be", "bo", "pa", "pi", "pu", "pe", "po", "vu",
    ];
    let at = KANA.chars().position(|one| one == kana);
    at.and_then(|at| ROMAN.get(at).copied()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_becomes_letters_with_long_vowels_written_once() {
        for (kana, expected) in [
            ("サトウ　ユイ", "sato-yui"),
            ("オオノ　ショウタロウ", "ono-shotaro"),
            ("ハットリ　リュウノスケ", "hattori-ryunosuke"),
            ("ババ　ジュンイチ", "baba-junichi"),
            ("ホッチ　ミヅキ", "hotchi-mizuki"),
            ("イノウエ　キヨシ", "inoue-kiyoshi"),
            ("グエン　ティ　ラン", "guen-ti-ran"),
            ("スミス　ジェームズ", "sumisu-jemuzu"),
            ("", ""),
            ("見本", ""),
        ] {
            assert_eq!(roman(kana), expected);
        }
    }
}
