//! The contactless reader: what it answers itself, what it leaves to the card, and how real PC/SC programs see both.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::io::Write;
use std::process::Stdio;
use std::thread::JoinHandle;

use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use vmyna_apdu::{Icc, IccError, Reader};
use vmyna_reader_bridge::vpcd::{End, StopHandle, VpcdAddress, VpcdError, VpcdServer};
use vmyna_reader_bridge::{ContactlessReader, SoftwareReader, TypeB};
use vmyna_testkit::clients::{Way, proves};
use vmyna_testkit::test_card::{BE_PULLED_OUT, NO_ATR_FROM_NOW_ON, TestCard, echo};
use vmyna_testkit::waiting::{LIMIT, within};
use vmyna_testkit::{PrivatePcscd, client};

const TYPE_B: TypeB = TypeB {
    application_data: [0x00, 0x00, 0x05, 0xE0],
    protocol_info: [0xB3, 0x81, 0xA1],
};
/// What real readers show of a card with this ATQB (pcsc-tools).
const PSEUDO_ATR: [u8; 13] = [
    0x3B, 0x88, 0x80, 0x01, 0x00, 0x00, 0x05, 0xE0, 0xB3, 0x81, 0xA1, 0x00, 0x7F,
];
const GET_UID: [u8; 5] = [0xFF, 0xCA, 0, 0, 0];

fn reader() -> ContactlessReader<TestCard> {
    ContactlessReader::new(TestCard::default(), TYPE_B, Box::new(ChaCha20Rng::seed_from_u64(1)))
}

/// The same with the card activated.
fn activated() -> ContactlessReader<TestCard> {
    let mut reader = reader();
    reader.power_on(&mut Vec::new()).unwrap();
    reader
}

fn send(icc: &mut dyn Icc, command: &[u8]) -> Vec<u8> {
    let mut response = vec![0xAA];
    icc.transmit(command, &mut response).unwrap();
    response
}

fn uid(icc: &mut dyn Icc) -> [u8; 4] {
    let response = send(icc, &GET_UID);
    let (uid, status_word) = response.split_first_chunk().unwrap();
    assert_eq!(status_word, [0x90, 0x00]);
    *uid
}

#[test]
fn the_atr_is_the_readers_work_and_stays_the_same_whatever_the_pupi() {
    let mut reader = reader();
    let mut uids = Vec::new();
    let mut atr = vec![0xAA];
    for _ in 0..8 {
        reader.power_on(&mut atr).unwrap();
        assert_eq!(atr, PSEUDO_ATR);
        uids.push(uid(&mut reader));
        reader.reset(&mut atr).unwrap();
        assert_eq!(atr, PSEUDO_ATR);
        uids.push(uid(&mut reader));
        reader.power_off().unwrap();
    }
    uids.sort_unstable();
    uids.dedup();
    assert_eq!(uids.len(), 16, "each activation has its own PUPI");
}

#[test]
fn the_uid_stays_the_same_while_the_card_is_activated() {
    let mut reader = activated();
    let first = uid(&mut reader);
    send(&mut reader, &[0x00, 0xA4, 0x04, 0x0C]);
    assert_eq!(uid(&mut reader), first);
}

#[test]
fn a_seed_reproduces_the_uids() {
    assert_eq!(uid(&mut activated()), uid(&mut activated()));
}

#[test]
fn a_wrong_le_gets_the_right_one_or_a_warning() {
    let mut reader = activated();
    let uid = uid(&mut reader);
    let with = |status_word: [u8; 2]| [&uid[..], &status_word].concat();
    for (command, expected) in [
        (&[0xFF, 0xCA, 0, 0, 4][..], with([0x90, 0x00])),
        (&[0xFF, 0xCA, 0, 0, 1], vec![0x6C, 0x04]),
        (&[0xFF, 0xCA, 0, 0, 3], vec![0x6C, 0x04]),
        (&[0xFF, 0xCA, 0, 0, 5], with([0x62, 0x82])),
        (&[0xFF, 0xCA, 0, 0, 255], with([0x62, 0x82])),
        (&[0xFF, 0xCA, 0, 0, 0, 0, 0], with([0x90, 0x00])),
        (&[0xFF, 0xCA, 0, 0, 0, 0, 4], with([0x90, 0x00])),
        (&[0xFF, 0xCA, 0, 0, 0, 0, 3], vec![0x6C, 0x04]),
        (&[0xFF, 0xCA, 0, 0, 0, 1, 0], with([0x62, 0x82])),
    ] {
        assert_eq!(send(&mut reader, command), expected, "{command:02X?}");
    }
}

#[test]
fn what_the_reader_has_not_for_this_card_it_refuses_itself() {
    let mut reader = activated();
    for (command, expected) in [
        // Historical bytes are type A's.
        (&[0xFF, 0xCA, 0x01, 0, 0][..], [0x6A, 0x81]),
        (&[0xFF, 0xCA, 0x01, 0x01, 0], [0x6B, 0x00]),
        (&[0xFF, 0xCA, 0x00, 0x01, 0], [0x6B, 0x00]),
        (&[0xFF, 0xCA, 0xF0, 0x00, 0], [0x6B, 0x00]),
        // No Le, data, half a command.
        (&[0xFF, 0xCA, 0, 0], [0x67, 0x00]),
        (&[0xFF, 0xCA, 0, 0, 1, 0x77], [0x67, 0x00]),
        (&[0xFF, 0xCA, 0, 0, 1, 0x77, 0], [0x67, 0x00]),
        (&[0xFF, 0xCA, 0], [0x67, 0x00]),
        (&[0xFF], [0x67, 0x00]),
        // LOAD KEYS, GENERAL AUTHENTICATE, READ BINARY, transparent exchange.
        (&[0xFF, 0x82, 0, 0, 1, 0], [0x6D, 0x00]),
        (&[0xFF, 0x86, 0, 0, 1, 0], [0x6D, 0x00]),
        (&[0xFF, 0xB0, 0, 0, 0], [0x6D, 0x00]),
        (&[0xFF, 0xC2, 0, 1, 0], [0x6D, 0x00]),
    ] {
        assert_eq!(send(&mut reader, command), expected, "{command:02X?}");
    }
    assert_eq!(reader.card().calls(), ["on"]);
}

#[test]
fn without_power_the_reader_has_no_uid_and_the_card_is_mute() {
    let mut reader = reader();
    let mut response = Vec::new();
    assert_eq!(reader.transmit(&GET_UID, &mut response), Err(IccError::Mute));
    reader.power_on(&mut Vec::new()).unwrap();
    reader.power_off().unwrap();
    assert_eq!(reader.transmit(&GET_UID, &mut response), Err(IccError::Mute));
    assert_eq!(reader.transmit(&[0, 1], &mut response), Err(IccError::Mute));
}

#[test]
fn a_card_that_gives_no_atr_is_not_activated() {
    let mut reader = activated();
    send(&mut reader, &[NO_ATR_FROM_NOW_ON, 0]);
    assert_eq!(reader.reset(&mut Vec::new()), Err(IccError::Mute));
    assert_eq!(reader.transmit(&GET_UID, &mut Vec::new()), Err(IccError::Mute));
}

#[test]
fn the_software_reader_takes_a_card_on_a_contactless_reader() {
    let mut desk = SoftwareReader::new("Desk 0");
    desk.put(Box::new(reader())).unwrap();
    assert_eq!(desk.atr(), Some(PSEUDO_ATR.as_slice()));
    let mut response = Vec::new();
    desk.transmit(&GET_UID, &mut response).unwrap();
    let before = response.clone();
    desk.power_cycle().unwrap();
    desk.transmit(&GET_UID, &mut response).unwrap();
    assert_eq!((response.len(), response == before), (6, false));
    assert!(desk.transmit(&[BE_PULLED_OUT, 0], &mut response).is_err());
    assert_eq!(desk.atr(), None);
}

proptest! {
    #[test]
    fn any_command_of_class_ff_is_the_readers_and_any_other_is_the_cards_unchanged(
        command in proptest::collection::vec(any::<u8>(), 0..300),
        class in prop_oneof![Just(0xFF), 0x00..=0x9F_u8],
    ) {
        let mut command = command;
        if let Some(first) = command.first_mut() {
            *first = class;
        }
        let mut reader = activated();
        let response = send(&mut reader, &command);
        prop_assert!(response.len() >= 2);
        if command.first() == Some(&0xFF) {
            prop_assert_eq!(reader.card().calls(), ["on"]);
        } else {
            prop_assert_eq!(response, echo(&command));
            prop_assert_eq!(reader.card().calls(), ["on".to_owned(), command.len().to_string()]);
        }
    }
}

/// A pcscd of its own with a card on a contactless reader in its slot of vpcd.
struct Stack {
    pcscd: PrivatePcscd,
    stop: StopHandle,
    thread: Option<JoinHandle<Result<End, VpcdError>>>,
    /// Knows what the card was sent.
    card: TestCard,
}

impl Stack {
    fn start() -> Stack {
        let pcscd = PrivatePcscd::start(1).unwrap();
        let mut server = VpcdServer::new(VpcdAddress::local(pcscd.ports()[0]));
        let (stop, mut reader) = (server.stop_handle(), reader());
        let card = reader.card().clone();
        let thread = Some(std::thread::spawn(move || server.run(&mut reader, &mut |_| {})));
        let stack = Stack {
            pcscd,
            stop,
            thread,
            card,
        };
        let seen = || stack.run(("opensc-tool", "opensc"), &["--atr"], "").is_ok();
        assert!(within(LIMIT, seen), "no card seen:\n{}", stack.pcscd.log());
        stack
    }

    /// Runs a program as a client of this pcscd: what it has printed, or printed when it failed.
    fn run(&self, (name, package): (&str, &str), arguments: &[&str], input: &str) -> Result<String, String> {
        let mut child = client(name, package)
            .args(arguments)
            .envs(self.pcscd.environment())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8_lossy(&printed).into_owned();
        if output.status.success() {
            Ok(printed)
        } else {
            Err(printed)
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[test]
fn opensc_tool_sees_the_readers_atr_and_gets_the_uid_past_the_card() {
    let _proof = proves("opensc.contactless", Way::Vpcd);
    let stack = Stack::start();
    let atr = stack.run(("opensc-tool", "opensc"), &["--atr"], "").unwrap();
    assert!(atr.contains("3b:88:80:01:00:00:05:e0:b3:81:a1:00:7f"), "{atr}");
    let sent = |command| {
        let printed = stack
            .run(("opensc-tool", "opensc"), &["-c", "default", "-s", command], "")
            .unwrap();
        printed
            .lines()
            .filter(|line| line.starts_with("Received"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(sent("FFCA000000"), ["Received (SW1=0x90, SW2=0x00):"]);
    assert_eq!(sent("FFCA010000"), ["Received (SW1=0x6A, SW2=0x81)"]);
    let five_bytes = |calls: Vec<String>| calls.iter().filter(|call| *call == "5").count();
    let before = five_bytes(stack.card.calls());
    sent("FFCA000000");
    assert_eq!(five_bytes(stack.card.calls()), before);
    sent("00B0000000");
    assert_eq!(five_bytes(stack.card.calls()), before + 1);
}

#[test]
fn scriptor_gets_another_uid_after_a_reset() {
    let _proof = proves("pcsc-tools.scriptor", Way::Vpcd);
    let stack = Stack::start();
    let script = "FF CA 00 00 00\nFF CA 00 00 00\nreset\nFF CA 00 00 00\nFF CA 00 00 02\n00 01 02 03\n";
    let printed = stack.run(("scriptor", "pcsc-tools"), &[], script).unwrap();
    let answers: Vec<_> = printed.lines().filter_map(|line| line.strip_prefix("< ")).collect();
    let uids: Vec<_> = answers.iter().filter(|answer| answer.contains("90 00 :")).collect();
    assert_eq!((uids[0], uids[0] != uids[2]), (uids[1], true), "{printed}");
    assert!(answers.iter().any(|answer| answer.starts_with("6C 04")), "{printed}");
}
