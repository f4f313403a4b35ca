//! `vmyna exam`: runs a program with candidates, cards and files that are right or wrong in one respect, and judges what it
//! does.

pub(crate) mod args;

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use rand_core::{OsRng, RngCore};
use vmyna_apdu::ShowPath as _;
use vmyna_candidates::{Anchors, Workshop};
use vmyna_examiner::exam::http::Service;
use vmyna_examiner::exam::settings::Settings;
use vmyna_examiner::exam::{Exam, ExamError, LIMIT, out};
use vmyna_examiner::report::{Standing, people};
use vmyna_examiner::responder::ResponderError;

use crate::failure::{Failure, ca_failure, path_failure, unless_closed};
use crate::output::{self, StatusLine};
use crate::seed::{clock, seed_of};
use crate::{save, shell, signals};

/// The settings that are read if none are named.
const SETTINGS: &str = "exam.toml";

/// Runs the command.
pub(crate) fn run(arguments: &args::Exam) -> Result<(), Failure> {
    let settings = settings(arguments)?;
    arguments.reports.check()?;
    let stop = signals::end_flag()?;
    let exam = prepare(arguments, settings)?;
    let line = StatusLine::new();
    if let Some(folder) = &arguments.out {
        return write_out(&exam, folder, &line);
    }
    let progress = |done: usize, all: usize| line.show(&format!("{done} of {all} candidates"));
    let examined = exam.run(&stop, &progress);
    line.clear();
    let examined = examined.map_err(failure)?;
    let report = &examined.report;
    arguments.reports.write(report)?;
    let mut text = output::text();
    let shown = text
        .write_all(people(report, arguments.lang).as_bytes())
        .and_then(|()| text.flush());
    unless_closed(shown.map_err(Failure::from))?;
    let findings = report.count(Standing::Finding);
    match (examined.examinable, findings) {
        (false, _) => Err(Failure::Usage(
            "the program refuses everything that is right, so it can't be examined".to_owned(),
        )),
        (true, 0) => Ok(()),
        (true, 1) => Err(Failure::Failed("1 finding".to_owned())),
        (true, findings) => Err(Failure::Failed(format!("{findings} findings"))),
    }
}

fn settings(arguments: &args::Exam) -> Result<Settings, Failure> {
    /// More than any settings need.
    const LONGEST: u64 = 1 << 20;
    let named = arguments.settings.as_deref();
    let path = named.unwrap_or(Path::new(SETTINGS));
    if named.is_none() && !path.exists() {
        return Ok(Settings::default());
    }
    let refuse = |why: String| Failure::Usage(format!("{}: {why}", path.shown()));
    let text = vmyna_files::read_text(path, LONGEST).map_err(|error| refuse(error.to_string()))?;
    Settings::parse(&text).map_err(|error| refuse(error.to_string()))
}

fn prepare(arguments: &args::Exam, settings: Settings) -> Result<Exam, Failure> {
    let anchors = match &arguments.ca {
        Some(folder) => Anchors::of_folder(folder).map_err(ca_failure)?,
        None => Anchors::built_in().map_err(|error| Failure::Failed(error.to_string()))?,
    };
    let seed = arguments.seed.unwrap_or_else(|| OsRng.next_u64() >> 16);
    let now = match &arguments.now {
        Some(now) => now.0,
        None => clock()?,
    };
    let workshop = Workshop::new(anchors, *seed_of(seed), now)
        .map_err(|error| Failure::Failed(format!("no candidates can be made: {error}")))?;
    let limit = arguments.limit.or(settings.program.limit);
    let program = match &arguments.http {
        Some(url) => vec![url.clone()],
        None => arguments.program.clone(),
    };
    let mut exam = Exam::new(vmyna_candidates::all(), workshop, program);
    if let Some(url) = &arguments.http {
        let service = Service::new(url, &settings.http, arguments.my_own_service);
        exam.service = Some(service.map_err(|error| Failure::Usage(error.to_string()))?);
    }
    exam.settings = settings;
    exam.limit = limit.map_or(LIMIT, Duration::from_secs);
    exam.jobs = match arguments.jobs {
        Some(jobs) => usize::from(jobs),
        None => std::thread::available_parallelism().map_or(1, usize::from),
    };
    exam.only = arguments.only.clone();
    exam.seed = seed.to_string();
    let again = again(arguments, seed, &now.to_string());
    let program = arguments.program.clone();
    exam.again = Some(Box::new(move |name| {
        let mut words = again.clone();
        words.extend(["--only".to_owned(), format!("^{}$", name.replace('.', "\\."))]);
        if !program.is_empty() {
            words.push("--".to_owned());
            words.extend(program.iter().cloned());
        }
        shell::line(&words)
    }));
    Ok(exam)
}

/// The command with the options that repeat the examination.
fn again(arguments: &args::Exam, seed: u64, now: &str) -> Vec<String> {
    let mut words: Vec<String> = ["vmyna", "exam", "--seed"].map(str::to_owned).into();
    words.extend([seed.to_string(), "--now".to_owned(), now.to_owned()]);
    let paths = [("--ca", &arguments.ca), ("--settings", &arguments.settings)];
    for (option, path) in paths {
        if let Some(path) = path {
            words.extend([option.to_owned(), path.to_string_lossy().into_owned()]);
        }
    }
    if let Some(url) = &arguments.http {
        words.extend(["--http".to_owned(), url.clone()]);
    }
    if arguments.my_own_service {
        words.push("--my-own-service".to_owned());
    }
    words
}

fn write_out(exam: &Exam, folder: &Path, line: &StatusLine) -> Result<(), Failure> {
    if folder.exists() {
        return Err(Failure::Usage(format!(
            "{} is there already: name a new folder",
            folder.shown()
        )));
    }
    save::folder(folder)?;
    let written = out::write(exam, folder, &|done, all| {
        line.show(&format!("{done} of {all} candidates"))
    });
    line.clear();
    let written = written.map_err(failure)?;
    let mut text = output::text();
    writeln!(
        text,
        "{written} candidates in {}, described in manifest.json",
        folder.shown()
    )?;
    text.flush()?;
    Ok(())
}

fn failure(error: ExamError) -> Failure {
    let message = error.to_string();
    match error {
        ExamError::Interrupted => Failure::Interrupted("interrupted; there is no report".to_owned()),
        ExamError::Placeholder(_) | ExamError::Program(..) | ExamError::Service(_) => Failure::Usage(message),
        ExamError::Responder(ResponderError::InUse(_)) => Failure::Usage(format!(
            "{message}: end the program that listens there, or name authorities with another address by --ca (`vmyna ca init \
             --url` makes them)"
        )),
        ExamError::System(error) => path_failure(&error, message),
        _ => Failure::Failed(message),
    }
}
