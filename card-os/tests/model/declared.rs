//! A second model: an application of others with updates, records, a key made on the card, a host and a PIN, and the card
//! beside it in random sequences of commands, power cycles and restarts.
//!
//! It knows the contents of a few files of FREE, which key was made last, and what is verified. Status words are numbers.

use proptest::prelude::*;
use proptest::sample::select;
use vmyna_apdu::Aid;
use vmyna_card_os::state::{Change, Replacement};

use crate::common::free::{self, FREE, OWN_DENIAL, RECORDS, ROOM, record, signed_by_host};
use crate::common::{ALPHA, Rig, bytes, hex, pattern};

/// The transparent EFs that are used: free, behind the PIN, behind the host.
const FILES: [u8; 3] = [0x01, 0x02, 0x05];
const LENGTH: usize = 20;

#[derive(Clone, Debug)]
enum Step {
    Update {
        file: usize,
        offset: u8,
        data: Vec<u8>,
    },
    Read {
        file: usize,
        offset: u8,
    },
    /// EF 000C, or with `guarded` 000D.
    UpdateRecord {
        guarded: bool,
        number: u8,
        data: Vec<u8>,
    },
    Append {
        guarded: bool,
        data: Vec<u8>,
    },
    ReadRecord {
        guarded: bool,
        number: u8,
    },
    /// EF 0015, or with `guarded` 0010.
    Generate {
        guarded: bool,
    },
    PublicKey {
        guarded: bool,
    },
    Sign {
        guarded: bool,
    },
    Verify {
        right: bool,
    },
    Challenge {
        length: u8,
    },
    /// The right signature of the last challenge, or of something else.
    Authenticate {
        right: bool,
    },
    SelectAgain,
    SelectOther,
    Reset,
    PowerOn,
    Restart,
    ResetState,
    ResetPins,
    /// An operation with this number drops what is kept of FREE.
    Drop {
        operation: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let data = || proptest::collection::vec(any::<u8>(), 1..24);
    let number = || 0..8u8;
    prop_oneof![
        6 => (0..FILES.len(), 0..24u8, data()).prop_map(|(file, offset, data)| Step::Update { file, offset, data }),
        4 => (0..FILES.len(), 0..24u8).prop_map(|(file, offset)| Step::Read { file, offset }),
        4 => (any::<bool>(), number(), data())
            .prop_map(|(guarded, number, data)| Step::UpdateRecord { guarded, number, data }),
        4 => (any::<bool>(), data()).prop_map(|(guarded, data)| Step::Append { guarded, data }),
        4 => (any::<bool>(), number()).prop_map(|(guarded, number)| Step::ReadRecord { guarded, number }),
        1 => any::<bool>().prop_map(|guarded| Step::Generate { guarded }),
        2 => any::<bool>().prop_map(|guarded| Step::PublicKey { guarded }),
        1 => any::<bool>().prop_map(|guarded| Step::Sign { guarded }),
        4 => proptest::bool::weighted(0.8).prop_map(|right| Step::Verify { right }),
        3 => select(vec![7, 8, 16]).prop_map(|length| Step::Challenge { length }),
        3 => proptest::bool::weighted(0.8).prop_map(|right| Step::Authenticate { right }),
        1 => select(vec![
            Step::SelectAgain, Step::SelectOther, Step::Reset, Step::PowerOn, Step::Restart, Step::ResetState,
            Step::ResetPins,
        ]),
        1 => (0..3u8).prop_map(|operation| Step::Drop { operation }),
    ]
}

/// What the state keeps.
#[derive(Clone)]
struct Kept {
    files: Vec<Vec<u8>>,
    records: [Vec<Vec<u8>>; 2],
    /// What the card answered when the keys 0015 and 0010 were made.
    keys: [Option<Vec<u8>>; 2],
    tries: u8,
}

impl Kept {
    fn issued() -> Self {
        Self {
            files: vec![pattern(LENGTH); FILES.len()],
            records: [(1..=RECORDS).map(record).collect(), vec![record(1)]],
            keys: [None, None],
            tries: 3,
        }
    }
}

#[derive(Clone)]
struct Model {
    kept: Kept,
    operation: Option<u8>,
    verified: bool,
    host: bool,
    challenge: Option<Vec<u8>>,
}

/// Most records and longest record of 000C and 000D.
const ROOMS: [(usize, usize); 2] = [ROOM, (1, 2)];

impl Model {
    fn new() -> Self {
        Self {
            kept: Kept::issued(),
            operation: None,
            verified: false,
            host: false,
            challenge: None,
        }
    }

    fn leave(&mut self) {
        (self.verified, self.host, self.challenge) = (false, false, None);
    }

    /// Whether the PIN is verified, or is not needed.
    fn may(&self, guarded: bool) -> bool {
        !guarded || self.verified
    }

    /// The answer of a step that is a command, but for the bytes of keys, signatures and challenges.
    fn answer(&mut self, step: &Step) -> (Vec<u8>, u16) {
        let sw = |sw| (Vec::new(), sw);
        match step {
            Step::Update { file, offset, data } => {
                let (from, to) = (usize::from(*offset), usize::from(*offset) + data.len());
                match [true, self.verified, self.host][*file] {
                    false => sw(OWN_DENIAL),
                    true if from >= LENGTH => sw(0x6B00),
                    true if to > LENGTH => sw(0x6700),
                    true => {
                        self.kept.files[*file][from..to].copy_from_slice(data);
                        sw(0x9000)
                    }
                }
            }
            Step::Read { file, offset } => match self.kept.files[*file].get(usize::from(*offset)..) {
                None | Some([]) => sw(0x6B00),
                Some(rest) => (rest.to_vec(), 0x9000),
            },
            Step::UpdateRecord { guarded, number, data } => {
                let (may, file) = (self.may(*guarded), usize::from(*guarded));
                let place = usize::from(*number).checked_sub(1);
                let record = place.and_then(|at| self.kept.records[file].get_mut(at));
                match record {
                    _ if !may => sw(OWN_DENIAL),
                    None => sw(0x6A83),
                    Some(_) if data.len() > ROOMS[file].1 => sw(0x6700),
                    Some(record) => {
                        record.clone_from(data);
                        sw(0x9000)
                    }
                }
            }
            Step::Append { guarded, data } => {
                let (may, file) = (self.may(*guarded), usize::from(*guarded));
                let records = &mut self.kept.records[file];
                match records.len() {
                    _ if !may => sw(OWN_DENIAL),
                    count if count >= ROOMS[file].0 => sw(0x6A84),
                    _ if data.len() > ROOMS[file].1 => sw(0x6700),
                    _ => {
                        records.push(data.clone());
                        sw(0x9000)
                    }
                }
            }
            Step::ReadRecord { guarded, number } => {
                let place = usize::from(*number).checked_sub(1);
                let record = place.and_then(|at| self.kept.records[usize::from(*guarded)].get(at));
                record.map_or(sw(0x6A83), |record| (record.clone(), 0x9000))
            }
            Step::Generate { guarded } => sw(if self.may(*guarded) { 0x9000 } else { OWN_DENIAL }),
            Step::PublicKey { guarded } => {
                let key = &self.kept.keys[usize::from(*guarded)];
                key.as_ref().map_or(sw(0x6A88), |key| (key.clone(), 0x9000))
            }
            Step::Sign { guarded } => sw(match self.kept.keys[usize::from(*guarded)] {
                Some(_) => 0x9000,
                None => 0x6A88,
            }),
            Step::Verify { .. } if self.kept.tries == 0 => sw(0x6984),
            Step::Verify { right } => {
                self.kept.tries = if *right { 3 } else { self.kept.tries - 1 };
                self.verified = *right;
                sw(if *right {
                    0x9000
                } else {
                    0x63C0 + u16::from(self.kept.tries)
                })
            }
            Step::Challenge { .. } => sw(0x9000),
            Step::Authenticate { right } => {
                let challenge = self.challenge.take();
                if challenge.is_none_or(|challenge| challenge.len() < 8) {
                    return sw(0x6985);
                }
                self.host = *right;
                sw(if *right { 0x9000 } else { 0x6300 })
            }
            _ => sw(0x9000),
        }
    }
}

fn data(bytes: &[u8]) -> String {
    format!("{:02X} {}", bytes.len(), hex(bytes))
}

/// The C-APDU of a step.
fn command(step: &Step, model: &Model) -> String {
    let sfi = |guarded: &bool| (0x0C + u8::from(*guarded)) << 3;
    let key = |guarded: &bool| if *guarded { "90" } else { "95" };
    match step {
        Step::Update { file, offset, data } => {
            format!("00D6{:02X}{offset:02X} {}", 0x80 | FILES[*file], self::data(data))
        }
        Step::Read { file, offset } => format!("00B0{:02X}{offset:02X} 00", 0x80 | FILES[*file]),
        Step::UpdateRecord { guarded, number, data } => {
            format!("00DC{number:02X}{:02X} {}", sfi(guarded) | 4, self::data(data))
        }
        Step::Append { guarded, data } => format!("00E200{:02X} {}", sfi(guarded), self::data(data)),
        Step::ReadRecord { guarded, number } => format!("00B2{number:02X}{:02X} 00", sfi(guarded) | 4),
        Step::Generate { guarded } => format!("004680{} 00", key(guarded)),
        Step::PublicKey { guarded } => format!("004681{} 00", key(guarded)),
        Step::Sign { guarded } => format!("802A10{} 20 {} 00", key(guarded), "5A".repeat(32)),
        Step::Verify { right } => format!("00200098 04 3132333{}", if *right { '4' } else { '5' }),
        Step::Challenge { length } => format!("00840000 {length:02X}"),
        Step::Authenticate { right } => {
            let challenge = model.challenge.clone().unwrap_or_default();
            let signed = if *right { challenge } else { b"another".to_vec() };
            format!("00820092 {}", data(&signed_by_host(&signed)))
        }
        Step::SelectAgain => format!("00A4040C 06 {FREE}"),
        Step::SelectOther => format!("00A4040C 0A {ALPHA}"),
        other => format!("# {other:?}"),
    }
}

/// What is no command: done to the card, and to the model.
fn beside_commands(rig: &mut Rig, model: &mut Model, step: &Step) -> bool {
    match step {
        Step::Reset => {
            rig.card.reset().unwrap();
            return true;
        }
        Step::PowerOn => drop(rig.card.power_on().to_vec()),
        Step::Restart => {
            let card = std::mem::replace(rig, free::rig()).card;
            *rig = free::on(card.into_store());
        }
        Step::ResetState => {
            rig.card.reset_state().unwrap();
            (model.kept, model.operation) = (Kept::issued(), None);
        }
        Step::ResetPins => {
            rig.card.change(&Change::PinsAsRecorded, None).unwrap();
            model.kept.tries = 3;
        }
        Step::Drop { operation } => {
            let mut replacement = Replacement::new([*operation; 16]);
            replacement.dropped.insert(Aid::new(&bytes(FREE)).unwrap());
            rig.card.change(&Change::Replacement(replacement), None).unwrap();
            if model.operation != Some(*operation) {
                (model.kept, model.operation) = (Kept::issued(), Some(*operation));
            }
        }
        _ => return false,
    }
    rig.card.power_on();
    rig.select(FREE);
    model.leave();
    true
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn a_card_with_an_application_of_others_answers_as_its_model(steps in proptest::collection::vec(step(), 1..60)) {
        let mut rig = free::rig();
        let mut model = Model::new();
        let mut script = Vec::new();
        // The keys made since the last restart.
        let mut made = Vec::new();
        for step in &steps {
            let command = command(step, &model);
            script.push(command.clone());
            if beside_commands(&mut rig, &mut model, step) {
                // The random numbers of the rig begin anew.
                if matches!(step, Step::Restart) {
                    made.clear();
                }
                continue;
            }
            let (read, sw) = rig.send(&command);
            let (expected, code) = model.answer(step);
            let story = script.join("\n");
            prop_assert_eq!(format!("{sw:04X}"), format!("{code:04X}"), "the last of\n{}", story);
            match step {
                // Their bytes are random.
                Step::Generate { guarded } => {
                    if sw == 0x9000 {
                        model.kept.keys[usize::from(*guarded)] = Some(read.clone());
                        prop_assert!(!made.contains(&read), "the same key again:\n{}", story);
                        made.push(read);
                    }
                }
                Step::Challenge { .. } => model.challenge = Some(read),
                Step::Sign { .. } => {}
                _ => prop_assert_eq!(hex(&read), hex(&expected), "the last of\n{}", story),
            }
            if matches!(step, Step::SelectOther) {
                rig.select(FREE);
                model.leave();
            }
        }
    }
}
