//! The report as a text for people.

use std::fmt::Write as _;

use vmyna_apdu::{Language, Text, say};

use super::{Entry, Fact, Report, Standing};

/// The report as a text: notes first, then what was found in full, then what could not be judged in a line each, the counts
/// last. Foreign text in it is not escaped.
#[must_use]
pub fn people(report: &Report, language: Language) -> String {
    let mut out = format!("{}: {}\n", report.title.say(language), report.line());
    for Fact { title, value, .. } in &report.facts {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let _ = writeln!(out, "{}: {value}", title.say(language));
    }
    for note in &report.notes {
        let _ = writeln!(out, "\n! {}", note.say(language));
    }
    let of = |standing| report.entries.iter().filter(move |entry| entry.standing == standing);
    for finding in of(Standing::Finding) {
        let _ = write!(out, "\n{}", entry(finding, language));
    }
    if report.count(Standing::NotJudged) > 0 {
        let _ = writeln!(out, "\n{}", say!(language, "Not judged:", "判定していないもの:"));
        for entry in of(Standing::NotJudged) {
            let _ = writeln!(out, "  {}: {}", entry.name, flat(&entry.headline, language));
        }
    }
    let _ = writeln!(out, "\n{}", counts(report).say(language));
    out
}

/// One entry in full: a line with its name, and an indented one for each detail.
#[must_use]
pub fn entry(entry: &Entry, language: Language) -> String {
    let mut out = format!(
        "{} ({}): {}\n",
        entry.name,
        entry.group,
        flat(&entry.headline, language)
    );
    for (title, text) in &entry.details {
        let text = text.say(language);
        let lines: Vec<&str> = text.lines().collect();
        match &*lines {
            [one] => {
                let _ = writeln!(out, "  {}: {one}", title.say(language));
            }
            lines => {
                let _ = writeln!(out, "  {}:", title.say(language));
                for line in lines {
                    let _ = writeln!(out, "    {line}");
                }
            }
        }
    }
    out
}

/// The counts in words.
pub(super) fn counts(report: &Report) -> Text {
    let [passed, findings, not_judged] =
        [Standing::Passed, Standing::Finding, Standing::NotJudged].map(|standing| report.count(standing));
    let word = if findings == 1 { "finding" } else { "findings" };
    vmyna_apdu::text!(
        "{passed} passed, {findings} {word}, {not_judged} not judged",
        "合格{passed}件、指摘{findings}件、判定なし{not_judged}件"
    )
}

/// A line end in a headline would begin a line that looks like another entry.
fn flat(text: &Text, language: Language) -> String {
    text.say(language).replace(['\n', '\r', '\t'], " ")
}
