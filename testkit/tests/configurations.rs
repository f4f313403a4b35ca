//! docs/configurations.md: tests use each of its blocks, and the Japanese page has the same.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::Path;

use vmyna_testkit::configurations::{PAGES, blocks};

#[test]
fn both_pages_have_the_same_blocks() {
    let [english, japanese] = PAGES.map(blocks);
    assert!(english.len() > 10, "only {} blocks were found", english.len());
    assert_eq!(english, japanese);
}

#[test]
fn a_test_uses_each_block() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/tests");
    let files = [
        "ca/trust.rs",
        "run_clients.rs",
        "pkcs11/java.rs",
        "pkcs11/nss.rs",
        "pkcs11/pdf.rs",
        "pkcs11/python.rs",
    ];
    let sources: String = files
        .iter()
        .map(|file| fs::read_to_string(tests.join(file)).unwrap())
        .collect();
    for block in blocks(PAGES[0]) {
        let used = format!("\"{}\"", block.name);
        assert!(sources.contains(&used), "no test uses the block {used}");
    }
}
