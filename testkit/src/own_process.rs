//! Runs a test in a process of its own.
//!
//! libpcsclite reads the name of its socket from the environment once a process, and a process can't change its
//! environment safely while other threads run. So a test that is itself a PC/SC client is started again as a child, in an
//! environment that names a socket of its own. Must never let a child that ran no test count as success.

use std::path::Path;
use std::process::Command;

const MARK: &str = "VMYNA_TEST_IN_OWN_PROCESS";
const SOCKET: &str = "PCSCLITE_CSOCK_NAME";

/// Runs `test` in a child process whose libpcsclite talks to a socket of its own; `test` is given the socket's path, to
/// start [`PrivatePcscd::start_at`](crate::PrivatePcscd::start_at) there.
///
/// `name` is the test's full name as the test program lists it (`module::function`).
///
/// # Panics
/// In the parent, when the child fails or has run no test of that name; with all that the child has printed.
#[expect(
    clippy::panic,
    clippy::expect_used,
    reason = "only tests call this; a panic is how they fail"
)]
pub fn in_own_process(name: &str, test: impl FnOnce(&Path)) {
    if std::env::var_os(MARK).is_some_and(|running| running == *name) {
        let socket = std::env::var_os(SOCKET).expect("the parent names the socket");
        return test(Path::new(&socket));
    }
    let directory = tempfile::Builder::new()
        .prefix("vmyna-")
        .tempdir_in("/tmp")
        .expect("a directory under /tmp");
    let output = Command::new(std::env::current_exe().expect("the test program's own path"))
        .args(["--exact", name, "--nocapture", "--include-ignored", "--test-threads=1"])
        .env(MARK, name)
        .env(SOCKET, directory.path().join("socket"))
        .output()
        .expect("the test program starts again");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    if !output.status.success() || !stdout.contains("1 passed") {
        panic!("the test `{name}`, run in a process of its own, has not passed:\n{stdout}\n{stderr}");
    }
    print!("{stdout}");
    eprint!("{stderr}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_runs_in_another_process_with_a_socket_of_its_own() {
        in_own_process(
            "own_process::tests::the_test_runs_in_another_process_with_a_socket_of_its_own",
            |socket| {
                assert!(std::env::var_os(MARK).is_some());
                assert!(socket.parent().unwrap().is_dir() && !socket.exists());
                println!("the child was here");
            },
        );
    }

    #[test]
    fn a_name_that_no_test_has_fails() {
        let panic = std::panic::catch_unwind(|| in_own_process("no::such::test", |_| {})).unwrap_err();
        assert!(panic.downcast_ref::<String>().unwrap().contains("0 passed"));
    }

    #[test]
    fn a_failure_in_the_child_fails_the_parent() {
        const NAME: &str = "own_process::tests::a_failure_in_the_child_fails_the_parent";
        if std::env::var_os(MARK).is_some() {
            in_own_process(NAME, |_| panic!("on purpose"));
        }
        let panic = std::panic::catch_unwind(|| in_own_process(NAME, |_| {})).unwrap_err();
        assert!(panic.downcast_ref::<String>().unwrap().contains("on purpose"));
    }
}
