//! What an application may declare of its own: the answer to SELECT, a lock, a parent, status words, a shared PIN.

use vmyna_apdu::{Aid, FileId};

use crate::common::free::{self, BELOW, BESIDE, FCI, FREE, LOCKED, OWN_DENIAL};
use crate::common::{ALPHA, GAMMA, ROOT, Rig, bytes};

fn select(p2: &str, name: &str, le: &str) -> String {
    format!("00A404{p2} {:02X} {name} {le}", name.len() / 2)
}

#[test]
fn the_applications_own_fci_is_returned_as_far_as_le_allows() {
    let own = bytes(FCI);
    for le in 0..=8usize {
        let le_byte = if le == 0 { String::new() } else { format!("{le:02X}") };
        let (data, sw) = free::rig().send(&select("00", FREE, &le_byte));
        assert_eq!((data.as_slice(), sw), (&own[..le.min(own.len())], 0x9000), "Le {le}");
    }
    assert_eq!(free::rig().send(&select("0C", FREE, "")), (vec![], 0x9000));
    // An EF of it has the card's form.
    assert_eq!(free::rig().send("00A40200 02 0001 00").0, bytes("6F0483020001"));
}

#[test]
fn a_locked_application_is_selected_with_6283_and_allows_nothing_but_selecting() {
    for (p2, le) in [("0C", ""), ("00", "00"), ("00", "")] {
        let mut rig = free::rig();
        rig.expect(&[("00200098 04 31323334", 0x9000), ("00D68200 01 5A", 0x9000)]);
        assert_eq!(rig.sw(&select(p2, LOCKED, le)), 0x6283);
        for command in [
            "00B08100 00",
            "00A4020C 02 0001",
            "00840000 08",
            "00CA0100 00",
            "00A40000",
            "00A4000C 02 3F00",
            "00200098",
        ] {
            assert_eq!(rig.sw(command), 0x6985, "{command}");
        }
        // What is not understood is refused for that.
        rig.expect(&[("00D68100 01 5A", 0x6D00), ("00B08000 00", 0x6A86)]);
        assert_eq!(rig.sw(&select(p2, LOCKED, le)), 0x6283);
        rig.select(FREE);
        rig.expect(&[("00D68200 01 5A", OWN_DENIAL)]);
        assert_eq!(rig.send("00B08200 01").0, [0x5A]);
    }
}

#[test]
fn an_application_below_another_is_found_from_there_and_from_beside_it_alone() {
    let from = |path: &[&str]| {
        let mut rig = free::rig();
        rig.select(ROOT);
        path.iter().for_each(|aid| rig.select(aid));
        rig
    };
    let table: [(&[&str], bool); 7] = [
        (&[], false),
        (&[ALPHA], false),
        (&[GAMMA], false),
        (&[FREE], true),
        (&[FREE, BELOW], true),
        (&[FREE, BESIDE], true),
        (&[FREE, BELOW, ROOT], false),
    ];
    for (path, found) in table {
        for name in [BELOW, BESIDE] {
            let mut rig = from(path);
            let before = rig.selected();
            let sw = rig.sw(&select("0C", name, ""));
            assert_eq!(sw, if found { 0x9000 } else { 0x6A82 }, "{path:?} {name}");
            assert_eq!(rig.selected(), if found { name } else { &before }, "{path:?} {name}");
        }
        // By the beginning of the name, and as the next occurrence.
        let partial = from(path).sw(&select("0C", "F1", ""));
        assert_eq!(partial, if found { 0x9000 } else { 0x6A82 }, "{path:?}");
        if path == [FREE, BELOW] {
            let mut rig = from(path);
            assert_eq!(rig.sw(&select("0E", "F1", "")), 0x9000);
            assert_eq!(rig.selected(), BESIDE);
            assert_eq!(rig.sw(&select("0E", "F1", "")), 0x6A82);
        }
    }
    // Its security status is its own.
    let mut rig = from(&[FREE]);
    rig.expect(&[("00200098 04 31323334", 0x9000)]);
    rig.select(BELOW);
    rig.select(FREE);
    rig.expect(&[("00D68200 01 5A", OWN_DENIAL)]);
}

#[test]
fn a_status_word_of_its_own_is_answered_in_that_application_alone() {
    let mut rig = free::rig();
    rig.expect(&[("00D68200 01 5A", OWN_DENIAL), ("00B0FF00 00", 0x6A86)]);
    rig.select(ALPHA);
    rig.expect(&[("00B08700 00", 0x6982)]);
}

#[test]
fn a_shared_pin_has_one_value_and_one_counter_and_a_security_status_in_each_application() {
    let mut rig = free::rig();
    let (read, wrong) = ("00B09A00 01", "00200099 04 30303030");
    rig.expect(&[(read, OWN_DENIAL), (wrong, 0x63C2)]);
    rig.select(ALPHA);
    rig.expect(&[
        ("00200098", 0x63C2),
        ("00200098 04 30303030", 0x63C1),
        ("00B08700 01", 0x6982),
    ]);
    rig.select(FREE);
    // FREE's own PIN has the same identifier as alpha's and is another one.
    rig.expect(&[
        ("00200098", 0x63C3),
        ("00200099", 0x63C1),
        ("00200099 04 31323334", 0x9000),
        (read, 0x9000),
    ]);
    rig.expect(&[("00240199 04 39393939", 0x9000)]);
    let left = |rig: &Rig, aid: &str, id: u16| rig.card.tries_left(Aid::new(&bytes(aid)).unwrap(), FileId::new(id));
    rig.select(ALPHA);
    rig.expect(&[
        ("00B08700 01", 0x6982),
        ("00200098 04 31323334", 0x63C2),
        ("00200098 04 39393939", 0x9000),
    ]);
    rig.select(FREE);
    rig.expect(&[
        (read, OWN_DENIAL),
        (wrong, 0x63C2),
        (wrong, 0x63C1),
        (wrong, 0x63C0),
        ("00200099 04 39393939", 0x6984),
    ]);
    assert_eq!((left(&rig, FREE, 0x19), left(&rig, ALPHA, 0x18)), (Some(0), Some(0)));
    assert_eq!(left(&rig, FREE, 0x18), Some(3));
    for (aid, id, changed) in [(FREE, 0x19, true), (ALPHA, 0x18, true), (FREE, 0x18, false)] {
        let aid = Aid::new(&bytes(aid)).unwrap();
        assert_eq!(rig.card.pin_changed(aid, FileId::new(id)), changed);
    }
}
