//! The reference of the format as Markdown, made of the table of the format.

use std::fmt::Write as _;

use vmyna_apdu::Language;

use super::form::{Form, Record, Words};
use super::table::FILE;

/// The reference of the format, field by field, in Markdown: a section for each table.
#[must_use]
pub fn reference(language: Language) -> String {
    let mut page = String::new();
    let mut seen = Vec::new();
    section(&FILE, language, &mut page, &mut seen);
    page
}

fn say(words: Words, language: Language) -> &'static str {
    match language {
        Language::En => words.en,
        Language::Ja => words.ja,
    }
}

/// A record and then those in it, each once.
fn section(record: &'static Record, language: Language, page: &mut String, seen: &mut Vec<&'static str>) {
    if seen.contains(&record.name) {
        return;
    }
    seen.push(record.name);
    let head = match language {
        Language::En => "| Key | Value | Meaning |\n|---|---|---|\n",
        Language::Ja => "| キー | 値 | 意味 |\n|---|---|---|\n",
    };
    // Writing to a `String` can't fail.
    let _ = write!(
        page,
        "### `{}`\n\n{}\n\n{head}",
        record.written,
        say(record.about, language)
    );
    for field in record.fields {
        let must = if field.required { "\\*" } else { "" };
        let (value, about) = (value(field.form, language), say(field.about, language));
        let _ = writeln!(page, "| `{}`{must} | {} | {} |", field.key, cell(&value), cell(about));
    }
    if !record.one_of.is_empty() {
        let keys: Vec<String> = record.one_of.iter().map(|key| format!("`{key}`")).collect();
        let keys = keys.join(", ");
        let _ = match language {
            Language::En => write!(page, "\nExactly one of {keys} is given.\n"),
            Language::Ja => write!(page, "\n{keys}のいずれか1つだけを書く。\n"),
        };
    }
    page.push('\n');
    for field in record.fields {
        inner(field.form, language, page, seen);
    }
}

fn inner(form: &Form, language: Language, page: &mut String, seen: &mut Vec<&'static str>) {
    match form {
        Form::Table(record) => section(record, language, page, seen),
        Form::List(form, ..) | Form::Map(_, form) | Form::Named(_, form) => inner(form, language, page, seen),
        Form::Either(forms) => forms.iter().for_each(|form| inner(form, language, page, seen)),
        _ => {}
    }
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// What a value is, in a few words.
fn value(form: &Form, language: Language) -> String {
    let or = match language {
        Language::En => " or ",
        Language::Ja => "、または",
    };
    match form {
        Form::Text(shape) => say(shape.about, language).to_owned(),
        Form::Word(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            words.join(", ")
        }
        Form::True => "`true`".to_owned(),
        Form::Flag => "`true`, `false`".to_owned(),
        Form::Whole(least, most) if least == most => least.to_string(),
        Form::Whole(least, most) => format!("{least}–{most}"),
        Form::Range(least, most) => format!("[{least}–{most}, {least}–{most}]"),
        Form::List(form, _, most) => match language {
            Language::En => format!("list of at most {most}: {}", value(form, language)),
            Language::Ja => format!("{most}個までの配列: {}", value(form, language)),
        },
        Form::Table(record) => format!("`{}`", record.written),
        Form::Map(keys, form) => match language {
            Language::En => format!(
                "table; key: {}; value: {}",
                say(keys.about, language),
                value(form, language)
            ),
            Language::Ja => format!("表。キー: {}。値: {}", say(keys.about, language), value(form, language)),
        },
        Form::Either(forms) => {
            let forms: Vec<String> = forms.iter().map(|form| value(form, language)).collect();
            forms.join(or)
        }
        Form::Named("content", _) => match language {
            Language::En => "a content".to_owned(),
            Language::Ja => "内容".to_owned(),
        },
        Form::Named("condition", _) => match language {
            Language::En => "a condition".to_owned(),
            Language::Ja => "条件".to_owned(),
        },
        Form::Named(_, form) => value(form, language),
    }
}
