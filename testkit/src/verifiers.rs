//! docs/verifiers.md and docs/verifiers.ja.md: the checks that programs of others make, as examinations have shown.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::{env, fs};

use serde_json::Value;

/// The page, and its Japanese form with the same rows.
const PAGES: [&str; 2] = ["verifiers.md", "verifiers.ja.md"];

/// What an examination has shown of a program.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Checks of which the program refused every wrong candidate.
    pub makes: BTreeSet<String>,
    /// Checks of which it refused some.
    pub in_part: BTreeSet<String>,
    /// Checks of which it accepted every wrong candidate.
    pub not_seen: BTreeSet<String>,
    /// Right candidates that it refused, and candidates at which it crashed or hung.
    pub stumbles: BTreeSet<String>,
}

impl Shown {
    /// From the JSON of `vmyna exam --json`.
    ///
    /// # Panics
    /// It is no such report.
    #[must_use]
    #[expect(clippy::expect_used, reason = "only tests call this; a panic is how they fail")]
    pub fn of(report: &Value) -> Self {
        let mut checks: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut shown = Self::default();
        for entry in report["candidates"].as_array().expect("a report of an examination") {
            let text = |key: &str| entry[key].as_str().unwrap_or_default();
            match text("verdict") {
                "refused-right" | "crashed" | "hung" => {
                    shown.stumbles.insert(text("name").to_owned());
                }
                "passed" | "accepted-wrong" if text("role") == "wrong" && text("expected") == "refuse" => {
                    checks.entry(text("check")).or_default().insert(text("got"));
                }
                _ => {}
            }
        }
        for (check, got) in checks {
            let set = match (got.contains("refused"), got.contains("accepted")) {
                (true, false) => &mut shown.makes,
                (true, true) => &mut shown.in_part,
                _ => &mut shown.not_seen,
            };
            set.insert(check.to_owned());
        }
        shown
    }
}

/// Compares the row of a program in both pages with what was shown. With `UPDATE_DOCS` in the environment, as `make docs` sets
/// it, it writes the row first. `program`: name and version.
///
/// # Panics
/// A page has another row, or none.
#[expect(clippy::panic, reason = "only tests call this; a panic is how they fail")]
pub fn assert_row(program: &str, shown: &Shown) {
    // Tests of one program write their rows one after the other.
    static PAGE: Mutex<()> = Mutex::new(());
    let _alone = PAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let list = |set: &BTreeSet<String>| match set.is_empty() {
        true => "–".to_owned(),
        false => set.iter().cloned().collect::<Vec<_>>().join(", "),
    };
    let start = format!("| {program} |");
    let columns = [&shown.makes, &shown.in_part, &shown.not_seen, &shown.stumbles].map(list);
    let row = format!("{start} {} |", columns.join(" | "));
    for page in PAGES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(page);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("docs/{page}: {error}"));
        let there = text.lines().find(|line| line.starts_with(&start));
        let there = there.unwrap_or_else(|| panic!("docs/{page} has no row of {program}"));
        if env::var_os("UPDATE_DOCS").is_some() {
            let written = fs::write(&path, text.replace(there, &row));
            assert!(written.is_ok(), "docs/{page}: {written:?}");
        } else {
            assert_eq!(there, row, "docs/{page}: run `make docs`");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_check_is_made_if_each_of_its_candidates_is_refused() {
        let entry = |check: &str, role: &str, got: &str, verdict: &str| {
            let expected = if role == "wrong" { "refuse" } else { "accept" };
            json!({"name": format!("{check}.{got}"), "check": check, "role": role, "expected": expected, "got": got, "verdict": verdict})
        };
        let report = json!({"candidates": [
            entry("T01", "wrong", "refused", "passed"),
            entry("T02", "wrong", "refused", "passed"),
            entry("T02", "wrong", "accepted", "accepted-wrong"),
            entry("T03", "wrong", "accepted", "accepted-wrong"),
            entry("T04", "wrong", "refused", "stumbled"),
            entry("T05", "twin", "refused", "refused-right"),
        ]});
        let shown = Shown::of(&report);
        let set = |name: &str| BTreeSet::from([name.to_owned()]);
        assert_eq!(
            (shown.makes, shown.in_part, shown.not_seen),
            (set("T01"), set("T02"), set("T03"))
        );
        assert_eq!(shown.stumbles, set("T05.refused"));
    }
}
