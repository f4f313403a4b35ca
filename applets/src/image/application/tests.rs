use proptest::prelude::*;
use vmyna_card_os::declaration::{Application, Body, File, Pin};

use super::super::object::Place;
use super::condition as condition_of;
use super::*;
use crate::free_area::FreeApplication;
use crate::free_area::sample::{self, everything, small};
use crate::issued::IssuedCard;
use crate::specimen;

fn alone(application: &Application) -> Zeroizing<Vec<u8>> {
    encode(application, &mut here).ok().unwrap()
}

fn read(der: &[u8]) -> Result<FreeApplication, DecodeError> {
    let outside = |_: &Place| Err(DecodeError::Record("it refers to an object outside"));
    let application = decode(der, &mut { outside })?;
    FreeApplication::checked(application).map_err(|_| DecodeError::Record("an application of the free area"))
}

/// Every value of a declaration in its `Debug` form, and the bytes that it does not show.
fn shown(application: &Application) -> (String, Vec<Vec<u8>>) {
    let bytes = application.files.iter().flat_map(|file| match &file.body {
        Body::Transparent(content) => vec![content.as_bytes().to_vec()],
        Body::Records(records) => records.iter().map(|record| record.as_bytes().to_vec()).collect(),
        Body::Pin(pin) => pin.value.iter().map(|value| value.as_bytes().to_vec()).collect(),
        Body::PrivateKey(key) => vec![key.as_pkcs8_der().to_vec()],
        _ => Vec::new(),
    });
    let fci = application.select.fci.iter().map(|fci| fci.as_bytes().to_vec());
    (format!("{application:?}"), bytes.chain(fci).collect())
}

#[test]
fn every_kind_of_file_condition_and_answer_comes_out_as_it_went_in() {
    for free in everything() {
        let read = read(&alone(free.application())).ok().unwrap();
        assert_eq!(shown(read.application()), shown(free.application()));
        assert!(read == free);
    }
}

#[test]
fn every_operation_certainty_form_and_algorithm_has_its_number() {
    assert_eq!(OPERATIONS, Operation::ALL);
    assert_eq!(ALGORITHMS, KeyAlgorithm::ALL);
}

#[test]
fn a_card_with_applications_is_version_2_and_one_without_is_as_it_was() {
    let card = specimen::find("hanako").unwrap().unwrap().with_file_sizes(Vec::new());
    let version = |card: &IssuedCard| super::super::record::encode(card, None).ok().unwrap().version;
    assert_eq!(version(&card), 1);
    let with = card.clone().with_free_applications(everything()).unwrap();
    assert_eq!(version(&with), 2);
    let read = IssuedCard::from_record(&with.to_record().unwrap()).unwrap();
    assert!(read.free == with.free);
    let without = read.with_free_applications(Vec::new()).unwrap();
    assert_eq!(*without.to_record().unwrap(), *card.to_record().unwrap());
}

#[test]
fn contents_that_cards_have_in_common_are_written_once() {
    let hanako = specimen::find("hanako").unwrap().unwrap();
    let sizes = [1, 2].map(|cards| {
        let mut writer = super::super::ImageWriter::new(std::io::Cursor::new(Vec::new())).unwrap();
        for name in ["a", "b"].iter().take(cards) {
            let mut application = small("long", 1);
            application.files[0].body = Body::Transparent(vec![0x5A; 20_000].into());
            let free = vec![FreeApplication::new(application).unwrap()];
            let card = hanako.clone().with_name(name.parse().unwrap());
            writer.add(&card.with_free_applications(free).unwrap()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    });
    let without = hanako.to_record().unwrap().len();
    assert!(
        sizes[1].len() - sizes[0].len() < without,
        "{} bytes more",
        sizes[1].len() - sizes[0].len()
    );
    let image = super::super::Image::from_bytes("two", sizes[1].clone()).unwrap();
    let read = image.card(&"b".parse().unwrap()).unwrap();
    assert!(read.free[0].application().files[0].name == "data");
}

#[test]
fn each_byte_of_an_application_that_is_changed_makes_another_one_or_none() {
    let [top, below]: [FreeApplication; 2] = everything().try_into().unwrap();
    for free in [below, top, FreeApplication::new(small("small", 1)).unwrap()] {
        let der = alone(free.application());
        for at in 0..der.len() {
            let mut damaged = der.clone();
            damaged[at] ^= 0x01;
            // It has no digest of its own: what is left is an application that passes every check, and not this one.
            if let Ok(read) = read(&damaged) {
                assert!(read != free, "byte {at}");
                assert!(FreeApplication::new(read.into_application()).is_ok(), "byte {at}");
            }
        }
        for length in 0..der.len() {
            assert!(read(&der[..length]).is_err(), "{length} bytes");
        }
        assert!(read(&[&der[..], &[0]].concat()).is_err());
    }
}

#[test]
fn applications_that_no_card_can_have_together_are_damage() {
    let card = specimen::find("hanako").unwrap().unwrap();
    let twice = FreeApplication::new(small("a", 1)).unwrap();
    let many = (0..21).map(|last| FreeApplication::new(small(&format!("a{last}"), last)).unwrap());
    let below = everything().pop().unwrap();
    for free in [vec![twice.clone(), twice], many.collect(), vec![below]] {
        let damaged = IssuedCard { free, ..card.clone() };
        assert!(IssuedCard::from_record(&damaged.to_record().unwrap()).is_err());
    }
}

#[test]
fn twenty_applications_with_the_longest_file_fit_and_more_bytes_are_refused() {
    let long = |files: u16| {
        let free = (0..20).map(|last| {
            let mut application = small(&format!("a{last}"), last);
            let [file] = &application.files[..] else { panic!() };
            let file = file.clone();
            application.files = (1..=files)
                .map(|id| {
                    let mut file = file.clone();
                    file.id = FileId::new(id);
                    file.name = format!("data {id}").into();
                    file.body = Body::Transparent(vec![last; crate::free_area::LONGEST_FILE].into());
                    file
                })
                .collect();
            FreeApplication::new(application).unwrap()
        });
        let card = specimen::find("hanako").unwrap().unwrap();
        card.with_free_applications(free.collect()).unwrap()
    };
    let record = long(1).to_record().unwrap();
    assert!(IssuedCard::from_record(&record).unwrap().free == long(1).free);
    assert_eq!(long(2).to_record().err(), Some(super::super::RecordError::TooLong));
    let mut writer = super::super::ImageWriter::new(std::io::Cursor::new(Vec::new())).unwrap();
    writer.add(&long(1)).unwrap();
    let longer = long(2).with_name("longer".parse().unwrap());
    assert!(matches!(writer.add(&longer), Err(ImageErrorKind::Unwritable(_))));
}

fn condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        Just(Condition::Always),
        Just(Condition::Never),
        Just(Condition::Verified(sample::PIN)),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        let parts = prop::collection::vec(inner, 0..3);
        prop_oneof![
            parts.clone().prop_map(Condition::AnyOf),
            parts.prop_map(Condition::AllOf),
        ]
    })
}

fn bytes_of(most: usize) -> impl Strategy<Value = Content> {
    prop::collection::vec(any::<u8>(), 0..=most).prop_map(Content::from)
}

fn random_file() -> impl Strategy<Value = (Body, Access, Option<RecordRoom>, bool)> {
    let transparent =
        (bytes_of(200), condition(), condition(), any::<bool>()).prop_map(|(content, read, update, secret)| {
            let access = Access::read(read).with(Operation::UpdateBinary, update);
            (Body::Transparent(content), access, None, secret)
        });
    let records =
        (prop::collection::vec(bytes_of(70), 0..4), condition(), 0..9_u8).prop_map(|(records, append, more)| {
            let room = RecordRoom {
                records: 4 + more,
                length: 70,
            };
            let access = Access::read(Condition::Always).with(Operation::AppendRecord, append);
            (Body::Records(records), access, Some(room), false)
        });
    let pin =
        (prop::collection::vec(any::<u8>(), 1..=16), 1..=15_u8, condition()).prop_map(|(value, tries, change)| {
            let format = Format {
                characters: Characters::Bytes,
                min: 1,
                max: 16,
            };
            let access = Access::NONE
                .with(Operation::Verify, Condition::Always)
                .with(Operation::ChangeReferenceData, change);
            (
                Body::Pin(Pin::new(ReferenceData::new(&value), format, tries)),
                access,
                None,
                false,
            )
        });
    let key = (condition(), condition()).prop_map(|(sign, internal)| {
        let access = Access::NONE
            .with(Operation::ComputeSignature, sign)
            .with(Operation::InternalAuthenticate, internal);
        (Body::PrivateKey(sample::private_key()), access, None, false)
    });
    prop_oneof![
        transparent,
        records,
        pin,
        key,
        Just((Body::Reserved, Access::NONE, None, false))
    ]
}

#[test]
fn a_condition_is_read_back_up_to_its_depth_and_no_deeper() {
    let nested = |depth| (0..depth).fold(Condition::Never, |inner, _| Condition::AllOf(vec![inner]));
    let deepest = condition_of(&nested(DEEPEST_CONDITION)).unwrap();
    assert_eq!(decode_condition(&deepest).ok(), Some(nested(DEEPEST_CONDITION)));
    assert!(condition_of(&nested(DEEPEST_CONDITION + 1)).is_err());
    let wide = |parts| Condition::AnyOf(vec![Condition::Always; parts]);
    let widest = condition_of(&wide(MOST_CONDITIONS - 1)).unwrap();
    assert_eq!(decode_condition(&widest).ok(), Some(wide(MOST_CONDITIONS - 1)));
    assert!(condition_of(&wide(MOST_CONDITIONS)).is_err() && condition_of(&wide(256)).is_err());
    let wider = [&[4, 32][..], &[0; 32]].concat();
    let deeper = [&[5, 1][..], deepest.as_bytes()].concat();
    for bytes in [&deeper[..], &wider, &[], &[6], &[3, 0], &[4, 1], &[0, 0]] {
        assert!(
            decode_condition(&OctetString::new(bytes).unwrap()).is_err(),
            "{bytes:?}"
        );
    }
}

prop_compose! {
    fn random_application()(
        name in "[a-z0-9][a-z0-9-]{0,15}",
        title in "[^\\p{C}]{0,20}",
        source in "[ -~]{0,40}",
        files in prop::collection::vec((random_file(), "[^\\p{C}]{0,8}", 0..CERTAINTIES.len()), 0..6),
        fci in prop::option::of(bytes_of(90)),
        locked in any::<bool>(),
        words in prop::collection::vec((0..rule::ALL.len(), any::<u16>()), 0..3),
    ) -> Application {
        let basis = |certainty: usize| rule::Basis { certainty: CERTAINTIES[certainty], source: source.clone().into() };
        let pin = Pin::new(ReferenceData::new(b"1234"), Format::digits(4), 3);
        let verify = Access::NONE.with(Operation::Verify, Condition::Always);
        let mut all = vec![File::new(sample::PIN, "pin", "", Body::Pin(pin), verify, basis(0))];
        for (id, ((body, access, room, secret), title, certainty)) in (0x20..).zip(files) {
            let name = format!("file {id}");
            let mut file = File::new(FileId::new(id), name, title, body, access, basis(certainty));
            file.room = room;
            all.push(if secret { file.secret() } else { file });
        }
        Application::new(sample::aid(0x30), name, title, basis(1))
            .with_files(all)
            .with_select(SelectAnswer { fci, locked })
            .with_status_words(words.into_iter().map(|(at, sw)| (rule::ALL[at], StatusWord::new(sw))).collect())
    }
}

proptest! {
    #[test]
    fn any_application_that_passes_the_checks_comes_out_as_it_went_in(application in random_application()) {
        if let Ok(free) = FreeApplication::new(application) {
            let read = read(&alone(free.application())).ok().unwrap();
            prop_assert_eq!(shown(read.application()), shown(free.application()));
            prop_assert!(read == free);
        }
    }

    #[test]
    fn any_bytes_are_an_application_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300), at in any::<prop::sample::Index>()) {
        let _ = read(&bytes);
        let mut der = alone(everything()[0].application());
        let at = at.index(der.len());
        let end = der.len().min(at + bytes.len());
        der[at..end].copy_from_slice(&bytes[..end - at]);
        let _ = read(&der);
    }
}
