//! The way of a card through its script: counts matching messages, decides on each message, and reports faults.

use std::sync::Arc;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use vmyna_apdu::Incident;

use super::script::{Action, Armed, Fault, Script, Trigger};

/// The report of a fault that has an effect; of a fault that removes the card, when the card leaves. The call comes before
/// the reader knows, in the thread that uses the card. It must not use the reader, which is locked until it returns.
#[derive(Clone, Copy, Debug)]
pub struct Notice<'a> {
    /// The fault's number in its script, from 1.
    pub number: usize,
    /// The fault.
    pub fault: &'a Fault,
}

/// The counts of one card.
pub(super) struct Counter {
    script: Arc<Script>,
    watch: Box<dyn FnMut(Notice<'_>) + Send>,
    /// The script's count of changes at which `faults` were taken from it.
    changes: u64,
    faults: Vec<Counted>,
}

/// A fault and what this card has counted for it.
struct Counted {
    armed: Arc<Armed>,
    /// How many messages it has matched.
    matches: u64,
    rng: ChaCha8Rng,
}

/// The decision on one message.
#[derive(Default)]
pub(super) struct Plan {
    /// The fault that acts, by its number.
    pub(super) acting: Option<usize>,
    /// How much longer it takes.
    pub(super) delay: Duration,
}

impl Counter {
    pub(super) fn new(script: Arc<Script>, watch: Box<dyn FnMut(Notice<'_>) + Send>) -> Self {
        let mut counter = Self {
            watch,
            changes: 0,
            faults: Vec::new(),
            script,
        };
        counter.look_again();
        counter
    }

    /// Takes the faults from the script as they are now. Those that were there before keep their counts.
    fn look_again(&mut self) {
        // Read before the list: a change between the two is noticed at the next message.
        self.changes = self.script.changes();
        let mut before = std::mem::take(&mut self.faults);
        for armed in self.script.armed() {
            let known = before.iter().position(|counted| Arc::ptr_eq(&counted.armed, &armed));
            self.faults.push(match known {
                Some(index) => before.swap_remove(index),
                None => Counted {
                    matches: 0,
                    rng: ChaCha8Rng::seed_from_u64(armed.fault.seed),
                    armed,
                },
            });
        }
    }

    /// Counts a message and decides on it. A fault that is only a delay has its effect now, if a program `waits` for the
    /// answer.
    pub(super) fn plan(&mut self, waits: bool, matches: impl Fn(&Trigger) -> bool) -> Plan {
        if self.script.changes() != self.changes {
            self.look_again();
        }
        let mut plan = Plan::default();
        for index in 0..self.faults.len() {
            let Some(Counted {
                armed, matches: count, ..
            }) = self.faults.get_mut(index)
            else {
                continue;
            };
            let (number, fault) = (armed.number, &armed.fault);
            if !matches(&fault.trigger) {
                continue;
            }
            *count += 1;
            armed.note_match();
            if !fault.trigger.fires_at(*count) {
                continue;
            }
            if fault.action.is_none() {
                plan.delay += fault.delay;
                if waits {
                    self.effect(number);
                }
            } else if plan.acting.is_none() {
                plan.delay += fault.delay;
                plan.acting = Some(number);
            }
        }
        plan
    }

    /// Notes and reports that a fault has its effect.
    pub(super) fn effect(&mut self, number: usize) {
        let Some(Counted { armed, .. }) = self.faults.iter().find(|one| one.armed.number == number) else {
            return;
        };
        armed.note_effect();
        (self.watch)(Notice {
            number,
            fault: &armed.fault,
        });
    }

    /// The action of a fault.
    pub(super) fn action(&self, number: usize) -> Option<Action> {
        let counted = self.faults.iter().find(|one| one.armed.number == number)?;
        counted.armed.fault.action.clone()
    }

    /// The fault that acts, if it removes the card.
    pub(super) fn removal(&self, plan: &Plan) -> Option<usize> {
        let removes = |number: &usize| {
            let action = self.action(*number);
            matches!(
                action,
                Some(Action::Remove { .. } | Action::RemoveAnswered { .. } | Action::Incident(Incident::Unplug { .. }))
            )
        };
        plan.acting.filter(removes)
    }

    /// The random numbers of a fault.
    pub(super) fn rng(&mut self, number: usize) -> Option<&mut ChaCha8Rng> {
        let counted = self.faults.iter_mut().find(|one| one.armed.number == number)?;
        Some(&mut counted.rng)
    }
}
