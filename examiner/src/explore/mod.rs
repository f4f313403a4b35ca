//! Interrupts the conversation of a program with its card at every command, in every way, and judges what the program makes
//! of it.
//!
//! The program first runs twice undisturbed. Then it runs once for each interruption at each command. Conversations can
//! change, so each kind of interruption goes on with the next command until a run has met none. A finding is confirmed
//! before it is reported: the fault is put into its shortest form, and the program is run with it once more.
//!
//! The module must never report what a program has printed, which can hold a PIN.

pub(crate) mod crash;
mod interruption;
mod judge;
mod report;
mod saved;
mod work;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use regex::Regex;
use serde::{Deserialize, Serialize};
use vmyna_apdu::{Text, instruction};
use vmyna_applets::issued::IssuedCard;
use vmyna_card_os::CardError;
use vmyna_reader_bridge::fault::{Fault, FaultError, Script};

use crate::program::{Ended, Order, Outcome};
use crate::stage::{Exchange, SOCKET_VARIABLE, Seen, Stage, StageCard, StageError};
pub use interruption::{INTERRUPTIONS, Interruption};
pub use judge::Problem;
use judge::Reference;
pub use saved::{Saved, SavedError};

/// An undisturbed run with more commands than this is not explored.
pub const MOST_COMMANDS: usize = 10_000;

/// What is explored, and how.
pub struct Settings {
    /// The program; its limit is how long a run may take.
    pub order: Order,
    /// The card; each run has a fresh one, as issued.
    pub card: IssuedCard,
    /// Decides how answers are damaged, and the card's random numbers.
    pub seed: u64,
    /// How many runs at a time.
    pub jobs: usize,
    /// Only interruptions whose description matches: their name, `@` and the index of the command, the command's name and
    /// bytes. `remove@3 VERIFY 0020008004********`
    pub only: Option<Regex>,
    /// No new run is begun when there are so many findings.
    pub most_findings: Option<usize>,
}

/// Why nothing can be explored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExploreError {
    /// The program can't be run.
    #[error("the program can't be run: {0}")]
    Program(io::Error),
    /// The card can't be made.
    #[error("the card can't be made: {0}")]
    Card(#[from] CardError),
    /// There is no reader for it.
    #[error("{0}")]
    Stage(#[from] StageError),
    /// A fault of the exploration itself is none.
    #[error("{0}")]
    Fault(#[from] FaultError),
    /// Threads can't be started.
    #[error("a thread can't be started: {0}")]
    Thread(io::Error),
    /// The undisturbed program does not end.
    #[error("the undisturbed program had not ended at the limit of {0:?}")]
    Endless(Duration),
    /// The undisturbed program was stopped by a signal, as one that reads the terminal is.
    #[error("the undisturbed program was stopped by signal {0}, as one is that reads the terminal")]
    Stopped(i32),
    /// The undisturbed program sent no command.
    #[error("the undisturbed program sent no command to the card, so there is nothing to interrupt")]
    NoCommand,
    /// The undisturbed program sent too many commands.
    #[error("the undisturbed program sent more than {MOST_COMMANDS} commands")]
    TooManyCommands,
    /// It was interrupted before the undisturbed runs had ended.
    #[error("interrupted")]
    Interrupted,
}

/// A finding.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// Its kind.
    pub problem: Problem,
    /// The interruption's name; empty for the undisturbed run.
    pub interruption: String,
    /// The index of the interrupted command, or of the VERIFY, from 0.
    pub index: usize,
    /// The interrupted command, PINs masked.
    pub command: String,
    /// The fault in its shortest form, which replays the finding; empty for the undisturbed run.
    pub fault: String,
    /// What the program did, in English and Japanese.
    pub did: [String; 2],
    /// Whether the replay has shown it again.
    pub confirmed: bool,
    /// Further commands with the same instruction, by their index, at which the same interruption led to the same problem.
    pub also: Vec<usize>,
    /// How long the program ran.
    pub milliseconds: u64,
}

impl Finding {
    /// Its name: interruption and index.
    #[must_use]
    pub fn name(&self) -> String {
        match self.interruption.is_empty() {
            true => "undisturbed".to_owned(),
            false => format!("{}@{}", self.interruption, self.index),
        }
    }

    fn instruction(&self) -> &str {
        self.command.get(2..4).unwrap_or_default()
    }
}

/// What came of one interruption at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Met {
    /// The program met it.
    Met,
    /// Its moment came, and it had no effect: the answer had no data, or a transaction prevented it.
    WithoutEffect,
    /// The conversation was over before.
    NotMet,
}

/// What is informed while an exploration runs.
#[non_exhaustive]
pub enum Event<'a> {
    /// The undisturbed runs have ended.
    Begun {
        /// How many commands the first one sent.
        commands: usize,
        /// Whether the second one sent the same.
        repeats: bool,
    },
    /// A run has ended.
    Progress {
        /// Runs so far.
        done: usize,
        /// Runs that are known to be needed.
        planned: usize,
        /// Findings so far.
        findings: usize,
    },
    /// There is a new finding.
    Finding(&'a Finding),
    /// A run has left this: the finding it belongs to, its output and its commands.
    Evidence(&'a Finding, &'a Outcome, &'a [Exchange]),
    /// It is time to keep what is known.
    Save(&'a Saved),
}

/// The result of an exploration.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Explored {
    /// What is known of each interruption at each moment, and the findings.
    pub saved: Saved,
    /// How many commands the undisturbed runs sent.
    pub commands: [usize; 2],
    /// Whether both sent the same.
    pub repeats: bool,
    /// What a reader must know.
    pub notes: Vec<Text>,
    /// It has met all interruptions.
    pub complete: bool,
}

impl Explored {
    /// How many interruptions came out like this.
    #[must_use]
    pub fn count(&self, met: Met) -> usize {
        self.saved.runs.iter().filter(|run| run.met == met).count()
    }
}

/// A run of the program with this fault.
struct Run {
    outcome: Outcome,
    seen: Seen,
    /// The fault had an effect.
    fired: bool,
}

impl Settings {
    /// Explores. What was saved of an earlier exploration is not run again. `watch` is called in the threads of the runs, one
    /// at a time.
    ///
    /// # Errors
    /// [`ExploreError`]
    pub fn explore(
        &self,
        saved: Saved,
        stop: &AtomicBool,
        watch: &(dyn Fn(Event<'_>) + Sync),
    ) -> Result<Explored, ExploreError> {
        let first = self.undisturbed(stop)?;
        let second = self.undisturbed(stop)?;
        let lines = |run: &Run| -> Vec<String> { run.seen.exchanges.iter().map(|one| one.command.clone()).collect() };
        let repeats = lines(&first) == lines(&second);
        let commands = [first.seen.exchanges.len(), second.seen.exchanges.len()];
        let reference = Reference::of(&first.outcome, &first.seen);
        let notes = report::notes(&first.outcome, &reference, commands, repeats);
        watch(Event::Begun {
            commands: commands[0],
            repeats,
        });
        let longest = if commands[0] < commands[1] { &second } else { &first };
        let work = work::Work::new(self, &longest.seen.exchanges, repeats, reference, saved, stop, watch);
        work.undisturbed(&first);
        let complete = work.run()?;
        Ok(Explored {
            saved: work.into_saved(),
            commands,
            repeats,
            notes,
            complete,
        })
    }

    fn undisturbed(&self, stop: &AtomicBool) -> Result<Run, ExploreError> {
        let run = self.run(None, stop)?;
        match run.outcome.ended {
            Ended::Interrupted => return Err(ExploreError::Interrupted),
            Ended::TimedOut => return Err(ExploreError::Endless(self.order.limit)),
            Ended::Stopped(signal) => return Err(ExploreError::Stopped(signal)),
            Ended::Exited(_) | Ended::Killed(_) => {}
        }
        match run.seen.exchanges.len() {
            0 => Err(ExploreError::NoCommand),
            count if count > MOST_COMMANDS => Err(ExploreError::TooManyCommands),
            _ => Ok(run),
        }
    }

    /// Runs the program with a fresh card.
    fn run(&self, fault: Option<&str>, stop: &AtomicBool) -> Result<Run, ExploreError> {
        let fault = fault.map(str::parse::<Fault>).transpose()?;
        let script = Arc::new(Script::new(fault.into_iter().collect()));
        let mut seed = [0; 32];
        seed.iter_mut()
            .zip(self.seed.to_be_bytes())
            .for_each(|(to, from)| *to = from);
        let stage = Stage::open(StageCard::issued(&self.card, seed)?, Arc::clone(&script))?;
        let mut order = self.order.clone();
        order.environment.push((SOCKET_VARIABLE.into(), stage.socket().into()));
        let outcome = order.run(stop).map_err(ExploreError::Program)?;
        Ok(Run {
            outcome,
            seen: stage.end(),
            fired: script.unfired().is_empty(),
        })
    }

    /// The shortest fault that leads to the same problem, and whether the program has shown it again.
    fn shrink(
        &self,
        interruption: &Interruption,
        index: usize,
        (problem, exchanges): (Problem, &[Exchange]),
        reference: &Reference,
        stop: &AtomicBool,
    ) -> Result<(String, bool), ExploreError> {
        let plain = interruption.fault(index, self.seed);
        let by_instruction = exchanges.get(index).and_then(|exchange| {
            let before = exchanges.iter().take(index + 1);
            let nth = before.filter(|one| one.ins == exchange.ins).count();
            interruption.fault_at_instruction(exchange.ins, nth, self.seed)
        });
        for fault in by_instruction.into_iter().chain([plain.clone()]) {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let run = self.run(Some(&fault), stop)?;
            let judged = judge::judge(&run.outcome, &run.seen, reference);
            if judged.iter().any(|(found, _)| *found == problem) {
                return Ok((fault, true));
            }
        }
        Ok((plain, false))
    }
}

/// The name and the masked bytes of a command.
fn described(exchange: &Exchange) -> String {
    let name = instruction::name(exchange.ins).unwrap_or("command");
    format!("{name} {}", exchange.command)
}

pub use report::{About, finding, report};
