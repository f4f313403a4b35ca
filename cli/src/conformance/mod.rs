//! `vmyna conformance`: runs the test vectors with a virtual card, with a card in a PC/SC reader, or with a card that
//! connects to the port of vpcd.
//!
//! A card in a reader may be a person's own. Without an explicit option the command must never send it a wrong PIN, a
//! command that writes, or a command of the issuer.

pub(crate) mod args;
mod ask;
mod output;

use std::io::{BufRead, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use vmyna::Bench;
use vmyna_apdu::ShowPath as _;
use vmyna_apdu::{Reader, Text, text};
use vmyna_applets::pins::CardPin;
use vmyna_conformance::pins::Values;
use vmyna_conformance::record;
use vmyna_conformance::report::Report;
use vmyna_conformance::run::{Examination, Permissions, RunError, Subject, admit, examine, run as put};
use vmyna_conformance::suite::Suite;
use vmyna_reader_bridge::trace::Recording;
use vmyna_reader_bridge::vpcd::VpcdHost;

use crate::advice;
use crate::failure::Failure;
use crate::options::language::{Language, say};
use crate::trace_file::names::Names;
use crate::trace_file::{compare, load};
use crate::vectors::{self, Files, outcome::Progress, virtual_card::VirtualCard};
use crate::{pcsc, trace_file};
use args::Conformance;

/// Runs the command.
pub(crate) fn run(arguments: Conformance) -> Result<(), Failure> {
    if let Some(args::Action::Diff { a, b }) = &arguments.action {
        return diff(a, b);
    }
    let suite = Suite::built_in().map_err(|fault| Failure::Failed(fault.to_string()))?;
    let mut chosen = suite
        .select(&arguments.selection)
        .map_err(|why| Failure::Usage(format!("{why}; `vmyna conformance --list` shows all names")))?;
    if arguments.list {
        return crate::failure::unless_closed(output::list(&chosen, arguments.lang));
    }
    let files = Files {
        junit: arguments.junit.as_deref(),
        json: [&arguments.json, &arguments.record]
            .into_iter()
            .flatten()
            .map(PathBuf::as_path)
            .collect(),
    };
    files.check(arguments.trace.trace.as_deref())?;
    let mut values = Values::default();
    for pin in &arguments.pin {
        let wrong = |what: Text| Failure::Usage(what.say(arguments.lang).to_owned());
        let (name, value) = pin.parts()?;
        let name = CardPin::find(name).map_or(name, |known| known.value_name());
        let pin = name.parse().map_err(Failure::Usage)?;
        values.insert(pin, value).map_err(wrong)?;
    }
    let mut permissions = Permissions::default();
    permissions.wrong_pins = arguments.allow_wrong_pins;
    permissions.disposable = arguments.disposable;
    let begin = || trace_file::begin(&arguments.trace, arguments.show_secrets, &Names::default());
    let report = match reader(&arguments)? {
        Some(reader) => {
            let place = reader.name().to_owned();
            let mut reader = trace_file::around(reader, begin()?);
            let mut subject = Subject::InReader(&mut *reader);
            let mut examination = examine(&mut subject).map_err(|error| failure(&error, arguments.lang))?;
            chosen.retain(|vector| examination.concerns(vector));
            output::introduce(&place, &examination, chosen.len(), arguments.lang);
            if arguments.pin.is_empty() {
                ask::pins(&examination, &mut values, arguments.lang)?;
            }
            admit(&mut *reader, &mut examination, &mut values).map_err(|error| failure(&error, arguments.lang))?;
            let mut subject = Subject::InReader(&mut *reader);
            let report = go(&chosen, &mut subject, &place, examination, &values, permissions);
            // The rights of the PINs end with the run. A card that is gone has no power, and the report contains that.
            let _ = reader.power_cycle();
            report
        }
        None => {
            let card = VirtualCard::new(&arguments.applications.on(&arguments.card)?)?;
            for (pin, value) in card.values() {
                if values.get(pin).is_none() {
                    // A card issued with a PIN that the real one can't have does without its vectors.
                    let _ = values.insert(pin, value);
                }
            }
            let bench = Bench::new().with_trace(begin()?);
            let mut make = |what_for: &str| card.reader(what_for, &bench);
            let mut subject = Subject::Anew(&mut make);
            let examination = examine(&mut subject).map_err(|error| failure(&error, arguments.lang))?;
            chosen.retain(|vector| examination.concerns(vector));
            let name = &arguments.card;
            let place = text!("the virtual card {name}", "仮想カード{name}");
            output::introduce(place.say(arguments.lang), &examination, chosen.len(), arguments.lang);
            go(
                &chosen,
                &mut subject,
                &place.en,
                examination,
                &values,
                Permissions::EVERYTHING,
            )
        }
    };
    vectors::conclude(&report, &files, arguments.lang)
}

fn go(
    chosen: &[&vmyna_conformance::vector::Vector],
    subject: &mut Subject<'_>,
    place: &str,
    examination: Examination,
    values: &Values,
    permissions: Permissions,
) -> Report {
    let mut progress = Progress::new(chosen.len());
    let report = put(
        chosen,
        subject,
        place,
        examination,
        values,
        permissions,
        &mut |vector| progress.show(vector),
    );
    progress.end();
    report
}

fn failure(error: &RunError, language: Language) -> Failure {
    match error {
        RunError::Reader(error) => Failure::Failed(advice::of_reader(error)),
        error => Failure::Failed(error.text().say(language).to_owned()),
    }
}

/// The reader that was asked for; `None` for a virtual card in this process.
fn reader(arguments: &Conformance) -> Result<Option<Box<dyn Reader>>, Failure> {
    if let Some(name) = &arguments.reader {
        return pcsc::open(name).map(Some);
    }
    let Some(port) = arguments.vpcd else { return Ok(None) };
    let host = VpcdHost::listen(port).map_err(|error| {
        Failure::Failed(format!(
            "TCP port {port} can't be listened on: {error}; pcscd's vpcd has 35963 where it runs"
        ))
    })?;
    let (seconds, address) = (arguments.wait, host.address());
    let text = say!(
        arguments.lang,
        "waiting {seconds} s for a card to connect to {address}",
        "{address}へのカードの接続を{seconds}秒待つ"
    );
    crate::output::say(&text);
    let reader = host.wait(Duration::from_secs(arguments.wait))?;
    Ok(Some(Box::new(reader)))
}

/// Compares two recordings or two traces; like `diff`, with exit status 1 when they differ.
fn diff(a: &Path, b: &Path) -> Result<(), Failure> {
    let (differences, kind) = match (evidence(a)?, evidence(b)?) {
        (Evidence::Recording(a), Evidence::Recording(b)) => (record::differences(&a, &b), "recordings"),
        (Evidence::Trace(a), Evidence::Trace(b)) => (compare::differences(&a, &b), "traces"),
        _ => {
            return Err(Failure::Usage(
                "a recording of vectors and a trace can't be compared: give two of a kind".to_owned(),
            ));
        }
    };
    if differences.is_empty() {
        writeln!(crate::output::text(), "no difference")?;
        return Ok(());
    }
    crate::failure::unless_closed(
        crate::output::text()
            .write_all(differences.as_bytes())
            .map_err(Failure::from),
    )?;
    Err(Failure::Failed(format!("the {kind} differ")))
}

/// What is compared.
enum Evidence {
    Recording(Box<Report>),
    Trace(Recording),
}

/// A recording, which begins as JSON does, or a trace.
fn evidence(path: &Path) -> Result<Evidence, Failure> {
    let fault = |error: &dyn std::fmt::Display| Failure::Usage(format!("{}: {error}", path.shown()));
    let mut input = load::open(path)?;
    let begin = input.fill_buf().map_err(|error| fault(&error))?;
    // The text form of a trace begins with a year, pcapng with a line break.
    const PCAPNG: [u8; 4] = [0x0A, 0x0D, 0x0D, 0x0A];
    if begin.starts_with(&PCAPNG) || begin.first().is_some_and(u8::is_ascii_digit) {
        return load::parse(path, input).map(Evidence::Trace);
    }
    let mut text = Vec::new();
    let longest = record::LONGEST;
    input
        .take(longest + 1)
        .read_to_end(&mut text)
        .map_err(|error| fault(&error))?;
    if text.len() as u64 > longest {
        return Err(fault(&vmyna_files::TooLong(longest)));
    }
    let text = String::from_utf8(text).map_err(|_| fault(&"not text in UTF-8"))?;
    let report = record::read(&text).map_err(|error| {
        let advice = "`vmyna conformance --record` writes one";
        Failure::Usage(format!("{}: {error}; {advice}", path.shown()))
    })?;
    Ok(Evidence::Recording(Box::new(report)))
}
