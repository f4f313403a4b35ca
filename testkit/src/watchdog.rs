//! Ends a daemon when the program that started it dies without cleaning up (Ctrl-C, a time limit, SIGKILL).
//!
//! A shell waits at the end of a pipe whose other end only this process holds. Must never outlive the daemon it watches
//! for: process ids are used again, so the owner dismisses the watchdog before it ends the daemon.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub(crate) struct Watchdog(Child);

impl Watchdog {
    /// Watches over the process `pid`, which may be left alone only after [`Watchdog::dismiss`]; `directory` is removed
    /// with it.
    pub(crate) fn start(pid: u32, directory: &Path) -> io::Result<Watchdog> {
        Command::new("sh")
            .args(["-c", r#"read -r _; kill -9 "$1"; rm -rf "$2""#, "sh"])
            .arg(pid.to_string())
            .arg(directory)
            // A group of its own: Ctrl-C at the terminal must not end the process that cleans up after it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(Watchdog)
    }

    /// Ends the watchdog; the caller ends the daemon.
    pub(crate) fn dismiss(mut self) {
        // Fails only when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn when_its_owner_vanishes_the_daemon_is_killed_and_its_directory_removed() {
        let directory = tempfile::tempdir().unwrap();
        let mut daemon = Command::new("sleep").arg("60").spawn().unwrap();
        let mut watchdog = Watchdog::start(daemon.id(), directory.path()).unwrap();
        drop(watchdog.0.stdin.take()); // what the kernel does when this process dies
        assert_eq!(daemon.wait().unwrap().signal(), Some(9));
        watchdog.0.wait().unwrap();
        assert!(!directory.path().exists());
    }

    #[test]
    fn once_dismissed_it_leaves_the_daemon_alone() {
        let directory = tempfile::tempdir().unwrap();
        let mut daemon = Command::new("sleep").arg("60").spawn().unwrap();
        Watchdog::start(daemon.id(), directory.path()).unwrap().dismiss();
        assert!(daemon.try_wait().unwrap().is_none() && directory.path().exists());
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }
}
