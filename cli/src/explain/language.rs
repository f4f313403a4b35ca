//! Texts in two languages, side by side, so that neither is forgotten when the other changes.

use clap::ValueEnum;

/// A language to explain in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// English
    #[default]
    En,
    /// 日本語
    Ja,
}

/// The same in each language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) en: String,
    pub(crate) ja: String,
}

impl Text {
    /// What needs no translation.
    pub(crate) fn same(text: impl Into<String>) -> Self {
        let en = text.into();
        Self { ja: en.clone(), en }
    }

    /// The text in this language.
    pub(crate) fn say(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Ja => &self.ja,
        }
    }
}

/// A text from two format strings; what stands in their braces is a variable.
macro_rules! text {
    ($en:literal, $ja:literal) => {
        $crate::explain::language::Text {
            en: format!($en),
            ja: format!($ja),
        }
    };
}
pub(crate) use text;
