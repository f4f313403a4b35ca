//! When the card commits what, and what remains of a command whose commit failed: tests of the order that makes a PIN's
//! counter trustworthy, against a store that writes everything down and fails when told.
//!
//! The rule: commit one try less, compare, commit the full count. No try ever comes back without the right PIN.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::error::Error as _;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use common::{ALPHA, Rig, card_on, hex};
use proptest::prelude::*;
use vmyna_card_os::state::{Change, MemoryStore, State, Store, StoreError};
use vmyna_card_os::{Card, CardError, Event};

/// What happened, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happened {
    Tries(u8),
    Value,
    Failure,
    Verified(bool),
    Answer(u16),
}
use Happened::{Answer, Failure, Tries, Value, Verified};

/// A store that outlives its card. Clones are the same store.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    state: State,
    happened: Vec<Happened>,
    /// For each commit to come whether it fails; those behind the last one succeed.
    failures: VecDeque<bool>,
}

impl Store for Shared {
    fn load(&mut self) -> Result<State, StoreError> {
        Ok(self.0.lock().unwrap().state.clone())
    }

    fn commit(&mut self, change: &Change) -> Result<(), StoreError> {
        let inner = &mut *self.0.lock().unwrap();
        if inner.failures.pop_front() == Some(true) {
            inner.happened.push(Failure);
            return Err(StoreError::other("told to fail"));
        }
        inner.state.apply(change);
        inner.happened.push(match change {
            Change::PinTries { tries_left, .. } => Tries(*tries_left),
            _ => Value,
        });
        Ok(())
    }

    fn reset(&mut self) -> Result<(), StoreError> {
        let inner = &mut *self.0.lock().unwrap();
        if inner.failures.pop_front() == Some(true) {
            return Err(StoreError::other("told to fail"));
        }
        inner.state = State::default();
        Ok(())
    }
}

impl Shared {
    /// A card on this store with alpha selected; its status changes and answers are written down beside the commits.
    fn rig(&self) -> Rig {
        let mut rig = Rig::on(Box::new(self.clone()));
        rig.select(ALPHA);
        let log = self.clone();
        rig.card.observe(Box::new(move |event: &Event<'_>| {
            let happened = match event {
                Event::SecurityStatus { verified, .. } => Verified(*verified),
                Event::Answer { status_word, .. } => Answer(status_word.value()),
                _ => return,
            };
            log.0.lock().unwrap().happened.push(happened);
        }));
        rig
    }

    fn fail(&self, failures: impl IntoIterator<Item = bool>) {
        self.0.lock().unwrap().failures = failures.into_iter().collect();
    }

    /// What happened since the last look.
    fn happened(&self) -> Vec<Happened> {
        std::mem::take(&mut self.0.lock().unwrap().happened)
    }
}

const RIGHT: &str = "00200098 04 31323334";
const WRONG: &str = "00200098 04 31323335";
const QUERY: &str = "00200098";
/// Reads a file that needs the PIN.
const READ: &str = "00B08700 00";
const MAX: u8 = 3;

/// A store and card whose PIN has lost so many tries; nothing is verified.
fn with_lost(lost: u8) -> (Shared, Rig) {
    let store = Shared::default();
    let mut rig = store.rig();
    for _ in 0..lost {
        rig.sw(WRONG);
    }
    store.happened();
    (store, rig)
}

#[test]
fn a_wrong_value_commits_once_before_the_answer_and_a_right_one_twice_before_it_counts() {
    for lost in 0..MAX {
        let fewer = MAX - lost - 1;
        let (store, mut rig) = with_lost(lost);
        rig.sw(WRONG);
        assert_eq!(store.happened(), [Tries(fewer), Answer(0x63C0 + u16::from(fewer))]);

        let (store, mut rig) = with_lost(lost);
        rig.sw(RIGHT);
        assert_eq!(
            store.happened(),
            [Tries(fewer), Tries(MAX), Verified(true), Answer(0x9000)]
        );
        // Also when nothing is gained or lost by it.
        rig.sw(RIGHT);
        assert_eq!(store.happened(), [Tries(MAX - 1), Tries(MAX), Answer(0x9000)]);
        rig.sw(WRONG);
        assert_eq!(store.happened(), [Tries(MAX - 1), Verified(false), Answer(0x63C2)]);
    }
}

#[test]
fn what_compares_nothing_commits_nothing() {
    let (store, mut rig) = with_lost(0);
    let table = [
        (QUERY, 0x63C3),
        ("0020009800", 0x6700),
        ("00200098 11 3131313131313131313131313131313131", 0x6700), // no PIN is that long
        ("00200198 04 31323334", 0x6A86),
        ("00200098 04 313233", 0x6700),
        ("0020009D 04 31323334", 0x6A82),
        ("00200081 04 31323334", 0x6981),
        ("0020009C 04 31323334", 0x6984), // issued blocked
        ("0020009B 04 31313131", 0x6300), // without limit there is no counter
        ("00240198 04 35353535", 0x6982),
        ("80540098", 0x6982),
    ];
    for (command, sw) in table {
        assert_eq!(rig.sw(command), sw, "{command}");
        assert_eq!(store.happened(), [Answer(sw)], "{command}");
    }
    let (store, mut rig) = with_lost(MAX);
    for command in [RIGHT, WRONG] {
        assert_eq!(rig.sw(command), 0x6984);
        assert_eq!(store.happened(), [Answer(0x6984)], "a blocked PIN");
    }
}

#[test]
fn if_the_first_commit_fails_everything_is_as_before() {
    for (lost, command) in (0..MAX).flat_map(|lost| [(lost, RIGHT), (lost, WRONG)]) {
        let (store, mut rig) = with_lost(lost);
        store.fail([true]);
        assert_eq!(rig.sw(command), 0x6581);
        assert_eq!(
            store.happened(),
            [Failure, Answer(0x6581)],
            "nothing is compared or tried again"
        );
        rig.expect(&[
            (QUERY, 0x63C0 + u16::from(MAX - lost)),
            (READ, 0x6982),
            (RIGHT, 0x9000),
            (READ, 0x9000),
        ]);
        // What was verified stays so.
        store.fail([true]);
        rig.expect(&[(command, 0x6581), (QUERY, 0x63C3), (READ, 0x9000)]);
    }
}

#[test]
fn if_the_second_commit_fails_the_try_is_gone_and_nothing_becomes_verified() {
    for lost in 0..MAX {
        let (store, mut rig) = with_lost(lost);
        let left = MAX - lost - 1;
        store.fail([false, true]);
        assert_eq!(rig.sw(RIGHT), 0x6581);
        assert_eq!(store.happened(), [Tries(left), Failure, Answer(0x6581)]);
        rig.expect(&[(QUERY, 0x63C0 + u16::from(left)), (READ, 0x6982)]);
        let again = if left == 0 { 0x6984 } else { 0x9000 };
        rig.expect(&[(RIGHT, again)]);
    }
}

#[test]
fn if_a_change_fails_the_old_pin_is_still_valid() {
    let (store, mut rig) = with_lost(0);
    rig.expect(&[(RIGHT, 0x9000)]);
    store.happened();
    store.fail([true]);
    assert_eq!(rig.sw("00240198 04 35353535"), 0x6581);
    assert_eq!(store.happened(), [Failure, Answer(0x6581)]);
    rig.expect(&[("00200098 04 35353535", 0x63C2), (RIGHT, 0x9000)]);
    // A change that reaches the store is one commit.
    store.happened();
    assert_eq!(rig.sw("00240198 04 35353535"), 0x9000);
    assert_eq!(store.happened(), [Value, Answer(0x9000)]);
    rig.expect(&[(RIGHT, 0x63C2), ("00200098 04 35353535", 0x9000)]);
}

#[test]
fn a_power_cut_leaves_the_counter_before_decremented_or_restored() {
    for lost in 0..MAX {
        let before = MAX - lost;
        // Everything behind the cut is lost, also for a store that is asked again.
        for (commits_before_the_cut, legal) in [(0, before), (1, before - 1), (2, MAX)] {
            let (store, mut rig) = with_lost(lost);
            store.fail((0..9).map(|commit| commit >= commits_before_the_cut));
            rig.sw(RIGHT);
            drop(rig);
            store.fail([]);
            let mut rig = store.rig();
            rig.expect(&[(QUERY, 0x63C0 + u16::from(legal)), (READ, 0x6982)]);
        }
    }
}

#[test]
fn a_card_rebuilt_on_its_store_keeps_counters_and_values() {
    let store = Shared::default();
    let mut rig = store.rig();
    rig.expect(&[
        (WRONG, 0x63C2),
        (RIGHT, 0x9000),
        ("00240198 04 35353535", 0x9000),
        (RIGHT, 0x63C2),
        (WRONG, 0x63C1),
    ]);
    rig.expect(&[("00200099 06 313131313131", 0x63C4)]);
    for _ in 0..3 {
        let mut rig = store.rig();
        rig.expect(&[
            (QUERY, 0x63C1),
            ("00200099", 0x63C4),
            ("0020009A", 0x63CA),
            ("0020009C", 0x63C0),
            (READ, 0x6982),
        ]);
    }
    let mut rig = store.rig();
    rig.expect(&[("00200098 04 35353535", 0x9000), (QUERY, 0x63C3)]);
}

#[test]
fn the_store_given_back_holds_the_state() {
    let mut rig = Rig::at_alpha();
    rig.expect(&[(WRONG, 0x63C2)]);
    let mut rig = Rig::on(rig.card.into_store());
    rig.select(ALPHA);
    rig.expect(&[(QUERY, 0x63C2)]);
}

#[test]
fn a_card_goes_back_to_what_it_was_issued_as_or_stays_as_it_is() {
    let shared = Shared::default();
    let mut rig = shared.rig();
    rig.expect(&[(WRONG, 0x63C2), (RIGHT, 0x9000), (WRONG, 0x63C2), (WRONG, 0x63C1)]);
    shared.0.lock().unwrap().failures.push_back(true);
    assert!(rig.card.reset_state().is_err());
    // It has not even lost its power.
    rig.expect(&[(QUERY, 0x63C1)]);
    rig.card.reset_state().unwrap();
    assert!(rig.card.transmit(&[0x00, 0x20, 0x00, 0x98], &mut Vec::new()).is_err());
    rig.card.power_on();
    rig.select(ALPHA);
    rig.expect(&[(QUERY, 0x63C3)]);
    let mut rig = Rig::on(rig.card.into_store());
    rig.select(ALPHA);
    rig.expect(&[(QUERY, 0x63C3)]);
    // The store in memory forgets as well.
    let mut rig = Rig::on(Box::<MemoryStore>::default());
    rig.select(ALPHA);
    rig.expect(&[(WRONG, 0x63C2)]);
    rig.card.reset_state().unwrap();
    let mut rig = Rig::on(rig.card.into_store());
    rig.select(ALPHA);
    rig.expect(&[(QUERY, 0x63C3)]);
}

#[test]
fn a_store_that_cannot_be_read_makes_no_card() {
    struct Unreadable;
    impl Store for Unreadable {
        fn load(&mut self) -> Result<State, StoreError> {
            Err(StoreError::other("unreadable"))
        }
        fn commit(&mut self, _: &Change) -> Result<(), StoreError> {
            Err(StoreError::other("unreadable"))
        }
        fn reset(&mut self) -> Result<(), StoreError> {
            Err(StoreError::other("unreadable"))
        }
    }
    let error = Card::new(
        vmyna_card_os::Parts::new(
            card_on(Box::new(Shared::default()), 0).applications(),
            vec![],
            Box::new(<rand_chacha::ChaCha20Rng as rand_core::SeedableRng>::seed_from_u64(0)),
        )
        .with_store(Box::new(Unreadable))
        .with_engine(Box::new(common::PlainEngine)),
    )
    .unwrap_err();
    assert!(matches!(&error, CardError::Store(_)), "{error}");
    assert_eq!(error.source().unwrap().to_string(), "unreadable");
}

/// One thing a host or a power cut does.
#[derive(Clone, Copy, Debug)]
enum Step {
    Verify {
        right: bool,
        first_fails: bool,
        second_fails: bool,
    },
    Change {
        fails: bool,
    },
    Reset,
    PowerCycle,
    Rebuild,
    Reselect,
    OtherApplication,
}

fn step() -> impl Strategy<Value = Step> {
    let rarely = || proptest::bool::weighted(0.2);
    prop_oneof![
        8 => (any::<bool>(), rarely(), rarely())
            .prop_map(|(right, first_fails, second_fails)| Step::Verify { right, first_fails, second_fails }),
        2 => rarely().prop_map(|fails| Step::Change { fails }),
        1 => Just(Step::Reset),
        1 => Just(Step::PowerCycle),
        1 => Just(Step::Rebuild),
        1 => Just(Step::Reselect),
        1 => Just(Step::OtherApplication),
    ]
}

/// The whole rule on one page: tries, value, right.
struct Model {
    tries: u8,
    value: u8,
    verified: bool,
}

impl Model {
    fn verify(&mut self, right: bool, first_fails: bool, second_fails: bool) -> u16 {
        if self.tries == 0 {
            return 0x6984;
        }
        if first_fails {
            return 0x6581;
        }
        self.tries -= 1;
        if !right {
            self.verified = false;
            return 0x63C0 + u16::from(self.tries);
        }
        if second_fails {
            return 0x6581;
        }
        self.tries = MAX;
        self.verified = true;
        0x9000
    }

    fn change(&mut self, fails: bool) -> u16 {
        match (self.verified, fails) {
            (false, _) => 0x6982,
            (true, true) => 0x6581,
            (true, false) => {
                self.value = 1 - self.value;
                0x9000
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn no_try_comes_back_without_the_right_pin_whatever_fails_and_when(steps in proptest::collection::vec(step(), 1..40)) {
        const VALUES: [&[u8]; 2] = [b"1234", b"5678"];
        let store = Shared::default();
        let mut rig = store.rig();
        let mut model = Model { tries: MAX, value: 0, verified: false };
        for step in steps {
            let before = model.tries;
            let mut right_pin = false;
            match step {
                Step::Verify { right, first_fails, second_fails } => {
                    store.fail([first_fails, second_fails]);
                    let value = VALUES[usize::from(if right { model.value } else { 1 - model.value })];
                    let sw = rig.sw(&format!("00200098 04 {}", hex(value)));
                    prop_assert_eq!(sw, model.verify(right, first_fails, second_fails));
                    right_pin = sw == 0x9000;
                }
                Step::Change { fails } => {
                    store.fail([fails]);
                    let new = hex(VALUES[usize::from(1 - model.value)]);
                    prop_assert_eq!(rig.sw(&format!("00240198 04 {new}")), model.change(fails));
                }
                Step::Reset => {
                    rig.card.reset().unwrap();
                }
                Step::Reselect => rig.select(ALPHA),
                Step::PowerCycle | Step::Rebuild | Step::OtherApplication => {
                    match step {
                        Step::PowerCycle => drop(rig.card.power_on().to_vec()),
                        Step::Rebuild => rig = store.rig(),
                        _ => rig.select(common::BETA),
                    }
                    rig.select(ALPHA);
                    model.verified = false;
                }
            }
            store.fail([]);
            prop_assert!(model.tries <= before || right_pin, "{:?} gave a try back", step);
            prop_assert_eq!(rig.sw(QUERY), 0x63C0 + u16::from(model.tries), "after {:?}", step);
            prop_assert_eq!(rig.send(READ).1, if model.verified { 0x9000 } else { 0x6982 }, "after {:?}", step);
        }
    }
}
