//! A bench as the options of a command describe it: faults and latency, a trace, verbose output.

use std::sync::Arc;
use std::time::Duration;

use vmyna::card_os::{Event, Observer};
use vmyna::{Bench, CardSource, OpenCard, Slot};
use vmyna_apdu::Icc;
use vmyna_reader_bridge::trace::Trace;

use crate::advice;
use crate::failure::Failure;
use crate::faults::Faults;
use crate::output::say;
use crate::settle::settle;
use crate::trace_file::names::Names;
use crate::verbose;

/// Verbose output on standard error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verbose {
    pub(crate) show_secrets: bool,
}

/// A bench with the faults, the trace and the verbose output of a command.
pub(crate) struct OwnBench {
    bench: Bench,
    faults: Arc<Faults>,
    names: Names,
    verbose: Option<Verbose>,
}

impl OwnBench {
    /// `names` are those of the trace.
    pub(crate) fn new(faults: &Arc<Faults>, trace: Option<Trace>, names: Names, verbose: Option<Verbose>) -> Self {
        Self {
            bench: faults.bench().with_trace(trace),
            faults: Arc::clone(faults),
            names,
            verbose,
        }
    }

    /// Puts the layers around a card. `conversation` is its name in the trace; `reader` is printed in verbose output, where
    /// there may be several readers. `put_back` receives how long a card that a fault pulls out stays out; it must not use
    /// the reader.
    pub(crate) fn connect(
        &self,
        card: OpenCard,
        conversation: &str,
        reader: Option<&str>,
        put_back: impl FnMut(Duration) + Send + 'static,
    ) -> Box<dyn Icc + Send> {
        self.names.note(conversation, &card);
        let verbose = self
            .verbose
            .map(|verbose| verbose::trace(reader, verbose.show_secrets, card.applications()));
        let slot = Slot::new(conversation)
            .watching_faults(self.faults.watch(reader, put_back))
            .with_trace(verbose);
        self.bench.connect(card, slot)
    }
}

/// Opens a card that programs use. Why a change could not be stored is printed on standard error, because the program gets
/// only the status word 6581.
pub(crate) fn open(source: &CardSource) -> Result<OpenCard, Failure> {
    settle(source);
    let report: Box<dyn Observer + Send> = Box::new(|event: &Event<'_>| {
        if let Event::Commit { outcome: Err(why), .. } = event {
            say(&format!("vmyna: {}", advice::of_store(why)));
        }
    });
    Ok(source.open(Some(report))?)
}
