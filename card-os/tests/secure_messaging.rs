//! Secure messaging by the fact sheet: what opens a session, what travels in it, what ends it. The terminal's side is
//! written here from the published description; other projects' clients confirm it elsewhere.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::sync::LazyLock;

use aes::Aes128;
use aes::cipher::block_padding::Iso7816;
use aes::cipher::{BlockDecryptMut, BlockEncryptMut, KeyIvInit};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use rsa::pkcs8::EncodePrivateKey;
use rsa::{Oaep, RsaPrivateKey};
use sha2::Sha256;
use vmyna_apdu::{Aid, FileId};
use vmyna_card_os::declaration::{
    Access, Application, Body, Condition, File, Format, Operation, Pin, PrivateKey, ReferenceData, SecureSession,
};
use vmyna_card_os::key::RustEngine;
use vmyna_card_os::rule::{self, Basis, Certainty};
use vmyna_card_os::{Card, Parts};

static KEY: LazyLock<RsaPrivateKey> =
    LazyLock::new(|| RsaPrivateKey::new(&mut ChaCha20Rng::seed_from_u64(8), 2048).unwrap());

const SEED: [u8; 32] = *b"a seed of thirty-two bytes long.";
const PIN: u16 = 0x0011;
const BLOCKED: u16 = 0x0012;
const CODE: u16 = 0x0014;
/// Free and longer than a short answer; behind the PIN; free and just one block long.
const FREE: (u16, usize) = (0x0001, 300);
const PROTECTED: (u16, usize) = (0x0002, 17);
const BLOCK: (u16, usize) = (0x0003, 16);
/// Updated after the code.
const UPDATED: (u16, usize) = (0x0004, 16);

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| at as u8).collect()
}

fn file(id: u16, body: Body, access: Access) -> File {
    let basis = Basis::new(Certainty::Assumed, "synthetic");
    File::new(FileId::new(id), "file", "", body, access, basis)
}

fn pin(id: u16, value: &[u8], tries_at_issue: u8) -> File {
    let format = Format::digits(value.len());
    let pin = Pin {
        tries_at_issue,
        ..Pin::new(ReferenceData::new(value), format, 3)
    };
    file(
        id,
        Body::Pin(pin),
        Access::NONE.with(Operation::Verify, Condition::Always),
    )
}

fn application(aid: &[u8], secure_session: SecureSession) -> Application {
    let transparent = |(id, length): (u16, usize), access| file(id, Body::Transparent(content(length).into()), access);
    Application::new(
        Aid::new(aid).unwrap(),
        "application",
        "",
        Basis::new(Certainty::Assumed, "synthetic"),
    )
    .with_files(vec![
        transparent(FREE, Access::read(Condition::Always)),
        transparent(PROTECTED, Access::read(Condition::Verified(FileId::new(PIN)))),
        transparent(BLOCK, Access::read(Condition::Always)),
        transparent(
            UPDATED,
            Access::read(Condition::Always).with(Operation::UpdateBinary, Condition::Verified(FileId::new(CODE))),
        ),
        pin(PIN, b"1234", 3),
        pin(BLOCKED, b"1234", 0),
        pin(CODE, b"123456789012", 3),
    ])
    .with_secure_session(secure_session)
}

/// A terminal with its card.
struct Terminal {
    card: Card,
    counter: u128,
}

impl Terminal {
    /// The card is powered, the application with sessions (AID 01) selected.
    fn new() -> Self {
        let key = PrivateKey::from_pkcs8_der(KEY.to_pkcs8_der().unwrap().as_bytes());
        let offered = SecureSession::Offered {
            key,
            condition: Condition::Verified(FileId::new(PIN)),
            basis: Basis::new(Certainty::Assumed, "synthetic"),
        };
        let mut card = Card::new(
            Parts::new(
                vec![
                    application(&[0], SecureSession::Refused(&rule::SESSION_KEY_REFUSED)),
                    application(&[1], offered),
                    application(&[2], SecureSession::Refused(&rule::SESSION_KEY_NO_ENVIRONMENT)),
                ],
                vec![0x3B, 0x80],
                Box::new(ChaCha20Rng::seed_from_u64(9)),
            )
            .with_engine(Box::new(RustEngine)),
        )
        .unwrap();
        card.power_on();
        let mut terminal = Self { card, counter: 1 };
        assert_eq!(terminal.select(1), 0x9000);
        terminal
    }

    /// The same with a session open.
    fn in_session() -> Self {
        let mut terminal = Self::new();
        assert_eq!(terminal.verify_plain(PIN, b"1234"), 0x9000);
        assert_eq!(terminal.deliver(&delivery(0x80)), 0x9000);
        terminal
    }

    fn send(&mut self, command: &[u8]) -> (Vec<u8>, u16) {
        let mut response = Vec::new();
        self.card.transmit(command, &mut response).unwrap();
        let (data, status) = response.split_last_chunk::<2>().unwrap();
        (data.to_vec(), u16::from_be_bytes(*status))
    }

    fn select(&mut self, aid: u8) -> u16 {
        self.send(&[0x00, 0xA4, 0x04, 0x0C, 0x01, aid]).1
    }

    fn verify_plain(&mut self, id: u16, value: &[u8]) -> u16 {
        self.send(&[&[0x00, 0x20, 0x00, 0x80 | id as u8, value.len() as u8], value].concat())
            .1
    }

    /// SET SESSION KEY with this plaintext.
    fn deliver(&mut self, plain: &[u8]) -> u16 {
        let encrypted = KEY
            .to_public_key()
            .encrypt(&mut ChaCha20Rng::seed_from_u64(10), Oaep::new::<Sha256>(), plain);
        self.counter = 1;
        self.set_session_key(&encrypted.unwrap())
    }

    fn set_session_key(&mut self, encrypted: &[u8]) -> u16 {
        let length = u16::try_from(encrypted.len()).unwrap().to_be_bytes();
        self.send(&[&[0x80, 0xAE, 0x00, 0x00, 0x00], &length[..], encrypted].concat())
            .1
    }

    fn vector(&self) -> [u8; 16] {
        let mut block = self.counter.to_be_bytes().into();
        cbc::Encryptor::<Aes128>::new(SEED[..16].into(), &[0; 16].into()).encrypt_block_mut(&mut block);
        block.into()
    }

    /// The object `86 L 01 data`, encrypted for the next command.
    fn cryptogram(&self, plain: &[u8]) -> Vec<u8> {
        let encryptor = cbc::Encryptor::<Aes128>::new(SEED[..16].into(), &self.vector().into());
        let encrypted = encryptor.encrypt_padded_vec_mut::<Iso7816>(plain);
        [&[0x86, encrypted.len() as u8 + 1, 0x01][..], &encrypted].concat()
    }

    /// Sends a secured command with this data field.
    fn secured(&mut self, header: [u8; 3], data: &[u8]) -> u16 {
        let sent = self.send(&[&[0x08][..], &header, &[data.len() as u8], data].concat()).1;
        self.counter += 1;
        sent
    }

    fn verify(&mut self, id: u16, value: &[u8]) -> u16 {
        let data = self.cryptogram(value);
        self.secured([0x20, 0x00, 0x80 | id as u8], &data)
    }

    fn select_file(&mut self, id: u16) -> u16 {
        let data = self.cryptogram(&id.to_be_bytes());
        self.secured([0xA4, 0x02, 0x0C], &data)
    }

    /// Reads from the current EF and opens the answer.
    fn read(&mut self, offset: u16, length: u16) -> Result<Vec<u8>, u16> {
        let [high, low] = length.to_be_bytes();
        let [p1, p2] = offset.to_be_bytes();
        let (data, status) = self.send(&[0x08, 0xB0, p1, p2, 0, 0, 5, 0x96, 3, 0, high, low, 0, 0]);
        let vector = self.vector();
        self.counter += 1;
        if status != 0x9000 {
            assert!(data.is_empty());
            return Err(status);
        }
        let value = match *data {
            [0x86, 0x82, high, low, ref value @ ..] if [high, low] == (value.len() as u16).to_be_bytes() => value,
            [0x86, 0x81, length, ref value @ ..] if usize::from(length) == value.len() => value,
            [0x86, length, ref value @ ..] if usize::from(length) == value.len() => value,
            _ => panic!("{data:02X?}"),
        };
        assert_eq!(value[0], 0x01);
        let decryptor = cbc::Decryptor::<Aes128>::new(SEED[..16].into(), &vector.into());
        Ok(decryptor.decrypt_padded_vec_mut::<Iso7816>(&value[1..]).unwrap())
    }

    /// Whether the session is still open, with the terminal's counter.
    fn alive(&mut self) -> bool {
        match self.select_file(FREE.0) {
            0x9000 => true,
            0x6882 => false,
            other => panic!("{other:04X}"),
        }
    }
}

/// What is encrypted to the card: `A0 22 { tag 20 seed }`.
fn delivery(tag: u8) -> Vec<u8> {
    [&[0xA0, 0x22, tag, 0x20][..], &SEED].concat()
}

#[test]
fn a_session_needs_the_pin_and_no_other_credential() {
    let mut terminal = Terminal::new();
    assert_eq!(terminal.deliver(&delivery(0x80)), 0x6982);
    assert_eq!(terminal.verify_plain(CODE, b"123456789012"), 0x9000);
    assert_eq!(terminal.deliver(&delivery(0x80)), 0x6982);
    assert_eq!(terminal.verify_plain(PIN, b"1234"), 0x9000);
    assert_eq!(terminal.deliver(&delivery(0x80)), 0x9000);
    assert!(terminal.alive());
}

#[test]
fn an_application_without_sessions_refuses_in_its_own_way() {
    let mut terminal = Terminal::new();
    for (aid, expected) in [(0, 0x6982), (2, 0x66F1)] {
        terminal.select(aid);
        terminal.verify_plain(PIN, b"1234");
        assert_eq!(terminal.deliver(&delivery(0x80)), expected);
    }
    assert_eq!(terminal.send(&[0x80, 0xAE, 0x00, 0x01, 0x01, 0x00]).1, 0x6A86);
}

#[test]
fn only_a_key_to_encrypt_is_taken() {
    let mut terminal = Terminal::in_session();
    let table = [
        delivery(0x81),
        [&[0xA0, 0x44][..], &delivery(0x80)[2..], &delivery(0x81)[2..]].concat(),
        delivery(0x80)[..35].to_vec(),
        vec![],
    ];
    for plain in table {
        assert_eq!(terminal.deliver(&plain), 0x6A80, "{plain:02X?}");
    }
    assert_eq!(terminal.set_session_key(&[0xFF; 256]), 0x6F00);
    assert_eq!(terminal.set_session_key(&[0x01; 256]), 0x6A80);
    for length in [0, 1, 255, 257] {
        // An extended Lc of zero is no C-APDU, with the same answer.
        assert_eq!(terminal.set_session_key(&vec![0x01; length]), 0x6700, "{length}");
    }
}

#[test]
fn an_update_is_plain_in_a_session_and_after_a_code_presented_in_it() {
    let mut terminal = Terminal::in_session();
    let update = [0x00, 0xD6, 0x84, 0x00, 0x02, 0xAA, 0xBB];
    assert_eq!(terminal.send(&update).1, 0x6982);
    assert_eq!(terminal.verify(CODE, b"123456789012"), 0x9000);
    assert_eq!(terminal.send(&update).1, 0x9000);
    assert_eq!(terminal.select_file(UPDATED.0), 0x9000);
    let mut expected = content(UPDATED.1);
    expected[..2].copy_from_slice(&[0xAA, 0xBB]);
    assert_eq!(terminal.read(0, 0).unwrap(), expected);
    // Secured it does not exist. It counts, and the session lives on.
    let data = terminal.cryptogram(&[0xCC]);
    for ins in [0xD6, 0xDC, 0xE2, 0x46] {
        assert_eq!(terminal.secured([ins, 0x84, 0x00], &data), 0x6882, "{ins:02X}");
    }
    assert_eq!(terminal.read(0, 0).unwrap(), expected);
    assert!(terminal.alive());
}

#[test]
fn files_are_read_whole_and_in_parts_also_past_their_end() {
    let mut terminal = Terminal::in_session();
    for (id, length) in [FREE, PROTECTED, BLOCK] {
        assert_eq!(terminal.select_file(id), 0x9000);
        let whole = content(length);
        assert_eq!(terminal.read(0, 0).unwrap(), whole);
        assert_eq!(terminal.read(3, 5).unwrap(), whole[3..8]);
        assert_eq!(terminal.read(1, 1000).unwrap(), whole[1..]);
        assert_eq!(terminal.read(length as u16, 1), Err(0x6B00));
        assert!(terminal.alive());
    }
}

#[test]
fn a_secured_verify_counts_and_opens_as_a_plain_one() {
    let mut terminal = Terminal::in_session();
    assert_eq!(terminal.verify(CODE, b"000000000000"), 0x63C2);
    assert_eq!(terminal.verify(CODE, b"123456789012"), 0x9000);
    assert_eq!(terminal.verify(BLOCKED, b"1234"), 0x6984);
    assert_eq!(terminal.verify(0x001D, b"1234"), 0x6A82);
    assert_eq!(terminal.verify(PIN, b"0000"), 0x63C2);
    assert_eq!(terminal.select_file(PROTECTED.0), 0x9000);
    assert_eq!(terminal.read(0, 0), Err(0x6982));
    assert_eq!(terminal.verify(PIN, b"1234"), 0x9000);
    assert_eq!(terminal.select_file(PROTECTED.0), 0x9000);
    assert_eq!(terminal.read(0, 0).unwrap(), content(PROTECTED.1));
}

#[test]
fn plain_commands_in_between_do_not_count() {
    let mut terminal = Terminal::in_session();
    for _ in 0..3 {
        assert_eq!(terminal.send(&[0x00, 0xB0, 0x81, 0x00, 0x10]).1, 0x9000);
        assert_eq!(terminal.send(&[0x00, 0x84, 0x00, 0x00, 0x08]).1, 0x9000);
        assert_eq!(terminal.verify_plain(PIN, b"1234"), 0x9000);
        assert!(terminal.alive());
    }
}

#[test]
fn an_authenticated_header_is_refused_and_changes_nothing() {
    let mut terminal = Terminal::in_session();
    for ins in [0x20, 0xA4, 0xB0] {
        assert_eq!(terminal.send(&[0x0C, ins, 0x00, 0x80, 0x01, 0x00]).1, 0x6987);
    }
    assert!(terminal.alive());
}

#[test]
fn a_wrong_envelope_ends_the_session() {
    let right = |terminal: &Terminal| terminal.cryptogram(b"1234");
    let expected = [0x96, 3, 0, 0, 0];
    type Fault<'a> = (&'a str, [u8; 3], Box<dyn Fn(&Terminal) -> Vec<u8>>);
    let verify = [0x20, 0x00, 0x91];
    let faults: Vec<Fault<'_>> = vec![
        ("no object", verify, Box::new(|_| vec![])),
        (
            "the object of READ BINARY",
            verify,
            Box::new(move |_| expected.to_vec()),
        ),
        ("two objects", verify, Box::new(move |t| [right(t), right(t)].concat())),
        (
            "another tag",
            verify,
            Box::new(move |t| [&[0x87], &right(t)[1..]].concat()),
        ),
        (
            "another padding indicator",
            verify,
            Box::new(move |t| [&[0x86, 0x11, 0x02], &right(t)[3..]].concat()),
        ),
        (
            "no whole block",
            verify,
            Box::new(move |t| [&[0x86, 0x10], &right(t)[2..18]].concat()),
        ),
        (
            "another key",
            verify,
            Box::new(|_| [&[0x86, 0x11, 0x01][..], &[0; 16]].concat()),
        ),
        ("a cryptogram for READ BINARY", [0xB0, 0x00, 0x00], Box::new(right)),
        (
            "two lengths",
            [0xB0, 0x00, 0x00],
            Box::new(move |_| [expected, expected].concat()),
        ),
    ];
    for (fault, header, data) in faults {
        let mut terminal = Terminal::in_session();
        assert_eq!(terminal.select_file(FREE.0), 0x9000);
        let data = data(&terminal);
        assert_eq!(terminal.secured(header, &data), 0x6988, "{fault}");
        assert_eq!(terminal.verify(PIN, b"1234"), 0x69FC, "{fault}");
        assert_eq!(terminal.read(0, 0), Err(0x69FC), "{fault}");
        assert!(!terminal.alive(), "{fault}");
        // No try was lost, and the PIN is verified as before.
        assert_eq!(terminal.send(&[0x00, 0x20, 0x00, 0x91]).1, 0x63C3, "{fault}");
        assert_eq!(terminal.send(&[0x00, 0xB0, 0x82, 0x00, 0x10]).1, 0x9000, "{fault}");
    }
}

#[test]
fn a_wrong_counter_ends_the_session() {
    for wrong in [0, 1, 3, 4] {
        let mut terminal = Terminal::in_session();
        assert!(terminal.alive());
        terminal.counter = wrong;
        assert_eq!(terminal.select_file(FREE.0), 0x6988, "{wrong} instead of 2");
        terminal.counter = 3;
        assert!(!terminal.alive());
    }
}

#[test]
fn a_refused_command_counts() {
    let mut terminal = Terminal::in_session();
    assert_eq!(terminal.secured([0x84, 0x00, 0x00], &[0x96, 3, 0, 0, 8]), 0x6882);
    assert!(terminal.alive());
    let data = terminal.cryptogram(b"1234");
    assert_eq!(terminal.secured([0x20, 0x01, 0x91], &data), 0x6A86);
    assert!(terminal.alive());
}

#[test]
fn another_application_and_loss_of_power_end_the_session_and_nothing_else_does() {
    type Act = (&'static str, bool, fn(&mut Terminal));
    let acts: [Act; 6] = [
        ("SELECT of another application", false, |t| {
            assert_eq!((t.select(2), t.select(1)), (0x9000, 0x9000))
        }),
        ("SELECT of an unknown one", true, |t| assert_eq!(t.select(9), 0x6A82)),
        ("SELECT of the same", true, |t| assert_eq!(t.select(1), 0x9000)),
        ("SELECT of an EF", true, |t| {
            assert_eq!(t.send(&[0, 0xA4, 2, 0x0C, 2, 0, 1]).1, 0x9000)
        }),
        ("warm reset", true, |t| assert!(t.card.reset().is_ok())),
        ("loss of power", false, |t| {
            t.card.power_on();
            assert_eq!(t.select(1), 0x9000);
        }),
    ];
    for (act, survives, carry_out) in acts {
        let mut terminal = Terminal::in_session();
        carry_out(&mut terminal);
        assert_eq!(terminal.alive(), survives, "{act}");
    }
}

#[test]
fn a_new_key_begins_a_new_session() {
    let mut terminal = Terminal::in_session();
    assert!(terminal.alive() && terminal.alive());
    assert_eq!(terminal.deliver(&delivery(0x80)), 0x9000);
    assert!(terminal.alive());
}

#[test]
fn an_answer_longer_than_the_outer_le_is_refused() {
    let mut terminal = Terminal::in_session();
    assert_eq!(terminal.select_file(FREE.0), 0x9000);
    let read = |le: &[u8]| [&[0x08, 0xB0, 0, 0, 5, 0x96, 3, 0, 0, 0][..], le].concat();
    for le in [&[][..], &[0x00], &[0x20]] {
        assert_eq!(terminal.send(&read(le)), (vec![], 0x6700), "{le:02X?}");
        terminal.counter += 1;
    }
    assert!(terminal.alive());
}

#[test]
fn objects_nested_without_end_are_refused_as_any_wrong_object() {
    // Each level announces the rest of the data field.
    let mut nested = Vec::new();
    while nested.len() < 65_000 {
        let length = u16::try_from(nested.len()).unwrap().to_be_bytes();
        nested.splice(0..0, [0xA6, 0x82, length[0], length[1]]);
    }
    let mut terminal = Terminal::in_session();
    let length = u16::try_from(nested.len()).unwrap().to_be_bytes();
    let command = [&[0x08, 0x20, 0x00, 0x91, 0x00][..], &length, &nested].concat();
    assert_eq!(terminal.send(&command).1, 0x6988);
    assert!(!terminal.alive());
}
