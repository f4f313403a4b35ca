//! A client of a card that reads everything and challenges both chips. It knows the card's interface and nothing of how
//! candidates are made.

use std::collections::BTreeMap;

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::signature::Verifier;
use rsa::{BigUint, RsaPublicKey};
use sha2::{Digest, Sha256};
use vmyna_apdu::Icc;
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::tlv::Tlv;

const TEXT: [u8; 10] = [0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x08];
const FACE: [u8; 10] = [0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x04, 0x02];
const COMMON: [u8; 10] = [0xD3, 0x92, 0x10, 0x00, 0x31, 0x00, 0x01, 0x01, 0x01, 0x00];

/// DER of a `DigestInfo` of SHA-256 up to the digest.
const DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
];

/// What one run has found.
#[derive(Default)]
pub(crate) struct Seen {
    /// EF 0001 to 0007 of the input-assist application.
    pub(crate) text: BTreeMap<u16, Vec<u8>>,
    /// EF 0001 to 0005 of the face-info application.
    pub(crate) face: BTreeMap<u16, Vec<u8>>,
    /// The first record of the common application.
    pub(crate) common: Vec<u8>,
    /// Whether each chip has signed a challenge with the key that its files state.
    pub(crate) chips: [bool; 2],
}

/// A connection to a card.
pub(crate) struct Reader<'c> {
    card: &'c mut dyn Icc,
}

impl Reader<'_> {
    /// Sends a command, and follows 61xx and 6Cxx.
    pub(crate) fn send(&mut self, command: &[u8]) -> Vec<u8> {
        let mut response = Vec::new();
        self.card.transmit(command, &mut response).unwrap();
        if let [0x6C, length] = response[..] {
            let again = [&command[..command.len() - 1], &[length]].concat();
            self.card.transmit(&again, &mut response).unwrap();
        }
        let mut data = Vec::new();
        while let [ref part @ .., 0x61, length] = response[..] {
            data.extend(part);
            let more = [0x00, 0xC0, 0x00, 0x00, length];
            self.card.transmit(&more, &mut response).unwrap();
        }
        [data, response].concat()
    }

    fn good(&mut self, command: &[u8]) -> Option<Vec<u8>> {
        let response = self.send(command);
        response.strip_suffix(&[0x90, 0x00]).map(<[u8]>::to_vec)
    }

    pub(crate) fn select(&mut self, aid: &[u8]) -> bool {
        self.good(&[&[0x00, 0xA4, 0x04, 0x0C, aid.len() as u8], aid].concat())
            .is_some()
    }

    pub(crate) fn select_file(&mut self, file: u16) -> bool {
        let [high, low] = file.to_be_bytes();
        self.good(&[0x00, 0xA4, 0x02, 0x0C, 0x02, high, low]).is_some()
    }

    pub(crate) fn verify(&mut self, file: u16, pin: &[u8]) -> bool {
        self.select_file(file)
            && self
                .good(&[&[0x00, 0x20, 0x00, 0x80, pin.len() as u8], pin].concat())
                .is_some()
    }

    /// A file by pieces of at most `piece` bytes, until the card has no more.
    pub(crate) fn read(&mut self, file: u16, piece: u8) -> Option<Vec<u8>> {
        if !self.select_file(file) {
            return None;
        }
        let mut bytes = Vec::new();
        loop {
            let [high, low] = u16::try_from(bytes.len()).unwrap().to_be_bytes();
            match self.good(&[0x00, 0xB0, high, low, piece]) {
                Some(read) if !read.is_empty() => bytes.extend(read),
                _ => return Some(bytes),
            }
            if bytes.len() >= 0x8000 {
                return Some(bytes);
            }
        }
    }

    /// Whether the chip signs a random challenge with this key.
    fn challenge(&mut self, key: Option<RsaPublicKey>, rng: &mut ChaCha20Rng) -> bool {
        let mut challenge = [0; 32];
        rng.fill_bytes(&mut challenge);
        let input = [&DIGEST_INFO[..], &Sha256::digest(challenge)].concat();
        let command = [&[0x80, 0x2A, 0x00, 0x00, input.len() as u8], &input[..], &[0x00]].concat();
        let answer = self.good(&command);
        let (Some(answer), Some(key)) = (answer, key) else {
            return false;
        };
        Signature::try_from(&answer[..])
            .is_ok_and(|signature| VerifyingKey::<Sha256>::new(key).verify(&challenge, &signature).is_ok())
    }
}

/// The value of the first object with this tag inside the outer one.
pub(crate) fn value(file: &[u8], tag: u16) -> Option<Vec<u8>> {
    let (outer, _) = Tlv::read(file).ok()?;
    let mut rest = outer.value;
    while let Ok((object, after)) = Tlv::read(rest) {
        if object.tag == tag {
            return Some(object.value.to_vec());
        }
        rest = after;
    }
    None
}

fn key(file: &[u8], tag: u16) -> Option<RsaPublicKey> {
    let object = value(file, tag)?;
    let modulus = object.strip_prefix(&[0x90, 0x03, 0x01, 0x00, 0x01, 0x91, 0x82, 0x01, 0x00])?;
    RsaPublicKey::new(BigUint::from_bytes_be(modulus), 65_537_u32.into()).ok()
}

/// Reads a card and challenges its chips.
pub(crate) fn look(card: &mut dyn Icc, of: &IssuedCard, seed: u64) -> Seen {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    card.power_on(&mut Vec::new()).unwrap();
    let mut reader = Reader { card };
    let mut seen = Seen::default();
    if reader.select(&TEXT) && reader.verify(0x0011, b"1234") {
        for file in 1..=7 {
            seen.text.extend(reader.read(file, 0).map(|bytes| (file, bytes)));
        }
        let key = seen.text.get(&7).and_then(|file| key(file, 0xDF51));
        seen.chips[0] = reader.challenge(key, &mut rng);
    }
    let person = &of.summary.person;
    let birth = person.birth_date_pin().unwrap();
    let code_b = person.verification_code_b(of.summary.expiry, of.summary.security_code);
    if reader.select(&FACE)
        && reader.verify(0x0011, birth.as_bytes())
        && reader.verify(0x0012, code_b.unwrap().as_bytes())
    {
        // The program is given the My Number of the card's summary.
        let code_a = reader.verify(0x0013, person.my_number.digits());
        for file in [1, 2, 3, 4, 5] {
            if file != 5 || code_a {
                seen.face.extend(reader.read(file, 0).map(|bytes| (file, bytes)));
            }
        }
        let key = seen.face.get(&2).and_then(|file| key(file, 0xDF24));
        seen.chips[1] = reader.challenge(key, &mut rng);
    }
    if reader.select(&COMMON) && reader.select_file(1) {
        seen.common = reader.good(&[0x00, 0xB2, 0x01, 0x04, 0x00]).unwrap_or_default();
    }
    seen
}
