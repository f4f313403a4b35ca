//! The built-in specimen card of 見本花子, a fictional person, with an engine that costs nothing: what the two targets that
//! drive a whole card have in common.

use std::sync::LazyLock;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use sha2::{Digest, Sha256};
use vmyna_applets::{Profile, specimen};
use vmyna_card_os::declaration::{Application, Body, Content, PrivateKey};
use vmyna_card_os::key::{Engine, EngineError, LoadedKey, PrivateOperation};
use vmyna_card_os::state::{MemoryStore, Store};
use vmyna_card_os::{Card, Parts};

use crate::command_apdu::Shape;
use crate::memory::peak_of;
use crate::tracker::Tracker;

/// What stands in for the RSA private operation: as long, as deterministic, its own inverse, and no secret.
const MASK: u8 = 0x5A;
const MODULUS: usize = 256;

struct CheapEngine;

struct CheapKey;

impl Engine for CheapEngine {
    fn load(&self, _: &PrivateKey) -> Result<LoadedKey, EngineError> {
        Ok(LoadedKey::Rsa(Box::new(CheapKey)))
    }
}

impl PrivateOperation for CheapKey {
    fn modulus_bits(&self) -> usize {
        8 * MODULUS
    }

    fn apply(&self, block: &[u8]) -> Result<Vec<u8>, EngineError> {
        match block.len() {
            MODULUS => Ok(block.iter().map(|byte| byte ^ MASK).collect()),
            _ => Err(EngineError),
        }
    }
}

/// The specimen's applications. Files are cut to what a few commands read and keys are left out, which the engine doesn't
/// need: each input gets a card of its own, and most of its time would go into wiping 100 KB of secrets at its end.
static HANAKO: LazyLock<Vec<Application>> = LazyLock::new(|| {
    let card = specimen::find("hanako").expect("the specimens are whole");
    let mut applications = card.expect("hanako is one of them").applications();
    for file in applications.iter_mut().flat_map(|application| &mut application.files) {
        match &mut file.body {
            Body::Transparent(content) => shorten(content),
            Body::Records(records) => records.iter_mut().for_each(shorten),
            Body::PrivateKey(key) => *key = PrivateKey::from_pkcs8_der(&[]),
            _ => {}
        }
    }
    applications
});

/// The applications of the specimen, cut so.
pub(crate) fn hanako() -> Vec<Application> {
    HANAKO.clone()
}

/// Longer than a short Le can ask for.
const LONGEST_FILE: usize = 400;

fn shorten(content: &mut Content) {
    let bytes = content.as_bytes();
    *content = Content::from(bytes[..bytes.len().min(LONGEST_FILE)].to_vec());
}

/// The most memory that a command may take beyond what it and its answer are long.
const WORKING_MEMORY: usize = 64 * 1024;

/// The card with its tracker beside it.
pub(crate) struct Rig {
    card: Option<Card>,
    pub(crate) tracker: Tracker,
    response: Vec<u8>,
}

impl Rig {
    /// The card under power.
    pub(crate) fn new() -> Self {
        let mut rig = Self {
            card: Some(card(Box::<MemoryStore>::default())),
            tracker: Tracker::new(),
            response: Vec::new(),
        };
        rig.power_on();
        rig
    }

    fn card(&mut self) -> &mut Card {
        self.card.as_mut().expect("there is always a card")
    }

    pub(crate) fn power_on(&mut self) {
        assert_eq!(self.card().power_on(), Profile::contact().atr);
        self.tracker.power_on();
    }

    pub(crate) fn reset(&mut self) {
        assert!(self.card().reset().is_ok());
        self.tracker.reset();
    }

    pub(crate) fn power_off(&mut self) {
        self.card().power_off();
        let mut response = vec![1];
        assert!(self.card().transmit(&[0, 0xA4, 4, 0], &mut response).is_err());
        assert!(response.is_empty(), "a card without power answers nothing");
        self.power_on();
    }

    /// The process ends, and another one takes the card's state up.
    pub(crate) fn restart(&mut self) {
        let store = self.card.take().map(Card::into_store);
        self.card = Some(card(store.expect("there is always a card")));
        self.power_on();
    }

    /// Sends a C-APDU, or what is none, and holds the answer against the tracker.
    pub(crate) fn send(&mut self, command: &[u8]) -> u16 {
        let Self { card, response, .. } = self;
        let card = card.as_mut().expect("there is always a card");
        let (sent, peak) = peak_of(|| card.transmit(command, response));
        assert!(sent.is_ok());
        let bound = WORKING_MEMORY + 8 * (command.len() + response.len());
        assert!(
            peak <= bound,
            "{peak} bytes for {} and {}",
            command.len(),
            response.len()
        );
        let (data, sw) = response.split_last_chunk::<2>().expect("a status word");
        let sw = u16::from_be_bytes(*sw);
        assert!(sw >> 8 != 0x61, "61xx: the card has no GET RESPONSE");
        assert!(
            !matches!(sw, 0x6F00 | 0x6581),
            "{sw:04X}: neither key nor store can fail here"
        );
        assert!(matches!(sw >> 12, 6 | 9), "{sw:04X} is no status word");
        assert!(data.is_empty() || sw == 0x9000, "data with {sw:04X}");
        match Shape::of(command) {
            None => assert_eq!(sw, 0x6700, "no C-APDU"),
            Some(shape) => {
                let room = shape.ne.map_or(0, |ne| ne as usize);
                assert!(data.len() <= room, "{} bytes where Le allows {room}", data.len());
                let header = [command[0], command[1], command[2], command[3]];
                self.tracker.judge(header, shape.data_of(command), &shape, data, sw);
            }
        }
        sw
    }
}

fn card(store: Box<dyn Store + Send>) -> Card {
    let parts = Parts::new(
        HANAKO.clone(),
        Profile::contact().atr,
        Box::new(ChaCha20Rng::from_seed([7; 32])),
    )
    .with_store(store)
    .with_engine(Box::new(CheapEngine));
    Card::new(parts).expect("the specimen is a card")
}

/// The data field of SET SESSION KEY that delivers this seed: RSAES-OAEP (RFC 8017, 7.1.1) of `A0 22 { 80 20 seed }`, with
/// a fixed random part, under the engine's operation.
pub(crate) fn key_delivery(seed: &[u8; 32]) -> Vec<u8> {
    const HASH: usize = 32;
    let message = [&[0xA0, 0x22, 0x80, 0x20], &seed[..]].concat();
    let mut data = Sha256::digest([]).to_vec();
    data.resize(MODULUS - 1 - HASH - 1 - message.len(), 0);
    data.push(1);
    data.extend(message);
    let mut random = vec![0xC3; HASH];
    exclusive_or(&mut data, &random);
    exclusive_or(&mut random, &data);
    [&[0], &random[..], &data[..]]
        .concat()
        .iter()
        .map(|byte| byte ^ MASK)
        .collect()
}

/// MGF1 with SHA-256 (RFC 8017, B.2.1), onto `data`.
fn exclusive_or(data: &mut [u8], seed: &[u8]) {
    for (counter, part) in data.chunks_mut(32).enumerate() {
        let mask = Sha256::new()
            .chain_update(seed)
            .chain_update((counter as u32).to_be_bytes())
            .finalize();
        part.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    }
}
