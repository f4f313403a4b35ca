//! The disk fails: any write, any sync, of a device that is full or broken, in random sequences of commands.
//!
//! The rule: the command answers 6581 and everything is as before, except that a consumed try stays consumed and a change
//! that was under way may show after the card was started again. Until then the card keeps nothing more.

use std::io::ErrorKind;

use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use vmyna_apdu::{Aid, FileId};
use vmyna_card_os::declaration::{ObjectId, ReferenceData};
use vmyna_card_os::state::durable::DurableStore;
use vmyna_card_os::state::{Change, PinReplacement, Replacement, Store, StoreError, StoreErrorKind};

use crate::common::{ALPHA, Rig, hex};
use crate::disk::{Arriving, Disk, Fault, survivor};

const IDENTITY: [u8; 32] = [0x33; 32];
const MAX: u8 = 3;
const VALUES: [&str; 2] = ["1234", "5678"];

/// What a host and a disk do.
#[derive(Clone, Copy, Debug)]
enum Step {
    Verify {
        right: bool,
    },
    Change,
    Fail(Fault),
    /// The card is started again, on the same disk or, behind a power cut, on what is left of it.
    Start {
        cut: Option<Arriving>,
        failing: Option<Fault>,
    },
}

fn fault() -> impl Strategy<Value = Fault> {
    let kind = prop_oneof![Just(ErrorKind::StorageFull), Just(ErrorKind::Other)];
    prop_oneof![
        (0..24u32, kind.clone()).prop_map(|(after, kind)| Fault::Write(after, kind)),
        (0..6u32, kind).prop_map(|(after, kind)| Fault::Sync(after, kind)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let cut = prop_oneof![
        Just(None),
        Just(Some(Arriving::Nothing)),
        Just(Some(Arriving::Prefix)),
        Just(Some(Arriving::Subset)),
    ];
    prop_oneof![
        8 => any::<bool>().prop_map(|right| Step::Verify { right }),
        3 => Just(Step::Change),
        3 => fault().prop_map(Step::Fail),
        3 => (cut, proptest::option::weighted(0.3, fault())).prop_map(|(cut, failing)| Step::Start { cut, failing }),
    ]
}

/// Tries left and which of the values.
type Pin = (u8, usize);

/// What the card has promised.
struct Model {
    /// The PIN as the running card has it.
    pin: Pin,
    verified: bool,
    /// Where a change failed, what the disk may have instead.
    instead: Option<Pin>,
}

struct Bench {
    disk: Disk,
    rig: Rig,
    model: Model,
    rng: ChaCha20Rng,
}

fn rig_on(disk: &Disk) -> Result<Rig, StoreError> {
    let mut rig = Rig::on(Box::new(DurableStore::open_on(disk.clone(), &IDENTITY)?));
    rig.select(ALPHA);
    Ok(rig)
}

impl Bench {
    fn new(disk: Disk) -> Self {
        Self {
            rig: rig_on(&disk).unwrap(),
            disk,
            model: Model {
                pin: (MAX, 0),
                verified: false,
                instead: None,
            },
            rng: ChaCha20Rng::seed_from_u64(7),
        }
    }

    fn tries(&mut self) -> u8 {
        let sw = self.rig.sw("00200098");
        assert_eq!(sw & 0xFFF0, 0x63C0, "{sw:04X}");
        (sw & 0x0F) as u8
    }

    fn verify(&mut self, value: &str) -> u16 {
        self.rig.sw(&format!("00200098 04 {}", hex(value.as_bytes())))
    }

    /// Sends a command that changes the PIN to each of `steps` in turn and answers `success` then.
    fn change_to(&mut self, steps: &[Pin], verified: bool, success: u16, send: impl FnOnce(&mut Self) -> u16) {
        let before = self.model.pin;
        let failed_before = self.model.instead.is_some();
        let sw = send(self);
        if sw == success && !failed_before {
            self.model.pin = *steps.last().unwrap();
            self.model.verified = verified;
        } else {
            assert_eq!(sw, 0x6581, "what is not kept is refused");
            if !failed_before {
                // Which of the commits failed shows in the counter, and nowhere else.
                let tries = self.tries();
                let so_far = [before].into_iter().chain(steps.iter().copied());
                let failed = so_far.zip(steps).find(|(kept, _)| kept.0 == tries);
                let (kept, lost) = failed.expect("a counter that the command can't have left");
                self.model.pin = kept;
                self.model.instead = Some(*lost);
            }
        }
    }

    fn step(&mut self, step: Step) {
        let (tries, value) = self.model.pin;
        match step {
            Step::Verify { .. } if tries == 0 => assert_eq!(self.verify(VALUES[value]), 0x6984),
            Step::Verify { right: true } => {
                let steps = [(tries - 1, value), (MAX, value)];
                self.change_to(&steps, true, 0x9000, |bench| bench.verify(VALUES[value]));
            }
            Step::Verify { right: false } => {
                let success = 0x63C0 + u16::from(tries - 1);
                self.change_to(&[(tries - 1, value)], false, success, |bench| {
                    bench.verify(VALUES[1 - value])
                });
            }
            Step::Change => {
                let command = format!("00240198 04 {}", hex(VALUES[1 - value].as_bytes()));
                if self.model.verified {
                    self.change_to(&[(tries, 1 - value)], true, 0x9000, |bench| bench.rig.sw(&command));
                } else {
                    assert_eq!(self.rig.sw(&command), 0x6982);
                }
            }
            Step::Fail(fault) => self.disk.fail(Some(fault)),
            Step::Start { cut, failing } => self.start(cut, failing),
        }
        assert_eq!(self.tries(), self.model.pin.0, "after {step:?}");
        let read = self.rig.send("00B08700 00").1;
        assert_eq!(
            read,
            if self.model.verified { 0x9000 } else { 0x6982 },
            "after {step:?}"
        );
    }

    fn start(&mut self, cut: Option<Arriving>, failing: Option<Fault>) {
        // The old process ends first, and writes as it does so, if it still can.
        self.rig = Rig::at_alpha();
        self.disk.fail(failing);
        if failing.is_some() {
            // A start that fails says so, and loses nothing.
            match rig_on(&self.disk) {
                Ok(_)
                | Err(StoreError {
                    kind: StoreErrorKind::Io(_),
                    ..
                }) => {}
                Err(error) => panic!("{error}"),
            }
            self.disk.fail(None);
        }
        if let Some(arriving) = cut {
            let (base, ops) = self.disk.history();
            self.disk = Disk::new(survivor(&base, &ops, ops.len(), 0, arriving, &mut self.rng), Vec::new());
        }
        self.rig = rig_on(&self.disk).expect("no failure damages a state");
        self.model.verified = false;
        let Some(instead) = self.model.instead.take() else {
            return;
        };
        // The doubt ends: it is the one or the other.
        let tries = self.tries();
        if instead.0 == tries && (instead.0 != self.model.pin.0 || self.verify_new(instead)) {
            self.model.pin = instead;
        }
    }

    /// Whether the changed value is the valid one; asks by a VERIFY, which counts.
    fn verify_new(&mut self, (tries, value): Pin) -> bool {
        let new = match self.verify(VALUES[value]) {
            0x9000 => true,
            sw => {
                assert_eq!(sw, 0x63C0 + u16::from(tries - 1), "neither of the values");
                assert_eq!(self.verify(VALUES[1 - value]), 0x9000, "neither of the values");
                false
            }
        };
        // A change needs the right PIN, which gave back all tries: so they are again.
        assert_eq!(tries, MAX);
        self.model.verified = true;
        new
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]
    #[test]
    fn whatever_fails_no_try_comes_back_and_nothing_is_kept_until_the_card_is_started_again(
        steps in proptest::collection::vec(step(), 1..50),
    ) {
        let mut bench = Bench::new(Disk::default());
        for step in steps {
            bench.step(step);
        }
    }
}

/// Sends `command` to a card with `before` behind it while `fault` lies ahead. Returns the card if the fault was met.
fn meets(before: &[Step], command: Step, fault: Fault) -> Option<Bench> {
    let mut bench = Bench::new(Disk::default());
    for step in before {
        bench.step(*step);
    }
    bench.step(Step::Fail(fault));
    bench.step(command);
    bench.model.instead.is_some().then_some(bench)
}

#[test]
fn every_write_and_every_sync_of_every_command_may_fail() {
    const RIGHT: Step = Step::Verify { right: true };
    const WRONG: Step = Step::Verify { right: false };
    let table: [(&[Step], Step); 5] = [
        (&[], WRONG),
        (&[WRONG], WRONG),
        (&[WRONG], RIGHT),
        (&[WRONG, WRONG], RIGHT),
        (&[RIGHT], Step::Change),
    ];
    let full = ErrorKind::StorageFull;
    let kinds: [fn(u32) -> Fault; 2] = [
        |after| Fault::Write(after, ErrorKind::StorageFull),
        |after| Fault::Sync(after, ErrorKind::Other),
    ];
    let starts = [
        None,
        Some(Arriving::Nothing),
        Some(Arriving::Prefix),
        Some(Arriving::Subset),
    ];
    let mut met = 0;
    for (before, command) in table {
        for kind in kinds {
            let mut after = 0;
            while let Some(mut bench) = meets(before, command, kind(after)) {
                // Also when the disk works again.
                bench.disk.fail(None);
                for step in [WRONG, RIGHT, Step::Change] {
                    bench.step(step);
                }
                for cut in starts {
                    let mut bench = meets(before, command, kind(after)).unwrap();
                    bench.step(Step::Start { cut, failing: None });
                    // What the card told after this start holds, even if the failed sync never reached the disk.
                    for cut in starts {
                        bench.step(Step::Start { cut, failing: None });
                    }
                    bench.step(RIGHT);
                }
                after += 1;
                met += 1;
            }
            assert!(after > 0, "{command:?} meets no {:?}", kind(0));
        }
    }
    println!(
        "counted: failures: {met} writes and syncs of {} commands failed with {full} or otherwise",
        table.len()
    );
}

/// The operation in a card; its PIN and record must be of that operation too: 0 as issued and after two wrong PINs.
fn operation_in(rig: &mut Rig) -> u8 {
    let operation = rig.card.operation().map_or(0, |operation| operation[0]);
    let record = rig.card.record().map(<[u8]>::to_vec);
    let expected = (operation > 0).then(|| vec![operation; 9_000]);
    assert!(record == expected, "another record than that of operation {operation}");
    assert_eq!(rig.sw("00200098"), if operation == 0 { 0x63C1 } else { 0x63C3 });
    operation
}

#[test]
fn every_write_and_every_sync_of_a_replacement_may_fail() {
    let replacement = |operation: u8| {
        let mut replacement = Replacement::new([operation; 16]);
        replacement.record = Some(vec![operation; 9_000].into());
        let pin = ObjectId {
            aid: Aid::new(&crate::common::bytes(ALPHA)).unwrap(),
            file: FileId::new(0x18),
        };
        let value = ReferenceData::new(b"5555");
        replacement.pins.insert(pin, PinReplacement::Value(value, MAX));
        Change::Replacement(replacement)
    };
    // Operation `before` + 1 fails; the disk and its card are returned if it met the fault.
    let meets = |before: u8, fault: Fault| {
        let disk = Disk::default();
        let mut rig = rig_on(&disk).unwrap();
        rig.expect(&[("00200098 04 31323335", 0x63C2), ("00200098 04 31323335", 0x63C1)]);
        for operation in 1..=before {
            rig.card.change(&replacement(operation), None).unwrap();
        }
        disk.fail(Some(fault));
        let failed = rig.card.change(&replacement(before + 1), None).is_err();
        disk.fail(None);
        failed.then_some((disk, rig))
    };
    let mut rng = ChaCha20Rng::seed_from_u64(9);
    let (mut met, mut old, mut new) = (0, 0, 0);
    for before in 0..=2 {
        let kinds: [fn(u32) -> Fault; 2] = [
            |after| Fault::Write(after, ErrorKind::StorageFull),
            |after| Fault::Sync(after, ErrorKind::Other),
        ];
        for kind in kinds {
            let mut after = 0;
            while let Some((disk, mut rig)) = meets(before, kind(after)) {
                // The card works on, as before. Its power is as it was: on, unless operations before have taken it.
                rig.card.power_on();
                rig.select(ALPHA);
                assert_eq!(operation_in(&mut rig), before);
                assert!(rig.card.change(&replacement(before + 1), None).is_err());
                drop(rig);
                for cut in [
                    None,
                    Some(Arriving::Nothing),
                    Some(Arriving::Prefix),
                    Some(Arriving::Subset),
                ] {
                    let (base, ops) = disk.history();
                    let left = match cut {
                        None => disk.clone(),
                        Some(cut) => Disk::new(survivor(&base, &ops, ops.len(), 0, cut, &mut rng), Vec::new()),
                    };
                    let mut rig = rig_on(&left).expect("no failure damages a state");
                    match operation_in(&mut rig) {
                        found if found == before => old += 1,
                        found => {
                            assert_eq!(found, before + 1);
                            new += 1;
                        }
                    }
                    // Repeated, it is done once, whatever was there.
                    rig.card.change(&replacement(before + 1), None).unwrap();
                    rig.card.power_on();
                    rig.select(ALPHA);
                    assert_eq!(operation_in(&mut rig), before + 1);
                }
                after += 1;
                met += 1;
            }
            assert!(after > 0, "operation {} meets no {:?}", before + 1, kind(0));
        }
    }
    println!("counted: failures of replacements: {met}; then {old} times the card before, {new} times the one after");
}

#[test]
fn a_way_back_to_the_card_as_issued_that_fails_changes_nothing_or_is_the_last_thing_done() {
    const QUERY: &str = "00200098";
    const WRONG: &str = "00200098 04 31323335";
    let disk = Disk::default();
    let mut rig = rig_on(&disk).unwrap();
    assert_eq!(rig.sw(WRONG), 0x63C2);
    disk.fail(Some(Fault::Write(0, ErrorKind::PermissionDenied)));
    assert!(rig.card.reset_state().is_err());
    disk.fail(None);
    assert_eq!(rig.sw(WRONG), 0x63C1);
    // It may come back after a power cut.
    disk.fail(Some(Fault::Sync(0, ErrorKind::Other)));
    assert!(rig.card.reset_state().is_err());
    disk.fail(None);
    assert_eq!((rig.sw(WRONG), rig.sw(QUERY)), (0x6581, 0x63C1));
    // Done again, it lasts, and the card with it.
    rig.card.reset_state().unwrap();
    rig.card.power_on();
    rig.select(ALPHA);
    assert_eq!((rig.sw(QUERY), rig.sw(WRONG)), (0x63C3, 0x63C2));
}

#[test]
fn after_a_full_disk_the_store_stops_and_names_that_error() {
    use std::error::Error;
    let disk = Disk::default();
    let mut store = DurableStore::open_on(disk.clone(), &IDENTITY).unwrap();
    let change = Change::PinTries {
        object: ObjectId {
            aid: Aid::new(&[1]).unwrap(),
            file: FileId::new(0x18),
        },
        tries_left: 1,
    };
    disk.fail(Some(Fault::Write(1, ErrorKind::StorageFull)));
    let first = store.commit(&change).unwrap_err();
    assert!(
        matches!(&first.kind, StoreErrorKind::Io(io) if io.error.kind() == ErrorKind::StorageFull),
        "{first:?}"
    );
    assert_eq!(first.place, "the disk");
    disk.fail(None);
    for error in [store.commit(&change).unwrap_err(), store.load().unwrap_err()] {
        assert!(matches!(error.kind, StoreErrorKind::Stopped(_)), "{error:?}");
        assert_eq!(error.source().unwrap().to_string(), first.to_string());
    }
}
