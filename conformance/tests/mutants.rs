//! Deliberately broken cards, each caught by a vector that names the broken rule. They are made at run time: through the
//! declarations, or by a card that bends commands and answers on their way.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use common::{card, failures, phone, reader, run_anew, specimen, values, with_free_area};
use vmyna_apdu::{Aid, FileId, Icc, IccError};
use vmyna_applets::{PhoneKind, Profile};
use vmyna_card_os::declaration::{Access, Application, Body, Condition, File, Operation, SecureSession};
use vmyna_card_os::state::MemoryStore;
use vmyna_card_os::{Card, rule};

const CARD_MANAGER: usize = 0;
const JPKI: usize = 1;
const INPUT_ASSIST: usize = 2;
const FACE_INFO: usize = 3;
const RESIDENCE_CODE: usize = 4;
const CARD_INFO: usize = 5;

type Declarations = [Application];

/// How a card is broken.
enum Break {
    /// In what it is declared to be.
    Declared(fn(&mut Declarations)),
    /// An answer is another one: command and answer.
    Answer(fn(&[u8], &mut Vec<u8>)),
    /// A command is taken for another one.
    Command(fn(&[u8]) -> Vec<u8>),
    /// A wrong PIN is answered by the card's software without asking the counter.
    CounterNotDecremented,
    /// The query answers 9000 once a PIN is verified.
    QueryTellsSuccess,
    /// A warm reset ends what is verified.
    WarmResetDrops,
    /// A power cut does not.
    PowerCutKeeps,
    /// SELECT of the same application ends what is verified.
    SelectAgainDrops,
    /// SELECT of another application doesn't: the card goes on with the old one's rights, as if nothing had been left.
    SelectOtherKeeps,
}
use Break::{Answer, Command, Declared};

/// What is broken, how, and the vector that must find it.
const MUTANTS: &[(&str, Break, &str)] = &[
    (
        "the sign certificate is free",
        Declared(|card| open(card, JPKI, 0x01, Operation::Read, Condition::Always)),
        "access.jpki.0001.read.none",
    ),
    (
        "the sign certificate opens with the auth PIN",
        Declared(|card| open(card, JPKI, 0x01, Operation::Read, pin(0x18))),
        "access.jpki.0001.read.auth",
    ),
    (
        "EF 0009 opens with the sign password",
        Declared(|card| open(card, JPKI, 0x09, Operation::Read, pin(0x1B))),
        "access.jpki.0009.read.all",
    ),
    (
        "the auth certificate needs the PIN, as on a phone",
        Declared(|card| open(card, JPKI, 0x0A, Operation::Read, pin(0x18))),
        "access.jpki.000a.read.none",
    ),
    (
        "the auth key needs no PIN",
        Declared(|card| open(card, JPKI, 0x17, Operation::ComputeSignature, Condition::Always)),
        "access.jpki.0017.compute-signature.none",
    ),
    (
        "the sign key signs with the auth PIN",
        Declared(|card| open(card, JPKI, 0x1A, Operation::ComputeSignature, pin(0x18))),
        "access.jpki.001a.compute-signature.auth",
    ),
    (
        "the sign key needs both PINs",
        Declared(|card| {
            open(
                card,
                JPKI,
                0x1A,
                Operation::ComputeSignature,
                Condition::AllOf(vec![pin(0x18), pin(0x1B)]),
            )
        }),
        "access.jpki.001a.compute-signature.sign",
    ),
    (
        "the auth key answers INTERNAL AUTHENTICATE",
        Declared(|card| open(card, JPKI, 0x17, Operation::InternalAuthenticate, Condition::Always)),
        "access.jpki.0017.internal-authenticate.none",
    ),
    (
        "the auth PIN can be changed without VERIFY",
        Declared(|card| open(card, JPKI, 0x18, Operation::ChangeReferenceData, Condition::Always)),
        "access.jpki.0018.change-reference-data.none",
    ),
    (
        "B opens the My Number",
        Declared(|card| {
            open(
                card,
                INPUT_ASSIST,
                0x01,
                Operation::Read,
                Condition::AnyOf(vec![pin(0x11), pin(0x14), pin(0x15)]),
            )
        }),
        "access.input-assist.0001.read.b",
    ),
    (
        "A opens the four attributes",
        Declared(|card| {
            open(
                card,
                INPUT_ASSIST,
                0x02,
                Operation::Read,
                Condition::AnyOf(vec![pin(0x11), pin(0x14), pin(0x15)]),
            )
        }),
        "access.input-assist.0002.read.a",
    ),
    (
        "the CV certificate needs the PIN",
        Declared(|card| open(card, INPUT_ASSIST, 0x04, Operation::Read, pin(0x11))),
        "access.input-assist.0004.read.none",
    ),
    (
        "A opens a secure session",
        Declared(|card| {
            if let SecureSession::Offered { condition, .. } = &mut card[INPUT_ASSIST].secure_session {
                *condition = Condition::AnyOf(vec![pin(0x11), pin(0x14)]);
            }
        }),
        "access.input-assist.session.set-session-key.a",
    ),
    (
        "B opens the picture of the My Number",
        Declared(|card| {
            open(
                card,
                FACE_INFO,
                0x05,
                Operation::Read,
                Condition::AnyOf(vec![pin(0x12), pin(0x13)]),
            )
        }),
        "access.face-info.0005.read.b",
    ),
    (
        "A opens the age record",
        Declared(|card| {
            open(
                card,
                FACE_INFO,
                0x01,
                Operation::Read,
                Condition::AnyOf(vec![pin(0x11), pin(0x13)]),
            )
        }),
        "access.face-info.0001.read.a",
    ),
    (
        "face-info answers SET SESSION KEY with 6982",
        Declared(|card| card[FACE_INFO].secure_session = SecureSession::Refused(&rule::SESSION_KEY_REFUSED)),
        "access.face-info.session.set-session-key.none",
    ),
    (
        "face-info has no default key",
        Declared(|card| card[FACE_INFO].default_key = None),
        "sign.presence.face-info",
    ),
    (
        "the residence PIN is changed by CHANGE REFERENCE DATA",
        Declared(|card| open(card, RESIDENCE_CODE, 0x1C, Operation::ChangeReferenceData, pin(0x1C))),
        "access.residence-code.001c.change-reference-data.pin",
    ),
    (
        "the common key signs by COMPUTE DIGITAL SIGNATURE",
        Declared(|card| open(card, CARD_INFO, 0x19, Operation::ComputeSignature, Condition::Always)),
        "access.card-info.0019.compute-signature.none",
    ),
    (
        "the auth PIN has 5 tries",
        Declared(|card| tries(card, JPKI, 0x18, 5, 5)),
        "pin.jpki.auth.counter",
    ),
    (
        "the sign password has 3 tries",
        Declared(|card| tries(card, JPKI, 0x1B, 3, 3)),
        "pin.jpki.sign.counter",
    ),
    (
        "照合番号B has 3 tries",
        Declared(|card| tries(card, FACE_INFO, 0x12, 3, 3)),
        "pin.face-info.b.counter",
    ),
    (
        "the blocked key reference is not blocked",
        Declared(|card| tries(card, INPUT_ASSIST, 0x12, 3, 3)),
        "verify.blocked-key",
    ),
    (
        "JPKI has a file 0010",
        Declared(|card| {
            let mut file = card[JPKI].files[0].clone();
            file.id = FileId::new(0x10);
            card[JPKI].files.push(file);
        }),
        "access.jpki.absent.files",
    ),
    (
        "the expiry is found in JPKI too",
        Declared(|card| {
            let object = card[CARD_MANAGER]
                .data_objects
                .iter()
                .find(|object| object.tag == 0x00F2)
                .unwrap()
                .clone();
            card[JPKI].data_objects.push(object);
        }),
        "access.jpki.absent.objects",
    ),
    (
        "the common application has another AID",
        Declared(|card| card[CARD_INFO].aid = Aid::new(&[0xD3, 0x92, 0x10, 0, 0x31, 0, 1, 1, 1, 1]).unwrap()),
        "select.card-info",
    ),
    (
        "the availability says 01 instead of 8F",
        Declared(|card| content(card, JPKI, 0x08, |bytes| bytes[0] = 1)),
        "files-jpki.availability",
    ),
    (
        "the token's label is a phone's",
        Declared(|card| {
            content(card, JPKI, 0x06, |bytes| {
                bytes[..16].copy_from_slice(b"JPKIAPGPSETOKEN ")
            })
        }),
        // By its label it is a phone, and its auth certificate is free.
        "phone.auth-certificate",
    ),
    (
        "the token's label is that of the older card",
        Declared(|card| {
            content(card, JPKI, 0x06, |bytes| {
                bytes[..16].copy_from_slice(b"JPKIAPICCTOKEN  ")
            })
        }),
        "files-jpki.token-label",
    ),
    (
        "a digit of the My Number is wrong",
        Declared(|card| content(card, INPUT_ASSIST, 0x01, |bytes| bytes[5] ^= 1)),
        "files-text.my-number",
    ),
    (
        "the address was altered after signing",
        Declared(|card| content(card, INPUT_ASSIST, 0x02, |bytes| *bytes.last_mut().unwrap() ^= 3)),
        "files-text.integrity",
    ),
    (
        "the photo was altered after signing",
        Declared(|card| content(card, FACE_INFO, 0x02, |bytes| bytes[0x400] ^= 1)),
        "files-face.signature",
    ),
    (
        "the auth certificate is another key's",
        Declared(|card| {
            let other = card[JPKI].file(FileId::new(0x0B)).unwrap().body.clone();
            card[JPKI]
                .files
                .iter_mut()
                .find(|file| file.id.value() == 0x0A)
                .unwrap()
                .body = other;
        }),
        "sign.auth",
    ),
    (
        "the query answers 9000 once the PIN is verified",
        Break::QueryTellsSuccess,
        "verify.query.after-success",
    ),
    (
        "a blocked PIN answers ISO's 6983",
        Answer(|_, answer| sw(answer, 0x6984, 0x6983)),
        "pin.jpki.auth.blocks",
    ),
    (
        "an absent file answers 6A81",
        Answer(|command, answer| {
            if command[1] == 0xA4 {
                sw(answer, 0x6A82, 0x6A81);
            }
        }),
        "select.ef.absent",
    ),
    (
        "a read from the end answers 9000 without data",
        Answer(|_, answer| sw(answer, 0x6B00, 0x9000)),
        "read.at-the-end",
    ),
    (
        "other channels answer 6E00",
        Answer(|_, answer| sw(answer, 0x6881, 0x6E00)),
        "class.channels",
    ),
    (
        "an IEF answers a read with 6982",
        Answer(|_, answer| sw(answer, 0x6981, 0x6982)),
        "read.internal",
    ),
    (
        "no current EF answers 6A82",
        Answer(|_, answer| sw(answer, 0x6986, 0x6A82)),
        "read.no-current-ef",
    ),
    (
        "the dead session answers 6882",
        Answer(|_, answer| sw(answer, 0x69FC, 0x6882)),
        "secure.no-session",
    ),
    (
        "a signature has a wrong bit",
        Answer(|command, answer| {
            if command[1] == 0x2A && answer.len() == 258 {
                answer[200] ^= 0x10;
            }
        }),
        "sign.auth",
    ),
    (
        "an answer is cut to 256 bytes",
        Answer(|_, answer| {
            if answer.len() > 258 {
                answer.truncate(256);
                answer.extend([0x90, 0x00]);
            }
        }),
        "read.extended",
    ),
    (
        "the challenge is always the same",
        Answer(|command, answer| {
            if command[1] == 0x84 && answer.len() > 2 {
                let end = answer.len() - 2;
                answer[..end].fill(0x42);
            }
        }),
        "data.challenge.random",
    ),
    (
        "an FCI is not a template 6F",
        Answer(|_, answer| {
            if answer.first() == Some(&0x6F) && answer.len() > 2 {
                answer[0] = 0x62;
            }
        }),
        "select.fci",
    ),
    (
        "the VERIFY folds small letters",
        Command(|command| match command {
            [0x00, 0x20, ..] => command.to_ascii_uppercase(),
            _ => command.to_vec(),
        }),
        "verify.case",
    ),
    (
        "PSS is PKCS#1 v1.5",
        Command(|command| match command {
            [0x80, 0x2A, 0x04, rest @ ..] => [&[0x80, 0x2A, 0x02], rest].concat(),
            _ => command.to_vec(),
        }),
        "sign.scheme.04",
    ),
    (
        "P1=09 selects as P1=02",
        Command(|command| match command {
            [0x00, 0xA4, 0x09, rest @ ..] => [&[0x00, 0xA4, 0x02], rest].concat(),
            _ => command.to_vec(),
        }),
        "select.ef.p1-09",
    ),
    (
        "the query with an Le is the query without",
        Command(|command| match command {
            [0x00, 0x20, _, _, _] => command[..4].to_vec(),
            _ => command.to_vec(),
        }),
        "verify.query.with-le",
    ),
    (
        "VERIFY with a value ignores an Le",
        Command(|command| match command {
            [0x00, 0x20, _, _, lc, data @ .., 0x00] if data.len() == usize::from(*lc) => {
                command[..command.len() - 1].to_vec()
            }
            _ => command.to_vec(),
        }),
        "verify.with-le",
    ),
    (
        "a change of a PIN ignores an Le",
        Command(|command| match command {
            [0x00, 0x24, _, _, lc, data @ .., 0x00] if data.len() == usize::from(*lc) => {
                command[..command.len() - 1].to_vec()
            }
            _ => command.to_vec(),
        }),
        "change.with-le",
    ),
    (
        "80 A2 looks at the current EF before the length",
        Command(|command| match command {
            [0x80, 0xA2, 0x00, 0xC1, ..] => [&[0x80, 0xA2, 0x00, 0xC1, 0, 1, 5][..], &[0; 261]].concat(),
            _ => command.to_vec(),
        }),
        "issuer.terminal-certificate.length",
    ),
    (
        "SET SESSION KEY looks at access before the length",
        Command(|command| match command {
            [0x80, 0xAE, ..] if command.len() != 263 => [&[0x80, 0xAE, 0, 0, 0, 1, 0][..], &[0; 256]].concat(),
            _ => command.to_vec(),
        }),
        "secure.length",
    ),
    (
        "READ BINARY looks at access before the length",
        Answer(|command, answer| {
            if command == [0x00, 0xB0, 0x81, 0x00] {
                sw(answer, 0x6700, 0x6982);
            }
        }),
        "order.read-binary.no-le-before-others",
    ),
    (
        "a blocked PIN is reported before a wrong length",
        Answer(|command, answer| {
            if command.len() > 20 && command.starts_with(&[0x00, 0x20, 0x00, 0x92]) {
                sw(answer, 0x6700, 0x6984);
            }
        }),
        "order.verify-blocked.length-before-blocked",
    ),
    (
        "the offset is looked at before access",
        Answer(|command, answer| {
            if command.starts_with(&[0x00, 0xB0, 0x81, 0xFF]) {
                sw(answer, 0x6982, 0x6B00);
            }
        }),
        "order.read-binary.access-before-offset",
    ),
    (
        "a channel is looked at behind the parameters",
        Answer(|command, answer| {
            if command.starts_with(&[0x01, 0x84, 0x01]) {
                sw(answer, 0x6881, 0x6A86);
            }
        }),
        "order.get-challenge.channel-before-others",
    ),
    (
        "the card manager has a file 001E",
        Declared(|card| {
            let file = file(card, JPKI, 0x1E).clone();
            card[CARD_MANAGER].files.push(file);
        }),
        "select.mf.no-001e",
    ),
    (
        "JPKI has no file 001E",
        Declared(|card| card[JPKI].files.retain(|file| file.id.value() != 0x1E)),
        "select.001e",
    ),
    (
        "a wrong PIN does not count",
        Break::CounterNotDecremented,
        "pin.jpki.auth.counter",
    ),
    (
        "a warm reset ends what is verified",
        Break::WarmResetDrops,
        "lifetime.warm-reset",
    ),
    (
        "a power cut does not end what is verified",
        Break::PowerCutKeeps,
        "lifetime.power",
    ),
    (
        "SELECT of the same application ends what is verified",
        Break::SelectAgainDrops,
        "lifetime.same-application",
    ),
    (
        "SELECT of another application does not",
        Break::SelectOtherKeeps,
        "lifetime.other-application",
    ),
];

fn pin(ef: u16) -> Condition {
    Condition::Verified(FileId::new(ef))
}

fn file(card: &mut Declarations, application: usize, ef: u16) -> &mut File {
    card[application]
        .files
        .iter_mut()
        .find(|file| file.id.value() == ef)
        .unwrap()
}

fn open(card: &mut Declarations, application: usize, ef: u16, operation: Operation, condition: Condition) {
    let access: &mut Access = &mut file(card, application, ef).access;
    *access = access.clone().with(operation, condition);
}

fn tries(card: &mut Declarations, application: usize, ef: u16, max: u8, left: u8) {
    let Body::Pin(pin) = &mut file(card, application, ef).body else {
        panic!("{ef:04X} is no PIN")
    };
    (pin.max_tries, pin.tries_at_issue) = (Some(max), left);
}

fn content(card: &mut Declarations, application: usize, ef: u16, alter: fn(&mut Vec<u8>)) {
    let Body::Transparent(content) = &mut file(card, application, ef).body else {
        panic!("{ef:04X} holds no bytes")
    };
    let mut bytes = content.as_bytes().to_vec();
    alter(&mut bytes);
    *content = bytes.into();
}

fn sw(answer: &mut [u8], from: u16, to: u16) {
    if *answer == from.to_be_bytes() {
        answer.copy_from_slice(&to.to_be_bytes());
    }
}

/// A card that is broken on the way to it.
struct Bent {
    card: Card,
    how: &'static Break,
    /// The application selected last, and the commands since that verified something in it.
    selected: Vec<u8>,
    verified: Vec<(Vec<u8>, Vec<u8>)>,
    powered: bool,
}

impl Bent {
    fn send(&mut self, command: &[u8]) -> Vec<u8> {
        let mut response = Vec::new();
        self.card.transmit(command, &mut response).unwrap();
        response
    }
}

const SELECT_CARD_MANAGER: [u8; 12] = [0x00, 0xA4, 0x04, 0x0C, 0x07, 0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00];

impl Icc for Bent {
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        if matches!(self.how, Break::PowerCutKeeps) && self.powered {
            return Icc::reset(&mut self.card, atr);
        }
        self.powered = true;
        self.verified.clear();
        Icc::power_on(&mut self.card, atr)
    }

    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        if matches!(self.how, Break::WarmResetDrops) {
            return Icc::power_on(&mut self.card, atr);
        }
        Icc::reset(&mut self.card, atr)
    }

    fn power_off(&mut self) -> Result<(), IccError> {
        match self.how {
            Break::PowerCutKeeps => Ok(()),
            _ => Icc::power_off(&mut self.card),
        }
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
        *response = match self.how {
            Command(other) => self.send(&other(command)),
            Break::CounterNotDecremented if command.len() > 5 && command.starts_with(&[0x00, 0x20]) => {
                let before = self.send(&command[..4]);
                match self.send(command) {
                    answer if answer[0] == 0x63 => before,
                    answer => answer,
                }
            }
            Break::QueryTellsSuccess if command.starts_with(&[0x00, 0x20]) => {
                let answer = self.send(command);
                match command.len() {
                    4 if !self.verified.is_empty() => vec![0x90, 0x00],
                    4 => answer,
                    _ => {
                        self.verified.push((Vec::new(), Vec::new()));
                        answer
                    }
                }
            }
            Break::SelectAgainDrops if command.starts_with(&[0x00, 0xA4, 0x04]) => {
                self.send(&SELECT_CARD_MANAGER);
                self.send(command)
            }
            Break::SelectOtherKeeps => {
                let answer = self.send(command);
                let done = answer.ends_with(&[0x90, 0x00]);
                if done && command.starts_with(&[0x00, 0xA4, 0x04]) {
                    self.selected = command.to_vec();
                    let again: Vec<_> = self.verified.iter().filter(|(of, _)| *of == command).cloned().collect();
                    for (_, verify) in again {
                        self.send(&verify);
                    }
                } else if done && command.starts_with(&[0x00, 0x20]) {
                    self.verified.push((self.selected.clone(), command.to_vec()));
                }
                answer
            }
            _ => self.send(command),
        };
        if let Answer(bend) = self.how {
            bend(command, response);
        }
        Ok(())
    }
}

#[test]
fn every_broken_card_is_caught_by_the_vector_of_the_broken_rule() {
    let profile = Profile::contact();
    let issued = specimen("hanako", profile.clone()).applications();
    let values = values(&issued);
    let mut table = String::from("caught by (of how many that fail) | what is broken | what the vector requires\n");
    let mut missed = Vec::new();
    for (what, how, expected) in MUTANTS {
        let mut applications = issued.clone();
        if let Declared(alter) = how {
            alter(&mut applications);
        }
        let report = run_anew(&[], &values, &mut |_| {
            let card = card(&applications, &profile.atr, Box::<MemoryStore>::default());
            reader(
                Bent {
                    card,
                    how,
                    selected: Vec::new(),
                    verified: Vec::new(),
                    powered: false,
                },
                &profile,
            )
        });
        let count = report.count().failed;
        match report.failures().find(|vector| vector.id == *expected) {
            Some(vector) => table += &format!("{expected} (of {count}) | {what} | {}\n", vector.requirement),
            None => missed.push(format!("{what}: not {expected} but\n{}", failures(&report))),
        }
    }
    println!("{table}");
    println!(
        "counted: broken cards: {} of {} caught",
        MUTANTS.len() - missed.len(),
        MUTANTS.len()
    );
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    assert!(MUTANTS.len() >= 20);
}

/// What is broken in the free area, how, and the vector that must find it.
type BrokenArea = (&'static str, fn(&mut Declarations), &'static str);

const IN_FREE_AREA: &[BrokenArea] = &[
    (
        "the licence is read without its PIN",
        |card| open_in(card, "driving-licence", 0x1B, Operation::Read, Condition::Always),
        "access.driving-licence.001b.read.none",
    ),
    (
        "the licence has a PIN where a printed specification has it",
        |card| {
            let mut pin = file_of(card, "driving-licence", 0x06).clone();
            pin.id = FileId::new(0x02);
            named(card, "driving-licence").files.push(pin);
        },
        "licence.misprinted-reference",
    ),
    (
        "a DF of the residence application is found at once",
        |card| named(card, "residence-df1").parent = None,
        "residence.below",
    ),
    (
        "a file of the residence application needs no number",
        |card| open_in(card, "residence-df2", 0x01, Operation::Read, Condition::Always),
        "access.residence-df2.0001.read.none",
    ),
    (
        "a file is updated without the PIN",
        |card| open_in(card, "conformance", 0x01, Operation::UpdateBinary, Condition::Always),
        "application.update-binary",
    ),
    (
        "no file can be updated",
        |card| open_in(card, "conformance", 0x01, Operation::UpdateBinary, Condition::Never),
        "application.update-binary",
    ),
    (
        "there is room for one record more",
        |card| {
            file_of(card, "conformance", 0x02)
                .room
                .iter_mut()
                .for_each(|room| room.records += 1)
        },
        "application.append-record",
    ),
    (
        "a record may be longer",
        |card| {
            file_of(card, "conformance", 0x02)
                .room
                .iter_mut()
                .for_each(|room| room.length += 1)
        },
        "application.update-record.length",
    ),
    (
        "a key is made without the PIN",
        |card| open_in(card, "conformance", 0x1A, Operation::GenerateKeyPair, Condition::Always),
        "application.generate",
    ),
    (
        "a shared PIN has a value of its own",
        |card| {
            let body = file_of(card, "conformance", 0x11).body.clone();
            file_of(card, "conformance-below", 0x15).body = body;
        },
        "application.shared-pin",
    ),
    (
        "any host is let in",
        |card| open_in(card, "conformance", 0x03, Operation::Read, Condition::Always),
        "application.external-authenticate",
    ),
    (
        "a host has another key",
        |card| {
            let body = file_of(card, "conformance", 0x13).body.clone();
            file_of(card, "conformance", 0x12).body = body;
        },
        "application.external-authenticate",
    ),
    (
        "a locked application is open",
        |card| named(card, "conformance-locked").select.locked = false,
        "application.select.locked",
    ),
    (
        "an application has the card's control information",
        |card| named(card, "conformance").select.fci = None,
        "application.select",
    ),
    (
        "an application has the card's status words",
        |card| named(card, "conformance").status_words.clear(),
        "application.status-word",
    ),
];

fn named<'a>(card: &'a mut [Application], name: &str) -> &'a mut Application {
    card.iter_mut().find(|application| *application.name == *name).unwrap()
}

fn file_of<'a>(card: &'a mut [Application], name: &str, ef: u16) -> &'a mut File {
    let files = &mut named(card, name).files;
    files.iter_mut().find(|file| file.id.value() == ef).unwrap()
}

fn open_in(card: &mut [Application], name: &str, ef: u16, operation: Operation, condition: Condition) {
    let access: &mut Access = &mut file_of(card, name, ef).access;
    *access = access.clone().with(operation, condition);
}

#[test]
fn every_broken_free_area_is_caught_by_the_vector_of_the_broken_rule() {
    let profile = Profile::contact();
    let issued = with_free_area("hanako", profile.clone()).applications();
    let values = values(&issued);
    let mut missed = Vec::new();
    for (what, alter, expected) in IN_FREE_AREA {
        let mut applications = issued.clone();
        alter(&mut applications);
        let group = expected.split('.').next().unwrap();
        let report = run_anew(&[group], &values, &mut |_| {
            reader(
                card(&applications, &profile.atr, Box::<MemoryStore>::default()),
                &profile,
            )
        });
        if !report.failures().any(|vector| vector.id == *expected) {
            missed.push(format!("{what}: not {expected} but\n{}", failures(&report)));
        }
    }
    let caught = IN_FREE_AREA.len() - missed.len();
    println!("counted: broken free areas: {caught} of {} caught", IN_FREE_AREA.len());
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// What is broken in the token of an iPhone, how, and the vector that must find it.
const PHONES: &[BrokenArea] = &[
    (
        "the auth certificate is free, as on a card",
        |phone| open(phone, JPKI, 0x0A, Operation::Read, Condition::Always),
        "phone.auth-certificate",
    ),
    (
        "the sign password opens the auth certificate",
        |phone| open(phone, JPKI, 0x0A, Operation::Read, pin(0x1B)),
        "access.phone-jpki.000a.read.sign",
    ),
    (
        "the last-command indicator is refused, as by a card",
        |phone| phone[JPKI].last_command = None,
        "phone.last-command.iphone",
    ),
    (
        "the label is padded with NUL",
        |phone| {
            let file = phone[JPKI]
                .files
                .iter_mut()
                .find(|file| file.id.value() == 0x06)
                .unwrap();
            let Body::Transparent(content) = &file.body else {
                panic!()
            };
            let label = |(at, byte): (usize, &u8)| if at < 32 && *byte == b' ' { 0 } else { *byte };
            let padded: Vec<u8> = content.as_bytes().iter().enumerate().map(label).collect();
            file.body = Body::Transparent(padded.into());
        },
        "phone.label.iphone",
    ),
    (
        "the card manager has the contact ATR",
        |phone| {
            let of_card = specimen("hanako", Profile::contact()).applications();
            phone[CARD_MANAGER].data_objects = of_card[CARD_MANAGER].data_objects.clone();
        },
        "access.phone-card-manager.absent.objects",
    ),
];

#[test]
fn every_broken_phone_is_caught_by_the_vector_of_the_broken_rule() {
    let profile = &Profile::phone(PhoneKind::Iphone);
    let issued = phone("hanako", PhoneKind::Iphone).applications();
    let values = values(&issued);
    let mut missed = Vec::new();
    for (what, alter, expected) in PHONES {
        let mut applications = issued.clone();
        alter(&mut applications);
        let report = run_anew(&["phone", "access"], &values, &mut |_| {
            reader(
                card(&applications, &profile.atr, Box::<MemoryStore>::default()),
                profile,
            )
        });
        if !report.failures().any(|vector| vector.id == *expected) {
            missed.push(format!("{what}: not {expected} but\n{}", failures(&report)));
        }
    }
    // A card that has one of the applications that a phone lacks.
    let card_face = specimen("hanako", Profile::contact()).applications()[FACE_INFO].clone();
    let with_face: Vec<_> = issued.iter().cloned().chain([card_face]).collect();
    let report = run_anew(&["phone.applications"], &values, &mut |_| {
        reader(card(&with_face, &profile.atr, Box::<MemoryStore>::default()), profile)
    });
    assert_eq!(report.count().failed, 1);
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
