//! Texts for people in two languages side by side, so that both change together. Files for machines get the English.

use core::fmt;

/// A language for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Japanese, 日本語.
    Ja,
}

/// One text in each language. `Display` writes the English.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// In English.
    pub en: String,
    /// In Japanese.
    pub ja: String,
}

impl Text {
    /// A text that needs no translation.
    #[must_use]
    pub fn same(text: impl Into<String>) -> Self {
        let en = text.into();
        Self { ja: en.clone(), en }
    }

    /// The text in this language.
    #[must_use]
    pub fn say(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Ja => &self.ja,
        }
    }

    /// The text behind `place`, which needs no translation.
    #[must_use]
    pub fn at(self, place: &str) -> Self {
        Self {
            en: format!("{place}: {}", self.en),
            ja: format!("{place}: {}", self.ja),
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.en)
    }
}

/// An English text without a translation.
impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::same(text)
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.en
    }
}

/// A [`Text`](crate::Text) from two format strings; names in their braces are variables.
#[macro_export]
macro_rules! text {
    ($en:literal, $ja:literal) => {
        $crate::Text {
            en: format!($en),
            ja: format!($ja),
        }
    };
}

/// A `String` in one language, from two format strings; names in their braces are variables.
#[macro_export]
macro_rules! say {
    ($language:expr, $en:literal, $ja:literal) => {
        match $language {
            $crate::Language::En => format!($en),
            $crate::Language::Ja => format!($ja),
        }
    };
}
