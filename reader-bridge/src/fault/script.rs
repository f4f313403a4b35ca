//! Faults and their triggers: pure data, and the one function that decides whether a fault fires.
//!
//! The decision depends on counts alone. It must never depend on time or on the content of an answer.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use vmyna_apdu::{CommandApdu, Incident, StatusWord};

use super::garble::Form;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The condition.
    pub trigger: Trigger,
    /// The action; `None` when the fault is the delay alone.
    pub action: Option<Action>,
    /// The delay of the answer, or of its absence.
    pub delay: Duration,
    /// The seed of its random numbers.
    pub seed: u64,
}

/// The kind of message that a fault applies to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum On {
    /// A command.
    #[default]
    Apdu,
    /// A cold reset; the first is the one when the card is put in.
    PowerOn,
    /// A warm reset.
    Reset,
}

/// The condition of a fault. The default is: at every command.
///
/// Messages that fulfil everything but `nth`, `every` and `times` match, and are counted from 1. The fault fires at match
/// `nth` (1 if not given; `every` if only that is given) and, if `every` is given, at each `every`th from there on;
/// otherwise at each one from there on. It fires `times` times; if that is not given, once if `nth` or `after` is given
/// without `every`, else without end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trigger {
    /// The kind of message.
    pub on: On,
    /// The class byte of a command.
    pub cla: Option<u8>,
    /// The instruction byte of a command.
    pub ins: Option<u8>,
    /// P1 of a command.
    pub p1: Option<u8>,
    /// P2 of a command.
    pub p2: Option<u8>,
    /// Only commands with a data field: VERIFY without one is a question.
    pub data: bool,
    /// The number of commands of any kind that must come before.
    pub after: Option<u64>,
    /// The first match at which it fires, from 1.
    pub nth: Option<u64>,
    /// The distance between matches at which it fires; 0 is taken for 1.
    pub every: Option<u64>,
    /// How often it fires at most.
    pub times: Option<u64>,
}

impl Trigger {
    /// Whether a command after `before` others is counted. A command without a byte that the trigger names is not.
    pub(super) fn matches_command(&self, command: &[u8], before: u64) -> bool {
        let byte = |wanted: Option<u8>, index: usize| wanted.is_none() || wanted == command.get(index).copied();
        self.on == On::Apdu
            && byte(self.cla, 0)
            && byte(self.ins, 1)
            && byte(self.p1, 2)
            && byte(self.p2, 3)
            && (!self.data || CommandApdu::parse(command).is_ok_and(|apdu| !apdu.data.is_empty()))
            && self.is_after(before)
    }

    /// Whether a power-on or reset is counted.
    pub(super) fn matches_power(&self, on: On, before: u64) -> bool {
        self.on == on && self.is_after(before)
    }

    fn is_after(&self, before: u64) -> bool {
        self.after.is_none_or(|after| before >= after)
    }

    /// Whether it fires at match number `number`, from 1.
    pub(super) fn fires_at(&self, number: u64) -> bool {
        let first = self.nth.or(self.every).unwrap_or(1);
        let Some(behind) = number.checked_sub(first) else {
            return false;
        };
        let once = self.every.is_none() && (self.nth.is_some() || self.after.is_some());
        let step = self.every.unwrap_or(1).max(1);
        let limit = self.times.unwrap_or(if once { 1 } else { u64::MAX });
        behind.is_multiple_of(step) && behind / step < limit
    }
}

/// The time after which Windows resets a card whose transaction is not used (SCardBeginTransaction).
pub(super) const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(5);

/// The action of a fault. With `executed` the card executes the command, and only the answer is lost. Without it the card
/// never gets the command.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Another status word, without data.
    Status {
        /// The status word.
        status_word: StatusWord,
        /// See [`Action`].
        executed: bool,
    },
    /// `61xx`: the data waits for GET RESPONSE. Has an effect only on an answer with data.
    MoreData {
        /// At most so many bytes are announced at a time: 1 to 256.
        piece: u16,
    },
    /// `6Cxx`: the data is given to the same command with the right Le. Has an effect only on an answer of 1 to 256 bytes of
    /// data to a command with another Le. The card executes the command once.
    WrongLe,
    /// The card is pulled out, instead of an answer.
    Remove {
        /// See [`Action`].
        executed: bool,
        /// The time after which the owner of the reader is to put it back.
        back: Option<Duration>,
    },
    /// The card answers, and is pulled out then.
    RemoveAnswered {
        /// See [`Action::Remove`].
        back: Option<Duration>,
    },
    /// No answer.
    Mute {
        /// See [`Action`].
        executed: bool,
        /// Nor to anything else before the next reset or power-on.
        until_reset: bool,
    },
    /// A damaged answer or ATR.
    Garbled(Form),
    /// An event at the reader.
    Incident(Incident),
}

impl Action {
    /// The time after which a removed card is to be put back, or an unplugged reader to be plugged in.
    pub fn back(&self) -> Option<Duration> {
        match self {
            Action::Remove { back, .. }
            | Action::RemoveAnswered { back }
            | Action::Incident(Incident::Unplug { back, .. }) => *back,
            _ => None,
        }
    }
}

/// Faults with their counts of matches and effects, over all cards with this script. They can be armed and disarmed while cards
/// are in use; a card notices it at its next message.
#[derive(Debug, Default)]
pub struct Script {
    armed: RwLock<Vec<Arc<Armed>>>,
    /// How many times that list has changed. Cards compare it at each message, and lock nothing as long as it is the same.
    changes: AtomicU64,
    /// How many faults were ever in it.
    numbered: AtomicUsize,
}

/// A fault in a script.
#[derive(Debug)]
pub(super) struct Armed {
    /// Its number, from 1.
    pub(super) number: usize,
    pub(super) fault: Fault,
    matched: AtomicU64,
    fired: AtomicU64,
}

impl Armed {
    pub(super) fn note_match(&self) {
        self.matched.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn note_effect(&self) {
        self.fired.fetch_add(1, Ordering::Relaxed);
    }
}

/// A fault that has had no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unfired {
    /// Its number, from 1.
    pub number: usize,
    /// The fault.
    pub fault: Fault,
    /// How many messages have matched.
    pub matched: u64,
}

impl Script {
    /// A script of these faults, numbered from 1. If several faults fire at one message, the first one acts, and all delays add
    /// up.
    pub fn new(faults: Vec<Fault>) -> Script {
        let script = Script::default();
        for fault in faults {
            script.arm(fault);
        }
        script
    }

    /// Adds a fault behind the others, and returns its number, which no other fault of this script ever has. Each card counts
    /// its matches from its next message on.
    pub fn arm(&self, fault: Fault) -> usize {
        let mut armed = self.armed.write().unwrap_or_else(PoisonError::into_inner);
        let number = self.numbered.fetch_add(1, Ordering::Relaxed) + 1;
        armed.push(Arc::new(Armed {
            number,
            fault,
            matched: AtomicU64::new(0),
            fired: AtomicU64::new(0),
        }));
        self.changes.fetch_add(1, Ordering::Release);
        number
    }

    /// Takes the fault of this number out; returns whether it was there. A message that a card works on is not affected.
    pub fn disarm(&self, number: usize) -> bool {
        let mut armed = self.armed.write().unwrap_or_else(PoisonError::into_inner);
        let before = armed.len();
        armed.retain(|one| one.number != number);
        self.changes.fetch_add(1, Ordering::Release);
        armed.len() < before
    }

    /// Whether it has no fault now.
    pub fn is_empty(&self) -> bool {
        self.armed().is_empty()
    }

    /// The faults that have had no effect on any card so far.
    pub fn unfired(&self) -> Vec<Unfired> {
        let armed = self.armed().into_iter();
        let unfired = armed.filter(|one| one.fired.load(Ordering::Relaxed) == 0);
        unfired
            .map(|one| Unfired {
                number: one.number,
                fault: one.fault.clone(),
                matched: one.matched.load(Ordering::Relaxed),
            })
            .collect()
    }

    /// How many times faults were armed and disarmed.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// The faults of this moment, in their order.
    pub(super) fn armed(&self) -> Vec<Arc<Armed>> {
        self.armed.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Display for Fault {
    /// The form of the command line. Parsing it gives the same fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = self.action.iter().map(ToString::to_string).collect();
        if self.delay > Duration::ZERO {
            parts.push(format!("delay={}", self.delay.as_millis()));
        }
        let Trigger {
            on, cla, ins, p1, p2, ..
        } = self.trigger;
        match on {
            On::Apdu => {}
            On::PowerOn => parts.push("on=power-on".to_owned()),
            On::Reset => parts.push("on=reset".to_owned()),
        }
        let bytes = [("cla", cla), ("ins", ins), ("p1", p1), ("p2", p2)].into_iter();
        parts.extend(bytes.filter_map(|(key, byte)| Some(format!("{key}={:02X}", byte?))));
        if self.trigger.data {
            parts.push("data".to_owned());
        }
        let Trigger {
            after,
            nth,
            every,
            times,
            ..
        } = self.trigger;
        let counts = [("after", after), ("nth", nth), ("every", every), ("times", times)].into_iter();
        parts.extend(counts.filter_map(|(key, count)| Some(format!("{key}={}", count?))));
        if self.seed != 0 {
            parts.push(format!("seed={}", self.seed));
        }
        f.write_str(&parts.join(","))
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let executed = |executed: &bool| if *executed { ",executed" } else { "" };
        let back = |back: &Option<Duration>| back.map_or(String::new(), |time| format!(",back={}", time.as_millis()));
        match self {
            Action::Status {
                status_word,
                executed: done,
            } => write!(f, "sw={status_word}{}", executed(done)),
            Action::MoreData { piece: 256 } => f.write_str("sw=61xx"),
            Action::MoreData { piece } => write!(f, "sw=61xx,piece={piece}"),
            Action::WrongLe => f.write_str("sw=6Cxx"),
            Action::Remove {
                executed: done,
                back: time,
            } => write!(f, "remove{}{}", executed(done), back(time)),
            Action::RemoveAnswered { back: time } => write!(f, "remove=answered{}", back(time)),
            Action::Mute {
                executed: done,
                until_reset: false,
            } => write!(f, "mute{}", executed(done)),
            Action::Mute {
                executed: done,
                until_reset: true,
            } => write!(f, "mute=until-reset{}", executed(done)),
            Action::Garbled(form) => write!(f, "garbled={form}"),
            Action::Incident(incident) => match incident {
                Incident::Unplug {
                    executed: done,
                    back: time,
                } => write!(f, "unplug{}{}", executed(done), back(time)),
                Incident::Probe => f.write_str("probe"),
                Incident::OtherReset => f.write_str("other-reset"),
                Incident::TransactionLost => f.write_str("transaction-lost"),
                Incident::TransactionTimeout(TRANSACTION_TIMEOUT) => f.write_str("transaction-timeout"),
                Incident::TransactionTimeout(time) => write!(f, "transaction-timeout={}", time.as_millis()),
                Incident::ServiceGone {
                    executed: done,
                    back: time,
                } => write!(f, "service-gone{}{}", executed(done), back(time)),
                // No fault has one that this crate does not know.
                _ => Ok(()),
            },
        }
    }
}

#[cfg(test)]
mod tests;
