//! Cards that keep their state: what a program or a person finds when they come back, who may use a card when, and what
//! happens to a state that is damaged.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use common::{PATIENCE, Printed, vmyna};
use tempfile::TempDir;

const SELECT_JPKI: &str = "00A4040C0AD392F000260100000001";
const QUERY: &str = "00200098";
const RIGHT: &str = "0020009804 31323334";
const WRONG: &str = "0020009804 30303030";
const CHANGE: &str = "00A4020C020018";

/// A folder with a collection of three cards, `p000001` to `p000003`.
struct Cards(TempDir);

impl Cards {
    fn new() -> Self {
        let cards = Self(tempfile::tempdir().unwrap());
        let issue = ["issue", "--people", "3", "--key-pool", "1", "--seed", "1", "-o", "c"];
        cards.run(&issue).exits_with(0);
        cards
    }

    fn run(&self, arguments: &[&str]) -> Output {
        vmyna(arguments).current_dir(&self.0).output().unwrap()
    }

    /// The last answer of the card `p000001` to APDUs in its JPKI application.
    #[track_caller]
    fn answer(&self, apdus: &[&str]) -> String {
        let arguments = [&["apdu", "--plain", "--card", "c#p000001", SELECT_JPKI], apdus].concat();
        let output = self.run(&arguments).exits_with(0).out();
        output.lines().last().unwrap().to_owned()
    }

    fn state(&self) -> PathBuf {
        self.0.path().join("c.state/p000001.redb")
    }

    /// Puts the card where PC/SC programs see it, until the holder is dropped.
    fn hold(&self) -> Holder {
        let socket = self.0.path().join("socket");
        let mut command = vmyna(["serve", "--card", "c#p000001", "--socket"]);
        let command = command.arg(&socket).current_dir(&self.0).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let end = Instant::now() + PATIENCE;
        while !socket.exists() {
            assert!(Instant::now() < end, "the card is not served");
            std::thread::sleep(Duration::from_millis(10));
        }
        Holder(child)
    }
}

struct Holder(Child);

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn tries(cards: &Cards, card: &str) -> String {
    let pins = cards.run(&["pin", card]).exits_with(0).out();
    let line = pins.lines().find(|line| line.contains("0018")).unwrap();
    line.split_whitespace().skip(2).take(3).collect::<Vec<_>>().join(" ")
}

#[test]
fn used_tries_and_a_new_pin_are_there_when_a_card_is_used_again() {
    let cards = Cards::new();
    assert_eq!(cards.answer(&[QUERY]), "63C3");
    assert!(!cards.state().exists(), "a card that nobody changed has no state");
    assert_eq!(cards.answer(&[WRONG]), "63C2");
    assert_eq!(cards.answer(&[WRONG]), "63C1");
    assert_eq!(tries(&cards, "c#p000001"), "1 of 3");
    let pins = cards.run(&["pin", "--json", "c#p000001"]).exits_with(0).out();
    assert!(pins.contains("\"tries_left\": 1"), "{pins}");
    assert_eq!(cards.answer(&[CHANGE, RIGHT, "0024018004 39383736"]), "9000");
    assert_eq!(cards.answer(&[RIGHT]), "63C2");
    assert_eq!(cards.answer(&["0020009804 39383736"]), "9000");
    assert_eq!(cards.answer(&[QUERY]), "63C3");
    let inspected = cards.run(&["card", "inspect", "c#p000001"]).exits_with(0).out();
    assert!(
        inspected.contains("jpki 0018: 3 tries left, another value than issued"),
        "{inspected}"
    );
    assert!(!inspected.contains("9876"), "{inspected}");
    assert_eq!(tries(&cards, "c#p000002"), "3 of 3", "other cards are as issued");
}

#[test]
fn a_state_is_for_its_owner_only_and_the_image_stays_as_it_is() {
    let cards = Cards::new();
    let image = cards.0.path().join("c");
    let before = fs::read(&image).unwrap();
    cards.answer(&[WRONG]);
    let mode = |path: &PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&cards.0.path().join("c.state")), 0o700);
    assert_eq!(mode(&cards.state()), 0o600);
    assert!(fs::read(&image).unwrap() == before);
    let folder = cards.0.path().join("c.state").read_dir().unwrap();
    let left: Vec<_> = folder.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["p000001.redb"]);
}

#[test]
fn a_card_in_use_is_refused_to_others_who_learn_its_tries_and_reset_it_through_its_holder() {
    let cards = Cards::new();
    cards.answer(&[WRONG]);
    let holder = cards.hold();
    let pid = format!("process {}", holder.0.id());
    let refused = cards.run(&["apdu", "--card", "c#p000001", QUERY]).exits_with(1).err();
    assert!(refused.contains("in use") && refused.contains(&pid), "{refused}");
    assert_eq!(tries(&cards, "c#p000001"), "2 of 3");
    let pins = cards.run(&["pin", "c#p000001"]).exits_with(0).out();
    assert!(pins.contains(&pid), "{pins}");
    cards.run(&["show", "c#p000001"]).exits_with(0);
    // Another card of the collection is free.
    cards.run(&["apdu", "--card", "c#p000002", QUERY]).exits_with(0);
    let told = cards.run(&["card", "reset-state", "c#p000001"]).exits_with(0).out();
    assert!(told.contains(&pid) && told.contains("as issued"), "{told}");
    assert_eq!(tries(&cards, "c#p000001"), "3 of 3");
    assert!(!cards.state().exists());
    let inspected = cards.run(&["card", "inspect", "c#p000001"]).exits_with(1).err();
    assert!(inspected.contains(&pid), "{inspected}");
    drop(holder);
    assert_eq!(cards.answer(&[QUERY]), "63C3");
}

#[test]
fn the_card_of_a_killed_process_is_free_and_as_that_process_left_it() {
    let cards = Cards::new();
    cards.answer(&[WRONG]);
    for _ in 0..3 {
        // Dropping kills it.
        drop(cards.hold());
        assert_eq!(cards.answer(&[QUERY]), "63C2");
    }
}

#[test]
fn cards_of_one_collection_are_used_side_by_side() {
    let cards = Cards::new();
    let users: Vec<_> = ["c#p000001", "c#p000002", "c#p000003"]
        .into_iter()
        .map(|card| {
            let mut command = vmyna(["apdu", "--plain", "--card", card, SELECT_JPKI]);
            command.args([WRONG; 2]).args([RIGHT; 20]).current_dir(&cards.0);
            command.stdout(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for user in users {
        let answers = user.wait_with_output().unwrap().exits_with(0).out();
        assert!(answers.ends_with("9000\n") && answers.contains("63C1\n"), "{answers}");
    }
}

#[test]
fn a_damaged_state_is_refused_and_kept_can_be_inspected_and_reset() {
    let cards = Cards::new();
    cards.answer(&[WRONG]);
    let mut state = fs::read(cards.state()).unwrap();
    // Every page's content, so that whatever is looked at is damaged.
    state.iter_mut().skip(64).step_by(97).for_each(|byte| *byte ^= 0x55);
    fs::write(cards.state(), &state).unwrap();
    for command in [&["apdu", "--card", "c#p000001", QUERY][..], &["pin", "c#p000001"]] {
        let refused = cards.run(command).exits_with(1).err();
        assert!(
            refused.contains("damaged") && refused.contains("vmyna card reset-state"),
            "{refused}"
        );
    }
    cards.run(&["card", "inspect", "c#p000001"]).exits_with(1);
    assert!(
        fs::read(cards.state()).unwrap() == state,
        "a refused state is left as it is"
    );
    cards.run(&["card", "reset-state", "c#p000001"]).exits_with(0);
    assert_eq!(cards.answer(&[QUERY]), "63C3");
}

#[test]
fn the_state_of_another_card_is_refused() {
    let cards = Cards::new();
    cards.answer(&[WRONG]);
    fs::rename(cards.state(), cards.0.path().join("c.state/p000002.redb")).unwrap();
    for command in [&["apdu", "--card", "c#p000002", QUERY][..], &["pin", "c#p000002"]] {
        let refused = cards.run(command).exits_with(1).err();
        assert!(refused.contains("another card"), "{refused}");
    }
    let inspected = cards.run(&["card", "inspect", "c#p000002"]).exits_with(0).out();
    assert!(inspected.contains("ANOTHER card"), "{inspected}");
}

#[test]
fn whatever_way_leads_to_an_image_its_card_has_one_state() {
    let cards = Cards::new();
    cards.answer(&[WRONG]);
    std::os::unix::fs::symlink("c", cards.0.path().join("link")).unwrap();
    assert_eq!(tries(&cards, "link#p000001"), "2 of 3");
    assert_eq!(tries(&cards, "./c#p000001"), "2 of 3");
}

#[test]
fn a_built_in_card_keeps_no_state() {
    for action in ["inspect", "reset-state"] {
        let refused = vmyna(["card", action, "specimen:hanako"])
            .output()
            .unwrap()
            .exits_with(2)
            .err();
        assert!(refused.contains("keeps no state"), "{refused}");
    }
}
