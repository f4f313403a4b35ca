//! Images and states of version 2 are read for ever, and hold what they were written with. The files and what they hold are
//! committed and never made anew: see `test-vectors/cards/README.md`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::process::Output;

use common::frozen::{self, Original, vectors};
use common::{Printed, vmyna};
use serde::Deserialize;
use tempfile::TempDir;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    file: Vec<Original>,
    card: Vec<Card>,
    state: Vec<State>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Card {
    image: String,
    name: String,
    shown: Vec<(String, String)>,
    sizes: Vec<(String, usize)>,
    exchanges: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    file: String,
    image: String,
    name: String,
    shown: Vec<(String, String)>,
    exchanges: Vec<(String, String)>,
}

fn expected() -> Expected {
    frozen::expected("v2")
}

/// A copy of a card, so that nothing happens to the original.
struct Copy {
    folder: TempDir,
    card: String,
}

impl Copy {
    fn new(image: &str, name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::copy(vectors().join(image), folder.path().join("image")).unwrap();
        let card = format!("image#{name}");
        Self { folder, card }
    }

    /// The copy with this state.
    fn with_state(image: &str, name: &str, state: &str) -> Self {
        let copy = Self::new(image, name);
        let folder = copy.folder.path().join("image.state");
        fs::DirBuilder::new().mode(0o700).create(&folder).unwrap();
        fs::copy(vectors().join(state), folder.join(format!("{name}.redb"))).unwrap();
        copy
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Output {
        vmyna(arguments)
            .current_dir(&self.folder)
            .output()
            .unwrap()
            .exits_with(0)
    }

    fn shows(&self, shown: &[(String, String)]) {
        let printed = self.run(&["show", "--json", &self.card]).out();
        let printed: serde_json::Value = serde_json::from_str(&printed).unwrap();
        for (field, value) in shown {
            let there = printed.pointer(&format!("/{field}")).and_then(|there| there.as_str());
            assert_eq!(there, Some(value.as_str()), "{} {field}", self.card);
        }
    }

    #[track_caller]
    fn answers(&self, exchanges: &[(String, String)]) {
        frozen::assert_answers(|arguments| self.run(arguments), &self.card, exchanges, &self.card);
    }
}

#[test]
fn not_a_byte_of_them_has_changed() {
    frozen::assert_unchanged(&expected().file);
}

#[test]
fn an_image_of_version_2_holds_the_cards_it_was_issued_with() {
    let cards = expected().card;
    assert!(cards.len() >= 4);
    for card in cards {
        let copy = Copy::new(&card.image, &card.name);
        copy.shows(&card.shown);
        for (file, size) in card.sizes {
            let bytes = copy.run(&["files", &copy.card, &file, "--raw"]).stdout;
            assert_eq!(bytes.len(), size, "{} {file}", card.name);
        }
        copy.answers(&card.exchanges);
    }
}

#[test]
fn a_state_of_version_2_is_the_card_as_it_was_left() {
    let states = expected().state;
    assert!(states.len() >= 4);
    for state in states {
        let copy = Copy::with_state(&state.image, &state.name, &state.file);
        copy.shows(&state.shown);
        let inspected = copy.run(&["card", "inspect", &copy.card]).out();
        assert!(
            inspected.contains("format 2, of this card"),
            "{}: {inspected}",
            state.file
        );
        copy.answers(&state.exchanges);
    }
}
