//! The conversation with a real pcscd and its driver vpcd, seen by a real PC/SC client. The numbered traps are facts
//! found out about Debian's vpcd 3.3; each has the test that shows it is not stepped into.

#![cfg(feature = "pcsc")]
#![allow(clippy::unwrap_used, clippy::panic)] // the whole file is tests

mod common;

use common::Inserted;
use std::path::Path;
use std::time::{Duration, Instant};
use vmyna_apdu::{Reader, ReaderError};
use vmyna_reader_bridge::pcsc_client::{CardState, PcscReader, PcscService};
use vmyna_reader_bridge::vpcd::End;
use vmyna_testkit::test_card::{
    ANSWER_OF_LENGTH, ANSWER_WITHOUT_STATUS, ATR, BE_PULLED_OUT, FALL_SILENT_ONCE, TAKE_300_MS, echo,
};
use vmyna_testkit::waiting::{LIMIT, median, within};
use vmyna_testkit::{PrivatePcscd, in_own_process};

/// A pcscd with one reader and a card in it that programs see.
fn pcscd_with_card(socket: &Path) -> (PrivatePcscd, Inserted) {
    let pcscd = PrivatePcscd::start_at(socket, 1).unwrap();
    let card = Inserted::at(pcscd.ports()[0]);
    wait_for_card();
    (pcscd, card)
}

fn card_state() -> Option<CardState> {
    let readers = PcscService::connect().and_then(|service| service.readers()).ok()?;
    readers.first().map(|reader| reader.card)
}

fn wait_for_card() {
    assert!(
        within(LIMIT, || card_state() == Some(CardState::Present)),
        "no card seen: {:?}",
        card_state()
    );
}

fn open() -> PcscReader {
    PcscService::connect().unwrap().open("#0").unwrap()
}

fn transmit(reader: &mut PcscReader, command: &[u8]) -> Result<Vec<u8>, ReaderError> {
    let mut response = Vec::new();
    reader.transmit(command, &mut response).map(|()| response)
}

/// The card comes back by itself: connects anew until it answers.
fn wait_until_it_answers() {
    let answers = || {
        let reader = PcscService::connect().and_then(|service| service.open("#0"));
        reader
            .and_then(|mut reader| transmit(&mut reader, &[0, 1]))
            .is_ok_and(|response| response == echo(&[0, 1]))
    };
    assert!(within(LIMIT, answers), "the card does not come back");
}

/// Trap 1: without an immediate acknowledgement each APDU takes 44 ms, with it well under one.
#[test]
fn an_apdu_takes_far_less_than_a_delayed_acknowledgement() {
    in_own_process("an_apdu_takes_far_less_than_a_delayed_acknowledgement", |socket| {
        let (_pcscd, _card) = pcscd_with_card(socket);
        let mut reader = open();
        let median = median(51, || {
            let start = Instant::now();
            assert_eq!(
                transmit(&mut reader, &[0, 0xB0, 0, 0, 0]).unwrap(),
                echo(&[0, 0xB0, 0, 0, 0])
            );
            start.elapsed()
        });
        assert!(median < Duration::from_millis(20), "{median:?}");
    });
}

/// Trap 2: pcscd powers, resets and asks for the ATR with control messages, and gets an answer to the last kind alone.
#[test]
fn reset_is_warm_and_power_cycle_takes_the_power_away() {
    in_own_process("reset_is_warm_and_power_cycle_takes_the_power_away", |socket| {
        let (_pcscd, card) = pcscd_with_card(socket);
        let mut reader = open();
        assert_eq!(reader.atr(), Some(ATR.as_slice()));
        let (on, off) = (card.card.count("on"), card.card.count("off"));
        reader.reset().unwrap();
        assert_eq!(
            (card.card.count("reset"), card.card.count("on"), card.card.count("off")),
            (1, on, off)
        );
        reader.power_cycle().unwrap();
        assert_eq!(
            (card.card.count("reset"), card.card.count("on"), card.card.count("off")),
            (1, on + 1, off + 1)
        );
        assert_eq!(transmit(&mut reader, &[0, 1]).unwrap(), echo(&[0, 1]));
        assert_eq!(reader.atr(), Some(ATR.as_slice()));
    });
}

/// Trap 2: the card is shown for as long as it answers the poll for its ATR, which comes each 400 ms.
#[test]
fn the_card_stays_in_the_reader_over_many_polls() {
    in_own_process("the_card_stays_in_the_reader_over_many_polls", |socket| {
        let (_pcscd, card) = pcscd_with_card(socket);
        std::thread::sleep(Duration::from_millis(1500));
        assert_eq!(card_state(), Some(CardState::Present));
        assert!(!card.saw("disconnected") && !card.saw("idle"), "{:?}", card.events());
    });
}

/// Trap 2: a command of one byte looks like a control message, so the client sends none.
#[test]
fn a_command_of_one_byte_is_refused_before_it_is_sent() {
    in_own_process("a_command_of_one_byte_is_refused_before_it_is_sent", |socket| {
        let (_pcscd, _card) = pcscd_with_card(socket);
        let mut reader = open();
        for command in [&[][..], &[0], &[4], &[0x80]] {
            let error = transmit(&mut reader, command).unwrap_err();
            let expected = ReaderError::CommandTooShort {
                length: command.len(),
                limit: 2,
            };
            assert_eq!(error, expected);
        }
        assert_eq!(transmit(&mut reader, &[0, 1]).unwrap(), echo(&[0, 1]));
    });
}

/// Trap 2: what another program's commands of one byte come to.
#[test]
fn a_command_of_one_byte_of_another_program_does_not_hang_the_reader() {
    in_own_process(
        "a_command_of_one_byte_of_another_program_does_not_hang_the_reader",
        |socket| {
            let (pcscd, _card) = pcscd_with_card(socket);
            let name = std::ffi::CString::new(pcscd.reader_name(0)).unwrap();
            let context = pcsc::Context::establish(pcsc::Scope::User).unwrap();
            let transmit_alone = |byte: u8| {
                let other = context
                    .connect(&name, pcsc::ShareMode::Shared, pcsc::Protocols::ANY)
                    .unwrap();
                other.transmit(&[byte], &mut [0; 300]).map(<[u8]>::to_vec)
            };
            // Taken for the question for the ATR, here and in every other virtual card behind vpcd.
            assert_eq!(transmit_alone(4).unwrap(), ATR);
            // Taken for power off, reset and unknown control messages, which have no answer.
            for byte in [0, 2, 3] {
                assert!(transmit_alone(byte).is_err(), "{byte}");
                wait_until_it_answers();
            }
        },
    );
}

/// Trap 3: up to 65,535 bytes pass in each direction.
#[test]
fn the_longest_commands_and_responses_pass_whole() {
    in_own_process("the_longest_commands_and_responses_pass_whole", |socket| {
        let (_pcscd, _card) = pcscd_with_card(socket);
        let mut reader = open();
        for length in [2, 5, 255, 256, 261, 262, 4096, 65_534, 65_535] {
            let mut command: Vec<u8> = (0..length).map(|index: usize| index as u8).collect();
            command[0] = 0;
            assert_eq!(transmit(&mut reader, &command).unwrap(), echo(&command), "{length}");
        }
        for length in [2_u32, 258, 65_535] {
            let [a, b, c, d] = length.to_be_bytes();
            let response = transmit(&mut reader, &[ANSWER_OF_LENGTH, a, b, c, d]).unwrap();
            assert_eq!(
                (response.len(), response.ends_with(&[0x90, 0x00])),
                (length as usize, true)
            );
        }
    });
}

/// Trap 3: one byte more is refused by the client before it brings vpcd out of step.
#[test]
fn a_command_of_65536_bytes_is_refused_and_the_next_one_passes() {
    in_own_process(
        "a_command_of_65536_bytes_is_refused_and_the_next_one_passes",
        |socket| {
            let (_pcscd, card) = pcscd_with_card(socket);
            let mut reader = open();
            let error = transmit(&mut reader, &vec![0; 65_536]).unwrap_err();
            assert_eq!(
                error,
                ReaderError::CommandTooLong {
                    length: 65_536,
                    limit: 65_535
                }
            );
            assert_eq!(transmit(&mut reader, &[0, 1]).unwrap(), echo(&[0, 1]));
            assert!(!card.saw("disconnected"));
        },
    );
}

/// Trap 3: another program's command of that length fails for that program (vpcd throws the card out), does not reach the
/// card in pieces, and the card comes back: pcscd must see the reader empty first, or it never powers the card up again.
#[test]
fn a_command_of_another_program_that_vpcd_cannot_carry_does_no_lasting_harm() {
    in_own_process(
        "a_command_of_another_program_that_vpcd_cannot_carry_does_no_lasting_harm",
        |socket| {
            let (pcscd, card) = pcscd_with_card(socket);
            let name = std::ffi::CString::new(pcscd.reader_name(0)).unwrap();
            let context = pcsc::Context::establish(pcsc::Scope::User).unwrap();
            for length in [65_536, 65_540] {
                let other = context
                    .connect(&name, pcsc::ShareMode::Shared, pcsc::Protocols::ANY)
                    .unwrap();
                assert!(
                    other.transmit(&vec![0x77; length], &mut vec![0; 65_538]).is_err(),
                    "{length}"
                );
                drop(other);
                wait_until_it_answers();
            }
            let commands: Vec<_> = card
                .card
                .calls()
                .into_iter()
                .filter(|call| call.parse::<u32>().is_ok())
                .collect();
            assert_eq!(commands, ["2", "2"]);
        },
    );
}

/// Trap 3: an answer that no frame can carry is not cut.
#[test]
fn an_answer_of_more_than_65535_bytes_fails_and_the_next_one_passes() {
    in_own_process(
        "an_answer_of_more_than_65535_bytes_fails_and_the_next_one_passes",
        |socket| {
            let (_pcscd, card) = pcscd_with_card(socket);
            let mut reader = open();
            let result = transmit(&mut reader, &[ANSWER_OF_LENGTH, 0, 1, 0, 0]);
            assert!(matches!(result, Err(ReaderError::Mute { .. })), "{result:?}");
            assert!(
                card.saw("failed AnswerTooLong { length: 65536 }"),
                "{:?}",
                card.events()
            );
            wait_until_it_answers();
        },
    );
}

/// Trap 5: a program that leaves finds the card for the next one as it was; no reset happens between two clients.
#[test]
fn between_two_programs_the_card_keeps_its_power_and_is_not_reset() {
    in_own_process(
        "between_two_programs_the_card_keeps_its_power_and_is_not_reset",
        |socket| {
            let (pcscd, card) = pcscd_with_card(socket);
            let name = std::ffi::CString::new(pcscd.reader_name(0)).unwrap();
            let context = pcsc::Context::establish(pcsc::Scope::User).unwrap();
            let mut calls = Vec::new();
            for _ in 0..2 {
                let client = context
                    .connect(&name, pcsc::ShareMode::Shared, pcsc::Protocols::ANY)
                    .unwrap();
                client.transmit(&[0, 1], &mut [0; 258]).unwrap();
                client
                    .disconnect(pcsc::Disposition::LeaveCard)
                    .map_err(|(_, error)| error)
                    .unwrap();
                calls.push(card.card.calls());
            }
            assert_eq!(calls[1].len(), calls[0].len() + 1);
            assert_eq!(calls[1].last().unwrap(), "2");
        },
    );
}

/// What SCardTransmit gives for a card that does not answer must be an error, not an empty success, and not wait for ever.
/// Whatever the program does then, reset included, the card comes back.
#[test]
fn a_card_that_falls_silent_is_mute_to_the_program_and_soon_there_again() {
    in_own_process(
        "a_card_that_falls_silent_is_mute_to_the_program_and_soon_there_again",
        |socket| {
            let (_pcscd, card) = pcscd_with_card(socket);
            for (silent, reset) in [
                (FALL_SILENT_ONCE, false),
                (FALL_SILENT_ONCE, true),
                (ANSWER_WITHOUT_STATUS, true),
            ] {
                let mut reader = open();
                let start = Instant::now();
                assert!(matches!(
                    transmit(&mut reader, &[silent, 0]),
                    Err(ReaderError::Mute { .. })
                ));
                assert!(start.elapsed() < Duration::from_secs(2));
                assert!(!reset || reader.reset().is_err());
                wait_until_it_answers();
            }
            assert_eq!(
                card.events()
                    .iter()
                    .filter(|event| *event == "disconnected Removal")
                    .count(),
                3
            );
        },
    );
}

#[test]
fn a_card_that_is_pulled_out_leaves_the_reader_empty() {
    in_own_process("a_card_that_is_pulled_out_leaves_the_reader_empty", |socket| {
        let (pcscd, mut card) = pcscd_with_card(socket);
        let mut reader = open();
        assert!(transmit(&mut reader, &[BE_PULLED_OUT, 0]).is_err());
        assert_eq!(card.ended().unwrap(), End::Gone);
        assert!(within(LIMIT, || card_state() == Some(CardState::Absent)));
        let error = transmit(&mut reader, &[0, 1]).unwrap_err();
        assert_eq!(
            error,
            ReaderError::Gone {
                reader: pcscd.reader_name(0)
            }
        );
        let error = PcscService::connect().unwrap().open("vmyna 0 00 00").err().unwrap();
        assert_eq!(
            error,
            ReaderError::NoCard {
                reader: pcscd.reader_name(0)
            }
        );
    });
}

#[test]
fn stopping_takes_the_card_out_at_once_and_answers_the_command_under_way() {
    in_own_process(
        "stopping_takes_the_card_out_at_once_and_answers_the_command_under_way",
        |socket| {
            let (_pcscd, mut card) = pcscd_with_card(socket);
            let client = std::thread::spawn(|| {
                let mut reader = open();
                transmit(&mut reader, &[TAKE_300_MS, 0])
            });
            assert!(within(LIMIT, || card.card.count("2") == 1));
            card.stop.stop();
            assert_eq!(client.join().unwrap(), Ok(vec![0x90, 0x00]));
            assert_eq!(card.ended().unwrap(), End::Stopped);
            assert!(within(LIMIT, || card_state() == Some(CardState::Absent)));
            assert_eq!(card.card.calls().last().unwrap(), "off");
        },
    );
}

#[test]
fn a_second_card_on_a_taken_slot_says_so_and_moves_in_when_the_first_leaves() {
    in_own_process(
        "a_second_card_on_a_taken_slot_says_so_and_moves_in_when_the_first_leaves",
        |socket| {
            let (pcscd, first) = pcscd_with_card(socket);
            let second = Inserted::at(pcscd.ports()[0]);
            second.wait_for("idle");
            assert!(!second.saw("inserted") && !first.saw("disconnected"));
            drop(first);
            second.wait_for("inserted");
            wait_until_it_answers();
            assert!(second.card.count("2") > 0);
        },
    );
}

#[test]
fn two_readers_hold_two_cards_that_know_nothing_of_each_other() {
    in_own_process("two_readers_hold_two_cards_that_know_nothing_of_each_other", |socket| {
        let pcscd = PrivatePcscd::start_at(socket, 2).unwrap();
        let cards = [Inserted::at(pcscd.ports()[0]), Inserted::at(pcscd.ports()[1])];
        let present = || {
            let readers = PcscService::connect().unwrap().readers().unwrap();
            readers
                .iter()
                .filter(|reader| reader.card == CardState::Present && reader.atr == ATR)
                .count()
        };
        assert!(within(LIMIT, || present() == 2));
        let mut reader = PcscService::connect().unwrap().open("vmyna 1 00 00").unwrap();
        transmit(&mut reader, &[0, 1, 2]).unwrap();
        assert_eq!((cards[0].card.count("3"), cards[1].card.count("3")), (0, 1));
    });
}

#[test]
fn when_pcscd_dies_the_card_loses_power_and_it_is_back_soon_after_pcscd_is() {
    in_own_process(
        "when_pcscd_dies_the_card_loses_power_and_it_is_back_soon_after_pcscd_is",
        |socket| {
            let (mut pcscd, card) = pcscd_with_card(socket);
            let mut reader = open();
            transmit(&mut reader, &[0, 1]).unwrap();
            pcscd.kill();
            card.wait_for("disconnected");
            assert!(within(LIMIT, || card
                .card
                .calls()
                .last()
                .is_some_and(|call| call == "off")));
            let error = PcscService::connect()
                .and_then(|service| service.readers())
                .unwrap_err();
            assert!(error.to_string().contains("PCSCLITE_CSOCK_NAME"), "{error}");
            card.wait_for("waiting 200 ms");
            drop(reader);
            pcscd.restart().unwrap();
            let start = Instant::now();
            wait_until_it_answers();
            // At most 2 s until the next attempt, 400 ms until pcscd looks.
            assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        },
    );
}
