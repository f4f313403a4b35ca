//! `vmyna ap` as the author of an application uses it. Its JSON Schema is given to a validator of others, and the APDUs of its
//! pages are sent to the card.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Printed, vmyna};
use vmyna_testkit::isolated;

/// The declaration files that git tracks.
fn tracked() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut git = Command::new("git");
    git.current_dir(&root).args(["ls-files", "-z", "*.ap.toml"]);
    let listed = git.output().unwrap().exits_with(0).out();
    let paths: Vec<PathBuf> = listed.split_terminator('\0').map(|path| root.join(path)).collect();
    assert!(paths.len() >= 5, "{paths:?}");
    paths
}

/// A new declaration in a folder of its own.
fn new(folder: &Path) -> PathBuf {
    let path = folder.join("member.ap.toml");
    let written = vmyna(["ap", "new"]).arg(&path).output().unwrap().exits_with(0);
    assert!(
        written.out().contains("application member, PIN 1234"),
        "{}",
        written.out()
    );
    path
}

fn ap(command: &str, file: &Path, options: &[&str]) -> String {
    let mut vmyna = vmyna(["ap", command]);
    vmyna.arg(file).args(options);
    vmyna.output().unwrap().exits_with(0).out()
}

#[test]
fn a_new_declaration_is_right_and_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = new(folder.path());
    assert!(ap("check", &path, &[]).contains("member  AID F0"));
    fs::write(&path, "mine").unwrap();
    let again = vmyna(["ap", "new"]).arg(&path).output().unwrap().exits_with(2);
    assert!(again.err().contains("exists and is not replaced"), "{}", again.err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    let nowhere = folder.path().join("none/x.ap.toml");
    vmyna(["ap", "new"]).arg(nowhere).output().unwrap().exits_with(2);
    // A name that no application can have, and others.
    for (file, name) in [
        ("会員.ap.toml", "example"),
        ("jpki.ap.toml", "example"),
        ("Staff_2.ap.toml", "staff-2"),
    ] {
        let path = folder.path().join(file);
        vmyna(["ap", "new"]).arg(&path).output().unwrap().exits_with(0);
        assert!(ap("check", &path, &[]).contains(&format!("{name}  AID F0")));
    }
}

#[test]
fn check_reports_every_fault_with_its_line_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = new(folder.path());
    let text = fs::read_to_string(&path).unwrap();
    let text = text
        .replace("tries = 3", "tries = 0")
        .replace("change = \"pin\"", "chnage = \"pin\"");
    let bad = folder.path().join("member.ap.toml.bad");
    fs::write(&bad, text).unwrap();
    let line = |needle: &str| {
        let text = fs::read_to_string(&bad).unwrap();
        1 + text.lines().position(|line| line.starts_with(needle)).unwrap()
    };
    let report = vmyna(["ap", "check"])
        .arg(&bad)
        .arg(&path)
        .output()
        .unwrap()
        .exits_with(1);
    let (tries, change) = (line("tries = 0"), line("chnage"));
    let out = report.out();
    assert!(
        out.contains(&format!(
            "line {tries}, application[1].pin[1].tries: is a whole number from 1 to 15"
        )),
        "{out}"
    );
    assert!(
        out.contains(&format!(
            "line {change}, application[1].pin[1].chnage: unknown key; the nearest known one is `change`"
        )),
        "{out}"
    );
    assert!(out.contains("no fault"), "{out}");
    assert!(report.err().contains("2 faults"), "{}", report.err());
    let json = vmyna(["ap", "check", "--json"])
        .arg(&bad)
        .arg(&path)
        .output()
        .unwrap()
        .exits_with(1);
    let json: serde_json::Value = serde_json::from_str(&json.out()).unwrap();
    assert_eq!((&json["version"], &json["right"]), (&1.into(), &false.into()));
    assert_eq!(json["files"][0]["faults"][0]["line"], tries);
    assert_eq!(json["files"][0]["faults"][1]["field"], "application[1].pin[1].chnage");
    assert_eq!(json["files"][1]["applications"][0]["name"], "member");
    // A file that is not there, and a folder.
    let none = folder.path().join("none");
    for path in [none.as_path(), folder.path()] {
        let report = vmyna(["ap", "check"]).arg(path).output().unwrap().exits_with(1);
        assert!(report.out().contains("can't be read"), "{}", report.out());
    }
}

#[test]
fn show_has_names_and_access_in_both_languages_and_no_pin() {
    let folder = tempfile::tempdir().unwrap();
    let path = new(folder.path());
    let english = ap("show", &path, &[]);
    for expected in [
        "member  AID F0",
        "0001  SFI 1",
        "read is free",
        "read needs pin (0006); update binary needs pin (0006)",
        "private key, P-256",
        "[assumed]",
    ] {
        assert!(english.contains(expected), "{expected}\n{english}");
    }
    let japanese = ap("show", &path, &["--lang", "ja", "--why"]);
    assert!(
        japanese.contains("読み出しには暗証番号（0006）の照合が必要"),
        "{japanese}"
    );
    assert!(japanese.contains("［推定: an invention］"), "{japanese}");
    assert!(!(english + &japanese).contains("1234"));
}

/// The blocks of APDUs of a page, each with its heading.
fn blocks(page: &str) -> Vec<(String, Vec<String>)> {
    let sections = page.split("\n### ").skip(1);
    let block = |section: &str| {
        let (heading, rest) = section.split_once('\n').unwrap();
        let block = rest.split("```").nth(1)?;
        let lines = block.lines().filter(|line| !line.is_empty());
        let apdus = lines.map(|line| line.split("  #").next().unwrap().trim().to_owned());
        Some((heading.to_owned(), apdus.collect()))
    };
    sections.filter_map(block).collect()
}

/// Whether the APDUs of a page can be sent as they are, with PIN and challenge: the data of changes, the signatures of hosts
/// and keys that the card has yet to make are not there.
fn is_complete(page: &str, heading: &str, apdus: &[String]) -> bool {
    let made_later = |row: &str| row.contains("private key made on the card") && heading.contains(&row[2..6]);
    let known = |apdu: &String| !apdu.contains('<') || apdu.contains("<pin>") || apdu.contains("<challenge>");
    apdus.iter().all(known) && !page.lines().any(|row| row.starts_with("| ") && made_later(row))
}

#[test]
fn the_apdus_of_a_page_do_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = tracked();
    paths.push(new(folder.path()));
    let mut sent = 0;
    for path in paths {
        let page = ap("doc", &path, &[]);
        for (heading, apdus) in blocks(&page) {
            if !is_complete(&page, &heading, &apdus) {
                continue;
            }
            let filled = apdus.iter().map(|apdu| {
                let apdu = apdu.replace("Lc <challenge>", "08 0102030405060708");
                if apdu.contains("<pin>") {
                    apdu.replace("Lc <pin>", &pin_of(&path))
                } else {
                    apdu
                }
            });
            let filled: Vec<String> = filled.collect();
            let mut vmyna = vmyna(["apdu", "--plain", "--ap"]);
            let out = vmyna.arg(&path).args(&filled).output().unwrap().exits_with(0).out();
            let answers: Vec<&str> = out.lines().map(|line| &line[line.len() - 4..]).collect();
            // The first record of a file that has none yet.
            let absent = |apdu: &str, answer: &str| apdu.starts_with("00 B2") && answer == "6A83";
            // A locked application, as its page states.
            let locked = |apdu: &str, answer: &str| {
                apdu.starts_with("00 A4 04") && answer == "6283" && page.contains("SELECT answers 6283")
            };
            let right =
                |(apdu, answer): (&String, &&str)| *answer == "9000" || absent(apdu, answer) || locked(apdu, answer);
            assert_eq!(answers.len(), apdus.len(), "{out}");
            assert!(
                apdus.iter().zip(&answers).all(right),
                "{}: {heading}\n{filled:#?}\n{out}",
                path.display()
            );
            sent += apdus.len();
        }
    }
    assert!(sent > 40, "{sent}");
}

/// Lc and value of the one PIN of a declaration.
fn pin_of(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix("value = \"")).unwrap();
    let value = value.split('"').next().unwrap();
    let digits: String = value.bytes().map(|byte| format!("{byte:02X}")).collect();
    format!("{:02X} {digits}", value.len())
}

#[test]
fn a_page_shows_no_pin_and_escapes_what_the_declaration_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = new(folder.path());
    let text = fs::read_to_string(&path).unwrap();
    let evil = "title = \"<script>|[x](y)`\\u001b\"";
    fs::write(&path, text.replace("title = \"記録\"", &evil.replace("\\u001b", ""))).unwrap();
    let page = ap("doc", &path, &["--lang", "ja"]);
    assert!(page.contains("\\<script\\>\\|\\[x\\](y)\\`"), "{page}");
    assert!(!page.contains("1234") && page.contains("VERIFY pin"), "{page}");
    fs::write(&path, text.replace("title = \"記録\"", evil)).unwrap();
    vmyna(["ap", "doc"]).arg(&path).output().unwrap().exits_with(2);
}

/// What Python's jsonschema says of each of these declarations.
fn valid(schema: &Path, declarations: &[PathBuf]) -> Vec<bool> {
    const SCRIPT: &str = "\
import json, sys, tomllib
import jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
for path in sys.argv[2:]:
    print(validator.is_valid(tomllib.load(open(path, 'rb'))))";
    // Debian's, for which the package is; another may come first in PATH.
    let mut python = isolated(Path::new("/usr/bin/python3"));
    let output = python
        .args(["-c", SCRIPT])
        .arg(schema)
        .args(declarations)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "this test needs Python's module jsonschema: apt-get install python3-jsonschema\n{}",
        output.err()
    );
    output.out().lines().map(|line| line == "True").collect()
}

#[test]
fn the_json_schema_takes_right_declarations_and_refuses_damaged_ones() {
    let folder = tempfile::tempdir().unwrap();
    let schema = folder.path().join("ap.schema.json");
    fs::write(&schema, vmyna(["ap", "schema"]).output().unwrap().exits_with(0).out()).unwrap();
    let new = new(folder.path());
    let mut right = tracked();
    right.push(new.clone());
    assert_eq!(valid(&schema, &right), vec![true; right.len()], "{right:?}");

    let text = fs::read_to_string(&new).unwrap();
    let damages = [
        ("format = 1", "format = 2"),
        ("format = 1", ""),
        ("name = \"member\"", "name = \"Member\""),
        ("name = \"member\"", "name = \"always\""),
        ("title = \"試験用AP\"", ""),
        ("aid = \"F0", "aid = \"G0"),
        ("certainty = \"assumed\"", "certainty = \"sure\""),
        ("tries = 3", "tries = 16"),
        ("tries = 3", "tries = \"3\""),
        ("value = \"1234\"", "value = \"1234\"\nunset = true"),
        ("value = \"1234\"", ""),
        ("change = \"pin\"", "chnage = \"pin\""),
        ("ef = \"0006\"", "ef = \"6\""),
        ("{ serial = 10 }", "{ serial = 10, random = 2 }"),
        ("{ serial = 10 }", "{ serial = 0 }"),
        ("C1 = { text", "XX = { text"),
        ("encoding = \"utf-8\"", "encoding = \"sjis\""),
        ("records = [{ text = \"issued\" }]", "records = [{ txt = \"issued\" }]"),
        ("room = { records = 10", "room = { record = 10"),
        ("algorithm = \"P-256\"", "algorithm = \"P-521\""),
        ("origin = \"issue\"", "origin = \"file\""),
        ("read = \"always\"", "read = true"),
    ];
    let mut damaged = Vec::new();
    for (at, (from, to)) in damages.iter().enumerate() {
        assert!(text.contains(from), "{from}");
        let path = folder.path().join(format!("{at}.ap.toml.bad"));
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        damaged.push(path);
    }
    let found = valid(&schema, &damaged);
    for ((path, valid), (from, to)) in damaged.iter().zip(found).zip(damages) {
        assert!(!valid, "the schema takes {to:?} in place of {from:?}");
        // The check refuses it as well.
        vmyna(["ap", "check"]).arg(path).output().unwrap().exits_with(1);
    }
}
