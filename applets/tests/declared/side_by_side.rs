//! Random sequences of commands on both: every answer must be the same, to the last byte, also after losses of power.

use std::collections::BTreeMap;

use p256::ecdsa::signature::Signer;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use vmyna_applets::Profile;
use vmyna_card_os::declaration::Application;
use vmyna_card_os::state::{MemoryStore, Store};
use vmyna_card_os::{Card, Parts};

use crate::common::{HANAKO, ISD, Rig, hex};
use crate::inventions::{TABLES, declared, host_key};
use crate::reference::{Answer, Model, Step};

/// How many sequences.
const CASES: u32 = 400;

/// What the host signs and what the card signs.
const DIGEST: [u8; 32] = [0x5A; 32];

fn step() -> impl Strategy<Value = Step> {
    // Mostly a file of the kind that the command is for.
    let file =
        |most: std::ops::RangeInclusive<u8>| prop_oneof![20 => most, 1 => 1..=7u8, 1 => 0x11..=0x13u8, 1 => 1..=30u8];
    let (bytes, records, made) = (|| file(1..=3), || file(4..=5), || file(6..=7));
    let data = || proptest::collection::vec(any::<u8>(), 1..9);
    prop_oneof![
        4 => select(vec![0, 0, 0, 0, 1, 1, 2, 2, 3, 4]).prop_map(Step::Select),
        12 => (file(0x11..=0x12), proptest::bool::weighted(0.7)).prop_map(|(pin, right)| Step::Verify { pin, right }),
        1 => file(0x11..=0x12).prop_map(Step::Query),
        4 => bytes().prop_map(Step::Read),
        8 => (bytes(), 0..9u8, data()).prop_map(|(file, offset, data)| Step::Update { file, offset, data }),
        4 => (records(), 0..6u8).prop_map(|(file, number)| Step::ReadRecord { file, number }),
        6 => (records(), 0..6u8, data()).prop_map(|(file, number, data)| Step::UpdateRecord { file, number, data }),
        6 => (records(), data()).prop_map(|(file, data)| Step::Append { file, data }),
        4 => made().prop_map(Step::Generate),
        2 => made().prop_map(Step::PublicKey),
        2 => made().prop_map(Step::Sign),
        3 => Just(Step::Challenge),
        4 => (file(0x13..=0x13), proptest::bool::weighted(0.8))
            .prop_map(|(key, right)| Step::Authenticate { key, right }),
        1 => Just(Step::PowerCycle),
        1 => Just(Step::WarmReset),
        1 => Just(Step::Restart),
    ]
}

fn applications() -> Vec<Application> {
    [HANAKO.clone(), declared()].concat()
}

fn card(applications: &[Application], store: Box<dyn Store + Send>, seed: u64) -> Rig {
    let rng = Box::new(ChaCha20Rng::seed_from_u64(seed));
    let parts = Parts::new(applications, Profile::contact().atr, rng).with_store(store);
    let mut card = Card::new(parts).unwrap();
    card.power_on();
    Rig { card }
}

/// The card and what a host has learned of it.
struct Host {
    rig: Rig,
    challenge: Vec<u8>,
    keys: BTreeMap<(usize, u8), Vec<u8>>,
}

impl Host {
    fn command(&self, step: &Step, model: &Model) -> String {
        let data = |bytes: &[u8]| format!("{:02X}{}", bytes.len(), hex(bytes));
        match step {
            Step::Select(at) => match TABLES.get(*at) {
                Some(table) => format!("00A4040C{}", data(&table.aid)),
                None => format!("00A4040C07{ISD}"),
            },
            Step::Verify { pin, right } => {
                let value = if *right {
                    model.value(*pin).unwrap_or("1234")
                } else {
                    "0000"
                };
                format!("002000{:02X}{}", 0x80 | pin, data(value.as_bytes()))
            }
            Step::Query(pin) => format!("002000{:02X}", 0x80 | pin),
            Step::Read(file) => format!("00B0{:02X}0000", 0x80 | file),
            Step::Update {
                file,
                offset,
                data: bytes,
            } => format!("00D6{:02X}{offset:02X}{}", 0x80 | file, data(bytes)),
            Step::ReadRecord { file, number } => format!("00B2{number:02X}{:02X}00", file << 3 | 4),
            Step::UpdateRecord {
                file,
                number,
                data: bytes,
            } => {
                format!("00DC{number:02X}{:02X}{}", file << 3 | 4, data(bytes))
            }
            Step::Append { file, data: bytes } => format!("00E200{:02X}{}", file << 3, data(bytes)),
            Step::Generate(file) => format!("004680{:02X}00", 0x80 | file),
            Step::PublicKey(file) => format!("004681{:02X}00", 0x80 | file),
            Step::Sign(file) => format!("802A11{:02X}{}00", 0x80 | file, data(&DIGEST)),
            Step::Challenge => "0084000008".to_owned(),
            Step::Authenticate { key, right } => {
                let message = if *right { &self.challenge[..] } else { &[0; 8] };
                let signature: Signature = host_key().sign(message);
                format!("008200{:02X}{}", 0x80 | key, data(signature.to_der().as_bytes()))
            }
            Step::PowerCycle | Step::WarmReset | Step::Restart => String::new(),
        }
    }

    /// Whether the card answered as it must; takes in what a host learns.
    fn judge(&mut self, expected: &Answer, step: &Step, data: Vec<u8>, sw: u16) -> bool {
        let key = |data: &[u8]| match data {
            [0x7F, 0x49, 0x43, 0x86, 0x41, point @ ..] if point.len() == 65 => Some(point.to_vec()),
            _ => None,
        };
        match expected {
            Answer::Sw(expected) => sw == *expected && data.is_empty(),
            Answer::Data(expected) => sw == 0x9000 && data == *expected,
            Answer::Random => {
                self.challenge = data;
                sw == 0x9000 && self.challenge.len() == 8
            }
            Answer::NewKey => {
                let Step::Generate(file) = step else { return false };
                let new = key(&data).filter(|new| self.keys.values().all(|known| known != new));
                // Only the first application makes keys.
                new.map(|new| self.keys.insert((0, *file), new)).is_some()
            }
            Answer::KeyOf(at, file) => key(&data).as_ref() == self.keys.get(&(*at, *file)),
            Answer::SignedBy(at, file) => {
                let key = VerifyingKey::from_sec1_bytes(&self.keys[&(*at, *file)]).unwrap();
                Signature::from_slice(&data).is_ok_and(|signature| key.verify_prehash(&DIGEST, &signature).is_ok())
            }
        }
    }
}

/// Plays steps on both; the first difference, and how often each status word came.
fn play(applications: &[Application], steps: &[Step], counts: &mut BTreeMap<u16, usize>) -> Result<(), String> {
    let rig = card(applications, Box::<MemoryStore>::default(), 0);
    let mut host = Host {
        rig,
        challenge: Vec::new(),
        keys: BTreeMap::new(),
    };
    let mut model = Model::new();
    // Every sequence ends with a look at all files that PINs open, after a new start.
    let looks = TABLES.iter().enumerate().flat_map(|(at, table)| {
        let pins = [0x11, 0x12].map(|pin| Step::Verify { pin, right: true });
        let files = table.files.iter().flat_map(|file| {
            let records = (1..=4).map(|number| Step::ReadRecord { file: file.id, number });
            [Step::Read(file.id), Step::PublicKey(file.id), Step::Sign(file.id)]
                .into_iter()
                .chain(records)
        });
        // Below the first application nothing is in reach but from there.
        [Step::Select(0), Step::Select(at)].into_iter().chain(pins).chain(files)
    });
    let looks: Vec<Step> = [Step::Restart].into_iter().chain(looks).collect();
    for (number, step) in steps.iter().chain(&looks).enumerate() {
        let command = host.command(step, &model);
        let Some(expected) = model.step(step) else {
            match step {
                Step::WarmReset => drop(host.rig.card.reset().unwrap().to_vec()),
                Step::PowerCycle => {
                    host.rig.card.power_off();
                    host.rig.card.power_on();
                }
                // With the random numbers of the first one it would make the same keys.
                _ => host.rig = card(applications, host.rig.card.into_store(), 1 + number as u64),
            }
            continue;
        };
        let (data, sw) = host.rig.send(&command);
        *counts.entry(sw).or_default() += 1;
        let shown = hex(&data);
        if !host.judge(&expected, step, data, sw) {
            return Err(format!(
                "step {number} {step:?}: {command} answers {shown} {sw:04X}, expected {expected:02X?}"
            ));
        }
    }
    Ok(())
}

#[test]
fn the_card_keeps_files_keys_and_rights_apart_as_the_model_does() {
    let applications = applications();
    let mut runner = TestRunner::new(Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    });
    let counts = std::cell::RefCell::new(BTreeMap::new());
    runner
        .run(&proptest::collection::vec(step(), 1..200), |steps| {
            play(&applications, &steps, &mut counts.borrow_mut()).map_err(TestCaseError::fail)
        })
        .unwrap();
    let counts = counts.into_inner();
    let all: usize = counts.values().sum();
    let words: Vec<String> = counts.iter().map(|(sw, count)| format!("{sw:04X} {count}")).collect();
    println!(
        "counted: declared: {CASES} sequences, {all} answers, all as the model's: {}",
        words.join(", ")
    );
    for sw in [
        0x9000, 0x6283, 0x6300, 0x63C0, 0x6700, 0x6981, 0x6982, 0x6984, 0x6985, 0x6A82, 0x6A83, 0x6A84, 0x6A86, 0x6A88,
        0x6B00, 0x6D00,
    ] {
        assert!(counts.contains_key(&sw), "{sw:04X} never came");
    }
}

/// The comparison itself is tested: a card that writes into another application's file as well is found.
#[test]
fn a_card_with_one_byte_more_open_than_declared_is_found() {
    let mut applications = applications();
    let first = applications.iter_mut().find(|one| one.name == "first").unwrap();
    let file = first.files.iter_mut().find(|file| file.id.value() == 3).unwrap();
    file.access = vmyna_card_os::declaration::Access::read(vmyna_card_os::declaration::Condition::Always);
    let steps = [Step::Select(0), Step::Read(3)];
    assert!(play(&applications, &steps, &mut BTreeMap::new()).is_err());
}
