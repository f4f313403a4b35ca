//! `vmyna serve`: a virtual card in pcscd's virtual reader, or cards in readers of vmyna's own service, until Ctrl-C.
//!
//! Reports go to standard error, so that standard output stays free for the program that starts it.

pub(crate) mod args;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use vmyna_apdu::Pull;
use vmyna_reader_bridge::vpcd::{End, Reason, StopHandle, VpcdAddress, VpcdError, VpcdEvent, VpcdServer};

use crate::advice;
use crate::bench::{self, OwnBench, Verbose};
use crate::failure::Failure;
use crate::faults::Faults;
use crate::output::say;
use crate::service::OwnService;
use crate::{signals, threads, trace_file};

/// How long a card is out at least that is to be put back at once, so that one that leaves again each time keeps no core busy.
const SHORTEST_ABSENCE: Duration = Duration::from_millis(10);

/// Runs the command.
pub(crate) fn run(arguments: args::Serve) -> Result<(), Failure> {
    if let Some(socket) = &arguments.socket {
        return serve_socket(socket, &arguments);
    }
    let [source] = arguments.card.as_slice() else {
        return Err(Failure::Usage(
            "pcscd's virtual reader takes one card: for several use --socket, or a `vmyna serve` each".to_owned(),
        ));
    };
    if !arguments.readers.reader_name.is_empty() || arguments.readers.pin_pad.is_some() {
        return Err(Failure::Usage(
            "pcscd names its readers and drives them itself: --reader-name and --pin-pad are for --socket".to_owned(),
        ));
    }
    let source = source.clone();
    let card = bench::open(&source)?;
    let faults = Arc::new(Faults::begin(&arguments.faults, arguments.verbose)?);
    let back = Arc::<Mutex<Option<Duration>>>::default();
    let noted = Arc::clone(&back);
    let note = move |time| *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(time);
    let trace = trace_file::begin(&arguments.trace, arguments.show_secrets)?;
    let args::Serve {
        vpcd: address,
        insecure_remote,
        wait,
        verbose,
        show_secrets,
        ..
    } = arguments;
    let reader = format!("vpcd {address}");
    let bench = OwnBench::new(&faults, trace, verbose.then_some(Verbose { show_secrets }));
    let mut card = bench.connect(card, &reader, None, note);
    let mut server = VpcdServer::new(address.clone());
    if insecure_remote {
        server = server.allow_remote();
    }
    let stop = server.stop_handle();
    signals::on_end({
        let (stop, pull) = (stop.clone(), card.pull());
        move || {
            stop.stop();
            // No program waits any longer for an answer that a fault holds back.
            pull.iter().for_each(Pull::out);
        }
    })?;
    let patience = Arc::new(Patience::default());
    if let Some(seconds) = wait {
        patience.clone().end_after(Duration::from_secs(seconds), stop.clone())?;
    }
    let mut reporter = Reporter {
        source: source.to_string(),
        address,
        waiting: false,
        verbose,
    };
    let mut events = |event: VpcdEvent<'_>| {
        if matches!(event, VpcdEvent::Inserted) {
            patience.inserted.store(true, Ordering::SeqCst);
        }
        reporter.report(&event);
    };
    let end = loop {
        let end = server.run(&mut *card, &mut events);
        let put_back_in = back.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (&end, put_back_in) {
            (Ok(End::Gone), Some(time)) if !stop.is_stopped() => stop.pause(time.max(SHORTEST_ABSENCE)),
            _ => break end,
        }
    };
    faults.report();
    match end {
        Err(error @ VpcdError::NotLoopback { .. }) => {
            Err(Failure::Usage(format!("{error}; --insecure-remote allows it")))
        }
        Err(error) => Err(Failure::Failed(error.to_string())),
        Ok(_) if patience.ended.load(Ordering::SeqCst) => Err(Failure::Failed(format!(
            "no reader took the card within {} s",
            wait.unwrap_or_default()
        ))),
        Ok(End::Gone) if faults.any() && !stop.is_stopped() => {
            say("card taken out by a fault: `vmyna serve` puts it in again, and so does back=MS of the fault");
            Ok(())
        }
        Ok(_) => {
            say("card taken out");
            Ok(())
        }
    }
}

/// vmyna's own service, until a signal.
fn serve_socket(socket: &Path, arguments: &args::Serve) -> Result<(), Failure> {
    let ended = Arc::new((Mutex::new(false), Condvar::new()));
    let ending = Arc::clone(&ended);
    signals::on_end(move || {
        *ending.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        ending.1.notify_all();
    })?;
    let faults = Arc::new(Faults::begin(&arguments.faults, arguments.verbose)?);
    let service = OwnService::start(
        socket,
        &arguments.card,
        &arguments.readers,
        arguments.verbose,
        (&arguments.trace, arguments.show_secrets),
        &faults,
    )?;
    for reader in service.readers() {
        say(&format!("reader \"{}\": {}", reader.0, reader.1));
    }
    say(&format!(
        "PC/SC programs find them with PCSCLITE_CSOCK_NAME={} in their environment. Ctrl-C ends it.",
        socket.display()
    ));
    let guard = ended.0.lock().unwrap_or_else(PoisonError::into_inner);
    drop(ended.1.wait_while(guard, |ended| !*ended));
    drop(service);
    faults.report();
    say("cards taken out");
    Ok(())
}

/// How long to wait for a reader.
#[derive(Default)]
struct Patience {
    /// A reader has taken the card.
    inserted: AtomicBool,
    /// None had when the time was over.
    ended: AtomicBool,
}

impl Patience {
    /// Stops after `time` unless a reader has taken the card by then.
    fn end_after(self: Arc<Self>, time: Duration, stop: StopHandle) -> Result<(), Failure> {
        threads::start("patience", move || {
            thread::sleep(time);
            if !self.inserted.load(Ordering::SeqCst) {
                self.ended.store(true, Ordering::SeqCst);
                stop.stop();
            }
        })?;
        Ok(())
    }
}

/// Reports events on standard error, each once.
struct Reporter {
    source: String,
    address: VpcdAddress,
    /// Whether it was reported that no vpcd listens.
    waiting: bool,
    /// Whether power and resets are reported. [`crate::verbose`] reports the APDUs.
    verbose: bool,
}

impl Reporter {
    fn report(&mut self, event: &VpcdEvent<'_>) {
        match event {
            VpcdEvent::Waiting { address, error, .. } if !self.waiting => {
                self.waiting = true;
                say(&format!(
                    "waiting for pcscd's virtual reader (vpcd) at {address}: {error}"
                ));
                say(match address.resolve() {
                    Ok(_) => {
                        "  Debian and Ubuntu: apt-get install pcscd vsmartcard-vpcd, then systemctl restart pcscd.socket.\n  \
                         pcscd itself starts with the first PC/SC program, and the card is in the reader a second later."
                    }
                    Err(_) => "  There is no host of this name: check it.",
                });
            }
            VpcdEvent::Idle => say(&format!(
                "connected to {}, but nothing asks for the card.\n  \
                 Is another virtual card in this reader already? vpcd's second slot is at the next port.\n  \
                 Still waiting; the card goes in when the slot becomes free.",
                self.address
            )),
            VpcdEvent::Inserted => {
                self.waiting = false;
                say(&format!(
                    "{} is in the reader at {}. Ctrl-C takes it out.",
                    self.source, self.address
                ));
            }
            VpcdEvent::Disconnected {
                reason: Reason::Stopped | Reason::Mute,
            } => {}
            VpcdEvent::Disconnected { reason } => say(&format!(
                "the connection to {} is over: {reason}{}",
                self.address,
                advice::for_connection(reason)
            )),
            VpcdEvent::PowerOn { .. } => self.detail("-- power on"),
            VpcdEvent::PowerOff => self.detail("-- power off"),
            VpcdEvent::Reset { .. } => self.detail("-- warm reset"),
            _ => {}
        }
    }

    /// Reports a detail, with --verbose only.
    fn detail(&self, what: &str) {
        if self.verbose {
            say(what);
        }
    }
}
