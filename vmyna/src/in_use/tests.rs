use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use super::*;
use crate::control::body;
use crate::state::{Replaced, Reset};
use vmyna_apdu::hex;
use vmyna_applets::specimen;
use vmyna_applets::{PinAtIssue, pins};
use vmyna_card_os::Event;
use vmyna_card_os::declaration::{ObjectId, ReferenceData};
use vmyna_card_os::state::{PinReplacement, Replacement};

const SELECT_JPKI: &str = "00A4040C0AD392F000260100000001";

#[test]
fn a_state_reset_leaves_one_command_unanswered() {
    let folder = tempfile::tempdir().unwrap();
    let issued = specimen::find("hanako").unwrap().unwrap();
    let place = StatePlace::beside(&folder.path().join("c"), &"hanako".parse().unwrap(), [1; 32]);
    let mut card = KeptCard::open(&issued, &place, Box::new(|_: &Event<'_>| {})).unwrap();
    let select = hex::decode(SELECT_JPKI).unwrap();
    let (mut atr, mut answer) = (Vec::new(), Vec::new());
    let reset = || assert!(matches!(place.reset(), Ok(Reset::ByOwner(_))));
    // A card without power has nothing to lose.
    reset();
    card.power_on(&mut atr).unwrap();
    card.transmit(&select, &mut answer).unwrap();
    reset();
    assert_eq!(card.transmit(&select, &mut answer), Err(IccError::Mute));
    for _ in 0..2 {
        card.transmit(&select, &mut answer).unwrap();
        assert_eq!(answer, [0x90, 0x00]);
    }
    // A program that resets the card expects that nothing is selected.
    for how in [KeptCard::reset, KeptCard::power_on] {
        reset();
        how(&mut card, &mut atr).unwrap();
        card.transmit(&select, &mut answer).unwrap();
    }
}

const AUTH: ObjectId = ObjectId {
    aid: pins::AUTH.aid,
    file: pins::AUTH.file,
};
const VERIFY_OLD: &str = "00200098 04 31323334";
const VERIFY_NEW: &str = "00200098 04 39393939";
const READ_CERTIFICATE: &str = "00B08A00 04";

struct Rig {
    _folder: tempfile::TempDir,
    issued: IssuedCard,
    place: StatePlace,
}

impl Rig {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let issued = specimen::find("hanako").unwrap().unwrap();
        let place = StatePlace::beside(&folder.path().join("c"), &issued.name, [1; 32]);
        Self {
            _folder: folder,
            issued,
            place,
        }
    }

    fn card(&self) -> KeptCard {
        let mut card = KeptCard::open(&self.issued, &self.place, Box::new(|_: &Event<'_>| {})).unwrap();
        card.power_on(&mut Vec::new()).unwrap();
        card
    }

    /// The card with another name of the person and another age record, and without the certificate to log in.
    fn renamed(&self) -> IssuedCard {
        let mut now = self.issued.clone();
        now.summary.person.name = "別姓花子".to_owned();
        now.face_info.as_mut().unwrap().data.age_record = vec![0x5A; 40].into();
        now.jpki.auth = None;
        now
    }

    fn now(&self) -> IssuedCard {
        self.place.current(self.issued.clone()).unwrap()
    }
}

fn operation(number: u8, now: Option<&IssuedCard>) -> Replacement {
    let mut replacement = Replacement::new([number; 16]);
    replacement.record = now.map(|now| now.to_record().unwrap());
    replacement
}

fn send(card: &mut KeptCard, command: &str) -> Vec<u8> {
    let mut answer = Vec::new();
    card.transmit(&hex::decode(&command.replace(' ', "")).unwrap(), &mut answer)
        .unwrap();
    answer
}

#[test]
fn a_replacement_of_a_free_card_is_in_its_state_and_in_the_card_opened_next() {
    let rig = Rig::new();
    assert_eq!(rig.place.last_operation().unwrap(), None);
    let mut replacement = operation(7, Some(&rig.renamed()));
    let new = PinReplacement::Value(ReferenceData::new(b"9999"), 3);
    replacement.pins.insert(AUTH, new);
    assert!(matches!(rig.place.replace(&replacement), Ok(Replaced::InState(_))));
    assert!(matches!(rig.place.replace(&replacement), Ok(Replaced::Already)));
    assert_eq!(rig.place.last_operation().unwrap(), Some([7; 16]));
    assert_eq!(rig.now().summary.person.name, "別姓花子");
    let inspection = rig.place.inspect().unwrap().unwrap();
    assert_eq!(inspection.head.unwrap().0, 2);
    assert!(inspection.record.is_some() && inspection.operation == Some([7; 16]));

    let mut card = rig.card();
    send(&mut card, SELECT_JPKI);
    assert_eq!(send(&mut card, VERIFY_OLD), [0x63, 0xC2]);
    assert_eq!(send(&mut card, VERIFY_NEW), [0x90, 0x00]);
    // The process that has the card in use is asked.
    assert_eq!(rig.now().summary.person.name, "別姓花子");
    assert_eq!(rig.place.last_operation().unwrap(), Some([7; 16]));
    assert!(matches!(rig.place.replace(&replacement), Ok(Replaced::Already)));
}

#[test]
fn a_card_in_use_is_replaced_by_its_process_and_loses_power_for_a_moment() {
    let rig = Rig::new();
    let mut card = rig.card();
    assert_eq!(rig.now().summary.person.name, rig.issued.summary.person.name);
    assert_eq!(rig.place.last_operation().unwrap(), None);
    send(&mut card, SELECT_JPKI);
    assert_eq!(send(&mut card, VERIFY_OLD), [0x90, 0x00]);
    let with_certificate = send(&mut card, READ_CERTIFICATE);
    let replaced = rig.place.replace(&operation(7, Some(&rig.renamed())));
    assert!(matches!(replaced, Ok(Replaced::ByOwner(_))), "{replaced:?}");
    let select = hex::decode(SELECT_JPKI).unwrap();
    assert_eq!(card.transmit(&select, &mut Vec::new()), Err(IccError::Mute));
    send(&mut card, SELECT_JPKI);
    assert_ne!(send(&mut card, READ_CERTIFICATE), with_certificate);
    assert_eq!(rig.now().summary.person.name, "別姓花子");
    assert_eq!(rig.place.last_operation().unwrap(), Some([7; 16]));
    drop(card);
    let mut card = rig.card();
    send(&mut card, SELECT_JPKI);
    assert_ne!(send(&mut card, READ_CERTIFICATE), with_certificate);
    // The card as issued comes back whole.
    assert!(matches!(rig.place.reset(), Ok(Reset::ByOwner(_))));
    assert_eq!(card.transmit(&select, &mut Vec::new()), Err(IccError::Mute));
    send(&mut card, SELECT_JPKI);
    assert_eq!(send(&mut card, READ_CERTIFICATE), with_certificate);
    assert_eq!(rig.now().summary.person.name, rig.issued.summary.person.name);
    assert_eq!(rig.place.last_operation().unwrap(), None);
}

#[test]
fn resetting_the_pins_keeps_contents_and_takes_the_pins_of_the_record() {
    for in_use in [false, true] {
        let rig = Rig::new();
        let mut now = rig.renamed();
        now.jpki.auth_pin = PinAtIssue::new(b"9999");
        let mut replacement = operation(7, Some(&now));
        replacement
            .pins
            .insert(AUTH, PinReplacement::Value(ReferenceData::new(b"5555"), 3));
        rig.place.replace(&replacement).unwrap();
        let mut card = Some(rig.card()).filter(|_| in_use);
        let reset = rig.place.reset_pins().unwrap();
        assert_eq!(matches!(reset, Reset::ByOwner(_)), in_use, "{reset:?}");
        assert_eq!(matches!(reset, Reset::Pins(_)), !in_use, "{reset:?}");
        if let Some(card) = &mut card {
            card.power_on(&mut Vec::new()).unwrap();
        }
        let mut card = card.unwrap_or_else(|| rig.card());
        send(&mut card, SELECT_JPKI);
        assert_eq!(send(&mut card, VERIFY_NEW), [0x90, 0x00], "in use: {in_use}");
        assert_eq!(rig.now().summary.person.name, "別姓花子");
    }
}

#[test]
fn resetting_the_pins_of_a_card_without_replacement_removes_its_state() {
    for in_use in [false, true] {
        let rig = Rig::new();
        assert!(matches!(rig.place.reset_pins(), Ok(Reset::WasAsIssued)));
        let mut card = rig.card();
        send(&mut card, SELECT_JPKI);
        assert_eq!(send(&mut card, VERIFY_NEW), [0x63, 0xC2]);
        let card = Some(card).filter(|_| in_use);
        let reset = rig.place.reset_pins().unwrap();
        assert_eq!(matches!(reset, Reset::ByOwner(_)), in_use, "{reset:?}");
        assert_eq!(matches!(reset, Reset::Removed(_)), !in_use, "{reset:?}");
        drop(card);
        assert!(!rig.place.path().exists());
        assert!(matches!(rig.place.reset_pins(), Ok(Reset::WasAsIssued)));
    }
}

#[test]
fn a_record_of_another_card_or_none_is_refused_and_changes_nothing() {
    for in_use in [false, true] {
        let rig = Rig::new();
        let card = Some(rig.card()).filter(|_| in_use);
        let other = rig.issued.clone().with_name("taro".parse().unwrap());
        let mut broken = operation(7, None);
        broken.record = Some(vec![0x30, 0x00].into());
        for replacement in [operation(7, Some(&other)), broken] {
            let refused = rig.place.replace(&replacement);
            assert!(matches!(refused, Err(Error::Contents(..))), "{refused:?}");
        }
        let mut impossible = operation(7, None);
        let value = PinReplacement::Value(ReferenceData::new(b""), 3);
        impossible.pins.insert(AUTH, value);
        assert!(rig.place.replace(&impossible).is_err());
        assert_eq!(rig.place.last_operation().unwrap(), None);
        drop(card);
        assert!(!rig.place.path().exists());
    }
}

#[test]
fn a_failed_commit_of_a_card_in_use_leaves_everything() {
    let rig = Rig::new();
    let mut card = rig.card();
    send(&mut card, SELECT_JPKI);
    let before = send(&mut card, READ_CERTIFICATE);
    // Another process would not find this state: the store stops.
    std::fs::write(rig.place.path(), "another file").unwrap();
    let failed = rig.place.replace(&operation(7, Some(&rig.renamed())));
    assert!(matches!(failed, Err(Error::Control(_))), "{failed:?}");
    assert_eq!(send(&mut card, READ_CERTIFICATE), before);
    assert_eq!(rig.place.last_operation().unwrap(), None);
    assert_eq!(rig.now().summary.person.name, rig.issued.summary.person.name);
}

/// The answer of the process that has the card in use to these bytes, after the end of what is sent.
fn answer_to(card: &KeptCard, request: &[u8]) -> String {
    let mut stream = UnixStream::connect(card.directory.card_socket()).unwrap();
    // It closes the connection before it has read a request that is too long.
    let _ = stream.write_all(request);
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_request_that_is_cut_too_long_or_unconfirmed_replaces_nothing() {
    let rig = Rig::new();
    let card = rig.card();
    let longest = body::LONGEST;
    let page = include_str!("../../../docs/limits.md");
    assert!(page.contains("1 MiB and 16 KiB") && longest == (1 << 20) + (16 << 10));
    let identity = hex::encode(&rig.place.identity());
    let sound = body::encode(&operation(7, Some(&rig.renamed())));
    let request = |length: usize, body: &[u8], end: &str| {
        let line = format!("replace {identity} {length}\n");
        [line.as_bytes(), body, end.as_bytes()].concat()
    };
    for (request, expected) in [
        (request(longest + 1, b"", ""), "error a replacement has at most"),
        (request(usize::MAX, b"", ""), "error a replacement has at most"),
        (
            format!("replace {identity}\n").into_bytes(),
            "error a replacement has at most",
        ),
        (
            format!("replace {identity} -1\n").into_bytes(),
            "error a replacement has at most",
        ),
        (
            request(3, b"abc", "go\n"),
            "error the replacement is in no known form\n",
        ),
        (request(sound.len(), &sound[1..], ""), ""),
        (request(sound.len(), &sound, ""), "ready\n"),
        (request(sound.len(), &sound, "stop\n"), "ready\n"),
        (
            request(longest, &vec![b'\n'; longest], "go\n"),
            "error the replacement is in no known form\n",
        ),
    ] {
        let answer = answer_to(&card, &request);
        assert!(
            answer.starts_with(expected) && (!expected.is_empty() || answer.is_empty()),
            "{answer}"
        );
        assert_eq!(rig.place.last_operation().unwrap(), None, "{answer}");
    }
    let other = String::from_utf8(request(sound.len(), b"", "")).unwrap();
    let other = other.replace(&identity[..2], if identity.starts_with("00") { "11" } else { "00" });
    let answer = answer_to(&card, &[other.as_bytes(), &sound, b"go\n"].concat());
    assert!(answer.contains("error it has another card in use"), "{answer}");
    let record = rig.issued.clone().with_name("taro".parse().unwrap());
    let foreign = body::encode(&operation(7, Some(&record)));
    let answer = answer_to(&card, &request(foreign.len(), &foreign, "go\n"));
    assert!(answer.contains("error ") && answer.contains("taro"), "{answer}");
    assert_eq!(rig.place.last_operation().unwrap(), None);
    assert_eq!(
        answer_to(&card, &request(sound.len(), &sound, "go\n")),
        "ready\nok\ndone\n"
    );
    assert_eq!(rig.place.last_operation().unwrap(), Some([7; 16]));
    assert_eq!(
        answer_to(&card, &request(sound.len(), &sound, "go\n")),
        "ready\nok\nalready\n"
    );
}
