//! A `pcscd` of one's own: private socket, private configuration, vpcd readers on free ports.
//!
//! pcscd has no option for its socket's path. It does accept a listening socket from systemd (`LISTEN_FDS`,
//! `LISTEN_PID`, descriptor 3; see sd_listen_fds(3)), so it is given one the same way. `LISTEN_PID` must be its own
//! process id, which is known only after the fork: a shell sets it and then becomes pcscd by `exec`.
//!
//! Must never touch the machine's own PC/SC service, nor leave a daemon or a directory behind.

use crate::client::isolated;
use crate::ports;
use crate::programs::{find_program, find_vpcd_driver};
use crate::watchdog::Watchdog;
use command_fds::{CommandFdExt, FdMapping};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// pcscd has 16 reader slots, and a vpcd reader of Debian takes two of them.
const READERS_AT_MOST: usize = 8;

/// pcscd is ready after some 20 ms; a busy machine may take a while longer.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// How often to try other ports when another process takes them first.
const ATTEMPTS: usize = 5;

/// Lines of pcscd's log that an error shows.
const LINES_OF_LOG: usize = 12;

/// A running `pcscd` with vpcd readers that only clients of its socket see.
///
/// Dropping it ends the daemon and removes its directory. When this process dies without dropping it, a watchdog does.
pub struct PrivatePcscd {
    /// `None` after [`PrivatePcscd::kill`].
    running: Option<(Child, Watchdog)>,
    directory: TempDir,
    socket: PathBuf,
    ports: Vec<u16>,
    /// vpcd connects to the cards, instead of the cards to vpcd.
    reversed: bool,
    options: Vec<&'static str>,
}

impl PrivatePcscd {
    /// Starts a pcscd with `readers` vpcd readers (0 to 8) in a new directory under `/tmp` and waits until it is ready.
    ///
    /// # Errors
    /// One sentence about what is missing or failed, and the end of pcscd's log when it has one.
    pub fn start(readers: usize) -> Result<PrivatePcscd, String> {
        let directory = private_directory()?;
        let socket = directory.path().join("socket");
        Self::start_in(directory, socket, readers, &[])
    }

    /// Starts a pcscd with these further options, as `--debug`.
    ///
    /// # Errors
    /// As [`PrivatePcscd::start`].
    pub fn start_with(readers: usize, options: &[&'static str]) -> Result<PrivatePcscd, String> {
        let directory = private_directory()?;
        let socket = directory.path().join("socket");
        Self::start_in(directory, socket, readers, options)
    }

    /// Starts a pcscd with its PC/SC socket at the path `socket`. The directory of `socket` must exist.
    ///
    /// # Errors
    /// As [`PrivatePcscd::start`].
    pub fn start_at(socket: &Path, readers: usize) -> Result<PrivatePcscd, String> {
        Self::start_in(private_directory()?, socket.to_owned(), readers, &[])
    }

    /// Starts a pcscd with a vpcd reader in reversed mode: its two slots connect to `port` and the port after it on this
    /// machine. Both must be listened on, and stay so: Debian's vpcd 3.3 ends pcscd otherwise.
    ///
    /// # Errors
    /// As [`PrivatePcscd::start`].
    pub fn start_reversed(port: u16) -> Result<PrivatePcscd, String> {
        let directory = private_directory()?;
        let mut pcscd = PrivatePcscd {
            running: None,
            socket: directory.path().join("socket"),
            directory,
            ports: vec![port],
            reversed: true,
            options: Vec::new(),
        };
        pcscd.configure(&find_vpcd_driver()?)?;
        pcscd.launch()?;
        Ok(pcscd)
    }

    fn start_in(
        directory: TempDir,
        socket: PathBuf,
        readers: usize,
        options: &[&'static str],
    ) -> Result<PrivatePcscd, String> {
        if readers > READERS_AT_MOST {
            return Err(format!(
                "pcscd takes at most {READERS_AT_MOST} vpcd readers, not {readers}"
            ));
        }
        let driver = find_vpcd_driver()?;
        let mut pcscd = PrivatePcscd {
            running: None,
            directory,
            socket,
            ports: Vec::new(),
            reversed: false,
            options: options.to_vec(),
        };
        let mut collision = String::new();
        for _ in 0..ATTEMPTS {
            pcscd.ports = ports::free_pairs(readers)?;
            pcscd.configure(&driver)?;
            pcscd.launch()?;
            // vpcd reports a port that is taken in the log only, and pcscd then starts without the reader.
            let log = pcscd.log();
            if !log.contains("Could not initialize connection") && pcscd.ports.iter().all(|port| !ports::is_free(*port))
            {
                return Ok(pcscd);
            }
            collision = tail(&log);
            pcscd.kill();
        }
        Err(format!(
            "vpcd found its ports taken {ATTEMPTS} times in a row; the end of pcscd's log:\n{collision}"
        ))
    }

    /// The path of the PC/SC socket: the value of `PCSCLITE_CSOCK_NAME` for clients.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The TCP port of each vpcd reader, in order. vpcd listens on all interfaces; connect to 127.0.0.1.
    pub fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// The PC/SC name of reader `index`: `vmyna 0 00 00`, `vmyna 1 00 00`. The last two numbers are pcscd's, the last of
    /// them the slot: `vmyna 0 00 01` is the same reader's second slot, on the port after [`PrivatePcscd::ports`]'s.
    pub fn reader_name(&self, index: usize) -> String {
        format!("vmyna {index} 00 00")
    }

    /// The environment for client programs: `PCSCLITE_CSOCK_NAME`, and `VMYNA_VPCD_PORTS` as `port,port,…`.
    pub fn environment(&self) -> [(&'static str, OsString); 2] {
        let ports: Vec<String> = self.ports.iter().map(u16::to_string).collect();
        [
            ("PCSCLITE_CSOCK_NAME", self.socket.clone().into()),
            ("VMYNA_VPCD_PORTS", ports.join(",").into()),
        ]
    }

    /// What pcscd has logged so far.
    pub fn log(&self) -> String {
        fs::read(self.log_path())
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .unwrap_or_default()
    }

    /// The process id of the daemon, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.running.as_ref().map(|(child, _)| child.id())
    }

    /// Ends the daemon at once (SIGKILL), as a crash would. Its socket's file stays and refuses connections.
    pub fn kill(&mut self) {
        if let Some((mut child, watchdog)) = self.running.take() {
            watchdog.dismiss();
            // Fails only when it has ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Ends the daemon if it runs and starts it again: same socket path, same configuration, same ports.
    ///
    /// # Errors
    /// One sentence about what failed, with the end of pcscd's log.
    pub fn restart(&mut self) -> Result<(), String> {
        self.kill();
        self.launch()
    }

    fn log_path(&self) -> PathBuf {
        self.directory.path().join("log")
    }

    fn configuration(&self) -> PathBuf {
        self.directory.path().join("conf")
    }

    /// One file for all readers, so that they come in order. pcscd reads every file of the directory, so nothing else
    /// may lie there, and it refuses to start when a driver is missing.
    fn configure(&self, driver: &Path) -> Result<(), String> {
        let configuration = self.configuration();
        let _ = fs::remove_dir_all(&configuration);
        fs::create_dir(&configuration).map_err(cannot("create", &configuration))?;
        let mut entries = String::new();
        for (index, port) in self.ports.iter().enumerate() {
            // The driver keeps its sockets by slot only, and pcscd loads one file once: a copy for each reader.
            let copy = self.directory.path().join(format!("libifdvpcd{index}.so"));
            fs::copy(driver, &copy).map_err(cannot("copy the driver to", &copy))?;
            let host = if self.reversed { "127.0.0.1" } else { "/dev/null" };
            entries += &format!("FRIENDLYNAME \"vmyna {index}\"\nDEVICENAME {host}:{port:#X}\n");
            entries += &format!("LIBPATH {}\nCHANNELID {port:#X}\n\n", copy.display());
        }
        let file = configuration.join("readers");
        fs::write(&file, entries).map_err(cannot("write", &file))
    }

    fn launch(&mut self) -> Result<(), String> {
        let program = find_program("pcscd").ok_or("the program `pcscd` is missing: apt-get install pcscd")?;
        let _ = fs::remove_file(&self.socket);
        let listener = UnixListener::bind(&self.socket).map_err(cannot("listen on", &self.socket))?;
        let log = File::create(self.log_path()).map_err(cannot("create", &self.log_path()))?;
        let errors = log.try_clone().map_err(cannot("open", &self.log_path()))?;
        let mut command = isolated("sh");
        command.args(["-c", r#"LISTEN_PID=$$ exec "$@""#, "sh"]).arg(&program);
        command
            .args(["--foreground", "--info", "--config"])
            .arg(self.configuration())
            .args(&self.options);
        if has_polkit(&program) {
            command.arg("--disable-polkit");
        }
        command
            .env("LISTEN_FDS", "1")
            .fd_mappings(vec![FdMapping {
                parent_fd: listener.into(),
                child_fd: 3,
            }])
            .map_err(|collision| collision.to_string())?
            // Ctrl-C at the terminal is for the clients; the daemon ends after them.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors);
        let child = command.spawn().map_err(cannot("start", &program))?;
        // The command still holds the listening socket: with it alive, clients of a killed pcscd would hang.
        drop(command);
        self.watch(child)?;
        self.wait_until_ready()
    }

    fn watch(&mut self, mut child: Child) -> Result<(), String> {
        match Watchdog::start(child.id(), self.directory.path()) {
            Ok(watchdog) => {
                self.running = Some((child, watchdog));
                Ok(())
            }
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(format!("cannot start `sh` to watch over pcscd: {error}"))
            }
        }
    }

    fn wait_until_ready(&mut self) -> Result<(), String> {
        let started = Instant::now();
        loop {
            if self.log().contains("daemon ready") {
                return Ok(());
            }
            let ended = self
                .running
                .as_mut()
                .and_then(|(child, _)| child.try_wait().ok().flatten());
            let problem = match ended {
                Some(status) => format!("pcscd ended at once ({status})"),
                None if started.elapsed() > READY_WITHIN => format!("pcscd was not ready within {READY_WITHIN:?}"),
                None => {
                    std::thread::sleep(Duration::from_millis(2));
                    continue;
                }
            };
            let log = self.log();
            self.kill();
            return Err(format!(
                "{problem}{}; the end of its log:\n{}",
                advice(&log),
                tail(&log)
            ));
        }
    }
}

impl Drop for PrivatePcscd {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_file(&self.socket);
    }
}

/// Short, because a socket's path has at most 107 bytes and libpcsclite cuts longer ones silently; mode 0700.
fn private_directory() -> Result<TempDir, String> {
    tempfile::Builder::new()
        .prefix("vmyna-")
        .tempdir_in("/tmp")
        .map_err(cannot("create a directory in", "/tmp".as_ref()))
}

/// pcscd 2 asks polkit for permission; polkit refuses users without a desktop session.
fn has_polkit(pcscd: &Path) -> bool {
    let help = Command::new(pcscd).arg("--help").stdin(Stdio::null()).output();
    help.is_ok_and(|help| [help.stdout, help.stderr].iter().any(|text| mentions_polkit(text)))
}

fn mentions_polkit(help: &[u8]) -> bool {
    String::from_utf8_lossy(help).contains("--disable-polkit")
}

/// What to do about a failure that a fresh machine meets: pcscd insists on a directory that only root can make, which
/// systemd does at boot. A container has none.
fn advice(log: &str) -> &'static str {
    if log.contains("cannot create /run/pcscd") {
        ": have root run `mkdir /run/pcscd`"
    } else {
        ""
    }
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(LINES_OF_LOG)..].join("\n")
}

fn cannot(what: &str, path: &Path) -> impl Fn(io::Error) -> String {
    move |error| format!("cannot {what} {}: {error}", path.display())
}
