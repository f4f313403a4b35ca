//! A card in pcscd's virtual reader (vpcd), until Ctrl-C. `vmyna reader` moves it meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use vmyna::PrivateDirectory;
use vmyna::service::make_card;
use vmyna_pcsc_service::control::{ControlServer, MakeCard};
use vmyna_reader_bridge::vpcd::{End, Reason, VpcdAddress, VpcdError, VpcdEvent, VpcdListener, VpcdServer};

use super::args;
use super::slot::Slot;
use crate::advice;
use crate::bench::{self, OwnBench, Verbose};
use crate::failure::Failure;
use crate::faults::Faults;
use crate::output::say;
use crate::trace_file::names::Names;
use crate::{signals, threads, trace_file, vpcd};

/// How long a card is out at least that is to be put back at once, so that one that leaves again each time keeps no core busy.
const SHORTEST_ABSENCE: Duration = Duration::from_millis(10);

/// Runs the command without `--socket`.
pub(super) fn serve(arguments: args::Serve) -> Result<(), Failure> {
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
    let names = Names::default();
    let trace = trace_file::begin(&arguments.trace, arguments.show_secrets, &names)?;
    let args::Serve {
        vpcd: address,
        vpcd_listen,
        insecure_remote,
        wait,
        verbose,
        show_secrets,
        ..
    } = arguments;
    let (mut server, address) = match vpcd_listen {
        Some(address) => {
            let listener = VpcdListener::listen(address, insecure_remote, vpcd::refused()).map_err(vpcd::failure)?;
            let address = listener.address().clone();
            (VpcdServer::reversed(listener), address)
        }
        None => {
            let server = VpcdServer::new(address.clone());
            let allowed = if insecure_remote { server.allow_remote() } else { server };
            (allowed, address)
        }
    };
    let reader = format!("vpcd {address}");
    let bench = Arc::new(OwnBench::new(
        &faults,
        trace,
        names,
        verbose.then_some(Verbose { show_secrets }),
    ));
    let back = Arc::<Mutex<Option<Duration>>>::default();
    let noted = Arc::clone(&back);
    let returns = move |_: &str| {
        let noted = Arc::clone(&noted);
        let note = move |time| *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(time);
        Box::new(note) as _
    };
    let card = bench.connect(card, &reader, None, returns(&reader));
    let stop = server.stop_handle();
    let slot = Slot::new(&reader, stop.clone());
    signals::on_end({
        let slot = slot.clone();
        // No program waits any longer for an answer that a fault holds back.
        move || slot.end()
    })?;
    let patience = Arc::new(Patience::default());
    if let Some(seconds) = wait {
        patience.clone().end_after(Duration::from_secs(seconds), slot.clone())?;
    }
    let _control = control(&slot, make_card(bench, returns));
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
    let mut card = slot.put_in(card);
    let mut moved = false;
    let end = loop {
        let end = server.run(&mut card, &mut events);
        let put_back_in = back.lock().unwrap_or_else(PoisonError::into_inner).take();
        card = match (end, put_back_in) {
            (Ok(End::Gone), Some(time)) if !stop.is_stopped() && !slot.is_leaving() => {
                stop.pause(time.max(SHORTEST_ABSENCE));
                card
            }
            // A card that `vmyna reader` has put in and that gives no ATR does not end the command.
            (Err(error @ VpcdError::NoAtr { .. }), _) if moved => {
                say(&format!("the card can't stay in the reader: {error}"));
                match slot.out(card) {
                    Some(next) => next,
                    None => break Ok(End::Stopped),
                }
            }
            (Ok(End::Removed | End::Gone), _) if slot.is_leaving() && !stop.is_stopped() => {
                say("card taken out by `vmyna reader`");
                moved = true;
                match slot.out(card) {
                    Some(next) => next,
                    None => break Ok(End::Stopped),
                }
            }
            // The card had left by itself when it was to be taken out, and is in again.
            (Ok(End::Removed), _) if !stop.is_stopped() => card,
            (end, _) => break end,
        };
    };
    faults.report();
    match end {
        Err(error) => Err(vpcd::failure(error)),
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

/// The socket by which `vmyna reader` moves the card. The card is in its reader also without it.
fn control(slot: &Slot, make: MakeCard) -> Option<(ControlServer, PrivateDirectory)> {
    let unable = |why: &dyn std::fmt::Display| say(&format!("vmyna: `vmyna reader` can't move this card: {why}"));
    let directory = PrivateDirectory::create().map_err(|error| unable(&error)).ok()?;
    let server = ControlServer::start(&directory.socket(), slot.clone(), make);
    Some((server.map_err(|error| unable(&error)).ok()?, directory))
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
    fn end_after(self: Arc<Self>, time: Duration, slot: Slot) -> Result<(), Failure> {
        threads::start("patience", move || {
            thread::sleep(time);
            if !self.inserted.load(Ordering::SeqCst) {
                self.ended.store(true, Ordering::SeqCst);
                slot.end();
            }
        })?;
        Ok(())
    }
}

/// Reports events on standard error, each once.
struct Reporter {
    source: String,
    address: VpcdAddress,
    /// Whether it was reported that no vpcd listens, or that none has connected.
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
            VpcdEvent::Listening { address } if !self.waiting => {
                self.waiting = true;
                say(&format!(
                    "listening at {address} for vpcd in reversed mode. Any local user can connect."
                ));
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
