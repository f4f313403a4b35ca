//! What the tests of the host programs share: a folder with the applications in it, and shells that find all programs.

#![allow(unreachable_pub, reason = "a module of a test program")]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;
use vmyna_testkit::{isolated, require_program};

/// The root of the repository.
pub const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A folder of its own, in which `applications`, `examples` and `test-vectors` are those of the repository.
pub struct Desk(TempDir);

impl Desk {
    pub fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        for folder in ["applications", "examples", "test-vectors"] {
            symlink(Path::new(ROOT).join(folder), desk.path(folder)).unwrap();
        }
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A copy of an application's folder in which one text of its declaration is replaced; returns its name in the desk.
    #[track_caller]
    pub fn variant(&self, application: &str, changes: &[(&str, &str)]) -> String {
        let copy = self.path("variant");
        let _ = fs::remove_dir_all(&copy);
        fs::create_dir(&copy).unwrap();
        for entry in fs::read_dir(Path::new(ROOT).join("applications").join(application)).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
        }
        let declaration = copy.join(format!("{application}.ap.toml"));
        let mut text = fs::read_to_string(&declaration).unwrap();
        for (before, after) in changes {
            assert_eq!(text.matches(before).count(), 1, "{before}");
            text = text.replace(before, after);
        }
        fs::write(declaration, text).unwrap();
        format!("variant/{application}.ap.toml")
    }

    /// A program to be started in this folder. It finds `vmyna` and the host programs.
    pub fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let programs = programs();
        let path = std::env::var("PATH").unwrap_or_default();
        let own = programs.join(Path::new(program.as_ref()));
        let mut command = isolated(own);
        command
            .env("PATH", format!("{}:{path}", programs.display()))
            .env("VMYNA_REGISTER", "none")
            .env("XDG_STATE_HOME", self.path("state"))
            .current_dir(self.0.path());
        command
    }

    /// Runs a script of a shell in this folder, which ends at the first failure.
    pub fn run(&self, script: &str) -> Output {
        let shell = require_program("sh", "dash");
        self.program(shell).args(["-e", "-c", script]).output().unwrap()
    }

    /// The same for a script that must succeed; returns what it prints.
    #[track_caller]
    pub fn prints(&self, script: &str) -> String {
        let output = self.run(script);
        let errors = String::from_utf8_lossy(&output.stderr);
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{script}\n{printed}{errors}");
        printed
    }

    /// The same for a script that must fail with this sentence, and prints nothing else.
    #[track_caller]
    pub fn fails(&self, script: &str, sentence: &str) {
        let output = self.run(script);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{script}\n{errors}");
        assert!(errors.contains(sentence), "{script}\n{errors}");
        assert!(
            output.stdout.is_empty(),
            "{script}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}

/// The folder of the programs. The command `vmyna` lies beside those of this package.
fn programs() -> PathBuf {
    let programs = Path::new(env!("CARGO_BIN_EXE_licence")).parent().unwrap();
    assert!(
        programs.join("vmyna").is_file(),
        "these tests need the command vmyna: cargo build --package vmyna-cli"
    );
    programs.to_owned()
}
