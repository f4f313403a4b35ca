//! The way of a card through its script: counts matching messages, decides on each message, and reports faults.

use std::sync::Arc;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use vmyna_apdu::Incident;

use super::script::{Action, Fault, Script, Trigger};

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
    /// How many messages each fault has matched.
    matches: Vec<u64>,
    /// One generator a fault.
    rngs: Vec<ChaCha8Rng>,
}

/// The decision on one message.
#[derive(Default)]
pub(super) struct Plan {
    /// The fault that acts, by its index.
    pub(super) acting: Option<usize>,
    /// How much longer it takes.
    pub(super) delay: Duration,
}

impl Counter {
    pub(super) fn new(script: Arc<Script>, watch: Box<dyn FnMut(Notice<'_>) + Send>) -> Self {
        let seeded = |fault: &Fault| ChaCha8Rng::seed_from_u64(fault.seed);
        let rngs: Vec<_> = script.faults().map(seeded).collect();
        Self {
            watch,
            matches: vec![0; rngs.len()],
            rngs,
            script,
        }
    }

    /// Counts a message and decides on it. A fault that is only a delay has its effect now, if a program `waits` for the
    /// answer.
    pub(super) fn plan(&mut self, waits: bool, matches: impl Fn(&Trigger) -> bool) -> Plan {
        let mut plan = Plan::default();
        for index in 0..self.matches.len() {
            let (Some(fault), Some(count)) = (self.script.fault(index), self.matches.get_mut(index)) else {
                continue;
            };
            if !matches(&fault.trigger) {
                continue;
            }
            *count += 1;
            self.script.note_match(index);
            if !fault.trigger.fires_at(*count) {
                continue;
            }
            if fault.action.is_none() {
                plan.delay += fault.delay;
                if waits {
                    self.effect(index);
                }
            } else if plan.acting.is_none() {
                plan.delay += fault.delay;
                plan.acting = Some(index);
            }
        }
        plan
    }

    /// Notes and reports that a fault has its effect.
    pub(super) fn effect(&mut self, index: usize) {
        self.script.note_effect(index);
        if let Some(fault) = self.script.fault(index) {
            (self.watch)(Notice {
                number: index + 1,
                fault,
            });
        }
    }

    /// The action of a fault.
    pub(super) fn action(&self, index: usize) -> Option<Action> {
        self.script.fault(index)?.action.clone()
    }

    /// The fault that acts, if it removes the card.
    pub(super) fn removal(&self, plan: &Plan) -> Option<usize> {
        let removes = |index: &usize| {
            let action = self.action(*index);
            matches!(
                action,
                Some(Action::Remove { .. } | Action::RemoveAnswered { .. } | Action::Incident(Incident::Unplug { .. }))
            )
        };
        plan.acting.filter(removes)
    }

    /// The random numbers of a fault.
    pub(super) fn rng(&mut self, index: usize) -> Option<&mut ChaCha8Rng> {
        self.rngs.get_mut(index)
    }
}
