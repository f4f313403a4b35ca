//! The layers between a card and its reader, composed in one order.

use std::sync::Arc;

use rand_core::OsRng;
use vmyna_apdu::Icc;
use vmyna_applets::Interface;
use vmyna_reader_bridge::fault::{FaultyCard, Latency, Notice, RealTime, Script};
use vmyna_reader_bridge::trace::{Trace, Traced};
use vmyna_reader_bridge::{ContactlessReader, SoftwareReader};

use crate::error::Error;
use crate::source::{CardSource, OpenCard};

/// Readers that share faults, latency and a trace.
#[derive(Clone, Default)]
pub struct Bench {
    script: Arc<Script>,
    /// Faults may be armed later.
    open: bool,
    latency: Option<Latency>,
    trace: Option<Trace>,
}

impl Bench {
    /// Readers without faults, latency or trace.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cards fail as the script requires. Each card counts for itself; the script counts for all of them.
    #[must_use]
    pub fn with_faults(self, script: Arc<Script>) -> Self {
        Self { script, ..self }
    }

    /// Cards fail as the script requires, also by faults that are armed while they are in use. [`with_faults`](Self::with_faults)
    /// leaves the layer of faults out where there are none.
    #[must_use]
    pub fn with_later_faults(self, script: Arc<Script>) -> Self {
        Self {
            script,
            open: true,
            ..self
        }
    }

    /// Cards take that time for each command.
    #[must_use]
    pub fn with_latency(self, latency: Option<Latency>) -> Self {
        Self { latency, ..self }
    }

    /// Every message of every card is written to the trace.
    #[must_use]
    pub fn with_trace(self, trace: Option<Trace>) -> Self {
        Self { trace, ..self }
    }

    /// Opens a card and puts it into a reader of this process, which powers it.
    ///
    /// # Errors
    /// The card can't be opened, or gives no answer to reset.
    pub fn reader(&self, card: &CardSource) -> Result<SoftwareReader, Error> {
        self.reader_with(card.open(None)?, Slot::new("software reader"))
    }

    /// Puts an open card into a reader of this process, which powers it.
    ///
    /// # Errors
    /// The card gives no answer to reset.
    pub fn reader_with(&self, card: OpenCard, slot: Slot<'_>) -> Result<SoftwareReader, Error> {
        let mut reader = SoftwareReader::new("software reader");
        reader.put(self.connect(card, slot)).map_err(Error::Reader)?;
        Ok(reader)
    }

    /// Puts the layers between a card and a reader. From the card outwards:
    ///
    /// 1. the lock of its state, which the card itself holds ([`KeptCard`](crate::KeptCard)),
    /// 2. the contactless reader, if the card has no contacts,
    /// 3. faults and latency,
    /// 4. traces: first the slot's own, then the one that all readers share. They contain what the host sees.
    #[must_use]
    pub fn connect(&self, card: OpenCard, slot: Slot<'_>) -> Box<dyn Icc + Send> {
        let OpenCard {
            mut card,
            interface,
            secrecy,
            ..
        } = card;
        if let Interface::Contactless(type_b) = interface {
            card = Box::new(ContactlessReader::new(card, type_b, Box::new(OsRng)));
        }
        if self.open || self.latency.is_some() || !self.script.is_empty() {
            card = Box::new(FaultyCard::new(
                card,
                Arc::clone(&self.script),
                self.latency.clone(),
                Box::new(RealTime::default()),
                slot.watch,
            ));
        }
        for trace in slot.trace.into_iter().chain(self.trace.clone()) {
            card = Box::new(Traced::new(card, slot.name, trace, secrecy.clone()));
        }
        card
    }
}

/// The place of one card on a bench.
pub struct Slot<'a> {
    name: &'a str,
    watch: Box<dyn FnMut(Notice<'_>) + Send>,
    trace: Option<Trace>,
}

impl<'a> Slot<'a> {
    /// A slot; traces call the conversation with its card by this name.
    #[must_use]
    pub fn new(name: &'a str) -> Self {
        Self {
            name,
            watch: Box::new(|_| {}),
            trace: None,
        }
    }

    /// Calls `watch` with each fault that has an effect. It must not use the reader before it returns.
    #[must_use]
    pub fn watching_faults(self, watch: impl FnMut(Notice<'_>) + Send + 'static) -> Self {
        Self {
            watch: Box::new(watch),
            ..self
        }
    }

    /// Adds a trace of this slot alone.
    #[must_use]
    pub fn with_trace(self, trace: Option<Trace>) -> Self {
        Self { trace, ..self }
    }
}
