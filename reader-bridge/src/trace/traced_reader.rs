//! A reader of the machine with a trace.

use std::time::SystemTime;

use vmyna_apdu::{Reader, ReaderError};

use super::{Secrecy, Trace, What};

/// A reader with a trace. Its card reports nothing to the trace, so all that is read counts as secret.
pub struct TracedReader {
    reader: Box<dyn Reader>,
    trace: Trace,
}

impl TracedReader {
    /// Puts the trace in front of `reader`.
    pub fn new(reader: Box<dyn Reader>, trace: Trace) -> Self {
        Self { reader, trace }
    }

    fn note(&self, what: What) {
        self.trace.note(self.reader.name(), what);
    }

    fn powered(&self) {
        self.note(What::PowerOn(self.reader.atr().unwrap_or_default().to_vec()));
    }
}

impl Reader for TracedReader {
    fn name(&self) -> &str {
        self.reader.name()
    }

    fn atr(&self) -> Option<&[u8]> {
        self.reader.atr()
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), ReaderError> {
        let sent = SystemTime::now();
        let outcome = self.reader.transmit(command, response);
        let answer = outcome.is_ok().then_some(response.as_slice());
        let name = self.reader.name();
        self.trace.exchange(name, &Secrecy::unknown(), (sent, command), answer);
        outcome
    }

    fn reset(&mut self) -> Result<(), ReaderError> {
        self.reader.reset()?;
        self.note(What::Reset(self.reader.atr().unwrap_or_default().to_vec()));
        Ok(())
    }

    fn power_cycle(&mut self) -> Result<(), ReaderError> {
        self.reader.power_cycle()?;
        self.note(What::PowerOff);
        self.powered();
        Ok(())
    }

    fn remove(&mut self) -> Result<(), ReaderError> {
        self.reader.remove()?;
        self.note(What::PowerOff);
        Ok(())
    }

    fn insert(&mut self) -> Result<(), ReaderError> {
        self.reader.insert()?;
        self.powered();
        Ok(())
    }
}
