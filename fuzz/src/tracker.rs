//! What a host can know of the card from what it sent and what came back: the selected application, the current EF, the
//! verified PINs, their values and tries, the secure session. Every answer is held against it and against the rules of
//! `access.toml`, in both directions: what is forbidden must not succeed, and what is allowed must not be denied.
//!
//! It must never ask the card, nor use a function of it.

use aes::Aes128;
use aes::cipher::block_padding::Iso7816;
use aes::cipher::{BlockDecryptMut, BlockEncrypt, BlockEncryptMut, KeyInit, KeyIvInit};

use crate::command_apdu::Shape;
use crate::rules::{APPLICATIONS, Application, Object, Operation};

/// PINs of the specimen: application, EF, value. The codes A are the My Number, the codes B birth, expiry and security code.
const VALUES: [(usize, u16, &[u8]); 10] = [
    (1, 0x18, b"1234"),
    (1, 0x1B, b"ABC123"),
    (2, 0x11, b"1234"),
    (2, 0x14, b"123456789018"),
    (2, 0x15, b"01102520362026"),
    (3, 0x11, b"011025"),
    (3, 0x12, b"01102520362026"),
    (3, 0x13, b"123456789018"),
    (4, 0x1C, b"1234"),
    (5, 0x1C, b"1234"),
];

/// A PIN as the host knows it.
struct Pin {
    application: usize,
    ef: u16,
    /// `None` for one that nobody knows.
    value: Option<Vec<u8>>,
    tries: u8,
    most: u8,
}

/// The key of a secure session and the number of its next command.
pub(crate) struct Channel {
    key: [u8; 16],
    pub(crate) counter: u128,
}

/// The host's knowledge.
pub(crate) struct Tracker {
    pub(crate) selected: usize,
    current: Option<u16>,
    verified: Vec<u16>,
    pins: Vec<Pin>,
    pub(crate) channel: Option<Channel>,
    /// The seed that the next successful SET SESSION KEY delivers.
    pub(crate) delivered: [u8; 32],
}

/// An answer to be judged.
struct Answer<'a> {
    data: &'a [u8],
    sw: u16,
}

impl Answer<'_> {
    fn succeeded(&self) -> bool {
        self.sw == 0x9000
    }
}

const NOT_FOUND: u16 = 0x6A82;
const WRONG_P1_P2: u16 = 0x6A86;
const WRONG_LENGTH: u16 = 0x6700;

impl Tracker {
    pub(crate) fn new() -> Self {
        let mut pins = Vec::new();
        for (application, rules) in APPLICATIONS.iter().enumerate() {
            for pin in &rules.pins {
                let value = VALUES.iter().find(|(at, ef, _)| (*at, *ef) == (application, pin.ef));
                pins.push(Pin {
                    application,
                    ef: pin.ef,
                    value: value.map(|(.., value)| value.to_vec()),
                    tries: pin.tries,
                    most: pin.tries,
                });
            }
        }
        Self {
            selected: 0,
            current: None,
            verified: Vec::new(),
            pins,
            channel: None,
            delivered: [0; 32],
        }
    }

    pub(crate) fn power_on(&mut self) {
        self.leave_for(0);
    }

    pub(crate) fn reset(&mut self) {
        self.current = None;
    }

    fn leave_for(&mut self, application: usize) {
        if self.selected != application {
            self.selected = application;
        }
        self.verified.clear();
        self.channel = None;
        self.current = None;
    }

    fn rules(&self) -> &'static Application {
        &APPLICATIONS[self.selected]
    }

    fn allows(&self, object: Object, operation: Operation) -> bool {
        self.rules().allows(object, operation, &self.verified)
    }

    /// The right value of a PIN of the selected application, by its place there; its EF beside it.
    pub(crate) fn pin(&self, at: u8) -> Option<(u16, Vec<u8>)> {
        let here = self.pins.iter().filter(|pin| pin.application == self.selected);
        let count = here.clone().count();
        let pin = here.cycle().nth(usize::from(at) % count.max(1))?;
        Some((pin.ef, pin.value.clone().unwrap_or_else(|| b"0000".to_vec())))
    }

    /// Holds the answer to a command against what is known, and learns from it.
    pub(crate) fn judge(&mut self, header: [u8; 4], data: &[u8], shape: &Shape, response: &[u8], sw: u16) {
        let answer = Answer { data: response, sw };
        match (header[0], &mut self.channel) {
            (0x08, Some(_)) => self.judge_secured(header, data, &answer),
            (0x08, None) => {
                let expected = if header[1] == 0xA4 { 0x6882 } else { 0x69FC };
                assert_eq!(answer.sw, expected, "a secured command without a session");
            }
            (0x00 | 0x80, _) => self.judge_plain(header, data, shape.ne, &answer),
            (cla, _) => assert!(!answer.succeeded(), "class {cla:02X} succeeded"),
        }
    }

    fn judge_plain(&mut self, [cla, ins, p1, p2]: [u8; 4], data: &[u8], ne: Option<u32>, answer: &Answer<'_>) {
        match (cla, ins) {
            (0x00, 0xA4) => self.judge_select(p1, p2, data, ne, answer),
            (0x00, 0xB0) => {
                let sfi = (p1 & 0x80 != 0).then_some(p1 & 0x7F);
                self.judge_access(sfi, data.is_empty() && ne.is_some(), Operation::Read, answer);
            }
            (0x00, 0xB2) => {
                let sfi = (p2 >> 3 != 0).then_some(p2 >> 3);
                self.judge_access(sfi, data.is_empty() && ne.is_some(), Operation::Read, answer);
            }
            (0x00, 0xCA) => {
                let object = Object::Data(u16::from_be_bytes([p1, p2]));
                self.judge_rule(object, Operation::Read, answer);
            }
            (0x00, 0x20) => self.judge_verify([p1, p2], data, ne, answer),
            (0x00, 0x24) if ne.is_none() => {
                self.judge_change(Operation::ChangeReferenceData, p1 == 1, p2, data, answer)
            }
            (0x80, 0x32) if ne.is_none() => self.judge_change(Operation::ChangeKey, p1 == 0, p2, data, answer),
            (0x00, 0x24) | (0x80, 0x32) => {
                assert!(
                    matches!(answer.sw, WRONG_P1_P2 | WRONG_LENGTH),
                    "a change with an Le: {:04X}",
                    answer.sw
                );
            }
            (0x80, 0x2A) => {
                // P2=00 is the application's default key.
                let key = if p2 == 0 { self.rules().default_key() } else { None };
                assert!(!answer.succeeded() || p2 != 0 || key.is_some(), "signed without a key");
                if p2 != 0 || key.is_some() {
                    let sfi = key.and_then(|key| u8::try_from(key).ok()).or(reference(p2));
                    self.judge_access(
                        sfi,
                        !data.is_empty() && ne.is_some(),
                        Operation::ComputeSignature,
                        answer,
                    );
                }
                assert!(
                    !answer.succeeded() || answer.data.len() == 256,
                    "a signature is as long as the modulus"
                );
            }
            (0x00, 0x88) => {
                let formed = matches!(data.len(), 1..=255) && ne.is_some();
                self.judge_access(reference(p2), formed, Operation::InternalAuthenticate, answer);
                assert!(!answer.succeeded() || answer.data.len() == 256);
            }
            (0x00, 0x82) => {
                self.judge_access(reference(p2), true, Operation::ExternalAuthenticate, answer);
                assert!(!answer.succeeded(), "EXTERNAL AUTHENTICATE succeeded");
            }
            (0x00, 0x84) => assert!(!answer.succeeded() || Some(answer.data.len() as u32) == ne),
            (0x80, 0xA2) => {
                let length = if p1 == 0x06 { 307 } else { 261 };
                let formed = data.len() == length && ne.is_none();
                self.judge_access(None, formed, Operation::VerifyCertificate, answer);
                assert!(answer.data.is_empty());
            }
            (0x80, 0xAE) => {
                self.judge_rule(Object::Session, Operation::SetSessionKey, answer);
                if answer.succeeded() {
                    let mut key = [0; 16];
                    key.copy_from_slice(&self.delivered[..16]);
                    self.channel = Some(Channel { key, counter: 1 });
                }
            }
            (cla, ins) => assert!(!answer.succeeded(), "{cla:02X} {ins:02X} succeeded"),
        }
    }

    fn judge_select(&mut self, p1: u8, p2: u8, data: &[u8], ne: Option<u32>, answer: &Answer<'_>) {
        let (wanted, next) = (matches!(p2, 0x00 | 0x02), p2 & 2 != 0);
        let valid = matches!(p2, 0x00 | 0x0C) || p1 == 4 && matches!(p2, 0x02 | 0x0E);
        match p1 {
            4 if valid && data.len() <= 16 => {
                let from = if next { self.selected + 1 } else { 0 };
                let found = (from..APPLICATIONS.len()).find(|at| APPLICATIONS[*at].aid.starts_with(data));
                assert_eq!(
                    answer.sw,
                    if found.is_some() { 0x9000 } else { NOT_FOUND },
                    "SELECT by name"
                );
                if let Some(found) = found {
                    if found == self.selected {
                        self.current = None;
                    } else {
                        self.leave_for(found);
                    }
                    let aid = &APPLICATIONS[found].aid;
                    let fci = [&[0x6F, aid.len() as u8 + 2, 0x84, aid.len() as u8], &aid[..]].concat();
                    assert_eq!(answer.data, cut(&fci, wanted, ne), "FCI of an application");
                }
            }
            2 if valid && data.len() == 2 => {
                let id = u16::from_be_bytes([data[0], data[1]]);
                let there = self.rules().has(id);
                assert_eq!(answer.sw, if there { 0x9000 } else { NOT_FOUND }, "SELECT EF {id:04X}");
                if there {
                    self.current = Some(id);
                    assert_eq!(
                        answer.data,
                        cut(&[0x6F, 4, 0x83, 2, data[0], data[1]], wanted, ne),
                        "FCI of an EF"
                    );
                }
            }
            // SELECT MF: refused by the card manager, without effect elsewhere.
            0 if valid && data.is_empty() => {
                assert_eq!(answer.sw, if self.selected == 0 { 0x6A86 } else { 0x9000 }, "SELECT MF");
                assert!(answer.data.is_empty());
            }
            _ => assert!(!answer.succeeded(), "SELECT {p1:02X}{p2:02X} with {} bytes", data.len()),
        }
    }

    fn judge_verify(&mut self, [p1, p2]: [u8; 2], data: &[u8], ne: Option<u32>, answer: &Answer<'_>) {
        assert!(answer.data.is_empty());
        assert!(!answer.succeeded() || !data.is_empty(), "the query succeeded");
        let formed = data.len() <= 16 && ne.is_none();
        let understood = p1 == 0 && matches!(p2, 0x80..=0x9E) && formed;
        let file = self.resolve(reference(p2), formed, answer);
        // Nothing may happen to a PIN but by a command that is about it.
        let (true, Some(file)) = (understood, file) else {
            assert!(
                !answer.succeeded() && answer.sw >> 4 != 0x63C,
                "VERIFY of no file: {:04X}",
                answer.sw
            );
            return;
        };
        let selected = self.selected;
        let pin = self
            .pins
            .iter_mut()
            .find(|pin| (pin.application, pin.ef) == (selected, file));
        let Some(pin) = pin else {
            assert!(
                !answer.succeeded() && answer.sw >> 4 != 0x63C,
                "VERIFY of EF {file:04X}: {:04X}",
                answer.sw
            );
            return;
        };
        let right = pin.value.as_deref() == Some(data);
        let expected = match (data.is_empty(), pin.tries) {
            (true, tries) => 0x63C0 | u16::from(tries),
            (false, 0) => 0x6984,
            (false, _) if right => 0x9000,
            (false, tries) => 0x63C0 | u16::from(tries - 1),
        };
        assert_eq!(
            answer.sw, expected,
            "VERIFY of EF {file:04X}, {} tries left, right value: {right}",
            pin.tries
        );
        if data.is_empty() || pin.tries == 0 {
            return;
        }
        pin.tries = if right { pin.most } else { pin.tries - 1 };
        self.verified.retain(|verified| *verified != file);
        if right {
            self.verified.push(file);
        }
    }

    fn judge_change(&mut self, operation: Operation, p1: bool, p2: u8, data: &[u8], answer: &Answer<'_>) {
        let formed = matches!(data.len(), 1..=16);
        let file = self.judge_access(reference(p2), formed, operation, answer);
        if !answer.succeeded() {
            return;
        }
        assert!(p1 && formed && answer.data.is_empty());
        let file = file.expect("a command that succeeded was about a file");
        let rules = self.rules().pins.iter().find(|pin| pin.ef == file);
        assert!(
            rules.is_some_and(|pin| pin.can_become(data)),
            "a PIN of a form that it can't have"
        );
        let selected = self.selected;
        let pin = self
            .pins
            .iter_mut()
            .find(|pin| (pin.application, pin.ef) == (selected, file));
        pin.expect("the rules have it").value = Some(data.to_vec());
    }

    /// Holds a command on a file against the rules; the file that it was about. `formed`: whether it has the data field and
    /// the Le that the instruction takes.
    fn judge_access(
        &mut self,
        sfi: Option<u8>,
        formed: bool,
        operation: Operation,
        answer: &Answer<'_>,
    ) -> Option<u16> {
        let file = self.resolve(sfi, formed, answer);
        match file {
            Some(file) => self.judge_rule(Object::File(file), operation, answer),
            None => assert!(!answer.succeeded(), "{operation:?} without a file"),
        }
        file
    }

    fn judge_rule(&self, object: Object, operation: Operation, answer: &Answer<'_>) {
        let allowed = self.allows(object, operation);
        assert!(
            !answer.succeeded() || allowed,
            "{operation:?} of {object:04X?} with {:04X?} verified",
            self.verified
        );
        assert!(answer.sw != 0x6982 || !allowed, "{operation:?} of {object:04X?} denied");
    }

    /// The file that a command was about, which is then the current EF; `None` where it was refused before that.
    fn resolve(&mut self, sfi: Option<u8>, formed: bool, answer: &Answer<'_>) -> Option<u16> {
        if answer.sw == WRONG_P1_P2 || answer.sw == WRONG_LENGTH && !formed {
            return None;
        }
        match sfi.map(u16::from) {
            Some(id) if answer.sw == NOT_FOUND => {
                assert!(!self.rules().has(id), "EF {id:04X} is there and was not found");
                None
            }
            Some(id) => {
                assert!(
                    self.rules().has(id),
                    "EF {id:04X} is not there and was found: {:04X}",
                    answer.sw
                );
                self.current = Some(id);
                self.current
            }
            None => self.current,
        }
    }

    /// A command with CLA 08 in a secure session.
    fn judge_secured(&mut self, [_, ins, p1, p2]: [u8; 4], data: &[u8], answer: &Answer<'_>) {
        let Some(channel) = &mut self.channel else { return };
        let counter = channel.counter;
        channel.counter += 1;
        let channel = Channel {
            key: channel.key,
            counter,
        };
        let plain = match ins {
            0x20 | 0xA4 => object(data, 0x86)
                .and_then(|value| value.split_first())
                .filter(|(indicator, _)| **indicator == 1)
                .and_then(|(_, encrypted)| channel.decrypt(encrypted))
                .map(|data| (data, None)),
            0xB0 => match object(data, 0x96) {
                Some(&[0, high, low]) => {
                    let ne = u32::from(u16::from_be_bytes([high, low]));
                    Some((Vec::new(), Some(if ne == 0 { 65_536 } else { ne })))
                }
                _ => None,
            },
            _ => {
                assert_eq!(answer.sw, 0x6882, "an instruction that can't be secured");
                return;
            }
        };
        let Some((data, ne)) = plain else {
            assert_eq!(answer.sw, 0x6988, "an envelope that is none");
            self.channel = None;
            return;
        };
        assert_ne!(answer.sw, 0x6988, "an envelope that is right");
        let opened = match answer.data {
            [] => Vec::new(),
            // The selected application was left, and with it the session: in plain.
            sealed if ins == 0xA4 && sealed[0] == 0x6F => sealed.to_vec(),
            sealed => object(sealed, 0x86)
                .and_then(|value| value.split_first())
                .filter(|(indicator, _)| **indicator == 1)
                .and_then(|(_, encrypted)| channel.decrypt(encrypted))
                .expect("an answer that the session's key opens"),
        };
        if let Some(ne) = ne {
            assert!(opened.len() <= ne as usize, "more than the secured Le allows");
        }
        let answer = Answer {
            data: &opened,
            sw: answer.sw,
        };
        self.judge_plain([0x00, ins, p1, p2], &data, ne, &answer);
    }
}

/// What of the FCI is to come.
fn cut(fci: &[u8], wanted: bool, ne: Option<u32>) -> &[u8] {
    let room = if wanted { ne.unwrap_or(0) as usize } else { 0 };
    &fci[..fci.len().min(room)]
}

/// The short EF identifier in P2 of VERIFY and its kin, or P1 of READ BINARY.
fn reference(byte: u8) -> Option<u8> {
    (byte & 0x80 != 0 && byte & 0x7F != 0).then_some(byte & 0x7F)
}

/// The value of the one object with this tag that `data` is.
fn object(data: &[u8], tag: u8) -> Option<&[u8]> {
    let (head, length) = match data {
        [first, length @ ..=0x7F, ..] if *first == tag => (2, usize::from(*length)),
        [first, 0x81, length, ..] if *first == tag => (3, usize::from(*length)),
        [first, 0x82, high, low, ..] if *first == tag => (4, usize::from(u16::from_be_bytes([*high, *low]))),
        _ => return None,
    };
    (data.len() == head + length).then(|| &data[head..])
}

impl Channel {
    fn vector(&self) -> [u8; 16] {
        let mut block = self.counter.to_be_bytes().into();
        Aes128::new(&self.key.into()).encrypt_block(&mut block);
        block.into()
    }

    fn decrypt(&self, encrypted: &[u8]) -> Option<Vec<u8>> {
        if encrypted.is_empty() || !encrypted.len().is_multiple_of(16) {
            return None;
        }
        let decryptor = cbc::Decryptor::<Aes128>::new(&self.key.into(), &self.vector().into());
        decryptor.decrypt_padded_vec_mut::<Iso7816>(encrypted).ok()
    }

    /// The object `86` with this encrypted, as the command of the number `ahead` after the next.
    pub(crate) fn seal(&self, ahead: u8, plain: &[u8]) -> Vec<u8> {
        let channel = Self {
            key: self.key,
            counter: self.counter + u128::from(ahead),
        };
        let encryptor = cbc::Encryptor::<Aes128>::new(&self.key.into(), &channel.vector().into());
        let encrypted = encryptor.encrypt_padded_vec_mut::<Iso7816>(plain);
        let length = encrypted.len() + 1;
        let head = match length {
            0..0x80 => vec![0x86, length as u8],
            0x80..0x100 => vec![0x86, 0x81, length as u8],
            _ => vec![0x86, 0x82, (length >> 8) as u8, length as u8],
        };
        [&head[..], &[1], &encrypted[..]].concat()
    }
}
