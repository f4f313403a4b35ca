//! Status words come from one place: no source of the product but `status_word.rs` has one in hexadecimal. The conformance
//! suite is left out: it judges cards, and takes nothing from this one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};

/// The sources of a folder and those below it, without the files of tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true if path.file_name().unwrap() == "tests" => Vec::new(),
            true => sources(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| path.file_name().unwrap() != "tests.rs")
        .collect()
}

/// The hexadecimal numbers of a line of code: their digits, and where each begins and ends.
fn numbers(line: &str) -> Vec<(&str, usize, usize)> {
    let code = line.split("//").next().unwrap();
    let begins = code.match_indices("0x").map(|(at, _)| at);
    let number = |at: usize| {
        let digits = code[at + 2..].find(|c: char| !c.is_ascii_hexdigit() && c != '_');
        let end = digits.map_or(code.len(), |length| at + 2 + length);
        (&code[at + 2..end], at, end)
    };
    begins.map(number).collect()
}

/// What looks like a status word in a line: four digits from `6000` to `6FFF` or `9000` on, or an array of two such bytes.
fn status_word(line: &str) -> Option<String> {
    let first = |digits: &str| digits.starts_with('6') || digits.starts_with("90");
    let numbers = numbers(line);
    let whole = numbers.iter().find(|(digits, ..)| digits.len() == 4 && first(digits));
    let pair = numbers.windows(2).find(|pair| {
        let [(one, begin, end), (other, next, last)] = pair else {
            return false;
        };
        let alone = line[..*begin].ends_with('[') && &line[*end..*next] == ", " && line[*last..].starts_with(']');
        alone && one.len() == 2 && other.len() == 2 && first(one)
    });
    let pair = pair.map(|pair| format!("{}{}", pair[0].0, pair[1].0));
    whole.map(|(digits, ..)| (*digits).to_owned()).or(pair)
}

#[test]
fn no_source_but_the_list_has_a_status_word_in_hexadecimal() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folders = ["apdu", "card-os", "applets", "reader-bridge", "pcsc-service", "cli"]
        .map(|package| root.join(package).join("src"));
    let mut found = Vec::new();
    let files: Vec<_> = folders.iter().flat_map(|folder| sources(folder)).collect();
    assert!(files.len() > 100, "{} files", files.len());
    for path in files.iter().filter(|path| !path.ends_with("apdu/src/status_word.rs")) {
        let text = fs::read_to_string(path).unwrap();
        // Unit tests stand at the end of a file.
        let product = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
        for (number, line) in product.lines().enumerate() {
            if let Some(word) = status_word(line) {
                found.push(format!("{}:{}: {word}", path.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "use a name of StatusWord:\n{}", found.join("\n"));
}

#[test]
fn status_words_are_told_from_other_numbers() {
    for (line, expected) in [
        ("StatusWord::new(0x6A81)", Some("6A81")),
        ("if sw == 0x9000 {", Some("9000")),
        ("0x63C0..=0x63CF => left,", Some("63C0")),
        ("const CANCELLED: [u8; 2] = [0x64, 0x01];", Some("6401")),
        ("response.extend(&[0x90, 0x00]);", Some("9000")),
        ("// 0x6A81 is said here", None),
        ("let tag = 0x6F; let fid = 0x001B; let ioctl = 0x4200_0000;", None),
        ("let aid = [0x64, 0x01, 0x02];", None),
        ("let object = 0x7F21;", None),
    ] {
        assert_eq!(status_word(line).as_deref(), expected, "{line}");
    }
}
