//! What the random sequences are made of: mostly what makes sense where the card stands, some of it what does not.

use proptest::prelude::*;
use proptest::sample::select;
use vmyna_testkit::access::with_loaded;

use crate::common::bytes;
use crate::reference::{Model, Name, Step};
use crate::rules::{Rules, applications, named};

/// A step, or one whose value is chosen when its turn comes, because the right PIN depends on what came before.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    Do(Step),
    /// VERIFY of the right value, where the name means a PIN of the application then selected.
    VerifyRight(Name),
    /// VERIFY of the right value of each PIN of the application then selected.
    VerifyAll,
    /// The right value, then a new one.
    ChangeTo {
        file: Name,
        key: bool,
        value: Vec<u8>,
    },
}

/// Identifiers of all PINs and keys of all applications, so that a name often means something in another one.
const SECRETS: [u8; 12] = [0x06, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x1A, 0x1B, 0x1C];
const VALUES: [&str; 10] = [
    "1234",
    "5678",
    "ABC123",
    "NEW456",
    "123456789018",
    "01102520362026",
    "011025",
    "TE00000000ST",
    "12345",
    "abcdef",
];
const TAGS: [u16; 9] = [0x0042, 0x0045, 0x0066, 0x00F0, 0x00F2, 0x00F7, 0x7F21, 0x5F51, 0x0001];

fn name() -> impl Strategy<Value = Name> {
    prop_oneof![
        2 => Just(Name::Current),
        6 => select(SECRETS.to_vec()).prop_map(Name::Short),
        5 => (1..=11u8).prop_map(Name::Short),
        1 => (1..=30u8).prop_map(Name::Short),
    ]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        10 => select(VALUES.to_vec()).prop_map(|value| value.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 1..20),
    ]
}

/// Mostly of those that are there; what a card has a phone is asked for too.
fn application() -> impl Strategy<Value = Step> {
    let known = |of: &'static [Rules]| {
        let part = (
            0..of.len(),
            0..=16usize,
            proptest::bool::weighted(0.3),
            proptest::bool::weighted(0.8),
        );
        part.prop_map(move |(at, length, next, whole)| {
            let name = bytes(&of[at].aid);
            let length = if whole { name.len() } else { length.min(name.len()) };
            let name = name[..length].to_vec();
            Step::SelectApplication {
                name,
                next: next && !whole,
            }
        })
    };
    // A name that is almost one: another last byte, or one too many.
    let almost = (0..with_loaded().len(), any::<bool>(), any::<u8>()).prop_map(|(at, longer, byte)| {
        let mut name = bytes(&with_loaded()[at].aid);
        // More than 16 bytes are no name.
        if !longer || name.len() == 16 {
            name.pop();
        }
        name.push(byte);
        Step::SelectApplication { name, next: false }
    });
    prop_oneof![5 => known(applications()), 1 => known(with_loaded()), 1 => almost]
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let file = prop_oneof![8 => 0..0x22u16, 1 => any::<u16>()].prop_map(Step::SelectFile);
    let record = (name(), 0..4u8).prop_map(|(file, number)| Step::ReadRecord { file, number });
    let tag = prop_oneof![8 => select(TAGS.to_vec()), 1 => any::<u16>()].prop_map(Step::GetData);
    let step = prop_oneof![
        4 => application(),
        5 => file,
        1 => Just(Step::SelectMasterFile),
        8 => name().prop_map(Step::Read),
        1 => Just(Step::ReadBehind),
        2 => record,
        3 => name().prop_map(Step::Query),
        5 => (name(), value()).prop_map(|(file, value)| Step::Verify { file, value }),
        2 => (name(), any::<bool>(), value()).prop_map(|(file, key, value)| Step::Change { file, key, value }),
        2 => proptest::option::of(name()).prop_map(Step::Sign),
        2 => name().prop_map(Step::InternalAuthenticate),
        1 => name().prop_map(Step::ExternalAuthenticate),
        1 => Just(Step::VerifyCertificate),
        1 => Just(Step::SetSessionKey),
        2 => tag,
        1 => name().prop_map(Step::UnlockKey),
        1 => Just(Step::PowerCycle),
        1 => Just(Step::WarmReset),
        1 => Just(Step::Restart),
    ];
    prop_oneof![
        14 => step.prop_map(Plan::Do),
        4 => name().prop_map(Plan::VerifyRight),
        2 => Just(Plan::VerifyAll),
        2 => (name(), any::<bool>(), value()).prop_map(|(file, key, value)| Plan::ChangeTo { file, key, value }),
    ]
}

/// The steps that a plan means where the model stands now.
pub(crate) fn steps(plan: &Plan, model: &Model) -> Vec<Step> {
    let right = |file: Name| {
        let value = model.value(file).unwrap_or(b"1234").to_vec();
        Step::Verify { file, value }
    };
    match plan {
        Plan::Do(step) => vec![step.clone()],
        Plan::VerifyRight(file) => vec![right(*file)],
        Plan::VerifyAll => {
            let names = SECRETS.map(Name::Short).into_iter();
            names.filter(|name| model.value(*name).is_some()).map(right).collect()
        }
        Plan::ChangeTo { file, key, value } => {
            let change = Step::Change {
                file: *file,
                key: *key,
                value: value.clone(),
            };
            vec![right(*file), change]
        }
    }
}

/// What every sequence ends with: what is possible where the card stands, and then every counter.
pub(crate) fn last_questions(model: &Model) -> Vec<Step> {
    let id = |ef: &str| u16::from_str_radix(ef, 16).unwrap();
    let files = model
        .rules()
        .objects()
        .into_iter()
        .filter_map(|object| object.strip_prefix("EF ").map(id));
    let here = files.flat_map(|id| {
        let file = Name::Current;
        [
            Step::SelectFile(id),
            Step::Read(file),
            Step::Sign(Some(file)),
            Step::InternalAuthenticate(file),
        ]
    });
    let there = applications().iter().flat_map(|rules| {
        let select = |rules: &Rules| Step::SelectApplication {
            name: bytes(&rules.aid),
            next: false,
        };
        let above = rules.parent.as_deref().map(|parent| select(named(parent)));
        let select = above.into_iter().chain([select(rules)]);
        let query = move |ef: &str| Step::Query(Name::Short(id(ef) as u8));
        select.chain(rules.pins.iter().map(move |pin| query(&pin.ef)))
    });
    let at_once = [Step::Read(Name::Current), Step::SetSessionKey];
    at_once.into_iter().chain(here).chain(there).collect()
}
