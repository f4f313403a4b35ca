//! Each PIN of the table against the card: its counter, that it counts for itself, and what a new value may be.

use crate::attempt::with_value;
use crate::common::Rig;
use crate::common::subject::{Subject, each};
use crate::rules::{Judge, PinRules, Rules, applications, owner, select};

/// The PINs that can be verified, with their applications.
fn pins() -> impl Iterator<Item = (&'static Rules, &'static PinRules)> {
    applications()
        .iter()
        .flat_map(|rules| rules.verifiable().map(move |pin| (rules, pin)))
}

/// The card with the PIN's application and EF selected.
fn at(rules: &Rules, pin: &PinRules) -> Rig {
    let mut rig = Rig::loaded();
    go(&mut rig, rules, pin);
    rig
}

fn go(rig: &mut Rig, rules: &Rules, pin: &PinRules) {
    select(rig, rules);
    rig.expect(&[(&format!("00A4020C 02 {}", pin.ef), 0x9000)]);
}

fn left(tries: u8) -> u16 {
    0x63C0 + u16::from(tries)
}

#[test]
fn wrong_values_count_down_to_63c0_and_then_the_right_one_is_refused_with_6984_for_good() {
    each(|_| {
        for (rules, pin) in pins() {
            let (right, wrong) = rules.values(pin);
            let (right, wrong) = (with_value("00200080", right), with_value("00200080", wrong));
            let mut rig = at(rules, pin);
            for fewer in (0..pin.tries).rev() {
                assert_eq!(rig.sw(&wrong), left(fewer), "{} {}", rules.name, pin.name);
                assert_eq!(rig.sw("00200080"), left(fewer), "{} {}", rules.name, pin.name);
            }
            for _ in 0..2 {
                rig.expect(&[(&wrong, 0x6984), (&right, 0x6984), ("00200080", 0x63C0)]);
                rig.card.power_off();
                rig.card.power_on();
                go(&mut rig, rules, pin);
            }
        }
    });
}

#[test]
fn the_right_value_gives_all_tries_back_also_from_the_last_one() {
    each(|_| {
        for (rules, pin) in pins() {
            let (right, wrong) = rules.values(pin);
            let (right, wrong) = (with_value("00200080", right), with_value("00200080", wrong));
            let mut rig = at(rules, pin);
            for fewer in (1..pin.tries).rev() {
                assert_eq!(rig.sw(&wrong), left(fewer), "{} {}", rules.name, pin.name);
            }
            rig.expect(&[(&right, 0x9000), ("00200080", left(pin.tries))]);
        }
    });
}

#[test]
fn a_wrong_value_takes_a_try_of_its_own_pin_and_of_no_other_in_any_application() {
    each(|subject| {
        let mut compared = 0;
        for (rules, pin) in pins() {
            let mut rig = at(rules, pin);
            rig.expect(&[(&with_value("00200080", rules.values(pin).1), left(pin.tries - 1))]);
            for (other_rules, other) in pins() {
                go(&mut rig, other_rules, other);
                let same = owner(rules, pin) == owner(other_rules, other);
                let expected = left(other.tries - u8::from(same));
                let place = format!("{} {} after {} {}", other_rules.name, other.name, rules.name, pin.name);
                assert_eq!(rig.sw("00200080"), expected, "{place}");
                compared += 1;
            }
        }
        let pins = if subject == Subject::Card { 15 } else { 2 };
        assert_eq!(compared, pins * pins, "{pins} PINs beside {pins}");
    });
}

/// 16 bytes or fewer are a value, if a wrong one; more are no value and cost nothing.
#[test]
fn a_value_of_another_length_is_a_wrong_one_and_costs_a_try_up_to_16_bytes() {
    each(|_| {
        for (rules, pin) in pins() {
            let right = rules.values(pin).0;
            for length in (1..=17).filter(|length| *length != right.len()) {
                let value: String = right.chars().cycle().take(length).collect();
                let (sw, tries) = match length {
                    17 => (0x6700, pin.tries),
                    _ => (left(pin.tries - 1), pin.tries - 1),
                };
                let mut rig = at(rules, pin);
                rig.expect(&[(&with_value("00200080", &value), sw), ("00200080", left(tries))]);
            }
        }
    });
}

/// The command by which the table lets the holder change the PIN.
fn change(rules: &Rules, pin: &PinRules) -> Option<&'static str> {
    let object = format!("EF {}", pin.ef);
    let allowed = |operation| {
        rules
            .row(&object, operation)
            .is_some_and(|row| row.condition != "never")
    };
    match (allowed("change reference data"), allowed("change key")) {
        (true, false) => Some("00240180"),
        (false, true) => Some("80320080"),
        (false, false) => None,
        (true, true) => panic!("{} {}: two ways to change it", rules.name, pin.name),
    }
}

/// Samples of what a value can be made of, as the table words it.
fn made_of(characters: &str, sample: &str) -> bool {
    sample.chars().all(|c| match characters {
        "0-9" => c.is_ascii_digit(),
        "A-Z 0-9" => c.is_ascii_digit() || c.is_ascii_uppercase(),
        _ => panic!("{characters}: not in the words that the file explains"),
    })
}

#[test]
fn a_new_value_is_taken_if_it_has_the_characters_and_the_length_of_the_table_and_else_refused_with_6a80() {
    const SAMPLES: [&str; 6] = ["7", "B", "7B", "b", "7 ", "é"];
    let (mut taken, mut refused) = (0, 0);
    each(|_| {
        for (rules, pin) in pins() {
            let Some(change) = change(rules, pin) else {
                assert!(
                    pin.characters.is_none() && pin.length.is_none(),
                    "{} {}",
                    rules.name,
                    pin.name
                );
                continue;
            };
            let (characters, [least, greatest]) = (pin.characters.as_deref().unwrap(), pin.length.unwrap());
            let old = rules.values(pin).0;
            for (sample, length) in SAMPLES
                .iter()
                .flat_map(|sample| (1..=16).map(move |length| (sample, length)))
            {
                let new: String = sample.chars().cycle().take(length).collect();
                if new.len() > 16 {
                    continue;
                }
                let right = made_of(characters, &new) && (least..=greatest).contains(&new.len());
                let place = format!("{} {}: {length} of {sample:?}", rules.name, pin.name);
                let mut rig = at(rules, pin);
                rig.expect(&[(&with_value("00200080", old), 0x9000)]);
                let expected = if right { 0x9000 } else { 0x6A80 };
                assert_eq!(rig.sw(&with_value(change, &new)), expected, "{place}");
                // What the PIN is now survives loss of power.
                rig.card.power_off();
                rig.card.power_on();
                go(&mut rig, rules, pin);
                let (now, before) = if right {
                    (new.as_str(), old)
                } else {
                    (old, new.as_str())
                };
                assert_eq!(rig.sw(&with_value("00200080", before)), left(pin.tries - 1), "{place}");
                assert_eq!(rig.sw(&with_value("00200080", now)), 0x9000, "{place}");
                if right { taken += 1 } else { refused += 1 }
            }
        }
    });
    println!("counted: changes of PINs: {taken} new values taken, {refused} refused");
    assert!(taken >= 4 + 3 * 11 + 2 * (1 + 2 * 11), "{taken}");
    assert!(refused >= 350, "{refused}");
}
