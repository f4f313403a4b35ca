//! Whatever a host sends, the card answers an R-APDU: property tests with any bytes and with real commands damaged.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{ATR, bytes, free, hex};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use vmyna_apdu::CommandApdu;
use vmyna_card_os::{Card, Event, NoPower, Parts};

/// Commands that reach every instruction, most of them answered 9000 in the right place.
const REAL: [&str; 56] = [
    "00A4040C 0A D3921000310001010401",
    "00A4040C 0A D3921000310001010401",
    "00A4040C 0A D3921000310001010402",
    "00A4040C 07 A0000001510000",
    "00A40400 02 D392 00",
    "00A40402",
    "00A40000",
    "00A4000C 02 3F00",
    "00A4020C 02 0006",
    "00A4020C 02 0007",
    "00A4020C 02 0011",
    "00A4020C 02 0016",
    "00A4020C 02 0018",
    "00A40200 02 0004 00",
    "00B00000 00",
    "00B08600 000000",
    "00B08700 00",
    "00B08A00 00",
    "00B01234 FF",
    "00B20164 00",
    "00B20165 000000",
    "00200080",
    "00200098 04 31323334",
    "00200098 04 31323335",
    "00200099 06 414243313233",
    "00240198 04 31323334",
    "8032009A 04 37373737",
    "802A0091 05 0102030405 00",
    "802A0590 05 0102030405 00",
    "802A0000 05 0102030405 00",
    "00880090 04 01020304 00",
    "00840000 08",
    "00CA00F8 000240",
    "00CA00F2 00",
    "80A206C1 05 7F21820233",
    "80A200C1 04 5F370100",
    "80AE0000 000003 800101",
    "008200 98 08 0102030405060708",
    // An Le shorter than what is there.
    "00A40400 02 D392 03",
    "00B08600 01",
    "00B08600 000007",
    "00B20165 05",
    "00CA00F2 01",
    "802A0091 05 0102030405 10",
    // The applications of others.
    "00A4040C 06 F00000000001",
    "00A4040C 06 F00000000001",
    "00A40400 06 F00000000001 00",
    "00A4040C 06 F10000000001",
    "00A4040C 06 F00000000002",
    "00D68100 02 AABB",
    "00DC0164 02 AABB",
    "00E20060 02 AABB",
    "00468095 00",
    "00468195 00",
    "802A1095 14 0102030405060708091011121314151617181920 00",
    "00820092 08 0102030405060708",
];

/// A card with applications of others, without power.
fn card_on(seed: u64) -> Card {
    let rng = Box::new(ChaCha20Rng::seed_from_u64(seed));
    let parts = Parts::new(free::applications(), ATR, rng);
    Card::new(parts.with_engine(Box::new(common::PlainEngine))).unwrap()
}

/// A blow at a command's bytes.
#[derive(Clone, Debug)]
enum Damage {
    Set(Index, u8),
    Remove(Index),
    Insert(Index, u8),
    Truncate(Index),
    Append(Vec<u8>),
}

impl Damage {
    fn strike(&self, command: &mut Vec<u8>) {
        if command.is_empty() {
            return;
        }
        match self {
            Self::Set(at, byte) => *at.get_mut(command) = *byte,
            Self::Remove(at) => drop(command.remove(at.index(command.len()))),
            Self::Insert(at, byte) => command.insert(at.index(command.len()), *byte),
            Self::Truncate(at) => command.truncate(at.index(command.len())),
            Self::Append(bytes) => command.extend(bytes),
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        4 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        1 => any::<Index>().prop_map(Damage::Remove),
        1 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Insert(at, byte)),
        1 => any::<Index>().prop_map(Damage::Truncate),
        1 => proptest::collection::vec(any::<u8>(), 1..300).prop_map(Damage::Append),
    ]
}

/// What is done to a card.
#[derive(Clone, Debug)]
enum Step {
    Transmit(Vec<u8>),
    PowerOn,
    PowerOff,
    Reset,
}

fn step() -> impl Strategy<Value = Step> {
    let real = || select(&REAL[..]).prop_map(bytes);
    let damaged = (real(), proptest::collection::vec(damage(), 1..4)).prop_map(|(mut command, blows)| {
        blows.iter().for_each(|blow| blow.strike(&mut command));
        command
    });
    prop_oneof![
        6 => real().prop_map(Step::Transmit),
        6 => damaged.prop_map(Step::Transmit),
        2 => proptest::collection::vec(any::<u8>(), 0..300).prop_map(Step::Transmit),
        1 => Just(Step::PowerOn),
        1 => Just(Step::Reset),
        1 => Just(Step::PowerOff),
    ]
}

/// Sends a command and checks the form of the answer.
fn transmit(card: &mut Card, command: &[u8], powered: bool) -> Result<Vec<u8>, TestCaseError> {
    let mut response = vec![0xEE; 3]; // a buffer used before
    let outcome = card.transmit(command, &mut response);
    if !powered {
        prop_assert_eq!(outcome, Err(NoPower));
        prop_assert!(response.is_empty());
        return Ok(response);
    }
    prop_assert_eq!(outcome, Ok(()));
    prop_assert!((2..=65_538).contains(&response.len()));
    let (data, sw) = response.split_at(response.len() - 2);
    prop_assert!(
        sw == [0x90, 0x00] || data.is_empty(),
        "{} bytes before {}",
        data.len(),
        hex(sw)
    );
    prop_assert!(
        matches!(sw[0], 0x90 | 0x62 | 0x63 | 0x65 | 0x67..=0x6F),
        "{} is no answer",
        hex(sw)
    );
    let allowed = CommandApdu::parse(command).ok().and_then(|apdu| apdu.ne).unwrap_or(0);
    prop_assert!(
        data.len() <= allowed as usize,
        "{} bytes, {allowed} allowed",
        data.len()
    );
    Ok(response)
}

/// A card, and whether the last command was understood as an instruction.
fn watched() -> (Card, Arc<AtomicBool>) {
    let mut card = card_on(7);
    let understood = Arc::new(AtomicBool::new(false));
    let flag = understood.clone();
    card.observe(Box::new(move |event: &Event<'_>| match event {
        Event::Command { .. } => flag.store(false, Ordering::Relaxed),
        Event::Instruction(_) => flag.store(true, Ordering::Relaxed),
        _ => {}
    }));
    (card, understood)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// A second card lives the same life without the commands that were not understood: it answers all others the same,
    /// down to the random numbers. So those commands touched nothing.
    #[test]
    fn any_life_of_a_card_is_answered_in_form_and_what_is_not_understood_leaves_no_trace(
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let (mut card, understood) = watched();
        let mut twin = card_on(7);
        let mut powered = false;
        for step in steps {
            match step {
                Step::PowerOn => {
                    prop_assert_eq!(card.power_on(), ATR);
                    twin.power_on();
                    powered = true;
                }
                Step::PowerOff => {
                    card.power_off();
                    twin.power_off();
                    powered = false;
                }
                Step::Reset => {
                    prop_assert_eq!(card.reset().is_ok(), powered);
                    prop_assert_eq!(twin.reset().is_ok(), powered);
                }
                Step::Transmit(command) => {
                    let answer = transmit(&mut card, &command, powered)?;
                    if powered && understood.load(Ordering::Relaxed) {
                        prop_assert_eq!(transmit(&mut twin, &command, powered)?, answer, "{}", hex(&command));
                    }
                }
            }
        }
    }

    #[test]
    fn any_bytes_behind_any_header_are_answered_in_form(
        header in (select(vec![0x00u8, 0x80, 0x08, 0x0C, 0xFF]), any::<[u8; 3]>()), body in proptest::collection::vec(any::<u8>(), 0..70_000),
    ) {
        let mut card = card_on(7);
        card.power_on();
        let command = [&[header.0][..], &header.1, &body].concat();
        transmit(&mut card, &bytes(REAL[0]), true)?;
        transmit(&mut card, &command, true)?;
        // The longest data field with the header, so that an instruction sees it.
        let longest = [&[header.0][..], &header.1, &[0, 0xFF, 0xFF], &vec![0x31; 65_535], &[0, 0]].concat();
        transmit(&mut card, &longest, true)?;
    }
}

#[test]
fn every_header_of_both_classes_is_answered_in_form_without_and_with_a_body() {
    let mut card = card_on(7);
    card.power_on();
    for cla in [0x00, 0x80] {
        for ins in 0..=0xFF {
            for (p1, p2) in [(0, 0), (0, 0x80), (0, 0x98), (1, 0x98), (2, 0x0C), (4, 0), (0xFF, 0xFF)] {
                for body in [
                    "",
                    "00",
                    "01 00",
                    "02 0018",
                    "02 0018 00",
                    "000000",
                    "000001 00",
                    "000001 00 0000",
                ] {
                    transmit(&mut card, &bytes(REAL[0]), true).unwrap();
                    transmit(&mut card, &[&[cla, ins, p1, p2][..], &bytes(body)].concat(), true).unwrap();
                }
            }
        }
    }
}

#[test]
fn a_card_without_power_answers_nothing() {
    let mut card = card_on(7);
    let mut response = vec![1, 2, 3];
    assert_eq!(card.transmit(&bytes("00840000 08"), &mut response), Err(NoPower));
    assert!(response.is_empty());
    assert_eq!(card.reset(), Err(NoPower));
    card.power_off();
    card.power_on();
    assert_eq!(card.transmit(&bytes("00840000 08"), &mut response), Ok(()));
    assert_eq!(response.len(), 10);
    card.power_off();
    assert_eq!(card.transmit(&bytes("00840000 08"), &mut response), Err(NoPower));
    assert!(response.is_empty());
}

#[test]
fn the_longest_answer_has_32768_bytes_of_a_file_and_never_more_than_le() {
    let mut card = card_on(7);
    card.power_on();
    let mut response = Vec::new();
    for (command, length) in [
        (REAL[0], 2),
        ("00B08600 000000", 32_770),
        ("00B08600 008000", 32_770),
        ("00B08600 007FFF", 32_769),
    ] {
        card.transmit(&bytes(command), &mut response).unwrap();
        assert_eq!(response.len(), length, "{command}");
    }
}
