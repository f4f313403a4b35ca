//! The reference model and the real card, side by side: random sequences of commands over all applications, with power,
//! reset and restarts between them. Any difference is a failure, shown as the shortest sequence that has it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

#[path = "../common/mod.rs"]
mod common;
mod declared;
mod reference;

use common::{Rig, hex};
use proptest::prelude::*;
use proptest::sample::select;
use reference::{Instruction, LE, Model, NAMES, Name, Step};
use vmyna_apdu::{Aid, FileId};
use vmyna_card_os::declaration::{ObjectId, ReferenceData};
use vmyna_card_os::state::{Change, PinReplacement, Replacement};

/// A step whose PIN is still to be chosen, because the right one depends on what came before.
#[derive(Clone, Debug)]
enum Plan {
    Do(Step),
    VerifyRight(Name),
    /// The right value, then this one.
    ChangeTo(Instruction, Name, Vec<u8>),
}

/// A name that most often means a PIN.
fn pin() -> impl Strategy<Value = Name> {
    prop_oneof![
        6 => select(vec![0x18, 0x18, 0x18, 0x19, 0x1A, 0x1B, 0x1C]).prop_map(Name::Short),
        1 => Just(Name::Current),
        1 => any_file(),
    ]
}

fn any_file() -> impl Strategy<Value = Name> {
    prop_oneof![Just(Name::Current), (1..=30u8).prop_map(Name::Short)]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    let known = [
        "1234", "4321", "7777", "0000", "ABC123", "5555", "ZZZZZZ", "123", "12345", "abcdef",
    ];
    prop_oneof![
        8 => select(known.to_vec()).prop_map(|value| value.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 1..20),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let application = (
        0..NAMES.len(),
        0..17usize,
        proptest::bool::weighted(0.15),
        any::<bool>(),
    )
        .prop_map(|(at, length, next, whole)| {
            let name = NAMES[at];
            let length = if whole { name.len() } else { length.min(name.len()) };
            Step::SelectApplication {
                name: name[..length].to_vec(),
                next,
            }
        });
    // Where most of the files are.
    let alpha = Just(Step::SelectApplication {
        name: NAMES[1].to_vec(),
        next: false,
    });
    let unknown =
        proptest::collection::vec(any::<u8>(), 0..17).prop_map(|name| Step::SelectApplication { name, next: false });
    let file = prop_oneof![8 => 0..0x20u16, 1 => Just(0x2F01), 1 => any::<u16>()].prop_map(Step::SelectFile);
    let offset = prop_oneof![4 => Just(0), 1 => 0..256u16];
    let record = (any_file(), 0..5u8, any::<bool>()).prop_map(|(file, number, to_last)| Step::ReadRecord {
        file,
        number,
        to_last,
    });
    let by = || select(vec![Instruction::ChangeReferenceData, Instruction::ChangeKey]);
    let step = prop_oneof![
        2 => application,
        4 => alpha,
        1 => unknown,
        5 => file,
        1 => Just(Step::SelectMasterFile),
        8 => (any_file(), offset).prop_map(|(file, offset)| Step::Read { file, offset }),
        4 => record,
        4 => any_file().prop_map(Step::Sign),
        3 => pin().prop_map(Step::Query),
        6 => (pin(), value()).prop_map(|(file, value)| Step::Verify { file, value }),
        3 => (by(), pin(), value()).prop_map(|(by, file, value)| Step::Change { by, file, value }),
        1 => Just(Step::PowerOn),
        1 => Just(Step::Reset),
        1 => Just(Step::Restart),
        1 => replace(),
        1 => prop_oneof![3 => Just(Step::ResetPins), 1 => Just(Step::ResetState)],
    ];
    prop_oneof![
        10 => step.prop_map(Plan::Do),
        3 => pin().prop_map(Plan::VerifyRight),
        1 => (by(), pin(), value()).prop_map(|(by, file, value)| Plan::ChangeTo(by, file, value)),
    ]
}

/// Few operations, so that one is repeated now and then.
fn replace() -> impl Strategy<Value = Step> {
    let record = proptest::option::of(b'A'..=b'C');
    let values = select(vec!["1234", "5555", "ABC123"]).prop_map(|value| value.as_bytes().to_vec());
    let value = proptest::option::of(values);
    (0..4u8, record, 0..reference::pins().len(), value).prop_map(|(operation, record, pin, value)| Step::Replace {
        operation,
        record,
        pin,
        value,
    })
}

/// The change of a step that no command can make.
fn change(step: &Step) -> Option<Change> {
    let Step::Replace {
        operation,
        record,
        pin,
        value,
    } = step
    else {
        return matches!(step, Step::ResetPins).then_some(Change::PinsAsRecorded);
    };
    let (application, file, most) = reference::pins()[*pin];
    let object = ObjectId {
        aid: Aid::new(NAMES[application]).unwrap(),
        file: FileId::new(file),
    };
    let mut replacement = Replacement::new([*operation; 16]);
    replacement.record = record.map(|letter| vec![letter].into());
    let pin = value.as_ref().map_or(PinReplacement::AsRecorded, |value| {
        PinReplacement::Value(ReferenceData::new(value), most.unwrap_or(15))
    });
    replacement.pins.insert(object, pin);
    Some(Change::Replacement(replacement))
}

/// The steps that a plan means now.
fn steps(plan: &Plan, model: &Model) -> Vec<Step> {
    let right = |file: Name| Step::Verify {
        file,
        value: model.value(file).unwrap_or(b"1234").to_vec(),
    };
    match plan {
        Plan::Do(step) => vec![step.clone()],
        Plan::VerifyRight(file) => vec![right(*file)],
        Plan::ChangeTo(by, file, value) => vec![
            right(*file),
            Step::Change {
                by: *by,
                file: *file,
                value: value.clone(),
            },
        ],
    }
}

/// The C-APDU of a step.
fn command(step: &Step) -> String {
    let by_p1 = |file: &Name, offset: u16| match file {
        Name::Current => format!("00B0{:04X} 00", offset & 0x7FFF),
        Name::Short(id) => format!("00B0{:02X}{:02X} 00", 0x80 | id, offset & 0xFF),
    };
    let by_p2 = |file: &Name| match file {
        Name::Current => 0x80,
        Name::Short(id) => 0x80 | id,
    };
    let data = |bytes: &[u8]| match bytes {
        [] => String::new(),
        bytes => format!("{:02X} {}", bytes.len(), hex(bytes)),
    };
    match step {
        Step::SelectApplication { name, next } => format!("00A404{} {}", if *next { "0E" } else { "0C" }, data(name)),
        Step::SelectFile(id) => format!("00A4020C 02 {id:04X}"),
        Step::SelectMasterFile => "00A4000C".to_owned(),
        Step::Read { file, offset } => by_p1(file, *offset),
        Step::ReadRecord { file, number, to_last } => {
            let file = if let Name::Short(id) = file { id << 3 } else { 0 };
            format!("00B2{number:02X}{:02X} 00", file | if *to_last { 5 } else { 4 })
        }
        Step::Sign(file) => format!("802A00{:02X} 05 0102030405 00", by_p2(file)),
        Step::Query(file) => format!("002000{:02X}", by_p2(file)),
        Step::Verify { file, value } => format!("002000{:02X} {}", by_p2(file), data(value)),
        Step::Change { by, file, value } => match by {
            Instruction::ChangeReferenceData => format!("002401{:02X} {}", by_p2(file), data(value)),
            Instruction::ChangeKey => format!("803200{:02X} {}", by_p2(file), data(value)),
        },
        Step::PowerOn | Step::Reset | Step::Restart | Step::Replace { .. } | Step::ResetPins | Step::ResetState => {
            format!("# {step:?}")
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6000))]
    #[test]
    fn the_card_answers_as_the_reference_model_does(plans in proptest::collection::vec(plan(), 1..80)) {
        let mut rig = Rig::at_root();
        let mut model = Model::new();
        let mut script = Vec::new();
        for plan in &plans {
        for step in steps(plan, &model) {
            script.push(command(&step));
            match &step {
                Step::PowerOn => drop(rig.card.power_on().to_vec()),
                Step::Reset => drop(rig.card.reset().unwrap().to_vec()),
                Step::Restart => rig = Rig::on(rig.card.into_store()),
                Step::ResetState => {
                    rig.card.reset_state().unwrap();
                    rig.card.power_on();
                }
                step => if let Some(change) = change(step) {
                    rig.card.change(&change, None).unwrap();
                    rig.card.power_on();
                },
            }
            if let Some(expected) = model.step(&step) {
                let (data, sw) = rig.send(&command(&step));
                prop_assert!(data.len() <= LE);
                prop_assert_eq!(
                    (format!("{sw:04X}"), data.len()), (format!("{:04X}", expected.0), expected.1),
                    "the card and the model differ in the last command of\n{}", script.join("\n")
                );
            }
            let now = (rig.card.operation().map(|number| number[0]), rig.card.record().map(|record| record[0]));
            prop_assert_eq!(now, model.replaced(), "after\n{}", script.join("\n"));
            prop_assert_eq!(rig.selected(), hex(NAMES[model.application()]), "after\n{}", script.join("\n"));
        }
        }
    }
}
