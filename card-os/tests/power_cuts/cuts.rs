//! The power cuts.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use vmyna_apdu::{Aid, FileId};
use vmyna_card_os::declaration::{ObjectId, ReferenceData};
use vmyna_card_os::state::durable::DurableStore;
use vmyna_card_os::state::{Change, PinReplacement, Replacement, State, Store, StoreError};

use crate::common::free::{self, FREE, LONG, RECORDS};
use crate::common::{ALPHA, Rig, hex, pattern};
use crate::disk::{Arriving, Disk, Image, Mark, Op, survivor};

const IDENTITY: [u8; 32] = [0x5A; 32];

/// A store that writes down on its disk when a commit begins and when it is told to be done.
struct Marked {
    store: DurableStore<Disk>,
    disk: Disk,
}

impl Store for Marked {
    fn load(&mut self) -> Result<State, StoreError> {
        self.store.load()
    }

    fn commit(&mut self, change: &Change) -> Result<(), StoreError> {
        self.disk.mark(Mark::Begun);
        let done = self.store.commit(change);
        if done.is_ok() {
            self.disk.mark(Mark::Done);
        }
        done
    }

    fn reset(&mut self) -> Result<(), StoreError> {
        self.disk.mark(Mark::Begun);
        self.store.reset().inspect(|()| self.disk.mark(Mark::Done))
    }
}

/// A card of the applications of others on this disk, FREE selected.
fn free_on(disk: &Disk) -> Result<Rig, StoreError> {
    let store = DurableStore::open_on(disk.clone(), &IDENTITY)?;
    Ok(free::on(Box::new(Marked {
        store,
        disk: disk.clone(),
    })))
}

/// A card on this disk with alpha selected.
fn card_on(disk: &Disk) -> Result<Rig, StoreError> {
    let store = DurableStore::open_on(disk.clone(), &IDENTITY)?;
    let mut rig = Rig::on(Box::new(Marked {
        store,
        disk: disk.clone(),
    }));
    rig.select(ALPHA);
    Ok(rig)
}

/// What a host can find out about a PIN, and what the card's record and last operation are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Legal {
    tries: u8,
    value: &'static str,
    /// The number of the last operation, and the letter that its record is made of.
    replaced: Option<(u8, u8)>,
    /// What commands have changed in FREE; `None` in a scenario of a PIN.
    kept: Option<Kept>,
}

/// What a host can find out about the files and the key of FREE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Kept {
    /// The letter of which EF 0007 is made; 0 as issued.
    file: u8,
    /// How many records EF 000C has, and the first byte of the first.
    records: (u8, u8),
    /// Which of the keys that were made EF 0015 has, from 1; 0 for none.
    key: u8,
}

/// A state of FREE.
const fn kept(file: u8, records: (u8, u8), key: u8) -> Legal {
    Legal {
        tries: 0,
        value: "",
        replaced: None,
        kept: Some(Kept { file, records, key }),
    }
}

/// FREE as issued.
const ISSUED: Legal = kept(0, (RECORDS as u8, 1), 0);

const fn legal(tries: u8, value: &'static str) -> Legal {
    Legal {
        tries,
        value,
        replaced: None,
        kept: None,
    }
}

/// The same after operation 1 or 2, with a record of this letter.
const fn replaced(operation: u8, letter: u8, Legal { tries, value, .. }: Legal) -> Legal {
    Legal {
        tries,
        value,
        replaced: Some((operation, letter)),
        kept: None,
    }
}

/// A command during which the power is cut.
struct Scenario {
    /// P2 of the commands for the PIN, or [`FILES`].
    pin: &'static str,
    /// What happens before, with the power on.
    before: &'static [&'static str],
    command: &'static str,
    answer: u16,
    /// What the state is before the command and after each of its commits.
    states: &'static [Legal],
    /// The other value that the PIN could have.
    other: &'static str,
}

const WRONG: &str = "00200098 04 31323335";
const RIGHT: &str = "00200098 04 31323334";
/// No command: the card goes back to what it was issued as.
const RESET_STATE: &str = "reset-state";
/// No command: the PINs are as recorded.
const RESET_PINS: &str = "reset-pins";
/// No command: operations 1 and 2. The first gives the PIN a value, the second makes it as recorded.
const REPLACE: [&str; 2] = ["replace A", "replace B"];
/// Commands that write the whole of EF 0007.
const UPDATE: [&str; 2] = ["update A", "update B"];
/// Makes a key in EF 0015.
const GENERATE: &str = "00468095 00";
/// No command: an operation drops all that the state keeps of FREE.
const DROP: &str = "drop";
/// Longer than two pages of the library.
const RECORD: usize = 9_000;

/// The change behind a name that is no command.
fn change(name: &str) -> Option<Change> {
    let pin = ObjectId {
        aid: Aid::new(&crate::common::bytes(ALPHA)).unwrap(),
        file: FileId::new(0x18),
    };
    let (operation, letter, becomes) = match name {
        RESET_PINS => return Some(Change::PinsAsRecorded),
        DROP => {
            let mut replacement = Replacement::new([3; 16]);
            replacement
                .dropped
                .insert(Aid::new(&crate::common::bytes(FREE)).unwrap());
            return Some(Change::Replacement(replacement));
        }
        _ if name == REPLACE[0] => (1, b'A', PinReplacement::Value(ReferenceData::new(b"5555"), 3)),
        _ if name == REPLACE[1] => (2, b'B', PinReplacement::AsRecorded),
        _ => return None,
    };
    let mut replacement = Replacement::new([operation; 16]);
    replacement.record = Some(vec![letter; RECORD].into());
    replacement.pins.insert(pin, becomes);
    Some(Change::Replacement(replacement))
}

/// Does what a scenario names: a command, or a change that no command can make. A public key that the card answers is
/// added to the keys.
fn perform(rig: &mut Rig, name: &str, keys: &mut Vec<Vec<u8>>) -> u16 {
    if let Some(letter) = UPDATE.contains(&name).then(|| name.as_bytes()[name.len() - 1]) {
        return rig.sw(&format!("00D68700 00{LONG:04X} {}", hex(&[letter; LONG])));
    }
    if name == GENERATE {
        let (key, sw) = rig.send(name);
        keys.push(key);
        return sw;
    }
    let done = match change(name) {
        Some(change) => rig.card.change(&change, None).is_ok(),
        None if name == RESET_STATE => rig.card.reset_state().is_ok(),
        None => return rig.sw(name),
    };
    rig.card.power_on();
    rig.select(ALPHA);
    if done { 0x9000 } else { 0x6581 }
}

/// In place of a PIN: the scenario is about the files and the key of FREE.
const FILES: &str = "";
/// Something of another PIN, so that there is a state.
const USED: &str = "00200099 06 313131313131";

/// Declares the scenarios. Each becomes two tests, a bounded and a thorough one, so that none can be declared and not run.
macro_rules! scenarios {
    ($($name:ident: $scenario:expr,)*) => {
        $(
            #[test]
            fn $name() {
                const SCENARIO: Scenario = $scenario;
                run(stringify!($name), &SCENARIO, BOUNDED);
            }
        )*

        mod thorough {
            use super::{DROP, FILES, GENERATE, ISSUED, REPLACE, RESET_PINS, RESET_STATE, RIGHT, Scenario, THOROUGH, UPDATE, USED, WRONG, kept, legal, replaced, run};

            $(
                #[test]
                #[ignore = "takes long; `make test-heavy`"]
                fn $name() {
                    const SCENARIO: Scenario = $scenario;
                    run(stringify!($name), &SCENARIO, THOROUGH);
                }
            )*
        }
    };
}

scenarios! {
    wrong_pin_as_the_first_change_of_a_card: Scenario {
        pin: "98",
        before: &[],
        command: WRONG,
        answer: 0x63C2,
        states: &[legal(3, "1234"), legal(2, "1234")],
        other: "5555",
    },
    right_pin_as_the_first_change_of_a_card: Scenario {
        pin: "98",
        before: &[],
        command: RIGHT,
        answer: 0x9000,
        states: &[legal(3, "1234"), legal(2, "1234"), legal(3, "1234")],
        other: "5555",
    },
    wrong_pin_with_all_tries_left: Scenario {
        pin: "98",
        before: &[USED],
        command: WRONG,
        answer: 0x63C2,
        states: &[legal(3, "1234"), legal(2, "1234")],
        other: "5555",
    },
    wrong_pin_at_the_last_try: Scenario {
        pin: "98",
        before: &[WRONG, WRONG],
        command: WRONG,
        answer: 0x63C0,
        states: &[legal(1, "1234"), legal(0, "1234")],
        other: "5555",
    },
    right_pin_with_all_tries_left: Scenario {
        pin: "98",
        before: &[USED],
        command: RIGHT,
        answer: 0x9000,
        states: &[legal(3, "1234"), legal(2, "1234"), legal(3, "1234")],
        other: "5555",
    },
    right_pin_with_two_tries_left: Scenario {
        pin: "98",
        before: &[WRONG],
        command: RIGHT,
        answer: 0x9000,
        states: &[legal(2, "1234"), legal(1, "1234"), legal(3, "1234")],
        other: "5555",
    },
    right_pin_at_the_last_try: Scenario {
        pin: "98",
        before: &[WRONG, WRONG],
        command: RIGHT,
        answer: 0x9000,
        states: &[legal(1, "1234"), legal(0, "1234"), legal(3, "1234")],
        other: "5555",
    },
    change_reference_data: Scenario {
        pin: "98",
        before: &[RIGHT],
        command: "00240198 04 35353535",
        answer: 0x9000,
        states: &[legal(3, "1234"), legal(3, "5555")],
        other: "9999",
    },
    change_key_of_a_pin_changed_before: Scenario {
        pin: "9A",
        before: &[
            "0020009A 04 37373737",
            "8032009A 04 38383838",
            "0020009A 04 31313131",
            "0020009A 04 38383838",
        ],
        command: "8032009A 04 39393939",
        answer: 0x9000,
        states: &[legal(10, "8888"), legal(10, "9999")],
        other: "7777",
    },
    reset_to_the_card_as_issued: Scenario {
        pin: "98",
        before: &[RIGHT, "00240198 04 35353535", WRONG, WRONG],
        command: RESET_STATE,
        answer: 0x9000,
        states: &[legal(1, "5555"), legal(3, "1234")],
        other: "9999",
    },
    replacement_as_the_first_change_of_a_card: Scenario {
        pin: "98",
        before: &[],
        command: REPLACE[0],
        answer: 0x9000,
        states: &[legal(3, "1234"), replaced(1, b'A', legal(3, "5555"))],
        other: "9999",
    },
    replacement_in_a_card_with_a_blocked_pin: Scenario {
        pin: "98",
        before: &[WRONG, WRONG, WRONG],
        command: REPLACE[0],
        answer: 0x9000,
        states: &[legal(0, "1234"), replaced(1, b'A', legal(3, "5555"))],
        other: "9999",
    },
    replacement_in_a_card_in_which_something_was_replaced: Scenario {
        pin: "98",
        before: &[REPLACE[0], WRONG],
        command: REPLACE[1],
        answer: 0x9000,
        states: &[
            replaced(1, b'A', legal(2, "5555")),
            replaced(2, b'B', legal(3, "1234")),
        ],
        other: "9999",
    },
    reset_of_the_pins_alone: Scenario {
        pin: "98",
        before: &[REPLACE[0], WRONG],
        command: RESET_PINS,
        answer: 0x9000,
        states: &[
            replaced(1, b'A', legal(2, "5555")),
            replaced(1, b'A', legal(3, "1234")),
        ],
        other: "9999",
    },
    reset_of_a_card_in_which_something_was_replaced: Scenario {
        pin: "98",
        before: &[REPLACE[0], WRONG],
        command: RESET_STATE,
        answer: 0x9000,
        states: &[replaced(1, b'A', legal(2, "5555")), legal(3, "1234")],
        other: "9999",
    },
    update_binary_as_the_first_change_of_a_card: Scenario {
        pin: FILES,
        before: &[],
        command: UPDATE[0],
        answer: 0x9000,
        states: &[ISSUED, kept(b'A', (3, 1), 0)],
        other: "",
    },
    update_binary_of_a_file_updated_before: Scenario {
        pin: FILES,
        before: &["00200098 04 30303030", UPDATE[0]],
        command: UPDATE[1],
        answer: 0x9000,
        states: &[kept(b'A', (3, 1), 0), kept(b'B', (3, 1), 0)],
        other: "",
    },
    update_record: Scenario {
        pin: FILES,
        before: &["00DC0164 01 77"],
        command: "00DC0164 02 8888",
        answer: 0x9000,
        states: &[kept(0, (3, 0x77), 0), kept(0, (3, 0x88), 0)],
        other: "",
    },
    append_record: Scenario {
        pin: FILES,
        before: &["00E20060 01 77"],
        command: "00E20060 10 88888888888888888888888888888888",
        answer: 0x9000,
        states: &[kept(0, (4, 1), 0), kept(0, (5, 1), 0)],
        other: "",
    },
    generate_key_pair_as_the_first_change_of_a_card: Scenario {
        pin: FILES,
        before: &[],
        command: GENERATE,
        answer: 0x9000,
        states: &[ISSUED, kept(0, (3, 1), 1)],
        other: "",
    },
    generate_key_pair_in_place_of_another: Scenario {
        pin: FILES,
        before: &[GENERATE],
        command: GENERATE,
        answer: 0x9000,
        states: &[kept(0, (3, 1), 1), kept(0, (3, 1), 2)],
        other: "",
    },
    removal_of_an_application: Scenario {
        pin: FILES,
        before: &[UPDATE[0], "00DC0164 01 77", GENERATE],
        command: DROP,
        answer: 0x9000,
        states: &[kept(b'A', (3, 0x77), 1), ISSUED],
        other: "",
    },
}

/// How many cuts there were.
#[derive(Default)]
struct Count {
    first: u64,
    second: u64,
    kills: u64,
    /// Different disks among them, each of which a card was put on.
    disks: u64,
}

/// How many of the cuts are made. Those between two operations always are, and are always followed by second ones.
#[derive(Clone, Copy)]
struct Effort {
    /// Of the bytes of a write one in so many, at random; 1 for each of them.
    one_byte_in: u32,
    /// One such cut in so many is followed by second ones.
    one_second_in: u32,
    /// Bytes of each write of the recovery at which there is a cut, besides its beginning and end.
    second_bytes: usize,
}

struct Run<'a> {
    name: &'a str,
    scenario: &'a Scenario,
    effort: Effort,
    rng: ChaCha20Rng,
    seen: HashSet<u64>,
    count: Count,
    /// The public keys that the card has answered, in their order.
    keys: Vec<Vec<u8>>,
}

impl Run<'_> {
    /// Puts a card on what is left of a disk: the PIN must be in one of these states, which is returned.
    fn check(&mut self, disk: &Disk, legal: &[Legal], story: &str) -> (Legal, usize) {
        let Scenario { pin, other, .. } = self.scenario;
        let name = self.name;
        if *pin == FILES {
            return self.check_files(disk, legal, story);
        }
        let rig = card_on(disk);
        let mut rig = rig.unwrap_or_else(|error| panic!("{name}, {story}: a power cut damages no state: {error}"));
        let recovery = disk.operations();
        let (_, sw) = rig.send(&format!("002000{pin}"));
        let tries = (sw & 0x0F) as u8;
        assert_eq!(sw, 0x63C0 + u16::from(tries), "{name}, {story}: no counter");
        if *pin == "98" {
            assert_eq!(
                rig.send("00B08700 00").1,
                0x6982,
                "{name}, {story}: verified without VERIFY"
            );
        }
        let record = rig.card.record().map(<[u8]>::to_vec);
        let now = rig.card.operation().map(|operation| {
            let record = record.as_deref().unwrap_or_default();
            assert!(
                record.len() == RECORD && record.iter().all(|byte| *byte == record[0]),
                "{name}, {story}: a record that no operation has written"
            );
            (operation[0], record[0])
        });
        assert!(
            now.is_some() || record.is_none(),
            "{name}, {story}: a record without operation"
        );
        // The blocked PIN has a value too, but nobody can ask for it.
        let verify = |rig: &mut Rig, value: &str| rig.sw(&format!("002000{pin} 04 {}", hex(value.as_bytes())));
        let found = legal.iter().find(|legal| {
            (legal.tries, legal.replaced) == (tries, now) && (tries == 0 || verify(&mut rig, legal.value) == 0x9000)
        });
        let found =
            *found.unwrap_or_else(|| panic!("{name}, {story}: {tries} tries left, {now:?}, legal are {legal:?}"));
        if tries > 0 {
            let left = verify(&mut rig, other);
            assert!(
                (0x63C0..0x63CA).contains(&left),
                "{name}, {story}: a wrong PIN answers {left:04X}"
            );
            assert_eq!(
                rig.send("00B08700 00").1,
                0x6982,
                "{name}, {story}: verified by a wrong PIN"
            );
        }
        (found, recovery)
    }

    /// Puts a card on what is left of a disk: files and key of FREE must be in one of these states, which is returned.
    fn check_files(&self, disk: &Disk, legal: &[Legal], story: &str) -> (Legal, usize) {
        let name = self.name;
        let rig = free_on(disk);
        let mut rig = rig.unwrap_or_else(|error| panic!("{name}, {story}: a power cut damages no state: {error}"));
        let recovery = disk.operations();
        let (file, sw) = rig.send("00B08700 000000");
        assert_eq!((file.len(), sw), (LONG, 0x9000), "{name}, {story}");
        let letter = if file == pattern(LONG) { 0 } else { file[0] };
        let whole = letter == 0 || file.iter().all(|byte| *byte == letter);
        assert!(whole, "{name}, {story}: a file that no command has written");
        let records = (1..=6).map(|number| rig.send(&format!("00B2{number:02X}64 00")));
        let records: Vec<_> = records
            .take_while(|(_, sw)| *sw == 0x9000)
            .map(|(record, _)| record)
            .collect();
        for record in &records {
            assert!(
                record.iter().all(|byte| *byte == record[0]),
                "{name}, {story}: no record"
            );
        }
        let (key, sw) = rig.send("00468195 00");
        let key = match sw {
            0x6A88 => 0,
            _ => {
                1 + self
                    .keys
                    .iter()
                    .position(|made| *made == key)
                    .expect("a key that was made")
            }
        };
        let found = Kept {
            file: letter,
            records: (records.len() as u8, records[0][0]),
            key: key as u8,
        };
        let found = legal.iter().find(|legal| legal.kept == Some(found));
        let found =
            *found.unwrap_or_else(|| panic!("{name}, {story}: {letter} {records:?} {key}, legal are {legal:?}"));
        (found, recovery)
    }

    /// A disk after a cut: checks it, and cuts again while it recovers.
    fn cut_again(&mut self, disk: &Disk, legal: &[Legal], story: &str) {
        let pending = disk.operations();
        let (base, _) = disk.history();
        let (found, end) = self.check(disk, legal, story);
        let (_, mut ops) = disk.history();
        ops.truncate(end);
        for cut in pending..=end {
            // Once the card has told its state, that state lasts.
            let legal = if cut == end { &[found][..] } else { legal };
            let bytes = ops.get(cut).map_or(1, Op::bytes);
            let sample: Vec<usize> = (0..self.effort.second_bytes)
                .filter(|_| bytes > 1)
                .map(|_| 1 + self.rng.next_u32() as usize % (bytes - 1))
                .collect();
            for torn in [0].into_iter().chain(sample) {
                for arriving in Arriving::ALL {
                    self.count.second += 1;
                    let image = survivor(&base, &ops, cut, torn, arriving, &mut self.rng);
                    if self.is_new(&image, legal) {
                        let story =
                            format!("{story}, then at byte {torn} of operation {cut} of the recovery, {arriving:?}");
                        self.check(&Disk::new(image, Vec::new()), legal, &story);
                    }
                }
            }
        }
    }

    fn is_new(&mut self, image: &Image, legal: &[Legal]) -> bool {
        let mut hasher = DefaultHasher::new();
        (image, legal).hash(&mut hasher);
        let new = self.seen.insert(hasher.finish());
        self.count.disks += u64::from(new);
        new
    }
}

/// Cuts everywhere in a scenario.
fn run(name: &str, scenario: &Scenario, mut effort: Effort) {
    // These write several times as many bytes. The thorough form cuts at each of them.
    if scenario.pin == FILES && effort.one_byte_in > 1 {
        effort.one_byte_in *= 4;
    }
    let disk = Disk::default();
    let mut keys = Vec::new();
    let mut rig = match scenario.pin {
        FILES => free_on(&disk).unwrap(),
        _ => card_on(&disk).unwrap(),
    };
    for command in scenario.before {
        perform(&mut rig, command, &mut keys);
    }
    disk.start_afresh();
    assert_eq!(
        perform(&mut rig, scenario.command, &mut keys),
        scenario.answer,
        "{name}"
    );
    let answered = disk.operations();
    // The end of the process writes as well: the answer must hold through that.
    drop(rig);
    let (base, ops) = disk.history();
    let marks = disk.marks();
    let commits = |mark: Mark, cut: usize| marks.iter().filter(|(at, what)| *what == mark && *at <= cut).count();
    assert_eq!(commits(Mark::Done, answered) + 1, scenario.states.len(), "{name}");
    let mut run = Run {
        name,
        scenario,
        effort,
        rng: ChaCha20Rng::seed_from_u64(ops.len() as u64),
        seen: HashSet::new(),
        count: Count::default(),
        keys,
    };
    for cut in 0..=ops.len() {
        let (done, begun) = (commits(Mark::Done, cut), commits(Mark::Begun, cut));
        let legal = &scenario.states[done..=begun];
        for torn in 0..ops.get(cut).map_or(1, Op::bytes) {
            if torn > 0 && !run.rng.next_u32().is_multiple_of(effort.one_byte_in) {
                continue;
            }
            for arriving in Arriving::ALL {
                run.count.first += 1;
                let image = survivor(&base, &ops, cut, torn, arriving, &mut run.rng);
                if !run.is_new(&image, legal) {
                    continue;
                }
                let story = format!("cut at byte {torn} of operation {cut}, {arriving:?}");
                let left = Disk::new(image, Vec::new());
                if torn == 0 || run.rng.next_u32().is_multiple_of(effort.one_second_in) {
                    run.cut_again(&left, legal, &story);
                } else {
                    run.check(&left, legal, &story);
                }
            }
        }
        // The process is killed, and the power is cut while the next one recovers.
        run.count.kills += 1;
        run.cut_again(
            &Disk::new(base.clone(), ops[..cut].to_vec()),
            legal,
            &format!("killed at operation {cut}"),
        );
    }
    let Count {
        first,
        second,
        kills,
        disks,
    } = run.count;
    println!(
        "counted: power cuts: {name}: {first} first cuts, {second} during recovery, {kills} kills; {disks} different disks"
    );
}

/// Everywhere between operations, and here and there within them.
const BOUNDED: Effort = Effort {
    one_byte_in: 40,
    one_second_in: 200,
    second_bytes: 1,
};
/// At every byte, and again at a few bytes of every operation of one recovery in fifty.
const THOROUGH: Effort = Effort {
    one_byte_in: 1,
    one_second_in: 50,
    second_bytes: 3,
};
