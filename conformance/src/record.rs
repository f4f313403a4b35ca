//! Recordings: what a card answered, kept as evidence, and the comparison of two.
//!
//! A recording is a [`Report`] as JSON. It holds no PIN, since commands stand there as the vectors have them, and of data
//! only what is declared public; everything else by length and outline.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::report::{Outcome, Report, VectorReport};

/// The most bytes of a recording: some ten times those of a run of all vectors.
pub const LONGEST: u64 = 8 << 20;
/// The most vectors of a recording.
pub const MOST_VECTORS: usize = 10_000;

/// Reads a recording of at most [`LONGEST`] bytes.
///
/// # Errors
/// A sentence, when it is none.
pub fn read(text: &str) -> Result<Report, String> {
    if text.len() as u64 > LONGEST {
        return Err(format!("it is no recording of a run: it has more than {LONGEST} bytes"));
    }
    let report: Report = serde_json::from_str(text).map_err(|error| format!("it is no recording of a run: {error}"))?;
    match report.vectors.len() {
        0..=MOST_VECTORS => Ok(report),
        _ => Err(format!(
            "it is no recording of a run: it has more than {MOST_VECTORS} vectors"
        )),
    }
}

/// The differences between two recordings, a line each with an indented one for each side; empty when there are none.
/// Times and readers don't count.
#[must_use]
pub fn differences(a: &Report, b: &Report) -> String {
    let mut text = String::new();
    let mut differ = |what: &str, one: &str, other: &str| {
        // Writing into a string does not fail.
        let _ = writeln!(text, "{what}\n  A: {one}\n  B: {other}");
    };
    if a.card.atr != b.card.atr {
        differ("ATR", &a.card.atr, &b.card.atr);
    }
    if a.card.properties != b.card.properties {
        differ(
            "kind of card",
            &format!("{:?}", a.card.properties),
            &format!("{:?}", b.card.properties),
        );
    }
    let by_id = |report: &'_ Report| -> HashMap<String, usize> {
        // The first of a name counts.
        let ids = report.vectors.iter().enumerate().rev();
        ids.map(|(at, vector)| (vector.id.clone(), at)).collect()
    };
    let (ids_a, ids_b) = (by_id(a), by_id(b));
    for one in &a.vectors {
        match ids_b.get(&one.id).map(|at| &b.vectors[*at]) {
            None => differ(&one.id, &outcome(one), "not in this recording"),
            Some(other) => compare(one, other, &mut differ),
        }
    }
    for other in &b.vectors {
        if !ids_a.contains_key(&other.id) {
            differ(&other.id, "not in this recording", &outcome(other));
        }
    }
    text
}

fn compare(a: &VectorReport, b: &VectorReport, differ: &mut impl FnMut(&str, &str, &str)) {
    // A vector that was not tried shows nothing about the card.
    let skipped = |vector: &VectorReport| matches!(vector.outcome, Outcome::Skipped { .. });
    if skipped(a) && skipped(b) {
        return;
    }
    if skipped(a) || skipped(b) {
        return differ(&a.id, &outcome(a), &outcome(b));
    }
    for (number, (one, other)) in a.steps.iter().zip(&b.steps).enumerate() {
        if one != other {
            let what = format!("{} [{}] step {}: {}", a.id, a.certainty, number + 1, one.sent);
            return differ(
                &what,
                &format!("{} {}", one.sw, one.data),
                &format!("{} {}", other.sw, other.data),
            );
        }
    }
    if a.steps.len() != b.steps.len() || a.outcome != b.outcome {
        differ(&a.id, &outcome(a), &outcome(b));
    }
}

fn outcome(vector: &VectorReport) -> String {
    match &vector.outcome {
        Outcome::Passed => "passed".to_owned(),
        Outcome::Failed { step, what } => format!("failed at step {step}: {what}"),
        Outcome::Skipped { why } => format!("not tried: {why}"),
    }
}
