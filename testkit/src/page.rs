//! Pages of `docs/` that tests write: what stands there is what the code says, or the test fails.

use std::path::Path;
use std::{env, fs};

/// Compares the page `docs/NAME` with what it has to be; with `UPDATE_DOCS` in the environment, as `make docs` has it,
/// writes it first.
///
/// # Panics
/// The page is another.
pub fn assert_page(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    if env::var_os("UPDATE_DOCS").is_some() {
        let written = fs::write(&path, text);
        assert!(written.is_ok(), "{}: {written:?}", path.display());
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(there == text, "docs/{name} is not what it has to be: run `make docs`");
}
