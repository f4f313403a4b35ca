//! How long a verified PIN stays so: every event a host can bring about, alone and in sequences, compared with the model
//! below. Measured: the status survives SELECT of files and of the same application, signatures and warm reset; it ends
//! with SELECT of another application or of the card manager and with power (myna-card; pyjpki depends on it).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::sync::LazyLock;

use common::{AUTH, CARD_INFO, FACE_INFO, HANAKO, INPUT_ASSIST, ISD, JPKI, RESIDENCE_CODE, Rig, SIGN, bytes, hex};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use vmyna_card_os::declaration::{Application, Body, PrivateKey, SecureSession};
use vmyna_card_os::key::{Engine, EngineError, LoadedKey, PrivateOperation};

/// The card's applications, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum App {
    Isd,
    Jpki,
    InputAssist,
    FaceInfo,
    ResidenceCode,
    CardInfo,
}
use App::{CardInfo, FaceInfo, InputAssist, Isd, Jpki, ResidenceCode};

const APPS: [(App, &str); 6] = [
    (Isd, ISD),
    (Jpki, JPKI),
    (InputAssist, INPUT_ASSIST),
    (FaceInfo, FACE_INFO),
    (ResidenceCode, RESIDENCE_CODE),
    (CardInfo, CARD_INFO),
];

/// Every PIN: application, EF by short identifier in P2, value, tries. Some have the same EF, two also the same value, so
/// that a status that outlived its application would show.
const PINS: [(App, u8, &str, u8); 10] = [
    (Jpki, 0x98, "1234", 3),
    (Jpki, 0x9B, "ABC123", 5),
    (InputAssist, 0x91, "1234", 3),
    (InputAssist, 0x94, "123456789018", 10),
    (InputAssist, 0x95, "01102520362026", 10),
    (FaceInfo, 0x91, "011025", 10),
    (FaceInfo, 0x92, "01102520362026", 10),
    (FaceInfo, 0x93, "123456789018", 10),
    (ResidenceCode, 0x9C, "1234", 3),
    (CardInfo, 0x9C, "1234", 3),
];

/// Whether the PIN of the selected application with this P2 is verified.
type Verified<'a> = &'a dyn Fn(u8) -> bool;

/// A command of an application, and when it is allowed.
type Probe = (App, &'static str, fn(Verified<'_>) -> bool);

/// What shows which PINs are verified.
const PROBES: [Probe; 12] = [
    (Jpki, "802A0097 01 5A 00", |pin| pin(0x98)),
    (Jpki, "802A009A 01 5A 00", |pin| pin(0x9B)),
    (Jpki, "00B08100 00", |pin| pin(0x9B)),
    // To the value that it has.
    (InputAssist, "00240191 04 31323334", |pin| pin(0x91)),
    (InputAssist, "00B08100 00", |pin| pin(0x91) || pin(0x94)),
    (InputAssist, "00B08200 00", |pin| pin(0x91) || pin(0x95)),
    (InputAssist, "00B08300 00", |pin| pin(0x91) || pin(0x94) || pin(0x95)),
    (FaceInfo, "00B08100 00", |pin| pin(0x91)),
    (FaceInfo, "00B08200 00", |pin| pin(0x92) || pin(0x93)),
    (FaceInfo, "00B08500 00", |pin| pin(0x93)),
    (ResidenceCode, "8032009C 04 31323334", |pin| pin(0x9C)),
    (CardInfo, "8032009C 04 31323334", |pin| pin(0x9C)),
];

/// What an event does to the security status.
#[derive(Clone, Copy, Debug)]
enum Effect {
    Nothing,
    Select(App),
    /// SELECT of the next application whose name begins with `D392`: all but the first do.
    Next,
    /// VERIFY of the PIN with this P2, if the selected application has one.
    Verify,
    WarmReset,
    PowerCycle,
}
use Effect::{Next, Nothing, PowerCycle, Select, Verify, WarmReset};

type Event = (&'static str, Effect, u16);

/// The model: which application, which PINs are verified, and how many tries each has left.
#[derive(Clone, Debug)]
struct Model {
    app: App,
    verified: [bool; PINS.len()],
    tries: [u8; PINS.len()],
}

impl Model {
    fn new() -> Self {
        Self {
            app: Isd,
            verified: [false; PINS.len()],
            tries: PINS.map(|(.., tries)| tries),
        }
    }

    /// The PIN of the selected application with this P2, as an index.
    fn pin(&self, p2: u8) -> Option<usize> {
        PINS.iter().position(|(app, of, ..)| *app == self.app && *of == p2)
    }

    fn after(&mut self, (what, effect, _): &Event) {
        match *effect {
            Nothing | WarmReset => {}
            Select(app) => self.select(app),
            Next => {
                let next = APPS.iter().skip_while(|(app, _)| *app != self.app).nth(1);
                if let Some((app, _)) = next {
                    self.select(*app);
                }
            }
            PowerCycle => (self.app, self.verified) = (Isd, [false; PINS.len()]),
            Verify => {
                let command = bytes(what);
                let Some(pin) = self.pin(command[3]).filter(|pin| self.tries[*pin] > 0) else {
                    return;
                };
                let (.., value, tries) = PINS[pin];
                let right = &command[5..] == value.as_bytes();
                self.tries[pin] = if right { tries } else { self.tries[pin] - 1 };
                self.verified[pin] = right;
            }
        }
    }

    fn select(&mut self, app: App) {
        if app != self.app {
            self.verified = [false; PINS.len()];
        }
        self.app = app;
    }
}

/// Every event: what is sent, its effect, and what JPKI answers when both its PINs are verified.
const EVENTS: &[Event] = &[
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
    ("00A4040C 0A D392F000260100000001", Select(Jpki), 0x9000),
    ("00A40400 0A D392F000260100000001 00", Select(Jpki), 0x9000),
    ("00A4040C 06 D392F0002601", Select(Jpki), 0x9000),
    ("00A4040C 02 D392", Select(Jpki), 0x9000),
    ("00A4040C 0A D3921000310001010408", Select(InputAssist), 0x9000),
    ("00A4040C 04 D3921000", Select(InputAssist), 0x9000),
    ("00A4040C 0A D3921000310001010402", Select(FaceInfo), 0x9000),
    ("00A40400 0A D3921000310001010402 00", Select(FaceInfo), 0x9000),
    ("00A4040C 0A D3921000310001010401", Select(ResidenceCode), 0x9000),
    ("00A4040C 0A D3921000310001010100", Select(CardInfo), 0x9000),
    ("00A4040C 08 D392100031000101", Select(InputAssist), 0x9000),
    ("00A4040C 09 D39210003100010101", Select(CardInfo), 0x9000),
    ("00A40402 02 D392", Next, 0x9000),
    ("00A4040C 07 A0000001510000", Select(Isd), 0x9000),
    ("00A40400 07 A0000001510000 00", Select(Isd), 0x9000),
    ("00A4040C 01 A0", Select(Isd), 0x9000),
    ("00A40400", Select(Isd), 0x9000),
    ("00A4040C 10 A0000002310600000000000000000000", Nothing, 0x6A82),
    ("00A4040C 0A D3921000310001010403", Nothing, 0x6A82),
    ("00A4040C 0B D392F00026010000000100", Nothing, 0x6A82),
    ("00A4050C 0A D3921000310001010408", Nothing, 0x6A86),
    ("00A4044C 0A D3921000310001010408", Nothing, 0x6A86),
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
    (AUTH, Verify, 0x9000),
    (SIGN, Verify, 0x9000),
    ("00200098 04 31323335", Verify, 0x63C2),
    ("00200098 05 3132333435", Verify, 0x63C2),
    ("0020009B 06 616263313233", Verify, 0x63C4),
    // PINs of other applications, also of several: what they are depends on where they are tried.
    ("00200091 04 31323334", Verify, 0x6A82),
    ("00200091 06 303131303235", Verify, 0x6A82),
    ("00200092 0E 3031313032353230333632303236", Verify, 0x6A82),
    ("00200093 0C 313233343536373839303138", Verify, 0x6A82),
    ("00200094 0C 313233343536373839303138", Verify, 0x6A82),
    ("00200095 0E 3031313032353230333632303236", Verify, 0x6A82),
    ("00200095 0C 313233343536373839303138", Verify, 0x6A82),
    ("0020009C 04 31323334", Verify, 0x6A82),
    ("00240191 04 31323334", Nothing, 0x6A82),
    ("8032009C 04 31323334", Nothing, 0x6A82),
    ("00200098", Nothing, 0x63C3),
    ("0020009B", Nothing, 0x63C5),
    ("0020009B 00", Nothing, 0x6700),
    ("0020009B 11 4142433132334142433132334142433132", Nothing, 0x6700),
    ("00200198 04 31323335", Nothing, 0x6A86),
    ("00200018 04 31323335", Nothing, 0x6A86),
    ("0020009C 04 31323335", Verify, 0x6A82),
    ("00200097 04 31323335", Verify, 0x6981),
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
    ("0CA4040C 0A D3921000310001010408", Nothing, 0x6882),
    ("10200098 04 31323335", Nothing, 0x6884),
    ("40200098 04 31323335", Nothing, 0x6E00),
    ("80200098 04 31323335", Nothing, 0x6D00),
    ("002C0098 04 31323334", Nothing, 0x6D00),
    ("80540098", Nothing, 0x6982),
    ("808A2200", Nothing, 0x6982),
    ("80AE0000 01 00", Nothing, 0x6700),
    ("0088009A 01 5A 00", Nothing, 0x6982),
    ("00880099 01 5A 00", Nothing, 0x6A82),
    ("00B20114 00", Nothing, 0x6981),
    ("00B08500 00", Nothing, 0x6A82),
    ("80FC0000", Nothing, 0x6700),
    ("00820098 01 5A", Nothing, 0x6982),
    // What is no APDU.
    ("warm reset", WarmReset, 0x9000),
    ("power off and on", PowerCycle, 0x9000),
];

/// Signs at once, so that hundreds of thousands of commands take seconds.
struct Instant;

impl Engine for Instant {
    fn load(&self, _: &PrivateKey) -> Result<LoadedKey, EngineError> {
        Ok(LoadedKey::Rsa(Box::new(Self)))
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

/// The card with no more than 16 bytes in each file and without its keys, which [`Instant`] needs none of: a card is made
/// a hundred thousand times here, and wipes all it holds when it goes.
static CARD: LazyLock<Vec<Application>> = LazyLock::new(|| {
    let no_key = || PrivateKey::from_pkcs8_der(&[]);
    let mut applications = HANAKO.clone();
    for application in &mut applications {
        for file in &mut application.files {
            match &mut file.body {
                Body::Transparent(content) => {
                    let kept = content.as_bytes().iter().copied().take(16).collect::<Vec<u8>>();
                    *content = kept.into();
                }
                Body::PrivateKey(key) => *key = no_key(),
                _ => {}
            }
        }
        if let SecureSession::Offered { key, .. } = &mut application.secure_session {
            *key = no_key();
        }
    }
    applications
});

/// A card in this application with those of its PINs verified of which `verified` has the bit, and its model.
fn start((app, verified): (App, u32)) -> (Rig, Model) {
    let (mut rig, mut model) = (Rig::of(&CARD, Box::new(Instant)), Model::new());
    let (_, aid) = APPS.iter().find(|(of, _)| *of == app).unwrap();
    rig.select(aid);
    model.select(app);
    let pins = PINS.iter().enumerate().filter(|(_, (of, ..))| *of == app);
    for (bit, (pin, (_, p2, value, _))) in pins.enumerate() {
        if verified >> bit & 1 == 1 {
            rig.expect(&[(
                &format!("002000{p2:02X} {:02X} {}", value.len(), hex(value.as_bytes())),
                0x9000,
            )]);
            model.verified[pin] = true;
        }
    }
    (rig, model)
}

/// Every application with every set of its PINs verified.
fn starts() -> Vec<(App, u32)> {
    let pins = |app: App| PINS.iter().filter(|(of, ..)| *of == app).count();
    let sets = |app: App| (0..1 << pins(app)).map(move |verified| (app, verified));
    APPS.iter().flat_map(|(app, _)| sets(*app)).collect()
}

/// Brings an event about; the status word, 9000 where there is none.
fn bring_about(rig: &mut Rig, (what, effect, _): &Event) -> u16 {
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

/// Asks the card what is verified, by what it lets one do, and compares.
fn probe(rig: &mut Rig, model: &Model, story: &dyn Fn() -> String) {
    if model.app == Isd {
        assert_eq!(
            rig.sw("00CA00F2 00"),
            0x9000,
            "{}: the card manager is selected",
            story()
        );
        return;
    }
    for (_, command, allowed) in PROBES.iter().filter(|(app, ..)| *app == model.app) {
        let verified = |p2| model.verified[model.pin(p2).unwrap()];
        let expected = if allowed(&verified) { 0x9000 } else { 0x6982 };
        let sw = rig.sw(command);
        assert_eq!(
            sw,
            expected,
            "{}: {command} answers {sw:04X} in {:?}",
            story(),
            model.app
        );
    }
    // A query tells the tries left, never whether the PIN is verified (OpenSC issue 959).
    for ((_, p2, ..), left) in PINS.iter().zip(model.tries).filter(|((app, ..), _)| *app == model.app) {
        let sw = rig.sw(&format!("002000{p2:02X}"));
        assert_eq!(
            sw,
            0x63C0 + u16::from(left),
            "{}: tries of {p2:02X} in {:?}",
            story(),
            model.app
        );
    }
}

/// Compares card and model where they are, and then in every application in turn, the last one twice.
fn compare(rig: &mut Rig, model: &mut Model, story: &dyn Fn() -> String) {
    probe(rig, model, story);
    for (app, aid) in APPS.iter().rev() {
        rig.select(aid);
        model.select(*app);
        probe(rig, model, story);
    }
    rig.select(JPKI);
    model.select(Jpki);
    probe(rig, model, story);
}

/// How much is compared behind a story.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// What is verified where the card is.
    Here,
    /// That, and then the same in every application.
    Everywhere,
}

fn run(from: (App, u32), events: &[&Event], look: Look) {
    let (mut rig, mut model) = start(from);
    for event in events {
        bring_about(&mut rig, event);
        model.after(event);
    }
    let story = || {
        format!(
            "{from:?}, then {:?}",
            events.iter().map(|event| event.0).collect::<Vec<_>>()
        )
    };
    match look {
        Look::Here => probe(&mut rig, &model, &story),
        Look::Everywhere => compare(&mut rig, &mut model, &story),
    }
}

#[test]
fn every_event_is_answered_as_the_table_says_so_that_it_is_the_event_it_is_meant_to_be() {
    for event in EVENTS {
        let (mut rig, _) = start((Jpki, 0b11));
        assert_eq!(bring_about(&mut rig, event), event.2, "{}", event.0);
    }
}

#[test]
fn each_event_alone_keeps_or_ends_each_pin_as_the_model_says() {
    let starts = starts();
    assert_eq!(starts.len(), 1 + 4 + 8 + 8 + 2 + 2);
    for from in starts {
        run(from, &[], Look::Everywhere);
        EVENTS.iter().for_each(|event| run(from, &[event], Look::Everywhere));
    }
}

/// From each application with all its PINs verified; leaving it and coming back are two such events.
#[test]
fn all_sequences_of_two_events_keep_or_end_each_pin_as_the_model_says() {
    for from in [
        (Jpki, 0b11),
        (InputAssist, 0b111),
        (FaceInfo, 0b111),
        (ResidenceCode, 1),
        (CardInfo, 1),
    ] {
        for first in EVENTS {
            EVENTS.iter().for_each(|second| run(from, &[first, second], Look::Here));
        }
    }
}

#[test]
fn sequences_of_three_to_twelve_events_do_as_well() {
    let mut rng = ChaCha20Rng::seed_from_u64(2026);
    let mut below = |n: usize| rng.next_u32() as usize % n;
    let starts = starts();
    for _ in 0..20_000 {
        let from = starts[below(starts.len())];
        let length = 3 + below(10);
        let events: Vec<_> = (0..length).map(|_| &EVENTS[below(EVENTS.len())]).collect();
        run(from, &events, Look::Everywhere);
    }
}
