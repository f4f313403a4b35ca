//! Kills a command at one of its system calls.

use std::process::{Command, Output};

use crate::client::client;

/// Runs a command in an environment that depends on the test alone, and kills it with SIGKILL at its `number`-th system call
/// of these kinds, names with commas between them. A command that has fewer ends by itself.
///
/// Of `command`, program, arguments, directory and the variables that were set for it count.
///
/// # Panics
/// `strace` can't be started.
#[must_use]
#[expect(clippy::expect_used, reason = "a panic is how a test fails")]
pub fn killed_at(command: &Command, calls: &str, number: u32) -> Output {
    let trace = format!("trace={calls}");
    let inject = format!("inject={calls}:signal=KILL:when={number}");
    let mut strace = client("strace", "strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject]);
    strace.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => strace.env(name, value),
            None => strace.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        strace.current_dir(folder);
    }
    strace.output().expect("strace starts")
}
