//! What an examination found, as text and HTML for people, and as JSON and JUnit XML for machines.
//!
//! Each command describes its result with these types; the forms are the same for all. Names of machines (`verdict`, `group`)
//! stay the same over versions. The module must never be given a PIN, a key or a My Number.

mod html;
mod json;
mod junit;
mod people;

use std::time::Duration;

use serde_json::Value;
use vmyna_apdu::Text;

pub use html::html;
pub use json::json;
pub use junit::junit;
pub use people::{entry, people};

/// A whole report.
#[derive(Clone, Debug)]
pub struct Report {
    /// The command: `exam`, `explore`.
    pub command: &'static str,
    /// The title for people.
    pub title: Text,
    /// What the entries are called in JSON: `candidates`.
    pub collection: &'static str,
    /// The program and its arguments as they were typed, placeholders unreplaced.
    pub program: Vec<String>,
    /// What repeats the examination, and what it was made with.
    pub facts: Vec<Fact>,
    /// What a reader must know before the entries.
    pub notes: Vec<Text>,
    /// One for each run that is reported.
    pub entries: Vec<Entry>,
}

/// A value that the whole report is about, such as the seed.
#[derive(Clone, Debug)]
pub struct Fact {
    /// Its name in JSON.
    pub id: &'static str,
    /// Its name for people.
    pub title: Text,
    /// The value.
    pub value: Value,
}

/// What counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Something is wrong with the program.
    Finding,
    /// Nothing can be concluded.
    NotJudged,
    /// The program did what it must do.
    Passed,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name, the same in each run with the same seed.
    pub name: String,
    /// Its group.
    pub group: String,
    /// What counts.
    pub standing: Standing,
    /// The verdict for machines.
    pub verdict: &'static str,
    /// The verdict for people, in a few words.
    pub headline: Text,
    /// More, in the order of importance: title and text. Texts of the program must be marked by their title.
    pub details: Vec<(Text, Text)>,
    /// Values for machines beside name, group and verdict, for instance `expected`.
    pub fields: Vec<(&'static str, Value)>,
    /// How long the program ran.
    pub took: Duration,
}

impl Report {
    /// How many entries there are of this standing.
    #[must_use]
    pub fn count(&self, standing: Standing) -> usize {
        self.entries.iter().filter(|entry| entry.standing == standing).count()
    }

    /// The program as one line.
    fn line(&self) -> String {
        self.program.join(" ")
    }
}

/// Text as XML 1.0 and HTML allow it, in content and in attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            '\n' => escaped += "&#10;",
            // Others have no place in XML, and some make a text look like another one.
            letter if !vmyna_apdu::foreign::is_visible(letter) || matches!(letter, '\u{FFFE}' | '\u{FFFF}') => {
                escaped.push('?');
            }
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use vmyna_apdu::{Language, text};

    pub(super) fn sample() -> Report {
        let entry = |name: &str, standing, verdict, headline| Entry {
            name: name.to_owned(),
            group: "text".to_owned(),
            standing,
            verdict,
            headline,
            details: vec![(text!("why", "理由"), text!("the digests <are> \"unread\"", "未検証"))],
            fields: vec![("expected", json!("refuse"))],
            took: Duration::from_millis(1500),
        };
        Report {
            command: "exam",
            title: text!("Examination", "試験"),
            collection: "candidates",
            program: ["verify", "{cms}", "a&b\u{1b}[2J"].map(str::to_owned).to_vec(),
            facts: vec![Fact {
                id: "seed",
                title: text!("seed", "シード"),
                value: json!(7),
            }],
            notes: vec![text!("a note", "注記")],
            entries: vec![
                entry("a", Standing::Passed, "passed", text!("refused", "拒否")),
                entry("b", Standing::Finding, "accepted-wrong", text!("accepted", "受理")),
                entry("c", Standing::NotJudged, "not-judged", text!("not judged", "判定不能")),
            ],
        }
    }

    #[test]
    fn a_text_has_the_notes_first_and_findings_in_full() {
        let english = people(&sample(), Language::En);
        let place = |needle: &str| english.find(needle).unwrap_or_else(|| panic!("{needle}: {english}"));
        assert!(place("a note") < place("accepted"));
        assert!(english.contains("seed: 7") && english.contains("why: the digests <are> \"unread\""));
        assert!(english.contains("1 passed, 1 finding, 1 not judged"), "{english}");
        let japanese = people(&sample(), Language::Ja);
        assert!(japanese.contains("受理") && japanese.contains("合格1件、指摘1件、判定なし1件"));
    }

    #[test]
    fn json_has_an_entry_each_with_name_group_and_verdict() {
        let value = json(&sample());
        assert_eq!(value["seed"], 7);
        assert_eq!(value["candidates"][1]["verdict"], "accepted-wrong");
        assert_eq!(value["candidates"][1]["expected"], "refuse");
        assert_eq!(value["candidates"][0]["name"], "a");
        assert_eq!(value["counts"]["findings"], 1);
    }

    #[test]
    fn xml_and_html_show_foreign_text_as_text() {
        let (xml, page) = (junit(&sample()), html(&sample()));
        assert!(
            xml.contains("tests=\"3\" failures=\"1\" skipped=\"1\" time=\"4.500\""),
            "{xml}"
        );
        for document in [&xml, &page] {
            assert!(
                document.contains("the digests &lt;are&gt; &quot;unread&quot;"),
                "{document}"
            );
            assert!(!document.contains('\u{1b}'));
        }
        assert!(page.contains("a&amp;b?[2J") && page.contains("lang=\"ja\"") && page.contains("受理"));
        assert!(!page.contains("<script"));
    }
}
