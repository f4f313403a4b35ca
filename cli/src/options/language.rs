//! `--lang`: the language of the commands that explain in sentences: `explain`, `apdu --why`, `files`, `verify`,
//! `conformance` and `ap`, and of the table of `life`.
//! `show` and `pin` print tables that name everything in both languages at once. Help, errors and files are in English.
//!
//! Must never follow the locale: the output of a command is pasted into tests, issues and documents, and must be the same on
//! every machine.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
pub(crate) use vmyna_apdu::{Language, say};

/// `en` or `ja`, as typed.
pub(crate) fn parser() -> impl TypedValueParser<Value = Language> {
    let values = [("en", "English"), ("ja", "日本語")].map(|(name, help)| PossibleValue::new(name).help(help));
    PossibleValuesParser::new(values).map(|name| match name.as_str() {
        "ja" => Language::Ja,
        _ => Language::En,
    })
}
