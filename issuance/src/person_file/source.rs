//! The TOML under a person file: sections and fields with their places, and the faults that gather while they are read.
//!
//! This module knows which keys there are, not what they mean. It must never put a value into a fault, nor a key that is
//! not made of letters: the key may be a value that was written in the wrong place.

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::value::Datetime;
use vmyna_apdu::{Text, text};
use vmyna_applets::calendar::Date;
use vmyna_applets::pins;

use super::PersonFileError;
use crate::toml_file::{is_word, line_of, nearest};

/// All sections and their keys.
const SECTIONS: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "name",
            "kana",
            "address",
            "substitutes",
            "input-assist-text",
            "former-name",
            "roman-name",
            "remarks",
            "birth",
            "sex",
            "my-number",
            "residence-code",
            "security-code",
            "photo",
            "profile",
            "card-name",
            "municipality",
            "card",
            "certificates",
            "pins",
        ],
    ),
    ("municipality", &["code", "prefecture", "name", "title"]),
    ("card", &["issued", "expiry", "file_sizes", "pins", "photo", "atr"]),
    ("certificates", &["sign", "auth", "issued", "until"]),
    (
        "pins",
        &[
            pins::SIGN.name,
            pins::AUTH.name,
            pins::INPUT_ASSIST.name,
            pins::RESIDENCE.name,
            "tries-left",
        ],
    ),
    (
        TRIES_LEFT,
        &[
            pins::SIGN.name,
            pins::AUTH.name,
            pins::INPUT_ASSIST.name,
            pins::RESIDENCE.name,
            pins::COMMON.name,
            pins::CODE_A.name,
            pins::CODE_B.name,
            pins::BIRTH.name,
            pins::FACE_CODE_A.name,
            pins::FACE_CODE_B.name,
        ],
    ),
];

/// The section in which keys may also be older names of PINs.
const TRIES_LEFT: &str = "pins.tries-left";

/// The present name of a key. All other keys of more than one word are written with a hyphen, so this one may be, too.
fn present_name<'k>(section: &str, key: &'k str) -> &'k str {
    match pins::CardPin::find(key) {
        Some(pin) if section == TRIES_LEFT => pin.name,
        _ if (section, key) == ("card", "file-sizes") => "file_sizes",
        _ => key,
    }
}

/// Something was wrong, and the list of errors has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reported;

/// Where something is, or would be.
#[derive(Clone, Debug)]
pub(super) struct Place {
    field: String,
    line: Option<usize>,
}

impl Place {
    /// The whole file.
    pub(super) fn file() -> Self {
        Self {
            field: String::new(),
            line: None,
        }
    }

    /// A field that is not there.
    pub(super) fn field(section: Section<'_>, key: &str) -> Self {
        Self {
            field: section.dotted(key),
            line: None,
        }
    }
}

/// A section of the file, there or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section<'a> {
    /// Its dotted name; empty for the top.
    path: &'static str,
    table: Option<&'a DeTable<'a>>,
}

impl<'a> Section<'a> {
    pub(super) const fn top(table: &'a DeTable<'a>) -> Self {
        Self {
            path: "",
            table: Some(table),
        }
    }

    fn dotted(self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}

/// The file while it is read.
pub(super) struct Source<'a> {
    text: &'a str,
    faults: Vec<PersonFileError>,
}

impl<'a> Source<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self {
            text,
            faults: Vec::new(),
        }
    }

    /// The faults by line, those without one last.
    pub(super) fn into_faults(mut self) -> Vec<PersonFileError> {
        self.faults.sort_by_key(|fault| fault.line.unwrap_or(usize::MAX));
        self.faults
    }

    /// Notes a fault.
    pub(super) fn error(&mut self, place: Place, message: Text) -> Reported {
        self.faults.push(PersonFileError::new(place.field, place.line, message));
        Reported
    }

    /// Notes a fault for what must be there and is not.
    pub(super) fn missing(&mut self, section: Section<'_>, key: &str, what: Text) -> Reported {
        let Text { en, ja } = what;
        self.error(Place::field(section, key), text!("is missing: {en}", "必須です: {ja}"))
    }

    /// A section in another. One that is not there has no fields.
    pub(super) fn section<'t>(&mut self, parent: Section<'t>, key: &'static str) -> Result<Section<'t>, Reported> {
        let dotted = parent.dotted(key);
        let path = SECTIONS
            .iter()
            .find(|(path, _)| *path == dotted)
            .map_or("", |(path, _)| *path);
        let table = match self.value(parent, key) {
            None => None,
            Some((DeValue::Table(table), _)) => Some(table),
            Some((_, place)) => {
                let message = text!("is a section: write [{dotted}]", "セクションです。[{dotted}]と書きます");
                return Err(self.error(place, message));
            }
        };
        let section = Section { path, table };
        self.check_keys(section);
        Ok(section)
    }

    /// Notes a fault for every unknown key of a section.
    pub(super) fn check_keys(&mut self, section: Section<'_>) {
        let Some(table) = section.table else { return };
        let known = SECTIONS
            .iter()
            .find(|(path, _)| *path == section.path)
            .map_or(&[][..], |(_, keys)| *keys);
        let mut present = Vec::new();
        for key in table.keys() {
            let name = present_name(section.path, key.get_ref());
            if known.contains(&name) {
                if present.contains(&name) {
                    let place = Place {
                        field: section.dotted(key.get_ref()),
                        line: Some(self.line_of(key)),
                    };
                    let message = text!(
                        "is another name of `{name}`, which is given too: give one of them",
                        "`{name}`の別名です。両方あるので、どちらか一つにしてください"
                    );
                    self.error(place, message);
                }
                present.push(name);
                continue;
            }
            let line = self.line_of(key);
            let key = key.get_ref();
            let place = |key| Place {
                field: section.dotted(key),
                line: Some(line),
            };
            if !is_word(key) {
                let message = text!(
                    "unknown key, not shown: keys are made of letters and hyphens",
                    "知らないキーです（表示しません）。キーは英字とハイフンで書きます"
                );
                self.error(place("?"), message);
                continue;
            }
            let spelled = key.to_ascii_lowercase().replace('_', "-");
            let elsewhere = SECTIONS.iter().find(|(_, keys)| keys.contains(&spelled.as_str()));
            let nearest = nearest(&spelled, known.iter().copied());
            let Text { en, ja } = match (elsewhere, nearest) {
                (Some((path, _)), _) if !known.contains(&spelled.as_str()) => match *path {
                    "" => text!(
                        "`{spelled}` stands at the top of the file, before every [section]",
                        "`{spelled}`はファイルの先頭、どの[section]よりも前に書きます"
                    ),
                    path => text!("`{spelled}` belongs into [{path}]", "`{spelled}`は[{path}]に書きます"),
                },
                (_, Some(nearest)) => text!("the nearest known one is `{nearest}`", "最も近いキーは`{nearest}`です"),
                (_, None) => text!("there is none here", "ここにキーはありません"),
            };
            self.error(place(key), text!("unknown key; {en}", "知らないキーです。{ja}"));
        }
    }

    /// A text with something in it or empty.
    pub(super) fn text<'t>(&mut self, section: Section<'t>, key: &str) -> Result<Option<(&'t str, Place)>, Reported> {
        match self.value(section, key) {
            None => Ok(None),
            Some((DeValue::String(text), place)) => Ok(Some((text, place))),
            Some((DeValue::Integer(_) | DeValue::Float(_), place)) => {
                let message = text!(
                    "must be in quotes: a bare number would lose its leading zeros",
                    "引用符で囲みます。数のままでは先頭の0が失われます"
                );
                Err(self.error(place, message))
            }
            Some((_, place)) => {
                let message = text!("must be text in quotes", "引用符で囲んだ文字列を書きます");
                Err(self.error(place, message))
            }
        }
    }

    /// A text, or `None` if there is none or another value.
    pub(super) fn raw_text<'t>(&self, section: Section<'t>, key: &str) -> Option<(&'t str, Place)> {
        match self.value(section, key)? {
            (DeValue::String(text), place) => Some((text, place)),
            _ => None,
        }
    }

    /// A list of texts.
    pub(super) fn texts<'t>(
        &mut self,
        section: Section<'t>,
        key: &str,
    ) -> Result<Option<Vec<(&'t str, Place)>>, Reported> {
        let Some((value, place)) = self.value(section, key) else {
            return Ok(None);
        };
        let text = |item: &'t Spanned<DeValue<'t>>| match item.get_ref() {
            DeValue::String(text) => Some((&**text, place.clone())),
            _ => None,
        };
        let texts = match value {
            DeValue::Array(items) => items.iter().map(text).collect(),
            _ => None,
        };
        texts.map(Some).ok_or_else(|| {
            let message = text!(
                "is a list of texts in quotes, in brackets",
                "引用符で囲んだ文字列を並べ、角括弧で囲みます"
            );
            self.error(place, message)
        })
    }

    /// A table whose keys are free, with texts as values. The place is that of the entry.
    pub(super) fn entries<'t>(
        &mut self,
        section: Section<'t>,
        key: &str,
    ) -> Result<Vec<(&'t str, &'t str, Place)>, Reported> {
        let form = || {
            text!(
                "has a text in quotes for each character in quotes, in braces",
                "引用符で囲んだ文字ごとに引用符で囲んだ文字列を書き、全体を波括弧で囲みます"
            )
        };
        let (table, place) = match self.value(section, key) {
            None => return Ok(Vec::new()),
            Some((DeValue::Table(table), place)) => (table, place),
            Some((_, place)) => return Err(self.error(place, form())),
        };
        let mut entries = Vec::with_capacity(table.len());
        let mut result = Ok(());
        for (name, value) in table {
            let place = Place {
                line: Some(self.line_of(name)),
                ..place.clone()
            };
            match value.get_ref() {
                DeValue::String(text) => entries.push((&**name.get_ref(), &**text, place)),
                _ => result = Err(self.error(place, form())),
            }
        }
        result.map(|()| entries)
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, section: Section<'_>, key: &str) -> Result<Option<(bool, Place)>, Reported> {
        match self.value(section, key) {
            None => Ok(None),
            Some((DeValue::Boolean(value), place)) => Ok(Some((*value, place))),
            Some((_, place)) => {
                let message = text!("is true or false, without quotes", "trueかfalseを引用符なしで書きます");
                Err(self.error(place, message))
            }
        }
    }

    /// A whole number from 0 to `max`.
    pub(super) fn up_to(&mut self, section: Section<'_>, key: &str, max: u8) -> Result<Option<u8>, Reported> {
        let Some((value, place)) = self.value(section, key) else {
            return Ok(None);
        };
        let number = match value {
            DeValue::Integer(digits) => u8::from_str_radix(digits.as_str(), digits.radix()).ok(),
            _ => None,
        };
        match number {
            Some(number) if number <= max => Ok(Some(number)),
            _ => {
                let message = text!(
                    "is a whole number from 0 (blocked) to {max} (all tries)",
                    "0（ロック）から{max}（すべて残る）までの整数です"
                );
                Err(self.error(place, message))
            }
        }
    }

    /// A date, a time or both, with or without quotes.
    pub(super) fn datetime(
        &mut self,
        section: Section<'_>,
        key: &str,
        form: impl Fn() -> Text,
    ) -> Result<Option<(Datetime, Place)>, Reported> {
        let (datetime, place) = match self.value(section, key) {
            None => return Ok(None),
            Some((DeValue::Datetime(datetime), place)) => (Some(*datetime), place),
            Some((DeValue::String(text), place)) => (text.parse().ok(), place),
            Some((_, place)) => (None, place),
        };
        match datetime {
            Some(datetime) => Ok(Some((datetime, place))),
            None => Err(self.error(place, form())),
        }
    }

    /// A day of the calendar.
    pub(super) fn date(&mut self, section: Section<'_>, key: &str) -> Result<Option<(Date, Place)>, Reported> {
        let form = || {
            text!(
                "is a day of the calendar, written like 1989-10-25",
                "暦にある日付を書きます（例: 1989-10-25）"
            )
        };
        let Some((datetime, place)) = self.datetime(section, key, form)? else {
            return Ok(None);
        };
        let date = match (datetime.date, datetime.time) {
            (Some(date), None) => Date::new(date.year, date.month, date.day),
            _ => None,
        };
        match date {
            Some(date) => Ok(Some((date, place))),
            None => Err(self.error(place, form())),
        }
    }

    fn value<'t>(&self, section: Section<'t>, key: &str) -> Option<(&'t DeValue<'t>, Place)> {
        let (found, value) = section
            .table?
            .iter()
            .find(|(name, _)| present_name(section.path, name.get_ref()) == key)?;
        let place = Place {
            field: section.dotted(found.get_ref()),
            line: Some(self.line_of(found)),
        };
        Some((value.get_ref(), place))
    }

    fn line_of<T>(&self, part: &Spanned<T>) -> usize {
        line_of(self.text, part)
    }
}
