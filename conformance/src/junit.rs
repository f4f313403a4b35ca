//! A report as JUnit XML, as CI systems read it: a test suite a group, a test case a vector.

use std::fmt::Write as _;

use crate::report::{Note, Outcome, Report, VectorReport};

/// The report as XML.
#[must_use]
pub fn to_xml(report: &Report) -> String {
    let count = report.count();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing into a string does not fail.
    let _ = writeln!(
        xml,
        "<testsuites name=\"vmyna conformance\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{:.3}\">",
        report.vectors.len(),
        count.failed,
        count.skipped,
        report.milliseconds as f64 / 1e3
    );
    let mut groups: Vec<(&str, Vec<&VectorReport>)> = Vec::new();
    for vector in &report.vectors {
        let group = group(vector);
        match groups.iter_mut().find(|(name, _)| *name == group) {
            Some((_, vectors)) => vectors.push(vector),
            None => groups.push((group, vec![vector])),
        }
    }
    for (group, vectors) in groups {
        suite(&mut xml, group, &vectors, &report.notes);
    }
    xml += "</testsuites>\n";
    xml
}

fn group(vector: &VectorReport) -> &str {
    vector.id.split('.').next().unwrap_or_default()
}

fn suite(xml: &mut String, group: &str, vectors: &[&VectorReport], notes: &[Note]) {
    let number = |is: fn(&Outcome) -> bool| vectors.iter().filter(|vector| is(&vector.outcome)).count();
    let seconds = |microseconds: u64| microseconds as f64 / 1e6;
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{:.6}\">",
        escape(group),
        vectors.len(),
        number(|outcome| matches!(outcome, Outcome::Failed { .. })),
        number(|outcome| matches!(outcome, Outcome::Skipped { .. })),
        seconds(vectors.iter().map(|vector| vector.microseconds).sum())
    );
    if !notes.is_empty() {
        *xml += "    <properties>\n";
        for text in notes.iter().flat_map(|note| [&note.en, &note.ja]) {
            let _ = writeln!(xml, "      <property name=\"note\" value=\"{}\"/>", escape(text));
        }
        *xml += "    </properties>\n";
    }
    for vector in vectors {
        let _ = write!(
            xml,
            "    <testcase classname=\"conformance.{}\" name=\"{}\" time=\"{:.6}\"",
            escape(group),
            escape(&vector.id),
            seconds(vector.microseconds)
        );
        match &vector.outcome {
            Outcome::Passed => *xml += "/>\n",
            Outcome::Failed { step, what } => {
                let message = format!("step {step}: {what}");
                let text = format!(
                    "{}\n{}: {}\n{message}",
                    vector.requirement, vector.certainty, vector.source
                );
                let _ = writeln!(
                    xml,
                    ">\n      <failure message=\"{}\">{}</failure>\n    </testcase>",
                    escape(&message),
                    escape(&text)
                );
            }
            Outcome::Skipped { why } => {
                let _ = writeln!(
                    xml,
                    ">\n      <skipped message=\"{}\"/>\n    </testcase>",
                    escape(&why.to_string())
                );
            }
        }
    }
    *xml += "  </testsuite>\n";
}

/// Text as XML 1.0 allows it, in content and in attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\n' => escaped += "&#10;",
            // Other control characters have no place in XML.
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => escaped.push('?'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_does_not_allow_is_escaped_or_replaced() {
        assert_eq!(escape("a<b>&\"c\"\n\u{7}個"), "a&lt;b&gt;&amp;&quot;c&quot;&#10;?個");
    }
}
