//! How long a verified PIN stays so: every event a host can bring about, alone and in sequences, compared with the model
//! below. Measured: the status survives SELECT of files and of the same application, signatures and warm reset; it ends
//! with SELECT of another application or of the card manager and with power (myna-card; pyjpki depends on it).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::sync::LazyLock;

use common::{AUTH, HANAKO, ISD, JPKI, Rig, SIGN, bytes};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use vmyna_card_os::Aid;
use vmyna_card_os::access::{Access, Condition, Operation};
use vmyna_card_os::application::Application;
use vmyna_card_os::file::{Body, File, FileId};
use vmyna_card_os::key::{Engine, EngineError, PrivateKey, PrivateOperation};
use vmyna_card_os::pin::{Characters, Format, Pin, ReferenceData};
use vmyna_card_os::rule::{Basis, Certainty};

/// A third application beside card manager and JPKI: its name begins like JPKI's, and its PINs have the same EFs and
/// values, so that a status that outlived its application would show.
const EXTRA: &str = "D392F000260200000001";

/// 利用者証明用暗証番号 and 署名用パスワード, as indices: EF by short identifier in P2, tries.
const PINS: [(u8, u8); 2] = [(0x98, 3), (0x9B, 5)];
const A: usize = 0;
const S: usize = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum App {
    Isd,
    Jpki,
    Extra,
}

/// What an event does to the security status.
#[derive(Clone, Copy, Debug)]
enum Effect {
    Nothing,
    Select(App),
    /// SELECT of the next application whose name begins with `D392`.
    Next,
    Right(usize),
    Wrong(usize),
    WarmReset,
    PowerCycle,
}
use Effect::{Next, Nothing, PowerCycle, Right, Select, WarmReset, Wrong};

/// The model: which application, which of its PINs are verified, and how many tries each has left.
#[derive(Clone, Debug)]
struct Model {
    app: App,
    verified: [bool; 2],
    tries: [[u8; 2]; 2],
}

impl Model {
    fn new() -> Self {
        let full = PINS.map(|(_, tries)| tries);
        Self {
            app: App::Isd,
            verified: [false; 2],
            tries: [full; 2],
        }
    }

    /// The counters of the selected application.
    fn tries(&mut self) -> Option<&mut [u8; 2]> {
        match self.app {
            App::Isd => None,
            App::Jpki => Some(&mut self.tries[0]),
            App::Extra => Some(&mut self.tries[1]),
        }
    }

    fn after(&mut self, effect: Effect) {
        match effect {
            Nothing | WarmReset => {}
            Select(app) => {
                if app != self.app {
                    self.verified = [false; 2];
                }
                self.app = app;
            }
            Next => match self.app {
                App::Isd => self.after(Select(App::Jpki)),
                App::Jpki => self.after(Select(App::Extra)),
                App::Extra => {}
            },
            PowerCycle => (self.app, self.verified) = (App::Isd, [false; 2]),
            Right(pin) | Wrong(pin) => {
                let right = matches!(effect, Right(_));
                let Some(tries) = self.tries() else { return };
                if tries[pin] > 0 {
                    tries[pin] = if right { PINS[pin].1 } else { tries[pin] - 1 };
                    self.verified[pin] = right;
                }
            }
        }
    }
}

/// Every event: what is sent, its effect, and what JPKI answers when both PINs are verified.
const EVENTS: &[(&str, Effect, u16)] = &[
    // SELECT of files, present and absent.
    ("00A4020C 02 0001", Nothing, 0x9000),
    ("00A4020C 02 0002", Nothing, 0x9000),
    ("00A4020C 02 0006", Nothing, 0x9000),
    ("00A4020C 02 0008", Nothing, 0x9000),
    ("00A4020C 02 0009", Nothing, 0x9000),
    ("00A4020C 02 000A", Nothing, 0x9000),
    ("00A4020C 02 000B", Nothing, 0x9000),
    ("00A4020C 02 0016", Nothing, 0x9000),
    ("00A4020C 02 0017", Nothing, 0x9000),
    ("00A4020C 02 0018", Nothing, 0x9000),
    ("00A4020C 02 001A", Nothing, 0x9000),
    ("00A4020C 02 001B", Nothing, 0x9000),
    ("00A40200 02 0006 00", Nothing, 0x9000),
    ("00A4020C 02 0010", Nothing, 0x6A82),
    ("00A4020C 01 18", Nothing, 0x6700),
    ("00A4090C 02 0018", Nothing, 0x6A86),
    // SELECT of what is called MF.
    ("00A40000", Nothing, 0x9000),
    ("00A4000C", Nothing, 0x9000),
    ("00A4000C 02 3F00", Nothing, 0x6A82),
    ("00A40000 02 2F10", Nothing, 0x6A82),
    // SELECT of applications: the same, others, unknown ones.
    ("00A4040C 0A D392F000260100000001", Select(App::Jpki), 0x9000),
    ("00A40400 0A D392F000260100000001 00", Select(App::Jpki), 0x9000),
    ("00A4040C 06 D392F0002601", Select(App::Jpki), 0x9000),
    ("00A4040C 02 D392", Select(App::Jpki), 0x9000),
    ("00A4040C 0A D392F000260200000001", Select(App::Extra), 0x9000),
    ("00A4040C 06 D392F0002602", Select(App::Extra), 0x9000),
    ("00A40402 02 D392", Next, 0x9000),
    ("00A4040C 07 A0000001510000", Select(App::Isd), 0x9000),
    ("00A40400 07 A0000001510000 00", Select(App::Isd), 0x9000),
    ("00A4040C 01 A0", Select(App::Isd), 0x9000),
    ("00A40400", Select(App::Isd), 0x9000),
    ("00A4040C 0A D3921000310001010408", Nothing, 0x6A82),
    ("00A4040C 0B D392F00026010000000100", Nothing, 0x6A82),
    ("00A4050C 0A D392F000260200000001", Nothing, 0x6A86),
    ("00A4044C 0A D392F000260200000001", Nothing, 0x6A86),
    // READ, allowed and refused.
    ("00B08100 000000", Nothing, 0x9000),
    ("00B08A00 00", Nothing, 0x9000),
    ("00B08900 00", Nothing, 0x6982),
    ("00B09800 00", Nothing, 0x6981),
    ("00B088FF 00", Nothing, 0x6B00),
    ("00B08D00 00", Nothing, 0x6A82),
    ("00B20134 00", Nothing, 0x6981),
    ("00CA5F51 00", Nothing, 0x9000),
    ("00CA00F2 00", Nothing, 0x6A88),
    // Signatures with both keys in all schemes, allowed and refused.
    ("802A0097 01 5A 00", Nothing, 0x9000),
    ("802A009A 01 5A 00", Nothing, 0x9000),
    ("802A0197 01 5A 00", Nothing, 0x9000),
    ("802A039A 01 5A 00", Nothing, 0x9000),
    ("802A0597 01 5A 00", Nothing, 0x9000),
    ("802A029A 01 5A 00", Nothing, 0x6985),
    ("802A0097 01 5A", Nothing, 0x6700),
    ("802A0000 01 5A 00", Nothing, 0x6A88),
    ("802A0697 01 5A 00", Nothing, 0x6A86),
    ("00880097 01 5A 00", Nothing, 0x6982),
    ("00840000 08", Nothing, 0x9000),
    ("00840000 000008", Nothing, 0x6985),
    // The PINs: right, wrong, asked about, changed to the value they have, and all forms that compare nothing.
    (AUTH, Right(A), 0x9000),
    (SIGN, Right(S), 0x9000),
    ("00200098 04 31323335", Wrong(A), 0x63C2),
    ("00200098 05 3132333435", Wrong(A), 0x63C2),
    ("0020009B 06 616263313233", Wrong(S), 0x63C4),
    ("00200098", Nothing, 0x63C3),
    ("0020009B", Nothing, 0x63C5),
    ("0020009B 00", Nothing, 0x63C5),
    ("0020009B 11 4142433132334142433132334142433132", Nothing, 0x6700),
    ("00200198 04 31323335", Nothing, 0x6A86),
    ("00200018 04 31323335", Nothing, 0x6A86),
    ("0020009C 04 31323335", Nothing, 0x6A82),
    ("00200097 04 31323335", Nothing, 0x6981),
    ("00200098 04 313233", Nothing, 0x6700),
    ("00240198 04 31323334", Nothing, 0x9000),
    ("0024019B 06 414243313233", Nothing, 0x9000),
    ("00240198 03 313233", Nothing, 0x6A80),
    ("80320098 04 31323334", Nothing, 0x6982),
    // Classes, instructions and bytes that are refused.
    ("00200080 04 31", Nothing, 0x6700),
    ("00", Nothing, 0x6700),
    ("01200098 04 31323335", Nothing, 0x6881),
    ("08200098 04 31323335", Nothing, 0x69FC),
    ("0CA4040C 0A D392F000260200000001", Nothing, 0x6882),
    ("10200098 04 31323335", Nothing, 0x6884),
    ("40200098 04 31323335", Nothing, 0x6E00),
    ("80200098 04 31323335", Nothing, 0x6D00),
    ("002C0098 04 31323334", Nothing, 0x6D00),
    ("80540098", Nothing, 0x6982),
    ("808A2200", Nothing, 0x6982),
    ("80AE0000 01 00", Nothing, 0x6982),
    ("80FC0000", Nothing, 0x6700),
    ("00820098 01 5A", Nothing, 0x6982),
    // What is no APDU.
    ("warm reset", WarmReset, 0x9000),
    ("power off and on", PowerCycle, 0x9000),
];

/// Signs at once, so that hundreds of thousands of commands take seconds.
struct Instant;

impl Engine for Instant {
    fn load(&self, _: &PrivateKey) -> Result<Box<dyn PrivateOperation + Send>, EngineError> {
        Ok(Box::new(Self))
    }
}

impl PrivateOperation for Instant {
    fn modulus_bits(&self) -> usize {
        2048
    }
    fn apply(&self, block: &[u8]) -> Result<Vec<u8>, EngineError> {
        Ok(block.to_vec())
    }
}

fn extra() -> Application {
    let basis = || Basis::new(Certainty::Assumed, "synthetic");
    let file = |id, body, access| File {
        id: FileId::new(id),
        name: "file".into(),
        title: "".into(),
        body,
        access,
        basis: basis(),
    };
    let pin = |id, value: &[u8], tries| {
        let format = Format {
            characters: Characters::Bytes,
            min: 1,
            max: 16,
        };
        let access = Access::NONE.with(Operation::Verify, Condition::Always);
        file(
            id,
            Body::Pin(Pin::new(ReferenceData::new(value), format, tries)),
            access,
        )
    };
    let read_after = |id, pin| {
        let access = Access::read(Condition::Verified(FileId::new(pin)));
        file(id, Body::Transparent(vec![7; 8].into()), access)
    };
    Application {
        aid: Aid::new(&bytes(EXTRA)).unwrap(),
        name: "extra".into(),
        title: "".into(),
        files: vec![
            read_after(1, 0x1B),
            read_after(2, 0x18),
            pin(0x18, b"1234", PINS[A].1),
            pin(0x1B, b"ABC123", PINS[S].1),
        ],
        data_objects: vec![],
        default_key: None,
        basis: basis(),
    }
}

static APPLICATIONS: LazyLock<Vec<Application>> = LazyLock::new(|| [HANAKO.clone(), vec![extra()]].concat());

/// A card in JPKI with these PINs verified, and its model.
fn start(verified: [bool; 2]) -> (Rig, Model) {
    let (mut rig, mut model) = (Rig::of(&APPLICATIONS, Box::new(Instant)), Model::new());
    rig.select(JPKI);
    model.after(Select(App::Jpki));
    for (pin, command) in [AUTH, SIGN].into_iter().enumerate().filter(|(pin, _)| verified[*pin]) {
        rig.expect(&[(command, 0x9000)]);
        model.after(Right(pin));
    }
    (rig, model)
}

/// Brings an event about; the status word, 9000 where there is none.
fn bring_about(rig: &mut Rig, (what, effect, _): &(&str, Effect, u16)) -> u16 {
    match effect {
        WarmReset => assert!(rig.card.reset().is_ok()),
        PowerCycle => {
            rig.card.power_off();
            rig.card.power_on();
        }
        _ => return rig.sw(what),
    }
    0x9000
}

/// Asks the card what is verified, by what it lets one do, and compares; in the end also behind SELECT of another
/// application and back.
fn compare(rig: &mut Rig, model: &mut Model, story: &dyn Fn() -> String) {
    let allowed = |rig: &mut Rig, command: &str| match rig.sw(command) {
        0x9000 => true,
        0x6982 => false,
        sw => panic!("{}: {command} answers {sw:04X}", story()),
    };
    let probe = |rig: &mut Rig, model: &mut Model| {
        let verified = match model.app {
            App::Isd => {
                assert_eq!(
                    rig.sw("00CA00F2 00"),
                    0x9000,
                    "{}: the card manager is selected",
                    story()
                );
                return;
            }
            App::Jpki => {
                let sign_key = allowed(rig, "802A009A 01 5A 00");
                assert_eq!(allowed(rig, "00B08100 00"), sign_key, "{}", story());
                [allowed(rig, "802A0097 01 5A 00"), sign_key]
            }
            App::Extra => [allowed(rig, "00B08200 00"), allowed(rig, "00B08100 00")],
        };
        assert_eq!(verified, model.verified, "{}", story());
        // A query tells the tries left, never whether the PIN is verified (OpenSC issue 959).
        let tries = *model.tries().unwrap();
        for ((p2, _), left) in PINS.into_iter().zip(tries) {
            assert_eq!(
                rig.sw(&format!("002000{p2:02X}")),
                0x63C0 + u16::from(left),
                "{}",
                story()
            );
        }
    };
    probe(rig, model);
    for (aid, app) in [(EXTRA, App::Extra), (JPKI, App::Jpki), (ISD, App::Isd)] {
        rig.select(aid);
        model.after(Select(app));
        probe(rig, model);
    }
}

const STARTS: [[bool; 2]; 4] = [[false, false], [true, false], [false, true], [true, true]];

fn run(verified: [bool; 2], events: &[&(&str, Effect, u16)]) {
    let (mut rig, mut model) = start(verified);
    for event in events {
        bring_about(&mut rig, event);
        model.after(event.1);
    }
    let story = || {
        format!(
            "{verified:?}, then {:?}",
            events.iter().map(|event| event.0).collect::<Vec<_>>()
        )
    };
    compare(&mut rig, &mut model, &story);
}

#[test]
fn every_event_is_answered_as_the_table_says_so_that_it_is_the_event_it_is_meant_to_be() {
    for event in EVENTS {
        let (mut rig, _) = start([true, true]);
        assert_eq!(bring_about(&mut rig, event), event.2, "{}", event.0);
    }
}

#[test]
fn each_event_alone_keeps_or_ends_each_pin_as_the_model_says() {
    for verified in STARTS {
        run(verified, &[]);
        EVENTS.iter().for_each(|event| run(verified, &[event]));
    }
}

#[test]
fn all_sequences_of_two_events_keep_or_end_each_pin_as_the_model_says() {
    for verified in STARTS {
        for first in EVENTS {
            EVENTS.iter().for_each(|second| run(verified, &[first, second]));
        }
    }
}

#[test]
fn sequences_of_three_to_twelve_events_do_as_well() {
    let mut rng = ChaCha20Rng::seed_from_u64(2026);
    let mut below = |n: usize| rng.next_u32() as usize % n;
    for _ in 0..20_000 {
        let verified = STARTS[below(4)];
        let length = 3 + below(10);
        let events: Vec<_> = (0..length).map(|_| &EVENTS[below(EVENTS.len())]).collect();
        run(verified, &events);
    }
}
