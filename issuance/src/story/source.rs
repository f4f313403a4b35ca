//! The TOML under a story: tables and values with their places, and the faults that gather while they are read.

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use vmyna_apdu::{Text, text};
use vmyna_applets::calendar::Date;

use super::StoryError;
use crate::toml_file::{is_word, line_of, nearest};

/// Something was wrong, and the list of faults has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reported;

/// A table and its place.
#[derive(Clone, Debug)]
pub(super) struct Table<'t> {
    pub(super) table: &'t DeTable<'t>,
    /// Its dotted name; empty for the whole file.
    pub(super) path: String,
    /// Where it begins; `None` for the whole file.
    pub(super) line: Option<usize>,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Value<'t> {
    pub(super) value: &'t DeValue<'t>,
    pub(super) field: String,
    pub(super) line: usize,
}

/// The file while it is read.
pub(super) struct Source<'a> {
    text: &'a str,
    faults: Vec<StoryError>,
}

impl<'a> Source<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self {
            text,
            faults: Vec::new(),
        }
    }

    /// The faults by line, those without one last.
    pub(super) fn into_faults(mut self) -> Vec<StoryError> {
        self.faults.sort_by_key(|fault| fault.line.unwrap_or(usize::MAX));
        self.faults
    }

    /// Notes faults that were found in a part of the file.
    pub(super) fn add(&mut self, faults: impl IntoIterator<Item = StoryError>) -> Reported {
        self.faults.extend(faults);
        Reported
    }

    /// Notes a fault of a value.
    pub(super) fn error(&mut self, value: &Value<'_>, message: Text) -> Reported {
        self.add([StoryError::new(value.field.clone(), Some(value.line), message)])
    }

    /// Notes a fault for what is missing in a table.
    pub(super) fn missing(&mut self, table: &Table<'_>, key: &str, what: Text) -> Reported {
        let Text { en, ja } = what;
        let message = text!("is missing: {en}", "必須です: {ja}");
        self.add([StoryError::new(dotted(&table.path, key), table.line, message)])
    }

    /// Notes a fault for every key of a table that is not among the known ones.
    pub(super) fn check_keys(&mut self, table: &Table<'_>, known: &[&str]) {
        for key in table.table.keys() {
            let line = line_of(self.text, key);
            let key = key.get_ref().as_ref();
            if known.contains(&key) {
                continue;
            }
            let spelled = key.to_ascii_lowercase().replace('_', "-");
            let (field, message) = match nearest(&spelled, known.iter().copied()) {
                _ if !is_word(key) => (
                    "?",
                    text!(
                        "unknown key, not shown: keys are made of letters and hyphens",
                        "知らないキーです（表示しません）。キーは英字とハイフンで書きます"
                    ),
                ),
                Some(nearest) => (
                    key,
                    text!(
                        "unknown key; the nearest known one is `{nearest}`",
                        "知らないキーです。最も近いキーは`{nearest}`です"
                    ),
                ),
                None => (key, text!("unknown key", "知らないキーです")),
            };
            self.add([StoryError::new(dotted(&table.path, field), Some(line), message)]);
        }
    }

    pub(super) fn value<'t>(&self, table: &Table<'t>, key: &str) -> Option<Value<'t>> {
        let (found, value) = table.table.iter().find(|(name, _)| name.get_ref() == key)?;
        Some(Value {
            value: value.get_ref(),
            field: dotted(&table.path, key),
            line: line_of(self.text, found),
        })
    }

    /// A table in another.
    pub(super) fn table<'t>(&mut self, parent: &Table<'t>, key: &str) -> Result<Option<Table<'t>>, Reported> {
        let Some(value) = self.value(parent, key) else {
            return Ok(None);
        };
        match value.value {
            DeValue::Table(table) => Ok(Some(Table {
                table,
                path: value.field,
                line: Some(value.line),
            })),
            _ => {
                let field = &value.field;
                let message = text!("is a section: write [{field}]", "セクションです。[{field}]と書きます");
                Err(self.error(&value, message))
            }
        }
    }

    /// The tables in a table, each by its name.
    pub(super) fn tables<'t>(&mut self, parent: &Table<'t>) -> Vec<(&'t str, Table<'t>)> {
        let keys: Vec<&'t str> = parent.table.keys().map(|key| key.get_ref().as_ref()).collect();
        let mut tables = Vec::new();
        for key in keys {
            if let Ok(Some(table)) = self.table(parent, key) {
                tables.push((key, table));
            }
        }
        tables.sort_by_key(|(_, table)| table.line);
        tables
    }

    /// The tables of a list.
    pub(super) fn list<'t>(&mut self, parent: &Table<'t>, key: &str) -> Vec<Table<'t>> {
        let Some(value) = self.value(parent, key) else {
            return Vec::new();
        };
        let table = |item: &'t Spanned<DeValue<'t>>| match item.get_ref() {
            DeValue::Table(table) => Some(Table {
                table,
                path: key.to_owned(),
                line: Some(line_of(self.text, item)),
            }),
            _ => None,
        };
        let tables = match value.value {
            DeValue::Array(items) => items.iter().map(table).collect(),
            _ => None,
        };
        tables.unwrap_or_else(|| {
            let message = text!("is a list: write [[{key}]]", "リストです。[[{key}]]と書きます");
            self.error(&value, message);
            Vec::new()
        })
    }

    /// A text.
    pub(super) fn text<'t>(&mut self, table: &Table<'t>, key: &str) -> Result<Option<(&'t str, Value<'t>)>, Reported> {
        let Some(value) = self.value(table, key) else {
            return Ok(None);
        };
        match value.value {
            DeValue::String(text) => Ok(Some((text, value))),
            _ => Err(self.error(
                &value,
                text!("must be text in quotes", "引用符で囲んだ文字列を書きます"),
            )),
        }
    }

    /// A text that must be there.
    pub(super) fn needed<'t>(
        &mut self,
        table: &Table<'t>,
        key: &str,
        what: Text,
    ) -> Result<(&'t str, Value<'t>), Reported> {
        match self.text(table, key)? {
            Some(found) => Ok(found),
            None => Err(self.missing(table, key, what)),
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, table: &Table<'_>, key: &str) -> Result<Option<bool>, Reported> {
        let Some(value) = self.value(table, key) else {
            return Ok(None);
        };
        match value.value {
            DeValue::Boolean(flag) => Ok(Some(*flag)),
            _ => Err(self.error(
                &value,
                text!("is true or false, without quotes", "trueかfalseを引用符なしで書きます"),
            )),
        }
    }

    /// A whole number of this range.
    pub(super) fn number(
        &mut self,
        table: &Table<'_>,
        key: &str,
        (least, most): (u64, u64),
    ) -> Result<Option<u64>, Reported> {
        let Some(value) = self.value(table, key) else {
            return Ok(None);
        };
        let number = match value.value {
            DeValue::Integer(digits) => u64::from_str_radix(digits.as_str(), digits.radix()).ok(),
            _ => None,
        };
        match number {
            Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(self.error(
                &value,
                text!(
                    "is a whole number from {least} to {most}",
                    "{least}から{most}までの整数です"
                ),
            )),
        }
    }

    /// A day of the calendar, with or without quotes.
    pub(super) fn date<'t>(&mut self, table: &Table<'t>, key: &str) -> Result<Option<(Date, Value<'t>)>, Reported> {
        let Some(value) = self.value(table, key) else {
            return Ok(None);
        };
        let datetime = match value.value {
            DeValue::Datetime(datetime) => Some(*datetime),
            DeValue::String(text) => text.parse().ok(),
            _ => None,
        };
        let date = datetime.filter(|it| it.time.is_none()).and_then(|it| it.date);
        match date.and_then(|date| Date::new(date.year, date.month, date.day)) {
            // A card can be issued in these years with certificates of five years.
            Some(date) if (1980..=9980).contains(&date.year()) => Ok(Some((date, value))),
            _ => Err(self.error(
                &value,
                text!(
                    "is a day of the years 1980 to 9980, written like 2026-11-01",
                    "1980年から9980年までの日付を書きます（例: 2026-11-01）"
                ),
            )),
        }
    }
}

fn dotted(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}
