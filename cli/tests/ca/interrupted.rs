//! `vmyna counter` that is killed: the next command leaves old or new on both sides, register and card.

use std::fs;

use serde_json::Value;
use vmyna_testkit::{client, killed_at, require_program};

use crate::bench::Bench;
use crate::common::Printed;
use crate::counter::{DAY, counter, rows, sign_certificate};

/// The commands that open the register or use the card next; `vmyna ca serve` is another one.
const NEXT: [&[&str]; 5] = [
    &["ca", "list", "ca"],
    &["run", "--card", "card", "--", "true"],
    &["pin", "card"],
    &["show", "card"],
    &[
        "counter",
        "card",
        "--ca",
        "ca",
        "--now",
        "2027-05-01",
        "reset-pin",
        "code-b",
    ],
];

/// Kills the counter with its n-th system call that writes, renames, removes or syncs. Returns whether there was one.
fn killed(bench: &Bench, calls: &str, number: u32) -> bool {
    let mut counter = bench.command(&["counter", "card", "--ca", "ca", "--now", DAY]);
    counter.args([
        "move-in",
        "--municipality",
        "27127",
        "--address",
        "大阪府大阪市北区見本町１",
    ]);
    let output = killed_at(&counter, calls, number);
    let killed = !output.status.success();
    if !killed {
        assert!(output.out().contains("issued the sign certificate"), "{}", output.err());
    }
    killed
}

#[test]
fn a_counter_killed_at_a_write_leaves_old_or_new_on_both_sides() {
    kill_at_writes(&[
        ("fsync,fdatasync", 2),
        ("unlink,unlinkat,ftruncate", 1),
        ("pwrite64", 7),
    ]);
}

#[test]
#[ignore = "some minutes: every write; `make test-heavy` runs it"]
fn a_counter_killed_at_every_write_leaves_old_or_new_on_both_sides() {
    kill_at_writes(&[
        ("fsync,fdatasync", 1),
        ("unlink,unlinkat,ftruncate", 1),
        ("pwrite64", 1),
        ("write", 1),
    ]);
}

/// Kills the counter at its system calls of these kinds, at each k-th of them, and looks at both sides after the next command.
fn kill_at_writes(kinds: &[(&str, u32)]) {
    require_program("strace", "strace");
    let bench = Bench::new();
    fs::create_dir(bench.path("saved")).unwrap();
    let copy = |from: &str, to: &str| {
        let mut cp = client("cp", "coreutils");
        let copied = cp.args(["-r", from, to]).current_dir(&bench.folder).status().unwrap();
        assert!(copied.success());
    };
    copy("ca", "saved/ca");
    let old = sign_certificate(&bench, "card", "ABC123").unwrap();
    let (mut tried, mut new_sides) = (0, 0);
    for (calls, stride) in kinds {
        let mut number = 1;
        loop {
            for folder in ["ca", "card.state"] {
                let _ = fs::remove_dir_all(bench.path(folder));
            }
            copy("saved/ca", "ca");
            let killed = killed(&bench, calls, number);
            tried += 1;
            let next = NEXT.get(tried % (NEXT.len() + 1));
            let output = match next {
                Some(next) => bench.run(next, 0),
                None => bench.serve(&["ca"]).end(),
            };
            assert!(!output.contains("pending"), "{calls} {number} {next:?}: {output}");
            let rows = rows(&bench, "sign");
            let there = sign_certificate(&bench, "card", "ABC123").unwrap();
            let is_old = there == old;
            let place = format!("{calls} {number} {next:?}: {rows:?}");
            assert_eq!(rows.len(), if is_old { 1 } else { 2 }, "{place}");
            let good: Vec<&Value> = rows.iter().filter(|row| row["status"] == "good").collect();
            assert_eq!(good.len(), 1, "{place}");
            // The one good certificate is the one on the card.
            let serial = u32::from_str_radix(good[0]["serial"].as_str().unwrap(), 16).unwrap();
            let serial = serial.to_be_bytes();
            assert!(there.windows(3).take(20).any(|part| part == &serial[1..]), "{place}");
            new_sides += usize::from(!is_old);
            if !killed {
                break;
            }
            number += stride;
        }
    }
    // Both outcomes were seen, and many places.
    assert!(tried > 10 && new_sides > 3 && new_sides < tried, "{tried} {new_sides}");
}

/// Kills the counter at these of its writes, lets `prepare` do something with the card, and runs `first`. The one good sign
/// certificate must be the one on the card at `card` afterwards. Returns what `first` printed each time.
fn killed_and_then(
    writes: impl IntoIterator<Item = u32>,
    prepare: &dyn Fn(&Bench),
    first: &[&str],
    card: &str,
) -> Vec<String> {
    require_program("strace", "strace");
    let mut printed = Vec::new();
    for number in writes {
        let bench = Bench::new();
        let killed = killed(&bench, "fsync,fdatasync", number);
        prepare(&bench);
        printed.push(bench.run(first, 0));
        let there = sign_certificate(&bench, card, "ABC123").unwrap();
        let rows = rows(&bench, "sign");
        let good: Vec<&Value> = rows.iter().filter(|row| row["status"] == "good").collect();
        assert_eq!(good.len(), 1, "{number}: {rows:?}");
        let serial = u32::from_str_radix(good[0]["serial"].as_str().unwrap(), 16).unwrap();
        let serial = serial.to_be_bytes();
        assert!(
            there.windows(3).take(20).any(|part| part == &serial[1..]),
            "{number}: {rows:?}"
        );
        if !killed {
            break;
        }
    }
    printed
}

#[test]
fn a_card_that_was_moved_gets_what_is_left_where_it_is_now() {
    let moved = |bench: &Bench| {
        fs::create_dir(bench.path("moved")).unwrap();
        for name in ["card", "card.state"] {
            fs::rename(bench.path(name), bench.path("moved").join(name)).unwrap();
        }
    };
    let printed = killed_and_then((5..).step_by(2), &moved, &["ca", "list", "ca"], "moved/card");
    assert!(
        printed.iter().any(|text| text.contains("not there any more")),
        "{printed:?}"
    );
}

#[test]
fn an_installation_first_finishes_what_a_killed_counter_has_left() {
    let declare = |bench: &Bench| {
        bench.declare_notes();
    };
    let install = ["card", "install", "card", "notes.ap.toml"];
    let printed = killed_and_then([7], &declare, &install, "card");
    assert!(printed[0].contains("installed notes (F054455354)"), "{printed:?}");
}

#[test]
fn the_copy_of_a_card_leaves_what_is_pending_to_the_card() {
    let copied = |bench: &Bench| {
        let mut cp = client("cp", "coreutils");
        let copied = cp.args(["-r", "card", "card.state", "copy"]);
        fs::create_dir(bench.path("copy")).unwrap();
        assert!(copied.current_dir(&bench.folder).status().unwrap().success());
    };
    killed_and_then((5..).step_by(2), &copied, &["show", "copy/card"], "card");
}

#[test]
fn a_mark_that_leads_nowhere_is_named_with_the_way_out() {
    let bench = Bench::new();
    counter(&bench, "card", DAY, &["reset-pin", "code-b"], 0);
    let files = fs::read_dir(bench.path("card.state")).unwrap();
    let mut files = files.map(|entry| entry.unwrap().path());
    let state = files.find(|path| path.extension().is_some_and(|end| end == "redb"));
    let mark = state.unwrap().with_extension("redb.pending");
    let lost = format!("vmyna pending 1\n2F616273656E74\n{}\n", "00".repeat(16));
    for (text, fault) in [
        (lost, "/absent: No such file"),
        ("another text\n".to_owned(), "damaged"),
        ("a".repeat(9000), "too large"),
    ] {
        fs::write(&mark, text).unwrap();
        for (arguments, status) in [
            (&["pin", "card"][..], 0),
            (&["counter", "card", "--ca", "ca", "death"], 1),
        ] {
            let printed = bench.run(arguments, status);
            assert!(
                printed.contains(fault) && printed.contains("remove ") && printed.contains(".redb.pending"),
                "{printed}"
            );
        }
        assert!(mark.exists());
    }
    assert!(bench.list(&["--revoked"]).is_empty());
    fs::remove_file(&mark).unwrap();
    counter(&bench, "card", DAY, &["move-out"], 0);
}
