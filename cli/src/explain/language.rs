//! `--lang`: the language of the commands that explain in sentences: `explain`, `apdu --why`, `files` and `conformance`.
//! `show` and `pin` are tables that name everything in both languages at once. Help, errors and files are English.
//!
//! Must never follow the locale: what a command says is pasted into tests, issues and documents, and must be the same on
//! every machine.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

pub(crate) use vmyna_conformance::text;
pub(crate) use vmyna_conformance::text::{Language, Text};

/// `en` or `ja`, as typed.
pub(crate) fn parser() -> impl TypedValueParser<Value = Language> {
    let values = [("en", "English"), ("ja", "日本語")].map(|(name, help)| PossibleValue::new(name).help(help));
    PossibleValuesParser::new(values).map(|name| match name.as_str() {
        "ja" => Language::Ja,
        _ => Language::En,
    })
}

/// A text in this language, from two format strings.
macro_rules! say {
    ($language:expr, $en:literal, $ja:literal) => {
        match $language {
            $crate::explain::language::Language::En => format!($en),
            $crate::explain::language::Language::Ja => format!($ja),
        }
    };
}
pub(crate) use say;
