//! The text of a file of faults: `[[fault]]` tables with the keys of the command line's form, and a `[latency]`.
//!
//! All errors of the file are reported at once, with their lines. A key that nothing reads is one of them. This file is also
//! compiled into the fuzzer.

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};
use vmyna_reader_bridge::fault::{Fault, FaultError, Latency, Value};

/// The most faults of a file.
const MOST_FAULTS: usize = 1000;

/// The contents of a file.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) faults: Vec<Fault>,
    pub(super) latency: Option<Latency>,
}

/// Reads the text of a file; returns all of its errors.
pub(super) fn parse(text: &str) -> Result<Contents, Vec<String>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let described = |error: &toml::de::Error| {
            let start = error.span().map_or(0, |span| span.start);
            format!("line {}: is not TOML: {}", line(text, start), error.message())
        };
        return Err(errors.iter().map(described).collect());
    }
    let mut reading = Reading {
        text,
        problems: Vec::new(),
    };
    let mut contents = Contents::default();
    for (key, value) in table.get_ref() {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("fault", DeValue::Array(tables)) => contents.faults = reading.faults(tables),
            ("latency", DeValue::Table(table)) => contents.latency = Some(reading.latency(table)),
            ("fault", _) => reading.problem(key, "a fault is a table: write [[fault]]"),
            ("latency", _) => reading.problem(key, "the latency is a table: write [latency]"),
            (other, _) => reading.problem(key, &format!("there is no `{other}`, only [[fault]] and [latency]")),
        }
    }
    if reading.problems.is_empty() {
        return Ok(contents);
    }
    reading.problems.sort();
    Err(reading
        .problems
        .into_iter()
        .map(|(line, problem)| format!("line {line}: {problem}"))
        .collect())
}

fn line(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or_default().matches('\n').count() + 1
}

struct Reading<'t> {
    text: &'t str,
    /// Lines and what is wrong there.
    problems: Vec<(usize, String)>,
}

impl Reading<'_> {
    fn problem<T>(&mut self, place: &Spanned<T>, what: &str) {
        self.problems
            .push((line(self.text, place.span().start), what.to_owned()));
    }

    fn faults(&mut self, tables: &DeArray<'_>) -> Vec<Fault> {
        let mut faults = Vec::new();
        if let Some(table) = tables.get(MOST_FAULTS) {
            self.problem(table, &format!("a file has at most {MOST_FAULTS} faults"));
            return faults;
        }
        for (number, table) in (1..).zip(tables.iter()) {
            match table.get_ref() {
                DeValue::Table(entries) => faults.extend(self.fault(number, table, entries)),
                _ => self.problem(table, "a fault is a table: write [[fault]]"),
            }
        }
        faults
    }

    fn fault(&mut self, number: usize, place: &Spanned<DeValue<'_>>, table: &DeTable<'_>) -> Option<Fault> {
        let mut entries = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match value.get_ref() {
                DeValue::String(text) => entries.push((name, Value::Text(text.as_ref()))),
                DeValue::Boolean(true) => entries.push((name, Value::Flag)),
                DeValue::Boolean(false) => {}
                DeValue::Integer(digits) if digits.radix() == 16 => {
                    entries.push((name, Value::Hexadecimal(digits.as_str())));
                }
                DeValue::Integer(digits) if digits.radix() == 10 => {
                    entries.push((name, Value::Decimal(digits.as_str())))
                }
                _ => {
                    self.problem(
                        key,
                        &format!("fault {number}, `{name}`: is text, a whole number or true"),
                    );
                    return None;
                }
            }
        }
        match Fault::from_entries(&entries) {
            Ok(fault) => Some(fault),
            Err(error) => {
                self.wrong(place, table, &format!("fault {number}, "), &error);
                None
            }
        }
    }

    fn latency(&mut self, table: &DeTable<'_>) -> Latency {
        let mut latency = Latency::CARD;
        for (key, value) in table {
            let number = match value.get_ref() {
                DeValue::Integer(digits) if digits.radix() == 10 => digits.as_str(),
                DeValue::Float(digits) => digits.as_str(),
                // Refused as a value.
                _ => "",
            };
            if let Err(error) = latency.set(key.get_ref(), number) {
                self.problem(key, &format!("latency, {error}"));
            }
        }
        latency
    }

    /// A fault's error at the line of its key, or of the whole table.
    fn wrong(&mut self, place: &Spanned<DeValue<'_>>, table: &DeTable<'_>, what: &str, error: &FaultError) {
        let wanted = error.key.as_deref();
        let message = format!("{what}{error}");
        match table.keys().find(|key| wanted == Some(key.get_ref().as_ref())) {
            Some(key) => self.problem(key, &message),
            None => self.problem(place, &message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_a_file_and_of_the_command_line_say_the_same() {
        let text = "\
            [[fault]]\nsw = \"6581\"\nins = 0x20\nnth = 2\n\
            [[fault]]\nremove = \"answered\"\nafter = 5\nback = 1_000\nexecuted = false\n\
            [[fault]]\nmute = true\nexecuted = true\non = \"apdu\"\n\
            [[fault]]\nsw = 0x6985\nins = \"2A\"\n";
        let shown: Vec<_> = parse(text).unwrap().faults.iter().map(ToString::to_string).collect();
        let expected = [
            "sw=6581,ins=20,nth=2",
            "remove=answered,back=1000,after=5",
            "mute,executed",
            "sw=6985,ins=2A",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_latency_begins_with_the_cards_and_changes_what_it_names() {
        let read = |text| parse(text).unwrap().latency;
        assert_eq!(read(""), None);
        assert_eq!(read("[latency]"), Some(Latency::CARD));
        let mut expected = Latency::CARD;
        expected.set("sign", "1200").unwrap();
        expected.set("byte", "0.05").unwrap();
        assert_eq!(read("[latency]\nsign = 1_200\nbyte = 0.05"), Some(expected));
    }

    #[test]
    fn everything_wrong_is_told_at_once_with_its_line_and_what_is_right() {
        let text = "\
            colour = \"red\"\n\
            [[fault]]\nsw = 6581\n\
            [[fault]]\nins = \"20\"\n\
            [[fault]]\nmute = true\nwhen = 3\n\
            [[fault]]\ndelay = 1.5\n\
            [latency]\nsignature = 7\nsign = \"600\"\n";
        let told = parse(text).unwrap_err();
        let lines: Vec<_> = told.iter().map(|problem| problem.split(':').next().unwrap()).collect();
        assert_eq!(
            lines,
            ["line 1", "line 3", "line 4", "line 8", "line 10", "line 12", "line 13"]
        );
        for (index, advice) in [
            "only [[fault]]",
            "0x",
            "sw=6581,ins=20",
            "no key",
            "whole number",
            "sign",
            "600 or",
        ]
        .iter()
        .enumerate()
        {
            assert!(told[index].contains(advice), "{advice}: {}", told[index]);
        }
        for (text, advice) in [
            ("fault = 3", "[[fault]]"),
            ("[fault]\nmute = true", "[[fault]]"),
            ("fault = [3]", "[[fault]]"),
            ("latency = \"card\"", "[latency]"),
            ("[[fault]\nmute = true", "line 1: is not TOML"),
        ] {
            let told = parse(text).unwrap_err();
            assert!(told[0].contains(advice), "{text}: {told:?}");
        }
    }
}
