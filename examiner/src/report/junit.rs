//! The report as JUnit XML, as CI systems read it: a test suite a group, a test case an entry.

use std::fmt::Write as _;

use super::{Entry, Report, Standing, escape};

/// The report as XML.
#[must_use]
pub fn junit(report: &Report) -> String {
    let mut groups: Vec<(&str, Vec<&Entry>)> = Vec::new();
    for entry in &report.entries {
        match groups.iter_mut().find(|(name, _)| *name == entry.group) {
            Some((_, entries)) => entries.push(entry),
            None => groups.push((&entry.group, vec![entry])),
        }
    }
    let all: Vec<&Entry> = report.entries.iter().collect();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(xml, "<testsuites name=\"vmyna {}\" {}>", report.command, counts(&all));
    for (group, entries) in groups {
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{}\" errors=\"0\" {}>",
            escape(group),
            counts(&entries)
        );
        for entry in entries {
            case(&mut xml, report.command, entry);
        }
        xml += "  </testsuite>\n";
    }
    xml += "</testsuites>\n";
    xml
}

fn counts(entries: &[&Entry]) -> String {
    let number = |standing| entries.iter().filter(|entry| entry.standing == standing).count();
    let seconds: f64 = entries.iter().map(|entry| entry.took.as_secs_f64()).sum();
    format!(
        "tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{seconds:.3}\"",
        entries.len(),
        number(Standing::Finding),
        number(Standing::NotJudged)
    )
}

fn case(xml: &mut String, command: &str, entry: &Entry) {
    let _ = write!(
        xml,
        "    <testcase classname=\"{command}.{}\" name=\"{}\" time=\"{:.3}\"",
        escape(&entry.group),
        escape(&entry.name),
        entry.took.as_secs_f64()
    );
    let headline = escape(&entry.headline.en);
    match entry.standing {
        Standing::Passed => *xml += "/>\n",
        Standing::NotJudged => {
            let _ = writeln!(xml, ">\n      <skipped message=\"{headline}\"/>\n    </testcase>");
        }
        Standing::Finding => {
            let details: Vec<String> = entry
                .details
                .iter()
                .map(|(title, text)| format!("{}: {}", title.en, text.en))
                .collect();
            let _ = writeln!(
                xml,
                ">\n      <failure message=\"{headline}\">{}</failure>\n    </testcase>",
                escape(&details.join("\n"))
            );
        }
    }
}
