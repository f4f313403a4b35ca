//! The modules of the command import each other without a circle, and no command imports another one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each module of the crate's root with the modules that its files import.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let mut imports = BTreeMap::<_, BTreeSet<_>>::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in files(&source) {
        let place = file.strip_prefix(&source).unwrap();
        let module = Path::new(place.iter().next().unwrap()).with_extension("");
        let module = module.to_str().unwrap().to_owned();
        let text = fs::read_to_string(&file).unwrap();
        // The tests of a module may use what they like.
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let names = text
            .split("crate::")
            .skip(1)
            .flat_map(|rest| match rest.strip_prefix('{') {
                Some(list) => list.split('}').next().unwrap().split(',').map(name).collect(),
                None => vec![name(rest)],
            });
        let others = names.filter(|name| *name != module);
        imports.entry(module.clone()).or_default().extend(others);
    }
    // The table of commands imports them all, and nothing imports it.
    imports.remove("main").unwrap();
    imports
}

fn name(text: &str) -> String {
    let letter = |letter: &char| letter.is_ascii_lowercase() || *letter == '_';
    text.trim().chars().take_while(letter).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

#[test]
fn no_module_imports_another_one_in_a_circle() {
    let mut left = imports();
    assert!(left.len() > 25 && left.values().any(|others| others.contains("failure")));
    // Takes away, again and again, the modules that import nothing of what is left.
    loop {
        let names: BTreeSet<String> = left.keys().cloned().collect();
        left.retain(|_, others| others.iter().any(|other| names.contains(other)));
        if left.len() == names.len() {
            break;
        }
    }
    assert!(left.is_empty(), "modules in a circle, or above one: {left:?}");
}

#[test]
fn no_command_imports_another_one() {
    let imports = imports();
    let table = include_str!("../src/main.rs");
    let commands: BTreeSet<&str> = imports
        .keys()
        .map(String::as_str)
        .filter(|module| table.contains(&format!("=> {module}::run(")))
        .collect();
    assert!(commands.len() > 15, "{commands:?}");
    for command in &commands {
        let others = imports[*command]
            .iter()
            .filter(|other| commands.contains(other.as_str()));
        assert_eq!(others.count(), 0, "{command} imports {:?}", imports[*command]);
    }
}
