//! Declarations that contradict themselves make no card, and the fault is named: a user's own application in a file is
//! checked by the same words.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::free::{self, BELOW, BESIDE, FREE, LOCKED};
use common::{ALPHA, ROOT, Rig, bytes};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use vmyna_apdu::{Aid, FileId, StatusWord};
use vmyna_card_os::declaration::{
    Access, Application, Body, Condition, Content, Format, KeyAlgorithm, ObjectId, Operation, Pin, PublicKey,
    RecordRoom, ReferenceData, check,
};
use vmyna_card_os::rule;
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

/// What `check` says of the applications of `common::free` with one of them altered.
#[track_caller]
fn fault_of(name: &str, alter: impl FnOnce(&mut Application)) -> String {
    let mut applications = free::applications();
    let aid = Aid::new(&bytes(name)).unwrap();
    let altered = applications.iter_mut().find(|application| application.aid == aid);
    alter(altered.unwrap());
    let words = check(&applications).unwrap_err().to_string();
    let fault = words.strip_prefix(&format!("application {name}: "));
    fault.unwrap_or_else(|| panic!("{words}")).to_owned()
}

fn file(application: &mut Application, id: u16) -> &mut vmyna_card_os::declaration::File {
    application
        .files
        .iter_mut()
        .find(|file| file.id == FileId::new(id))
        .unwrap()
}

#[test]
fn an_operation_is_declared_for_a_file_that_can_have_it() {
    use Operation::{AppendRecord, GenerateKeyPair, UpdateBinary, UpdateRecord};
    let table = [
        (UpdateBinary, &[0x0C, 0x10, 0x11, 0x12, 0x18, 0x19][..]),
        (UpdateRecord, &[0x01, 0x10, 0x11, 0x12, 0x18, 0x19]),
        (AppendRecord, &[0x01, 0x10, 0x11, 0x12, 0x18, 0x19]),
        (GenerateKeyPair, &[0x01, 0x0C, 0x11, 0x12, 0x18, 0x19]),
    ];
    for (operation, files) in table {
        for id in files {
            let words = fault_of(FREE, |application| {
                let file = file(application, *id);
                file.access = file.access.clone().with(operation, Condition::Never);
            });
            assert_eq!(
                words,
                format!("EF {id:04X}: {operation} does not fit a file of this kind")
            );
        }
    }
    assert!(check(&free::applications()).is_ok());
}

#[test]
fn a_room_holds_the_records_as_issued_and_is_that_of_records() {
    let room = |id: u16, records: u8, length: u16| {
        let mut applications = free::applications();
        file(&mut applications[4], id).room = Some(RecordRoom { records, length });
        check(&applications).map_err(|error| error.fault)
    };
    for (records, length, fits) in [
        (3, 6, true),
        (2, 6, false),
        (3, 5, false),
        (254, 65_533, true),
        (255, 6, false),
        (3, 65_534, false),
    ] {
        assert_eq!(room(0x0C, records, length).is_ok(), fits, "{records} {length}");
    }
    let words = room(0x0C, 2, 6).unwrap_err();
    assert_eq!(
        words,
        "EF 000C: its room of 2 records of 6 bytes is too small or too large"
    );
    let words = room(0x01, 3, 6).unwrap_err();
    assert_eq!(words, "EF 0001: only a file of records has room for records");
}

#[test]
fn a_shared_pin_is_one_of_another_application_and_no_shared_one() {
    let shared = |aid: &str, id: u16| ObjectId {
        aid: Aid::new(&bytes(aid)).unwrap(),
        file: FileId::new(id),
    };
    // Not there, no PIN, itself, one of its own, of an application that is not there.
    for of in [
        shared(ALPHA, 0x17),
        shared(ALPHA, 0x10),
        shared(FREE, 0x19),
        shared(FREE, 0x18),
        shared("0102", 0x18),
    ] {
        let words = fault_of(FREE, |application| file(application, 0x19).body = Body::SharedPin(of));
        assert_eq!(words, "EF 0019: it shares a PIN that no other application has");
    }
    let words = fault_of(ALPHA, |application| {
        *body(application, 0x1A) = Body::SharedPin(shared(FREE, 0x19))
    });
    assert_eq!(words, "EF 001A: it shares a PIN that no other application has");
}

#[test]
fn a_host_has_a_key_that_the_card_can_use() {
    let words = fault_of(FREE, |application| {
        file(application, 0x12).body = Body::HostKey(PublicKey::from_spki_der(b"no key"));
    });
    assert_eq!(
        words,
        "EF 0012: the key of a host is none of RSA-2048, RSA-3072, P-256 and P-384"
    );
    for algorithm in KeyAlgorithm::ALL {
        assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
    }
    let error = "RSA-1024".parse::<KeyAlgorithm>().unwrap_err();
    assert_eq!(error.to_string(), "it is none of RSA-2048, RSA-3072, P-256 and P-384");
}

#[test]
fn a_parent_is_there_and_not_below_its_child_and_the_first_application_can_be_selected() {
    let aid = |name: &str| Some(Aid::new(&bytes(name)).unwrap());
    let words = fault_of(BELOW, |application| application.parent = aid("0102"));
    assert_eq!(words, "its parent 0102 is no application of the card");
    let words = fault_of(FREE, |application| application.parent = aid(BELOW));
    assert_eq!(words, "it is below itself");
    let words = fault_of(BELOW, |application| application.parent = aid(BELOW));
    assert_eq!(words, "it is below itself");
    let first = "the application that is selected at power-up is neither locked nor below another one";
    assert_eq!(fault_of(ROOT, |application| application.parent = aid(FREE)), first);
    assert_eq!(fault_of(ROOT, |application| application.select.locked = true), first);
    // Two levels.
    let mut applications = free::applications();
    applications.last_mut().unwrap().parent = aid(BELOW);
    assert!(check(&applications).is_ok() && applications.last().unwrap().aid == aid(BESIDE).unwrap());
}

#[test]
fn a_status_word_of_its_own_is_a_refusal_and_stated_once() {
    let set = |words: Vec<(&'static rule::Rule, StatusWord)>| {
        let mut applications = free::applications();
        applications[5].status_words = words;
        check(&applications).map_err(|error| error.to_string())
    };
    let (denied, absent) = (&rule::ACCESS_DENIED, &rule::KEY_ABSENT);
    for first in 0..=0xFFu16 {
        let value = first << 8 | 0x85;
        let refusal = matches!(first, 0x62..=0x6B | 0x6D..=0x6F);
        assert_eq!(
            set(vec![(denied, StatusWord::new(value))]).is_ok(),
            refusal,
            "{value:04X}"
        );
    }
    let [one, other] = [0x6985, 0x6A80].map(StatusWord::new);
    assert!(set(vec![(denied, one), (absent, one)]).is_ok());
    assert_eq!(
        set(vec![(denied, one), (denied, other)]).unwrap_err(),
        format!("application {LOCKED}: rule access.denied has two status words of its own")
    );
    assert_eq!(
        set(vec![(denied, StatusWord::SUCCESS)]).unwrap_err(),
        format!("application {LOCKED}: 9000 of rule access.denied is no refusal")
    );
    assert_eq!(rule::find("access.denied"), Some(denied));
    assert_eq!(rule::find("access"), None);
    assert_eq!(format!("{:?}", Content::from(vec![1])), "1 bytes");
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
