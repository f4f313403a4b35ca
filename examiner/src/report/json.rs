//! The report for programs.

use serde_json::{Map, Value, json};

use super::{Report, Standing};

/// The version. Names are added within a version, and never change or go.
const VERSION: u32 = 1;

/// The report as JSON: what it was made with, the counts, and an object an entry.
#[must_use]
pub fn json(report: &Report) -> Value {
    let mut whole = Map::new();
    let mut put = |name: &str, value: Value| {
        whole.insert(name.to_owned(), value);
    };
    put("version", json!(VERSION));
    put("command", json!(report.command));
    put("program", json!(report.program));
    for fact in &report.facts {
        put(fact.id, fact.value.clone());
    }
    put("notes", report.notes.iter().map(|note| json!(note.en)).collect());
    put(
        "counts",
        json!({
            "passed": report.count(Standing::Passed),
            "findings": report.count(Standing::Finding),
            "not_judged": report.count(Standing::NotJudged),
        }),
    );
    let entries = report.entries.iter().map(|entry| {
        let mut one = Map::new();
        one.insert("name".to_owned(), json!(entry.name));
        one.insert("group".to_owned(), json!(entry.group));
        one.insert("verdict".to_owned(), json!(entry.verdict));
        one.insert("finding".to_owned(), json!(entry.standing == Standing::Finding));
        one.insert("headline".to_owned(), json!(entry.headline.en));
        let milliseconds = u64::try_from(entry.took.as_millis()).unwrap_or(u64::MAX);
        one.insert("milliseconds".to_owned(), json!(milliseconds));
        one.extend(
            entry
                .fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
        Value::Object(one)
    });
    put(report.collection, entries.collect());
    Value::Object(whole)
}
