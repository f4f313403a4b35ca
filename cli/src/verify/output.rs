//! The report of `vmyna verify`, for people and as JSON.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;
use vmyna_apdu::{Language, Text, text};
use vmyna_authority::verifier::Settings;
use vmyna_authority::verifier::report::{Report, Verdict};

use super::args::Verify;
use crate::failure::Failure;
use crate::output;

/// The version of the JSON report. Names are added within a version, and never change or go.
const VERSION: u32 = 1;

/// The JSON report.
#[derive(Serialize)]
struct Json<'r> {
    version: u32,
    verdict: &'static str,
    public_keys: bool,
    at: String,
    reports: Vec<One<'r>>,
}

#[derive(Serialize)]
struct One<'r> {
    kind: &'static str,
    files: &'r [String],
    verdict: &'static str,
    steps: Vec<Step<'r>>,
    facts: BTreeMap<&'r str, &'r str>,
}

#[derive(Serialize)]
struct Step<'r> {
    id: &'static str,
    verdict: &'static str,
    reason: &'r str,
}

/// Writes the report.
pub(super) fn write(
    arguments: &Verify,
    settings: &Settings<'_>,
    reports: &[Report],
    verdict: Verdict,
) -> Result<(), Failure> {
    let public_keys = reports.iter().any(|report| report.public_keys);
    if arguments.json {
        let reports = reports.iter().map(|report| one(report, arguments.lang)).collect();
        output::json(&Json {
            version: VERSION,
            verdict: name(verdict),
            public_keys,
            at: settings.at.to_string(),
            reports,
        })?;
        return Ok(());
    }
    let mut out = output::text();
    for report in reports {
        people(&mut out, report, arguments.lang)?;
    }
    let words = match verdict {
        Verdict::Ok => ("valid", "有効"),
        Verdict::Invalid => ("invalid", "無効"),
        _ => ("not verified", "検証できません"),
    };
    let (en, ja) = words;
    let line = match public_keys {
        true => text!(
            "test authority, keys are public: {en}",
            "試験用の認証局であり鍵は公開されています: {ja}"
        ),
        false => text!("{en}", "{ja}"),
    };
    writeln!(out, "{}", line.say(arguments.lang))?;
    out.flush()?;
    Ok(())
}

fn one(report: &Report, language: Language) -> One<'_> {
    let steps = report.steps.iter().map(|step| Step {
        id: step.id,
        verdict: step.verdict.name(),
        reason: step.reason.say(language),
    });
    One {
        kind: report.kind.name(),
        files: &report.files,
        verdict: name(report.verdict()),
        steps: steps.collect(),
        facts: report.facts.iter().map(|fact| (&*fact.id, &*fact.value)).collect(),
    }
}

/// The name of a verdict on the whole.
const fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "valid",
        Verdict::Invalid => "invalid",
        _ => "not-verified",
    }
}

fn people(out: &mut impl Write, report: &Report, language: Language) -> Result<(), Failure> {
    let title = report.kind.title();
    // A line end in a name would begin a line that looks like a verdict.
    let flat = |text: &str| text.replace(['\n', '\r', '\t'], " ");
    let files = report
        .files
        .iter()
        .map(|file| flat(file))
        .collect::<Vec<_>>()
        .join(", ");
    match files.is_empty() {
        true => writeln!(out, "{}", title.say(language))?,
        false => writeln!(out, "{files}: {}", title.say(language))?,
    }
    for step in &report.steps {
        let (verdict, reason) = (step.verdict.name(), flat(step.reason.say(language)));
        writeln!(out, "  {verdict:<12}  {:<32}  {reason}", step.id)?;
    }
    for fact in &report.facts {
        writeln!(out, "  {}: {}", fact.title.say(language), flat(&fact.value))?;
    }
    writeln!(out)?;
    Ok(())
}

/// Why the command failed.
pub(super) fn failure(verdict: Verdict, language: Language) -> String {
    let words: Text = match verdict {
        Verdict::Invalid => text!("something is invalid", "無効なものがあります"),
        _ => text!("something is not verified", "検証できないものがあります"),
    };
    words.say(language).to_owned()
}
