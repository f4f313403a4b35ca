//! The runs of an exploration, several at a time.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, scope};
use std::time::{Duration, Instant};

use super::interruption::{INTERRUPTIONS, Interruption};
use super::judge::{Judged, Problem, Reference, judge, of_reference};
use super::saved::{Known, Saved};
use super::{Event, ExploreError, Finding, Met, Run, Settings, described};
use crate::program::Ended;
use crate::stage::Exchange;

/// What is known is kept so often.
const SAVE: Duration = Duration::from_millis(500);

/// An interruption at a moment.
#[derive(Clone, Copy)]
struct Point {
    interruption: &'static Interruption,
    index: usize,
}

struct State {
    todo: VecDeque<Point>,
    /// Points that are being run.
    busy: usize,
    /// Points so far, those from an earlier exploration included.
    done: usize,
    saved: Saved,
    /// Findings that are being confirmed.
    confirming: BTreeSet<(Problem, &'static str, u8)>,
    kept: Instant,
    error: Option<ExploreError>,
}

/// All of the work.
pub(super) struct Work<'a> {
    settings: &'a Settings,
    /// The longer one of the undisturbed conversations.
    conversation: &'a [Exchange],
    repeats: bool,
    reference: Reference,
    stop: &'a AtomicBool,
    watch: &'a (dyn Fn(Event<'_>) + Sync),
    state: Mutex<State>,
    changed: Condvar,
}

impl<'a> Work<'a> {
    pub(super) fn new(
        settings: &'a Settings,
        conversation: &'a [Exchange],
        repeats: bool,
        reference: Reference,
        saved: Saved,
        stop: &'a AtomicBool,
        watch: &'a (dyn Fn(Event<'_>) + Sync),
    ) -> Self {
        let state = State {
            todo: VecDeque::new(),
            busy: 0,
            done: saved.runs.len(),
            saved,
            confirming: BTreeSet::new(),
            kept: Instant::now(),
            error: None,
        };
        let work = Self {
            settings,
            conversation,
            repeats,
            reference,
            stop,
            watch,
            state: Mutex::new(state),
            changed: Condvar::new(),
        };
        work.plan();
        work
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn into_saved(self) -> Saved {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).saved
    }

    /// Every interruption at every command of the undisturbed conversation, and at the one behind its end.
    fn plan(&self) {
        let state = &mut *self.lock();
        let most = INTERRUPTIONS.iter().map(|one| one.moments(self.conversation)).max();
        for index in 0..=most.unwrap_or_default() {
            for interruption in &INTERRUPTIONS {
                if index <= interruption.moments(self.conversation) {
                    self.add(state, Point { interruption, index });
                }
            }
        }
    }

    /// Plans a point, unless it is known what comes of it or nobody asked for it. Where that is known, goes on behind it.
    fn add(&self, state: &mut State, point: Point) {
        let Point { interruption, index } = point;
        let exchange = interruption.exchange(self.conversation, index);
        if let Some(only) = &self.settings.only {
            let described = exchange.map_or(String::new(), described);
            if !only.is_match(&format!("{}@{index} {described}", interruption.name)) {
                return;
            }
        }
        if let Some(met) = state.saved.find(interruption.name, index) {
            return self.go_on(state, point, met);
        }
        // A conversation that repeats gets there with the same answer.
        if self.repeats && exchange.is_some_and(|exchange| interruption.is_without_effect(exchange)) {
            state.note(point, Met::WithoutEffect, Duration::ZERO);
            return;
        }
        state.todo.push_back(point);
    }

    /// A conversation can be longer than the undisturbed one: goes on until a run has met no interruption.
    fn go_on(&self, state: &mut State, point: Point, met: Met) {
        if met != Met::NotMet && point.index >= point.interruption.moments(self.conversation) {
            let index = point.index + 1;
            self.add(state, Point { index, ..point });
        }
    }

    /// Reports what is wrong with the undisturbed run.
    pub(super) fn undisturbed(&self, run: &Run) {
        let mut state = self.lock();
        if state
            .saved
            .findings
            .iter()
            .any(|finding| finding.interruption.is_empty())
        {
            return;
        }
        for (problem, did) in of_reference(&run.outcome, &run.seen) {
            let finding = Finding {
                problem,
                interruption: String::new(),
                index: 0,
                command: String::new(),
                fault: String::new(),
                did: [did.en, did.ja],
                confirmed: true,
                also: Vec::new(),
                milliseconds: milliseconds(run.outcome.took),
            };
            (self.watch)(Event::Finding(&finding));
            (self.watch)(Event::Evidence(&finding, &run.outcome, &run.seen.exchanges));
            state.saved.findings.push(finding);
        }
    }

    /// Runs all that is planned; returns whether it came to the end.
    pub(super) fn run(&self) -> Result<bool, ExploreError> {
        self.report_progress(&self.lock());
        let threads: std::io::Result<()> = scope(|threads| {
            for number in 0..self.settings.jobs.max(1) {
                let started = Builder::new()
                    .name(format!("run {number}"))
                    .spawn_scoped(threads, || self.worker());
                // With one of them the work is done, only later.
                if let (Err(error), 0) = (started, number) {
                    return Err(error);
                }
            }
            Ok(())
        });
        threads.map_err(ExploreError::Thread)?;
        let mut state = self.lock();
        (self.watch)(Event::Save(&state.saved));
        match state.error.take() {
            Some(error) => Err(error),
            None => Ok(state.todo.is_empty() && !self.stop.load(Ordering::Relaxed)),
        }
    }

    fn worker(&self) {
        while let Some(point) = self.next() {
            let outcome = self.explore(point);
            let mut state = self.lock();
            state.busy -= 1;
            if let Err(error) = outcome {
                state.error.get_or_insert(error);
            }
            if state.kept.elapsed() >= SAVE {
                state.kept = Instant::now();
                (self.watch)(Event::Save(&state.saved));
            }
            self.report_progress(&state);
            drop(state);
            self.changed.notify_all();
        }
    }

    /// The next point. Waits while another run can bring one.
    fn next(&self) -> Option<Point> {
        let mut state = self.lock();
        loop {
            let enough = self
                .settings
                .most_findings
                .is_some_and(|most| state.saved.findings.len() >= most);
            if enough || state.error.is_some() || self.stop.load(Ordering::Relaxed) {
                return None;
            }
            if let Some(point) = state.todo.pop_front() {
                state.busy += 1;
                return Some(point);
            }
            if state.busy == 0 {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn report_progress(&self, state: &State) {
        (self.watch)(Event::Progress {
            done: state.done,
            planned: state.done + state.busy + state.todo.len(),
            findings: state.saved.findings.len(),
        });
    }

    fn explore(&self, point: Point) -> Result<(), ExploreError> {
        let Point { interruption, index } = point;
        let fault = interruption.fault(index, self.settings.seed);
        let run = self.settings.run(Some(&fault), self.stop)?;
        if run.outcome.ended == Ended::Interrupted {
            return Ok(());
        }
        let exchange = interruption.exchange(&run.seen.exchanges, index);
        let met = match (exchange, run.fired) {
            (None, _) => Met::NotMet,
            (Some(_), false) => Met::WithoutEffect,
            (Some(_), true) => Met::Met,
        };
        if let (Some(exchange), Met::Met) = (exchange, met) {
            for judged in judge(&run.outcome, &run.seen, &self.reference) {
                self.found(point, judged, &run, exchange)?;
            }
        }
        if self.stop.load(Ordering::Relaxed) && met == Met::Met {
            // A finding may not be confirmed yet: the point is run again when the exploration goes on.
            return Ok(());
        }
        let mut state = self.lock();
        state.note(point, met, run.outcome.took);
        self.go_on(&mut state, point, met);
        Ok(())
    }

    /// Confirms a problem in its shortest form and reports it, unless the same is known of another command of its kind.
    fn found(&self, point: Point, judged: Judged, run: &Run, exchange: &Exchange) -> Result<(), ExploreError> {
        let Point { interruption, index } = point;
        let (problem, did) = judged;
        let key = (problem, interruption.name, exchange.ins);
        {
            let mut state = self.lock();
            while state.confirming.contains(&key) {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            let known = state.saved.findings.iter_mut().find(|finding| {
                let same = (finding.problem, finding.interruption.as_str()) == (problem, interruption.name);
                same && finding.confirmed && finding.instruction() == format!("{:02X}", exchange.ins)
            });
            if let Some(known) = known {
                known.also.push(index);
                known.also.sort_unstable();
                return Ok(());
            }
            state.confirming.insert(key);
        }
        let shrunk = self.settings.shrink(
            interruption,
            index,
            (problem, &run.seen.exchanges),
            &self.reference,
            self.stop,
        );
        let mut state = self.lock();
        state.confirming.remove(&key);
        self.changed.notify_all();
        let (fault, confirmed) = shrunk?;
        if !confirmed && self.stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        let finding = Finding {
            problem,
            interruption: interruption.name.to_owned(),
            index,
            command: exchange.command.clone(),
            fault,
            did: [did.en, did.ja],
            confirmed,
            also: Vec::new(),
            milliseconds: milliseconds(run.outcome.took),
        };
        (self.watch)(Event::Finding(&finding));
        (self.watch)(Event::Evidence(&finding, &run.outcome, &run.seen.exchanges));
        state.saved.findings.push(finding);
        (self.watch)(Event::Save(&state.saved));
        state.kept = Instant::now();
        Ok(())
    }
}

impl State {
    fn note(&mut self, point: Point, met: Met, took: Duration) {
        self.done += 1;
        self.saved.runs.push(Known {
            interruption: point.interruption.name.to_owned(),
            index: point.index,
            met,
            milliseconds: milliseconds(took),
        });
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
