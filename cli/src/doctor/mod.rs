//! `vmyna doctor`: checks the machine's PC/SC set-up and prints the command that mends each fault.
//!
//! There are three ways to give a program a virtual card, and each needs other things; a verdict is printed for each.
//! The command only reads and asks, as a PC/SC program does. It must never change anything, nor connect to vpcd, because
//! vpcd would take that for a card.

mod configuration;
mod network;
mod package;
mod socket;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use vmyna_apdu::ShowPath as _;
use vmyna_reader_bridge::vpcd::DEFAULT_PORT;

use crate::failure::Failure;
use crate::output;
use crate::service::SOCKET_VARIABLE;
use configuration::VirtualReader;
use package::Version;
use socket::Answer;

/// Checking the PC/SC set-up.
#[derive(Args)]
pub(crate) struct Doctor {
    /// The way of giving a program a card that has to work; all three if none is named
    #[arg(value_enum)]
    way: Option<Way>,

    /// Look at the system installed under this directory instead of /
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,
}

/// The help behind the options.
pub(crate) const HELP: &str = "\
Exit status of `vmyna doctor WAY`: 0 when that way works, 1 when it does not. The needs of other
ways are not checked, so `vmyna doctor run` passes on a machine without pcscd.
Without WAY: 0 when no line is marked WRONG, 1 when one is.";

/// A way of giving a program a virtual card.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Way {
    /// `vmyna run -- PROGRAM`: needs libpcsclite only
    Run,
    /// `vmyna serve`: puts the card into the system's pcscd; needs pcscd and vpcd
    Serve,
    /// `vmyna serve --socket PATH`: needs libpcsclite only
    Socket,
}

impl Way {
    const ALL: [Self; 3] = [Self::Run, Self::Serve, Self::Socket];

    /// The name as it is typed, and the command.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Run => ("run", "vmyna run -- PROGRAM"),
            Self::Serve => ("serve", "vmyna serve"),
            Self::Socket => ("socket", "vmyna serve --socket PATH"),
        }
    }
}

/// A fact about the set-up.
struct Finding {
    mark: Mark,
    text: String,
    /// How to mend it, preferably a command.
    mend: Option<String>,
    /// The ways that do not work because of it.
    breaks: &'static [Way],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Good,
    Note,
    Wrong,
}

fn good(text: String) -> Finding {
    Finding {
        mark: Mark::Good,
        text,
        mend: None,
        breaks: &[],
    }
}

fn note(text: String, mend: impl Into<String>) -> Finding {
    Finding {
        mark: Mark::Note,
        text,
        mend: Some(mend.into()),
        breaks: &[],
    }
}

/// A fault of the system's pcscd or of vpcd, without which only `serve` does not work.
fn wrong(text: String, mend: impl Into<String>) -> Finding {
    Finding {
        mark: Mark::Wrong,
        text,
        mend: Some(mend.into()),
        breaks: &[Way::Serve],
    }
}

impl Finding {
    /// Changes which ways do not work because of it.
    fn breaking(mut self, ways: &'static [Way]) -> Self {
        self.breaks = ways;
        self
    }
}

/// Runs the command.
pub(crate) fn run(arguments: &Doctor) -> Result<(), Failure> {
    let system = System {
        root: arguments.root.clone(),
    };
    let named = std::env::var_os(SOCKET_VARIABLE).map(PathBuf::from);
    let mut findings = system.library();
    match (arguments.way, &named) {
        // `vmyna run` names a socket of its own, whatever the environment names.
        (Some(Way::Run), _) | (Some(Way::Socket), None) => {}
        (Some(Way::Serve), named) => {
            findings.extend(named.as_deref().map(diverted));
            findings.extend(system.examine());
        }
        (_, Some(socket)) => findings.push(named_service(socket)),
        (None, None) => findings.extend(system.examine()),
    }
    if let Some(way) = arguments.way {
        for finding in findings.iter_mut().filter(|finding| finding.breaks.contains(&way)) {
            finding.mark = Mark::Wrong;
        }
    }
    let mut out = output::text();
    for Finding { mark, text, mend, .. } in &findings {
        let mark = match mark {
            Mark::Good => "ok   ",
            Mark::Note => "note ",
            Mark::Wrong => "WRONG",
        };
        writeln!(out, "{mark}  {text}")?;
        if let Some(mend) = mend {
            writeln!(out, "       -> {mend}")?;
        }
    }
    writeln!(out)?;
    for way in Way::ALL {
        if arguments.way.is_none_or(|asked| asked == way) {
            let examined = way != Way::Serve || named.is_none() || arguments.way.is_some();
            let (name, command) = way.words();
            let verdict = verdict(way, &findings, examined);
            writeln!(out, "{name:<6}  {verdict:<13}  {command}")?;
        }
    }
    out.flush()?;
    match findings.iter().filter(|finding| finding.mark == Mark::Wrong).count() {
        0 => Ok(()),
        1 => Err(Failure::Failed("1 thing is wrong".to_owned())),
        count => Err(Failure::Failed(format!("{count} things are wrong"))),
    }
}

fn verdict(way: Way, findings: &[Finding], examined: bool) -> &'static str {
    match findings.iter().any(|finding| finding.breaks.contains(&way)) {
        true => "does not work",
        false if examined => "works",
        false => "not examined",
    }
}

/// The environment names a service: programs that start here do not see the reader of the system's pcscd.
fn diverted(socket: &Path) -> Finding {
    wrong(
        format!(
            "{SOCKET_VARIABLE} is set: programs that start here use {}, not the system's pcscd",
            socket.shown()
        ),
        format!("unset {SOCKET_VARIABLE}"),
    )
}

/// The service that the environment names: programs use no other.
fn named_service(socket: &Path) -> Finding {
    let path = socket.shown();
    let fault = match socket::ask(socket) {
        Answer::Speaks(major, minor) => {
            return good(format!(
                "{SOCKET_VARIABLE} names a PC/SC service that answers (protocol {major}:{minor}): {path}; the system's is not used"
            ));
        }
        Answer::Absent => format!("{SOCKET_VARIABLE} points to {path}, which does not exist"),
        other => format!("{SOCKET_VARIABLE} points to {path}, but {}", other.words()),
    };
    let mend = format!("unset {SOCKET_VARIABLE}   (or start again the program that made the socket)");
    wrong(fault, mend).breaking(&[Way::Socket])
}

/// The system that is examined.
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
        let mut findings = self.versions();
        let (service, runs) = self.service();
        findings.extend(service);
        let (files, readers) = configuration::examine(self);
        findings.extend(files);
        findings.extend(self.virtual_reader(&readers, runs));
        findings
    }

    /// libpcsclite, through which programs reach any PC/SC service.
    fn library(&self) -> Vec<Finding> {
        /// The first that takes the path of its socket from the environment.
        const TAKES_SOCKET: Version = Version([1, 6, 5]);
        let Some(library) = package::library(self, "libpcsclite.so.1") else {
            let fault = "libpcsclite is missing, the library that PC/SC programs use".to_owned();
            return vec![wrong(fault, "apt-get install libpcsclite1").breaking(&Way::ALL)];
        };
        let path = library.shown();
        let version = package::version(self, "libpcsclite1");
        let number = version.map_or_else(String::new, |version| format!(" {version}"));
        let mut findings = vec![good(format!("libpcsclite{number} is installed: {path}"))];
        if let Some(version) = version.filter(|version| *version < TAKES_SOCKET) {
            findings.push(
                note(
                    format!(
                        "libpcsclite {version} ignores {SOCKET_VARIABLE}: `vmyna run` and `vmyna serve --socket` need \
                         {TAKES_SOCKET}"
                    ),
                    "use the system's pcscd and `vmyna serve`, or a newer system",
                )
                .breaking(&[Way::Run, Way::Socket]),
            );
        }
        findings
    }

    /// Whether pcscd and libpcsclite come from the same release.
    fn versions(&self) -> Vec<Finding> {
        match ["libpcsclite1", "pcscd"].map(|name| package::version(self, name)) {
            [Some(library), Some(daemon)] if library != daemon => vec![note(
                format!("pcscd is of version {daemon}, libpcsclite of {library}: their protocols may differ"),
                "apt-get install --only-upgrade pcscd libpcsclite1",
            )],
            _ => Vec::new(),
        }
    }

    /// Whether pcscd is installed and answers; the second value is true if it answers.
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
                format!("no process listens at {SOCKET}: pcscd ended without removing it"),
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
                "pcscd refuses this user: polkit allows PC/SC only to the user at the console".to_owned(),
                polkit_rule(),
            ),
            other => wrong(format!("at {SOCKET} {}", other.words()), self.restart()),
        });
        (findings, matches!(answer, Answer::Speaks(..)))
    }

    /// pcscd has no socket: reports how to start it on this system.
    fn not_running(&self) -> Finding {
        let units = ["/lib/systemd/system", "/usr/lib/systemd/system", "/etc/systemd/system"];
        let unit = units.iter().any(|folder| self.has(&format!("{folder}/pcscd.socket")));
        let mask = self.path("/etc/systemd/system/pcscd.socket");
        let masked = mask.read_link().is_ok_and(|target| target == Path::new("/dev/null"));
        let fault = "pcscd does not run, and nothing starts it when a program needs it";
        match (self.has_systemd() && unit, masked) {
            (true, true) => wrong(
                format!("{fault}: pcscd.socket is masked"),
                "systemctl unmask pcscd.socket; systemctl enable --now pcscd.socket",
            ),
            (true, false) => wrong(
                format!("{fault}: pcscd.socket is not active"),
                "systemctl enable --now pcscd.socket",
            ),
            (false, _) => wrong(
                format!("{fault}: this system runs without systemd"),
                "pcscd   (as root)",
            ),
        }
    }

    /// vpcd: the driver, its port, and the process that uses the port.
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
        let mut findings = vec![good(format!("vpcd is installed: {}", driver.shown()))];
        if readers.is_empty() {
            findings.push(wrong(
                "no file in /etc/reader.conf.d declares vpcd to pcscd".to_owned(),
                format!("apt-get install --reinstall vsmartcard-vpcd; {}", self.restart()),
            ));
        }
        for reader in readers {
            let port = reader.port;
            if port != DEFAULT_PORT {
                findings.push(note(
                    format!("vpcd listens at port {port}, not at {DEFAULT_PORT} ({})", reader.file),
                    format!("vmyna serve --vpcd localhost:{port}"),
                ));
            }
            findings.push(match network::listener(self, port) {
                Some(owner) if runs && owner.as_ref().is_some_and(|owner| owner.name == "pcscd") => {
                    good(format!("vpcd listens at port {port}"))
                }
                // Without root the owner of another user's socket can't be seen.
                Some(None) if runs => good(format!("port {port} is in use, apparently by vpcd")),
                Some(None) => wrong(
                    format!("port {port}, which vpcd needs, is in use by a process that only root can see"),
                    format!(
                        "ss -ltnp 'sport = {port}'   (as root, to see which; end it, then: {})",
                        self.restart()
                    ),
                ),
                Some(Some(owner)) => wrong(
                    format!(
                        "port {port}, which vpcd needs, is in use by {} (process {})",
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
