//! The whole table against the card: who may do what, after which PINs, after which history.

use std::collections::BTreeSet;

use crate::attempt::{Way, attempt, short_identifier, with_value};
use crate::common::Rig;
use crate::common::subject::{Subject, each};
use crate::rules::{Judge, Rules, applications, operations, select};

/// What happens between VERIFY and the operation.
#[derive(Clone, Copy)]
enum History<'a> {
    Nothing,
    /// SELECT of another application, VERIFY of all its PINs, of which some have the same identifiers, and back.
    Visit(&'a Rules),
    Reselect,
    WarmReset,
    PowerCycle,
}

impl<'a> History<'a> {
    fn all(rules: &Rules) -> Vec<Self> {
        let others = applications().iter().filter(|other| other.aid != rules.aid);
        let alone = [Self::Nothing, Self::Reselect, Self::WarmReset, Self::PowerCycle];
        alone.into_iter().chain(others.map(Self::Visit)).collect()
    }

    fn name(self) -> String {
        match self {
            Self::Nothing => "at once".into(),
            Self::Visit(other) => format!("after a visit to {}", other.name),
            Self::Reselect => "after SELECT of the same application".into(),
            Self::WarmReset => "after a warm reset".into(),
            Self::PowerCycle => "after loss of power".into(),
        }
    }

    /// Whether the security status lives on (myna-card; pyjpki).
    fn keeps(self) -> bool {
        matches!(self, Self::Nothing | Self::Reselect | Self::WarmReset)
    }

    fn bring_about(self, rig: &mut Rig, rules: &Rules) {
        match self {
            Self::Nothing => {}
            Self::Visit(other) => {
                select(rig, other);
                verify(rig, other, other.verifiable().map(|pin| pin.name.as_str()));
                select(rig, rules);
            }
            Self::Reselect => rig.select(&rules.aid),
            Self::WarmReset => drop(rig.card.reset().unwrap().to_vec()),
            Self::PowerCycle => {
                rig.card.power_off();
                rig.card.power_on();
                select(rig, rules);
            }
        }
    }
}

/// Verifies PINs of the selected application by their names.
fn verify<'a>(rig: &mut Rig, rules: &Rules, names: impl IntoIterator<Item = &'a str>) {
    for name in names {
        let pin = rules.verifiable().find(|pin| pin.name == name).unwrap();
        rig.expect(&[
            (&format!("00A4020C 02 {}", pin.ef), 0x9000),
            (&with_value("00200080", rules.values(pin).0), 0x9000),
        ]);
    }
}

/// Every set of PINs that can be verified.
fn sets(rules: &Rules) -> Vec<BTreeSet<&str>> {
    let names: Vec<&str> = rules.verifiable().map(|pin| pin.name.as_str()).collect();
    let set = |bits: u32| {
        let names = names.iter().enumerate();
        names.filter(move |(at, _)| bits >> at & 1 == 1).map(|(_, name)| *name)
    };
    (0..1 << names.len()).map(|bits| set(bits).collect()).collect()
}

/// One case: whether it was allowed, and what is wrong with the card's answer.
fn case(
    rules: &Rules,
    (object, operation): (&str, &str),
    verified: &BTreeSet<&str>,
    history: History<'_>,
    way: Way,
) -> (bool, Option<String>) {
    let mut rig = Rig::loaded();
    select(&mut rig, rules);
    verify(&mut rig, rules, verified.iter().copied());
    history.bring_about(&mut rig, rules);
    let nothing = BTreeSet::new();
    let now = if history.keeps() { verified } else { &nothing };
    let allowed = rules.allows(object, operation, now);
    let (sw, done) = attempt(&mut rig, rules, object, operation, way);
    let row = rules.row(object, operation);
    let right = match (allowed, row) {
        (true, _) => done,
        (false, Some(row)) => sw == row.refusal(),
        // Nothing is said of it: the file may also be of the wrong kind.
        (false, None) => matches!(sw, 0x6981 | 0x6982),
    };
    let fault = (!right).then(|| {
        let condition = row.map_or("no row", |row| &row.condition);
        let (name, history) = (&rules.name, history.name());
        format!("{name} {object}: {operation} ({condition}) with {now:?} {history}, {way:?}: {sw:04X}")
    });
    (allowed, fault)
}

/// Tries every case of the subject; how many there are, and how many of them are allowed.
fn exhaust(subject: Subject) -> (usize, usize) {
    subject.choose();
    let (mut all, mut all_allowed) = (0, 0);
    let mut faults = Vec::new();
    println!(
        "{:<16} {:>7} {:>5} {:>9} {:>7} {:>8}",
        "application", "objects", "sets", "histories", "cases", "allowed"
    );
    for rules in applications() {
        let (sets, histories) = (sets(rules), History::all(rules));
        let (mut cases, mut allowed_cases) = (0, 0);
        let what = rules
            .objects()
            .into_iter()
            .flat_map(|object| operations(object).iter().map(move |operation| (object, *operation)));
        for what in what {
            for verified in &sets {
                for history in &histories {
                    for way in [Way::Selected, Way::ShortIdentifier] {
                        if way == Way::ShortIdentifier && short_identifier(what.0).is_none() {
                            continue;
                        }
                        let (allowed, fault) = case(rules, what, verified, *history, way);
                        cases += 1;
                        allowed_cases += usize::from(allowed);
                        faults.extend(fault);
                    }
                }
            }
        }
        println!(
            "{:<16} {:>7} {:>5} {:>9} {cases:>7} {allowed_cases:>8}",
            rules.name,
            rules.objects().len(),
            sets.len(),
            histories.len()
        );
        all += cases;
        all_allowed += allowed_cases;
    }
    println!("{:<16} {all:>39} {all_allowed:>8}", "together");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    (all, all_allowed)
}

#[test]
fn the_card_allows_and_denies_exactly_what_the_published_rules_say() {
    let (all, allowed) = exhaust(Subject::Card);
    println!("counted: access: {all} cases, {allowed} of which are allowed");
    assert!(
        all >= 35_000 && allowed >= 3_400,
        "the table has shrunk: {all} cases, {allowed} allowed"
    );
}

#[test]
fn the_token_of_a_phone_allows_and_denies_exactly_what_the_table_has_of_it() {
    let [iphone, android] = Subject::PHONES.map(exhaust);
    assert_eq!(iphone, android);
    let (all, allowed) = iphone;
    println!("counted: access: {all} cases with the token of each kind of phone, {allowed} of which are allowed");
    assert!(
        all >= 4_000 && allowed >= 300,
        "the table has shrunk: {all} cases, {allowed} allowed"
    );
}

#[test]
fn an_application_without_a_default_key_signs_nothing_with_p2_00_whatever_is_verified() {
    each(|subject| {
        let mut without = 0;
        for rules in applications()
            .iter()
            .filter(|rules| !rules.rows.iter().any(|row| row.default))
        {
            for verified in sets(rules) {
                let mut rig = Rig::loaded();
                select(&mut rig, rules);
                verify(&mut rig, rules, verified.iter().copied());
                assert_eq!(rig.sw("802A0000 03 313233 00"), 0x6A88, "{} {verified:?}", rules.name);
            }
            without += 1;
        }
        // card_manager, jpki, residence_code, card_info, and all in the free area; the two of a phone.
        assert_eq!(without, if subject == Subject::Card { 4 + 5 } else { 2 });
    });
}
