//! `vmyna run`: a PC/SC program with virtual cards in readers that only it and its children see.
//!
//! The program gets this one's standard streams and process group. It must outlive nothing of it: neither the service nor
//! the directory with its sockets stays, and this process does not end before the program, whatever Ctrl-C hits.

mod pin_pad;
mod put_back;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;
use vmyna_pcsc_service::control::{ControlServer, MakeCard};
use vmyna_pcsc_service::message::READERS;
use vmyna_pcsc_service::{Observer, Options, PcscLiteService, ServiceError, ServiceEvent, What};

use crate::advice;
use crate::args;
use crate::bench::{self, OwnBench, Verbose};
use crate::failure::Failure;
use crate::fault::Faults;
use crate::output::say;
use crate::signals;
use crate::trace;
use crate::trace::args::TraceOptions;
use pin_pad::Cancel;
use put_back::{PutBack, Returns};
use vmyna::{CardSource, ParseCardError, PrivateDirectory};

/// What libpcsclite takes its socket from.
pub(crate) const SOCKET_VARIABLE: &str = "PCSCLITE_CSOCK_NAME";

/// There is no such program; as with shells and env(1).
const NOT_FOUND: u8 = 127;

/// The program can't be run.
const NOT_EXECUTABLE: u8 = 126;

/// Runs the command; gives the exit status.
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
    let sweeper = thread::spawn(PrivateDirectory::remove_stale);
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
    let started = Command::new(program)
        .args(arguments)
        .env(SOCKET_VARIABLE, socket)
        .spawn();
    let mut child = match started {
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
    let process = Pid::from_child(&child);
    let ended = Arc::new(AtomicBool::new(false));
    let (handle, seen) = (signals.handle(), Arc::clone(&ended));
    let forwarder = thread::spawn(move || {
        for signal in signals.forever() {
            cancel.now();
            // The others come from the terminal, which sends them to the program as well, or from somebody who sends them to
            // the whole process group as a terminal does, which looks the same here as one sent to this process alone.
            // Passed on, they would interrupt the program twice. Who wants to end only this process has SIGTERM.
            if signal == SIGTERM && !seen.load(Ordering::SeqCst) {
                // It may have ended by itself a moment ago.
                let _ = kill_process(process, Signal::TERM);
            }
        }
    });
    let status = child.wait();
    ended.store(true, Ordering::SeqCst);
    handle.close();
    let _ = forwarder.join();
    let status = status.map_err(|error| Failure::Failed(format!("{} is lost: {error}", program.display())))?;
    Ok(exit_status(status))
}

/// As shells give it: 128 and the signal's number for a program that a signal has ended.
fn exit_status(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// vmyna's own PC/SC service with cards in its readers, and the socket by which `vmyna reader` reaches it.
pub(crate) struct OwnService {
    // Dropped in this order.
    #[expect(dead_code, reason = "held: it listens until it is dropped")]
    control: ControlServer,
    #[expect(dead_code, reason = "held: it puts cards back until it is dropped")]
    put_back: PutBack,
    service: PcscLiteService,
    sources: Vec<Option<CardSource>>,
    cancel: Arc<Cancel>,
}

impl Drop for OwnService {
    fn drop(&mut self) {
        // The service waits for its clients' calls, and one may be waiting for a PIN.
        self.cancel.for_good();
    }
}

/// A card is in one reader at a time. Built-in ones keep no state, and there are as many as are asked for.
fn refuse_one_card_twice(cards: &[CardSource]) -> Result<(), Failure> {
    if cards.len() < 2 {
        // Nothing to compare, and a large image is not looked through once more.
        return Ok(());
    }
    let mut states = BTreeSet::new();
    for card in cards {
        if let (_, Some(place)) = card.find()?
            && !states.insert(place.path().to_owned())
        {
            return Err(Failure::Usage(format!(
                "{card} is to be in two readers at a time: a card that keeps its state is in one"
            )));
        }
    }
    Ok(())
}

impl OwnService {
    /// Starts it at `socket` with these cards, each in a reader of its own; with a trace, which may show secrets.
    pub(crate) fn start(
        socket: &Path,
        cards: &[CardSource],
        readers: &args::Readers,
        verbose: bool,
        (trace, show_secrets): (&TraceOptions, bool),
        faults: &Arc<Faults>,
    ) -> Result<Self, Failure> {
        let count = cards.len().max(readers.reader_name.len());
        if count > READERS {
            return Err(Failure::Usage(format!(
                "PC/SC programs see at most {READERS} readers, not {count}"
            )));
        }
        refuse_one_card_twice(cards)?;
        let sources: Vec<_> = (0..count).map(|index| cards.get(index).cloned()).collect();
        let names: Vec<String> = (0..count)
            .map(|index| {
                readers
                    .reader_name
                    .get(index)
                    .cloned()
                    .unwrap_or_else(|| format!("vmyna {index:02} 00"))
            })
            .collect();
        let opened: Vec<_> = sources
            .iter()
            .map(|source| source.as_ref().map(bench::open).transpose())
            .collect::<Result<_, _>>()?;
        let trace = trace::begin(trace, show_secrets)?;
        let bench = OwnBench::new(faults, trace, verbose.then_some(Verbose { show_secrets }));
        let cancel = Arc::new(Cancel::default());
        let mut options = Options::new(names.clone())
            .grace(readers.power_off.0)
            .refused(Box::new(|major, minor| {
                say(&format!(
                    "vmyna: a program's PC/SC library speaks version {major}:{minor} of pcsc-lite's protocol and was refused; \
                     4:4 to 4:6 are spoken here, by libpcsclite from 1.9.0 on"
                ));
            }));
        if let Some(source) = readers.pin_pad.clone() {
            options = options.pin_pad(pin_pad::pin_pad(source, Arc::clone(&cancel)));
        }
        if verbose {
            options = options.observer(narrator());
        }
        let service = PcscLiteService::start(socket, options).map_err(explain)?;
        let hand = service.hand();
        let put_back = PutBack::start(hand.clone());
        for (name, card) in names.iter().zip(opened) {
            if let Some(card) = card {
                let card = bench.connect(card, name, Some(name), put_back.of(name));
                let moved = hand.insert(name, Some(card));
                moved.map_err(|why| Failure::Failed(format!("no card can be put into \"{name}\": {why}")))?;
            }
        }
        let make_card = make_card(bench, put_back.returns());
        let control = ControlServer::start(socket, hand, make_card).map_err(explain)?;
        Ok(Self {
            control,
            put_back,
            service,
            sources,
            cancel,
        })
    }

    /// Each reader's name and what was put into it.
    pub(crate) fn readers(&self) -> Vec<(String, String)> {
        let entries = self.service.hand().list();
        let told = |source: &Option<CardSource>| source.as_ref().map_or("empty".to_owned(), ToString::to_string);
        entries
            .into_iter()
            .zip(&self.sources)
            .map(|(entry, source)| (entry.name, told(source)))
            .collect()
    }
}

fn explain(error: ServiceError) -> Failure {
    match error {
        ServiceError::Socket(..) | ServiceError::Thread(_) => Failure::Failed(error.to_string()),
        _ => Failure::Usage(advice::of_service(&error)),
    }
}

/// Makes the cards that `vmyna reader insert` names, on the same bench.
fn make_card(bench: OwnBench, returns: Returns) -> MakeCard {
    let made = AtomicUsize::new(0);
    Box::new(move |text, reader, let_go| {
        let source: CardSource = text.parse().map_err(|error: ParseCardError| error.to_string())?;
        // The card that was taken out is given up only if the name is that of a card.
        source.find().map_err(|error| Failure::from(error).to_string())?;
        let_go();
        let card = bench::open(&source).map_err(|failure| failure.to_string())?;
        let number = made.fetch_add(1, Ordering::SeqCst) + 1;
        let conversation = format!("put in #{number}: {source}");
        Ok(bench.connect(card, &conversation, Some(reader), returns.of(reader)))
    })
}

/// Shows what happens in each reader; what is said to its card is told there ([`crate::verbose`]).
fn narrator() -> Observer {
    Box::new(|event: &ServiceEvent<'_>| {
        let told = match event.what {
            What::Inserted => "inserted",
            What::Removed => "removed",
            What::PowerOn { .. } => "power on",
            What::Reset { .. } => "warm reset",
            What::PowerOff => "power off",
            _ => return,
        };
        say(&format!("[{}] -- {told}", event.reader));
    })
}
