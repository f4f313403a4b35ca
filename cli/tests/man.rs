//! `vmyna man` writes a manual page for each command.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod common;

use std::collections::BTreeSet;
use std::fs;

use common::{Printed, vmyna};

/// The commands that `vmyna --help` lists.
fn commands() -> BTreeSet<String> {
    let help = vmyna(["--help"]).output().unwrap().exits_with(0).out();
    let listed = help.split_once("Commands:").unwrap().1;
    let lines = listed.lines().take_while(|line| !line.starts_with("Options:"));
    let names = lines
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '));
    let names = names.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn each_command_has_a_manual_page() {
    let directory = tempfile::tempdir().unwrap();
    let pages = directory.path().join("new").join("man1");
    vmyna(["man".as_ref(), pages.as_os_str()])
        .output()
        .unwrap()
        .exits_with(0);
    let commands = commands();
    assert!(commands.len() > 15, "{commands:?}");
    for command in commands {
        let page = fs::read_to_string(pages.join(format!("vmyna-{command}.1"))).unwrap();
        assert!(
            page.contains(".TH ") && page.contains(".SH SYNOPSIS"),
            "{command}: {page}"
        );
    }
}

#[test]
fn folder_that_cannot_be_made_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let output = vmyna(["man".as_ref(), file.join("pages").as_os_str()])
        .output()
        .unwrap();
    let output = output.exits_with(2);
    assert!(output.err().contains(&file.display().to_string()), "{}", output.err());
}
