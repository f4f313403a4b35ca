//! Substitutes (代替文字): what a certificate has for the characters that it lacks.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use vmyna_apdu::foreign::is_variation_selector;
use vmyna_apdu::{Text, text};

use super::{full_width, is_carried, is_shown, same_for_a_reader, shown, standard_form, visible};

/// A text as a certificate carries it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Carried {
    /// The text.
    pub text: String,
    /// Which of its characters (counted from 0, ascending) are substitutes.
    pub replaced: Vec<usize>,
    /// How they came about, a sentence each, e.g. `the certificate has 高 for 髙 (U+9AD9)`.
    pub remarks: Vec<String>,
}

impl Carried {
    /// One digit a character: `1` for a substitute, else `0`.
    #[must_use]
    pub fn flags(&self) -> String {
        let mut replaced = self.replaced.iter().copied().peekable();
        let flag = |(at, _)| if replaced.next_if_eq(&at).is_some() { '1' } else { '0' };
        self.text.chars().enumerate().map(flag).collect()
    }

    fn push(&mut self, text: impl IntoIterator<Item = char>, substituted: bool) {
        let before = self.text.chars().count();
        for (at, character) in (before..).zip(text) {
            self.text.push(character);
            if substituted {
                self.replaced.push(at);
            }
        }
    }

    fn append(&mut self, other: Self) {
        let before = self.text.chars().count();
        self.text.push_str(&other.text);
        self.replaced.extend(other.replaced.iter().map(|at| before + at));
        self.remarks.extend(other.remarks);
    }
}

/// A text has characters that no certificate carries and that have no substitute.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
#[non_exhaustive]
pub struct Lacking {
    /// The characters, each once, with the selectors that belong to them.
    pub characters: Vec<String>,
}

impl Lacking {
    /// The characters with their code points, for a message.
    #[must_use]
    pub fn shown(&self) -> String {
        let shown: Vec<String> = self.characters.iter().map(|cluster| shown_cluster(cluster)).collect();
        shown.join(", ")
    }

    /// The error in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        let shown = self.shown();
        text!(
            "no certificate carries {shown}, and no substitute is known",
            "{shown}は電子証明書に記録できず、代替文字も分かりません"
        )
    }

    /// The entries for them in TOML, each with `…` for what is to be chosen: `"𩸽" = "…"`.
    #[must_use]
    pub fn entries(&self) -> String {
        let entry = |cluster: &String| {
            let mut entry = String::from("\"");
            for character in cluster.chars() {
                // Writing to a text can't fail.
                let _ = match u32::from(character) {
                    _ if is_shown(character) => write!(entry, "{character}"),
                    code @ 0..=0xFFFF => write!(entry, "\\u{code:04X}"),
                    code => write!(entry, "\\U{code:08X}"),
                };
            }
            entry + "\" = \"…\""
        };
        let entries: Vec<String> = self.characters.iter().map(entry).collect();
        entries.join(", ")
    }
}

/// Why something is no substitute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
#[non_exhaustive]
pub enum SubstituteError {
    /// What is replaced is not one character.
    NotOneCharacter,
    /// What is replaced can't be seen, and no text may have it.
    Bad(#[from] visible::BadCharacter),
    /// What is replaced is carried.
    Needless,
    /// The substitute is no text that certificates carry.
    NotCarried,
    /// There are too many.
    TooMany,
}

impl SubstituteError {
    /// The error in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::NotOneCharacter => text!(
                "a substitute stands for one character, with its variation selector if it has one",
                "代替文字で置き換えるのは1文字です（異体字セレクターがあればそれを含みます）"
            ),
            Self::Bad(bad) => {
                let Text { en, ja } = bad.text();
                text!(
                    "has a character that no text of a card may have: {en}",
                    "カードに使えない文字があります: {ja}"
                )
            }
            Self::Needless => text!(
                "certificates carry this character: it needs no substitute",
                "電子証明書に記録できる文字です。代替文字は要りません"
            ),
            Self::NotCarried => text!(
                "a substitute is 1 to {LONGEST} characters of JIS X 0208 or 0212, without blanks and without 〓",
                "代替文字はJIS X 0208か0212の1文字から{LONGEST}文字で、空白と〓は使えません"
            ),
            Self::TooMany => text!("there are at most {MOST} substitutes", "代替文字は{MOST}個までです"),
        }
    }
}

/// The longest substitute, in characters: a kanji's reading is hardly longer.
const LONGEST: usize = 8;
/// The most substitutes of a person: as many as name and address have characters.
const MOST: usize = 400;

/// The substitutes that a cardholder has chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Substitutes(BTreeMap<String, String>);

impl Substitutes {
    /// Lets `substitute` stand for `character` (with its variation selector, if it has one). A later substitute of a
    /// character replaces the earlier one.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn insert(&mut self, character: &str, substitute: &str) -> Result<(), SubstituteError> {
        visible::check(character)?;
        let mut clusters = clusters(character);
        let (Some(cluster), None) = (clusters.next(), clusters.next()) else {
            return Err(SubstituteError::NotOneCharacter);
        };
        let mut letters = cluster.chars();
        if letters.next().is_some_and(is_carried) && letters.next().is_none() {
            return Err(SubstituteError::Needless);
        }
        let substitute = same_for_a_reader(substitute);
        let carried = |character: char| is_carried(character) && !character.is_whitespace();
        if !(1..=LONGEST).contains(&substitute.chars().count()) || !substitute.chars().all(carried) {
            return Err(SubstituteError::NotCarried);
        }
        self.0.insert(cluster.to_owned(), substitute);
        if self.0.len() > MOST {
            return Err(SubstituteError::TooMany);
        }
        Ok(())
    }

    /// Whether none was chosen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The characters that have a substitute here and are in none of the texts.
    pub fn unused<'s>(&'s self, texts: &[&str]) -> impl Iterator<Item = &'s str> {
        let used = |key: &str| texts.iter().any(|text| text.contains(key));
        let keys = self.0.keys().map(String::as_str);
        keys.filter(move |key| !used(key)).collect::<Vec<_>>().into_iter()
    }

    fn get(&self, cluster: &str) -> Option<&str> {
        self.0.get(cluster).map(String::as_str)
    }

    /// A name of the register ([`super::name`]) as a certificate carries it. `kana` is its reading ([`super::kana`]), empty
    /// if there is none: a part of the name (family, given) in which a character has no substitute becomes its part of the
    /// reading.
    ///
    /// # Errors
    /// The characters without a substitute, where the reading has not as many parts as the name.
    pub fn name(&self, name: &str, kana: &str) -> Result<Carried, Lacking> {
        let parts: Vec<&str> = name.split('　').collect();
        let readings: Vec<&str> = kana.split('　').collect();
        let reading = |at: usize| {
            readings
                .get(at)
                .filter(|reading| readings.len() == parts.len() && !reading.is_empty())
        };
        let mut carried = Carried::default();
        let mut lacking: Vec<String> = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                carried.push(['　'], false);
            }
            match (self.part(part, false), reading(at)) {
                (Ok(part), _) => carried.append(part),
                (Err(without), Some(reading)) => {
                    carried.push(reading.chars(), true);
                    let why = without.shown();
                    carried.remarks.push(format!(
                        "the certificate has the kana {reading} for its part with {why}, which has no substitute"
                    ));
                }
                (Err(without), None) => lacking.extend(without.characters),
            }
        }
        match lacking.is_empty() {
            true => Ok(carried),
            false => Err(Lacking::of(lacking)),
        }
    }

    /// An address of the register ([`super::address`]) as a certificate carries it.
    ///
    /// # Errors
    /// The characters without a substitute.
    pub fn address(&self, address: &str) -> Result<Carried, Lacking> {
        self.part(address, true)
    }

    /// Replaces what a certificate lacks, character by character. In an address a substitute is written full width.
    fn part(&self, text: &str, wide: bool) -> Result<Carried, Lacking> {
        let mut carried = Carried::default();
        let mut lacking = Vec::new();
        for cluster in clusters(text) {
            let base: String = cluster.chars().take(1).collect();
            let alone = base.len() == cluster.len();
            let one = base.chars().next().unwrap_or_default();
            if let Some(chosen) = self.get(cluster).or_else(|| self.get(&base)) {
                let width = |character| if wide { full_width(character) } else { character };
                let chosen: String = chosen.chars().map(width).collect();
                carried.remarks.push(remark(cluster, &chosen));
                carried.push(chosen.chars(), true);
            } else if is_carried(one) {
                if !alone {
                    carried.remarks.push(remark(cluster, &base));
                }
                carried.push([one], !alone);
            } else if let Some(standard) = standard_form(one) {
                carried.remarks.push(remark(cluster, &standard.to_string()));
                carried.push([standard], true);
            } else {
                lacking.push(cluster.to_owned());
            }
        }
        carried.remarks.dedup();
        match lacking.is_empty() {
            true => Ok(carried),
            false => Err(Lacking::of(lacking)),
        }
    }
}

impl Lacking {
    fn of(characters: Vec<String>) -> Self {
        let mut each: Vec<String> = Vec::new();
        for character in characters {
            if !each.contains(&character) {
                each.push(character);
            }
        }
        Self { characters: each }
    }
}

fn remark(cluster: &str, substitute: &str) -> String {
    format!("the certificate has {substitute} for {}", shown_cluster(cluster))
}

/// `葛 (U+845B) with U+E0100`.
fn shown_cluster(cluster: &str) -> String {
    let shown: Vec<String> = cluster.chars().map(shown).collect();
    shown.join(" with ")
}

/// The characters of a text, each with the selectors and accents behind it.
fn clusters(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let joins = |character: char| is_variation_selector(character) || visible::is_accent(character);
        let end = rest.char_indices().skip(1).find(|(_, character)| !joins(*character));
        let (cluster, behind) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
        rest = behind;
        (!cluster.is_empty()).then_some(cluster)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::characters::{self, GETA};
    use proptest::prelude::*;

    fn chosen(pairs: &[(&str, &str)]) -> Substitutes {
        let mut substitutes = Substitutes::default();
        for (character, substitute) in pairs {
            substitutes.insert(character, substitute).unwrap();
        }
        substitutes
    }

    fn carried(name: &str, kana: &str, pairs: &[(&str, &str)]) -> (String, String) {
        let carried = chosen(pairs).name(name, kana).unwrap();
        (carried.text.clone(), carried.flags())
    }

    #[test]
    fn a_character_gets_the_chosen_substitute_or_else_its_standard_form() {
        let of = |name, pairs: &[(&str, &str)]| carried(name, "", pairs);
        let expected = |text: &str, flags: &str| (text.to_owned(), flags.to_owned());
        assert_eq!(of("髙橋　𠮷子", &[]), expected("高橋　吉子", "10010"));
        assert_eq!(of("俱知　安", &[]), expected("倶知　安", "1000"));
        assert_eq!(
            of("髙橋　𩸽", &[("𩸽", "タ"), ("髙", "タカ")]),
            expected("タカ橋　タ", "11001")
        );
        assert_eq!(of("見本　鷗", &[]), expected("見本　鷗", "0000"));
    }

    #[test]
    fn a_selector_and_its_character_are_one_character() {
        for (name, text, flags) in [
            ("葛\u{E0100}飾　花子", "葛飾　花子", "10000"),
            ("辻\u{E0101}　辻", "辻　辻", "100"),
            ("髙\u{E0100}橋", "高橋", "10"),
            ("Jose\u{301}", "Jose", "0001"),
        ] {
            assert_eq!(carried(name, "", &[]), (text.to_owned(), flags.to_owned()));
        }
        assert_eq!(carried("葛\u{E0100}", "", &[("葛\u{E0100}", "カ")]).0, "カ");
        // A choice for the character holds for all its forms.
        assert_eq!(carried("𩸽\u{E0100}", "", &[("𩸽", "ホ")]).0, "ホ");
        let remarks = Substitutes::default().name("葛\u{E0100}", "").unwrap().remarks;
        assert_eq!(remarks, ["the certificate has 葛 for 葛 (U+845B) with U+E0100"]);
    }

    #[test]
    fn a_part_without_a_substitute_is_written_in_kana_as_a_whole() {
        let name = "髙橋　𪚥子";
        assert_eq!(
            carried(name, "タカハシ　テツコ", &[]),
            ("高橋　テツコ".to_owned(), "100111".to_owned())
        );
        // Family and given name are known apart only where the reading has as many parts.
        for kana in ["", "タカハシテツコ", "タカ　ハシ　テツコ"] {
            let lacking = chosen(&[]).name(name, kana).unwrap_err();
            assert_eq!(lacking.shown(), "𪚥 (U+2A6A5)");
            assert_eq!(lacking.entries(), "\"𪚥\" = \"…\"");
        }
    }

    #[test]
    fn an_address_without_a_substitute_is_refused_with_each_character_once() {
        let address = characters::address("東京都①町1-①\u{E000}").unwrap();
        let lacking = Substitutes::default().address(&address).unwrap_err();
        assert_eq!(lacking.shown(), "① (U+2460), U+E000");
        assert_eq!(lacking.entries(), "\"①\" = \"…\", \"\\uE000\" = \"…\"");
        let carried = chosen(&[("①", "1"), ("\u{E000}", "ホ")]).address(&address).unwrap();
        assert_eq!(
            (carried.text.as_str(), carried.flags().as_str()),
            ("東京都１町１－１ホ", "000100011")
        );
    }

    #[test]
    fn geta_is_no_substitute_and_needs_one() {
        let geta = GETA.to_string();
        assert!(Substitutes::default().name(&geta, "").is_err());
        assert_eq!(
            Substitutes::default().insert("𩸽", &geta),
            Err(SubstituteError::NotCarried)
        );
        assert_eq!(carried(&geta, "ホ", &[]), ("ホ".to_owned(), "1".to_owned()));
    }

    #[test]
    fn what_is_no_substitute_is_refused() {
        for (character, substitute, error) in [
            ("", "タ", SubstituteError::NotOneCharacter),
            ("髙橋", "高", SubstituteError::NotOneCharacter),
            ("高", "タ", SubstituteError::Needless),
            ("髙", "", SubstituteError::NotCarried),
            ("髙", "𠮷", SubstituteError::NotCarried),
            ("髙", "タ　カ", SubstituteError::NotCarried),
            ("髙", "タカタカタカタカタ", SubstituteError::NotCarried),
        ] {
            assert_eq!(
                Substitutes::default().insert(character, substitute),
                Err(error),
                "{character}"
            );
        }
        assert!(matches!(
            Substitutes::default().insert("\u{200B}", "タ"),
            Err(SubstituteError::Bad(_))
        ));
        assert_eq!(
            chosen(&[("髙", "ﾀｶ"), ("𩸽", "ホ")])
                .unused(&["髙橋"])
                .collect::<Vec<_>>(),
            ["𩸽"]
        );
    }

    /// A text of letters that certificates carry, of variants, selectors, accents, and of anything.
    fn text() -> impl Strategy<Value = String> {
        let letters = prop_oneof![
            4 => prop::sample::select("見本花子髙𠮷俱葛ァーア鷗①𩸽〓A１　".chars().collect::<Vec<_>>()),
            1 => prop::sample::select(vec!['\u{E0100}', '\u{E01EF}', '\u{FE00}', '\u{301}', '\u{3099}']),
            1 => prop::sample::select(vec!['\u{200B}', '\u{202E}', '\u{FEFF}', '\n']),
            2 => any::<char>(),
        ];
        prop::collection::vec(letters, 0..12).prop_map(|letters| letters.into_iter().collect())
    }

    proptest! {
        #[test]
        fn a_text_is_carried_with_its_flags_or_refused_with_its_places(
            written in text(), kana in "[ァ-ヶ　]{0,8}", chosen in prop::collection::vec((text(), text()), 0..3),
        ) {
            let mut substitutes = Substitutes::default();
            for (character, substitute) in chosen {
                let _ = substitutes.insert(&character, &substitute);
            }
            let kana = characters::kana(&kana).unwrap();
            for name in [true, false] {
                let form = if name { characters::name } else { characters::address };
                let register = match form(&written) {
                    Ok(register) => register,
                    Err(bad) => {
                        prop_assert_eq!(written.chars().nth(bad.position - 1), Some(bad.character));
                        continue;
                    }
                };
                let carried = if name { substitutes.name(&register, &kana) } else { substitutes.address(&register) };
                match carried {
                    Ok(carried) => {
                        prop_assert!(carried.text.chars().all(|c| is_carried(c) && c != GETA), "{:?}", carried);
                        prop_assert_eq!(carried.flags().chars().count(), carried.text.chars().count());
                        prop_assert_eq!(carried.flags().matches('1').count(), carried.replaced.len());
                        prop_assert_eq!(carried.replaced.is_empty(), carried.remarks.is_empty());
                        // What is not flagged is the register's, in its order.
                        let kept = carried.text.chars().zip(carried.flags().chars().collect::<Vec<_>>());
                        let mut rest = register.chars();
                        for (character, _) in kept.filter(|(_, flag)| *flag == '0') {
                            prop_assert!(rest.any(|other| other == character), "{:?} of {:?}", carried, register);
                        }
                        if carried.replaced.is_empty() {
                            prop_assert_eq!(&carried.text, &register);
                        }
                    }
                    Err(lacking) => {
                        prop_assert!(!lacking.characters.is_empty());
                        for cluster in lacking.characters {
                            prop_assert!(register.contains(&cluster) && !is_carried(cluster.chars().next().unwrap()));
                        }
                    }
                }
            }
        }
    }
}
