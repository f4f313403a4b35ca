//! The card names each of its rules when it applies it: the vectors reach all but three, and those that only an application
//! of others can reach.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use common::{card, failures, phone, reader, run_anew, specimen, values, with_free_area, without_pins};
use vmyna_apdu::hex;
use vmyna_apdu::{Aid, FileId};
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::{PhoneKind, Profile};
use vmyna_card_os::declaration::{Access, Application, Body, Condition, File, Operation, PrivateKey};
use vmyna_card_os::key::{Engine, EngineError, LoadedKey, default_engine};
use vmyna_card_os::rule::{Basis, Certainty};
use vmyna_card_os::state::{Change, MemoryStore, State, Store, StoreError};
use vmyna_card_os::{Card, Event, Parts, rule};

/// The ids of the rules that cards have reported.
#[derive(Clone, Default)]
struct Reported(Arc<Mutex<BTreeSet<&'static str>>>);

impl Reported {
    /// Collects from this card as well.
    fn observe(&self, card: &mut Card) {
        let rules = self.clone();
        card.observe(Box::new(move |event: &Event<'_>| {
            if let Event::Rule(rule) | Event::Answer { rule: Some(rule), .. } = event {
                rules.0.lock().unwrap().insert(rule.id);
            }
        }));
    }

    fn has(&self, id: &str) -> bool {
        self.0.lock().unwrap().contains(id)
    }
}

/// A store that keeps nothing.
struct FullDisk;

impl Store for FullDisk {
    fn load(&mut self) -> Result<State, StoreError> {
        Ok(State::default())
    }

    fn commit(&mut self, _: &Change) -> Result<(), StoreError> {
        Err(StoreError::other("full"))
    }

    fn reset(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// An engine that can use no key.
struct BrokenEngine;

impl Engine for BrokenEngine {
    fn load(&self, _: &PrivateKey) -> Result<LoadedKey, EngineError> {
        Err(EngineError)
    }
}

/// Rules that no vector reaches, because the card would have to be broken, or the vector to hold a certificate under the
/// card's own authority. Each with a card and commands that reach it.
fn beyond_vectors(issued: &IssuedCard) -> [(&'static str, Card, Vec<String>); 4] {
    let with = |store, engine| {
        Card::new(
            Parts::new(
                issued.applications(),
                issued.profile.atr.clone(),
                Box::new(ChaCha20Rng::seed_from_u64(1)),
            )
            .with_store(store)
            .with_engine(engine),
        )
        .unwrap()
    };
    let memory = || Box::<MemoryStore>::default();
    let jpki = "00A4040C0AD392F000260100000001".to_owned();
    let certificate = include_bytes!("../../test-vectors/specimens/ca/terminal-intermediate/certificate.bin");
    let (body, signature) = certificate.split_at(307);
    [
        (
            "state.not-stored",
            with(Box::new(FullDisk), default_engine()),
            vec![jpki.clone(), "002000980431323334".to_owned()],
        ),
        (
            "key.failure",
            with(memory(), Box::new(BrokenEngine)),
            vec!["00A4040C0AD3921000310001010408".to_owned(), "802A000001AA00".to_owned()],
        ),
        ("update.no-memory", full_of_updates(issued), update_all()),
        (
            "terminal-certificate.key",
            with(memory(), default_engine()),
            vec![
                jpki,
                "00A4020C020016".to_owned(),
                format!("80A206C100{:04X}{}", body.len(), hex::encode(body)),
                format!("80A200C100{:04X}{}", signature.len(), hex::encode(signature)),
            ],
        ),
    ]
}

/// More bytes that can be updated than the card has memory for updates, in files of 32 KiB.
const GREAT_FILES: u16 = 129;

fn full_of_updates(issued: &IssuedCard) -> Card {
    let basis = || Basis::new(Certainty::Assumed, "an invention of this test");
    let access = Access::NONE.with(Operation::UpdateBinary, Condition::Always);
    let file = |id| {
        let content = Body::Transparent(vec![0; 0x8000].into());
        File::new(FileId::new(id), "great", "", content, access.clone(), basis())
    };
    let files = (0x0100..0x0100 + GREAT_FILES).map(file).collect();
    let great = Application::new(Aid::new(b"\xF0GREAT").unwrap(), "great", "", basis()).with_files(files);
    let all = [issued.applications(), vec![great]].concat();
    Card::new(Parts::new(
        all,
        issued.profile.atr.clone(),
        Box::new(ChaCha20Rng::seed_from_u64(1)),
    ))
    .unwrap()
}

fn update_all() -> Vec<String> {
    let files = 0x0100..0x0100 + GREAT_FILES;
    let updates = files.flat_map(|id| [format!("00A4020C02{id:04X}"), "00D60000015A".to_owned()]);
    ["00A4040C06F04752454154".to_owned()]
        .into_iter()
        .chain(updates)
        .collect()
}

#[test]
fn each_rule_is_reported_by_a_vector() {
    let reported = Reported::default();
    let cards = Profile::all().map(|profile| specimen("hanako", profile));
    let others = [
        without_pins("hanako", Profile::contact()),
        with_free_area("hanako", Profile::contact()),
        phone("hanako", PhoneKind::Iphone),
    ];
    for issued in cards.into_iter().chain(others) {
        let applications = issued.applications();
        let report = run_anew(&[], &values(&applications), &mut |_| {
            let mut card = card(&applications, &issued.profile.atr, Box::<MemoryStore>::default());
            reported.observe(&mut card);
            reader(card, &issued.profile)
        });
        assert_eq!(failures(&report), "", "{}", issued.profile.name);
    }
    for (id, mut card, commands) in beyond_vectors(&specimen("hanako", Profile::contact())) {
        assert!(!reported.has(id), "{id} is reached by a vector");
        reported.observe(&mut card);
        card.power_on();
        for command in commands {
            card.transmit(&hex::decode(&command).unwrap(), &mut Vec::new()).unwrap();
        }
        assert!(reported.has(id), "{id}");
    }
    let missing: Vec<_> = rule::ALL
        .iter()
        .map(|rule| rule.id)
        .filter(|id| !reported.has(id))
        .collect();
    assert_eq!(missing, [""; 0]);
}
