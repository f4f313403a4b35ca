//! Faults made on purpose in the PC/SC service, seen by a client without a library: a card that leaves by itself, a card that
//! holds its answer back, and answers that no card gives.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use common::{Client, READER, Service};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use vmyna_apdu::{Icc, IccError};
use vmyna_pcsc_service::{NotMoved, Observer, Options, What, code};
use vmyna_reader_bridge::fault::{FaultyCard, RealTime, Script};
use vmyna_testkit::test_card::{TestCard, echo};
use vmyna_testkit::waiting::{LIMIT, within};

/// An hour, for which no test waits.
const DELAY: &str = "delay=3600000,ins=01";

fn with_faults(card: TestCard, faults: &[&str]) -> FaultyCard {
    let script = Script::new(faults.iter().map(|text| text.parse().unwrap()).collect());
    FaultyCard::new(
        Box::new(card),
        Arc::new(script),
        None,
        Box::new(RealTime::default()),
        Box::new(|_| {}),
    )
}

/// A service with a card that has these faults.
fn service(faults: &[&str]) -> Service {
    let service = Service::start();
    let card = with_faults(service.card.clone(), faults);
    service.hand().insert(READER, Some(Box::new(card))).unwrap();
    service
}

/// A card that leaves when its power is taken.
struct Unpowerable(TestCard);

impl Icc for Unpowerable {
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        self.0.power_on(atr)
    }
    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        self.0.reset(atr)
    }
    fn power_off(&mut self) -> Result<(), IccError> {
        Err(IccError::Gone)
    }
    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
        self.0.transmit(command, response)
    }
}

/// Waits until the card works on a command of this length.
fn wait_for_command(card: &TestCard, length: &str) {
    assert!(within(LIMIT, || card.count(length) > 0));
}

#[test]
fn a_card_that_leaves_after_its_answer_gives_it_and_is_missed_at_once() {
    let service = service(&["remove=answered,nth=1"]);
    let (mut one, mut other) = (Client::new(service.path()), Client::new(service.path()));
    let (card, others) = (one.connect_shared(), other.connect_shared());
    other.wait();
    assert_eq!(one.transmit(card, &[0, 1, 2]), Ok(echo(&[0, 1, 2])));
    // The other client gets a message, without a command of its own.
    assert_eq!(other.numbers(2), [0, 0]);
    assert_eq!(other.status(others), code::REMOVED_CARD);
    assert_eq!(one.transmit(card, &[0, 1]), Err(code::REMOVED_CARD));
    service.hand().insert(READER, None).unwrap();
    service.is_well();
}

#[test]
fn a_card_that_leaves_instead_of_an_answer_has_executed_the_command_or_has_not() {
    for (fault, executed) in [("remove,nth=1", 0), ("remove,executed,nth=1", 1)] {
        let service = service(&[fault]);
        let mut client = Client::new(service.path());
        let card = client.connect_shared();
        assert_eq!(client.transmit(card, &[0, 1, 2]), Err(code::NOT_TRANSACTED));
        assert_eq!(service.card.count("3"), executed, "{fault}");
        assert_eq!(client.transmit(card, &[0, 1]), Err(code::REMOVED_CARD));
        service.hand().insert(READER, None).unwrap();
        service.is_well();
    }
}

#[test]
fn a_card_that_holds_its_answer_back_is_taken_out_swapped_and_left_at_once() {
    let start = Instant::now();
    for way in 0..3 {
        let service = service(&[DELAY]);
        let mut client = Client::new(service.path());
        let card = client.connect_shared();
        client.begin_transmit(card, &[0, 1, 2]);
        wait_for_command(&service.card, "3");
        match way {
            0 => service.hand().remove(READER).unwrap(),
            1 => {
                let another = Box::new(TestCard::default());
                service.hand().insert(READER, Some(another)).unwrap();
            }
            // The service ends.
            _ => {
                drop(service);
                assert!(client.is_cut_off());
                continue;
            }
        }
        assert_eq!(client.end_transmit(), Err(code::NOT_TRANSACTED), "{way}");
    }
    assert!(start.elapsed() < Duration::from_secs(600), "{:?}", start.elapsed());
}

#[test]
fn answers_that_no_card_gives_pass_as_they_are_and_what_has_no_status_word_is_none() {
    let garbled = |form: &str, seed: u64| {
        let service = service(&[&format!("garbled={form},seed={seed},ins=01")]);
        let mut client = Client::new(service.path());
        let card = client.connect_shared();
        let answer = client.transmit(card, &[0, 1, 2, 3, 0]);
        assert_eq!(client.transmit(card, &[0, 2]), Ok(echo(&[0, 2])));
        answer
    };
    let plain = echo(&[0, 1, 2, 3, 0]);
    for form in ["bits", "trailing", "too-long"] {
        let answer = garbled(form, 5).unwrap();
        assert_ne!(answer, plain, "{form}");
        assert_eq!(answer, garbled(form, 5).unwrap(), "{form}");
    }
    assert!(garbled("trailing", 1).unwrap().starts_with(&plain));
    assert!(garbled("too-long", 1).unwrap().len() > 258);
    let service = service(&["garbled=one-byte,ins=01"]);
    let mut client = Client::new(service.path());
    let card = client.connect_shared();
    assert_eq!(client.transmit(card, &[0, 1, 2]), Err(code::NOT_TRANSACTED));
    assert_eq!(client.transmit(card, &[0, 2]), Ok(echo(&[0, 2])));
}

/// An hour.
#[test]
fn a_card_is_put_back_at_once_however_long_its_power_on_takes() {
    let service = service(&["remove,ins=01,nth=1", "delay=3600000,on=power-on"]);
    let mut client = Client::new(service.path());
    let card = client.connect_shared();
    assert_eq!(client.transmit(card, &[0, 1, 2]), Err(code::NOT_TRANSACTED));
    let hand = service.hand();
    let put_back = std::thread::spawn(move || hand.insert(READER, None));
    assert!(within(LIMIT, || put_back.is_finished()));
    put_back.join().unwrap().unwrap();
    service.is_well();
}

/// A service with a log of its events, and a card that has these faults.
fn logged(faults: &[&str]) -> (Service, impl Fn() -> String) {
    let log = Arc::<Mutex<Vec<&str>>>::default();
    let noted = Arc::clone(&log);
    let observer: Observer = Box::new(move |event| {
        let name = match event.what {
            What::Inserted => "in",
            What::Removed => "out",
            What::PowerOn { .. } => "on",
            What::PowerOff => "off",
            _ => return,
        };
        noted.lock().unwrap().push(name);
    });
    let options = Options::new(vec![READER.to_owned()]);
    let service = Service::with_options(options.observer(observer));
    service.hand().remove(READER).unwrap();
    log.lock().unwrap().clear();
    let card = with_faults(service.card.clone(), faults);
    service.hand().insert(READER, Some(Box::new(card))).unwrap();
    (service, move || std::mem::take(&mut *log.lock().unwrap()).join(" "))
}

#[test]
fn a_card_that_leaves_as_it_is_put_in_has_been_in_and_is_out() {
    let (service, log) = logged(&["remove,on=power-on,nth=1"]);
    assert_eq!(log(), "in out");
    let listed = service.hand().list().remove(0);
    assert_eq!((listed.state, listed.atr.len()), (2, 0));
    service.hand().insert(READER, None).unwrap();
    assert_eq!(log(), "in");
    service.is_well();
}

#[test]
fn a_card_that_leaves_when_it_is_powered_or_unpowered_is_told_as_out() {
    const UNPOWER: u32 = 2;
    let (service, log) = logged(&["remove,on=power-on,nth=2"]);
    let mut client = Client::new(service.path());
    let card = client.connect_shared();
    assert_eq!(client.disconnect(card, UNPOWER), 0);
    client.connect(2, 3);
    assert_eq!(log(), "in off out");
    let card = Box::new(Unpowerable(TestCard::default()));
    service.hand().insert(READER, Some(card)).unwrap();
    let card = client.connect_shared();
    assert_eq!(client.disconnect(card, UNPOWER), 0);
    assert_eq!(log(), "in out");
    assert_eq!(service.hand().remove(READER), Err(NotMoved::Empty));
}

#[test]
fn a_card_mute_at_power_on_can_be_used_once_a_later_one_succeeds() {
    let service = service(&["mute,on=power-on,nth=1"]);
    let mut client = Client::new(service.path());
    // Connecting powers it on again.
    let (_, _, first) = client.connect(2, 3);
    assert_eq!(first, 0);
    let dead = self::service(&["mute,on=power-on"]);
    let mut client = Client::new(dead.path());
    let (_, _, refused) = client.connect(2, 3);
    assert_eq!(refused, code::UNPOWERED_CARD);
}
