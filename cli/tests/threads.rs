//! Without threads to give, the system makes the command fail with a sentence: it never panics.
//!
//! The kernel counts the threads of a user, and not those of root. So the command runs as a user without other processes,
//! with every limit from one thread up to the first that is enough.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use vmyna_testkit::{client, isolated};

/// A folder of a user without processes, with the command in it.
struct Lonely {
    folder: tempfile::TempDir,
    user: u32,
}

impl Lonely {
    /// `None` unless root runs the tests: no other user can become one without processes.
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        if fs::metadata(folder.path()).unwrap().uid() != 0 {
            eprintln!("not tested: only root can run a program as a user without processes");
            return None;
        }
        // An id that no account has, another one for each test.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let user = 1_000_000 + 10 * (std::process::id() % 1_000_000) + NEXT.fetch_add(1, Ordering::SeqCst);
        std::os::unix::fs::chown(folder.path(), Some(user), Some(user)).unwrap();
        fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        // The build's folder may be closed to other users. A program of its own copies: a file that this process has open
        // for writing could not be run while another thread starts a program.
        let copied = client("cp", "coreutils")
            .args([Path::new(env!("CARGO_BIN_EXE_vmyna")), folder.path()])
            .status();
        assert!(copied.unwrap().success());
        Some(Self { folder, user })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the command as that user, with at most `limit` threads.
    fn run(&self, limit: u32, arguments: &[&str]) -> Output {
        let user = self.user.to_string();
        let mut command = isolated(client("setpriv", "util-linux").get_program());
        command.args(["--reuid", &user, "--regid", &user, "--clear-groups", "prlimit"]);
        command.arg(format!("--nproc={limit}"));
        command.arg("--").arg(self.path("vmyna")).args(arguments);
        command.current_dir(self.folder.path()).env_remove("XDG_RUNTIME_DIR");
        command.output().unwrap()
    }

    /// Runs the command with ever more threads until it succeeds. `words`: what it says if it lacks one. Returns how often
    /// it failed.
    fn until_it_works(&self, arguments: &[&str], words: &[&str]) -> u32 {
        for limit in 1..40 {
            let output = self.run(limit, arguments);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(
                !errors.contains("panicked"),
                "{arguments:?} with {limit} threads: {errors}"
            );
            if output.status.success() {
                return limit - 1;
            }
            assert!(
                output.status.code().is_some() && words.iter().any(|words| errors.contains(words)),
                "{arguments:?} with {limit} threads, {}: {errors}",
                output.status
            );
        }
        unreachable!("{arguments:?} never works");
    }
}

const NO_THREAD: &str = "no thread can be started: Resource temporarily unavailable";

#[test]
fn without_threads_commands_fail_with_a_sentence() {
    let Some(lonely) = Lonely::new() else { return };
    // Keys are made on one processor if there are no more threads.
    let issue = ["issue", "--random", "-o", "card"];
    lonely.until_it_works(&issue, &[NO_THREAD]);
    assert!(Path::new(&lonely.path("card")).exists());
    let cant_be_run = "true can't be run: Resource temporarily unavailable";
    for card in ["specimen:hanako", "card"] {
        let run = ["run", "--card", card, "--", "true"];
        let failures = lonely.until_it_works(&run, &[NO_THREAD, cant_be_run]);
        // The threads of the service, of its control socket, of the signals, and others; the program itself.
        assert!(failures >= 5, "{failures}");
    }
}

/// The accept loop survives a thread that could not be started: the next request is answered.
#[test]
fn a_service_without_a_thread_for_a_request_answers_the_next_one() {
    let Some(lonely) = Lonely::new() else { return };
    let (user, socket) = (lonely.user.to_string(), lonely.path("s"));
    let mut serve: Command = isolated(client("setpriv", "util-linux").get_program());
    serve.args(["--reuid", &user, "--regid", &user, "--clear-groups"]);
    serve
        .arg(lonely.path("vmyna"))
        .arg("serve")
        .arg("--socket")
        .arg(&socket);
    let mut serve = serve.stderr(std::process::Stdio::null()).spawn().unwrap();
    let limit = |limit: &str| {
        let pid = serve.id().to_string();
        let set = client("setpriv", "util-linux")
            .args(["--reuid", &user, "--regid", &user, "--clear-groups"])
            .args(["prlimit", "--pid", &pid, &format!("--nproc={limit}:")])
            .status();
        assert!(set.unwrap().success());
    };
    // As root, which is not counted.
    let list = || {
        let mut list = isolated(env!("CARGO_BIN_EXE_vmyna"));
        list.args(["reader", "list", "--socket"]).arg(&socket).output().unwrap()
    };
    let answers = || vmyna_testkit::waiting::within(vmyna_testkit::waiting::LIMIT, || list().status.success());
    assert!(answers());
    limit("1");
    for _ in 0..3 {
        let refused = list();
        assert_eq!(refused.status.code(), Some(1));
        let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
        // Closed before, while or after the request was written.
        let closed = ["has ended", "Broken pipe", "Connection reset"];
        assert!(closed.iter().any(|closed| errors.contains(closed)), "{errors}");
    }
    limit("1000");
    assert!(answers());
    let _ = serve.kill();
    let _ = serve.wait();
}
