//! `--fault` and `--latency` of the commands that run a card: what was asked for, around each card, and at the end which
//! faults have never fired.
//!
//! Must never tell of a command or an answer, only of the fault.

pub(crate) mod args;
mod file;

use std::sync::Arc;
use std::time::Duration;

use vmyna_apdu::Icc;
use vmyna_reader_bridge::fault::{FaultyCard, Latency, Notice, RealTime, Script, Trigger};

use crate::failure::Failure;
use crate::output::say;
use args::{FaultOptions, FaultSource, LatencyChoice};

/// What was asked for; possibly nothing.
pub(crate) struct Faults {
    script: Arc<Script>,
    latency: Option<Latency>,
    tell: bool,
}

impl Faults {
    /// Reads the files. With `tell` every fault that fires is told on standard error.
    pub(crate) fn begin(options: &FaultOptions, tell: bool) -> Result<Self, Failure> {
        let mut faults = Vec::new();
        let mut latency: Option<Latency> = None;
        for source in &options.fault {
            match source {
                FaultSource::Fault(fault) => faults.push((**fault).clone()),
                FaultSource::File(path) => {
                    let read = file::read(path)?;
                    faults.extend(read.faults);
                    if read.latency.is_some() && latency.is_some() {
                        let message = format!("{}: a file before it has a [latency] already", path.display());
                        return Err(Failure::Usage(message));
                    }
                    latency = read.latency.or(latency);
                }
            }
        }
        latency = match &options.latency {
            None => latency,
            Some(LatencyChoice::None) => None,
            Some(LatencyChoice::Card) => Some(Latency::CARD),
            Some(LatencyChoice::Flat(time)) => Some(Latency::flat(*time)),
        };
        Ok(Self {
            script: Arc::new(Script::new(faults)),
            latency,
            tell,
        })
    }

    /// The card as the host is to meet it, in the reader of this name, if there are several. `put_back` is told in how much
    /// time the card is to be put back that is about to be pulled out; it must not use the reader.
    pub(crate) fn around(
        &self,
        card: Box<dyn Icc + Send>,
        reader: Option<&str>,
        mut put_back: impl FnMut(Duration) + Send + 'static,
    ) -> Box<dyn Icc + Send> {
        if self.latency.is_none() && !self.any() {
            return card;
        }
        let (tell, place) = (self.tell, reader.map_or(String::new(), |name| format!("[{name}] ")));
        let watch = move |notice: Notice<'_>| {
            if tell {
                say(&format!("{place}!! fault {}: {}", notice.number, notice.fault));
            }
            notice
                .fault
                .action
                .iter()
                .filter_map(|action| action.back())
                .for_each(&mut put_back);
        };
        Box::new(FaultyCard::new(
            card,
            Arc::clone(&self.script),
            self.latency.clone(),
            Box::new(RealTime::default()),
            Box::new(watch),
        ))
    }

    /// Whether anything can go wrong on purpose.
    pub(crate) fn any(&self) -> bool {
        self.script.faults().next().is_some()
    }

    /// At the end: which faults have never fired. A test that has not met its fault proves nothing.
    pub(crate) fn report(&self) {
        for unfired in self.script.unfired() {
            // Everything matches a fault without a condition, or nothing was there to match.
            let counted = match unfired.fault.trigger == Trigger::default() {
                true => String::new(),
                false => format!(" ({} matched)", unfired.matched),
            };
            let (number, fault) = (unfired.number, unfired.fault);
            say(&format!("vmyna: warning: fault {number} never fired: {fault}{counted}"));
        }
    }
}
