//! `vmyna ap test`: the applications that ship pass the vectors that follow from their declarations, an author's own vectors
//! run beside them, and the reports say what they prove.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use common::vmyna;
use tempfile::TempDir;

const APPLICATION: &str = r#"
format = 1
[[application]]
name = "notes"
title = "覚書AP"
aid = "F0 54 45 53 54 01"
source = "an invention of this test"

[[application.pin]]
name = "pin"
title = "暗証番号"
ef = "0006"
length = 8
tries = 3
value = "73918264"

[[application.file]]
name = "note"
title = "覚書"
ef = "0002"
content = { text = "confidential" }
read = "pin"
update = "pin"
secret = true
"#;

const AUTHORS: &str = r#"
[[vector]]
id = "note.read"
requirement = "The note is read after the PIN."
source = "this test"
certainty = "assumed"
effect = "wrong-pins"
steps = [
  "{select:notes}",
  "00 20 00 86 [{wrong:pin@notes}] => 63C2",
  "00 B0 82 00 00 => 6982",
  "00 20 00 86 [{pin:pin@notes}]",
  { send = "00 B0 82 00 00", length = "12" },
]
"#;

/// The shared applications of the repository.
fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn test(arguments: &[&Path]) -> Output {
    let words = ["ap", "test"].map(Path::new);
    vmyna(words.iter().chain(arguments)).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The application in a folder of its own, with these vectors beside it.
fn with_authors(vectors: Option<&str>) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let declaration = folder.path().join("notes.ap.toml");
    fs::write(&declaration, APPLICATION).unwrap();
    if let Some(vectors) = vectors {
        fs::write(folder.path().join("notes.vectors.toml"), vectors).unwrap();
    }
    (folder, declaration)
}

#[test]
fn the_applications_that_ship_pass_what_follows_from_their_declarations() {
    for name in [
        "driving-licence",
        "residence",
        "seal-registration",
        "civil-servant",
        "employee",
    ] {
        let output = test(&[&shipped(&format!("applications/{name}/{name}.ap.toml"))]);
        let out = text(&output.stdout);
        assert!(
            output.status.success() && out.contains(" passed, 0 failed, 0 left out"),
            "{name}: {out}"
        );
        assert!(
            out.contains("They do not prove that the declaration is right"),
            "{name}: {out}"
        );
    }
}

#[test]
fn a_file_without_records_passes_whatever_is_declared_for_it() {
    let (_folder, declaration) = with_authors(None);
    for operations in [
        "update = \"always\"",
        "append = \"pin\"",
        "update = \"pin\"\nappend = \"always\"",
    ] {
        let file = "[[application.file]]\nname = \"log\"\nef = \"0003\"\nrecords = []\nread = \"always\"\n";
        let text = format!("{APPLICATION}\n{file}room = {{ records = 2, length = 16 }}\n{operations}\n");
        fs::write(&declaration, text).unwrap();
        let output = test(&[&declaration]);
        assert!(
            output.status.success(),
            "{operations}: {}{}",
            self::text(&output.stdout),
            self::text(&output.stderr)
        );
    }
}

#[test]
fn a_pin_without_a_value_passes_whatever_its_length() {
    let (_folder, declaration) = with_authors(None);
    for length in ["1", "4", "[5, 8]", "16"] {
        let pin = "[[application.pin]]\nname = \"other\"\nef = \"0005\"\ntries = 3\nunset = true\nchange = \"always\"";
        fs::write(&declaration, format!("{APPLICATION}\n{pin}\nlength = {length}\n")).unwrap();
        let output = test(&[&declaration]);
        assert!(
            output.status.success(),
            "{length}: {}{}",
            text(&output.stdout),
            text(&output.stderr)
        );
    }
}

#[test]
fn an_authors_vectors_beside_the_declaration_run_and_count() {
    let (_folder, declaration) = with_authors(Some(AUTHORS));
    let output = test(&[&declaration]);
    assert!(output.status.success(), "{}", text(&output.stdout));
    assert!(
        text(&output.stderr).contains(" 1 of the author"),
        "{}",
        text(&output.stderr)
    );

    let (folder, declaration) = with_authors(Some(&AUTHORS.replace("\"12\"", "\"13\"")));
    let output = test(&[&declaration]);
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{out}");
    assert!(
        out.contains("FAILED note.read") && out.contains(", 1 failed, "),
        "{out}"
    );
    // Another file takes the place of the one beside the declaration.
    let own = folder.path().join("own.toml");
    fs::write(&own, AUTHORS).unwrap();
    assert!(test(&[&declaration, Path::new("--vectors"), &own]).status.success());
}

#[test]
fn vectors_that_make_no_sense_are_refused_before_a_card_is_made() {
    for (wrong, right, words) in [
        ("{select:other}", "{select:notes}", "no application is called \"other\""),
        (
            "{pin:code@notes}",
            "{pin:pin@notes}",
            "there is no PIN called \"code@notes\"",
        ),
        ("effect = \"reads\"", "effect = \"wrong-pins\"", "its effect is"),
        ("lenght", "length", "a step is a command, or a table of send"),
    ] {
        let (_folder, declaration) = with_authors(Some(&AUTHORS.replace(right, wrong)));
        let output = test(&[&declaration]);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains("notes.vectors.toml") && error.contains(words), "{error}");
    }
}

#[test]
fn the_reports_say_in_both_languages_what_the_vectors_prove_and_show_no_secret() {
    let (folder, declaration) = with_authors(Some(AUTHORS));
    let [json, junit] = ["report.json", "report.xml"].map(|name| folder.path().join(name));
    let flags = ["--json", "--junit", "--lang", "ja"].map(Path::new);
    let output = test(&[&declaration, flags[0], &json, flags[1], &junit, flags[2], flags[3]]);
    let out = text(&output.stdout);
    assert!(output.status.success() && out.contains("宣言が正しいこと"), "{out}");
    for path in [json, junit] {
        let report = fs::read_to_string(&path).unwrap();
        for words in [
            "do not prove that the declaration is right",
            "宣言が正しいこと",
            "note.read",
            "notes.0002.read.pin",
        ] {
            assert!(report.contains(words), "{}: {words}", path.display());
        }
        // Fewer digits could be those of a time.
        for secret in ["73918264", "3733393138323634", "confidential", "636F6E66"] {
            assert!(!report.contains(secret), "{}: {secret}", path.display());
        }
    }
}
