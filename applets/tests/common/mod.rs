//! The specimen card in a reader, spoken to in hexadecimal.

#![allow(dead_code, reason = "each test crate uses its own part of the fixture")]

pub(crate) mod free;
pub(crate) mod subject;

use std::sync::LazyLock;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::{Profile, specimen};
use vmyna_card_os::declaration::Application;
use vmyna_card_os::key::{Engine, default_engine};
use vmyna_card_os::{Card, Parts};

/// AIDs.
pub(crate) const ISD: &str = "A0000001510000";
pub(crate) const JPKI: &str = "D392F000260100000001";
pub(crate) const INPUT_ASSIST: &str = "D3921000310001010408";
pub(crate) const FACE_INFO: &str = "D3921000310001010402";
pub(crate) const RESIDENCE_CODE: &str = "D3921000310001010401";
pub(crate) const CARD_INFO: &str = "D3921000310001010100";

/// VERIFY of the specimen's PINs by short identifier.
pub(crate) const AUTH: &str = "00200098 04 31323334";
pub(crate) const SIGN: &str = "0020009B 06 414243313233";

/// The applications of the built-in specimen card, 見本花子's, a fictional person.
pub(crate) static HANAKO: LazyLock<Vec<Application>> = LazyLock::new(|| specimen("hanako").applications());

/// The same card with the published applications in its free area.
pub(crate) static LOADED: LazyLock<Vec<Application>> = LazyLock::new(|| [HANAKO.clone(), free::published()].concat());

/// The built-in specimen of this name.
pub(crate) fn specimen(name: &str) -> IssuedCard {
    specimen::find(name).unwrap().unwrap()
}

/// A card of these applications, without power.
pub(crate) fn card(applications: &[Application], engine: Box<dyn Engine + Send>) -> Card {
    Card::new(
        Parts::new(
            applications,
            Profile::contact().atr,
            Box::new(ChaCha20Rng::seed_from_u64(1)),
        )
        .with_engine(engine),
    )
    .unwrap()
}

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

/// The DER object that a file begins with: what a client takes that knows of filler.
pub(crate) fn der_object(file: &[u8]) -> &[u8] {
    assert_eq!(file[..2], [0x30, 0x82]);
    &file[..usize::from(u16::from_be_bytes([file[2], file[3]])) + 4]
}

/// A card in a reader.
pub(crate) struct Rig {
    pub(crate) card: Card,
}

impl Rig {
    /// Hanako's card under power, the card manager selected.
    pub(crate) fn hanako() -> Self {
        Self::of(&HANAKO, default_engine())
    }

    /// What is under test in this thread, under power; if nothing else was chosen, Hanako's card with the published
    /// applications in its free area.
    pub(crate) fn loaded() -> Self {
        Self::of(subject::now().applications(), default_engine())
    }

    /// Hanako's card with JPKI selected.
    pub(crate) fn jpki() -> Self {
        let mut rig = Self::hanako();
        rig.select(JPKI);
        rig
    }

    /// A card under power.
    pub(crate) fn of(applications: &[Application], engine: Box<dyn Engine + Send>) -> Self {
        let mut card = card(applications, engine);
        card.power_on();
        Self { card }
    }

    /// Selects an application.
    pub(crate) fn select(&mut self, aid: &str) {
        let sw = self.sw(&format!("00A4040C {:02X} {aid}", aid.len() / 2));
        assert_eq!(sw, 0x9000, "SELECT {aid}");
    }

    /// Sends an APDU: data and status word.
    pub(crate) fn send(&mut self, command: &str) -> (Vec<u8>, u16) {
        let mut response = Vec::new();
        self.card.transmit(&bytes(command), &mut response).unwrap();
        let (data, sw) = response.split_at(response.len() - 2);
        (data.to_vec(), u16::from_be_bytes([sw[0], sw[1]]))
    }

    /// The status word of an APDU.
    pub(crate) fn sw(&mut self, command: &str) -> u16 {
        self.send(command).1
    }

    /// The data of an APDU that succeeds.
    pub(crate) fn data(&mut self, command: &str) -> Vec<u8> {
        let (data, sw) = self.send(command);
        assert_eq!(sw, 0x9000, "{command} answers {sw:04X}");
        data
    }

    /// Sends each APDU and compares the status word; data may come or not.
    pub(crate) fn expect(&mut self, exchanges: &[(&str, u16)]) {
        for (command, expected) in exchanges {
            let sw = self.sw(command);
            assert_eq!(sw, *expected, "{command} answers {sw:04X}, not {expected:04X}");
        }
    }
}
