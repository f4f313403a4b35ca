//! Pages and pictures of `docs/` that tests write: each is what the code makes, or the test fails.

use std::path::Path;
use std::{env, fs};

/// Compares the page `docs/NAME` with its text, as [`assert_picture`] does with bytes.
///
/// # Panics
/// The page has another text.
pub fn assert_page(name: &str, text: &str) {
    assert_picture(name, text.as_bytes());
}

/// Compares the file `docs/NAME` with its content. With `UPDATE_DOCS` in the environment, as `make docs` sets it, it writes
/// the file first.
///
/// # Panics
/// The file has another content.
pub fn assert_picture(name: &str, content: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    if env::var_os("UPDATE_DOCS").is_some() {
        let written = fs::write(&path, content);
        assert!(written.is_ok(), "{}: {written:?}", path.display());
    }
    let there = fs::read(&path).unwrap_or_default();
    assert!(
        there == content,
        "docs/{name} is not what it has to be: run `make docs`"
    );
}
