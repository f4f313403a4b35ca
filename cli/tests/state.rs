//! Cards that keep their state: what a program or a person finds when they come back, who may use a card when, and what
//! happens to a state that is damaged.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use common::{PATIENCE, Printed, starting, vmyna};
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
    let inspected = cards.run(&["card", "inspect", "c#p000002"]).exits_with(1);
    assert!(inspected.out().contains("ANOTHER card"), "{}", inspected.out());
    assert!(
        inspected.err().contains("vmyna card reset-state"),
        "{}",
        inspected.err()
    );
}

/// What a command does with the state of `p000001`.
const USES: [&[&str]; 4] = [
    &["apdu", "--card", "c#p000001", QUERY],
    &["pin", "c#p000001"],
    &["card", "inspect", "c#p000001"],
    &["card", "reset-state", "c#p000001"],
];

#[test]
fn a_folder_into_which_others_can_put_something_is_refused() {
    let cards = Cards::new();
    let (folder, elsewhere) = (cards.0.path().join("c.state"), cards.0.path().join("elsewhere"));
    cards.answer(&[WRONG]);
    let refused = |words: &str| {
        for command in USES {
            let refused = cards.run(command).exits_with(1).err();
            assert!(
                refused.contains(words) && refused.contains("c.state"),
                "{command:?}: {refused}"
            );
        }
    };
    for mode in [0o777, 0o710, 0o704] {
        fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
        refused(&format!("mode {mode:04o}"));
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(tries(&cards, "c#p000001"), "2 of 3");
    fs::rename(&folder, &elsewhere).unwrap();
    std::os::unix::fs::symlink("elsewhere", &folder).unwrap();
    refused("symbolic link");
    fs::remove_file(&folder).unwrap();
    fs::write(&folder, "").unwrap();
    refused("no folder");
    fs::remove_file(&folder).unwrap();
    fs::rename(&elsewhere, &folder).unwrap();
    assert_eq!(tries(&cards, "c#p000001"), "2 of 3", "nobody touched it");
}

#[test]
fn a_link_in_place_of_a_card_s_file_is_refused_and_what_it_leads_to_stays() {
    let cards = Cards::new();
    cards.answer(&[WRONG]);
    let letter = cards.0.path().join("letter");
    for name in ["p000001.redb.holder", "p000001.redb"] {
        let place = cards.0.path().join("c.state").join(name);
        let _ = fs::remove_file(&place);
        std::os::unix::fs::symlink(&letter, &place).unwrap();
        // There is such a file, or there is none.
        for content in [Some("Dear Hanako"), None] {
            match content {
                Some(content) => fs::write(&letter, content).unwrap(),
                None => fs::remove_file(&letter).unwrap(),
            }
            // Going back to the card as issued removes the link where a state would be, and not what it leads to.
            for command in &USES[..3] {
                let refused = cards.run(command).exits_with(1).err();
                assert!(refused.contains("symbolic link") && refused.contains(name), "{refused}");
                assert_eq!(fs::read_to_string(&letter).ok().as_deref(), content, "{command:?}");
            }
        }
        fs::remove_file(&place).unwrap();
    }
}

#[test]
fn any_number_may_look_at_a_card_at_the_same_time_and_none_keeps_it_from_its_user() {
    let cards = Cards::new();
    cards.answer(&[WRONG]);
    let start = |arguments: &[&str]| {
        let mut command = vmyna(arguments);
        command
            .current_dir(&cards.0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let lookers: Vec<_> = (0..20).map(|_| start(&["pin", "c#p000001"])).collect();
    let user = start(&["apdu", "--plain", "--card", "c#p000001", SELECT_JPKI, QUERY]);
    for looker in lookers {
        let shown = looker.wait_with_output().unwrap().exits_with(0).out();
        assert!(shown.contains("2 of 3"), "{shown}");
    }
    let answers = user.wait_with_output().unwrap().exits_with(0).out();
    assert!(answers.ends_with("63C2\n"), "{answers}");
    let folder = cards.0.path().join("c.state").read_dir().unwrap();
    let left: Vec<_> = folder.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["p000001.redb"]);
}

#[test]
fn on_a_full_disk_a_card_can_be_looked_at_and_brought_back_to_what_was_issued() {
    let cards = Cards::new();
    cards.answer(&[WRONG]);
    // No byte can be written to any file: the nearest to a full disk that needs no disk.
    let full = |arguments: &[&str]| {
        let mut command = starting("sh");
        command.args(["-c", "ulimit -f 0; exec \"$@\"", "sh"]);
        command.arg(env!("CARGO_BIN_EXE_vmyna")).args(arguments);
        command.current_dir(&cards.0).output().unwrap()
    };
    let refused = full(&["apdu", "--plain", "--card", "c#p000001", SELECT_JPKI, WRONG]).out();
    assert!(!refused.contains("63C1"), "the limit is in force: {refused}");
    let shown = full(&["pin", "c#p000001"]).exits_with(0).out();
    assert!(shown.contains("2 of 3"), "{shown}");
    full(&["card", "reset-state", "c#p000001"]).exits_with(0);
    assert!(!cards.state().exists());
    assert_eq!(tries(&cards, "c#p000001"), "3 of 3");
}

#[test]
fn who_connects_to_a_holder_and_says_little_or_nothing_keeps_nobody_waiting() {
    let cards = Cards::new();
    cards.answer(&[WRONG]);
    let _holder = cards.hold();
    let said = fs::read_to_string(cards.0.path().join("c.state/p000001.redb.holder")).unwrap();
    let control = said.lines().find_map(|line| line.strip_prefix("control ")).unwrap();
    let connect = |count| {
        (0..count)
            .map(|_| UnixStream::connect(control).unwrap())
            .collect::<Vec<_>>()
    };
    let _silent = connect(5);
    assert_eq!(tries(&cards, "c#p000001"), "2 of 3");
    // More than are answered at once, each with a byte now and then.
    let slow = connect(20);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                // One that was sent away takes nothing more.
                slow.iter().for_each(|mut stream| drop(stream.write_all(b"t")));
                std::thread::sleep(Duration::from_millis(200));
            }
        });
        let told = cards.run(&["pin", "c#p000001"]);
        done.store(true, Ordering::SeqCst);
        told.exits_with(0);
    });
}

#[test]
fn whatever_path_leads_to_an_image_its_card_has_one_state() {
    let cards = Cards::new();
    cards.answer(&[WRONG]);
    std::os::unix::fs::symlink("c", cards.0.path().join("link")).unwrap();
    assert_eq!(tries(&cards, "link#p000001"), "2 of 3");
    assert_eq!(tries(&cards, "./c#p000001"), "2 of 3");
}

fn signal(holder: &Holder, name: &str) {
    let sent = Command::new("kill").args([name, &holder.0.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn a_card_that_goes_back_to_what_was_issued_is_nobody_else_s_meanwhile() {
    let cards = Cards::new();
    cards.answer(&[WRONG]);
    let _holder = cards.hold();
    std::thread::scope(|scope| {
        let contender = scope.spawn(|| {
            (0..40).for_each(|_| {
                let refused = cards.run(&["apdu", "--card", "c#p000001", QUERY]).exits_with(1).err();
                assert!(refused.contains("in use"), "{refused}");
            });
        });
        while !contender.is_finished() {
            cards.run(&["card", "reset-state", "c#p000001"]).exits_with(0);
        }
    });
    assert_eq!(tries(&cards, "c#p000001"), "3 of 3");
}

#[test]
fn what_a_stopped_holder_was_asked_for_in_vain_is_not_done_later() {
    let cards = Cards::new();
    cards.answer(&[WRONG]);
    let holder = cards.hold();
    signal(&holder, "-STOP");
    let refused = cards.run(&["card", "reset-state", "c#p000001"]).exits_with(1).err();
    assert!(refused.contains("was it stopped"), "{refused}");
    signal(&holder, "-CONT");
    assert_eq!(tries(&cards, "c#p000001"), "2 of 3");
    // By then it has come to what it was asked before.
    assert_eq!(tries(&cards, "c#p000001"), "2 of 3");
}

#[test]
fn a_holder_is_not_asked_about_a_card_that_has_taken_the_place_of_its_own() {
    let cards = Cards::new();
    cards.answer(&[WRONG]);
    let holder = cards.hold();
    let other = ["issue", "--people", "1", "--key-pool", "1", "--seed", "2", "-o", "new"];
    cards.run(&other).exits_with(0);
    fs::rename(cards.0.path().join("new"), cards.0.path().join("c")).unwrap();
    for command in [&["pin", "c"][..], &["card", "reset-state", "c"]] {
        let refused = cards.run(command).exits_with(1).err();
        assert!(
            refused.contains("another card") && refused.contains("replaced"),
            "{refused}"
        );
    }
    drop(holder);
    assert!(cards.state().exists(), "the state of the other card was dropped");
    let refused = cards.run(&["pin", "c"]).exits_with(1).err();
    assert!(refused.contains("state of another card"), "{refused}");
}

#[test]
fn one_card_is_not_put_into_two_readers() {
    let cards = Cards::new();
    std::os::unix::fs::symlink("c", cards.0.path().join("link")).unwrap();
    let refused = cards.run(&["run", "--card", "c#p000001", "--card", "link#p000001", "--", "true"]);
    assert!(
        refused
            .exits_with(2)
            .err()
            .contains("link#p000001 is to be in two readers")
    );
    cards
        .run(&["run", "--card", "c#p000001", "--card", "c#p000002", "--", "true"])
        .exits_with(0);
    cards
        .run(&[
            "run",
            "--card",
            "specimen:hanako",
            "--card",
            "specimen:hanako",
            "--",
            "true",
        ])
        .exits_with(0);
}

#[test]
fn a_damaged_state_is_told_without_a_word_of_the_library() {
    let cards = Cards::new();
    cards.answer(&[WRONG]);
    let sound = fs::read(cards.state()).unwrap();
    let mut damaged = 0;
    for at in (8192..sound.len()).step_by(431) {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x80;
        fs::write(cards.state(), bytes).unwrap();
        let inspected = cards.run(&["card", "inspect", "c#p000001"]);
        assert!(!inspected.err().contains("panicked"), "{at}: {}", inspected.err());
        damaged += usize::from(inspected.err().contains("is damaged"));
    }
    assert!(damaged > 0);
}

#[test]
fn a_card_that_was_taken_out_can_be_put_into_the_reader_by_its_name() {
    let cards = Cards::new();
    let script =
        "\"$0\" reader remove && \"$0\" reader insert 'c#p000001' && \"$0\" reader remove && \"$0\" reader insert";
    let run = [
        "run",
        "--card",
        "c#p000001",
        "--",
        "sh",
        "-c",
        script,
        env!("CARGO_BIN_EXE_vmyna"),
    ];
    cards.run(&run).exits_with(0);
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

/// Takes the state away, or puts an older copy of it in its place, as `cp` and `mv` do.
fn take_back(cards: &Cards, attack: &str) {
    let (state, kept) = (cards.state(), cards.0.path().join("kept"));
    match attack {
        "rm" => fs::remove_file(&state).unwrap(),
        _ => {
            fs::copy(&kept, cards.0.path().join("copy")).unwrap();
            fs::rename(cards.0.path().join("copy"), &state).unwrap();
        }
    }
}

#[test]
fn a_state_taken_back_between_wrong_pins_of_one_session_gives_no_try_back() {
    for attack in ["rm", "cp, mv"] {
        let cards = Cards::new();
        assert_eq!(cards.answer(&[WRONG]), "63C2");
        fs::copy(cards.state(), cards.0.path().join("kept")).unwrap();
        let mut session = vmyna(["apdu", "--plain", "--card", "c#p000001"])
            .current_dir(&cards.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = session.stdin.take().unwrap();
        let mut answers = BufReader::new(session.stdout.take().unwrap()).lines();
        let mut send = |apdu: &str| {
            writeln!(input, "{apdu}").unwrap();
            answers.next().unwrap().unwrap()
        };
        send(SELECT_JPKI);
        assert_eq!(send(WRONG), "63C1");
        take_back(&cards, attack);
        for pin in [WRONG, RIGHT, WRONG] {
            assert_eq!(send(pin), "6581", "{attack}");
        }
        drop(input);
        let reported = session.wait_with_output().unwrap().err();
        assert!(
            reported.contains("removed or replaced while the card was in use"),
            "{attack}: {reported}"
        );
    }
}

#[test]
fn a_state_taken_back_under_serve_gives_no_try_back() {
    for attack in ["rm", "cp, mv"] {
        let cards = Cards::new();
        assert_eq!(cards.answer(&[WRONG]), "63C2");
        fs::copy(cards.state(), cards.0.path().join("kept")).unwrap();
        let holder = cards.hold();
        let send = |pin: &str| {
            let mut client = vmyna(["apdu", "--plain", "--reader", "#0", SELECT_JPKI, pin]);
            client.env("PCSCLITE_CSOCK_NAME", cards.0.path().join("socket"));
            let output = client.output().unwrap().exits_with(0).out();
            output.lines().last().unwrap().to_owned()
        };
        assert_eq!(send(WRONG), "63C1");
        take_back(&cards, attack);
        for pin in [WRONG, RIGHT, WRONG] {
            assert_eq!(send(pin), "6581", "{attack}");
        }
        drop(holder);
    }
}

#[test]
fn who_gets_6581_is_told_why_on_standard_error_or_by_the_reasons() {
    let cards = Cards::new();
    // A file can't grow beyond one block: as good as a full disk, for this process alone.
    let attempt = |options: &str| {
        let script =
            format!("ulimit -f 1; exec \"$0\" apdu {options} --card c#p000001 {SELECT_JPKI} {CHANGE} '{WRONG}'");
        let mut shell = starting("sh");
        shell
            .args(["-c", &script, env!("CARGO_BIN_EXE_vmyna")])
            .current_dir(&cards.0);
        shell.output().unwrap().exits_with(0)
    };
    let why = |text: &str| text.contains("c.state/p000001.redb: File too large");
    let plain = attempt("--plain");
    assert!(plain.out().ends_with("6581\n"), "{}", plain.out());
    assert!(why(&plain.err()), "{}", plain.err());
    let reasons = attempt("--why");
    assert!(why(&reasons.out()), "{}", reasons.out());
    assert_eq!(reasons.err(), "", "nothing is told twice");
}

#[test]
fn the_state_of_an_image_whose_folder_takes_none_lies_where_the_user_says() {
    let cards = Cards::new();
    // Its folder's name would be too long, which stops root too.
    let image = "c".repeat(250);
    fs::rename(cards.0.path().join("c"), cards.0.path().join(&image)).unwrap();
    let card = format!("{image}#p000001");
    let run = |folder: Option<&str>, arguments: &[&str]| {
        let mut command = vmyna(arguments);
        command.current_dir(&cards.0);
        command.envs(folder.map(|folder| ("VMYNA_STATE", cards.0.path().join(folder))));
        command.output().unwrap()
    };
    let wrong = ["apdu", "--plain", "--card", &card, SELECT_JPKI, CHANGE, WRONG];
    for command in [&wrong[..], &["pin", &card]] {
        let refused = run(None, command).exits_with(1).err();
        assert!(refused.contains("VMYNA_STATE=/DIR"), "{refused}");
    }
    for left in ["63C2", "63C1"] {
        let answered = run(Some("mine"), &wrong).exits_with(0).out();
        assert_eq!(answered.lines().last(), Some(left));
    }
    let folder = cards.0.path().join("mine");
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let inspected = run(Some("mine"), &["card", "inspect", &card]).exits_with(0).out();
    assert!(
        inspected.contains("mine/p000001-") && inspected.contains("0018: 1 tries left"),
        "{inspected}"
    );
    let other = run(Some("other"), &["pin", &card]).exits_with(0).out();
    assert!(other.contains("as the card was issued"), "{other}");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let open = run(Some("mine"), &wrong).exits_with(1).err();
    assert!(open.contains("open to other users"), "{open}");
    // Nobody is to change or remove what was named by mistake.
    assert!(
        open.contains("VMYNA_STATE names it") && !open.contains("chmod"),
        "{open}"
    );
    let image = run(Some(&image), &wrong).exits_with(1).err();
    assert!(
        image.contains("VMYNA_STATE names it") && !image.contains("remove"),
        "{image}"
    );
}

#[test]
fn a_folder_for_the_states_that_depends_on_where_one_stands_is_refused() {
    let cards = Cards::new();
    for command in USES {
        let mut command = vmyna(command);
        let refused = command.current_dir(&cards.0).env("VMYNA_STATE", "mine").output();
        let refused = refused.unwrap().exits_with(2).err();
        let whole = format!(
            "VMYNA_STATE={}",
            cards.0.path().canonicalize().unwrap().join("mine").display()
        );
        assert!(
            refused.contains("VMYNA_STATE is mine") && refused.contains(&whole),
            "{refused}"
        );
    }
    let left: Vec<_> = cards
        .0
        .path()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["c"], "nothing is made");
    // What needs no state does not mind.
    let mut show = vmyna(["show", "c#p000001", "--issued"]);
    let shown = show.current_dir(&cards.0).env("VMYNA_STATE", "mine").output();
    shown.unwrap().exits_with(0);
}
