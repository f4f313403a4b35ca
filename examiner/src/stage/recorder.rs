//! The two places at which a run is noted: at the card itself, and between the reader and the faults.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vmyna_apdu::{Icc, IccError, Incident, Pull};

use super::exchange::Log;

/// The log of a run, which both places share with the stage.
#[derive(Clone, Default)]
pub(super) struct SharedLog(Arc<Mutex<Log>>);

impl SharedLog {
    pub(super) fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The card itself, which the stage uses again when the run is over.
pub(super) type SharedCard = Arc<Mutex<Box<dyn Icc + Send>>>;

/// The card of a run: what it signs is noted before a fault can damage it.
pub(super) struct OwnCard {
    pub(super) card: SharedCard,
    pub(super) log: SharedLog,
}

impl OwnCard {
    fn card(&self) -> MutexGuard<'_, Box<dyn Icc + Send>> {
        self.card.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Icc for OwnCard {
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        self.card().power_on(atr)
    }

    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        self.card().reset(atr)
    }

    fn power_off(&mut self) -> Result<(), IccError> {
        self.card().power_off()
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
        self.card().transmit(command, response)?;
        self.log.lock().card_answered(command, response);
        Ok(())
    }

    fn has_left(&self) -> bool {
        self.card().has_left()
    }

    fn pull(&self) -> Option<Pull> {
        self.card().pull()
    }
}

/// The card as the program sees it, faults included.
pub(super) struct SeenCard {
    pub(super) card: Box<dyn Icc + Send>,
    pub(super) log: SharedLog,
}

impl Icc for SeenCard {
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        {
            let mut log = self.log.lock();
            log.power_ons += 1;
            log.begins_anew();
        }
        self.card.power_on(atr)
    }

    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        {
            let mut log = self.log.lock();
            log.resets += 1;
            log.begins_anew();
        }
        self.card.reset(atr)
    }

    fn power_off(&mut self) -> Result<(), IccError> {
        self.card.power_off()
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
        // The log is not locked while the card works: it notes its own answer there.
        self.log.lock().command(command, false);
        self.card.transmit(command, response)?;
        self.log.lock().answer(command, response);
        Ok(())
    }

    fn incident(&mut self, command: &[u8]) -> Option<Incident> {
        self.log.lock().command(command, true);
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
