//! The card with faults and latency.

use std::sync::Arc;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use vmyna_apdu::{CommandApdu, Icc, IccError, Incident, Pull};

use super::counter::{Counter, Notice, Plan};
use super::latency::Latency;
use super::script::{Action, On, Script};
use super::time::Time;
use super::two_steps::Kept;

/// The longest ATR (ISO/IEC 7816-3, 8.2).
const LONGEST_ATR: usize = 33;

/// Bytes of a status word.
const STATUS_WORD: usize = 2;

/// A card with faults and latency around another card.
pub struct FaultyCard {
    card: Box<dyn Icc + Send>,
    counter: Counter,
    latency: Option<Latency>,
    time: Box<dyn Time>,
    pull: Pull,
    jitter: ChaCha8Rng,
    /// Commands so far.
    commands: u64,
    /// It has been powered on since it was put in.
    inserted: bool,
    powered: bool,
    /// It has been pulled out and not yet been powered on again.
    gone: bool,
    /// It gives no answer until it is reset.
    hung: bool,
    /// The data kept for a second step.
    kept: Option<Kept>,
    /// The decision on the command that the reader has asked about. Such a reader makes the incidents itself.
    asked: Option<Plan>,
    /// The fault whose incident the reader is to make.
    incident: Option<usize>,
}

/// What another program selects: the PIV application, for which many programs look in every card.
const PROBED: [u8; 14] = [
    0x00, 0xA4, 0x04, 0x00, 0x09, 0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00,
];

impl FaultyCard {
    /// Puts faults and latency in front of `card`. `watch` is called for each fault that has an effect.
    pub fn new(
        card: Box<dyn Icc + Send>,
        script: Arc<Script>,
        latency: Option<Latency>,
        time: Box<dyn Time>,
        watch: Box<dyn FnMut(Notice<'_>) + Send>,
    ) -> Self {
        let jitter = ChaCha8Rng::seed_from_u64(latency.as_ref().map_or(0, |latency| latency.seed));
        Self {
            card,
            counter: Counter::new(script, watch),
            latency,
            time,
            pull: Pull::default(),
            jitter,
            commands: 0,
            inserted: false,
            powered: false,
            gone: false,
            hung: false,
            kept: None,
            asked: None,
            incident: None,
        }
    }

    /// Decides on a command, and counts it.
    fn plan(&mut self, command: &[u8]) -> Plan {
        let before = self.commands;
        self.commands += 1;
        self.counter
            .plan(true, |trigger| trigger.matches_command(command, before))
    }

    /// Another program selects an application, if it probes, and resets the card.
    fn reset_by_other(&mut self, probes: bool) {
        let mut ignored = Vec::new();
        if probes {
            // Whatever the card answers to the other program.
            let _ = self.card.transmit(&PROBED, &mut ignored);
        }
        let _ = self.card.reset(&mut ignored);
        self.kept = None;
    }

    /// Answers a command at which there is an incident. A reader that has asked makes it; for any other one the card does
    /// what it can.
    fn act_incident(
        &mut self,
        (number, incident): (usize, Incident),
        asked: bool,
        command: &[u8],
        response: &mut Vec<u8>,
    ) -> Result<(), IccError> {
        match incident {
            Incident::Unplug { executed, .. } | Incident::ServiceGone { executed, .. } if asked => {
                if executed {
                    self.execute(command, response)?;
                }
                Err(IccError::Mute)
            }
            // The caller removes the card later.
            Incident::Unplug { executed, .. } => {
                if executed {
                    self.execute(command, response)?;
                }
                Err(IccError::Gone)
            }
            Incident::Probe | Incident::OtherReset if !asked => {
                self.reset_by_other(incident == Incident::Probe);
                self.counter.effect(number);
                self.execute(command, response).map(drop)
            }
            _ => self.execute(command, response).map(drop),
        }
    }

    /// Executes the command, or fetches the data that is kept for it. Returns whether it was fetched.
    fn execute(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<bool, IccError> {
        let (fetched, kept) = self
            .kept
            .take()
            .map_or((false, None), |kept| kept.fetch(command, response));
        self.kept = kept;
        if !fetched {
            self.card.transmit(command, response)?;
        }
        Ok(fetched)
    }

    /// Answers a command as the fault demands. A command that the card itself does not answer stays unanswered.
    fn act(&mut self, number: usize, asked: bool, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
        let action = match self.counter.action(number) {
            None => return self.execute(command, response).map(drop),
            Some(Action::Incident(incident)) => {
                return self.act_incident((number, incident), asked, command, response);
            }
            Some(action) => action,
        };
        let executed = match &action {
            Action::Status { executed, .. } | Action::Remove { executed, .. } | Action::Mute { executed, .. } => {
                *executed
            }
            Action::MoreData { .. }
            | Action::WrongLe
            | Action::RemoveAnswered { .. }
            | Action::Garbled(_)
            | Action::Incident(_) => true,
        };
        let mut fetched = false;
        if executed {
            fetched = self.execute(command, response)?;
        } else {
            self.kept = None;
        }
        match &action {
            Action::Status { status_word, .. } => {
                self.kept = None;
                response.clear();
                response.extend(status_word.to_bytes());
            }
            // Fetched data is the second step already.
            Action::MoreData { .. } | Action::WrongLe if fetched => return Ok(()),
            Action::MoreData { piece } => match Kept::more(response, (*piece).into()) {
                Some(kept) => self.kept = Some(kept),
                None => return Ok(()),
            },
            Action::WrongLe => match Kept::again(command, response) {
                Some(kept) => self.kept = Some(kept),
                None => return Ok(()),
            },
            // The caller removes the card later.
            Action::Remove { .. } => return Err(IccError::Gone),
            Action::RemoveAnswered { .. } | Action::Incident(_) => return Ok(()),
            Action::Mute { until_reset, .. } => {
                self.kept = None;
                self.hung = *until_reset;
                self.counter.effect(number);
                return Err(IccError::Mute);
            }
            Action::Garbled(form) => {
                let ne = CommandApdu::parse(command).map_or(0, |apdu| apdu.ne.unwrap_or_default());
                if let Some(rng) = self.counter.rng(number) {
                    form.damage(response, STATUS_WORD, ne as usize, rng);
                }
            }
        }
        self.counter.effect(number);
        Ok(())
    }

    /// Waits for the rest of `time`, and for `delay` in addition.
    fn take_time(&mut self, begin: Duration, time: Duration, delay: Duration) -> Result<(), IccError> {
        let percent = self.latency.as_ref().map_or(0, |latency| latency.jitter);
        // In 1024ths of the whole jitter: fine enough, and the same on every machine.
        let drawn = if percent == 0 { 0 } else { self.jitter.next_u32() % 1025 };
        let time = time + time * percent / 100 * drawn / 1024;
        let left = time.saturating_sub(self.time.now().saturating_sub(begin)) + delay;
        if left == Duration::ZERO || self.time.wait(left, &self.pull) {
            return Ok(());
        }
        self.take_out();
        Err(IccError::Gone)
    }

    /// It has left the reader, and its power with it.
    fn take_out(&mut self) {
        // A card that has left by itself has no power either.
        let _ = self.card.power_off();
        self.without_power();
        self.gone = true;
    }

    fn without_power(&mut self) {
        self.powered = false;
        self.hung = false;
        self.kept = None;
    }

    /// Powers on or resets the card as the script demands.
    fn power(
        &mut self,
        on: On,
        atr: &mut Vec<u8>,
        call: impl FnOnce(&mut (dyn Icc + Send), &mut Vec<u8>) -> Result<(), IccError>,
    ) -> Result<(), IccError> {
        let begin = self.time.now();
        let before = self.commands;
        // No program uses an inserted card before its first power-on.
        let waits = std::mem::replace(&mut self.inserted, true);
        let plan = self.counter.plan(waits, |trigger| trigger.matches_power(on, before));
        let fault = plan
            .acting
            .and_then(|number| Some((number, self.counter.action(number)?)));
        self.without_power();
        let outcome = match &fault {
            Some((_, Action::Mute { .. })) => self.card.power_off().and(Err(IccError::Mute)),
            Some((_, Action::Remove { .. })) => Err(IccError::Gone),
            _ => call(&mut *self.card, atr),
        };
        if let Some((number, action)) = fault {
            if let (Action::Garbled(form), Ok(()), Some(rng)) = (action, outcome, self.counter.rng(number)) {
                form.damage(atr, 0, LONGEST_ATR, rng);
            }
            if self.counter.removal(&plan).is_none() {
                self.counter.effect(number);
            }
        }
        self.powered = outcome.is_ok();
        if waits {
            let time = self.latency.as_ref().map_or(Duration::ZERO, |latency| latency.power_on);
            self.take_time(begin, time, plan.delay)?;
        }
        self.counter
            .removal(&plan)
            .iter()
            .for_each(|number| self.counter.effect(*number));
        if outcome == Err(IccError::Gone) {
            self.take_out();
        }
        outcome
    }
}

impl Icc for FaultyCard {
    fn power_on(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        // Only a card that is in a reader is powered on: if it was out, or is being removed at this moment, it is inserted again.
        if std::mem::take(&mut self.gone) | self.pull.back() {
            self.inserted = false;
        }
        self.power(On::PowerOn, atr, |card, atr| card.power_on(atr))
    }

    fn reset(&mut self, atr: &mut Vec<u8>) -> Result<(), IccError> {
        if self.gone {
            return Err(IccError::Gone);
        }
        self.power(On::Reset, atr, |card, atr| card.reset(atr))
    }

    fn power_off(&mut self) -> Result<(), IccError> {
        if self.gone {
            return Err(IccError::Gone);
        }
        self.without_power();
        self.card.power_off()
    }

    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), IccError> {
        if self.gone {
            return Err(IccError::Gone);
        }
        if self.hung || !self.powered {
            return Err(IccError::Mute);
        }
        let begin = self.time.now();
        let asked = self.asked.take();
        let is_asked = asked.is_some();
        let plan = asked.unwrap_or_else(|| self.plan(command));
        let outcome = match plan.acting {
            Some(number) => self.act(number, is_asked, command, response),
            None => self.execute(command, response).map(drop),
        };
        let latency = self.latency.as_ref().filter(|_| outcome.is_ok());
        let time = latency.map_or(Duration::ZERO, |latency| latency.of(command, response));
        self.take_time(begin, time, plan.delay)?;
        let removal = self.counter.removal(&plan).filter(|_| outcome != Err(IccError::Mute));
        removal.iter().for_each(|number| self.counter.effect(*number));
        if removal.is_some() || outcome == Err(IccError::Gone) {
            self.take_out();
        }
        outcome
    }

    fn incident(&mut self, command: &[u8]) -> Option<Incident> {
        self.asked = None;
        if self.gone || self.hung || !self.powered {
            return None;
        }
        let plan = self.plan(command);
        let action = plan.acting.and_then(|number| self.counter.action(number));
        let incident = match action {
            Some(Action::Incident(incident)) => Some(incident),
            _ => None,
        };
        self.incident = plan.acting.filter(|_| incident.is_some());
        self.asked = Some(plan);
        incident
    }

    fn incident_happens(&mut self) {
        let Some(number) = self.incident.take() else { return };
        // Its command may not have been sent.
        self.asked = None;
        if self.counter.action(number) == Some(Action::Incident(Incident::Probe)) {
            // The reader resets the card.
            let _ = self.card.transmit(&PROBED, &mut Vec::new());
        }
        self.counter.effect(number);
    }

    fn has_left(&self) -> bool {
        self.gone || self.card.has_left()
    }

    fn pull(&self) -> Option<Pull> {
        Some(self.pull.clone())
    }
}

#[cfg(test)]
mod tests;
