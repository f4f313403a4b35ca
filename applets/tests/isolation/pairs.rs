//! The exhaustive table.

use std::collections::BTreeSet;

use crate::common::subject::Subject;
use crate::desk::{Desk, Rights, TERMINAL, expected};
use crate::events::{After, Event, KINDS, found};
use crate::rules::{Rules, applications};

/// Every set of PINs that can be verified, the empty one for an application without any.
fn sets(rules: &Rules) -> Vec<BTreeSet<&str>> {
    let names: Vec<&str> = rules.verifiable().map(|pin| pin.name.as_str()).collect();
    let chosen = |bits: u32| {
        let names = names.iter().enumerate();
        names.filter(move |(at, _)| bits >> at & 1 == 1).map(|(_, name)| *name)
    };
    let first = u32::from(!names.is_empty());
    (first..1 << names.len()).map(|bits| chosen(bits).collect()).collect()
}

/// Whether a pair is tried. The DFs of one application are alike: beside others the first of them stands for all.
fn is_tried(from: usize, to: usize) -> bool {
    let [from, to] = [from, to].map(|at| &applications()[at]);
    let like_another = |rules: &Rules| rules.parent.is_some() && !rules.name.ends_with('1');
    let together = |one: &Rules, other: &Rules| {
        one.parent == other.parent
            || one.parent.as_ref() == Some(&other.name)
            || other.parent.as_ref() == Some(&one.name)
    };
    !(like_another(from) || like_another(to)) || together(from, to)
}

/// One case; the number of rights compared, or what is wrong.
fn case(from: usize, to: usize, pins: &BTreeSet<&str>, event: &Event) -> Result<usize, String> {
    let (here, there) = (&applications()[from], &applications()[to]);
    let mut desk = Desk::new();
    desk.select(here);
    let mut gained = desk.gain(here, pins);
    event.happen(&mut desk, from, to);
    let After { selected, mut kept } = event.after(from, to);
    let mut compared = 0;
    let mut compare = |place: &str, rules: &Rules, desk: &mut Desk, right: &Rights| {
        let granted = desk.rights(rules);
        compared += rules.rows.len();
        let more: Vec<_> = granted.difference(right).collect();
        let fewer: Vec<_> = right.difference(&granted).collect();
        if more.is_empty() && fewer.is_empty() {
            return Ok(());
        }
        Err(format!(
            "{} {pins:?}, {event:?} towards {}, {place} in {}: too many {more:?}, too few {fewer:?}",
            here.name, there.name, rules.name
        ))
    };
    let without = |rules: &Rules| expected(rules, &BTreeSet::new());
    // Where the event has led to, at once.
    let landed = &applications()[selected];
    let expected_there = if kept { gained.clone() } else { without(landed) };
    compare("at once", landed, &mut desk, &expected_there)?;
    // The question has used up the one right that can be used once.
    gained.remove(TERMINAL);
    // Then at the other application, in any case.
    desk.select(there);
    kept &= to == from;
    let expected_there = if kept { gained.clone() } else { without(there) };
    compare("then", there, &mut desk, &expected_there)?;
    // And back.
    desk.select(here);
    let expected_here = if kept { gained } else { without(here) };
    compare("back", here, &mut desk, &expected_here)?;
    Ok(compared)
}

/// Tries every case of the subject: how many of each kind, how many keep what was gained, how many rights were compared.
fn exhaust(subject: Subject) -> ([usize; KINDS.len()], usize, usize) {
    subject.choose();
    let mut faults = Vec::new();
    let mut totals = [0; KINDS.len()];
    let (mut survived, mut compared) = (0, 0);
    println!(
        "{:<32}{}",
        "cases from → to",
        KINDS.map(|kind| format!("{kind:>15}")).concat()
    );
    for from in 0..applications().len() {
        for to in (0..applications().len()).filter(|to| is_tried(from, *to)) {
            let (here, there) = (&applications()[from], &applications()[to]);
            let mut cases = [0; KINDS.len()];
            for pins in sets(here) {
                for event in Event::all(here, there) {
                    cases[event.kind(there)] += 1;
                    survived += usize::from(event.after(from, to).kept);
                    match case(from, to, &pins, &event) {
                        Ok(count) => compared += count,
                        Err(fault) => faults.push(fault),
                    }
                }
            }
            let pair = format!("{} → {}", here.name, there.name);
            println!("{pair:<32}{}", cases.map(|count| format!("{count:>15}")).concat());
            totals.iter_mut().zip(cases).for_each(|(total, count)| *total += count);
        }
    }
    println!(
        "{:<32}{}",
        "together",
        totals.map(|count| format!("{count:>15}")).concat()
    );
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    (totals, survived, compared)
}

#[test]
fn no_right_crosses_from_one_application_to_another_and_what_must_survive_does() {
    let (totals, survived, compared) = exhaust(Subject::Card);
    let all: usize = totals.iter().sum();
    println!("counted: isolation: {all} cases, {survived} of which keep what was gained; {compared} rights compared");
    // 11 applications, 25 sets of PINs in them together, and all ordered pairs but those of two DFs with seven others.
    assert_eq!([totals[0], totals[4], totals[5], totals[6]], [275 - 2 * (7 + 21); 4]);
    assert!(
        all >= 5_000 && compared >= 300_000,
        "the table has shrunk: {all} cases, {compared} rights"
    );
}

#[test]
fn no_right_crosses_between_the_applications_of_a_phone_either() {
    for phone in Subject::PHONES {
        let (totals, survived, compared) = exhaust(phone);
        let all: usize = totals.iter().sum();
        println!("counted: isolation: {all} cases with {phone:?}, {survived} of which keep what was gained");
        // Two applications, no PIN in one and three sets of PINs in the other.
        assert_eq!([totals[0], totals[4], totals[5], totals[6]], [8; 4]);
        assert!(
            all >= 400 && compared >= 25_000,
            "the table has shrunk: {all} cases, {compared} rights"
        );
    }
}

/// The current EF belongs to its application as the rights do.
#[test]
fn no_current_ef_crosses_and_only_what_selects_nothing_keeps_it() {
    let mut cases = 0;
    for from in 0..applications().len() {
        for to in 0..applications().len() {
            let (here, there) = (&applications()[from], &applications()[to]);
            let object = here
                .rows
                .iter()
                .find(|row| row.operation == "read" && row.object.starts_with("EF "));
            // The card manager has no EF.
            let Some(object) = object else { continue };
            let ef = &object.object[3..];
            for event in Event::all(here, there) {
                let mut desk = Desk::new();
                desk.select(here);
                desk.must(&format!("00A4020C 02 {ef}"));
                let before = [desk.sw("00B00000 00"), desk.sw("00B20104 00")];
                event.happen(&mut desk, from, to);
                let after = [desk.sw("00B00000 00"), desk.sw("00B20104 00")];
                let none = [0x6986; 2];
                assert_ne!(before, none);
                let failed = match &event {
                    Event::FailedSelect(_) => true,
                    Event::Select { length, next } => found(from, to, *length, *next).is_none(),
                    // Makes another EF the current one.
                    Event::File(_) => continue,
                    _ => false,
                };
                let expected = if failed { before } else { none };
                assert_eq!(
                    after, expected,
                    "{} EF {ef}, {event:?} towards {}",
                    here.name, there.name
                );
                cases += 1;
            }
        }
    }
    println!("counted: isolation: {cases} cases of the current EF");
    // Five applications with EFs, towards all six.
    assert!(cases > 900, "{cases}");
}
