//! What is told to people, in two languages side by side, so that neither is forgotten when the other changes. Machines get
//! the English.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A language to tell something in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Japanese, 日本語.
    Ja,
}

/// The same in each language. As a text and in files it is the English.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Text {
    /// In English.
    pub en: String,
    /// In Japanese.
    pub ja: String,
}

impl Text {
    /// What needs no translation.
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

    /// The same behind `place`, which needs no translation.
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

/// A text that is told in English only.
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

/// A [`Text`] from two format strings; what stands in their braces is a variable.
#[macro_export]
macro_rules! text {
    ($en:literal, $ja:literal) => {
        $crate::text::Text {
            en: format!($en),
            ja: format!($ja),
        }
    };
}
