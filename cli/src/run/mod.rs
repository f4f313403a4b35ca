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
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;
use vmyna::{CardSource, PrivateDirectory};
use vmyna_apdu::ShowPath as _;
use vmyna_reader_bridge::vpcd::{VpcdAddress, VpcdHost};

use crate::failure::Failure;
use crate::faults::Faults;
use crate::output::say;
use crate::service::{Cancel, OwnService, SOCKET_VARIABLE};
use crate::signals;
use crate::threads;
use crate::vpcd;

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
    let mut signals = signals::around_a_child()?;
    let directory = PrivateDirectory::create().map_err(unable("no directory can be made for the socket"))?;
    let socket = directory.socket();
    let mut cards = arguments.card;
    if cards.is_empty() && arguments.vpcd_card.is_some() && !arguments.applications.is_empty() {
        return Err(Failure::Usage(
            "--ap is for a virtual card: name it with --card beside --vpcd-card".to_owned(),
        ));
    }
    let remote = match &arguments.vpcd_card {
        Some(address) => {
            let listening = VpcdHost::listen_at(address.clone(), arguments.insecure_remote, vpcd::refused());
            Some(listening.map_err(vpcd::failure)?)
        }
        None => {
            if cards.is_empty() {
                cards.push(CardSource::hanako());
            }
            None
        }
    };
    for card in &mut cards {
        *card = arguments.applications.on(card)?.with_atr(arguments.atr.as_ref());
    }
    let waited_for = remote.as_ref().map(VpcdHost::address);
    let faults = Arc::new(Faults::begin(&arguments.faults, arguments.verbose)?);
    let service = OwnService::start(
        &socket,
        &cards,
        &arguments.readers,
        arguments.verbose,
        (&arguments.trace, arguments.show_secrets),
        &faults,
        remote,
    )?;
    if let Some(address) = waited_for {
        wait_for_card(&service, &address, arguments.wait, &mut signals)?;
    }
    // Not before the card is there: it may take a moment.
    let sweeper = threads::start("sweeper", PrivateDirectory::remove_stale)?;
    let status = run_program(&arguments.command, &socket, signals, Arc::clone(&service.cancel));
    let _ = sweeper.join();
    drop(service);
    drop(directory);
    faults.report();
    status
}

/// Waits until a card has connected, or a signal comes.
fn wait_for_card(
    service: &OwnService,
    address: &VpcdAddress,
    seconds: u64,
    signals: &mut Signals,
) -> Result<(), Failure> {
    /// How often it looks for a signal.
    const LOOK: Duration = Duration::from_millis(50);
    if seconds == 0 {
        say(&format!(
            "listening at {address} for a card. Any local user can connect."
        ));
        return Ok(());
    }
    say(&format!(
        "waiting {seconds} s for a card to connect to {address}. Any local user can connect."
    ));
    let begin = Instant::now();
    while !service.wait_for_card(LOOK) {
        if signals.pending().next().is_some() {
            return Err(Failure::Interrupted("no card has connected".to_owned()));
        }
        if begin.elapsed() >= Duration::from_secs(seconds) {
            return Err(Failure::Failed(format!(
                "no card has connected to {address} within {seconds} s"
            )));
        }
    }
    Ok(())
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
            say(&format!("vmyna: {} can't be run: {error}", Path::new(program).shown()));
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
    let status = status.map_err(|error| Failure::Failed(format!("{} is lost: {error}", Path::new(program).shown())))?;
    Ok(exit_status(status))
}

/// The exit status as shells give it: 128 plus the number of the signal that ended the program.
fn exit_status(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
