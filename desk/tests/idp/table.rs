//! The table of checks in the documentation.

use std::fs;
use std::path::Path;

#[test]
fn every_row_of_the_table_names_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources: String = fs::read_dir(root.join("tests/idp"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    for page in ["idp.md", "idp.ja.md"] {
        let text = fs::read_to_string(root.join("../docs").join(page)).unwrap();
        let table = text.split_once("<!-- checks -->").unwrap().1;
        let table = table.split_once("<!-- end -->").unwrap().0;
        let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
        assert!(rows.len() >= 30, "{page} has {} rows", rows.len());
        for row in rows {
            let name = row.rsplit('`').nth(1).unwrap_or_else(|| panic!("{page}: {row}"));
            assert!(
                sources.contains(&format!("fn {name}()")),
                "{page}: no test is called {name}"
            );
        }
    }
}
