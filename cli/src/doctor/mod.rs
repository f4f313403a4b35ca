//! `vmyna doctor`: what is wrong with the machine's PC/SC set-up, and the command that mends it.
//!
//! It looks and asks as a PC/SC program does; it must never change anything, nor connect to vpcd, which would take that for
//! a card.

mod configuration;
mod network;
mod package;
mod socket;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use vmyna_reader_bridge::vpcd::DEFAULT_PORT;

use crate::failure::Failure;
use crate::run::SOCKET_VARIABLE;
use configuration::VirtualReader;
use package::Version;
use socket::Answer;

/// Looking at the PC/SC set-up.
#[derive(Args)]
pub(crate) struct Doctor {
    /// Look at the system installed under this directory instead of /
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,
}

/// The help behind the options.
pub(crate) const HELP: &str = "\
Exit status: 0 when nothing is wrong, 1 when something is.";

/// Something that was found.
struct Finding {
    mark: Mark,
    says: String,
    /// What to do, best a command.
    mend: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Good,
    Note,
    Wrong,
}

fn good(says: String) -> Finding {
    Finding {
        mark: Mark::Good,
        says,
        mend: None,
    }
}

fn note(says: String, mend: impl Into<String>) -> Finding {
    Finding {
        mark: Mark::Note,
        says,
        mend: Some(mend.into()),
    }
}

fn wrong(says: String, mend: impl Into<String>) -> Finding {
    Finding {
        mark: Mark::Wrong,
        says,
        mend: Some(mend.into()),
    }
}

/// Runs the command.
pub(crate) fn run(arguments: &Doctor) -> Result<(), Failure> {
    let system = System {
        root: arguments.root.clone(),
    };
    let named = std::env::var_os(SOCKET_VARIABLE).map(PathBuf::from);
    let mut findings = system.library();
    match &named {
        Some(socket) => findings.push(named_service(socket)),
        None => findings.extend(system.examine()),
    }
    let mut out = io::stdout().lock();
    for Finding { mark, says, mend } in &findings {
        let mark = match mark {
            Mark::Good => "ok   ",
            Mark::Note => "note ",
            Mark::Wrong => "WRONG",
        };
        writeln!(out, "{mark}  {says}")?;
        if let Some(mend) = mend {
            writeln!(out, "       -> {mend}")?;
        }
    }
    out.flush()?;
    match findings.iter().filter(|finding| finding.mark == Mark::Wrong).count() {
        0 => Ok(()),
        1 => Err(Failure::Failed("1 thing is wrong".to_owned())),
        count => Err(Failure::Failed(format!("{count} things are wrong"))),
    }
}

/// The service that the environment names: programs use no other.
fn named_service(socket: &Path) -> Finding {
    let path = socket.display();
    match socket::ask(socket) {
        Answer::Speaks(major, minor) => good(format!(
            "{SOCKET_VARIABLE} names a PC/SC service that answers (protocol {major}:{minor}): {path}; the system's is not used"
        )),
        Answer::Absent => wrong(
            format!("{SOCKET_VARIABLE} points to {path}, and there is nothing"),
            format!("unset {SOCKET_VARIABLE}   (or start again what made that socket)"),
        ),
        other => wrong(
            format!("{SOCKET_VARIABLE} points to {path}, but {}", other.says()),
            format!("unset {SOCKET_VARIABLE}   (or start again what made that socket)"),
        ),
    }
}

/// The system that is looked at.
struct System {
    root: PathBuf,
}

impl System {
    /// A path as the system sees it, under the root.
    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    fn has(&self, path: &str) -> bool {
        // A link that leads nowhere under another root is there all the same.
        self.path(path).symlink_metadata().is_ok()
    }

    fn has_systemd(&self) -> bool {
        self.has("/run/systemd/system")
    }

    /// The command that starts pcscd anew.
    fn restart(&self) -> &'static str {
        if self.has_systemd() {
            "systemctl restart pcscd.socket pcscd.service"
        } else {
            "kill \"$(cat /run/pcscd/pcscd.pid)\"; pcscd"
        }
    }

    /// The system's own PC/SC service.
    fn examine(&self) -> Vec<Finding> {
        let (mut findings, runs) = self.service();
        let (files, readers) = configuration::examine(self);
        findings.extend(files);
        findings.extend(self.virtual_reader(&readers, runs));
        findings
    }

    /// libpcsclite, by which programs reach any PC/SC service.
    fn library(&self) -> Vec<Finding> {
        /// From which on it takes its socket from the environment.
        const TAKES_SOCKET: Version = Version([1, 9, 0]);
        let Some(library) = package::library(self, "libpcsclite.so.1") else {
            return vec![wrong(
                "libpcsclite is missing, the library that PC/SC programs use".to_owned(),
                "apt-get install libpcsclite1",
            )];
        };
        let path = library.display();
        let version = package::version(self, "libpcsclite1");
        let told = version.map_or_else(String::new, |version| format!(" {version}"));
        let mut findings = vec![good(format!("libpcsclite{told} is installed: {path}"))];
        if let Some(version) = version {
            if version < TAKES_SOCKET {
                findings.push(note(
                    format!("libpcsclite {version} does not know {SOCKET_VARIABLE}: `vmyna run` needs {TAKES_SOCKET}"),
                    "use the system's pcscd and `vmyna serve`, or a newer system",
                ));
            }
            if let Some(daemon) = package::version(self, "pcscd").filter(|daemon| *daemon != version) {
                findings.push(note(
                    format!("pcscd is of version {daemon}, libpcsclite of {version}: their protocols may differ"),
                    "apt-get install --only-upgrade pcscd libpcsclite1",
                ));
            }
        }
        findings
    }

    /// pcscd: there, and answering. Gives whether it answers.
    fn service(&self) -> (Vec<Finding>, bool) {
        const SOCKET: &str = "/run/pcscd/pcscd.comm";
        let Some(program) = [
            "/usr/sbin/pcscd",
            "/usr/local/sbin/pcscd",
            "/sbin/pcscd",
            "/usr/bin/pcscd",
        ]
        .into_iter()
        .find(|path| self.has(path)) else {
            let mend = "apt-get install pcscd   (`vmyna run` and `vmyna serve --socket` need none)";
            return (vec![wrong("pcscd is not installed".to_owned(), mend)], false);
        };
        let mut findings = vec![good(format!("pcscd is installed: {program}"))];
        let answer = socket::ask(&self.path(SOCKET));
        findings.push(match answer {
            Answer::Speaks(major, minor) => good(format!("pcscd answers at {SOCKET} (protocol {major}:{minor})")),
            Answer::Absent => self.not_running(),
            Answer::Refused => wrong(
                format!("nobody listens at {SOCKET}: pcscd has died and left it"),
                if self.has_systemd() {
                    self.restart()
                } else {
                    "rm /run/pcscd/pcscd.*; pcscd"
                },
            ),
            Answer::Denied => wrong(
                format!("{SOCKET} may not be opened by this user"),
                format!("chmod a+rw {SOCKET}; chmod a+rx /run/pcscd   (as root)"),
            ),
            Answer::Closed if self.has(POLKIT_ACTIONS) => wrong(
                "pcscd refuses this user: polkit allows PC/SC only to who sits at the machine".to_owned(),
                polkit_rule(),
            ),
            other => wrong(format!("at {SOCKET} {}", other.says()), self.restart()),
        });
        (findings, matches!(answer, Answer::Speaks(..)))
    }

    /// pcscd has no socket: how it is started on this system.
    fn not_running(&self) -> Finding {
        let units = ["/lib/systemd/system", "/usr/lib/systemd/system", "/etc/systemd/system"];
        let unit = units.iter().any(|folder| self.has(&format!("{folder}/pcscd.socket")));
        let mask = self.path("/etc/systemd/system/pcscd.socket");
        let masked = mask.read_link().is_ok_and(|target| target == Path::new("/dev/null"));
        let says = "pcscd does not run, and nothing starts it when a program needs it";
        match (self.has_systemd() && unit, masked) {
            (true, true) => wrong(
                format!("{says}: pcscd.socket is masked"),
                "systemctl unmask pcscd.socket; systemctl enable --now pcscd.socket",
            ),
            (true, false) => wrong(
                format!("{says}: pcscd.socket is not active"),
                "systemctl enable --now pcscd.socket",
            ),
            (false, _) => wrong(format!("{says}: this system runs without systemd"), "pcscd   (as root)"),
        }
    }

    /// vpcd: the driver, its port, and who has it.
    fn virtual_reader(&self, readers: &[VirtualReader], runs: bool) -> Vec<Finding> {
        let Some(driver) = package::library(self, "libifdvpcd.so") else {
            return vec![wrong(
                "vpcd, the driver of the virtual reader, is not installed".to_owned(),
                format!(
                    "apt-get install vsmartcard-vpcd; {}   (`vmyna run` and `vmyna serve --socket` need none)",
                    self.restart()
                ),
            )];
        };
        let mut findings = vec![good(format!("vpcd is installed: {}", driver.display()))];
        if readers.is_empty() {
            findings.push(wrong(
                "no file in /etc/reader.conf.d tells pcscd of vpcd".to_owned(),
                format!("apt-get install --reinstall vsmartcard-vpcd; {}", self.restart()),
            ));
        }
        for reader in readers {
            let port = reader.port;
            if port != DEFAULT_PORT {
                findings.push(note(
                    format!("vpcd waits at port {port}, not at {DEFAULT_PORT} ({})", reader.file),
                    format!("vmyna serve --vpcd localhost:{port}"),
                ));
            }
            findings.push(match network::listener(self, port) {
                Some(owner) if runs && owner.as_ref().is_some_and(|owner| owner.name == "pcscd") => {
                    good(format!("vpcd listens at port {port}"))
                }
                // Who it is can't be seen without root.
                Some(None) if runs => good(format!("port {port} is listened at, by vpcd it seems")),
                Some(None) => wrong(
                    format!("port {port}, which vpcd needs, is taken by a program that only root can see"),
                    format!(
                        "ss -ltnp 'sport = {port}'   (as root, to see which; end it, then: {})",
                        self.restart()
                    ),
                ),
                Some(Some(owner)) => wrong(
                    format!(
                        "port {port}, which vpcd needs, is taken by {} (process {})",
                        owner.name, owner.process
                    ),
                    format!(
                        "end it, then: {}   (or give vpcd another port in {})",
                        self.restart(),
                        reader.file
                    ),
                ),
                None if runs => wrong(
                    format!("pcscd runs, but vpcd does not listen at port {port}: it was installed later, or failed"),
                    self.restart(),
                ),
                None => good(format!("port {port}, which vpcd needs, is free")),
            });
        }
        findings
    }
}

/// pcscd's actions for polkit.
const POLKIT_ACTIONS: &str = "/usr/share/polkit-1/actions/org.debian.pcsc-lite.policy";

/// A command that allows this user PC/SC everywhere.
fn polkit_rule() -> String {
    let user = std::env::var("USER").unwrap_or_else(|_| "USER".to_owned());
    format!(
        "printf '%s\\n' 'polkit.addRule(function(action, subject) {{ if (action.id.indexOf(\"org.debian.pcsc-lite.\") == 0 && \
         subject.user == \"{user}\") return polkit.Result.YES; }});' > /etc/polkit-1/rules.d/50-pcsc.rules   (as root)"
    )
}
