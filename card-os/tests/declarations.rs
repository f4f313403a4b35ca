//! Declarations that contradict themselves make no card, and the fault is named: a user's own application in a file is
//! checked by the same words.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{ALPHA, Rig, bytes};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use vmyna_apdu::{Aid, FileId};
use vmyna_card_os::declaration::{Access, Application, Body, Condition, Format, Operation, Pin, ReferenceData, check};
use vmyna_card_os::{Card, CardError, Parts};

/// The synthetic applications, with one of them altered.
fn altered(alter: impl FnOnce(&mut Application)) -> Vec<Application> {
    let mut applications = Rig::at_root().card.applications().to_vec();
    let aid = Aid::new(&bytes(ALPHA)).unwrap();
    alter(
        applications
            .iter_mut()
            .find(|application| application.aid == aid)
            .unwrap(),
    );
    applications
}

fn body(application: &mut Application, id: u16) -> &mut Body {
    let file = application.files.iter_mut().find(|file| file.id == FileId::new(id));
    &mut file.unwrap().body
}

/// What `check` says of the set with this alteration, without the application's name.
#[track_caller]
fn fault(alter: impl FnOnce(&mut Application)) -> String {
    let error = check(&altered(alter)).unwrap_err();
    let words = error.to_string();
    let fault = words.strip_prefix(&format!("application {ALPHA}: "));
    fault.unwrap_or_else(|| panic!("{words}")).to_owned()
}

fn pin(value: &str, max_tries: Option<u8>, tries_at_issue: u8) -> Body {
    Body::Pin(Pin {
        value: Some(ReferenceData::new(value.as_bytes())),
        format: Format::digits(4),
        max_tries,
        tries_at_issue,
    })
}

#[test]
fn a_card_needs_an_application_and_each_only_once() {
    let words = "the card: it needs at least the application that is selected at power-up";
    assert_eq!(check(&[]).unwrap_err().to_string(), words);
    let mut twice = altered(|_| {});
    twice.push(twice[1].clone());
    let error = check(&twice).unwrap_err().to_string();
    assert_eq!(error, format!("application {ALPHA}: AID {ALPHA} is declared twice"));
    assert!(check(&altered(|_| {})).is_ok());
}

#[test]
fn a_file_or_data_object_is_declared_once() {
    let twice = fault(|application| application.files.push(application.files[3].clone()));
    assert_eq!(twice, "EF 0004 is declared twice");
    let twice = fault(|application| application.data_objects.push(application.data_objects[0].clone()));
    assert_eq!(twice, "data object 0100 is declared twice");
}

#[test]
fn what_no_command_could_read_is_refused() {
    let longest =
        |length: usize| altered(|application| *body(application, 1) = Body::Transparent(vec![0; length].into()));
    assert!(check(&longest(32_768)).is_ok());
    let words = check(&longest(32_769)).unwrap_err().fault;
    assert_eq!(words, "EF 0001: 32769 bytes are more than READ BINARY reaches (32768)");
    let records = |count: usize, length: usize| {
        altered(|application| *body(application, 0x0C) = Body::Records(vec![vec![0; length].into(); count]))
    };
    assert!(check(&records(254, 65_533)).is_ok());
    let words = check(&records(255, 1)).unwrap_err().fault;
    assert_eq!(
        words,
        "EF 000C: 255 records are more than a record number can say (254)"
    );
    let words = check(&records(1, 65_534)).unwrap_err().fault;
    assert_eq!(words, "EF 000C: a record is longer than 65533 bytes");
}

#[test]
fn a_pin_that_could_never_be_presented_or_counted_is_refused_without_showing_it() {
    let of = |body: Body| fault(|application| *self::body(application, 0x18) = body);
    assert_eq!(of(pin("98765", Some(3), 3)), "EF 0018: the PIN's value is not 4 digits");
    assert_eq!(
        of(pin("9876", Some(0), 0)),
        "EF 0018: 63Cx can't report 0 tries, only 1 to 15"
    );
    assert_eq!(
        of(pin("9876", Some(16), 3)),
        "EF 0018: 63Cx can't report 16 tries, only 1 to 15"
    );
    assert_eq!(of(pin("9876", Some(3), 4)), "EF 0018: 4 tries left are more than its 3");
    for (max, left) in [(Some(1), 1), (Some(15), 15), (Some(3), 0), (None, 0)] {
        let set = altered(|application| *body(application, 0x18) = pin("9876", max, left));
        assert!(check(&set).is_ok(), "{max:?} {left}");
    }
}

#[test]
fn a_condition_names_pins_of_its_own_application_only() {
    let depends = |id: u16| {
        fault(|application| {
            let condition = Condition::AnyOf(vec![Condition::Verified(FileId::new(id))]);
            application.files[0].access = Access::read(condition);
        })
    };
    // 0017 is not there, 0010 is a key.
    assert_eq!(
        depends(0x17),
        "0001 depends on PIN 0017, which is not a PIN of this application"
    );
    assert_eq!(
        depends(0x10),
        "0001 depends on PIN 0010, which is not a PIN of this application"
    );
    let object = fault(|application| {
        application.data_objects[0].access = Access::read(Condition::Verified(FileId::new(0x17)));
    });
    assert_eq!(
        object,
        "object 0100 depends on PIN 0017, which is not a PIN of this application"
    );
}

#[test]
fn that_a_key_is_unsuited_stands_alone() {
    let words = fault(|application| {
        let never = Condition::AllOf(vec![Condition::Always, Condition::Unsuited]);
        application.files[0].access = Access::NONE.with(Operation::ComputeSignature, never);
    });
    assert_eq!(words, "0001: that a key is unsuited can't be a part of a condition");
}

#[test]
fn the_default_key_is_a_private_key_of_the_application() {
    for id in [0x18, 0x17] {
        let words = fault(|application| application.default_key = Some(FileId::new(id)));
        assert_eq!(
            words,
            format!("the default key {id:04X} is not a private key of this application")
        );
    }
}

#[test]
fn contradictory_declarations_make_no_card() {
    let parts = Parts::new(
        altered(|application| application.default_key = Some(FileId::new(0x18))),
        common::ATR,
        Box::new(ChaCha20Rng::seed_from_u64(1)),
    )
    .with_engine(Box::new(common::PlainEngine));
    let error = Card::new(parts).unwrap_err();
    assert!(matches!(error, CardError::Declaration(_)), "{error}");
}

#[test]
fn the_tries_of_a_pin_are_told_to_who_asks_the_card_and_of_nothing_else() {
    let mut rig = Rig::at_alpha();
    rig.expect(&[("00200098 04 30303030", 0x63C2)]);
    let aid = Aid::new(&bytes(ALPHA)).unwrap();
    let left = |id: u16| rig.card.tries_left(aid, FileId::new(id));
    assert_eq!([left(0x18), left(0x19), left(0x1C)], [Some(2), Some(5), Some(0)]);
    // Without limit; a key; not there.
    assert_eq!([left(0x1B), left(0x10), left(0x17)], [None; 3]);
    let unknown = Aid::new(&[1; 7]).unwrap();
    assert_eq!(rig.card.tries_left(unknown, FileId::new(0x18)), None);
}
