use vmyna_card_os::declaration::{
    Access, Body, Condition, Content, DataObject, Extent, File, Operation, Pin, RecordRoom, ReferenceData,
};
use vmyna_card_os::declaration::{Format, ObjectId};
use vmyna_card_os::rule::{Basis, Certainty};

use super::sample::{aid, everything, small};
use super::*;
use crate::{pins, specimen};

fn free(name: &str, last: u8) -> FreeApplication {
    FreeApplication::new(small(name, last)).unwrap()
}

fn with_file(change: impl FnOnce(&mut File)) -> Application {
    let mut application = small("test", 1);
    change(&mut application.files[0]);
    application
}

#[test]
fn the_built_in_applications_are_those_of_a_card() {
    let card = specimen::find("hanako").unwrap().unwrap();
    let built_in: Vec<_> = card
        .applications()
        .into_iter()
        .map(|application| (application.aid, application.name.to_string()))
        .collect();
    assert_eq!(built_in, aids::BUILT_IN.map(|(aid, name)| (aid, name.to_owned())));
}

#[test]
fn each_fault_of_one_application_is_refused_with_its_place() {
    let basis = || Basis::new(Certainty::Assumed, "test");
    let under = |bytes: &[u8]| Application::new(Aid::new(bytes).unwrap(), "test", "", basis());
    let named = |name: &str| small(name, 1);
    let titled = |title: String| {
        let mut application = small("test", 1);
        application.title = title.into();
        application
    };
    let nested = (0..12).fold(Condition::Always, |inner, _| Condition::AnyOf(vec![inner]));
    let mut twice = small("test", 1);
    let mut second = twice.files[0].clone();
    second.id = FileId::new(2);
    twice.files.push(second);
    let mut many = small("test", 1);
    for id in 2..=65 {
        let mut file = many.files[0].clone();
        (file.id, file.name) = (FileId::new(id), format!("data {id}").into());
        many.files.push(file);
    }
    let object = DataObject::new(0x9F7F, "data", "", Content::from(vec![1]), Access::NONE, basis());
    let jpki = pins::AUTH.aid.as_bytes();
    let table = [
        (named(""), "a name is 1 to 64"),
        (named("-a"), "a name is 1 to 64"),
        (named("Employee"), "a name is 1 to 64"),
        (named("a_b"), "a name is 1 to 64"),
        (named("社員証"), "a name is 1 to 64"),
        (named(&"a".repeat(65)), "a name is 1 to 64"),
        (named("jpki"), "the card has an application jpki of its own"),
        (under(jpki), "of the card's jpki: one begins the other"),
        (under(&jpki[..3]), "of the card's jpki: one begins the other"),
        (
            under(&[jpki, &[1]].concat()),
            "of the card's jpki: one begins the other",
        ),
        (titled("a\nb".into()), "a Japanese name has at most"),
        (titled("あ".repeat(65)), "a Japanese name has at most"),
        (with_file(|file| file.name = "a:b".into()), "EF 0001: a name is 1 to 64"),
        (with_file(|file| file.name = "a=b".into()), "EF 0001: a name is 1 to 64"),
        (with_file(|file| file.name = "a/b".into()), "EF 0001: a name is 1 to 64"),
        (
            with_file(|file| file.name = "a  b".into()),
            "EF 0001: a name is 1 to 64",
        ),
        (with_file(|file| file.name = " a".into()), "EF 0001: a name is 1 to 64"),
        (
            with_file(|file| file.title = "\u{7}".into()),
            "EF 0001: a Japanese name",
        ),
        (
            with_file(|file| file.basis.source = "a\u{1b}".into()),
            "EF 0001: a source has at most",
        ),
        (
            with_file(|file| {
                file.extent = Some(Extent {
                    object: None,
                    basis: Basis {
                        certainty: Certainty::Assumed,
                        source: "a\n".into(),
                    },
                });
            }),
            "EF 0001: a source has at most",
        ),
        (twice, "EF 0002: another file is called data"),
        (many, "65 files are more than"),
        (small("test", 1).with_data_objects(vec![object]), "GET DATA"),
        (
            small("test", 1).with_last_command(Basis::new(Certainty::Assumed, "a test")),
            "the last-command indicator",
        ),
        (
            with_file(|file| file.body = Body::Transparent(vec![0; LONGEST_FILE + 1].into())),
            "EF 0001: 32769 bytes are more than a file can have",
        ),
        (
            with_file(|file| file.body = Body::Records(vec![vec![0; 200].into(); 200])),
            "EF 0001: 40000 bytes are more than a file can have",
        ),
        (
            with_file(|file| {
                file.body = Body::Records(Vec::new());
                file.room = Some(RecordRoom {
                    records: 254,
                    length: 130,
                });
            }),
            "EF 0001: 33020 bytes are more than a file can have",
        ),
        (
            with_file(|file| file.access = Access::read(Condition::Verified(FileId::new(7)))),
            "0007",
        ),
        (
            with_file(|file| {
                let pin = Pin::new(ReferenceData::new(b"12345"), Format::digits(4), 3);
                file.body = Body::Pin(pin);
                file.access = Access::NONE.with(Operation::Verify, Condition::Always);
            }),
            "the PIN's value is not 4 digits",
        ),
        (with_file(|file| file.access = Access::read(nested)), "nested deeper"),
        (small("test", 1).with_default_key(FileId::new(1)), "default key"),
    ];
    for (application, expected) in table {
        let error = FreeApplication::new(application).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}, not {expected}");
        assert!(!error.to_string().contains(char::is_control), "{error}");
    }
    let named = FreeApplication::new(named("a\u{1b}b")).unwrap_err();
    assert!(!named.to_string().contains('\u{1b}'), "{named}");
}

#[test]
fn each_fault_of_a_set_is_refused() {
    let shared = |pin: ObjectId| {
        let application = with_file(|file| {
            file.body = Body::SharedPin(pin);
            file.access = Access::NONE.with(Operation::Verify, Condition::Always);
        });
        FreeApplication::new(application).unwrap()
    };
    let no_pin = ObjectId {
        aid: pins::AUTH.aid,
        file: FileId::new(1),
    };
    let absent = ObjectId {
        aid: aid(9),
        file: FileId::new(1),
    };
    let mut longer = small("longer", 1);
    longer.aid = Aid::new(&[aid(1).as_bytes(), &[7]].concat()).unwrap();
    let longer = FreeApplication::new(longer).unwrap();
    let below = |parent| FreeApplication::new(small("test", 1).with_parent(parent)).unwrap();
    let many: Vec<_> = (0..21).map(|last| free(&format!("a{last}"), last)).collect();
    let table = [
        (many, "21 applications are more than"),
        (
            vec![free("a", 1), free("a", 2)],
            "application a: another application has this name",
        ),
        (
            vec![free("a", 1), free("b", 1)],
            "application b: AID F05445535401 is also that of the application a",
        ),
        (
            vec![free("a", 1), longer.clone()],
            "application longer: AID F0544553540107 and F05445535401",
        ),
        (
            vec![longer, free("a", 1)],
            "application a: AID F05445535401 and F0544553540107",
        ),
        (vec![below(aid(2))], "its parent F05445535402 is not on the card"),
        (vec![below(aid(1))], "it is its own parent"),
        (
            vec![shared(absent)],
            "application test: EF 0001: there is no PIN 0001 in an application F05445535409",
        ),
        (vec![shared(no_pin)], "application test: EF 0001: there is no PIN 0001"),
        // A file that is no PIN.
        (
            vec![
                shared(ObjectId {
                    aid: aid(2),
                    file: FileId::new(1),
                }),
                free("b", 2),
            ],
            "there is no PIN 0001",
        ),
    ];
    for (set, expected) in table {
        let error = check_set(&set).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}, not {expected}");
        let card = specimen::find("hanako").unwrap().unwrap();
        assert_eq!(card.with_free_applications(set).err(), Some(error));
    }
}

#[test]
fn a_card_has_the_applications_of_its_free_area_last_and_in_their_order() {
    let card = specimen::find("hanako").unwrap().unwrap();
    let built_in = card.applications().len();
    let most: Vec<_> = (0..20).map(|last| free(&format!("a{last}"), last)).collect();
    for set in [everything(), most, Vec::new()] {
        let card = card.clone().with_free_applications(set.clone()).unwrap();
        let applications = card.applications();
        assert_eq!(applications.len(), built_in + set.len());
        for (application, free) in applications[built_in..].iter().zip(&set) {
            assert!(FreeApplication::new(application.clone()).unwrap() == *free);
        }
    }
}

#[test]
fn the_debug_output_of_an_application_shows_no_content() {
    let text = format!("{:?}", everything());
    assert!(
        !text.contains("1234") && !text.contains("A5") && !text.contains("165, 165"),
        "{text}"
    );
}
