//! Images and states of every format there has been are read for ever, and hold what they were written with. The files and
//! what they hold are committed and never made anew: see `test-vectors/cards/README.md`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::process::Output;

use common::frozen::{self, Original, vectors};
use common::{Printed, vmyna};
use serde::Deserialize;
use tempfile::TempDir;
use vmyna::StatePlace;
use vmyna::applets::image::Image;
use vmyna::applets::issued::CardName;
use vmyna::card_os::state::Replacement;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    file: Vec<Original>,
    card: Vec<Card>,
    state: State,
}

/// Application, EF, tries left.
type Tries = (String, String, u64);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Card {
    image: String,
    name: String,
    shown: Vec<(String, String)>,
    tries: Vec<Tries>,
    contents: Vec<(String, String)>,
    pins: Vec<(String, String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    file: String,
    image: String,
    name: String,
    tries: Vec<Tries>,
    inspected: Vec<String>,
    exchanges: Vec<(String, String)>,
}

fn expected() -> Expected {
    frozen::expected("v1")
}

/// A copy of the cards of version 1, so that nothing happens to the originals.
struct Copy(TempDir);

impl Copy {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["hanako.vmyna", "collection.vmyna"] {
            fs::copy(vectors().join("cards/v1").join(name), folder.path().join(name)).unwrap();
        }
        Self(folder)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        vmyna(arguments).current_dir(&self.0).output().unwrap().exits_with(0)
    }

    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.run(arguments).out()).unwrap()
    }

    /// What `vmyna pin` says of every PIN.
    fn tries(&self, card: &str) -> Vec<Tries> {
        let told = self.json(&["pin", "--json", card]);
        let text = |pin: &serde_json::Value, field: &str| pin[field].as_str().unwrap().to_owned();
        let pins = told["pins"].as_array().unwrap().iter();
        pins.map(|pin| {
            (
                text(pin, "application"),
                text(pin, "ef"),
                pin["tries_left"].as_u64().unwrap(),
            )
        })
        .collect()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn not_a_byte_of_them_has_changed() {
    frozen::assert_unchanged(&expected().file);
}

#[test]
fn an_image_of_version_1_holds_the_cards_it_was_issued_with() {
    let copy = Copy::new();
    let mut compared = 0;
    for Card {
        image,
        name,
        shown,
        tries,
        contents,
        pins,
    } in expected().card
    {
        let card = format!("{image}#{name}");
        let told = copy.json(&["show", "--json", &card]);
        for (field, value) in shown {
            let pointer = format!("/{field}");
            assert_eq!(
                told.pointer(&pointer).and_then(|it| it.as_str()),
                Some(value.as_str()),
                "{card} {field}"
            );
            compared += 1;
        }
        assert_eq!(copy.tries(&card), tries, "{card}");
        for (file, bytes) in contents {
            let raw = copy.run(&["files", &card, &file, "--raw"]).stdout;
            assert_eq!(hex(&raw), bytes, "{card} {file}");
            compared += 1;
        }
        for (aid, ef, value) in pins {
            let select = format!("00A4040C0A{aid}");
            let ef = u8::from_str_radix(&ef, 16).unwrap();
            let verify = format!("002000{:02X}{:02X}{}", 0x80 | ef, value.len(), hex(value.as_bytes()));
            copy.run(&["apdu", "--plain", "--card", &card, "--expect", "9000", &select, &verify]);
            compared += 1;
        }
    }
    println!("counted: formats: {compared} values of three cards");
    assert!(compared >= 50);
}

/// What the card computes with its keys verifies with its certificates, so the keys are the ones it was issued with.
#[test]
fn the_keys_of_an_image_of_version_1_belong_to_its_certificates() {
    let copy = Copy::new();
    for (card, pin) in [("hanako.vmyna", "31323334"), ("collection.vmyna#foreign", "34363439")] {
        let verify = format!("0020009804{pin}");
        let select = "00A4040C0AD392F000260100000001";
        let arguments = [
            "apdu",
            "--plain",
            "--card",
            card,
            select,
            &verify,
            "802A03970474657374 00",
        ];
        let answers = copy.run(&arguments).out();
        let signature = answers.lines().last().unwrap().strip_suffix("9000").unwrap().to_owned();
        assert_eq!(signature.len(), 512);
        let bytes: Vec<u8> = (0..256)
            .map(|at| u8::from_str_radix(&signature[2 * at..2 * at + 2], 16).unwrap())
            .collect();
        let folder = copy.0.path();
        fs::write(folder.join("signature"), bytes).unwrap();
        fs::write(folder.join("text"), "test").unwrap();
        common::write_public_key(folder, &copy.run(&["files", card, "jpki/000A", "--raw"]).stdout);
        common::is_signed(folder, "signature");
    }
}

/// The first replacement makes a state of version 1 one of version 2. Nothing else in it changes.
#[test]
fn a_state_of_version_1_becomes_version_2_with_what_it_holds() {
    let copy = Copy::new();
    let State { file, image, name, .. } = expected().state;
    let folder = copy.0.path().join(format!("{image}.state"));
    fs::DirBuilder::new().mode(0o700).create(&folder).unwrap();
    fs::copy(vectors().join(file), folder.join(format!("{name}.redb"))).unwrap();
    let before = copy.tries(&image);
    let path = copy.0.path().join(&image);
    let opened = Image::open(&path).unwrap();
    let name: CardName = name.parse().unwrap();
    let place = StatePlace::beside(&path, &name, opened.identity(&name).unwrap());
    let mut now = opened.card(&name).unwrap();
    now.summary.person.name = "別姓　花子".to_owned();
    let mut replacement = Replacement::new([1; 16]);
    replacement.record = Some(now.to_record().unwrap());
    place.replace(&replacement).unwrap();
    let inspected = copy.run(&["card", "inspect", &image]).out();
    assert!(inspected.contains("format 2, of this card"), "{inspected}");
    assert_eq!(copy.tries(&image), before);
    assert_eq!(copy.json(&["show", "--json", &image])["holder"]["name"], "別姓　花子");
}

#[test]
fn a_state_of_version_1_is_the_card_as_it_was_left() {
    let copy = Copy::new();
    let Expected { state, card, .. } = expected();
    let State {
        file,
        image,
        name,
        tries,
        inspected,
        exchanges,
    } = state;
    let issued = &card
        .iter()
        .find(|card| card.image == image && card.name == name)
        .unwrap()
        .tries;
    let folder = copy.0.path().join(format!("{image}.state"));
    fs::DirBuilder::new().mode(0o700).create(&folder).unwrap();
    fs::copy(vectors().join(file), folder.join(format!("{name}.redb"))).unwrap();
    let mut expected = issued.clone();
    for (application, ef, left) in tries {
        expected
            .iter_mut()
            .find(|it| it.0 == application && it.1 == ef)
            .unwrap()
            .2 = left;
    }
    assert_eq!(copy.tries(&image), expected);
    let told = copy.run(&["card", "inspect", &image]).out();
    let mut lines: Vec<&str> = told.lines().skip(1).map(str::trim).collect();
    assert_eq!(lines.remove(0), "format 1, of this card", "{told}");
    let mut inspected: Vec<&str> = inspected.iter().map(String::as_str).collect();
    inspected.sort_unstable();
    lines.sort_unstable();
    assert_eq!(lines, inspected);
    let (commands, answers): (Vec<_>, Vec<_>) = exchanges.into_iter().unzip();
    let arguments = ["apdu", "--plain", "--card", &image, "00A4040C0AD392F000260100000001"];
    let arguments: Vec<&str> = arguments
        .into_iter()
        .chain(commands.iter().map(String::as_str))
        .collect();
    let told = copy.run(&arguments).out();
    assert_eq!(told.lines().skip(1).collect::<Vec<_>>(), answers);
}
