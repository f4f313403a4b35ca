//! `vmyna explore`: a program with an interruption at every command, and what is wrong with what it makes of it.

pub(crate) mod args;
mod evidence;
mod progress;

use std::ffi::OsString;
use std::io::Write as _;
use std::num::NonZero;

use vmyna_apdu::{ShowPath as _, Text, text};
use vmyna_examiner::explore::{self, About, Event, ExploreError, Explored, Finding, Met, Saved, Settings};
use vmyna_examiner::program::Order;
use vmyna_examiner::report;

use crate::failure::Failure;
use crate::options::language::Language;
use crate::output::{self, say};
use crate::save;
use crate::shell;
use crate::signals;
use crate::threads;
use progress::Progress;

/// The most bytes of a file of --resume.
const LONGEST: u64 = 64 << 20;

/// Runs the command; returns the exit status.
pub(crate) fn run(arguments: &args::Explore) -> Result<u8, Failure> {
    arguments.reports.check()?;
    if let Some(folder) = &arguments.out {
        save::folder(folder)?;
    }
    let about = About {
        program: arguments.command.iter().map(lossy).collect(),
        card: arguments.card.to_string(),
        seed: arguments.seed,
        limit: arguments.limit.0,
    };
    let saved = begin(arguments, &about)?;
    let settings = settings(arguments)?;
    let stop = signals::end_flag()?;
    let replay = |finding: &Finding| replay(&about, &finding.fault);
    let progress = Progress::begin(arguments.lang);
    let show = |finding: &Finding| {
        let entry = explore::finding(finding, &replay(finding));
        let mut out = output::text();
        // The exploration goes on for its files when the terminal is closed.
        let _ = writeln!(out, "{}", report::entry(&entry, arguments.lang)).and_then(|()| out.flush());
    };
    saved.findings.iter().for_each(show);
    let outcome = settings.explore(saved, &stop, &|event| match event {
        Event::Begun { commands, repeats } => progress.begun(commands, repeats),
        Event::Progress {
            done,
            planned,
            findings,
        } => progress.show(done, planned, findings),
        Event::Finding(finding) => {
            progress.clear();
            show(finding);
        }
        Event::Evidence(finding, outcome, exchanges) => {
            if let Some(folder) = &arguments.out
                && let Err(failure) = evidence::write(folder, finding, outcome, exchanges)
            {
                say(&format!("vmyna: {failure}"));
            }
        }
        Event::Save(saved) => {
            if let Some(path) = &arguments.resume
                && let Err(failure) = save::replace(path, &saved.to_bytes())
            {
                say(&format!("vmyna: {failure}"));
            }
        }
        _ => {}
    });
    progress.clear();
    let explored = outcome.map_err(failure)?;
    let report = explore::report(&explored, &about, &replay);
    arguments.reports.write(&report)?;
    summary(&explored, arguments.lang)?;
    let interrupted = stop.load(std::sync::atomic::Ordering::Relaxed);
    if interrupted {
        return Err(Failure::Interrupted(
            "interrupted; the report has what is known".to_owned(),
        ));
    }
    Ok(u8::from(report.count(report::Standing::Finding) > 0))
}

/// What an earlier exploration has left, if it is to go on.
fn begin(arguments: &args::Explore, about: &About) -> Result<Saved, Failure> {
    let only = arguments.only.as_ref().map_or("", |only| only.as_str());
    let mut of = vec![
        about.card.clone(),
        about.seed.to_string(),
        format!("{:?}", about.limit),
        only.to_owned(),
    ];
    of.extend(about.program.clone());
    let Some(path) = &arguments.resume else {
        return Ok(Saved::new(of));
    };
    match vmyna_files::read(path, LONGEST) {
        Ok(bytes) => Saved::read(&bytes, of)
            .map_err(|error| Failure::Usage(format!("{} can't be gone on with: {error}", path.shown()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            save::can_replace(path)?;
            Ok(Saved::new(of))
        }
        Err(error) => Err(Failure::Usage(format!("{} can't be read: {error}", path.shown()))),
    }
}

fn settings(arguments: &args::Explore) -> Result<Settings, Failure> {
    let (program, rest) = arguments
        .command
        .split_first()
        .ok_or_else(|| Failure::Usage("no program".to_owned()))?;
    let jobs = match arguments.jobs {
        Some(jobs) => jobs.into(),
        None => std::thread::available_parallelism().map_or(1, NonZero::get),
    };
    Ok(Settings {
        order: Order::new(program.clone(), rest.to_vec(), arguments.limit.0),
        card: arguments.card.issued()?,
        seed: arguments.seed,
        jobs,
        only: arguments.only.clone(),
        most_findings: arguments
            .max_findings
            .map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
    })
}

fn lossy(word: &OsString) -> String {
    word.to_string_lossy().into_owned()
}

/// The command that shows a finding again.
fn replay(about: &About, fault: &str) -> String {
    let mut words = vec!["vmyna".to_owned(), "run".to_owned()];
    if about.card != "specimen:hanako" {
        words.extend(["--card".to_owned(), about.card.clone()]);
    }
    if !fault.is_empty() {
        words.extend(["--fault".to_owned(), fault.to_owned()]);
    }
    words.push("--".to_owned());
    words.extend(about.program.iter().cloned());
    shell::line(&words)
}

fn failure(error: ExploreError) -> Failure {
    match &error {
        ExploreError::Interrupted => Failure::Interrupted(error.to_string()),
        ExploreError::Thread(cause) => threads::failure(std::io::Error::new(cause.kind(), cause.to_string())),
        ExploreError::Endless(_) => Failure::Usage(format!("{error}: give it more with --limit")),
        ExploreError::NoCommand => Failure::Usage(format!(
            "{error}. Does it use libpcsclite, and the first reader? `vmyna run --verbose` shows what it sends"
        )),
        _ => Failure::Usage(error.to_string()),
    }
}

/// The end of the report on the terminal; the findings are above it.
fn summary(explored: &Explored, language: Language) -> Result<(), Failure> {
    let mut out = output::text();
    for note in &explored.notes {
        writeln!(out, "! {}", note.say(language))?;
    }
    writeln!(out, "{}", counts(explored).say(language))?;
    out.flush()?;
    Ok(())
}

fn counts(explored: &Explored) -> Text {
    let (met, without) = (explored.count(Met::Met), explored.count(Met::WithoutEffect));
    let confirmed = explored.saved.findings.iter().filter(|one| one.confirmed).count();
    let others = explored.saved.findings.len() - confirmed;
    let findings = if confirmed == 1 { "finding" } else { "findings" };
    let (en, ja) = match others {
        0 => (String::new(), String::new()),
        _ => (format!(", {others} not confirmed"), format!("、未確認{others}件")),
    };
    let (incomplete, partial) = match explored.complete {
        true => ("", ""),
        false => (
            " Not all interruptions were explored.",
            "すべての中断は調べていません。",
        ),
    };
    text!(
        "{met} interruptions met, {without} without an effect; {confirmed} {findings}{en}.{incomplete}",
        "中断{met}件、効果のないもの{without}件、指摘{confirmed}件{ja}。{partial}"
    )
}
