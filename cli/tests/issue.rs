//! `vmyna issue` and `vmyna ca` as a person uses them: from a person file to a card that programs read, and what goes wrong
//! on the way.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::{PATIENCE, Printed, has_begun, starting, vmyna};
use tempfile::TempDir;
use vmyna_testkit::client;

const PERSON: &str = r#"
name = "見本　太郎"
address = "東京都千代田区見本町１"
birth = "1990-04-01"
sex = "male"
my-number = "123456789018"
residence-code = "12345678903"
security-code = "2026"

[municipality]
code = "13101"

[card]
issued = "2026-11-01"
"#;

const SELECT_JPKI: &str = "00A4040C0AD392F000260100000001";

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Runs `vmyna` in a folder.
fn in_folder(folder: &TempDir, arguments: &[&str]) -> Output {
    vmyna(arguments).current_dir(folder).output().unwrap()
}

/// Writes a person file and issues its card under a seed, which makes the run quick to repeat.
fn issue(folder: &TempDir, person: &str, more: &[&str]) -> Output {
    fs::write(folder.path().join("taro.toml"), person).unwrap();
    let arguments = [&["issue", "taro.toml", "-o", "taro.vmyna", "--seed", "1"], more].concat();
    in_folder(folder, &arguments)
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = folder.path().read_dir().unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_person_file_becomes_a_card_that_answers_and_its_default_pins_are_told_once() {
    let here = folder();
    let told = issue(&here, PERSON, &[]).exits_with(0).out();
    assert!(told.contains("見本　太郎 (taro)"), "{told}");
    for pin in [
        "sign is ABC123",
        "auth is 1234",
        "input-assist is 1234",
        "residence is 1234",
    ] {
        assert!(told.contains(pin), "{told}");
    }
    let mode = here.path().join("taro.vmyna").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(names(&here), ["taro.toml", "taro.vmyna"]);

    let number = ["00A4040C0AD3921000310001010408", "0020009104 31323334", "00B0810011"];
    let arguments = [&["apdu", "--plain", "--card", "taro.vmyna"][..], &number].concat();
    let answers = in_folder(&here, &arguments).exits_with(0).out();
    assert_eq!(
        answers.lines().last().unwrap(),
        "FF100C313233343536373839303138FFFF9000"
    );
    let shown = in_folder(&here, &["show", "taro.vmyna#taro"]).exits_with(0).out();
    assert!(shown.contains("見本　太郎") && !shown.contains("ABC123"), "{shown}");
}

#[test]
fn pins_of_the_file_are_the_cards_and_not_told() {
    let here = folder();
    let pins = "[pins]\nsign = \"TARO2026\"\nauth = \"4649\"\ninput-assist = \"4649\"\nresidence = \"4649\"\n\
                [pins.tries-left]\nresidence = 1\n";
    let told = issue(&here, &format!("{PERSON}{pins}"), &[]).exits_with(0).out();
    assert!(!told.contains("4649") && !told.contains("TARO2026"), "{told}");
    let verify = ["0020009804 34363439", "0020009B08 5441524F32303236", "00200098"];
    let arguments = [&["apdu", "--plain", "--card", "taro.vmyna", SELECT_JPKI][..], &verify].concat();
    let answers = in_folder(&here, &arguments).exits_with(0).out();
    assert_eq!(answers.lines().collect::<Vec<_>>(), ["9000", "9000", "9000", "63C3"]);
    let pins = in_folder(&here, &["pin", "taro.vmyna"]).exits_with(0).out();
    let residence = pins.lines().find(|line| line.starts_with("residence_code")).unwrap();
    assert!(residence.contains("1 of 3"), "{residence}");
}

#[test]
fn a_seed_gives_the_same_image_whatever_the_number_of_processors_and_another_seed_another() {
    let here = folder();
    let town = |output: &str, seed: &str, threads: &str| {
        let arguments = [
            "issue",
            "--people",
            "40",
            "--key-pool",
            "2",
            "--seed",
            seed,
            "-o",
            output,
        ];
        let mut command = vmyna(arguments);
        let run = command.current_dir(&here).env("RAYON_NUM_THREADS", threads);
        run.output().unwrap().exits_with(0);
        fs::read(here.path().join(output)).unwrap()
    };
    let one = town("one", "1", "1");
    assert!(one == town("two", "1", "4"));
    assert!(one != town("three", "2", "4"));
}

#[test]
fn a_collection_wants_the_name_of_a_card_and_says_which_there_are() {
    let here = folder();
    let run = [
        "issue",
        "--people",
        "30",
        "--key-pool",
        "1",
        "--seed",
        "1",
        "-o",
        "town.vmyna",
    ];
    let told = in_folder(&here, &run).exits_with(0).out();
    assert!(
        told.contains("30 cards") && told.contains("share 1 set of keys"),
        "{told}"
    );
    let which = in_folder(&here, &["show", "town.vmyna"]).exits_with(2).err();
    assert!(
        which.contains("holds 30 cards") && which.contains("town.vmyna#p000001"),
        "{which}"
    );
    let absent = in_folder(&here, &["show", "town.vmyna#p000031"]).exits_with(2).err();
    assert!(absent.contains("p000031") && absent.contains("p000001"), "{absent}");
    let shown = in_folder(&here, &["show", "town.vmyna#p000030"]).exits_with(0).out();
    assert!(shown.contains("p000030"), "{shown}");
    let apdu = ["apdu", "--plain", "--card", "town.vmyna#p000030", SELECT_JPKI];
    in_folder(&here, &apdu).exits_with(0);
}

#[test]
fn every_fault_of_a_person_file_is_told_with_its_line_and_nothing_is_written() {
    let here = folder();
    let person = PERSON
        .replace("123456789018", "123456789019")
        .replace("1990-04-01", "1990-02-30");
    let told = issue(&here, &person, &[]).exits_with(2).err();
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines.len(), 2, "{told}");
    assert!(lines[0].contains("taro.toml: line 4, birth:"), "{told}");
    assert!(lines[1].contains("taro.toml: line 6, my-number:"), "{told}");
    assert!(!told.contains("123456789019"), "{told}");
    assert_eq!(names(&here), ["taro.toml"]);
}

#[test]
fn files_that_are_no_person_file_are_refused_by_name() {
    let here = folder();
    fs::write(here.path().join("latin.toml"), b"name = \"\xE9\"").unwrap();
    fs::write(here.path().join("picture.toml"), [0; 2_000_000]).unwrap();
    for (file, word) in [
        ("absent.toml", "No such file"),
        ("latin.toml", "UTF-8"),
        ("picture.toml", "1 MiB"),
        (".", "directory"),
    ] {
        let told = in_folder(&here, &["issue", file, "-o", "card"]).exits_with(2).err();
        assert!(told.contains(file) && told.contains(word), "{told}");
    }
    let twice = issue(&here, PERSON, &["taro.toml"]).exits_with(2).err();
    assert!(twice.contains("two cards would be called taro"), "{twice}");
    in_folder(&here, &["issue", "-o", "card"]).exits_with(2);
    in_folder(&here, &["issue", "taro.toml", "--random", "-o", "card"]).exits_with(2);
    assert_eq!(names(&here), ["latin.toml", "picture.toml", "taro.toml"]);
}

#[test]
fn nothing_but_files_is_read() {
    let here = folder();
    let pipe = here.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let told = in_folder(&here, &["issue", "pipe", "-o", "card"]).exits_with(2).err();
    assert!(told.contains("pipe") && told.contains("save it to a file"), "{told}");
    in_folder(&here, &["show", "pipe"]).exits_with(2);
    for photo in ["pipe", "/dev/zero"] {
        let person = PERSON.replace("sex =", &format!("photo = \"{photo}\"\nsex ="));
        let told = issue(&here, &person, &[]).exits_with(2).err();
        assert!(told.contains(photo) && told.contains("save it to a file"), "{told}");
    }
}

#[test]
fn a_signal_while_authorities_are_made_leaves_nothing_behind() {
    for signal in ["INT", "TERM", "HUP"] {
        let here = folder();
        let child = vmyna(["ca", "init", "ca"])
            .current_dir(&here)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        has_begun(&child);
        let kill = Command::new("kill")
            .args([&format!("-{signal}"), &child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        let told = child.wait_with_output().unwrap().exits_with(130).err();
        assert!(told.contains("nothing was written"), "{told}");
        assert!(names(&here).is_empty(), "{:?}", names(&here));
    }
}

#[test]
fn a_seed_makes_the_same_authorities_and_says_what_their_keys_are_worth() {
    let here = folder();
    for name in ["one", "two"] {
        let told = in_folder(&here, &["ca", "init", name, "--seed", "1"])
            .exits_with(0)
            .out();
        assert!(told.contains("anyone with the seed"), "{told}");
    }
    let certificate = |name: &str| fs::read(here.path().join(name).join("sign-ca/certificate.der")).unwrap();
    assert!(certificate("one") == certificate("two"));
}

#[test]
fn invented_people_get_no_card_that_is_older_than_its_authorities() {
    let here = folder();
    let ca = ["ca", "init", "ca", "--seed", "1", "--begin", "2027-01-01"];
    in_folder(&here, &ca).exits_with(0);
    for (name, seed, whom) in [("a", "1", &["--random"][..]), ("b", "2", &["--people", "1"])] {
        let run = [&["issue", "--seed", seed, "--ca", "ca", "-o", name], whom].concat();
        in_folder(&here, &run).exits_with(0);
        let shown = in_folder(&here, &["show", name]).exits_with(0).out();
        assert!(shown.contains("2027-01-01T00:00:00Z"), "{shown}");
    }
}

/// The version in an image's header, which a program looks at before anything else.
fn version(folder: &TempDir, image: &str) -> u8 {
    fs::read(folder.path().join(image)).unwrap()[11]
}

#[test]
fn exact_files_end_with_their_objects_and_their_image_is_version_1() {
    let here = folder();
    let card = format!("{PERSON}file_sizes = \"exact\"\n");
    issue(&here, &card, &[]).exits_with(0);
    let sizes = |image: &str, option: &str| {
        let read = |file: &str| in_folder(&here, &["files", image, file, option]).exits_with(0).stdout;
        ["jpki/0001", "jpki/0002", "jpki/000A", "jpki/000B"].map(|file| read(file).len())
    };
    assert_eq!(version(&here, "taro.vmyna"), 1);
    assert_eq!(sizes("taro.vmyna", "--raw"), sizes("taro.vmyna", "--object"));
    let one = ["issue", "taro.toml", "--seed", "1", "-o"];
    // The person file decides, and otherwise the option.
    in_folder(&here, &[&one[..], &["file.vmyna", "--file-sizes", "profile"]].concat()).exits_with(0);
    fs::write(here.path().join("taro.toml"), PERSON).unwrap();
    in_folder(&here, &[&one[..], &["option.vmyna", "--file-sizes", "exact"]].concat()).exits_with(0);
    let image = |name: &str| fs::read(here.path().join(name)).unwrap();
    assert!(image("taro.vmyna") == image("file.vmyna") && image("taro.vmyna") == image("option.vmyna"));
    in_folder(&here, &[&one[..], &["real.vmyna"]].concat()).exits_with(0);
    assert_eq!(version(&here, "real.vmyna"), 2);
    assert_eq!(sizes("real.vmyna", "--raw"), [3808, 1900, 3808, 1900]);
    assert_eq!(sizes("real.vmyna", "--object"), sizes("taro.vmyna", "--object"));
    let town = [
        "issue",
        "--people",
        "3",
        "--key-pool",
        "1",
        "--seed",
        "1",
        "--file-sizes",
        "exact",
        "-o",
        "town",
    ];
    in_folder(&here, &town).exits_with(0);
    assert_eq!(version(&here, "town"), 1);
}

#[test]
fn a_certificate_can_have_expired_on_a_valid_card_or_be_renewed_with_a_later_serial_number() {
    let here = folder();
    let serial_and_dates = |image: &str| {
        let der = in_folder(&here, &["files", image, "jpki/000A", "--object"]).exits_with(0);
        fs::write(here.path().join("der"), der.stdout).unwrap();
        let mut openssl = client("openssl", "openssl");
        openssl.args([
            "x509",
            "-inform",
            "DER",
            "-in",
            "der",
            "-noout",
            "-serial",
            "-startdate",
            "-enddate",
        ]);
        let told = openssl.current_dir(&here).output().unwrap().exits_with(0).out();
        told.lines()
            .map(|line| line.split_once('=').unwrap().1.to_owned())
            .collect::<Vec<_>>()
    };
    issue(&here, PERSON, &[]).exits_with(0);
    let first = serial_and_dates("taro.vmyna");
    for (name, section, dates) in [
        (
            "expired",
            "until = 2027-03-31",
            ["Nov  1 01:00:00 2026 GMT", "Mar 31 14:59:59 2027 GMT"],
        ),
        (
            "renewed",
            "issued = 2030-06-01",
            ["Jun  1 01:00:00 2030 GMT", "Apr  1 14:59:59 2035 GMT"],
        ),
    ] {
        fs::write(
            here.path().join("taro.toml"),
            format!("{PERSON}[certificates]\n{section}\n"),
        )
        .unwrap();
        in_folder(&here, &["issue", "taro.toml", "-o", name, "--seed", "1"]).exits_with(0);
        let shown = in_folder(&here, &["show", "--json", name]).exits_with(0).out();
        assert!(shown.contains("\"expiry\": \"2036-04-01\""), "{shown}");
        let now = serial_and_dates(name);
        assert_eq!(now[1..], dates, "{name}");
        assert_eq!(now[0] > first[0], name == "renewed", "{} {}", now[0], first[0]);
    }
}

#[test]
fn an_atr_of_ones_own_is_checked_and_is_the_one_that_programs_meet() {
    let here = folder();
    issue(&here, PERSON, &["--atr", "3B80810100"]).exits_with(0);
    let shown = in_folder(&here, &["show", "--json", "taro.vmyna"]).exits_with(0).out();
    assert!(shown.contains("\"3B80810100\""), "{shown}");
    let meets = |more: &[&str]| {
        let readers = ["--", env!("CARGO_BIN_EXE_vmyna"), "readers"];
        let run = [&["run", "--card", "taro.vmyna"], more, &readers].concat();
        in_folder(&here, &run).exits_with(0).out()
    };
    assert!(meets(&[]).contains("ATR 3B80810100"));
    assert!(meets(&["--atr", "3B F0 11 00 FF 81 31 FE 45 15"]).contains("ATR 3BF01100FF8131FE4515"));
    for (atr, fault) in [
        ("3B80810101", "TCK is 01"),
        ("3B8000", "T=1"),
        ("3B", "bytes missing"),
        ("zz", "hexadecimal"),
    ] {
        for command in ["run", "serve", "issue"] {
            let refused = in_folder(&here, &[command, "--atr", atr]).exits_with(2).err();
            assert!(refused.contains(fault), "{command} {atr}: {refused}");
        }
    }
}

#[test]
fn a_card_without_pins_and_one_without_a_photo_are_issued_from_person_files() {
    let here = folder();
    issue(
        &here,
        &format!("{PERSON}pins = \"none\"\nfile_sizes = \"exact\"\n"),
        &[],
    )
    .exits_with(0);
    assert_eq!(
        version(&here, "taro.vmyna"),
        2,
        "a program of version 1 knows no PIN that is unset"
    );
    let pins = in_folder(&here, &["pin", "taro.vmyna"]).exits_with(0).out();
    assert_eq!(pins.matches("NOT SET").count(), 5, "{pins}");
    let select = ["apdu", "--plain", "--card", "taro.vmyna", SELECT_JPKI];
    let asked = [&select[..], &["00200098", "0020009804 31323334", "00B0880003"]].concat();
    let answers = in_folder(&here, &asked).exits_with(0).out();
    assert_eq!(
        answers.lines().collect::<Vec<_>>(),
        ["9000", "63C0", "6984", "008F009000"]
    );
    fs::remove_file(here.path().join("taro.vmyna")).unwrap();
    let infant = PERSON.replace("1990-04-01", "2026-04-01");
    let told = issue(&here, &format!("{infant}photo = \"none\"\n"), &[])
        .exits_with(0)
        .out();
    assert!(!told.contains("card.photo"), "{told}");
    let face = in_folder(&here, &["files", "taro.vmyna", "face_info/0002"])
        .exits_with(0)
        .out();
    let photo = face.lines().find(|line| line.contains("DF27")).unwrap();
    assert!(photo.ends_with("[0]: empty"), "{photo}");
    let told = in_folder(&here, &["show", "taro.vmyna", "--png", "pictures"]).exits_with(0);
    assert!(!told.err().contains("photo"), "{}", told.err());
}

#[test]
fn certificates_outlast_no_authority_unless_the_person_file_gives_them_such_dates() {
    let here = folder();
    in_folder(&here, &["ca", "init", "ca", "--seed", "1"]).exits_with(0);
    let run = ["issue", "taro.toml", "--seed", "1", "--ca", "ca", "-o"];
    let write = |issued: &str, more: &str| {
        let person = PERSON.replace("issued = \"2026-11-01\"", issued);
        fs::write(here.path().join("taro.toml"), format!("{person}{more}")).unwrap();
    };
    for issued in ["2020-05-01", "2031-05-01"] {
        write(&format!("issued = {issued}"), "");
        let refused = in_folder(&here, &[&run[..], &["refused"]].concat()).exits_with(2).err();
        assert!(
            refused.contains("ca init --begin") && refused.contains("2024-11-01T01:00:00Z"),
            "{refused}"
        );
    }
    write("issued = 2020-05-01", "[certificates]\nissued = 2020-05-01\n");
    let warned = in_folder(&here, &[&run[..], &["warned"]].concat()).exits_with(0).out();
    assert!(warned.contains("no authority is all that time"), "{warned}");
    // The built-in authorities have a generation for every time.
    write("issued = 2031-05-01", "");
    let told = in_folder(&here, &["issue", "taro.toml", "--seed", "1", "-o", "later"])
        .exits_with(0)
        .out();
    assert!(!told.contains("authority"), "{told}");
    assert_eq!(names(&here), ["ca", "later", "taro.toml", "warned"]);
}

#[test]
fn an_issued_card_is_not_denied_when_the_output_cant_be_written() {
    let here = folder();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = vmyna(["issue", "--random", "--seed", "1", "-o", "card"]);
    let output = command
        .current_dir(&here)
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let told = output.wait_with_output().unwrap().exits_with(1).err();
    assert!(told.contains("card is issued, but the output"), "{told}");
    in_folder(&here, &["show", "card"]).exits_with(0);
}

#[test]
fn an_image_is_never_overwritten_and_a_folder_must_be_there() {
    let here = folder();
    fs::write(here.path().join("taro.vmyna"), "mine").unwrap();
    let told = issue(&here, PERSON, &[]).exits_with(2).err();
    assert!(
        told.contains("taro.vmyna") && told.contains("never overwritten"),
        "{told}"
    );
    assert_eq!(fs::read(here.path().join("taro.vmyna")).unwrap(), b"mine");
    let told = in_folder(&here, &["issue", "taro.toml", "-o", "no/card"])
        .exits_with(2)
        .err();
    assert!(told.contains("no/card") && told.contains("No such file"), "{told}");
}

#[test]
fn a_disk_that_fills_up_leaves_nothing_behind() {
    let here = folder();
    fs::write(here.path().join("taro.toml"), PERSON).unwrap();
    // The system's limit of a file's size stands in for the disk: 8 blocks of 512 bytes.
    let script = "ulimit -f 8; exec \"$0\" issue taro.toml -o taro.vmyna --seed 1";
    let mut shell = starting("sh");
    let run = shell
        .args(["-c", script, env!("CARGO_BIN_EXE_vmyna")])
        .current_dir(&here);
    let told = run.output().unwrap().exits_with(1).err();
    assert!(told.contains("taro.vmyna: File too large"), "{told}");
    assert_eq!(names(&here), ["taro.toml"]);
}

#[test]
fn control_c_ends_a_long_run_with_nothing_written() {
    let here = folder();
    let mut command = vmyna(["issue", "--people", "100000", "-o", "town.vmyna"]);
    let child = command.current_dir(&here).stderr(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    while names(&here).is_empty() {
        assert!(began.elapsed() < PATIENCE, "it does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
    let told = child.wait_with_output().unwrap().exits_with(130).err();
    assert!(told.contains("interrupted; nothing was written"), "{told}");
    assert!(names(&here).is_empty(), "{:?}", names(&here));
}

#[test]
fn authorities_of_ones_own_certify_the_card() {
    let here = folder();
    let told = in_folder(&here, &["ca", "init", "ca"]).exits_with(0).out();
    assert!(told.contains("ca/sign-ca/certificate.der"), "{told}");
    let again = in_folder(&here, &["ca", "init", "ca"]).exits_with(2).err();
    assert!(again.contains("never overwritten"), "{again}");
    let person = PERSON.replace("issued = \"2026-11-01\"", "");
    fs::write(here.path().join("taro.toml"), person).unwrap();
    in_folder(&here, &["issue", "taro.toml", "-o", "taro.vmyna", "--ca", "ca"]).exits_with(0);
    for (file, authority, other) in [("000A", "auth-ca", "sign-ca"), ("0001", "sign-ca", "auth-ca")] {
        let der = in_folder(&here, &["files", "taro.vmyna", &format!("jpki/{file}"), "--object"]).exits_with(0);
        fs::write(here.path().join("certificate.der"), der.stdout).unwrap();
        let verify = |authority: &str| {
            let mut openssl = client("openssl", "openssl");
            openssl.args(["verify", "-x509_strict", "-CAstore"]);
            let run = openssl
                .arg(format!("ca/{authority}/certificate.der"))
                .arg("certificate.der");
            run.current_dir(&here).output().unwrap().status.success()
        };
        assert!(verify(authority), "{file}");
        assert!(!verify(other), "{file}");
    }
    let none = in_folder(&here, &["issue", "--random", "-o", "card", "--ca", "."])
        .exits_with(2)
        .err();
    assert!(none.contains("vmyna ca init"), "{none}");
}

#[test]
fn a_photo_of_ones_own_is_on_the_card() {
    let here = folder();
    // The drawn card is a picture that is at hand.
    let png = ["show", "specimen:hanako", "--png", "."];
    in_folder(&here, &png).exits_with(0);
    let with = |photo: &str| {
        issue(
            &here,
            &PERSON.replace("sex =", &format!("photo = \"{photo}\"\nsex =")),
            &[],
        )
    };
    with("front.png").exits_with(0);
    let face = in_folder(&here, &["files", "taro.vmyna", "face_info/0002"])
        .exits_with(0)
        .out();
    assert!(face.contains("378 x 472"), "{face}");
    let usual = in_folder(&here, &["files", "specimen:hanako", "face_info/0002"]).out();
    let photo = |text: &str| text.lines().find(|line| line.contains("DF27")).unwrap().to_owned();
    assert_ne!(photo(&face), photo(&usual));
    fs::remove_file(here.path().join("taro.vmyna")).unwrap();
    for (wrong, word) in [("absent.png", "No such file"), ("taro.toml", "picture")] {
        let told = with(wrong).exits_with(2).err();
        assert!(told.contains(wrong) && told.contains(word), "{told}");
    }
}

#[test]
fn a_damaged_a_newer_and_another_file_are_refused_each_in_its_way() {
    let here = folder();
    issue(&here, PERSON, &[]).exits_with(0);
    let path = here.path().join("taro.vmyna");
    let good = fs::read(&path).unwrap();
    let refused = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let output = in_folder(&here, &["show", "taro.vmyna"]);
        // What is no image at all was the wrong name.
        let status = if bytes.starts_with(b"\x89VMYNA") { 1 } else { 2 };
        output.exits_with(status).err()
    };
    let mut damaged = good.clone();
    damaged[good.len() / 2] ^= 1;
    assert!(refused(&damaged).contains("taro.vmyna: the image is damaged"));
    let mut newer = good.clone();
    newer[11] = 4;
    assert!(refused(&newer).contains("use a newer vmyna"));
    assert!(refused(&good[..good.len() - 1]).contains("damaged"));
    assert!(refused(PERSON.as_bytes()).contains("no image"));
    assert!(refused(b"").contains("no image"));
}

#[test]
fn a_card_that_is_not_there_is_told_with_those_that_are_built_in() {
    let told = vmyna(["show", "hanako"]).output().unwrap().exits_with(2).err();
    assert!(told.contains("did you mean specimen:hanako?"), "{told}");
    let told = vmyna(["show", "nobody.vmyna"]).output().unwrap().exits_with(2).err();
    assert!(
        told.contains("specimen:child") && told.contains("vmyna issue"),
        "{told}"
    );
}

#[test]
fn a_contactless_card_comes_with_a_reader_that_answers_for_itself() {
    let here = folder();
    let run = [
        "issue",
        "--random",
        "--seed",
        "3",
        "--profile",
        "contactless",
        "-o",
        "air.vmyna",
    ];
    in_folder(&here, &run).exits_with(0);
    for card in ["air.vmyna", "specimen:hanako@contactless"] {
        let answers = in_folder(&here, &["apdu", "--plain", "--card", card, "FFCA000000", SELECT_JPKI]);
        let answers = answers.exits_with(0).out();
        let lines: Vec<_> = answers.lines().collect();
        assert!(lines[0].len() == 12 && lines[0].ends_with("9000"), "{answers}");
        assert_eq!(lines[1], "9000", "{answers}");
    }
    let answers = in_folder(&here, &["apdu", "--plain", "FFCA000000"]).out();
    assert_eq!(answers.trim(), "6E00", "a card with contacts sees the command itself");
}

#[test]
fn a_rare_name_is_the_registers_on_the_card_and_substituted_in_the_certificate() {
    let here = folder();
    let person = PERSON.replace("見本　太郎", "髙橋　𩸽").replace(
        "birth = \"1990-04-01\"",
        "birth = \"1945-00-00\"\nformer-name = \"俱利\"\nroman-name = \"TAKAHASHI HOKKE\"",
    );
    let refused = issue(&here, &person, &[]).exits_with(2).err();
    let line = "substitutes = { \"𩸽\" = \"…\" }";
    assert!(
        refused.contains("line 2, name: has 𩸽 (U+29E3D)") && refused.contains(line),
        "{refused}"
    );
    assert_eq!(names(&here), ["taro.toml"]);

    let person = format!("{}\n{person}", line.replace('…', "タ"));
    let told = issue(&here, &person, &[]).exits_with(0).out();
    assert!(told.contains("the certificate has 高 for 髙 (U+9AD9)"), "{told}");
    assert!(told.contains("the certificate has タ for 𩸽 (U+29E3D)"), "{told}");
    let json = in_folder(&here, &["show", "taro.vmyna", "--json"]).exits_with(0).out();
    for part in [
        "\"name\": \"髙橋　𩸽\"",
        "\"certificate_name\": \"高橋　タ\"",
        "\"certificate_address\": null",
        "\"birth\": \"1945-00-00\"",
        "昭和20年月日不詳",
        "旧氏［俱利］",
        "\"TAKAHASHI HOKKE\"",
        "\"remarks\": []",
    ] {
        assert!(json.contains(part), "{part} in {json}");
    }
    let shown = in_folder(&here, &["show", "taro.vmyna"]).exits_with(0).out();
    for part in [
        "髙橋　𩸽",
        "高橋　タ (in the sign certificate)",
        "1945-00-00 (昭和20年月日不詳)",
        "旧氏［俱利］",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
}

/// The examples of the repository.
#[test]
fn the_example_files_are_issued_as_they_are() {
    let here = folder();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/people");
    let files: Vec<_> = examples
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(files.len() >= 3);
    let mut command = vmyna(["issue", "-o", "examples.vmyna", "--seed", "1"]);
    let told = command
        .args(&files)
        .current_dir(&here)
        .output()
        .unwrap()
        .exits_with(0)
        .out();
    assert!(told.contains(&format!("{} cards", files.len())), "{told}");
}
