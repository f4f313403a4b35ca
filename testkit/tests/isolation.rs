//! Every test starts other projects' programs in the environment that this package makes.

#![allow(clippy::unwrap_used)] // the whole file is tests

use std::fs;
use std::path::{Path, PathBuf};

/// Calls that start a program with the whole environment of the test.
const INHERITING: [&str; 3] = [
    "Command::new(require_program(",
    "Command::new(require_library(",
    "Command::new(vmyna_testkit::require_program(",
];

#[test]
fn no_test_starts_a_client_with_the_environment_of_the_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut read = 0;
    for package in fs::read_dir(&root).unwrap().flatten() {
        let tests = package.path().join("tests");
        for file in if tests.is_dir() { rust_files(&tests) } else { Vec::new() } {
            if file.ends_with(file!()) {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            let dense: String = text.split_whitespace().collect();
            for call in INHERITING {
                assert!(
                    !dense.contains(call),
                    "{} starts a program by {call}…): use vmyna_testkit::client",
                    file.display()
                );
            }
            read += 1;
        }
    }
    assert!(read > 50, "only {read} files of tests were found");
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
