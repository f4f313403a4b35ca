//! A card with a trace of all its messages.

use super::{Message, Octets, Secrecy, Sink, What};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use vmyna_apdu::{Icc, IccError, Incident, Pull};

/// A trace that is being written, by any number of cards at a time.
#[derive(Clone)]
pub struct Trace {
    show_secrets: bool,
    state: Arc<Mutex<State>>,
}

struct State {
    /// `None` once it could not be written.
    sink: Option<Box<dyn Sink>>,
    failed: Box<dyn FnMut(&io::Error) + Send>,
}

impl Trace {
    /// Writes with `sink`. With `show_secrets` nothing is masked. `failed` is called once, when the trace can't be written
    /// any further; the cards go on.
    pub fn new(sink: Box<dyn Sink>, show_secrets: bool, failed: Box<dyn FnMut(&io::Error) + Send>) -> Self {
        let state = State {
            sink: Some(sink),
            failed,
        };
        Self {
            show_secrets,
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Writes a command and its answer, `None` if there was none, for a program that uses a card without [`Traced`].
    pub fn exchange(
        &self,
        reader: &str,
        secrecy: &Secrecy,
        (sent, command): (SystemTime, &[u8]),
        response: Option<&[u8]>,
    ) {
        let mask = !self.show_secrets;
        let answer = match response {
            None => What::Unanswered,
            Some(response) => {
                // Without a status word all of it is data that was cut off.
                let data = response.len().checked_sub(2).unwrap_or(response.len());
                let secret = if secrecy.answer(command) { 0..data } else { 0..0 };
                What::Response(Octets::new(response, secret, mask))
            }
        };
        let message = |time, what| Message {
            reader: reader.into(),
            time,
            what,
        };
        self.write(&[
            message(
                sent,
                What::Command(Octets::new(command, secrecy.command(command), mask)),
            ),
            message(SystemTime::now(), answer),
        ]);
    }

    /// Writes a power event or a reset of this moment.
    pub fn note(&self, reader: &str, what: What) {
        self.write(&[Message {
            reader: reader.into(),
            time: SystemTime::now(),
            what,
        }]);
    }

    fn write(&self, messages: &[Message]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sink) = &mut state.sink
            && let Err(error) = sink.write(messages)
        {
            state.sink = None;
            (state.failed)(&error);
        }
    }
}

/// A card that writes each message into a [`Trace`] before the reader has it. A command and its answer are written
/// together, so that those of several readers don't mix.
pub struct Traced {
    card: Box<dyn Icc + Send>,
    reader: String,
    trace: Trace,
    secrecy: Secrecy,
    powered: bool,
}

impl Traced {
    /// Puts the trace in front of `card`, which is in the reader called `reader`.
    pub fn new(card: Box<dyn Icc + Send>, reader: impl Into<String>, trace: Trace, secrecy: Secrecy) -> Self {
        Self {
            card,
            reader: reader.into(),
            trace,
            secrecy,
            powered: false,
        }
    }

    fn power_lost(&mut self) {
        if std::mem::take(&mut self.powered) {
            self.trace.note(&self.reader, What::PowerOff);
        }
    }

    /// Notes that a card which has left by itself has lost its power.
    fn look_whether_it_left(&mut self, outcome: Result<(), IccError>) {
        if outcome == Err(IccError::Gone) || self.card.has_left() {
            self.power_lost();
        }
    }
}

impl Icc for Traced {
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        // Without an ATR it has no power.
        self.card.power_on(atr).inspect_err(|_| self.power_lost())?;
        self.powered = true;
        self.trace.note(&self.reader, What::PowerOn(atr.clone()));
        Ok(())
    }

    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        let outcome = self.card.reset(atr);
        if outcome.is_ok() {
            self.trace.note(&self.reader, What::Reset(atr.clone()));
        }
        self.look_whether_it_left(outcome);
        outcome
    }

    fn power_off(&mut self) -> Result<(), IccError> {
        self.power_lost();
        self.card.power_off()
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
        let sent = SystemTime::now();
        let outcome = self.card.transmit(command, response);
        let answer = outcome.is_ok().then_some(response.as_slice());
        self.trace
            .exchange(&self.reader, &self.secrecy, (sent, command), answer);
        self.look_whether_it_left(outcome);
        outcome
    }

    fn incident(&mut self, command: &[u8]) -> Option<Incident> {
        self.card.incident(command)
    }

    fn incident_happens(&mut self) {
        self.card.incident_happens();
    }

    fn has_left(&self) -> bool {
        self.card.has_left()
    }

    fn pull(&self) -> Option<Pull> {
        self.card.pull()
    }
}
