//! The programs that are explored, and the command that explores them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use serde_json::Value;
use tempfile::TempDir;
use vmyna_testkit::{isolated, require_program};

use crate::common::{Printed, python, vmyna};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/explore");

/// A program that signs, in one of three languages; `none` or the name of a fault is its first argument.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signer {
    C,
    Python,
    Java,
}

/// The folder with what compilers have made; tests of this program share it.
static COMPILED: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let compiled = isolated(require_program("cc", "gcc"))
        .args(["-Wall", "-Wextra", "-Werror", "-I/usr/include/PCSC", "-o"])
        .arg(folder.path().join("sign"))
        .arg(format!("{SOURCES}/sign.c"))
        .arg("-lpcsclite")
        .output();
    compiled.unwrap().exits_with(0);
    let javac = isolated(require_program("javac", "default-jdk-headless"))
        .arg("-d")
        .arg(folder.path())
        .arg(format!("{SOURCES}/Sign.java"))
        .output();
    javac.unwrap().exits_with(0);
    folder
});

impl Signer {
    /// The words of its command line.
    pub(crate) fn words(self, fault: &str) -> Vec<String> {
        let compiled = |name: &str| shown(&COMPILED.path().join(name));
        let mut words = match self {
            Self::C => vec![compiled("sign")],
            Self::Python => vec![shown(&python::with_pyscard()), format!("{SOURCES}/sign.py")],
            Self::Java => {
                let java = shown(&require_program("java", "default-jdk-headless"));
                let options = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"];
                let mut words = vec![java];
                words.extend(options.map(str::to_owned));
                words.extend([shown(COMPILED.path()), "Sign".to_owned()]);
                words
            }
        };
        words.extend([fault.to_owned(), "1234".to_owned()]);
        words
    }
}

fn shown(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// An exploration with its report.
pub(crate) struct Explored {
    pub(crate) output: Output,
    pub(crate) report: Value,
}

impl Explored {
    /// The findings of the report.
    pub(crate) fn findings(&self) -> Vec<&Value> {
        let all = self.report["interruptions"].as_array().unwrap().iter();
        all.filter(|entry| entry["finding"] == true).collect()
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.report[name].as_u64().unwrap()
    }
}

/// `vmyna explore` with these options in a folder of its own.
pub(crate) fn command(folder: &Path, options: &[&str], words: &[String]) -> Command {
    let mut command = vmyna(["explore"]);
    command.args(options).arg("--").args(words).current_dir(folder);
    command
}

/// Explores a program to the end, whatever comes of it.
#[track_caller]
pub(crate) fn explore(options: &[&str], words: &[String]) -> Explored {
    let folder = tempfile::tempdir().unwrap();
    explore_in(folder.path(), options, words)
}

/// Explores a program in a folder, where it may have files.
#[track_caller]
pub(crate) fn explore_in(folder: &Path, options: &[&str], words: &[String]) -> Explored {
    let json: PathBuf = folder.join("report.json");
    let mut command = command(folder, &[options, &["--json", "report.json"]].concat(), words);
    let output = command.output().unwrap();
    let status = output.status.code();
    assert!(matches!(status, Some(0 | 1)), "{status:?}: {}", output.err());
    let report: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    let explored = Explored { output, report };
    // Status and report say the same.
    assert_eq!(
        status,
        Some(i32::from(!explored.findings().is_empty())),
        "{}",
        explored.output.out()
    );
    assert_eq!(explored.report["complete"], true);
    explored
}
