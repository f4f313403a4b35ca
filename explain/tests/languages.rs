//! Every text of this crate is in English and in Japanese.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::Path;

use vmyna_applets::specimen;
use vmyna_card_os::rule;
use vmyna_explain::Language::{En, Ja};
use vmyna_explain::files::{Item, List, content};
use vmyna_explain::{Narrator, StatusWord, Text, access, rules, status};

/// Whether a text has letters of Japanese, or signs as Japanese text has them.
fn is_japanese(text: &str) -> bool {
    text.chars().any(|character| !character.is_ascii() && character != 'µ')
}

/// Whether a text has an English word. Names of commands (`READ BINARY`) and abbreviations are the same in both languages.
fn is_english(text: &str) -> bool {
    text.split(|character: char| !character.is_ascii_alphabetic())
        .any(|word| word.len() > 1 && word.chars().all(|letter| letter.is_ascii_lowercase()))
}

#[track_caller]
fn assert_translated(en: &str, ja: &str) {
    assert!(!en.trim().is_empty() && !ja.trim().is_empty(), "{en:?} / {ja:?}");
    assert!(is_japanese(ja) || !is_english(en), "{en:?} / {ja:?}");
}

/// A format string without the places of its variables.
fn without_variables(format: &str) -> String {
    let mut rest = String::new();
    let mut depth = 0;
    for character in format.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ if depth == 0 => rest.push(character),
            _ => {}
        }
    }
    rest
}

/// The string literal at the beginning of `code`, and the code after it.
fn literal(code: &str) -> Option<(String, &str)> {
    let code = code.trim_start().strip_prefix('"')?;
    let (mut text, mut characters) = (String::new(), code.char_indices());
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((text, &code[at + 1..])),
            '\\' => text.push(characters.next()?.1),
            character => text.push(character),
        }
    }
    None
}

/// The pairs of literals in the calls of this macro or function.
fn pairs(code: &str, call: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for arguments in code.split(call).skip(1) {
        // `say!` has the language before the texts.
        let arguments = arguments.trim_start();
        let arguments = match arguments
            .strip_prefix("self.language")
            .or(arguments.strip_prefix("language"))
        {
            Some(rest) => rest.trim_start().strip_prefix(',').unwrap(),
            None => arguments,
        };
        let Some((en, rest)) = literal(arguments) else { continue };
        let (ja, _) = literal(rest.trim_start().strip_prefix(',').unwrap()).unwrap();
        pairs.push((en, ja));
    }
    pairs
}

fn sources(folder: &Path, code: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, code);
        } else {
            let text = fs::read_to_string(&path).unwrap();
            code.push(text.split("#[cfg(test)]\nmod tests").next().unwrap().to_owned());
        }
    }
}

#[test]
fn every_pair_of_literals_in_the_source_is_translated() {
    let mut code = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut code);
    let mut count = 0;
    for code in code {
        for call in ["text!(", "say!(", " is("] {
            for (en, ja) in pairs(&code, call) {
                let (en, ja) = (without_variables(&en), without_variables(&ja));
                if is_english(&en) {
                    assert_translated(&en, &ja);
                }
                count += 1;
            }
        }
    }
    assert!(count > 180, "{count}");
}

#[test]
fn an_untranslated_pair_is_found() {
    let code = r#"text!("the {name} file", "the {name} file") say!(language, "a \"b\" {x}", "い") say!( self.language, "c", "う")"#;
    let found = pairs(code, "text!(");
    assert_eq!(found, [("the {name} file".to_owned(), "the {name} file".to_owned())]);
    assert_eq!(pairs(code, "say!(").len(), 2);
    assert_eq!(without_variables("the {name} file"), "the  file");
    assert!(is_english("the  file") && !is_japanese("the  file"));
    assert!(!is_english("READ BINARY {A}") && is_japanese("（{x}）"));
}

#[test]
fn every_status_word_rule_and_certainty_is_translated() {
    let check = |Text { en, ja }: Text| assert_translated(&en, &ja);
    (0..=u16::MAX).for_each(|value| check(status::meaning(StatusWord::new(value))));
    for rule in rule::ALL {
        check(rules::describe(rule));
        assert!(is_japanese(access::certainty(rule.certainty)));
    }
}

#[test]
fn the_fields_of_every_instruction_are_translated() {
    let [en, ja] = [En, Ja].map(|language| Narrator::new().in_language(language));
    for cla in [0x00, 0x08, 0x0C, 0x40, 0x80, 0xFF] {
        for ins in 0..=u8::MAX {
            for (p1, p2) in [
                (0, 0),
                (1, 0x80),
                (2, 0x0C),
                (4, 0x81),
                (5, 0x9F),
                (0x81, 5),
                (0xFF, 0xFF),
            ] {
                for command in [
                    &[cla, ins, p1, p2][..],
                    &[cla, ins, p1, p2, 2, 0, 1],
                    &[cla, ins, p1, p2, 0],
                ] {
                    let (en, ja) = (en.fields(command), ja.fields(command));
                    assert_eq!(en.len(), ja.len());
                    for (en, ja) in en.iter().zip(&ja).filter(|(en, _)| !en.starts_with("INS")) {
                        // The name and the bytes of the field are before its meaning.
                        assert_translated(&en[5..], &ja[5..]);
                    }
                }
            }
        }
    }
}

#[test]
fn the_list_and_the_contents_of_every_file_are_translated() {
    for application in specimen::find("hanako").unwrap().unwrap().applications() {
        let files = application.files.iter().map(Item::File);
        for item in files.chain(application.data_objects.iter().map(Item::Object)) {
            let listed = [En, Ja].map(|language| List::new(language).item(&application, item).to_vec());
            let decoded = [En, Ja].map(|language| content(&application, item, language));
            for [en, ja] in [listed, decoded] {
                assert_eq!(en.len(), ja.len());
                // Addresses and names in certificates are not translated.
                let is_name = |line: &str| line.contains("://") || line.contains("O=JPKI-TEST");
                for (en, ja) in en.iter().zip(&ja).filter(|(en, _)| !is_name(en)) {
                    assert_translated(en, ja);
                }
            }
        }
    }
}
