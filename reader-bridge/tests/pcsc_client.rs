//! The client of the PC/SC service against a real pcscd: finding readers, and its errors.

#![cfg(feature = "pcsc")]
#![allow(clippy::unwrap_used)] // the whole file is tests

mod common;

use common::Inserted;
use vmyna_apdu::{Reader, ReaderError};
use vmyna_reader_bridge::pcsc_client::{CardState, PcscService, ReaderStatus, Usage};
use vmyna_testkit::test_card::{ATR, echo};
use vmyna_testkit::waiting::{LIMIT, within};
use vmyna_testkit::{PrivatePcscd, in_own_process};

/// Trap 7: the client takes the socket's name from PCSCLITE_CSOCK_NAME, and so the message names it.
#[test]
fn without_a_service_the_error_names_the_socket() {
    in_own_process("without_a_service_the_error_names_the_socket", |socket| {
        let expected = ReaderError::NoService {
            socket: Some(socket.to_owned()),
        };
        let error = PcscService::connect().err().unwrap();
        assert!(error.to_string().contains(socket.to_str().unwrap()), "{error}");
        assert_eq!(error, expected);
    });
}

#[test]
fn a_service_without_readers_is_an_empty_list_and_no_reader_to_open() {
    in_own_process(
        "a_service_without_readers_is_an_empty_list_and_no_reader_to_open",
        |socket| {
            let _pcscd = PrivatePcscd::start_at(socket, 0).unwrap();
            let service = PcscService::connect().unwrap();
            assert_eq!(service.readers().unwrap(), []);
            assert_eq!(service.open("#0").err().unwrap(), ReaderError::NoReaders);
        },
    );
}

#[test]
fn readers_are_listed_with_the_card_its_atr_and_who_uses_it() {
    in_own_process("readers_are_listed_with_the_card_its_atr_and_who_uses_it", |socket| {
        let pcscd = PrivatePcscd::start_at(socket, 1).unwrap();
        let _card = Inserted::at(pcscd.ports()[0]);
        let service = PcscService::connect().unwrap();
        let first = || service.readers().unwrap().remove(0);
        let is = |status: ReaderStatus, usage| {
            status.name == pcscd.reader_name(0)
                && (status.card, status.atr.as_slice(), status.usage) == (CardState::Present, &ATR, usage)
        };
        assert!(within(LIMIT, || is(first(), Usage::Free)), "{:?}", first());
        let _reader = service.open("#0").unwrap();
        assert!(is(first(), Usage::Shared), "{:?}", first());
        let second = service.readers().unwrap().remove(1);
        assert_eq!(
            (second.card, second.atr.len(), second.usage),
            (CardState::Absent, 0, Usage::Free)
        );
    });
}

#[test]
fn a_reader_is_opened_by_part_of_its_name_and_a_wrong_name_is_answered_with_the_right_ones() {
    in_own_process(
        "a_reader_is_opened_by_part_of_its_name_and_a_wrong_name_is_answered_with_the_right_ones",
        |socket| {
            let pcscd = PrivatePcscd::start_at(socket, 1).unwrap();
            let card = Inserted::at(pcscd.ports()[0]);
            let service = PcscService::connect().unwrap();
            assert!(within(LIMIT, || service.open("VMYNA 0 00 00").is_ok()));
            let mut reader = service.open("0 00 00").unwrap();
            assert_eq!(reader.name(), pcscd.reader_name(0));
            let mut response = vec![1, 2, 3];
            reader.transmit(&[0, 0xA4], &mut response).unwrap();
            assert_eq!(response, echo(&[0, 0xA4]));
            for (wanted, part) in [
                ("Desk", "no reader is called \"Desk\""),
                ("vmyna", "more than one reader"),
            ] {
                let message = service.open(wanted).err().unwrap().to_string();
                assert!(
                    message.contains(part) && message.contains("\"vmyna 0 00 01\""),
                    "{message}"
                );
            }
            assert!(reader.remove().unwrap_err().to_string().contains("by hand"));
            assert!(reader.insert().unwrap_err().to_string().contains("by hand"));
            drop(card);
            assert!(within(LIMIT, || reader.transmit(&[0, 0xA4], &mut response) == gone(&pcscd)));
            assert_eq!(reader.atr(), None);
        },
    );
}

fn gone(pcscd: &PrivatePcscd) -> Result<(), ReaderError> {
    Err(ReaderError::Gone {
        reader: pcscd.reader_name(0),
    })
}

#[test]
fn a_card_that_another_program_has_reset_is_connected_again_and_the_command_is_not_sent() {
    in_own_process(
        "a_card_that_another_program_has_reset_is_connected_again_and_the_command_is_not_sent",
        |socket| {
            let pcscd = PrivatePcscd::start_at(socket, 1).unwrap();
            let card = Inserted::at(pcscd.ports()[0]);
            let service = PcscService::connect().unwrap();
            assert!(within(LIMIT, || service.open("#0").is_ok()));
            let (mut one, mut other) = (service.open("#0").unwrap(), service.open("#0").unwrap());
            other.reset().unwrap();
            let mut response = Vec::new();
            assert_eq!(
                one.transmit(&[0, 1], &mut response),
                Err(ReaderError::ResetByOther {
                    reader: pcscd.reader_name(0)
                })
            );
            assert_eq!(card.card.count("2"), 0);
            one.transmit(&[0, 1], &mut response).unwrap();
            assert_eq!(one.atr(), Some(ATR.as_slice()));
        },
    );
}

#[test]
fn a_card_that_another_program_uses_exclusively_is_said_to_be_in_use() {
    in_own_process(
        "a_card_that_another_program_uses_exclusively_is_said_to_be_in_use",
        |socket| {
            let pcscd = PrivatePcscd::start_at(socket, 1).unwrap();
            let _card = Inserted::at(pcscd.ports()[0]);
            let service = PcscService::connect().unwrap();
            assert!(within(LIMIT, || service.readers().unwrap()[0].card == CardState::Present));
            let name = std::ffi::CString::new(pcscd.reader_name(0)).unwrap();
            let context = pcsc::Context::establish(pcsc::Scope::User).unwrap();
            let _exclusive = context
                .connect(&name, pcsc::ShareMode::Exclusive, pcsc::Protocols::ANY)
                .unwrap();
            assert_eq!(
                service.open("#0").err().unwrap(),
                ReaderError::InUse {
                    reader: pcscd.reader_name(0)
                }
            );
            assert_eq!(service.readers().unwrap()[0].usage, Usage::Exclusive);
        },
    );
}
