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

/// A change of a file, of a record and of a key, in EFs 1, 2 and 3 of an application.
fn changes_of(aid: &[u8]) -> [Change; 3] {
    let object = |file| ObjectId {
        aid: Aid::new(aid).unwrap(),
        file: FileId::new(file),
    };
    let content = || b"secret content".to_vec().into();
    [
        Change::FileContent {
            object: object(1),
            content: content(),
        },
        Change::Record {
            object: object(2),
            number: 1,
            content: content(),
        },
        Change::Key {
            object: object(3),
            key: PrivateKey::from_pkcs8_der(b"secret key"),
        },
    ]
}

#[test]
fn files_and_keys_survive_a_reset_of_pins_and_end_with_their_application() {
    let mut state = State::default();
    for change in changes_of(b"one").iter().chain(&changes_of(b"other")) {
        state.apply(change);
        assert!(!state.is_as_issued());
    }
    let pin = |aid: &[u8]| ObjectId {
        aid: Aid::new(aid).unwrap(),
        file: FileId::new(4),
    };
    let tries = |aid| Change::PinTries {
        object: pin(aid),
        tries_left: 1,
    };
    state.apply(&tries(b"one"));
    state.apply(&Change::PinsAsRecorded);
    assert!(state.pins.is_empty());
    assert_eq!(state.contents.objects().0.len(), 4);
    assert_eq!(state.contents.objects().1.len(), 2);

    state.apply(&tries(b"one"));
    state.apply(&tries(b"other"));
    let mut replacement = Replacement::new([7; 16]);
    replacement.dropped.insert(Aid::new(b"one").unwrap());
    // A PIN of a replacement is set after the application was dropped.
    replacement
        .pins
        .insert(pin(b"one"), PinReplacement::Value(value("1234"), 3));
    state.apply(&Change::Replacement(replacement));
    let other = Aid::new(b"other").unwrap();
    let (files, keys) = state.contents.objects();
    assert!(files.iter().chain(&keys).all(|object| object.aid == other) && files.len() + keys.len() == 3);
    assert_eq!(state.pins[&pin(b"one")].tries_left, Some(3));
    assert_eq!(state.pins[&pin(b"other")].tries_left, Some(1));
}

#[test]
fn what_no_file_record_or_key_can_be_is_refused() {
    let file = |length| Change::FileContent {
        object: object(1),
        content: vec![1; length].into(),
    };
    let record = |number, length| Change::Record {
        object: object(1),
        number,
        content: vec![1; length].into(),
    };
    let key = |length| Change::Key {
        object: object(1),
        key: PrivateKey::from_pkcs8_der(&vec![1; length]),
    };
    for possible in [
        file(1),
        file(32_768),
        record(1, 1),
        record(254, 65_533),
        key(1),
        key(4096),
    ] {
        assert!(MemoryStore::default().commit(&possible).is_ok(), "{possible:?}");
    }
    let impossible = [
        file(0),
        file(32_769),
        record(0, 1),
        record(255, 1),
        record(1, 0),
        record(1, 65_534),
        key(0),
        key(4097),
    ];
    for impossible in impossible {
        let mut store = MemoryStore::default();
        assert!(store.commit(&impossible).is_err(), "{impossible:?}");
        assert!(store.load().unwrap().is_as_issued());
    }
}

#[test]
fn records_end_at_the_first_that_is_missing_and_a_file_of_another_length_is_ignored() {
    let mut store = Persistent::open(Box::<MemoryStore>::default()).unwrap();
    let [short, long] = [&b"ab"[..], b"abc"].map(|content| Content::from(content.to_vec()));
    for (number, content) in [(2, "two"), (4, "four")] {
        let content = content.as_bytes().to_vec().into();
        let object = object(1);
        store
            .commit(&Change::Record {
                object,
                number,
                content,
            })
            .unwrap();
    }
    let content = b"AB".to_vec().into();
    let object = object(1);
    store.commit(&Change::FileContent { object, content }).unwrap();
    let records = |declared: usize| store.records(object, &vec![short.clone(); declared]).concat();
    // Nothing, then 1 and 2, then all four.
    assert_eq!([0, 1, 3].map(records), [&b""[..], b"abtwo", b"abtwoabfour"]);
    assert_eq!(store.content(object, &short), b"AB");
    assert_eq!(store.content(object, &long), b"abc");
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
    let changes = changes_of(b"one");
    changes.iter().for_each(|change| state.apply(change));
    let shown = format!("{changes:?} {state:?}");
    assert!(!shown.contains("secret") && !shown.contains("115, 101"), "{shown}");
    for shown in [format!("{change:?}"), format!("{state:?}")] {
        assert!(shown.contains("13 bytes") && shown.contains("********"), "{shown}");
        for secret in ["secret", "1234", "115, 101", "49, 50"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
