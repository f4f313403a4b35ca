//! The program of the front page, in a package of its own outside the workspace: README shows the same lines, and it runs
//! with `vmyna` as its only dependency, with OpenSSL and without.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::fs;
use std::path::Path;
use std::process::Command;

const FRONT_PAGE: &str = include_str!("../src/lib.rs");

/// The first program of the front page.
fn program() -> String {
    let mut lines = FRONT_PAGE.lines().filter_map(|line| line.strip_prefix("//!"));
    lines.find(|line| *line == " ```").unwrap();
    lines
        .take_while(|line| *line != " ```")
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

#[test]
fn the_front_page_has_ten_lines_and_readme_has_the_same() {
    let program = program();
    assert_eq!(program.lines().count(), 10, "{program}");
    for readme in ["README.md", "README.ja.md"] {
        let text = fs::read_to_string(root().join(readme)).unwrap();
        assert!(text.contains(&format!("```rust\n{program}```")), "{readme}");
    }
}

#[test]
fn the_front_page_runs_outside_the_workspace_with_and_without_openssl() {
    for features in ["", ", default-features = false"] {
        let package = tempfile::tempdir().unwrap();
        fs::create_dir(package.path().join("src")).unwrap();
        fs::write(package.path().join("src/main.rs"), program()).unwrap();
        let library = env!("CARGO_MANIFEST_DIR");
        // Without a workspace of its own the package would look for one.
        let manifest = format!(
            "[package]\nname = \"outside\"\nedition = \"2024\"\n\n[dependencies]\nvmyna = {{ path = \"{library}\"{features} }}\n\n\
             [workspace]\n\n[profile.dev]\ndebug = false\n"
        );
        fs::write(package.path().join("Cargo.toml"), manifest).unwrap();
        // The same versions as in the workspace, which are on this machine.
        fs::copy(root().join("Cargo.lock"), package.path().join("Cargo.lock")).unwrap();
        let output = Command::new(env!("CARGO"))
            .args(["run", "--offline", "--quiet"])
            .current_dir(package.path())
            .env(
                "CARGO_TARGET_DIR",
                Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside"),
            )
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "vmyna{features}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let lock = fs::read_to_string(package.path().join("Cargo.lock")).unwrap();
        let uses_openssl = lock.contains("name = \"openssl\"");
        assert_eq!(uses_openssl, features.is_empty(), "{lock}");
    }
}
