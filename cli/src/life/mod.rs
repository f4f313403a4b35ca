//! `vmyna life`: plays what happens to people on certain days, on cards, phones and authorities of their own.

pub(crate) mod args;
mod day;
mod report;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use vmyna::life::{Checked, Life as Playing, LifeError, Plan, Responders, Row, markdown};
use vmyna_apdu::ShowPath as _;
use vmyna_issuance::story::{self, Story};
use vmyna_issuance::{DateTime, IssuanceError};

use crate::advice;
use crate::failure::{Failure, ca_failure, image_failure, unless_closed};
use crate::output::StatusLine;
use crate::{save, signals};
use args::Life;
use report::Year;

/// Runs the command.
pub(crate) fn run(arguments: &Life) -> Result<(), Failure> {
    let (story, plan) = read(arguments)?;
    if let Some(path) = &arguments.table {
        save::can_replace(path)?;
    }
    let stop = signals::end_flag()?;
    let made = || match stop.load(Ordering::Relaxed) {
        true => Err(IssuanceError::Stopped),
        false => Ok(()),
    };
    let began = Instant::now();
    let mut life = Playing::open(&arguments.output, plan, &made).map_err(|error| failure(arguments, error))?;
    let mut played = Played::begin(arguments, &stop, life.done());
    played.play(&mut life).map_err(|error| failure(arguments, error))?;
    played.line.clear();
    if let Some(path) = &arguments.table {
        let table = markdown(&played.rows, arguments.lang);
        save::replace(path, table.as_bytes())?;
    }
    unless_closed(report::print(
        arguments,
        &story,
        &life,
        &played.years,
        (played.from, began),
    ))
}

fn read(arguments: &Life) -> Result<(Story, Plan), Failure> {
    /// More than any story needs.
    const LONGEST: u64 = 1 << 20;
    let path = &arguments.story;
    let refuse = |why: String| Failure::Usage(format!("{}: {why}", path.shown()));
    let text = vmyna_files::read_text(path, LONGEST).map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => refuse("a story has at most 1 MiB".to_owned()),
        io::ErrorKind::InvalidData => refuse("a story is text in UTF-8".to_owned()),
        _ => refuse(error.to_string()),
    })?;
    fn all<F: std::fmt::Display>(path: &std::path::Path, faults: &[F]) -> Failure {
        let faults: Vec<String> = faults
            .iter()
            .map(|fault| format!("{}: {fault}", path.shown()))
            .collect();
        Failure::Usage(faults.join("\n"))
    }
    let story = story::read(&text, arguments.seed).map_err(|faults| all(path, &faults))?;
    let plan = Plan::of(&story).map_err(|faults| all(path, &faults))?;
    Ok((story, plan))
}

/// A story while it is played.
struct Played<'a> {
    arguments: &'a Life,
    stop: &'a AtomicBool,
    responders: Responders,
    /// The years that are over, each with what happened and what was compared.
    years: Vec<Year>,
    /// What the services answered after each event, if the user wants a table.
    rows: Vec<Row>,
    /// How many steps an earlier run has done.
    from: usize,
    line: StatusLine,
    shown: Instant,
}

impl<'a> Played<'a> {
    fn begin(arguments: &'a Life, stop: &'a AtomicBool, from: usize) -> Self {
        Self {
            arguments,
            stop,
            responders: Responders::default(),
            years: Vec::new(),
            rows: Vec::new(),
            from,
            line: StatusLine::new(),
            shown: Instant::now(),
        }
    }

    /// Does the steps up to the day that the user wants.
    fn play(&mut self, life: &mut Playing) -> Result<(), LifeError> {
        let until = self.arguments.until.map(day::Day::end);
        let within = |at: DateTime| until.is_none_or(|until| at <= until);
        // Services answer as of now, and not as of a year that an earlier run has ended.
        let reached = life.reached();
        let years = life.plan().years.iter().copied();
        let (over, ends): (Vec<_>, Vec<_>) = years.partition(|end| reached.is_some_and(|at| *end < at));
        let mut ends = ends.into_iter().filter(|end| within(*end)).peekable();
        let mut last = over.last().copied();
        loop {
            let next = life.next().map(|step| step.event.at).filter(|at| within(*at));
            while let Some(end) = ends.next_if(|end| next.is_none_or(|next| *end < next)) {
                self.year(life, last, end)?;
                last = Some(end);
            }
            let Some(at) = next else { break };
            if self.stop.load(Ordering::Relaxed) {
                return Err(LifeError::Stopped);
            }
            self.show(life, at);
            let played = life.step()?;
            if let Some(played) = played.filter(|_| self.arguments.table.is_some()) {
                self.rows.extend(life.answers(&played, &mut self.responders)?);
            }
        }
        // What has happened since the last whole year.
        // The story may end before the day that the user wants, or may have been played beyond it.
        let end = life.plan().steps.last().map(|step| step.event.at);
        let end = end.map(|end| until.map_or(end, |until| until.min(end)));
        let end = end.max(life.reached());
        if let Some(end) = end.filter(|end| last.is_none_or(|last| last < *end) && life.done() > 0) {
            self.year(life, last, end)?;
        }
        Ok(())
    }

    /// A year is over.
    fn year(&mut self, life: &mut Playing, last: Option<DateTime>, end: DateTime) -> Result<(), LifeError> {
        let checked = match self.arguments.check {
            true => Some(life.check(end, &mut self.responders)?),
            false => None::<Checked>,
        };
        self.years.push(Year {
            end,
            counts: life.counts(last, end),
            checked,
        });
        Ok(())
    }

    /// Shows on a terminal how far the story is.
    fn show(&mut self, life: &Playing, at: DateTime) {
        const INTERVAL: Duration = Duration::from_millis(200);
        if self.shown.elapsed() >= INTERVAL {
            self.shown = Instant::now();
            let (done, all) = (life.done(), life.plan().steps.len());
            self.line.show(&format!("{at}: {done} of {all} events"));
        }
    }
}

/// A story that can't be played on. What was done stays.
fn failure(arguments: &Life, error: LifeError) -> Failure {
    let failed = |text: String| Failure::Failed(text);
    let folder = arguments.output.shown();
    let later = format!("what happened before it is in {folder}, and the same command goes on from there");
    match error {
        LifeError::Stopped | LifeError::Issuance(IssuanceError::Stopped) => {
            Failure::Interrupted(format!("interrupted: {later}"))
        }
        LifeError::Authorities(error) => ca_failure(error),
        LifeError::Image(error) => image_failure(error),
        LifeError::Card(error) => error.into(),
        LifeError::Register(error) => failed(advice::of_register(&error)),
        LifeError::NoFolder(_) | LifeError::OtherStory(..) => {
            Failure::Usage(format!("{error}: -o names another folder"))
        }
        LifeError::InUse(_) => failed(format!("{error}: try again when it is done")),
        LifeError::Issuance(error) => failed(format!("{error}{}", advice::for_issuance(&error))),
        LifeError::Open { .. } | LifeError::Operate { .. } | LifeError::Phone { .. } | LifeError::Event { .. } => {
            failed(format!("{error}; {later}"))
        }
        other => failed(other.to_string()),
    }
}
