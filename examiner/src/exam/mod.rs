//! Runs a program once for each candidate, a card or files that are right or wrong in exactly one respect, and judges which
//! wrong ones it accepts.
//!
//! | Module | What it is |
//! |---|---|
//! | [`settings`] | `exam.toml` |
//! | [`placeholders`] | `{pin}`, `{cms}` in arguments and settings |
//! | [`verdict`] | what the program concluded, and what that means |
//! | [`http`], [`form`] | a service in place of a program, and the form of the requests to it |
//! | [`trust`] | the folders of anchors and revocation lists |
//! | [`out`] | all candidates in a folder, with a manifest |
//!
//! The right ones come first: a program that accepts none of them can't be examined. A refusal of a wrong one counts only if
//! its right twin is accepted. The module must never put a PIN or a My Number into a report, and must leave no process,
//! socket or folder behind, whatever ends it.

mod deliver;
mod describe;
mod duties;
pub mod form;
pub mod http;
pub mod out;
pub mod pattern;
pub mod placeholders;
mod run;
pub mod settings;
pub mod trust;
pub mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use regex::Regex;
use vmyna_apdu::{Text, text};
use vmyna_candidates::{Candidate, Candidates, Expected, MadeFile, MakeError, Part, Role, Workshop, x509};

use duties::Pin;
use http::{Service, ServiceError};
use placeholders::{Placeholder, Template, UnknownPlaceholder};
use run::{Common, Ran};
use settings::Settings;
use verdict::Got;

use crate::report::Report;
use crate::responder::{Responder, ResponderError, is_another};

/// How long a program may take if nothing else is stated.
pub const LIMIT: Duration = Duration::from_secs(10);

/// An examination.
#[non_exhaustive]
pub struct Exam {
    /// What is examined with.
    pub candidates: Candidates,
    /// What makes them.
    pub workshop: Workshop,
    /// `exam.toml`.
    pub settings: Settings,
    /// The program and its arguments, with placeholders; the address of a service.
    pub program: Vec<String>,
    /// The service that is examined in place of a program.
    pub service: Option<Service>,
    /// A program that takes longer hangs.
    pub limit: Duration,
    /// So many programs run at the same time.
    pub jobs: usize,
    /// Only candidates with such names, beside the genuine ones and the twins that they need.
    pub only: Option<Regex>,
    /// How a person repeats the run with the candidate of this name, if the caller states it.
    pub again: Option<Again>,
    /// The seed as the report has it.
    pub seed: String,
}

/// Returns the line that repeats the run with the candidate of this name.
pub type Again = Box<dyn Fn(&str) -> String + Send + Sync>;

/// Why there is no examination.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExamError {
    /// The program can't be started.
    #[error("{} can't be run: {}", vmyna_apdu::shown(&.0.to_string_lossy()), .1)]
    Program(OsString, io::Error),
    /// There is no such placeholder.
    #[error("{0}")]
    Placeholder(#[from] UnknownPlaceholder),
    /// The system gives no folder or no thread.
    #[error("the system refuses a folder or a thread: {0}")]
    System(io::Error),
    /// The service can't be examined.
    #[error("{0}")]
    Service(#[from] ServiceError),
    /// The responder can't be started.
    #[error("{0}")]
    Responder(#[from] ResponderError),
    /// There is no reader for the card.
    #[error("{0}")]
    Stage(String),
    /// What all candidates share can't be made.
    #[error("{0}")]
    Make(MakeError),
    /// It was interrupted.
    #[error("interrupted")]
    Interrupted,
}

/// What an examination found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Examined {
    /// The report.
    pub report: Report,
    /// Whether the program can be examined: it accepts something that is right.
    pub examinable: bool,
}

impl Exam {
    /// An examination with default settings, of one program at a time.
    #[must_use]
    pub fn new(candidates: Candidates, workshop: Workshop, program: Vec<String>) -> Self {
        Self {
            candidates,
            workshop,
            settings: Settings::default(),
            program,
            service: None,
            limit: LIMIT,
            jobs: 1,
            only: None,
            again: None,
            seed: String::new(),
        }
    }

    fn templates(&self) -> Result<Vec<Template>, UnknownPlaceholder> {
        for text in self.settings.texts() {
            Template::parse(text)?;
        }
        self.program.iter().map(|text| Template::parse(text)).collect()
    }

    /// What is held against the program.
    fn claims(&self, wanted: &BTreeSet<MadeFile>) -> BTreeSet<Part> {
        match &self.settings.claims {
            Some(claims) => claims.iter().map(|claimed| claimed.0).collect(),
            None if self.service.is_some() => self.service.iter().flat_map(Service::parts).collect(),
            None if wanted.is_empty() => Part::ALL.into_iter().filter(|part| !is_revocation(*part)).collect(),
            None => wanted.iter().flat_map(|file| delivered(*file)).copied().collect(),
        }
    }

    /// Runs the program with all candidates. `progress` is called with how many of how many are done.
    ///
    /// # Errors
    /// [`ExamError`]
    pub fn run(&self, stop: &AtomicBool, progress: &(dyn Fn(usize, usize) + Sync)) -> Result<Examined, ExamError> {
        let program = self.templates()?;
        let texts: Result<Vec<Template>, _> = self.settings.texts().map(Template::parse).collect();
        let texts = texts?;
        let all = program.iter().chain(&texts).flat_map(Template::placeholders);
        let wanted: BTreeSet<MadeFile> = all
            .filter_map(|placeholder| match placeholder {
                Placeholder::File(file) => Some(file),
                _ => None,
            })
            .collect();
        let folder = tempfile::Builder::new().prefix("vmyna-exam-").tempdir();
        let folder = folder.map_err(ExamError::System)?;
        trust::write_anchors(&folder.path().join(run::TRUST), &self.workshop)?;
        let lists = x509::genuine_lists(&self.workshop, self.workshop.now()).map_err(ExamError::Make)?;
        trust::write_lists(&folder.path().join(run::LISTS), &lists)?;
        let claims = self.claims(&wanted);
        let responder = responder(self, &claims)?;
        let verifies;
        let mut runs = Runs {
            common: Common {
                exam: self,
                folder: folder.path(),
                lists: &lists,
                wanted: &wanted,
                program: &program,
                verifies: None,
                responder: responder.as_ref(),
                stop,
            },
            done: BTreeMap::new(),
            total: 0,
            progress,
        };
        let plan = plan(self, &claims);
        runs.total = plan.values().filter(|why| why.is_none()).count();
        let chosen = |role: Role| {
            let plan = &plan;
            let all = self.candidates.iter().enumerate();
            let all =
                all.filter(move |(index, candidate)| candidate.role == role && matches!(plan.get(index), Some(None)));
            all.map(|(index, _)| index).collect::<Vec<usize>>()
        };
        let (good, twins, wrong) = (chosen(Role::Good), chosen(Role::Twin), chosen(Role::Wrong));
        runs.all(&good)?;
        let mut examinable = runs.accepts(&good);
        if examinable != Some(false) {
            verifies = runs
                .done
                .values()
                .flat_map(|ran| ran.verifies.iter().copied())
                .collect::<BTreeSet<Pin>>();
            let is_known = runs.done.values().any(|ran| ran.got.is_some());
            runs.common.verifies = is_known.then_some(&verifies);
            runs.all(&twins)?;
            if examinable.is_none() {
                examinable = runs.accepts(&twins);
            }
            if examinable != Some(false) {
                runs.all(&wrong)?;
            }
        }
        let examinable = examinable.unwrap_or(true);
        let report = describe::report(self, &plan, &runs.done, examinable);
        Ok(Examined { report, examinable })
    }
}

/// The responder at the address in the certificates, for programs that look at certificates: they may ask whether they claim
/// it or not. For a program that does not claim it, the responder of another examination is as good, and an address that is
/// not of this machine is left to others.
fn responder(exam: &Exam, claims: &BTreeSet<Part>) -> Result<Option<Responder>, ResponderError> {
    let has = |part: &Part| claims.contains(part);
    let asks = [Part::Revocation, Part::RevocationOcsp].iter().any(has);
    if !asks && ![Part::LogIn, Part::SignCertificate, Part::Signatures].iter().any(has) {
        return Ok(None);
    }
    match Responder::start(&exam.workshop) {
        Ok(responder) => Ok(Some(responder)),
        Err(ResponderError::InUse(address)) if !asks && is_another(&address) => Ok(None),
        Err(ResponderError::Unable { .. }) if !asks => Ok(None),
        Err(error) => Err(error),
    }
}

/// Each candidate that is reported, with the reason why it is not held against the program.
fn plan(exam: &Exam, claims: &BTreeSet<Part>) -> BTreeMap<usize, Option<Text>> {
    let matches = |candidate: &Candidate| exam.only.as_ref().is_none_or(|only| only.is_match(candidate.name));
    let twins: BTreeSet<&str> = exam
        .candidates
        .iter()
        .filter(|candidate| matches(candidate))
        .filter_map(|candidate| candidate.twin)
        .collect();
    let mut plan = BTreeMap::new();
    for (index, candidate) in exam.candidates.iter().enumerate() {
        if !matches(candidate) && candidate.role != Role::Good && !twins.contains(candidate.name) {
            continue;
        }
        let unclaimed: Vec<&str> = candidate
            .claim
            .0
            .iter()
            .filter(|part| !claims.contains(part))
            .map(|part| part.name())
            .collect();
        let unless = candidate.unless.iter().find(|part| claims.contains(part));
        let reason = match (&*unclaimed, unless) {
            ([], None) => None,
            ([], Some(part)) => {
                let part = part.name();
                Some(text!(
                    "the program claims {part}, so this is not held against it",
                    "プログラムは{part}を扱うと述べているので、問題としない"
                ))
            }
            (unclaimed, _) => {
                let parts = unclaimed.join(", ");
                Some(text!(
                    "the program does not claim {parts}",
                    "プログラムは{parts}を検証すると述べていない"
                ))
            }
        };
        plan.insert(index, reason);
    }
    plan
}

/// Revocation counts only if the program claims it.
const fn is_revocation(part: Part) -> bool {
    matches!(part, Part::Revocation | Part::RevocationLists | Part::RevocationOcsp)
}

/// The parts that a program is given with a file.
fn delivered(file: MadeFile) -> &'static [Part] {
    match file {
        MadeFile::Cms | MadeFile::Pdf | MadeFile::Xml => &[Part::Signatures, Part::SignCertificate],
        MadeFile::Signature => &[Part::LogIn],
        MadeFile::Mdoc => &[Part::Mdoc],
        MadeFile::Text(1) => &[Part::Text, Part::MyNumber],
        MadeFile::Text(_) => &[Part::Text],
        MadeFile::Face(_) => &[Part::Face],
        _ => &[],
    }
}

/// The runs of an examination.
struct Runs<'e> {
    common: Common<'e>,
    done: BTreeMap<usize, Ran>,
    total: usize,
    progress: &'e (dyn Fn(usize, usize) + Sync),
}

impl Runs<'_> {
    /// Runs the program with these candidates, as many at a time as there are jobs.
    fn all(&mut self, indices: &[usize]) -> Result<(), ExamError> {
        let next = AtomicUsize::new(0);
        let before = self.done.len();
        let done: Mutex<BTreeMap<usize, Ran>> = Mutex::default();
        let failed: Mutex<Option<ExamError>> = Mutex::default();
        let (common, total, progress) = (&self.common, self.total, self.progress);
        let work = || {
            while !common.stop.load(Ordering::Relaxed) && lock(&failed).is_none() {
                let Some(index) = indices.get(next.fetch_add(1, Ordering::Relaxed)) else {
                    break;
                };
                let Some(candidate) = common.exam.candidates.iter().nth(*index) else {
                    break;
                };
                match common.run(candidate) {
                    Ok(ran) => {
                        let mut done = lock(&done);
                        done.insert(*index, ran);
                        progress(before + done.len(), total);
                    }
                    Err(error) => drop(lock(&failed).get_or_insert(error)),
                }
            }
        };
        std::thread::scope(|scope| -> io::Result<()> {
            for _ in 0..self.common.exam.jobs.clamp(1, indices.len().max(1)) {
                Builder::new().name("exam".to_owned()).spawn_scoped(scope, work)?;
            }
            Ok(())
        })
        .map_err(ExamError::System)?;
        if common.stop.load(Ordering::Relaxed) {
            return Err(ExamError::Interrupted);
        }
        if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        self.done
            .extend(done.into_inner().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    /// Whether the program accepts one of these; `None` if it was run with none that it must accept.
    fn accepts(&self, indices: &[usize]) -> Option<bool> {
        let all = &self.common.exam.candidates;
        let must = indices.iter().filter_map(|index| {
            let candidate = all.iter().nth(*index)?;
            let got = self.done.get(index)?.got.as_ref()?;
            (candidate.expected == Expected::Accept).then_some(got)
        });
        must.map(|got| *got == Got::Accepted).reduce(|one, other| one || other)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
