use super::*;
use crate::declaration::Format;
use crate::state::{MemoryStore, Persistent};
use vmyna_apdu::{Aid, FileId};

fn object(file: u16) -> ObjectId {
    ObjectId {
        aid: Aid::new(&[0xD3, 0x92]).unwrap(),
        file: FileId::new(file),
    }
}

fn value(text: &str) -> ReferenceData {
    ReferenceData::new(text.as_bytes())
}

fn record(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    Some(Zeroizing::new(text.as_bytes().to_vec()))
}

#[test]
fn a_replacement_changes_what_it_names_and_a_repeated_one_nothing() {
    let mut state = State::default();
    assert!(state.is_as_issued());
    for file in [1, 2, 3] {
        state.apply(&Change::PinTries {
            object: object(file),
            tries_left: 1,
        });
    }
    assert!(!state.is_as_issued() && state.operation().is_none());
    let mut replacement = Replacement::new([7; 16]);
    replacement.record = record("now");
    replacement.pins.insert(object(1), PinReplacement::AsRecorded);
    replacement
        .pins
        .insert(object(2), PinReplacement::Value(value("9999"), 3));
    state.apply(&Change::Replacement(replacement.clone()));
    assert_eq!((state.record(), state.operation()), (Some(&b"now"[..]), Some([7; 16])));
    assert!(!state.pins.contains_key(&object(1)));
    let reset = &state.pins[&object(2)];
    assert_eq!(
        (reset.tries_left, reset.value.as_ref().unwrap().as_bytes()),
        (Some(3), &b"9999"[..])
    );
    let kept = &state.pins[&object(3)];
    assert!(kept.tries_left == Some(1) && kept.value.is_none());

    replacement.record = record("again");
    replacement.pins.insert(object(3), PinReplacement::AsRecorded);
    state.apply(&Change::Replacement(replacement.clone()));
    assert!(state.record() == Some(b"now") && state.pins.contains_key(&object(3)));
    replacement.operation = [8; 16];
    state.apply(&Change::Replacement(replacement));
    assert!(state.record() == Some(b"again") && !state.pins.contains_key(&object(3)));
    state.apply(&Change::PinsAsRecorded);
    assert!(state.pins.is_empty() && state.record().is_some());
}

#[test]
fn a_pin_with_a_new_value_has_all_its_tries_whatever_was_issued() {
    let format = Format::digits(4);
    let pins = [
        Pin::new(value("1234"), format, 3),
        Pin {
            tries_at_issue: 0,
            ..Pin::new(value("1234"), format, 10)
        },
        Pin::unset(format, 5),
        Pin {
            max_tries: None,
            ..Pin::new(value("1234"), format, 3)
        },
    ];
    for (file, pin) in (0..).zip(&pins) {
        for lost in [false, true] {
            let mut store = Persistent::open(Box::<MemoryStore>::default()).unwrap();
            if lost {
                store
                    .commit(&Change::PinTries {
                        object: object(file),
                        tries_left: 0,
                    })
                    .unwrap();
            }
            let mut replacement = Replacement::new([7; 16]);
            let new = PinReplacement::with_all_tries(value("9999"), pin);
            replacement.pins.insert(object(file), new);
            store.commit(&Change::Replacement(replacement)).unwrap();
            assert_eq!(store.pin_value(object(file), pin).unwrap().as_bytes(), b"9999");
            assert_eq!(
                store.tries_left(object(file), pin),
                pin.max_tries.unwrap_or(MOST_TRIES),
                "{pin:?}"
            );
        }
    }
}

#[test]
fn what_no_state_can_hold_is_refused_and_changes_nothing() {
    let mut replacements = vec![];
    for length in [0, Replacement::LONGEST_RECORD + 1] {
        let mut replacement = Replacement::new([7; 16]);
        replacement.record = Some(Zeroizing::new(vec![7; length]));
        replacements.push(replacement);
    }
    for pin in [
        PinReplacement::Value(value(""), 3),
        PinReplacement::Value(value("12345678901234567"), 3),
        PinReplacement::Value(value("1234"), 16),
    ] {
        let mut replacement = Replacement::new([7; 16]);
        replacement.pins.insert(object(1), pin);
        replacements.push(replacement);
    }
    for replacement in replacements {
        let mut store = MemoryStore::default();
        assert!(store.commit(&Change::Replacement(replacement)).is_err());
        assert!(store.load().unwrap().is_as_issued());
    }
}

#[test]
fn debug_output_shows_neither_record_nor_pin() {
    let mut replacement = Replacement::new([7; 16]);
    replacement.record = record("secret record");
    replacement
        .pins
        .insert(object(1), PinReplacement::Value(value("1234"), 3));
    let mut state = State::default();
    let change = Change::Replacement(replacement);
    state.apply(&change);
    for shown in [format!("{change:?}"), format!("{state:?}")] {
        assert!(shown.contains("13 bytes") && shown.contains("********"), "{shown}");
        for secret in ["secret", "1234", "115, 101", "49, 50"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
