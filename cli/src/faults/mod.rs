//! `--fault` and `--latency` of the commands that run a card, and a report of the faults that never fired.
//!
//! Must never print a command or an answer, only the fault.

mod file;
mod parse;

use std::sync::Arc;
use std::time::Duration;

use vmyna::Bench;
use vmyna_apdu::ShowPath as _;
use vmyna_reader_bridge::fault::{Latency, Notice, Script, Trigger};

use crate::failure::Failure;
use crate::options::faults::{FaultOptions, FaultSource, LatencyChoice};
use crate::output::say;

/// The faults and the latency of the options; possibly none.
pub(crate) struct Faults {
    script: Arc<Script>,
    latency: Option<Latency>,
    verbose: bool,
}

impl Faults {
    /// Reads the files. With `verbose` every fault that fires is reported on standard error.
    pub(crate) fn begin(options: &FaultOptions, verbose: bool) -> Result<Self, Failure> {
        let mut faults = Vec::new();
        let mut latency: Option<Latency> = None;
        for source in &options.fault {
            match source {
                FaultSource::Fault(fault) => faults.push((**fault).clone()),
                FaultSource::File(path) => {
                    let read = file::read(path)?;
                    faults.extend(read.faults);
                    if read.latency.is_some() && latency.is_some() {
                        let message = format!("{}: a file before it has a [latency] already", path.shown());
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
            verbose,
        })
    }

    /// A bench whose cards have the faults and the latency.
    pub(crate) fn bench(&self) -> Bench {
        Bench::new()
            .with_faults(Arc::clone(&self.script))
            .with_latency(self.latency.clone())
    }

    /// Reports each fault that has an effect; `reader` is printed where there are several. `put_back` receives how long a
    /// card that is about to be pulled out stays out; it must not use the reader.
    pub(crate) fn watch<F: FnMut(Duration) + Send + 'static>(
        &self,
        reader: Option<&str>,
        mut put_back: F,
    ) -> impl FnMut(Notice<'_>) + Send + use<F> {
        let (verbose, reader) = (self.verbose, reader.map_or(String::new(), |name| format!("[{name}] ")));
        move |notice: Notice<'_>| {
            if verbose {
                say(&format!("{reader}!! fault {}: {}", notice.number, notice.fault));
            }
            let back = notice.fault.action.iter().filter_map(|action| action.back());
            back.for_each(&mut put_back);
        }
    }

    /// Whether anything can go wrong on purpose.
    pub(crate) fn any(&self) -> bool {
        !self.script.is_empty()
    }

    /// Reports at the end the faults that never fired: a test that has not met its fault proves nothing.
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
