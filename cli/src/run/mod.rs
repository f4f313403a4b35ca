//! `vmyna run`: a PC/SC program with virtual cards in readers that only it and its children see.
//!
//! The program gets the standard streams and the process group of this process. This process must not end before the
//! program, whichever of them Ctrl-C reaches, and must leave neither the service nor the directory with its sockets.

pub(crate) mod args;

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;
use vmyna::{CardSource, PrivateDirectory};

use crate::failure::Failure;
use crate::faults::Faults;
use crate::output::say;
use crate::service::{Cancel, OwnService, SOCKET_VARIABLE};
use crate::signals;
use crate::threads;

/// There is no such program; as with shells and env(1).
const NOT_FOUND: u8 = 127;

/// The program can't be run.
const NOT_EXECUTABLE: u8 = 126;

/// Runs the command; returns the exit status.
pub(crate) fn run(arguments: args::Run) -> Result<u8, Failure> {
    let unable = |what: &str| {
        let what = what.to_owned();
        move |error: io::Error| Failure::Failed(format!("{what}: {error}"))
    };
    // Before anything is started: from here on none of these ends this process halfway.
    let signals = signals::around_a_child()?;
    let directory = PrivateDirectory::create().map_err(unable("no directory can be made for the socket"))?;
    let socket = directory.socket();
    let mut cards = arguments.card;
    if cards.is_empty() {
        cards.push(CardSource::hanako());
    }
    let faults = Arc::new(Faults::begin(&arguments.faults, arguments.verbose)?);
    let service = OwnService::start(
        &socket,
        &cards,
        &arguments.readers,
        arguments.verbose,
        (&arguments.trace, arguments.show_secrets),
        &faults,
    )?;
    // Not before the card is there: it may take a moment.
    let sweeper = threads::start("sweeper", PrivateDirectory::remove_stale)?;
    let status = run_program(&arguments.command, &socket, signals, Arc::clone(&service.cancel));
    let _ = sweeper.join();
    drop(service);
    drop(directory);
    faults.report();
    status
}

fn run_program(command: &[OsString], socket: &Path, mut signals: Signals, cancel: Arc<Cancel>) -> Result<u8, Failure> {
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| Failure::Usage("no program".to_owned()))?;
    let ended = Arc::new(AtomicBool::new(false));
    let (handle, seen) = (signals.handle(), Arc::clone(&ended));
    // Before the program: without this thread it is not started.
    let (started, process) = mpsc::channel();
    let forwarder = threads::start("signals", move || {
        // Fails if there is no program.
        let Ok(process) = process.recv() else { return };
        for signal in signals.forever() {
            cancel.now();
            // A terminal sends the other signals to the program as well. A signal to this process alone looks the same here.
            // Passed on, they would interrupt the program twice. SIGTERM ends this process alone.
            if signal == SIGTERM && !seen.load(Ordering::SeqCst) {
                // It may have ended by itself a moment ago.
                let _ = kill_process(process, Signal::TERM);
            }
        }
    })?;
    let child = Command::new(program)
        .args(arguments)
        .env(SOCKET_VARIABLE, socket)
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            say(&format!("vmyna: {} can't be run: {error}", program.display()));
            return Ok(if error.kind() == ErrorKind::NotFound {
                NOT_FOUND
            } else {
                NOT_EXECUTABLE
            });
        }
    };
    // Fails only if that thread has ended, which it has not.
    let _ = started.send(Pid::from_child(&child));
    let status = child.wait();
    ended.store(true, Ordering::SeqCst);
    handle.close();
    let _ = forwarder.join();
    let status = status.map_err(|error| Failure::Failed(format!("{} is lost: {error}", program.display())))?;
    Ok(exit_status(status))
}

/// The exit status as shells give it: 128 plus the number of the signal that ended the program.
fn exit_status(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
