//! The TOML under a declaration file: values with their places, and the check of their forms.
//!
//! The check gathers faults for everything that the table of the format can state. It must never put a value into a fault,
//! because the value may be a PIN.

use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use vmyna_apdu::Text;

use super::ApplicationFileError;
use super::form::{Form, Record, Shape};
use crate::toml_file::{is_word, line_of, nearest};

/// A fault is noted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reported;

/// Where something is.
#[derive(Clone, Debug)]
pub(super) struct Place {
    field: String,
    line: usize,
}

impl Place {
    pub(super) fn fault(&self, message: impl Into<String>) -> ApplicationFileError {
        ApplicationFileError::new(self.field.clone(), Some(self.line), Text::same(message))
    }

    /// The place of a key in the table at this place, which is not there.
    fn absent(&self, key: &str) -> Self {
        Self {
            field: dotted(&self.field, key),
            line: self.line,
        }
    }
}

fn dotted(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

/// A value of the file and its place.
#[derive(Clone, Debug)]
pub(super) struct Value<'t> {
    value: &'t DeValue<'t>,
    pub(super) place: Place,
}

/// A table of the file and its place.
#[derive(Clone, Debug)]
pub(super) struct Table<'t> {
    table: &'t DeTable<'t>,
    pub(super) place: Place,
}

impl<'t> Value<'t> {
    pub(super) fn text(&self) -> Option<&'t str> {
        match self.value {
            DeValue::String(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn flag(&self) -> Option<bool> {
        match self.value {
            DeValue::Boolean(flag) => Some(*flag),
            _ => None,
        }
    }

    pub(super) fn whole(&self) -> Option<u32> {
        match self.value {
            DeValue::Integer(digits) => u32::from_str_radix(digits.as_str(), digits.radix()).ok(),
            _ => None,
        }
    }

    pub(super) fn table(&self) -> Option<Table<'t>> {
        match self.value {
            DeValue::Table(table) => Some(Table {
                table,
                place: self.place.clone(),
            }),
            _ => None,
        }
    }
}

/// The file while it is read.
pub(super) struct Source<'a> {
    text: &'a str,
    faults: Vec<ApplicationFileError>,
    /// The lines and fields that have a fault.
    places: BTreeSet<(usize, String)>,
}

impl<'a> Source<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self {
            text,
            faults: Vec::new(),
            places: BTreeSet::new(),
        }
    }

    /// The faults by line.
    pub(super) fn into_faults(mut self) -> Vec<ApplicationFileError> {
        self.faults.sort_by_key(|fault| fault.line);
        self.faults
    }

    /// Notes a fault. A second one of the same value is a consequence of the first, and is not noted.
    pub(super) fn fault(&mut self, place: &Place, message: impl Into<String>) -> Reported {
        if self.places.insert((place.line, place.field.clone())) {
            self.faults.push(place.fault(message));
        }
        Reported
    }

    pub(super) fn top<'t>(&self, table: &'t DeTable<'t>) -> Table<'t> {
        Table {
            table,
            place: Place {
                field: String::new(),
                line: 1,
            },
        }
    }

    /// The value of a key.
    pub(super) fn get<'t>(&self, table: &Table<'t>, key: &str) -> Option<Value<'t>> {
        let (name, value) = table.table.iter().find(|(name, _)| name.get_ref() == key)?;
        Some(self.entry(table, name, key, value))
    }

    /// The entries of a table, in the order in which they are written.
    pub(super) fn entries<'t>(&self, table: &Table<'t>) -> Vec<(&'t str, Value<'t>)> {
        let mut entries: Vec<_> = table.table.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        let entry = |(name, value): (&'t Spanned<_>, _)| {
            let key: &'t str = AsRef::<str>::as_ref(name.get_ref());
            (key, self.entry(table, name, key, value))
        };
        entries.into_iter().map(entry).collect()
    }

    fn entry<'t, T>(
        &self,
        table: &Table<'t>,
        name: &Spanned<T>,
        key: &str,
        value: &'t Spanned<DeValue<'t>>,
    ) -> Value<'t> {
        Value {
            value: value.get_ref(),
            place: Place {
                field: dotted(&table.place.field, key),
                line: line_of(self.text, name),
            },
        }
    }

    /// The items of a list; none of what is no list.
    pub(super) fn items<'t>(&self, list: &Value<'t>) -> Vec<Value<'t>> {
        let DeValue::Array(items) = list.value else {
            return Vec::new();
        };
        let item = |(at, item): (usize, &'t Spanned<DeValue<'t>>)| Value {
            value: item.get_ref(),
            place: Place {
                field: format!("{}[{}]", list.place.field, at + 1),
                line: line_of(self.text, item),
            },
        };
        items.iter().enumerate().map(item).collect()
    }

    /// Notes a fault for everything in a table that the record does not allow.
    pub(super) fn check_record(&mut self, record: &Record, table: &Table<'_>) {
        let known = || record.fields.iter().map(|field| field.key);
        for (key, value) in self.entries(table) {
            match record.fields.iter().find(|field| field.key == key) {
                Some(field) => self.check(field.form, &value),
                None => self.unknown_key(&table.place, key, &value.place, known()),
            }
        }
        let has = |key: &str| table.table.keys().any(|name| name.get_ref() == key);
        for field in record.fields.iter().filter(|field| field.required && !has(field.key)) {
            self.fault(
                &table.place.absent(field.key),
                format!("is missing in this {}: {}", record.written, field.about.en),
            );
        }
        if !record.one_of.is_empty() && record.one_of.iter().filter(|key| has(key)).count() != 1 {
            let keys = record.one_of.join(" and ");
            self.fault(
                &table.place,
                format!("exactly one of {keys} is given in {}", record.written),
            );
        }
    }

    fn unknown_key<'k>(&mut self, table: &Place, key: &str, place: &Place, known: impl Iterator<Item = &'k str>) {
        if !is_word(key) {
            let place = Place {
                line: place.line,
                ..table.absent("?")
            };
            self.fault(&place, "unknown key, not shown: keys are made of letters and hyphens");
            return;
        }
        let spelled = key.to_ascii_lowercase().replace('_', "-");
        let advice =
            nearest(&spelled, known).map_or_else(String::new, |known| format!("; the nearest known one is `{known}`"));
        self.fault(place, format!("unknown key{advice}"));
    }

    /// Notes a fault for everything in a value that the form does not allow.
    fn check(&mut self, form: &Form, value: &Value<'_>) {
        match (form.plain(), value.value) {
            (Form::Text(shape), DeValue::String(text)) if (shape.accepts)(text) => {}
            (Form::Text(_), DeValue::Integer(_) | DeValue::Float(_)) => {
                self.fault(
                    &value.place,
                    "must be in quotes: a bare number would lose its leading zeros",
                );
            }
            (Form::Word(words), DeValue::String(text)) if words.contains(&&**text) => {}
            (Form::Word(words), _) => {
                self.fault(&value.place, format!("is one of: {}", words.join(", ")));
            }
            (Form::True, DeValue::Boolean(true)) | (Form::Flag, DeValue::Boolean(_)) => {}
            (Form::Whole(least, most), _) => {
                if !value.whole().is_some_and(|number| (*least..=*most).contains(&number)) {
                    let message = match least == most {
                        true => format!("is {least}"),
                        false => format!("is a whole number from {least} to {most}, without quotes"),
                    };
                    self.fault(&value.place, message);
                }
            }
            (Form::Range(least, most), DeValue::Array(_)) => {
                let numbers: Vec<_> = self.items(value).iter().map(Value::whole).collect();
                let right = match numbers[..] {
                    [Some(from), Some(to)] => *least <= from && from <= to && to <= *most,
                    _ => false,
                };
                if !right {
                    self.fault(
                        &value.place,
                        format!("is two whole numbers from {least} to {most}, the lesser first"),
                    );
                }
            }
            (Form::List(form, least, most), DeValue::Array(_)) => {
                let items = self.items(value);
                if !(*least..=*most).contains(&items.len()) {
                    self.fault(
                        &value.place,
                        format!("has {least} to {most} entries, not {}", items.len()),
                    );
                }
                items.iter().take(*most).for_each(|item| self.check(form, item));
            }
            (Form::Table(record), DeValue::Table(_)) => {
                if let Some(table) = value.table() {
                    self.check_record(record, &table);
                }
            }
            (Form::Map(keys, form), DeValue::Table(_)) => {
                if let Some(table) = value.table() {
                    self.check_map((keys, form), &table);
                }
            }
            (Form::Either(forms), _) => self.check_either(form, forms, value),
            (form, _) => {
                self.fault(&value.place, format!("is {}", form.about().en));
            }
        }
    }

    fn check_map(&mut self, (keys, form): (&Shape, &Form), table: &Table<'_>) {
        if table.table.is_empty() {
            self.fault(&table.place, "is empty");
        }
        for (key, value) in self.entries(table) {
            if (keys.accepts)(key) {
                self.check(form, &value);
            } else {
                let place = Place {
                    line: value.place.line,
                    ..table.place.absent("?")
                };
                self.fault(&place, format!("a key here is {}", keys.about.en));
            }
        }
    }

    fn check_either(&mut self, whole: &Form, forms: &[&Form], value: &Value<'_>) {
        if let Some(table) = value.table() {
            match self.record_of(whole, &table) {
                Ok(record) => self.check_record(record, &table),
                Err(message) => {
                    self.fault(&value.place, message);
                }
            }
            return;
        }
        let fits = |form: &&&Form| {
            matches!(
                (form.plain(), value.value),
                (Form::List(..) | Form::Range(..), DeValue::Array(_))
                    | (Form::Text(_) | Form::Word(_), DeValue::String(_))
                    | (Form::Whole(..), DeValue::Integer(_))
            )
        };
        match forms.iter().find(fits) {
            Some(form) => self.check(form, value),
            None => {
                let mut about: Vec<_> = forms.iter().map(|form| form.about().en).collect();
                about.dedup();
                self.fault(&value.place, format!("is {}", about.join(", or ")));
            }
        }
    }

    /// The record that a table is, of those that the form allows.
    fn record_of(&self, form: &Form, table: &Table<'_>) -> Result<&'static Record, String> {
        let records = form.records();
        let has = |mark: &str| table.table.keys().any(|name| name.get_ref() == mark);
        let marked: Vec<_> = records
            .iter()
            .filter_map(|record| record.mark.filter(|mark| has(mark)).map(|mark| (mark, *record)))
            .collect();
        match (&marked[..], records.iter().find(|record| record.mark.is_none())) {
            ([(_, record)], _) | ([], Some(record)) => Ok(record),
            ([], None) if records.is_empty() => Err("is no table".to_owned()),
            ([], None) => {
                let marks: Vec<_> = records.iter().filter_map(|record| record.mark).collect();
                Err(format!("is a table with one of: {}", marks.join(", ")))
            }
            (several, _) => {
                let marks: Vec<_> = several.iter().map(|(mark, _)| *mark).collect();
                Err(format!("has {}: only one of them can be given", marks.join(" and ")))
            }
        }
    }
}
