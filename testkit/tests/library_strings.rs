//! No string in a library names a command of vmyna or of the machine, because a library reports facts and only the command
//! line gives advice.
//!
//! The sources are read as text: every string literal of product code outside `cli/`, without comments and tests.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};

/// The folders whose code is no library of the product.
const NO_LIBRARIES: [&str; 10] = [
    "applications",
    "bench",
    "cli",
    "client-tests",
    "docs",
    "examples",
    "fuzz",
    "target",
    "test-vectors",
    "testkit",
];

/// The commands of vmyna.
const COMMANDS: [&str; 17] = [
    "apdu",
    "ca",
    "card",
    "completions",
    "conformance",
    "demo",
    "doctor",
    "explain",
    "files",
    "issue",
    "pin",
    "reader",
    "readers",
    "run",
    "serve",
    "show",
    "trace",
];

/// Parts of the strings in which a library names a command today. The list must only become shorter.
const EXCEPTIONS: [&str; 9] = [
    // The text that the conformance suite signs, and the name of its report: both stay as they are.
    "vmyna conformance test, declares nothing",
    "<testsuites name=",
    "; `vmyna pin` tells the tries left meanwhile",
    "`vmyna card reset-state CARD`",
    "Free some space on its disk",
    "Raise the limit of files' sizes (ulimit -f)",
    "Put it back where it was",
    "Check the disk, then end and start",
    "nothing more is kept until `vmyna run` or `vmyna serve` is ended",
];

/// A string literal of a file.
#[derive(Debug, PartialEq, Eq)]
struct Literal {
    line: usize,
    text: String,
}

#[test]
fn no_string_of_a_library_names_a_command() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let targets = targets(&fs::read_to_string(root.join("Makefile")).unwrap());
    let (mut literals, mut faults, mut used) = (0, Vec::new(), vec![false; EXCEPTIONS.len()]);
    for file in library_files(&root) {
        let name = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        for Literal { line, text } in string_literals(&without_tests(&fs::read_to_string(&file).unwrap())) {
            literals += 1;
            let Some(command) = command_in(&text, &targets) else {
                continue;
            };
            match EXCEPTIONS.iter().position(|part| text.contains(part)) {
                Some(exception) => used[exception] = true,
                None => faults.push(format!("{name}:{line}: names `{command}`: {text:?}")),
            }
        }
    }
    for (part, used) in EXCEPTIONS.iter().zip(used) {
        println!(
            "{}: {part:?}",
            if used {
                "exception"
            } else {
                "exception without use, remove it"
            }
        );
    }
    assert!(literals > 2000, "only {literals} strings were found");
    assert!(
        faults.is_empty(),
        "strings of libraries name commands:\n{}",
        faults.join("\n")
    );
}

/// The sources of the product's libraries.
fn library_files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let sources = entry.path().join("src");
        if !NO_LIBRARIES.contains(&&*name) && sources.is_dir() {
            rust_files(&sources, &mut files);
        }
    }
    files
}

fn rust_files(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            rust_files(&path, files);
        } else if name.ends_with(".rs") && name != "tests.rs" && !name.ends_with("_tests.rs") {
            files.push(path);
        }
    }
}

/// The text before the module of tests at its end.
fn without_tests(text: &str) -> String {
    let end = text
        .match_indices("#[cfg(test)]\nmod ")
        .find(|(at, _)| text[*at..].lines().nth(1).is_some_and(|line| line.ends_with('{')))
        .map_or(text.len(), |(at, _)| at);
    text[..end].to_owned()
}

/// The targets of the Makefile that `make help` lists.
fn targets(makefile: &str) -> Vec<String> {
    let lines = makefile.lines().filter(|line| line.contains(": ##"));
    lines.map(|line| line.split(':').next().unwrap().to_owned()).collect()
}

/// The command that a text names.
fn command_in(text: &str, targets: &[String]) -> Option<String> {
    let after = |word: &str| {
        let places = text.match_indices(word).map(|(at, _)| at + word.len());
        places.map(|at| &text[at..]).collect::<Vec<_>>()
    };
    let first_word = |rest: &str| {
        let end = rest
            .find(|c: char| !c.is_ascii_lowercase() && c != '-')
            .unwrap_or(rest.len());
        rest[..end].to_owned()
    };
    for rest in after("vmyna ") {
        let word = first_word(rest);
        if COMMANDS.contains(&&*word) {
            return Some(format!("vmyna {word}"));
        }
    }
    for rest in after("make ") {
        let word = first_word(rest);
        if targets.contains(&word) {
            return Some(format!("make {word}"));
        }
    }
    for rest in after("`") {
        let word = first_word(rest);
        // A second word or an option: one word alone in backticks is also a key of a file.
        if COMMANDS.contains(&&*word) && rest[word.len()..].starts_with(' ') {
            return Some(word);
        }
    }
    ["apt-get", "cargo install", "systemctl"]
        .into_iter()
        .find(|program| text.contains(program))
        .map(str::to_owned)
}

/// The string literals of a Rust source: plain, raw and byte strings. Comments and characters are left out.
fn string_literals(source: &str) -> Vec<Literal> {
    let bytes = source.as_bytes();
    let mut literals = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &source.as_bytes()[at..];
        let is_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
        if rest.starts_with(b"//") {
            at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        } else if rest.starts_with(b"/*") {
            at += find(rest, b"*/").map_or(rest.len(), |end| end + 2);
        } else if rest[0] == b'r' && (!is_word || bytes[at - 1] == b'b') && raw_quotes(rest).is_some() {
            let marks = raw_quotes(rest).unwrap();
            let start = marks + 2;
            let close = [&b"\""[..], &vec![b'#'; marks]].concat();
            let end = start + find(&rest[start..], &close).unwrap_or(rest.len() - start);
            literals.push(literal(source, at, start, end));
            at += end + close.len();
        } else if rest[0] == b'"' {
            let mut end = 1;
            while end < rest.len() && rest[end] != b'"' {
                end += if rest[end] == b'\\' { 2 } else { 1 };
            }
            literals.push(literal(source, at, 1, end));
            at += end + 1;
        } else if rest[0] == b'\'' {
            // A character, such as '"' or '\''; otherwise a lifetime.
            let length = match rest {
                [_, b'\\', ..] => rest[3..].iter().position(|byte| *byte == b'\'').map(|end| end + 4),
                _ => {
                    let character = source[at + 1..].chars().next().map_or(1, char::len_utf8);
                    (rest.get(1 + character) == Some(&b'\'')).then_some(character + 2)
                }
            };
            at += length.unwrap_or(1);
        } else {
            at += 1;
        }
    }
    literals
}

/// How many `#` a raw string that begins here has; `None` if none begins.
fn raw_quotes(rest: &[u8]) -> Option<usize> {
    let marks = rest[1..].iter().take_while(|byte| **byte == b'#').count();
    (rest.get(1 + marks) == Some(&b'"')).then_some(marks)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// The literal at a place; a line end behind `\` counts as one space.
fn literal(source: &str, at: usize, start: usize, end: usize) -> Literal {
    let text = &source[at + start..(at + end).min(source.len())];
    let lines: Vec<&str> = text.split("\\\n").collect();
    let joined: Vec<&str> = lines[1..].iter().map(|line| line.trim_start()).collect();
    Literal {
        line: source[..at].matches('\n').count() + 1,
        text: [&[lines[0]], &*joined].concat().concat(),
    }
}

#[test]
fn string_literals_are_found_and_nothing_else() {
    let source = r##"
        // "comment"
        /* "comment" */
        let a: &'static str = "plain \" quoted";
        let b = ['"', '\'', 'あ', '\u{22}'];
        let c = r#"raw "quoted""#;
        let d = b"bytes";
        let e = "two \
                 lines";
        let for_r = var"after";
    "##;
    let texts: Vec<_> = string_literals(source)
        .into_iter()
        .map(|literal| literal.text)
        .collect();
    let expected = [r#"plain \" quoted"#, r#"raw "quoted""#, "bytes", "two lines", "after"];
    assert_eq!(texts, expected);
    assert_eq!(string_literals(source)[0].line, 4);
}

#[test]
fn commands_are_found_and_other_words_are_not() {
    let targets = targets("demo: ## one\nspecimens: ## two\n%.o: %.c\n");
    for (text, command) in [
        ("run `vmyna card reset-state FILE`", Some("vmyna card")),
        ("make specimens", Some("make specimens")),
        ("`card reset-state` takes it back", Some("card")),
        ("apt-get install pcscd", Some("apt-get")),
        ("a vmyna virtual card", None),
        ("the key `card` is missing", None),
        ("make sure", None),
    ] {
        assert_eq!(command_in(text, &targets).as_deref(), command, "{text}");
    }
}
