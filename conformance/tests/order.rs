//! The table of the order of checks is complete, and a card answers as it states.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::collections::BTreeMap;

use common::{failures, run_anew, specimen, values};
use vmyna_applets::Profile;
use vmyna_card_os::state::MemoryStore;
use vmyna_conformance::order::instructions;
use vmyna_conformance::report::Outcome;

#[test]
fn each_pair_of_faults_that_can_be_told_apart_has_one_row() {
    let mut faults = Vec::new();
    let mut pairs = 0;
    for instruction in instructions().unwrap() {
        let mut rows: BTreeMap<[&str; 2], usize> = BTreeMap::new();
        for row in &instruction.rows {
            for then in &row.then {
                let mut pair = [row.first.as_str(), then.as_str()];
                pair.sort_unstable();
                *rows.entry(pair).or_default() += 1;
                let [first, second] = [&row.first, then].map(|name| instruction.answer_to(name));
                if first.is_none() || second.is_none() || first == second {
                    faults.push(format!("{}: {pair:?} can't be told apart", instruction.name));
                }
            }
        }
        for mut pair in instruction.pairs() {
            pair.sort_unstable();
            pairs += 1;
            match rows.remove(&pair) {
                Some(1) => {}
                other => faults.push(format!(
                    "{}: {pair:?} has {} rows",
                    instruction.name,
                    other.unwrap_or(0)
                )),
            }
        }
        // What is left is wrong in one field: the row states the value that is wrong in both ways.
        let twice = rows.iter().filter(|(_, count)| **count > 1);
        faults.extend(twice.map(|(pair, _)| format!("{}: {pair:?} has two rows", instruction.name)));
        if instruction.name != "class" && !rows.is_empty() {
            faults.push(format!("{}: {rows:?} can't come together", instruction.name));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(pairs >= 300, "{pairs}");
}

/// Every row, over a card of each profile.
#[test]
fn a_card_reports_the_fault_that_the_table_names() {
    for profile in Profile::all() {
        let issued = specimen("hanako", profile);
        let applications = issued.applications();
        let report = run_anew(&["order"], &values(&applications), &mut |_| {
            let card = common::card(&applications, &issued.profile.atr, Box::<MemoryStore>::default());
            common::reader(card, &issued.profile)
        });
        assert_eq!(failures(&report), "", "{}", issued.profile.name);
        let passed = |vector: &&vmyna_conformance::report::VectorReport| matches!(vector.outcome, Outcome::Passed);
        let rows: usize = instructions().unwrap().iter().map(|one| one.rows.len() + 1).sum();
        assert_eq!(report.vectors.iter().filter(passed).count(), rows);
    }
}
