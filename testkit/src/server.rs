//! A server of the machine's, such as nginx or sshd, for one test: on a loopback port and in a directory that nobody else
//! uses.
//!
//! Must never touch a service of the machine's own, listen for other machines, or leave a process or a directory behind.

use crate::ports;
use crate::watchdog::Watchdog;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Servers are ready after some 50 ms; a busy machine may take a while longer.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// How often to try another port when another process takes it first.
const ATTEMPTS: usize = 5;

/// A running server. Dropping it ends the process and removes its directory; when this process dies, a watchdog does.
pub struct LocalServer {
    /// `None` only while it starts.
    running: Option<(Child, Watchdog)>,
    directory: TempDir,
    port: u16,
}

impl LocalServer {
    /// Starts a server and waits until its log has the words `ready` in it.
    ///
    /// `command` is given a directory for the server's files, mode 0700, and the TCP port of 127.0.0.1 to listen on; it
    /// writes the configuration and gives the command, which must stay in the foreground and log to its standard error.
    /// It is called again with another port when the server ends at once, as it does when the port is taken.
    ///
    /// # Errors
    /// One sentence about what failed, with the server's log.
    pub fn start(ready: &str, mut command: impl FnMut(&Path, u16) -> Command) -> Result<LocalServer, String> {
        let directory = tempfile::Builder::new().prefix("vmyna-").tempdir();
        let directory = directory.map_err(|error| format!("cannot create a temporary directory: {error}"))?;
        let mut server = LocalServer {
            running: None,
            directory,
            port: 0,
        };
        for _ in 0..ATTEMPTS {
            server.port = ports::free_pairs(1)?[0];
            let command = command(server.directory(), server.port);
            if server.launch(command, ready)? {
                return Ok(server);
            }
        }
        Err(format!(
            "the server has ended at once {ATTEMPTS} times; its log:\n{}",
            server.log()
        ))
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The directory that `command` was given.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The server's log so far.
    pub fn log(&self) -> String {
        let log = fs::read(self.directory().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Whether it became ready; if not, it has ended by itself.
    fn launch(&mut self, mut command: Command, ready: &str) -> Result<bool, String> {
        let program = Path::new(command.get_program()).display().to_string();
        let log =
            File::create(self.directory().join("log")).map_err(|error| format!("cannot create a log: {error}"))?;
        // Ctrl-C at the terminal is for the clients; the server ends after them.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.stderr(log).spawn();
        let mut child = child.map_err(|error| format!("cannot start {program}: {error}"))?;
        match Watchdog::start(child.id(), self.directory()) {
            Ok(watchdog) => self.running = Some((child, watchdog)),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("cannot start `sh` to watch over {program}: {error}"));
            }
        }
        let started = Instant::now();
        while started.elapsed() < READY_WITHIN {
            if self.log().contains(ready) {
                return Ok(true);
            }
            if self.has_ended() {
                self.kill();
                return Ok(false);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Err(format!(
            "{program} was not ready within {READY_WITHIN:?}; its log:\n{}",
            self.log()
        ))
    }

    fn has_ended(&mut self) -> bool {
        let child = self.running.as_mut().map(|(child, _)| child.try_wait());
        !matches!(child, Some(Ok(None)))
    }

    fn kill(&mut self) {
        if let Some((mut child, watchdog)) = self.running.take() {
            watchdog.dismiss();
            // Fails only when it has ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for LocalServer {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn it_is_ready_when_its_log_says_so_and_gone_afterwards() {
        let server = LocalServer::start("listening", |_, port| {
            shell(&format!("echo listening {port} >&2; exec sleep 60"))
        });
        let server = server.unwrap();
        assert_eq!(server.log(), format!("listening {}\n", server.port()));
        let (process, directory) = (server.running.as_ref().unwrap().0.id(), server.directory().to_owned());
        drop(server);
        assert!(!Path::new(&format!("/proc/{process}")).exists() && !directory.exists());
    }

    #[test]
    fn a_port_that_is_taken_after_all_is_followed_by_another() {
        let mut ports = Vec::new();
        let server = LocalServer::start("listening", |_, port| {
            ports.push(port);
            let taken = ports.len() == 1;
            shell(if taken {
                "exit 1"
            } else {
                "echo listening >&2; exec sleep 60"
            })
        });
        assert_eq!(server.unwrap().port(), ports[1]);
    }

    #[test]
    fn a_server_that_never_starts_is_an_error_with_its_log() {
        let error = LocalServer::start("listening", |_, _| shell("echo bad configuration >&2; exit 1")).err();
        assert!(error.unwrap().contains("bad configuration"));
    }
}
