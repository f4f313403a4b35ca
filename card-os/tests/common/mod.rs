//! A synthetic card for the tests of the operating system: every kind of file, PIN and key, and no real application.
//!
//! It is a fixture, not a subject: the tests say what it must answer, they don't ask it.

#![allow(dead_code, reason = "each test crate uses its own part of the fixture")]

pub(crate) mod free;

use std::sync::LazyLock;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use vmyna_apdu::{Aid, FileId};
use vmyna_card_os::declaration::{
    Access, Application, Body, CertificateKey, Characters, Condition, DataObject, File, Format, Operation, Pin,
    PrivateKey, ReferenceData, SecureSession,
};
use vmyna_card_os::key::{Engine, EngineError, LoadedKey, PrivateOperation, RustEngine};
use vmyna_card_os::rule::{self, Basis, Certainty};
use vmyna_card_os::state::{MemoryStore, Store};
use vmyna_card_os::{Card, Parts};

/// Names of the applications. Beta shares 15 digits with alpha, gamma four with both; root is selected at power-up.
pub(crate) const ROOT: &str = "A0000001510000";
pub(crate) const ALPHA: &str = "D3921000310001010401";
pub(crate) const BETA: &str = "D3921000310001010402";
pub(crate) const GAMMA: &str = "D392F00026";

/// The answer to reset.
pub(crate) const ATR: [u8; 4] = [0x3B, 0x80, 0x01, 0x81];

/// Alpha's free transparent EFs: identifier, length.
pub(crate) const SIZES: [(u16, usize); 6] = [(1, 0), (2, 1), (3, 255), (4, 256), (5, 257), (6, 32_768)];
/// Alpha's records of EF 000C.
pub(crate) const RECORDS: usize = 3;

/// What stands in every transparent EF of `length` bytes: no byte is like its neighbours.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8 ^ (at >> 8) as u8).collect()
}

/// Record `number` of EF 000C, a simple-TLV object; the third has the length form of three bytes.
pub(crate) fn record(number: usize) -> Vec<u8> {
    match number {
        1 => vec![0x01, 0x01, 0xA1],
        2 => [&[0x02, 0x1C][..], &pattern(28)].concat(),
        _ => [&[0x03, 0xFF, 0x01, 0x2C][..], &pattern(300)].concat(),
    }
}

/// A key of an engine that computes nothing: its "signature" is the padded block with this byte in front, so that a test
/// reads off padding and key. The first byte of a real block is always 00.
pub(crate) struct PlainEngine;

struct PlainKey(u8);

impl Engine for PlainEngine {
    fn load(&self, key: &PrivateKey) -> Result<LoadedKey, EngineError> {
        match key.as_pkcs8_der() {
            [number] => Ok(LoadedKey::Rsa(Box::new(PlainKey(*number)))),
            // A real key, e.g. one for ECDSA.
            _ => RustEngine.load(key),
        }
    }
}

impl PrivateOperation for PlainKey {
    fn modulus_bits(&self) -> usize {
        2048
    }

    fn apply(&self, block: &[u8]) -> Result<Vec<u8>, EngineError> {
        Ok([&[self.0], &block[1..]].concat())
    }
}

fn file(id: u16, body: Body, access: Access) -> File {
    File::new(
        FileId::new(id),
        format!("file {id:04X}"),
        "",
        body,
        access,
        Basis::new(Certainty::Assumed, "synthetic"),
    )
}

fn transparent(id: u16, length: usize, access: Access) -> File {
    file(id, Body::Transparent(pattern(length).into()), access)
}

fn object(tag: u16, value: Vec<u8>, access: Access) -> DataObject {
    DataObject::new(
        tag,
        "object",
        "",
        value.into(),
        access,
        Basis::new(Certainty::Assumed, "synthetic"),
    )
}

fn application(aid: &str, files: Vec<File>, mut objects: Vec<DataObject>, default_key: Option<u16>) -> Application {
    // GET DATA 0100 tells which application is selected.
    objects.push(object(0x0100, bytes(aid), Access::read(Condition::Always)));
    Application::new(
        Aid::new(&bytes(aid)).unwrap(),
        aid.to_owned(),
        "",
        Basis::new(Certainty::Assumed, "synthetic"),
    )
    .with_files(files)
    .with_data_objects(objects)
    .with_default_key(default_key.map(FileId::new))
    .with_secure_session(SecureSession::Refused(&rule::SESSION_KEY_REFUSED))
}

fn verified(pin: u16) -> Condition {
    Condition::Verified(FileId::new(pin))
}

fn pin(id: u16, value: &str, format: Format, max_tries: Option<u8>, tries_at_issue: u8) -> File {
    let pin = Pin {
        value: Some(ReferenceData::new(value.as_bytes())),
        format,
        max_tries,
        tries_at_issue,
    };
    let access = Access::NONE
        .with(Operation::Verify, Condition::Always)
        .with(Operation::ChangeReferenceData, verified(id));
    file(id, Body::Pin(pin), access)
}

/// The password format of 0019.
const PASSWORD: Format = Format {
    characters: Characters::UpperCaseAndDigits,
    min: 6,
    max: 16,
};

/// The applications: root, alpha, beta, gamma.
///
/// Alpha: 0001–0006 free ([`SIZES`]); 0007 after 0018; 0008 never; 0009 nothing declared; 000A after 0018 or 0019; 000B after
/// both; 000C [`record`]s, free; 000D records after 0018; 000E no records; 0010 free key, the default; 0011 key after
/// 0018; 0012 key, nothing declared; 0016 certification authority; 0018 "1234", 3 tries; 0019 "ABC123", 5; 001A "7777",
/// 10, changed by CHANGE KEY; 001B "0000", no limit; 001C blocked at issue; 001E reserved; 2F01 without a short identifier.
/// Beta: 0007 after 0018 "4321". Gamma: nothing.
fn applications() -> Vec<Application> {
    let free = || Access::read(Condition::Always);
    let sign = |condition: Condition| Access::NONE.with(Operation::ComputeSignature, condition);
    let key = |id: u16, access| file(id, Body::PrivateKey(PrivateKey::from_pkcs8_der(&[id as u8])), access);
    let mut alpha: Vec<File> = SIZES
        .iter()
        .map(|(id, length)| transparent(*id, *length, free()))
        .collect();
    let certification_authority = CertificateKey {
        key_id: *b"7800000\x08\x05001\0\0\0\0",
        modulus: vec![0xC3; 256],
        exponent: vec![1, 0, 1],
    };
    alpha.extend([
        transparent(0x07, 20, Access::read(verified(0x18))),
        transparent(0x08, 20, Access::read(Condition::Never)),
        transparent(0x09, 20, Access::NONE),
        transparent(
            0x0A,
            20,
            Access::read(Condition::AnyOf(vec![verified(0x18), verified(0x19)])),
        ),
        transparent(
            0x0B,
            20,
            Access::read(Condition::AllOf(vec![verified(0x18), verified(0x19)])),
        ),
        file(
            0x0C,
            Body::Records((1..=RECORDS).map(|number| record(number).into()).collect()),
            free(),
        ),
        file(
            0x0D,
            Body::Records(vec![record(1).into()]),
            Access::read(verified(0x18)),
        ),
        file(0x0E, Body::Records(vec![]), free()),
        key(
            0x10,
            sign(Condition::Always).with(Operation::InternalAuthenticate, Condition::Always),
        ),
        key(0x11, sign(verified(0x18))),
        key(0x12, Access::NONE),
        file(
            0x16,
            Body::CertificateKey(certification_authority),
            Access::NONE.with(Operation::VerifyCertificate, Condition::Always),
        ),
        pin(0x18, "1234", Format::digits(4), Some(3), 3),
        pin(0x19, "ABC123", PASSWORD, Some(5), 5),
        pin(0x1B, "0000", Format::digits(4), None, 0),
        pin(0x1C, "1234", Format::digits(4), Some(3), 0),
        file(0x1E, Body::Reserved, Access::NONE),
        transparent(0x2F01, 3, free()),
    ]);
    let mut by_change_key = pin(0x1A, "7777", Format::digits(4), Some(10), 10);
    by_change_key.access = Access::NONE
        .with(Operation::Verify, Condition::Always)
        .with(Operation::ChangeKey, verified(0x1A));
    alpha.push(by_change_key);
    let beta = vec![
        transparent(0x07, 20, Access::read(verified(0x18))),
        pin(0x18, "4321", Format::digits(4), Some(3), 3),
    ];
    let objects = vec![
        object(0x00F2, b"20361025".to_vec(), free()),
        object(0x00F8, pattern(575), free()),
        object(0x00F9, pattern(9), Access::read(Condition::Never)),
    ];
    vec![
        application(ROOT, vec![file(0x1E, Body::Reserved, Access::NONE)], objects, None),
        application(ALPHA, alpha, vec![], Some(0x10)),
        application(BETA, beta, vec![], None),
        application(GAMMA, vec![], vec![], None),
    ]
}

pub(crate) static APPLICATIONS: LazyLock<Vec<Application>> = LazyLock::new(applications);

/// The bytes of hexadecimal digits; blanks don't count.
pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .filter_map(|c| c.to_digit(16))
        .map(|digit| digit as u8)
        .collect();
    assert!(digits.len().is_multiple_of(2), "half a byte in {hex}");
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The synthetic card on this store, without power.
pub(crate) fn card_on(store: Box<dyn Store + Send>, seed: u64) -> Card {
    Card::new(
        Parts::new(APPLICATIONS.clone(), ATR, Box::new(ChaCha20Rng::seed_from_u64(seed)))
            .with_store(store)
            .with_engine(Box::new(PlainEngine)),
    )
    .unwrap()
}

/// A card in a reader, spoken to in hexadecimal.
pub(crate) struct Rig {
    pub(crate) card: Card,
}

impl Rig {
    /// The synthetic card under power, root selected.
    pub(crate) fn at_root() -> Self {
        Self::on(Box::new(MemoryStore::default()))
    }

    /// The same with alpha selected.
    pub(crate) fn at_alpha() -> Self {
        let mut rig = Self::at_root();
        rig.select(ALPHA);
        rig
    }

    /// The synthetic card under power on this store.
    pub(crate) fn on(store: Box<dyn Store + Send>) -> Self {
        let mut card = card_on(store, 1);
        card.power_on();
        Self { card }
    }

    /// A card of these applications under power.
    pub(crate) fn of(applications: Vec<Application>) -> Self {
        let parts = Parts::new(applications, ATR, Box::new(ChaCha20Rng::seed_from_u64(1)));
        let mut card = Card::new(parts.with_engine(Box::new(PlainEngine))).unwrap();
        card.power_on();
        Self { card }
    }

    /// Selects an application.
    pub(crate) fn select(&mut self, aid: &str) {
        let command = format!("00A4040C {:02X} {aid}", aid.len() / 2);
        assert_eq!(self.sw(&command), 0x9000);
    }

    /// Sends an APDU: data and status word.
    pub(crate) fn send_bytes(&mut self, command: &[u8]) -> (Vec<u8>, u16) {
        let mut response = Vec::new();
        self.card.transmit(command, &mut response).unwrap();
        let (data, sw) = response.split_at(response.len() - 2);
        (data.to_vec(), u16::from_be_bytes([sw[0], sw[1]]))
    }

    /// Sends an APDU in hexadecimal: data and status word.
    pub(crate) fn send(&mut self, command: &str) -> (Vec<u8>, u16) {
        self.send_bytes(&bytes(command))
    }

    /// Sends an APDU that must give no data: its status word.
    pub(crate) fn sw(&mut self, command: &str) -> u16 {
        let (data, sw) = self.send(command);
        assert!(data.is_empty(), "{command} answers {}", hex(&data));
        sw
    }

    /// Sends each APDU and compares the status word; data may come or not.
    pub(crate) fn expect(&mut self, exchanges: &[(&str, u16)]) {
        for (command, expected) in exchanges {
            let (_, sw) = self.send(command);
            assert_eq!(sw, *expected, "{command} answers {sw:04X}, not {expected:04X}");
        }
    }

    /// Which application is selected.
    pub(crate) fn selected(&mut self) -> String {
        let (aid, sw) = self.send("00CA0100 00");
        assert_eq!(sw, 0x9000);
        hex(&aid)
    }
}
