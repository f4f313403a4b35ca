//! The state of a card in a file: what lies there, who may have it, and what a user is told when something is wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use common::{ALPHA, Rig};
use redb::{Database, TableDefinition};
use tempfile::TempDir;
use vmyna_card_os::state::durable::{DurableStore, inspect, reset};
use vmyna_card_os::state::{LockOwner, StoreError, StoreErrorKind};

const IDENTITY: [u8; 32] = [0x11; 32];
const RIGHT: &str = "00200098 04 31323334";
const WRONG: &str = "00200098 04 31323335";
const QUERY: &str = "00200098";

/// A directory with room for a card's state.
fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("hanako.state");
    (directory, state)
}

fn open(state: &Path) -> Result<DurableStore, StoreError> {
    DurableStore::open(state, &IDENTITY)
}

/// A card with this state and alpha selected.
fn card(state: &Path) -> Rig {
    let mut rig = Rig::on(Box::new(open(state).unwrap()));
    rig.select(ALPHA);
    rig
}

fn names(directory: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(directory.path()).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_card_that_is_only_read_leaves_nothing_behind() {
    let (directory, state) = place();
    let mut rig = card(&state);
    rig.expect(&[(QUERY, 0x63C3), ("00B08300 00", 0x9000)]);
    assert_eq!(names(&directory), ["hanako.state.holder"]);
    drop(rig);
    assert!(names(&directory).is_empty());
    assert_eq!(inspect(&state).unwrap(), None);
}

#[test]
fn counters_and_values_are_there_in_the_next_process() {
    let (directory, state) = place();
    card(&state).expect(&[
        (WRONG, 0x63C2),
        (RIGHT, 0x9000),
        ("00240198 04 35353535", 0x9000),
        (RIGHT, 0x63C2),
        ("00200099 06 313131313131", 0x63C4),
    ]);
    assert_eq!(names(&directory), ["hanako.state"]);
    for _ in 0..3 {
        card(&state).expect(&[
            (QUERY, 0x63C2),
            ("00B08700 00", 0x6982),
            ("00200099", 0x63C4),
            ("0020009A", 0x63CA),
        ]);
    }
    card(&state).expect(&[("00200098 04 35353535", 0x9000), (QUERY, 0x63C3)]);
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_what_a_card_writes() {
    use std::os::unix::fs::PermissionsExt;
    let (directory, state) = place();
    let mut rig = card(&state);
    rig.expect(&[(WRONG, 0x63C2)]);
    let files = names(&directory);
    assert_eq!(files, ["hanako.state", "hanako.state.holder"]);
    for file in files {
        let mode = fs::metadata(directory.path().join(&file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn a_first_change_that_was_not_finished_is_no_state_and_is_cleared_away() {
    let (directory, state) = place();
    fs::write(directory.path().join("hanako.state.new"), b"half of something").unwrap();
    let mut rig = card(&state);
    assert_eq!(names(&directory), ["hanako.state.holder"]);
    rig.expect(&[(QUERY, 0x63C3), (WRONG, 0x63C2)]);
    drop(rig);
    card(&state).expect(&[(QUERY, 0x63C2)]);
}

#[test]
fn the_cards_of_one_directory_are_used_side_by_side() {
    let (directory, _) = place();
    let mut rigs: Vec<_> = (0..10)
        .map(|number| card(&directory.path().join(format!("{number}.state"))))
        .collect();
    for rig in &mut rigs {
        rig.expect(&[(WRONG, 0x63C2)]);
    }
}

#[test]
fn a_state_belongs_to_the_card_it_was_made_for() {
    let (_directory, state) = place();
    card(&state).expect(&[(WRONG, 0x63C2)]);
    let error = DurableStore::open(&state, &[0x12; 32]).unwrap_err();
    assert!(matches!(error.kind, StoreErrorKind::OtherCard), "{error}");
    let said = error.to_string();
    assert!(said.contains("another card") && said.contains("hanako.state"), "{said}");
    card(&state).expect(&[(QUERY, 0x63C2)]);
}

#[test]
fn the_state_of_a_newer_version_is_refused_whatever_else_it_has() {
    let (_directory, state) = place();
    card(&state).expect(&[(WRONG, 0x63C2)]);
    let database = Database::open(&state).unwrap();
    let transaction = database.begin_write().unwrap();
    let format = TableDefinition::<&str, u32>::new("format");
    transaction.open_table(format).unwrap().insert("state", 3).unwrap();
    transaction
        .delete_table(TableDefinition::<&[u8], u8>::new("pin tries"))
        .unwrap();
    transaction.commit().unwrap();
    drop(database);
    for error in [open(&state).unwrap_err(), inspect(&state).unwrap_err()] {
        assert!(matches!(error.kind, StoreErrorKind::Newer { format: 3, .. }), "{error}");
    }
}

#[test]
fn a_second_lock_in_the_same_process_is_refused() {
    let (_directory, state) = place();
    let mut first = open(&state).unwrap();
    let pid = std::process::id();
    let refused = |control: Option<&str>| {
        let owner = LockOwner::new(pid, control.map(str::to_owned));
        let place = state.display().to_string();
        let errors = [
            open(&state).unwrap_err(),
            inspect(&state).unwrap_err(),
            reset(&state).unwrap_err(),
        ];
        for StoreError { place: found, kind, .. } in errors {
            assert!(
                matches!(&kind, StoreErrorKind::InUse(Some(found)) if *found == owner),
                "{kind:?}"
            );
            assert_eq!(found, place);
        }
    };
    refused(None);
    first.announce("/run/somewhere/hanako.sock").unwrap();
    refused(Some("/run/somewhere/hanako.sock"));
    first.announce("/a").unwrap();
    refused(Some("/a"));
    assert!(first.announce("two\nlines").is_err());
    refused(Some("/a"));
    drop(first);
    open(&state).unwrap();
}

#[test]
fn of_many_threads_only_one_has_a_card_at_a_time() {
    let (_directory, state) = place();
    let (holders, turns) = (AtomicU32::new(0), AtomicU32::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..300 {
                    match open(&state) {
                        Ok(store) => {
                            assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0, "two at once");
                            turns.fetch_add(1, Ordering::SeqCst);
                            std::thread::yield_now();
                            holders.fetch_sub(1, Ordering::SeqCst);
                            drop(store);
                        }
                        Err(StoreError {
                            kind: StoreErrorKind::InUse(_),
                            ..
                        }) => std::thread::yield_now(),
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    assert!(turns.into_inner() > 8);
}

#[test]
fn many_readers_share_a_state_and_a_lock_waits_for_them() {
    let (directory, state) = place();
    card(&state).expect(&[(WRONG, 0x63C2)]);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(inspect(&state).unwrap().unwrap().pins[0].tries_left, Some(2));
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..10 {
                card(&state).expect(&[(QUERY, 0x63C2)]);
            }
        });
    });
    assert_eq!(names(&directory), ["hanako.state"]);
}

#[test]
fn a_lock_waits_a_moment_for_an_owner_without_announcement() {
    let (_directory, state) = place();
    let first = open(&state).unwrap();
    std::thread::scope(|scope| {
        let next = scope.spawn(|| open(&state).map(drop));
        let look = scope.spawn(|| inspect(&state));
        std::thread::sleep(std::time::Duration::from_millis(300));
        drop(first);
        assert_eq!(next.join().unwrap().unwrap(), ());
        assert_eq!(look.join().unwrap().unwrap(), None);
    });
}

#[test]
fn the_name_of_a_killed_owner_is_not_reported_for_a_reader() {
    let (directory, state) = place();
    card(&state).expect(&[(WRONG, 0x63C2)]);
    let holder = directory.path().join("hanako.state.holder");
    fs::write(&holder, "pid 1\ncontrol /run/dead\n").unwrap();
    let looker = fs::File::open(&holder).unwrap();
    looker.lock_shared().unwrap();
    assert!(inspect(&state).unwrap().is_some());
    let StoreErrorKind::InUse(owner) = open(&state).unwrap_err().kind else {
        panic!("the card is free")
    };
    assert_eq!(owner, None);
}

#[cfg(unix)]
#[test]
fn anything_but_an_ordinary_file_is_refused_and_stays() {
    let (directory, state) = place();
    let letter = directory.path().join("letter");
    fs::write(&letter, "Dear Hanako").unwrap();
    for name in ["hanako.state.holder", "hanako.state"] {
        let place = directory.path().join(name);
        let refused = |what: &str| {
            for error in [open(&state).unwrap_err(), inspect(&state).unwrap_err()] {
                assert!(matches!(error.kind, StoreErrorKind::NotAFile(_)), "{error:?}");
                let text = error.to_string();
                assert!(
                    text.contains(what) && text.contains(&*place.to_string_lossy()),
                    "{text}"
                );
            }
        };
        std::os::unix::fs::symlink(&letter, &place).unwrap();
        refused("symbolic link");
        assert_eq!(fs::read_to_string(&letter).unwrap(), "Dear Hanako");
        fs::remove_file(&place).unwrap();
        assert!(Command::new("mkfifo").arg(&place).status().unwrap().success());
        refused("not an ordinary file");
        fs::remove_file(&place).unwrap();
        drop(UnixListener::bind(&place).unwrap());
        refused("not an ordinary file");
        fs::remove_file(&place).unwrap();
        fs::create_dir(&place).unwrap();
        refused("not an ordinary file");
        let error = reset(&state).unwrap_err();
        assert!(matches!(error.kind, StoreErrorKind::NotAFile(_)), "{error:?}");
        fs::remove_dir(&place).unwrap();
    }
    assert_eq!(names(&directory), ["letter"]);
}

/// A card in use whose folder is moved away and made anew, and the same card in use there.
fn moved(used_before: bool) -> (TempDir, PathBuf, Rig, Rig) {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("c.state");
    fs::create_dir(&folder).unwrap();
    let state = folder.join("hanako.redb");
    let mut first = card(&state);
    if used_before {
        first.expect(&[(WRONG, 0x63C2)]);
    }
    fs::rename(&folder, directory.path().join("old")).unwrap();
    fs::create_dir(&folder).unwrap();
    let second = card(&state);
    (directory, state, first, second)
}

#[test]
fn a_card_whose_folder_was_moved_away_keeps_nothing_more_and_writes_over_nothing() {
    for used_before in [false, true] {
        let (_directory, state, mut first, mut second) = moved(used_before);
        second.expect(&[(WRONG, 0x63C2), (WRONG, 0x63C1), (WRONG, 0x63C0)]);
        first.expect(&[(WRONG, 0x6581)]);
        assert!(first.card.reset_state().is_err());
        drop((first, second));
        card(&state).expect(&[(QUERY, 0x63C0)]);
    }
}

#[test]
fn the_end_of_an_owner_whose_folder_was_moved_keeps_the_lock_of_the_next() {
    let (_directory, state, first, second) = moved(true);
    drop(first);
    let error = open(&state).unwrap_err();
    assert!(matches!(error.kind, StoreErrorKind::InUse(_)), "{error}");
    drop(second);
    open(&state).unwrap();
}

#[test]
fn a_state_that_was_put_in_place_while_the_card_was_in_use_is_not_written_over() {
    let (_directory, state) = place();
    let mut rig = card(&state);
    fs::write(&state, "somebody's copy").unwrap();
    rig.expect(&[(WRONG, 0x6581), (QUERY, 0x63C3)]);
    drop(rig);
    assert_eq!(fs::read(&state).unwrap(), b"somebody's copy");
}

/// What a user or a program does to the state of a card in use; the second path is that of an older copy.
type Attack = (&'static str, fn(&Path, &Path));

const ATTACKS: [Attack; 6] = [
    ("rm", |state, _| fs::remove_file(state).unwrap()),
    ("mv away", |state, kept| {
        fs::rename(state, kept.with_extension("away")).unwrap()
    }),
    ("cp, mv", |state, kept| {
        fs::copy(kept, kept.with_extension("copy")).unwrap();
        fs::rename(kept.with_extension("copy"), state).unwrap();
    }),
    ("rm, cp", |state, kept| {
        fs::remove_file(state).unwrap();
        fs::copy(kept, state).unwrap();
    }),
    ("rm, ln -s", |state, kept| {
        fs::remove_file(state).unwrap();
        std::os::unix::fs::symlink(kept, state).unwrap();
    }),
    ("ln", |state, kept| {
        fs::hard_link(state, kept.with_extension("link")).unwrap()
    }),
];

#[test]
fn a_state_removed_or_replaced_between_two_tries_gives_no_try_back() {
    for (attack, work) in ATTACKS {
        let (_directory, state) = place();
        let kept = state.with_extension("kept");
        card(&state).expect(&[(WRONG, 0x63C2)]);
        fs::copy(&state, &kept).unwrap();
        let mut rig = card(&state);
        rig.expect(&[(WRONG, 0x63C1)]);
        work(&state, &kept);
        // Right or wrong, no PIN is judged any more, and no try comes back in this session.
        for pin in [WRONG, RIGHT, WRONG] {
            assert_eq!(rig.sw(pin), 0x6581, "{attack}");
        }
        assert_ne!(rig.sw(QUERY), 0x63C3, "{attack}");
    }
}

#[test]
fn the_first_state_removed_before_the_next_try_gives_no_try_back() {
    let (_directory, state) = place();
    let mut rig = card(&state);
    rig.expect(&[(WRONG, 0x63C2)]);
    fs::remove_file(&state).unwrap();
    rig.expect(&[(WRONG, 0x6581), (RIGHT, 0x6581)]);
    // The cardholder's own way back to a new card.
    rig.card.reset_state().unwrap();
    rig.card.power_on();
    rig.select(ALPHA);
    rig.expect(&[(WRONG, 0x63C2)]);
    drop(rig);
    card(&state).expect(&[(QUERY, 0x63C2)]);
}

#[test]
fn a_state_with_two_names_since_before_is_used_and_one_moved_away_and_back_too() {
    let (_directory, state) = place();
    card(&state).expect(&[(WRONG, 0x63C2)]);
    fs::hard_link(&state, state.with_extension("link")).unwrap();
    let mut rig = card(&state);
    rig.expect(&[(WRONG, 0x63C1)]);
    fs::rename(&state, state.with_extension("away")).unwrap();
    fs::rename(state.with_extension("away"), &state).unwrap();
    rig.expect(&[(WRONG, 0x63C0)]);
    drop(rig);
    card(&state).expect(&[(QUERY, 0x63C0)]);
}

#[test]
fn a_first_change_that_fails_leaves_no_file() {
    let (directory, state) = place();
    let mut rig = card(&state);
    fs::write(&state, "in the way").unwrap();
    rig.expect(&[(WRONG, 0x6581)]);
    drop(rig);
    assert_eq!(names(&directory), ["hanako.state"]);
}

/// Where the process started by [`start_owner`] finds the state it is to hold.
const HOLD: &str = "VMYNA_TEST_HOLD";

/// No test but what [`start_owner`] runs in a process of its own: sends a wrong PIN, then waits to be killed.
#[test]
fn hold_a_card_where_another_test_asks_for_it() {
    let Some(state) = std::env::var_os(HOLD).map(PathBuf::from) else {
        return;
    };
    let mut store = open(&state).unwrap();
    store.announce("/run/somewhere/control").unwrap();
    let mut rig = Rig::on(Box::new(store));
    rig.select(ALPHA);
    println!("\nanswered {:04X}", rig.sw(WRONG));
    std::thread::sleep(std::time::Duration::from_secs(60));
}

/// A process that holds the card, and has been answered.
fn start_owner(state: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hold_a_card_where_another_test_asks_for_it", "--nocapture"])
        .env(HOLD, state)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let answered = lines.map(Result::unwrap).find(|line| line.starts_with("answered"));
    assert!(answered.is_some(), "the other process ended");
    child
}

#[test]
fn another_process_is_named_and_when_it_is_killed_its_answers_hold() {
    let (directory, state) = place();
    for tries in [2, 1, 0] {
        let mut child = start_owner(&state);
        let error = open(&state).unwrap_err();
        let said = error.to_string();
        assert!(
            said.contains(&format!(
                "process {}, which listens on /run/somewhere/control",
                child.id()
            )),
            "{said}"
        );
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(
            names(&directory),
            ["hanako.state", "hanako.state.holder"],
            "a process that is killed clears nothing away"
        );
        card(&state).expect(&[(QUERY, 0x63C0 + tries)]);
        assert_eq!(names(&directory), ["hanako.state"]);
    }
}

#[test]
fn a_damaged_state_is_refused_shown_and_dropped_only_on_demand() {
    let (directory, state) = place();
    assert!(!reset(&state).unwrap(), "there is nothing to drop");
    card(&state).expect(&[
        (RIGHT, 0x9000),
        ("00240198 04 35353535", 0x9000),
        (WRONG, 0x63C2),
        ("00200099 06 313131313131", 0x63C4),
    ]);
    let sound = inspect(&state).unwrap().unwrap();
    assert_eq!((sound.damage.as_ref(), sound.head), (None, Some((1, IDENTITY))));
    let seen: Vec<_> = sound
        .pins
        .iter()
        .map(|pin| {
            (
                pin.object.aid.to_string(),
                pin.object.file.value(),
                pin.tries_left,
                pin.changed,
            )
        })
        .collect();
    let alpha = || ALPHA.to_owned();
    assert_eq!(seen, [(alpha(), 0x18, Some(2), true), (alpha(), 0x19, Some(4), false)]);

    let mut bytes = fs::read(&state).unwrap();
    let at = bytes.windows(4).position(|window| window == b"5555").unwrap();
    bytes[at] ^= 1;
    fs::write(&state, &bytes).unwrap();
    let error = open(&state).unwrap_err();
    assert!(matches!(error.kind, StoreErrorKind::Damaged(_)), "{error}");
    let said = error.to_string();
    assert!(said.contains("hanako.state"), "{said}");
    // It can still be looked at: the damage is to a value, which nobody is shown.
    let damaged = inspect(&state).unwrap().unwrap();
    assert!(damaged.damage.is_some());
    assert_eq!((damaged.head, &damaged.pins), (sound.head, &sound.pins));
    assert_eq!(fs::read(&state).unwrap(), bytes, "nobody repairs it");
    for shown in [format!("{damaged:?}"), format!("{error:?} {said}")] {
        assert!(!shown.contains("5555") && !shown.contains("4555"), "{shown}");
    }

    assert!(reset(&state).unwrap());
    assert!(names(&directory).is_empty());
    card(&state).expect(&[(QUERY, 0x63C3), (RIGHT, 0x9000)]);
}

#[test]
fn the_state_of_a_card_beyond_reading_is_inspected_without_a_guess() {
    let (_directory, state) = place();
    for bytes in [&b""[..], b"no state", &[0xFF; 80_000]] {
        fs::write(&state, bytes).unwrap();
        let seen = inspect(&state).unwrap().unwrap();
        assert!(
            seen.damage.is_some() && seen.head.is_none() && seen.pins.is_empty(),
            "{seen:?}"
        );
    }
}

#[test]
fn a_file_that_is_longer_than_any_state_is_not_read() {
    const LONGEST: u64 = 64 << 20;
    let (_directory, state) = place();
    let file = fs::File::create(&state).unwrap();
    for (length, read) in [(LONGEST, true), (LONGEST + 1, false)] {
        // Only its length is on the disk.
        file.set_len(length).unwrap();
        let error = open(&state).unwrap_err();
        assert!(matches!(error.kind, StoreErrorKind::Damaged(_)), "{error}");
        assert_eq!(
            error.to_string().contains("far longer than any state"),
            !read,
            "{error}"
        );
        assert_eq!(inspect(&state).is_ok(), read);
    }
}

#[test]
fn an_error_of_the_system_names_the_operation_and_the_place() {
    let (directory, _) = place();
    let table = [
        (
            directory.path().join("none/card.state"),
            "none/card.state: No such file",
        ),
        // Nobody, not even root, makes a file there.
        (PathBuf::from("/proc/self/card.state"), "/proc/self/card.state"),
        (directory.path().to_owned(), "can't open"),
    ];
    for (state, said) in table {
        let error = open(&state).unwrap_err();
        assert!(
            matches!(error.kind, StoreErrorKind::Io(_) | StoreErrorKind::NotAFile(_)),
            "{error}"
        );
        let text = error.to_string();
        assert!(
            text.contains(said) && text.contains(&*state.to_string_lossy()),
            "{text}"
        );
    }
}

#[test]
fn where_no_file_can_be_made_a_card_without_state_can_still_be_looked_at() {
    // Nobody, not even root, makes a file there.
    assert!(inspect(&PathBuf::from("/sys/card.state")).unwrap().is_none());
}

#[test]
fn no_pin_shows_in_the_debug_form_of_a_store() {
    let (_directory, state) = place();
    card(&state).expect(&[(RIGHT, 0x9000), ("00240198 04 35353535", 0x9000)]);
    let shown = format!("{:?}", open(&state).unwrap());
    for secret in ["5555", "53, 53", "1234", "49, 50"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
