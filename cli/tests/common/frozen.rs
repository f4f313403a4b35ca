//! Images and states that are kept for ever as they were written.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::Printed;

/// A file, and what it was when it was written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Original {
    path: String,
    sha256: String,
}

/// The folder of the kept files.
pub fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-vectors")
}

/// What the files of this version hold.
pub fn expected<T: DeserializeOwned>(version: &str) -> T {
    let path = vectors().join("cards").join(version).join("expected.toml");
    toml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Not a byte of them has changed.
#[track_caller]
pub fn assert_unchanged(files: &[Original]) {
    for Original { path, sha256 } in files {
        let bytes = fs::read(vectors().join(path)).unwrap();
        let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, *sha256, "{path} is kept for ever as it was written");
    }
}

/// A card answers these commands, in one session, with what stands beside each.
#[track_caller]
pub fn assert_answers(run: impl FnOnce(&[&str]) -> Output, card: &str, exchanges: &[(String, String)], place: &str) {
    let mut arguments = vec!["apdu", "--plain", "--card", card];
    arguments.extend(exchanges.iter().map(|(command, _)| command.as_str()));
    let answers = run(&arguments).out();
    let expected: Vec<&str> = exchanges.iter().map(|(_, answer)| answer.as_str()).collect();
    assert_eq!(answers.lines().collect::<Vec<_>>(), expected, "{place}");
}
