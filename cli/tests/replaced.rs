//! Cards in which an operation has replaced something: what the commands show, what they use, and the way back.
//!
//! The operation is done with the library, in the test's own process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::process::{Output, Stdio};

use common::{PATIENCE, Printed, Serve, run_with_input, starting, vmyna};
use tempfile::TempDir;
use vmyna::applets::PinAtIssue;
use vmyna::applets::issued::{CardName, IssuedCard, Summary};
use vmyna::applets::{image::Image, pins};
use vmyna::card_os::declaration::{ObjectId, ReferenceData};
use vmyna::card_os::state::{PinReplacement, Replacement};
use vmyna::{Replaced, StatePlace};
use vmyna_testkit::require_program;
use vmyna_testkit::waiting::within;

const SELECT_JPKI: &str = "00A4040C0AD392F000260100000001";
const VERIFY: &str = "0020009804 31323334";
const VERIFY_NEW: &str = "0020009804 35393337";
const SIGN: &str = "802A00970474657374 00";
const READ_AUTH_CERTIFICATE: &str = "00B08A0004";
/// What no output may have: PINs and the My Number.
const SECRETS: [&str; 4] = ["1234", "5937", "ABC123", "123456789018"];

/// A folder with the card `hanako`, of which the name, a file, a printed line, a PIN and the sign certificate were replaced.
struct Card {
    folder: TempDir,
    issued: IssuedCard,
    place: StatePlace,
}

impl Card {
    fn issued() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let people = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/people/hanako.toml");
        let issue = vmyna(["issue", "--seed", "7", "-o", "c", people])
            .current_dir(&folder)
            .output();
        issue.unwrap().exits_with(0);
        let file = folder.path().join("c");
        let image = Image::open(&file).unwrap();
        let name: CardName = image.names().next().unwrap().parse().unwrap();
        let place = StatePlace::beside(&file, &name, image.identity(&name).unwrap());
        let issued = image.card(&name).unwrap();
        Self { folder, issued, place }
    }

    fn replaced() -> Self {
        let card = Self::issued();
        assert!(matches!(card.replace(1, &card.renamed()), Replaced::InState(_)));
        card
    }

    fn renamed(&self) -> IssuedCard {
        let mut now = self.issued.clone();
        now.summary.person.name = "別姓　花子".to_owned();
        now.summary.remarks.push(Summary::printed_line("氏名変更"));
        now.face_info.as_mut().unwrap().data.age_record = vec![0x5A; 40].into();
        now.jpki.sign = None;
        now.jpki.sign_pin = PinAtIssue::unset();
        now
    }

    fn replace(&self, number: u8, now: &IssuedCard) -> Replaced {
        let mut replacement = Replacement::new([number; 16]);
        replacement.record = Some(now.to_record().unwrap());
        let auth = ObjectId {
            aid: pins::AUTH.aid,
            file: pins::AUTH.file,
        };
        let value = PinReplacement::Value(ReferenceData::new(b"5937"), 3);
        replacement.pins.insert(auth, value);
        self.place.replace(&replacement).unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = vmyna(arguments)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        if arguments[0] != "show" {
            let text = output.out() + &output.err();
            for secret in SECRETS {
                assert!(!text.contains(secret), "{arguments:?} shows {secret}:\n{text}");
            }
        }
        output
    }

    #[track_caller]
    fn out(&self, arguments: &[&str]) -> String {
        self.run(arguments).exits_with(0).out()
    }

    fn shows_issued(&self) -> bool {
        let shown = self.out(&["show", "c"]);
        shown == self.out(&["show", "c", "--issued"])
    }
}

#[test]
fn show_and_files_show_the_card_as_it_is_now_or_as_issued() {
    let card = Card::replaced();
    let shown = card.out(&["show", "c"]);
    assert!(shown.contains("別姓") && shown.contains("氏名変更"), "{shown}");
    let issued = card.out(&["show", "c", "--issued"]);
    assert!(!issued.contains("別姓") && !issued.contains("氏名変更"), "{issued}");
    let json = |arguments: &[&str]| -> serde_json::Value { serde_json::from_str(&card.out(arguments)).unwrap() };
    let now = json(&["show", "c", "--json"]);
    assert_eq!(now["holder"]["name"], "別姓　花子");
    assert!(now["certificates"]["sign"].is_null() && !now["certificates"]["auth"].is_null());
    assert!(!json(&["show", "c", "--json", "--issued"])["certificates"]["sign"].is_null());
    card.out(&["show", "c", "--png", "now"]);
    card.out(&["show", "c", "--png", "issued", "--issued"]);
    let picture = |folder: &str| std::fs::read(card.folder.path().join(folder).join("front.png")).unwrap();
    assert!(picture("now") != picture("issued"));

    assert_eq!(
        card.run(&["files", "c", "face_info/0001", "--raw"]).stdout[..40],
        [0x5A; 40]
    );
    assert_ne!(
        card.run(&["files", "c", "face_info/0001", "--raw", "--issued"]).stdout[..40],
        [0x5A; 40]
    );
    let absent = card.run(&["files", "c", "jpki/0001"]).exits_with(2).err();
    assert!(absent.contains("has no file"), "{absent}");
    card.out(&["files", "c", "jpki/0001", "--issued"]);
    card.out(&["show", "specimen:hanako", "--issued"]);
}

#[test]
fn commands_use_the_card_as_it_is_now() {
    let card = Card::replaced();
    let apdu = |apdus: &[&str]| card.out(&[&["apdu", "--plain", "--card", "c", SELECT_JPKI], apdus].concat());
    assert!(apdu(&[VERIFY]).ends_with("63C2\n"));
    let signed = apdu(&[VERIFY_NEW, SIGN]);
    assert!(signed.ends_with("9000\n") && signed.len() > 512, "{signed}");
    assert!(
        apdu(&["00B0810004"]).ends_with("6A82\n"),
        "the sign certificate is gone"
    );
    let pins = card.out(&["pin", "c"]);
    assert!(pins.contains("NOT SET, 0 of 5"), "{pins}");
    // The tour needs a sign key, and the card has none any more.
    let refused = card.run(&["demo", "--card", "c"]).exits_with(2).err();
    assert!(refused.contains("keys to log in and to sign"), "{refused}");
    let tested = card.out(&["conformance", "--card", "c", "pin"]);
    assert!(tested.contains("the PIN sign is blocked"), "{tested}");
}

#[test]
fn inspect_reports_version_2_and_what_replaced_the_contents() {
    let card = Card::replaced();
    let inspected = card.out(&["card", "inspect", "c"]);
    for expected in [
        "format 2, of this card",
        "last replaced by operation 01010101010101010101010101010101",
        "contents: not as issued, but as in a record of ",
        "jpki 0018: 3 tries left, another value than issued",
    ] {
        assert!(inspected.contains(expected), "{expected}\n{inspected}");
    }
}

#[test]
fn going_back_lists_what_is_lost_and_needs_a_consent() {
    let card = Card::replaced();
    let refused = card.run(&["card", "reset-state", "c"]).exits_with(2).err();
    for expected in [
        "name: \"別姓　花子\" → \"見本　花子\"",
        "printed line: \"氏名変更\" → none",
        "jpki 0001 sign certificate: none → serial ",
        "jpki 001A sign private key: none → key",
        "jpki 001B sign password: not set → value with 5 tries",
        "face_info 0001 ",
        "--yes",
        "--pins",
    ] {
        assert!(refused.contains(expected), "{expected}\n{refused}");
    }
    assert!(!card.shows_issued());
    // Another answer than yes on standard input is none: it is no terminal.
    let mut asked = vmyna(["card", "reset-state", "c"]);
    let asked = run_with_input(asked.current_dir(&card.folder), b"yes\n")
        .exits_with(2)
        .err();
    assert!(asked.contains("--yes"), "{asked}");
    assert!(!card.shows_issued());

    let done = card.out(&["card", "reset-state", "c", "--yes"]);
    assert!(done.contains("as issued") && done.contains("stays revoked"), "{done}");
    assert!(card.shows_issued() && !card.place.path().exists());
    // Nothing is lost now, and nothing asked.
    let done = card.out(&["card", "reset-state", "c"]);
    assert!(done.contains("was as issued") && !done.contains("revoked"), "{done}");
}

#[test]
fn a_terminal_is_asked_for_the_consent() {
    let card = Card::replaced();
    for (answer, status) in [("no\n", 1), ("\n", 1), ("yes\n", 0)] {
        let mut command = starting(require_program("script", "bsdutils"));
        let vmyna = format!("{} card reset-state c", env!("CARGO_BIN_EXE_vmyna"));
        command.args(["--quiet", "--return", "--command", &vmyna, "/dev/null"]);
        let output = run_with_input(command.current_dir(&card.folder), answer.as_bytes());
        let output = output.exits_with(status).out();
        assert!(output.contains("別姓") && output.contains("Type yes"), "{output}");
        assert_eq!(card.shows_issued(), status == 0, "{output}");
    }
}

#[test]
fn resetting_the_pins_alone_keeps_the_contents() {
    let card = Card::replaced();
    let done = card.out(&["card", "reset-state", "c", "--pins"]);
    assert!(done.contains("contents stay"), "{done}");
    assert!(!card.shows_issued());
    let inspected = card.out(&["card", "inspect", "c"]);
    assert!(
        inspected.contains("format 2") && !inspected.contains("jpki 0018"),
        "{inspected}"
    );
    let verified = card.out(&["apdu", "--plain", "--card", "c", SELECT_JPKI, VERIFY]);
    assert!(verified.ends_with("9000\n"), "{verified}");
    vmyna(["card", "reset-state", "c", "--pins", "--yes"])
        .current_dir(&card.folder)
        .output()
        .unwrap()
        .exits_with(2);
}

#[test]
fn a_card_in_use_is_replaced_shown_and_reset_through_its_process() {
    let card = Card::issued();
    let socket = card.folder.path().join("socket");
    let mut serve = Serve::start_by(
        vmyna(["serve", "--card", "c", "--socket"])
            .arg(&socket)
            .current_dir(&card.folder),
    );
    serve.wait_for("socket");
    // Until it has the card in use, this process would replace it itself.
    assert!(within(PATIENCE, || card
        .run(&["apdu", "--card", "c", SELECT_JPKI])
        .status
        .code()
        == Some(1)));
    assert!(matches!(card.replace(1, &card.renamed()), Replaced::ByOwner(_)));
    assert!(matches!(card.replace(1, &card.renamed()), Replaced::Already));
    assert!(!card.shows_issued());
    let shown = card.out(&["show", "c"]);
    assert!(shown.contains("別姓"), "{shown}");
    let pins = card.out(&["pin", "c"]);
    assert!(pins.contains("NOT SET, 0 of 5"), "{pins}");
    card.run(&["card", "reset-state", "c"]).exits_with(2);
    let done = card.out(&["card", "reset-state", "c", "--pins"]);
    assert!(done.contains("has reset its PINs"), "{done}");
    assert!(!card.shows_issued());
    let done = card.out(&["card", "reset-state", "c", "--yes"]);
    assert!(
        done.contains("has gone back") && done.contains("stays revoked"),
        "{done}"
    );
    assert!(card.shows_issued());
}

#[test]
fn a_damaged_state_with_a_record_needs_a_consent() {
    let card = Card::replaced();
    let state = card.place.path();
    let mut bytes = std::fs::read(state).unwrap();
    // The end of the record: the tables stay readable.
    let tail = card.renamed().to_record().unwrap();
    let tail = &tail[tail.len() - 64..];
    let at = bytes.windows(64).position(|window| window == tail).unwrap();
    bytes[at] ^= 1;
    std::fs::write(state, &bytes).unwrap();
    for command in [
        &["show", "c"][..],
        &["files", "c"],
        &["pin", "c"],
        &["apdu", "--card", "c", READ_AUTH_CERTIFICATE],
    ] {
        let refused = card.run(command).exits_with(1).err();
        assert!(refused.contains("damaged"), "{refused}");
    }
    card.out(&["show", "c", "--issued"]);
    let refused = card.run(&["card", "reset-state", "c"]).exits_with(2).err();
    assert!(refused.contains("can't be read"), "{refused}");
    card.out(&["card", "reset-state", "c", "--yes"]);
    assert!(card.shows_issued());
}

#[test]
fn the_record_of_another_card_is_no_state_of_this_one() {
    let card = Card::issued();
    let other = card.issued.clone().with_name("taro".parse().unwrap());
    let mut replacement = Replacement::new([1; 16]);
    replacement.record = Some(other.to_record().unwrap());
    let refused = card.place.replace(&replacement).unwrap_err().to_string();
    assert!(refused.contains("taro"), "{refused}");
    assert!(card.shows_issued() && !card.place.path().exists());
}
