//! One candidate: made, delivered, and the program run with it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rand_core::RngCore;
use vmyna_apdu::{Text, text};
use vmyna_candidates::{Candidate, Duty, ForgedCard, MadeFile, MakeError, Person, Subject, x509};
use vmyna_reader_bridge::fault::Script;
use zeroize::Zeroizing;

use super::deliver::{self, Opens};
use super::duties::{Evidence, Kept, Pin, verified};
use super::http::{Answered, Sent, Service};
use super::placeholders::{Placeholder, Template, file_name};
use super::settings::Reported;
use super::trust::{self, LISTS_VARIABLE, RESPONDER_VARIABLE, TIME_VARIABLE, TRUST_VARIABLE};
use super::verdict::{Got, file_of, got};
use super::{Exam, ExamError};
use crate::program::{Ended, Input, Order, Outcome, files_in};
use crate::responder::Responder;
use crate::stage::{SOCKET_VARIABLE, Seen, Stage, StageCard};

/// What became of a candidate.
#[derive(Clone, Debug)]
pub(super) struct Ran {
    /// What the program did; `None` if it was not run: then [`Self::reason`] is why.
    pub(super) got: Option<Got>,
    /// Why nothing can be concluded, whatever it did.
    pub(super) reason: Option<Text>,
    /// What it did, in full.
    pub(super) did: Text,
    /// The last lines that it printed, if no PIN and no My Number is in them.
    pub(super) printed: Option<String>,
    /// What it did that it must not do.
    pub(super) broken: Vec<Text>,
    /// Duties that could not be judged: why.
    pub(super) unknown: Vec<Text>,
    /// How many duties it kept.
    pub(super) kept: usize,
    /// It informed its user; `None` without a pattern for that.
    pub(super) informed: Option<bool>,
    /// A PIN is in its output or in a file: where.
    pub(super) leak: Option<Text>,
    /// The PINs that it had verified.
    pub(super) verifies: BTreeSet<Pin>,
    /// How long it ran.
    pub(super) took: Duration,
}

impl Ran {
    /// It was not run.
    pub(super) fn not(reason: Text) -> Self {
        Self {
            got: None,
            reason: Some(reason),
            did: text!("it was not run", "実行していない"),
            printed: None,
            broken: Vec::new(),
            unknown: Vec::new(),
            kept: 0,
            informed: None,
            leak: None,
            verifies: BTreeSet::new(),
            took: Duration::ZERO,
        }
    }
}

/// A candidate, ready for the program.
pub(super) struct Made {
    pub(super) subject: Subject,
    pub(super) files: BTreeMap<MadeFile, Vec<u8>>,
    pub(super) opens: Opens,
}

/// Makes a candidate with the files that are wanted. The reason if it can't be delivered.
pub(super) fn make(exam: &Exam, candidate: &Candidate, wanted: &BTreeSet<MadeFile>) -> Result<Made, Text> {
    let subject = subject(exam, candidate)?;
    if subject.misuse.is_some() {
        return Err(text!(
            "it misuses a session, and only a service has sessions",
            "セッションの誤用であり、セッションはサービスだけが持つ"
        ));
    }
    let opens = opens(exam, &subject);
    let files = files(
        exam,
        candidate,
        (&subject, &opens),
        wanted,
        &challenge(exam, candidate, 1),
    )?;
    undelivered(&subject, &files, wanted)?;
    if subject.time.is_some() && !exam.settings.program.time {
        return Err(text!(
            "it is about another time, and exam.toml does not state that the program takes its time from $VMYNA_EXAM_TIME",
            "別の時刻の候補であり、exam.tomlは$VMYNA_EXAM_TIMEの時刻に従うと述べていない"
        ));
    }
    Ok(Made { subject, files, opens })
}

fn cannot_be_made(error: &MakeError) -> Text {
    let error = error.to_string();
    text!("it can't be made: {error}", "作成できない（{error}）")
}

fn subject(exam: &Exam, candidate: &Candidate) -> Result<Subject, Text> {
    candidate.make(&exam.workshop).map_err(|error| cannot_be_made(&error))
}

/// A challenge of the examination for this candidate, the first or a later one.
fn challenge(exam: &Exam, candidate: &Candidate, number: u8) -> [u8; 32] {
    let mut challenge = [0; 32];
    let label = format!("challenge {number}/{}", candidate.name);
    exam.workshop.rng(&label).fill_bytes(&mut challenge);
    challenge
}

/// What opens the card of a candidate; that of A, if it has none.
fn opens(exam: &Exam, subject: &Subject) -> Opens {
    let whose = subject.card.clone();
    let whose = whose.unwrap_or_else(|| ForgedCard::new(exam.workshop.card(Person::A).clone()));
    let mut opens = deliver::opens(&whose);
    opens.extend(subject.given.iter().map(|(name, value)| (*name, value.clone())));
    opens
}

/// The files of a candidate, with the answers of its card to this challenge. What the card does not give is left out.
fn files(
    exam: &Exam,
    candidate: &Candidate,
    (subject, opens): (&Subject, &Opens),
    wanted: &BTreeSet<MadeFile>,
    asked: &[u8],
) -> Result<BTreeMap<MadeFile, Vec<u8>>, Text> {
    let seed = exam.workshop.seed(&format!("run/{}", candidate.name));
    let mut files = subject.files.clone();
    let lacking: Vec<MadeFile> = wanted
        .iter()
        .copied()
        .filter(|file| !files.contains_key(file))
        .collect();
    if let (Some(answer), true) = (&subject.answer, lacking.contains(&MadeFile::Signature)) {
        files.insert(MadeFile::Challenge, asked.to_vec());
        files.insert(
            MadeFile::Signature,
            answer(asked).map_err(|error| cannot_be_made(&error))?,
        );
    } else if let Some(card) = &subject.card
        && !lacking.is_empty()
    {
        if let Some(before) = &subject.before {
            let _ = deliver::read(before, *seed, opens, &challenge(exam, candidate, 2), &lacking);
        }
        files.extend(deliver::read(card, *seed, opens, asked, &lacking));
    }
    Ok(files)
}

/// The reason why the program would not see a candidate, if there is one.
fn undelivered(
    subject: &Subject,
    files: &BTreeMap<MadeFile, Vec<u8>>,
    wanted: &BTreeSet<MadeFile>,
) -> Result<(), Text> {
    let names = |files: &mut dyn Iterator<Item = &MadeFile>| {
        let names: Vec<String> = files.map(|file| format!("{{{}}}", file_name(*file))).collect();
        names.join(" ")
    };
    if wanted.is_empty() {
        if subject.card.is_none() {
            let names = names(&mut subject.files.keys());
            return Err(text!(
                "it consists of files, and the program takes no {names}",
                "ファイルの候補であり、プログラムは{names}を受け取らない"
            ));
        }
        return Ok(());
    }
    let missing = names(&mut wanted.iter().filter(|file| !files.contains_key(file)));
    if !missing.is_empty() {
        return Err(text!("it has no {missing}", "{missing}がない"));
    }
    let optional = |file: &&MadeFile| **file != MadeFile::Request;
    let own = subject.files.keys().filter(|file| !wanted.contains(file));
    let unread = names(&mut own.filter(optional));
    if !unread.is_empty() {
        return Err(text!(
            "it has {unread}, which the program does not take",
            "プログラムの受け取らない{unread}がある"
        ));
    }
    Ok(())
}

/// What stays the same over all candidates.
pub(super) struct Common<'e> {
    pub(super) exam: &'e Exam,
    /// The folder with the anchors and the genuine lists.
    pub(super) folder: &'e Path,
    /// The genuine lists, DER.
    pub(super) lists: &'e [(String, Vec<u8>)],
    pub(super) wanted: &'e BTreeSet<MadeFile>,
    pub(super) program: &'e [Template],
    /// The PINs that the program verifies with a genuine card, once that is known.
    pub(super) verifies: Option<&'e BTreeSet<Pin>>,
    /// What answers about certificates.
    pub(super) responder: Option<&'e Responder>,
    pub(super) stop: &'e AtomicBool,
}

/// What a run with one card left.
struct Run {
    outcome: Outcome,
    seen: Option<Seen>,
    left_session: Option<bool>,
    /// What a service did; a program's outcome states it.
    got: Option<Got>,
}

impl Common<'_> {
    /// Makes a candidate and runs the program with it, or sends it to the service.
    pub(super) fn run(&self, candidate: &Candidate) -> Result<Ran, ExamError> {
        if let Some(service) = &self.exam.service {
            return self.send(service, candidate);
        }
        let made = match make(self.exam, candidate, self.wanted) {
            Ok(made) => made,
            Err(reason) => return Ok(Ran::not(reason)),
        };
        let folder = tempfile::Builder::new().prefix("vmyna-exam-").tempdir();
        let folder = folder.map_err(ExamError::System)?;
        let asks = candidate.duties.contains(&Duty::LeavesNoSession);
        let order = self.order(&made, folder.path())?;
        let at = made.subject.time.unwrap_or(self.exam.workshop.now());
        // What the responder answers until the end of the run.
        let _stated = self.responder.map(|responder| responder.state(&made.subject, at));
        if let Some(before) = made.subject.before.as_ref().filter(|_| self.wanted.is_empty()) {
            let run = self.run_with(order.clone(), Some(before), candidate, false)?;
            if run.outcome.ended == Ended::Interrupted {
                return Ok(Ran::not(text!("it was interrupted", "中断された")));
            }
        }
        let card = made.subject.card.as_ref().filter(|_| self.wanted.is_empty());
        let run = self.run_with(order, card, candidate, asks)?;
        Ok(self.conclude(candidate, &made, &run, folder.path()))
    }

    /// Makes a candidate and sends it to the service.
    fn send(&self, service: &Service, candidate: &Candidate) -> Result<Ran, ExamError> {
        let exam = self.exam;
        let subject = match subject(exam, candidate) {
            Ok(subject) => subject,
            Err(reason) => return Ok(Ran::not(reason)),
        };
        if let Some(reason) = service.obstacle(candidate, &subject) {
            return Ok(Ran::not(reason));
        }
        let placeholders = service.wanted(candidate).into_iter().flatten();
        let wanted: BTreeSet<MadeFile> = placeholders
            .filter_map(|placeholder| match placeholder {
                Placeholder::File(file) => Some(file),
                _ => None,
            })
            .collect();
        let opens = opens(exam, &subject);
        let of = |asked: &[u8]| files(exam, candidate, (&subject, &opens), &wanted, asked);
        let own = challenge(exam, candidate, 1);
        let made = match of(&own).and_then(|files| undelivered(&subject, &files, &wanted).map(|()| files)) {
            Ok(files) => Made {
                subject: subject.clone(),
                files,
                opens: opens.clone(),
            },
            Err(reason) => return Ok(Ran::not(reason)),
        };
        let lists = self.own_lists(&made)?;
        let sent = Sent {
            subject: &subject,
            files: &|asked| of(asked).unwrap_or_default(),
            challenge: own,
            lists: lists.as_deref().unwrap_or(self.lists),
            time: self.time(&made),
        };
        let at = subject.time.unwrap_or(exam.workshop.now());
        // What the responder answers until the service has answered.
        let _stated = self.responder.map(|responder| responder.state(&subject, at));
        let answered = service.examine(candidate, &sent, self.stop)?;
        let did = did_by(&answered);
        // What a program prints is what a service answers.
        let outcome = Outcome {
            ended: Ended::Exited(0),
            stdout: answered.body,
            stderr: Vec::new(),
            cut: false,
            answered: 0,
            took: answered.took,
        };
        let run = Run {
            outcome,
            seen: None,
            left_session: None,
            got: Some(answered.got),
        };
        let folder = tempfile::Builder::new().prefix("vmyna-exam-").tempdir();
        let folder = folder.map_err(ExamError::System)?;
        let ran = self.conclude(candidate, &made, &run, folder.path());
        Ok(Ran { did, ..ran })
    }

    fn conclude(&self, candidate: &Candidate, made: &Made, run: &Run, folder: &Path) -> Ran {
        let settings = &self.exam.settings;
        let Run { outcome, seen, .. } = run;
        let given = folder.join(GIVEN);
        let files: Vec<(PathBuf, Vec<u8>)> = files_in(folder)
            .into_iter()
            .filter(|(path, _)| !path.starts_with(&given))
            .collect();
        let reported = settings.reported();
        let file = match &reported {
            Reported::File(file) => {
                let path = Template::parse(&file.path).map(|path| path.fill(&|name| self.value(name, made, folder)));
                path.ok().and_then(|path| file_of(&files, &path))
            }
            _ => None,
        };
        let by_program = || {
            got(
                outcome,
                &reported,
                file.as_deref(),
                settings.program.stack_trace_is_crash,
            )
        };
        let got = run.got.clone().unwrap_or_else(by_program);
        let printed = [&outcome.stdout[..], b"\n", &outcome.stderr[..]].concat();
        let evidence = Evidence {
            seen: seen.as_ref(),
            printed: &printed,
            files: &files,
            folder,
            answered: outcome.answered,
            opens: &made.opens,
            tries: settings.patterns.tries.as_ref(),
            signatures: settings.signatures,
            left_session: run.left_session,
            verifies: self.verifies,
        };
        let mut ran = Ran {
            did: did(outcome, &got, seen.as_ref()),
            took: outcome.took,
            informed: settings
                .patterns
                .notice
                .as_ref()
                .map(|notice| notice.0.is_match(&printed)),
            verifies: seen.as_ref().map(verified).unwrap_or_default(),
            ..Ran::not(text!("", ""))
        };
        ran.reason = None;
        let leak = |names: &[&str]| match evidence.not_in_output(names) {
            Kept::No(place) => Some(place),
            _ => None,
        };
        ran.leak = leak(&["pin", "sign-password"]);
        if ran.leak.is_none() && leak(&["code-a", "code-b"]).is_none() {
            ran.printed = last_lines(outcome);
        }
        for duty in &candidate.duties {
            match evidence.judge(duty) {
                Kept::Yes => ran.kept += 1,
                Kept::No(what) => ran.broken.push(what),
                Kept::Unknown(why) => ran.unknown.push(why),
            }
        }
        let given = match &run.got {
            Some(_) => &made.files.keys().copied().collect(),
            None => self.wanted,
        };
        if !candidate.uses.iter().all(|used| evidence.has_used(*used, given)) {
            ran.reason = Some(text!(
                "the program does not use what the candidate is about",
                "プログラムは候補の対象を使わない"
            ));
        }
        ran.got = Some(got);
        ran
    }

    fn run_with(
        &self,
        mut order: Order,
        card: Option<&ForgedCard>,
        candidate: &Candidate,
        asks: bool,
    ) -> Result<Run, ExamError> {
        let stage = card.map(|card| self.stage(card, candidate)).transpose()?;
        if let Some(stage) = &stage {
            order.environment.push((SOCKET_VARIABLE.into(), stage.socket().into()));
        }
        let outcome = order
            .run(self.stop)
            .map_err(|error| ExamError::Program(order.program.clone(), error))?;
        let mut left_session = None;
        let seen = stage.map(|stage| {
            let commands = stage.commands();
            if asks && outcome.ended != Ended::Interrupted {
                left_session = Some(has_session(&stage));
            }
            let mut seen = stage.end();
            seen.exchanges.truncate(commands);
            seen
        });
        Ok(Run {
            outcome,
            seen,
            left_session,
            got: None,
        })
    }

    fn stage(&self, card: &ForgedCard, candidate: &Candidate) -> Result<Stage, ExamError> {
        let seed = self.exam.workshop.seed(&format!("run/{}", candidate.name));
        let fresh = card.fresh(*seed).map_err(|error| ExamError::Stage(error.to_string()))?;
        let faults: Result<Vec<_>, _> = card.faults.iter().map(|fault| fault.parse()).collect();
        let faults =
            faults.map_err(|error: vmyna_reader_bridge::fault::FaultError| ExamError::Stage(error.to_string()))?;
        // The tries are not asked for: a forged card could remember the question.
        let card = StageCard::new(fresh, card.card.profile.interface, Vec::new());
        Stage::open(card, Arc::new(Script::new(faults))).map_err(|error| ExamError::Stage(error.to_string()))
    }

    /// The value of a placeholder.
    fn value(&self, placeholder: Placeholder, made: &Made, folder: &Path) -> String {
        let path = |path: PathBuf| path.to_string_lossy().into_owned();
        match placeholder {
            Placeholder::Opens(name) => made.opens.get(name).cloned().unwrap_or_default(),
            Placeholder::File(file) => path(folder.join(GIVEN).join(file_name(file))),
            Placeholder::Trust => path(self.folder.join(TRUST)),
            Placeholder::Lists => path(self.lists(made, folder)),
            Placeholder::Folder => path(folder.to_owned()),
            Placeholder::Time => self.time(made),
            // Only services name sessions.
            Placeholder::Session => String::new(),
        }
    }

    fn time(&self, made: &Made) -> String {
        made.subject.time.unwrap_or(self.exam.workshop.now()).to_string()
    }

    fn lists(&self, made: &Made, folder: &Path) -> PathBuf {
        match (&made.subject.lists, made.subject.time) {
            (None, None) => self.folder.join(LISTS),
            _ => folder.join(GIVEN).join(LISTS),
        }
    }

    /// The lists of a candidate that has other ones, or another time, than the examination.
    fn own_lists<'m>(&self, made: &'m Made) -> Result<Option<Cow<'m, [x509::NamedList]>>, ExamError> {
        Ok(match (&made.subject.lists, made.subject.time) {
            (Some(lists), _) => Some(Cow::Borrowed(lists.as_slice())),
            (None, Some(time)) => {
                let lists = x509::genuine_lists(&self.exam.workshop, time).map_err(ExamError::Make)?;
                Some(Cow::Owned(lists))
            }
            (None, None) => None,
        })
    }

    /// Writes the files of a candidate, and what runs the program with it.
    fn order(&self, made: &Made, folder: &Path) -> Result<Order, ExamError> {
        let settings = &self.exam.settings;
        let given = folder.join(GIVEN);
        std::fs::create_dir(&given).map_err(ExamError::System)?;
        for file in self.wanted {
            if let Some(bytes) = made.files.get(file) {
                std::fs::write(given.join(file_name(*file)), bytes).map_err(ExamError::System)?;
            }
        }
        if let Some(lists) = self.own_lists(made)? {
            trust::write_lists(&given.join(LISTS), &lists)?;
        }
        let fill = |template: &Template| OsString::from(template.fill(&|name| self.value(name, made, folder)));
        let text = |text: &str| -> Result<OsString, ExamError> { Ok(fill(&Template::parse(text)?)) };
        let mut words = self.program.iter().map(fill);
        let program = words.next().unwrap_or_default();
        let mut order = Order::new(program, words.collect(), self.exam.limit);
        let temporary: OsString = folder.into();
        let mut put = |name: &str, value: OsString| order.environment.push((name.into(), value));
        put(TRUST_VARIABLE, self.folder.join(TRUST).into());
        put(LISTS_VARIABLE, self.lists(made, folder).into());
        put(TIME_VARIABLE, self.time(made).into());
        if let Some(responder) = self.responder {
            put(RESPONDER_VARIABLE, responder.sign_url().into());
        }
        // Without a card in this run the program must not reach one of this machine.
        put(SOCKET_VARIABLE, folder.join("no-reader").into());
        for name in ["TMPDIR", "XDG_CACHE_HOME", "XDG_STATE_HOME"] {
            put(name, temporary.clone());
        }
        if settings.program.private_folder {
            put("HOME", temporary);
        }
        for (name, value) in &settings.give.environment {
            let value = text(value)?;
            order.environment.push((name.into(), value));
        }
        if settings.program.private_folder {
            order.directory = Some(folder.to_owned());
            let path = Path::new(&order.program);
            if path.components().count() > 1 && path.is_relative() {
                order.program = std::path::absolute(path).map_err(ExamError::System)?.into();
            }
        }
        let line = |line: &str| Ok::<_, ExamError>(Zeroizing::new(text(line)?.into_encoded_bytes()));
        let give = &settings.give;
        order.input = if !give.prompts.is_empty() {
            let prompts = give.prompts.iter();
            let answers = prompts.map(|prompt| Ok((prompt.pattern.0.clone(), line(&prompt.line)?)));
            Input::Answers(answers.collect::<Result<_, ExamError>>()?)
        } else if !give.lines.is_empty() {
            Input::Lines(give.lines.iter().map(|text| line(text)).collect::<Result<_, _>>()?)
        } else {
            Input::Nothing
        };
        Ok(order)
    }
}

/// In the private folder of a run: what the examination has put there.
const GIVEN: &str = "given";
/// In the folder of the examination.
pub(super) const TRUST: &str = "trust";
pub(super) const LISTS: &str = "crls";

/// Whether the card signs for a program that connects after the run and presents no PIN.
fn has_session(stage: &Stage) -> bool {
    const KEYS: [&[u8]; 2] = [
        &[0x00, 0xA4, 0x02, 0x0C, 0x02, 0x00, 0x17],
        &[0x00, 0xA4, 0x02, 0x0C, 0x02, 0x00, 0x1A],
    ];
    /// The DigestInfo of SHA-256 of 32 bytes 5A.
    const DIGEST_INFO: [u8; 19] = [
        0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04,
        0x20,
    ];
    let sign = [&[0x80, 0x2A, 0x00, 0x80, 0x33][..], &DIGEST_INFO, &[0x5A; 32], &[0x00]].concat();
    let is_right = |answer: Option<Vec<u8>>| answer.is_some_and(|answer| answer.ends_with(&[0x90, 0x00]));
    KEYS.iter()
        .any(|key| is_right(stage.send_as_other(key)) && is_right(stage.send_as_other(&sign)))
}

/// What a service did, with what shows it.
fn did_by(answered: &Answered) -> Text {
    let words = answered.got.words();
    let seconds = answered.took.as_secs_f64();
    let (en, ja) = (&words.en, &words.ja);
    text!("{en} (after {seconds:.2} s)", "{ja}（{seconds:.2}秒）")
}

/// What the program did, with what shows it.
fn did(outcome: &Outcome, got: &Got, seen: Option<&Seen>) -> Text {
    let words = got.words();
    let seconds = outcome.took.as_secs_f64();
    let end = match outcome.ended {
        Ended::Exited(code) => text!("exit status {code}", "終了ステータス{code}"),
        Ended::Killed(signal) => text!("signal {signal}", "シグナル{signal}"),
        Ended::Stopped(signal) => text!("stopped by signal {signal}", "シグナル{signal}で停止"),
        Ended::TimedOut => text!("ended at the limit", "制限時間で終了させた"),
        Ended::Interrupted => text!("interrupted", "中断"),
    };
    let commands = seen.map(|seen| seen.exchanges.len());
    let (words_en, words_ja, end_en, end_ja) = (&words.en, &words.ja, &end.en, &end.ja);
    match commands {
        Some(count) => text!(
            "{words_en} ({end_en} after {seconds:.2} s and {count} commands to the card)",
            "{words_ja}（{end_ja}、{seconds:.2}秒、カードへのコマンド{count}件）"
        ),
        None => text!(
            "{words_en} ({end_en} after {seconds:.2} s)",
            "{words_ja}（{end_ja}、{seconds:.2}秒）"
        ),
    }
}

/// The last lines that the program printed, standard error before standard output.
fn last_lines(outcome: &Outcome) -> Option<String> {
    /// Lines of each stream, and characters of each line.
    const LINES: usize = 3;
    const CHARACTERS: usize = 200;
    let last = |bytes: &[u8]| -> Vec<String> {
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let first = lines.len().saturating_sub(LINES);
        let lines = lines.into_iter().skip(first);
        lines
            .map(|line| vmyna_apdu::shown(line).to_string().chars().take(CHARACTERS).collect())
            .collect()
    };
    let lines = [last(&outcome.stderr), last(&outcome.stdout)].concat();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

impl From<trust::TrustError> for ExamError {
    fn from(error: trust::TrustError) -> Self {
        match error {
            trust::TrustError::Io(error) => Self::System(error),
            trust::TrustError::Make(error) => Self::Make(error),
        }
    }
}

impl From<io::Error> for ExamError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}
