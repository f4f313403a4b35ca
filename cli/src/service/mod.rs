//! vmyna's own PC/SC service with cards in its readers, for `vmyna run` and `vmyna serve --socket`.

mod pin_pad;
mod remote;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use vmyna::service::{CardMaker, CardService, PutIn};
use vmyna::{CardSource, ParseCardError};
use vmyna_apdu::Icc;
use vmyna_pcsc_service::message::READERS;
use vmyna_pcsc_service::{Observer, Options, ServiceError, ServiceEvent, What};
use vmyna_reader_bridge::vpcd::VpcdHost;

use crate::advice;
use crate::bench::{self, OwnBench, Verbose};
use crate::failure::Failure;
use crate::faults::Faults;
use crate::options::readers::Readers;
use crate::options::trace::TraceOptions;
use crate::output::say;
use crate::threads;
use crate::trace_file::{self, names::Names};
pub(crate) use pin_pad::Cancel;
use remote::RemoteCard;

/// What libpcsclite takes its socket from.
pub(crate) const SOCKET_VARIABLE: &str = "PCSCLITE_CSOCK_NAME";

/// vmyna's own PC/SC service with cards in its readers, and the socket by which `vmyna reader` reaches it.
pub(crate) struct OwnService {
    // Dropped in this order.
    remote: Option<RemoteCard>,
    service: CardService,
    sources: Vec<Option<CardSource>>,
    pub(crate) cancel: Arc<Cancel>,
}

impl Drop for OwnService {
    fn drop(&mut self) {
        // The service waits for its clients' calls, and one may be waiting for a PIN.
        self.cancel.for_good();
    }
}

/// Refuses an issued card in two readers, because its state has one user at a time. Built-in cards keep no state.
fn refuse_one_card_twice(cards: &[CardSource]) -> Result<(), Failure> {
    if cards.len() < 2 {
        // Nothing to compare: a large image is not read once more.
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
    /// Starts it at `socket` with these cards, each in a reader of its own; with a trace, which may show secrets. The cards
    /// that connect to `remote` come into the reader after theirs.
    pub(crate) fn start(
        socket: &Path,
        cards: &[CardSource],
        readers: &Readers,
        verbose: bool,
        (trace, show_secrets): (&TraceOptions, bool),
        faults: &Arc<Faults>,
        remote: Option<VpcdHost>,
    ) -> Result<Self, Failure> {
        let count = cards.len() + usize::from(remote.is_some());
        let count = count.max(readers.reader_name.len());
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
        let known = Names::default();
        let trace = trace_file::begin(trace, show_secrets, &known)?;
        let bench = Arc::new(OwnBench::new(
            faults,
            trace,
            known,
            verbose.then_some(Verbose { show_secrets }),
        ));
        let cancel = Arc::new(Cancel::default());
        let mut options = Options::new(names.clone())
            .grace(readers.power_off.0)
            .refused(Box::new(|major, minor| {
                say(&format!(
                    "vmyna: a program's PC/SC library speaks version {major}:{minor} of pcsc-lite's protocol and was refused; \
                     4:3 to 4:6 are spoken here"
                ));
            }));
        if let Some(source) = readers.pin_pad.clone() {
            options = options.pin_pad(pin_pad::pin_pad(source, Arc::clone(&cancel)));
        }
        if verbose {
            options = options.observer(narrator());
        }
        let service = CardService::start(socket, options, bench.clone()).map_err(explain)?;
        for (name, card) in names.iter().zip(opened) {
            if let Some(card) = card {
                let card = bench.connect(card, name, Some(name), service.returns().of(name));
                let moved = service.hand().insert(name, Some(card));
                moved.map_err(|why| Failure::Failed(format!("no card can be put into \"{name}\": {why}")))?;
            }
        }
        let remote = match (remote, names.get(cards.len())) {
            (Some(host), Some(name)) => {
                let (returns, reader) = (service.returns(), name.clone());
                let connect = move |card| bench.connect(card, &reader, Some(&reader), returns.of(&reader));
                Some(RemoteCard::start(host, service.hand(), name.clone(), connect)?)
            }
            _ => None,
        };
        Ok(Self {
            remote,
            service,
            sources,
            cancel,
        })
    }

    /// Waits for the first card that connects, at most for this time; returns whether there was one.
    pub(crate) fn wait_for_card(&self, time: Duration) -> bool {
        self.remote.as_ref().is_some_and(|remote| remote.wait(time))
    }

    /// Each reader's name and what was put into it.
    pub(crate) fn readers(&self) -> Vec<(String, String)> {
        let entries = self.service.hand().list();
        let text = |source: &Option<CardSource>| source.as_ref().map_or("empty".to_owned(), ToString::to_string);
        entries
            .into_iter()
            .zip(&self.sources)
            .map(|(entry, source)| (entry.name, text(source)))
            .collect()
    }
}

fn explain(error: ServiceError) -> Failure {
    match error {
        ServiceError::Thread(error) => threads::failure(error),
        ServiceError::Socket(..) => Failure::Failed(error.to_string()),
        _ => Failure::Usage(advice::of_service(&error)),
    }
}

impl CardMaker for OwnBench {
    fn find(&self, name: &str) -> Result<CardSource, String> {
        let source: CardSource = name.parse().map_err(|error: ParseCardError| error.to_string())?;
        source.find().map_err(|error| Failure::from(error).to_string())?;
        Ok(source)
    }

    fn make(&self, source: &CardSource, place: PutIn<'_>) -> Result<Box<dyn Icc + Send>, String> {
        let card = bench::open(source).map_err(|failure| failure.to_string())?;
        Ok(self.connect(card, place.conversation, Some(place.reader), place.put_back))
    }
}

/// Reports the events of each reader. [`crate::verbose`] reports the APDUs.
fn narrator() -> Observer {
    Box::new(|event: &ServiceEvent<'_>| {
        let text = match event.what {
            What::Inserted => "inserted",
            What::Removed => "removed",
            What::PowerOn { .. } => "power on",
            What::Reset { .. } => "warm reset",
            What::PowerOff => "power off",
            What::Unplugged => "reader unplugged",
            What::PluggedIn => "reader plugged in",
            _ => return,
        };
        say(&format!("[{}] -- {text}", event.reader));
    })
}
