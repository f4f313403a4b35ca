//! The owner of a service uses its cards beside the clients.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use common::{Client, READER, Service};
use std::sync::Arc;
use std::time::Duration;
use vmyna_pcsc_service::{Hand, NotSent, Options, PcscLiteService};
use vmyna_reader_bridge::fault::{FaultyCard, RealTime, Script};
use vmyna_testkit::test_card::{BE_PULLED_OUT, FALL_SILENT_ONCE, NO_ATR_FROM_NOW_ON, TestCard, echo};
use vmyna_testkit::waiting::{LIMIT, within};

const COMMAND: [u8; 2] = [0, 1];

/// Inserts a card that fails as the script requires.
fn with_faults(hand: &Hand) -> Arc<Script> {
    let script = Arc::new(Script::default());
    let card = FaultyCard::new(
        Box::new(TestCard::default()),
        Arc::clone(&script),
        None,
        Box::new(RealTime::default()),
        Box::new(|_| {}),
    );
    hand.insert(READER, Some(Box::new(card))).unwrap();
    script
}

#[test]
fn the_owner_sends_a_command_beside_clients_and_counts_programs_not_handles() {
    let service = Service::start();
    let hand = service.hand();
    assert_eq!(hand.transmit(READER, &COMMAND), Ok(echo(&COMMAND)));
    let view = hand.views().remove(0);
    assert!(view.plugged && view.occupied && view.powered && !view.locked);
    assert_eq!((view.name.as_str(), view.programs), (READER, 0));
    let (mut one, mut other) = (Client::new(service.path()), Client::new(service.path()));
    let card = one.connect_shared();
    one.connect_shared();
    other.connect_shared();
    assert_eq!(hand.views()[0].programs, 2);
    assert_eq!(hand.transmit(READER, &COMMAND), Ok(echo(&COMMAND)));
    assert_eq!(one.transmit(card, &COMMAND), Ok(echo(&COMMAND)));
}

#[test]
fn a_card_in_a_transaction_or_exclusive_connection_is_not_touched() {
    let service = Service::start();
    let hand = service.hand();
    let mut client = Client::new(service.path());
    let card = client.connect_shared();
    assert_eq!(client.begin(card), 0);
    let before = service.card.calls();
    assert_eq!(hand.transmit(READER, &COMMAND), Err(NotSent::Locked));
    assert!(hand.views()[0].locked);
    assert_eq!(service.card.calls(), before);
    assert_eq!(client.disconnect(card, 0), 0);
    assert_eq!(hand.transmit(READER, &COMMAND), Ok(echo(&COMMAND)));
    let (exclusive, ..) = client.connect(1, 3);
    assert_eq!(hand.transmit(READER, &COMMAND), Err(NotSent::Locked));
    assert_eq!(client.disconnect(exclusive, 0), 0);
}

#[test]
fn a_card_without_power_is_powered_on_and_stays_so_for_the_owner() {
    let grace = Duration::from_millis(50);
    let service = Service::with(Some(grace), None);
    let hand = service.hand();
    assert!(within(LIMIT, || !hand.views()[0].powered), "it never rests");
    assert_eq!(hand.transmit(READER, &COMMAND), Ok(echo(&COMMAND)));
    let off = service.card.count("off");
    std::thread::sleep(grace * 6);
    assert!(hand.views()[0].powered);
    assert_eq!(service.card.count("off"), off);
    // In another stay in the reader the owner has not used it yet.
    hand.remove(READER).unwrap();
    hand.insert(READER, None).unwrap();
    assert!(within(LIMIT, || !hand.views()[0].powered), "it rests no more");
}

#[test]
fn every_reason_for_no_answer_is_told_apart() {
    let service = Service::start();
    let hand = service.hand();
    assert_eq!(hand.transmit("Other", &COMMAND), Err(NotSent::NoSuchReader));
    assert_eq!(hand.transmit(READER, &[FALL_SILENT_ONCE]), Err(NotSent::NoAnswer));
    hand.unplug(READER).unwrap();
    assert_eq!(hand.transmit(READER, &COMMAND), Err(NotSent::Unplugged));
    hand.plug(READER).unwrap();
    assert_eq!(hand.transmit(READER, &[BE_PULLED_OUT]), Err(NotSent::NoAnswer));
    assert!(!hand.views()[0].occupied);
    assert_eq!(hand.transmit(READER, &COMMAND), Err(NotSent::Empty));
    hand.insert(READER, None).unwrap();
    assert_eq!(hand.transmit(READER, &[NO_ATR_FROM_NOW_ON]), Ok(vec![0x90, 0x00]));
    let mut client = Client::new(service.path());
    let card = client.connect_shared();
    // Unpowered: the next command needs an ATR, and there is none.
    assert_eq!(client.disconnect(card, 2), 0);
    assert_eq!(hand.transmit(READER, &COMMAND), Err(NotSent::Mute));
}

#[test]
fn an_incident_at_a_command_of_the_owner_happens_as_at_one_of_a_client() {
    let directory = common::tempdir::Directory::new();
    let service = PcscLiteService::start(&directory.0.join("s"), Options::new(vec![READER.to_owned()])).unwrap();
    let hand = service.hand();
    let script = with_faults(&hand);
    let mut client = Client::new(service.path());
    let handle = client.connect_shared();
    script.arm("other-reset,nth=1".parse().unwrap());
    assert_eq!(hand.transmit(READER, &COMMAND), Err(NotSent::Reset));
    // The client learns of it.
    assert_eq!(
        client.transmit(handle, &COMMAND),
        Err(vmyna_pcsc_service::code::RESET_CARD)
    );
    script.arm("unplug,nth=1".parse().unwrap());
    assert_eq!(hand.transmit(READER, &COMMAND), Err(NotSent::Unplugged));
    assert!(!hand.views()[0].plugged && script.unfired().is_empty());
}

#[test]
fn a_card_that_wants_power_again_gets_it_at_the_owners_next_command() {
    let directory = common::tempdir::Directory::new();
    let service = PcscLiteService::start(&directory.0.join("s"), Options::new(vec![READER.to_owned()])).unwrap();
    let hand = service.hand();
    let script = with_faults(&hand);
    script.arm("mute=until-reset,nth=1".parse().unwrap());
    assert_eq!(hand.transmit(READER, &COMMAND), Err(NotSent::NoAnswer));
    assert_eq!(hand.transmit(READER, &COMMAND), Ok(echo(&COMMAND)));
    // A client decides itself when its card is reset.
    let mut client = Client::new(service.path());
    client.connect_shared();
    script.arm("mute=until-reset,nth=1".parse().unwrap());
    for _ in 0..2 {
        assert_eq!(hand.transmit(READER, &COMMAND), Err(NotSent::NoAnswer));
    }
}
