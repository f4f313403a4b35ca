//! `vmyna pin`: the PINs of a card, and how many tries each has left. Never shows a value.

pub(crate) mod args;

use std::io::{self, Write};

use serde::Serialize;
use vmyna::{Tries, TriesSource};
use vmyna_apdu::ShowPath as _;
use vmyna_card_os::declaration::{Application, File, ObjectId, Operation, find_pin};

use crate::failure::Failure;
use crate::output;
use crate::settle::settle;

/// The JSON, with field names in snake_case.
#[derive(Serialize)]
struct Report {
    /// The card's name in its collection.
    name: String,
    pins: Vec<PinReport>,
}

/// One PIN.
#[derive(Debug, Serialize)]
struct PinReport {
    /// Name and title of its application.
    application: String,
    application_title: String,
    /// Its file, four hexadecimal digits.
    ef: String,
    /// English name.
    name: String,
    /// Japanese name.
    title: String,
    /// What values it can have, in words.
    format: String,
    /// null for a PIN without limit.
    tries_left: Option<u8>,
    max_tries: Option<u8>,
    /// Whether it has no tries left, or was never set.
    blocked: bool,
    /// Whether it was issued without a value and has got none since.
    unset: bool,
    /// The commands that give it a new value, e.g. `CHANGE REFERENCE DATA`.
    changed_by: Vec<&'static str>,
}

/// Runs the command.
pub(crate) fn run(arguments: &args::Pin) -> Result<(), Failure> {
    settle(&arguments.card);
    let (card, place) = arguments.applications.on(&arguments.card)?.current()?;
    let tries = match place {
        None => Tries::issued(),
        Some(place) => place.tries()?,
    };
    let applications = card.applications();
    let pins: Vec<_> = applications
        .iter()
        .flat_map(|application| pins(&applications, application, &tries))
        .collect();
    if arguments.json {
        let report = Report {
            name: card.name.to_string(),
            pins,
        };
        output::json(&report)?;
    } else {
        let mut out = output::text();
        write(&mut out, &pins, &tries)?;
        out.flush()?;
    }
    Ok(())
}

/// The PINs of an application of `all`, in the order of their files.
fn pins(all: &[Application], application: &Application, tries: &Tries) -> Vec<PinReport> {
    let report = |file: &File| {
        let place = ObjectId {
            aid: application.aid,
            file: file.id,
        };
        let (object, pin) = find_pin(all, place)?;
        let tries_left = tries.left_of(object, pin);
        let commands = [
            (Operation::ChangeReferenceData, "CHANGE REFERENCE DATA"),
            (Operation::ChangeKey, "CHANGE KEY"),
        ];
        Some(PinReport {
            application: application.name.to_string(),
            application_title: application.title.to_string(),
            ef: file.id.to_string(),
            name: file.name.to_string(),
            title: file.title.to_string(),
            format: pin.format.to_string(),
            tries_left,
            max_tries: pin.max_tries,
            blocked: tries_left == Some(0),
            unset: tries.is_unset(object, pin),
            changed_by: commands
                .into_iter()
                .filter(|(operation, _)| file.access.condition(*operation).is_some())
                .map(|(_, command)| command)
                .collect(),
        })
    };
    application.files.iter().filter_map(report).collect()
}

/// The table. Japanese names stand last: terminals disagree about their width.
fn write(out: &mut impl Write, pins: &[PinReport], source: &Tries) -> io::Result<()> {
    let tries = |pin: &PinReport| match (pin.tries_left, pin.max_tries) {
        (Some(0), Some(max)) if pin.unset => format!("NOT SET, 0 of {max}"),
        (Some(0), Some(max)) => format!("BLOCKED, 0 of {max}"),
        (Some(left), Some(max)) => format!("{left} of {max}"),
        _ => "no limit".to_owned(),
    };
    let changed = |pin: &PinReport| match pin.changed_by[..] {
        [] => "nothing".to_owned(),
        ref commands => commands.join(", "),
    };
    let heads = ["AP", "EF", "tries left", "changed by", "value", "PIN"].map(str::to_owned);
    let row = |pin: &PinReport| {
        let name = format!("{}  {}", pin.name, pin.title);
        let name = name.trim_end().to_owned();
        [
            pin.application.clone(),
            pin.ef.clone(),
            tries(pin),
            changed(pin),
            pin.format.clone(),
            name,
        ]
    };
    let rows: Vec<_> = std::iter::once(heads).chain(pins.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..5).map(width).collect();
    for row in &rows {
        for (cell, width) in row.iter().zip(&widths) {
            write!(out, "{cell:<width$}  ")?;
        }
        writeln!(out, "{}", row[5])?;
    }
    match source.source() {
        TriesSource::State(path) => writeln!(out, "Tries left, as in the card's state {}.", path.shown()),
        TriesSource::Owner(owner) => writeln!(
            out,
            "Tries left, as reported by process {}, which is using the card.",
            owner.pid
        ),
        _ => writeln!(out, "Tries left, as the card was issued."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::hanako;
    use vmyna_card_os::declaration::{Body, Pin, ReferenceData};

    #[test]
    fn a_pin_issued_without_tries_is_blocked_and_one_without_limit_is_not() {
        let mut card = hanako();
        card.jpki.auth_pin.tries_left = Some(0);
        let mut applications = card.applications();
        for file in &mut applications[1].files {
            if let Body::Pin(pin) = &mut file.body
                && file.id.value() == 0x001B
            {
                let value = ReferenceData::new(b"ABC123");
                *pin = Pin {
                    max_tries: None,
                    ..Pin::new(value, pin.format, 5)
                };
            }
        }
        let pins = pins(&applications, &applications[1], &Tries::issued());
        assert_eq!((pins[0].blocked, pins[0].tries_left), (true, Some(0)));
        assert_eq!(
            (pins[1].blocked, pins[1].tries_left, pins[1].max_tries),
            (false, None, None)
        );
        let mut table = Vec::new();
        write(&mut table, &pins, &Tries::issued()).unwrap();
        let table = String::from_utf8(table).unwrap();
        assert!(
            table.contains("BLOCKED, 0 of 3") && table.contains("no limit"),
            "{table}"
        );
        assert!(!table.contains("1234") && !table.contains("ABC123"), "{table}");
    }

    #[test]
    fn a_pin_that_was_left_unset_is_shown_as_not_set() {
        let mut card = hanako();
        card.jpki.auth_pin = vmyna_applets::PinAtIssue::unset();
        let applications = card.applications();
        let pins = pins(&applications, &applications[1], &Tries::issued());
        assert_eq!((pins[0].unset, pins[0].blocked, pins[1].unset), (true, true, false));
        let mut table = Vec::new();
        write(&mut table, &pins, &Tries::issued()).unwrap();
        let table = String::from_utf8(table).unwrap();
        assert!(table.contains("NOT SET, 0 of 3"), "{table}");
    }
}
