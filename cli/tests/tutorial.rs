//! docs/tutorial.md: its commands run in their order, as a new user would type them, and print what the page shows.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use common::python::with_pyscard;
use common::{Printed, shown, starting};
use vmyna_testkit::configurations::blocks;
use vmyna_testkit::require_program;

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs");

/// PATH with a folder first in which are `vmyna` and a Python with pyscard.
fn programs(folder: &Path) -> String {
    let bin = folder.join("bin");
    fs::create_dir(&bin).unwrap();
    symlink(env!("CARGO_BIN_EXE_vmyna"), bin.join("vmyna")).unwrap();
    symlink(with_pyscard(), bin.join("python3")).unwrap();
    format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default())
}

#[test]
fn both_tutorials_have_the_same_commands_and_show_the_same_lines() {
    let [english, japanese] = ["tutorial.md", "tutorial.ja.md"].map(blocks);
    assert!(english.len() > 8, "only {} blocks were found", english.len());
    assert_eq!(english, japanese);
    assert_eq!(shown("tutorial.md"), shown("tutorial.ja.md"));
}

/// The commands of README.md's section on applications, without their comments.
fn commands_of_the_front_page(page: &str) -> String {
    let text = fs::read_to_string(format!("{DOCS}/../{page}")).unwrap();
    let section = text
        .split("\n## ")
        .find(|section| section.contains("vmyna ap new"))
        .unwrap();
    let commands = section.lines().filter_map(|line| line.strip_prefix("$ "));
    let bare = |command: &str| command.split("  ").next().unwrap().to_owned() + "\n";
    commands.map(bare).collect()
}

#[test]
fn the_three_commands_of_the_front_page_work_in_both_languages() {
    let commands = commands_of_the_front_page("README.md");
    assert_eq!(commands, commands_of_the_front_page("README.ja.md"));
    assert_eq!(commands.lines().count(), 3, "{commands}");
    let folder = tempfile::tempdir().unwrap();
    let output = starting(require_program("sh", "dash"))
        .args(["-e", "-c", &commands])
        .env("PATH", programs(folder.path()))
        .current_dir(folder.path())
        .output()
        .unwrap()
        .exits_with(0);
    let statuses = output.out().matches("Received (SW1=0x90, SW2=0x00)").count();
    assert_eq!(statuses, 2, "{}", output.out());
}

#[test]
fn the_commands_of_the_tutorial_print_what_it_shows() {
    require_program("opensc-tool", "opensc");
    let folder = tempfile::tempdir().unwrap();
    let path = programs(folder.path());
    let mut printed = String::new();
    let mut script = String::new();
    for block in blocks("tutorial.md") {
        if block.name.contains('.') {
            // A file, into the folder that the first commands have made.
            fs::write(folder.path().join("club").join(&block.name), &block.text).unwrap();
            continue;
        }
        let here = if script.is_empty() { "" } else { "cd club\n" };
        script = format!("{here}{}", block.text);
        let output = starting(require_program("sh", "dash"))
            .args(["-e", "-c", &script])
            .env("PATH", &path)
            .env("XDG_STATE_HOME", folder.path().join("state"))
            .current_dir(folder.path())
            .output()
            .unwrap()
            .exits_with(0);
        printed += &(output.out() + &output.err());
    }
    for line in shown("tutorial.md") {
        let found = printed.lines().any(|there| there.contains(&line));
        assert!(found, "{line:?} is not printed:\n{printed}");
    }
}
