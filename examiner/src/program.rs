//! One run of a foreign program: started, given its input, watched, ended with everything that it started.
//!
//! The program gets a process group of its own, so that Ctrl-C at the terminal reaches the examination alone, which then ends
//! the group. A process that leaves the group on purpose (`setsid`) is not found again. The module must never write what the
//! program was given, nor what it printed, anywhere but into the [`Outcome`].

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use regex::bytes::Regex;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use zeroize::Zeroizing;

/// The most bytes that are kept of each stream; what a program prints beyond them is read and dropped.
pub const MOST_OUTPUT: usize = 4 << 20;

/// How often a run looks whether it is to end.
const LOOK: Duration = Duration::from_millis(20);

/// After the end of the program its streams are read for so long at most: a process that has left the group can hold them.
const REST: Duration = Duration::from_millis(500);

/// A line that is typed, without its end.
pub type Line = Zeroizing<Vec<u8>>;

/// What the program reads from its standard input.
#[derive(Clone, Default)]
pub enum Input {
    /// Its end, at once.
    #[default]
    Nothing,
    /// These lines, at once, and then the end.
    Lines(Vec<Line>),
    /// Each line once, when what the program has printed since the answer before matches its pattern; after the last one the
    /// end. Both streams count, and a prompt needs no line end.
    Answers(Vec<(Regex, Line)>),
}

/// What to run. `Debug` shows the program alone: arguments and environment can hold a PIN.
#[derive(Clone)]
#[non_exhaustive]
pub struct Order {
    /// The program.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Variables beside those of this process.
    pub environment: Vec<(OsString, OsString)>,
    /// Where it runs, if elsewhere than this process.
    pub directory: Option<PathBuf>,
    /// What it reads.
    pub input: Input,
    /// A program that takes longer is ended.
    pub limit: Duration,
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Order({:?})", self.program)
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// By itself, with this exit status.
    Exited(i32),
    /// By a signal that this examination did not send.
    Killed(i32),
    /// It was stopped by this signal, as a program in the background is that reads the terminal (SIGTTIN, SIGTTOU), and then
    /// ended.
    Stopped(i32),
    /// It had not ended at its limit.
    TimedOut,
    /// The examination was interrupted.
    Interrupted,
}

/// What a run left. `Debug` shows no output, which can hold a PIN.
#[derive(Clone)]
#[non_exhaustive]
pub struct Outcome {
    /// Its end.
    pub ended: Ended,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    /// One of them was longer than [`MOST_OUTPUT`].
    pub cut: bool,
    /// How many lines it was given because it asked for them.
    pub answered: usize,
    /// From start to end.
    pub took: Duration,
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outcome({:?} after {:?})", self.ended, self.took)
    }
}

impl Order {
    /// A program with arguments, without input, in this process's directory.
    #[must_use]
    pub fn new(program: OsString, arguments: Vec<OsString>, limit: Duration) -> Self {
        Self {
            program,
            arguments,
            environment: Vec::new(),
            directory: None,
            input: Input::Nothing,
            limit,
        }
    }

    /// Runs it. `stop` ends it early.
    ///
    /// # Errors
    /// Errors of the system: there is no such program, or no process or thread can be made.
    pub fn run(&self, stop: &AtomicBool) -> io::Result<Outcome> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        let begin = Instant::now();
        let mut running = Running(command.spawn()?);
        let output = Arc::new(Output::default());
        let readers = [
            running.0.stdout.take().map(|from| output.collect(from, 0)),
            running.0.stderr.take().map(|from| output.collect(from, 1)),
        ];
        let readers: Vec<JoinHandle<()>> = readers.into_iter().flatten().collect::<io::Result<_>>()?;
        if let Some(stdin) = running.0.stdin.take() {
            let (input, output) = (self.input.clone(), Arc::clone(&output));
            Builder::new()
                .name("input".to_owned())
                .spawn(move || feed(stdin, input, &output))?;
        }
        let ended = running.wait(begin + self.limit, stop)?;
        let took = begin.elapsed();
        let status = running.end()?;
        output.end();
        let rest = Instant::now() + REST;
        while readers.iter().any(|reader| !reader.is_finished()) && Instant::now() < rest {
            std::thread::sleep(Duration::from_millis(1));
        }
        let mut state = output.lock();
        Ok(Outcome {
            ended: ended.unwrap_or_else(|| by_itself(status)),
            stdout: std::mem::take(&mut state.streams[0]),
            stderr: std::mem::take(&mut state.streams[1]),
            cut: state.cut,
            answered: state.answered,
            took,
        })
    }
}

fn by_itself(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited(code),
        (None, signal) => Ended::Killed(signal.unwrap_or_default()),
    }
}

/// A program that runs. Dropping it ends it and its group.
struct Running(Child);

impl Running {
    fn id(&self) -> Pid {
        Pid::from_child(&self.0)
    }

    /// Waits until it ends, stops, or must be ended. `None`: it has ended by itself. It is not reaped yet, so that its number
    /// still names its group.
    fn wait(&self, end: Instant, stop: &AtomicBool) -> io::Result<Option<Ended>> {
        let (report, changed) = mpsc::channel();
        let id = self.id();
        Builder::new().name("wait".to_owned()).spawn(move || {
            let options = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
            let _ = report.send(waitid(WaitId::Pid(id), options));
        })?;
        loop {
            match changed.recv_timeout(LOOK) {
                Ok(Ok(status)) => {
                    let signal = status.and_then(|status| status.stopping_signal());
                    return Ok(signal.map(Ended::Stopped));
                }
                Ok(Err(error)) => return Err(error.into()),
                Err(RecvTimeoutError::Disconnected) => return Err(io::Error::other("the program is lost")),
                Err(RecvTimeoutError::Timeout) if stop.load(Ordering::Relaxed) => return Ok(Some(Ended::Interrupted)),
                Err(RecvTimeoutError::Timeout) if Instant::now() >= end => return Ok(Some(Ended::TimedOut)),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Ends it and all of its group, and reaps it.
    fn end(&mut self) -> io::Result<ExitStatus> {
        // Fails if the group is gone.
        let _ = kill_process_group(self.id(), Signal::KILL);
        self.0.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Once it is reaped its number can be that of another process.
        if !matches!(self.0.try_wait(), Ok(Some(_))) {
            let _ = self.end();
        }
    }
}

/// What has been printed so far.
#[derive(Default)]
struct State {
    streams: [Vec<u8>; 2],
    cut: bool,
    answered: usize,
    ended: bool,
}

#[derive(Default)]
struct Output {
    state: Mutex<State>,
    changed: Condvar,
}

impl Output {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a stream to its end.
    fn collect(self: &Arc<Self>, mut from: impl Read + Send + 'static, stream: usize) -> io::Result<JoinHandle<()>> {
        let own = Arc::clone(self);
        Builder::new().name("output".to_owned()).spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            loop {
                let read = match from.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(read) => read,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(_) => break,
                };
                let mut state = own.lock();
                let State { streams, cut, .. } = &mut *state;
                if let Some(kept) = streams.get_mut(stream) {
                    let room = MOST_OUTPUT.saturating_sub(kept.len());
                    *cut |= read > room;
                    kept.extend_from_slice(buffer.get(..read.min(room)).unwrap_or_default());
                }
                drop(state);
                own.changed.notify_all();
            }
        })
    }

    fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }
}

fn feed(mut stdin: ChildStdin, input: Input, output: &Output) {
    let mut write = |line: &Line| {
        // A program that does not read has no use for it.
        let _ = stdin.write_all(line).and_then(|()| stdin.write_all(b"\n"));
    };
    match input {
        Input::Nothing => {}
        Input::Lines(lines) => lines.iter().for_each(&mut write),
        Input::Answers(mut answers) => {
            let mut seen = [0; 2];
            let mut state = output.lock();
            while !state.ended && !answers.is_empty() {
                match asked(&state.streams, &mut seen, &answers) {
                    Some(index) => {
                        write(&answers.remove(index).1);
                        state.answered += 1;
                    }
                    None => state = output.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                }
            }
        }
    }
}

/// The answer that the program waits for. What it has printed until then is not looked at again.
fn asked(streams: &[Vec<u8>; 2], seen: &mut [usize; 2], answers: &[(Regex, Line)]) -> Option<usize> {
    for (stream, seen) in streams.iter().zip(seen) {
        let new = stream.get(*seen..).unwrap_or_default();
        for (index, (prompt, _)) in answers.iter().enumerate() {
            if let Some(found) = prompt.find(new) {
                *seen += found.end();
                return Some(index);
            }
        }
    }
    None
}

/// The most files, and the most bytes of each, that are read of what a program left.
const MOST_FILES: usize = 1_000;
const LONGEST_FILE: u64 = 16 << 20;

/// The ordinary files in a folder and the folders in it, each with its path. No link is followed; files beyond a thousand,
/// and files longer than 16 MiB, are left out.
#[must_use]
pub fn files_in(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(kind) if kind.is_file() && files.len() < MOST_FILES => {
                    if let Ok(bytes) = vmyna_files::read(&path, LONGEST_FILE) {
                        files.push((path, bytes));
                    }
                }
                _ => {}
            }
        }
    }
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Order {
        let arguments = ["-c", script].map(OsString::from).to_vec();
        Order::new("sh".into(), arguments, Duration::from_secs(20))
    }

    fn run(order: &Order) -> Outcome {
        order.run(&AtomicBool::new(false)).unwrap()
    }

    #[test]
    fn a_program_leaves_its_output_and_its_end() {
        let outcome = run(&shell("printf out; printf err >&2; exit 3"));
        assert_eq!(
            (outcome.ended, &*outcome.stdout, &*outcome.stderr),
            (Ended::Exited(3), &b"out"[..], &b"err"[..])
        );
        assert_eq!(run(&shell("kill -SEGV $$")).ended, Ended::Killed(11));
        assert_eq!(run(&shell("kill -TTIN $$; echo never")).ended, Ended::Stopped(21));
        let none = Order::new("./no such program".into(), Vec::new(), Duration::ZERO);
        let error = none.run(&AtomicBool::new(false)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_program_at_its_limit_is_ended_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let mut order = shell("sleep 600 & echo $! > \"$FILE\"; wait");
        order.environment.push(("FILE".into(), file.clone().into()));
        order.limit = Duration::from_millis(500);
        assert_eq!(run(&order).ended, Ended::TimedOut);
        is_gone(&file);
        // As does what a program that has ended has left in the background, which holds its output open.
        let mut order = shell("sleep 600 & echo $! > \"$FILE\"");
        order.environment.push(("FILE".into(), file.clone().into()));
        assert_eq!(run(&order).ended, Ended::Exited(0));
        is_gone(&file);
    }

    /// The process of this number has ended: it is gone, or nobody has asked for its exit status yet.
    fn is_gone(file: &Path) {
        let pid = std::fs::read_to_string(file).unwrap();
        let stat = Path::new("/proc").join(pid.trim()).join("stat");
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let state = std::fs::read_to_string(&stat).unwrap_or_default();
            if state.is_empty() || state.contains(") Z ") {
                return;
            }
            assert!(Instant::now() < end, "{state}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn an_interruption_ends_the_program() {
        let order = shell("sleep 600");
        assert_eq!(order.run(&AtomicBool::new(true)).unwrap().ended, Ended::Interrupted);
    }

    #[test]
    fn input_is_given_at_once_or_when_the_program_asks() {
        let line = |text: &str| Line::new(text.as_bytes().to_vec());
        let mut order = shell("read a; read b; read c || echo \"$a-$b\"");
        order.input = Input::Lines(vec![line("1234"), line("ABC123")]);
        assert_eq!(run(&order).stdout, b"1234-ABC123\n");
        let asking = "printf 'PIN: '; read a; printf 'Password: ' >&2; read b; read c || echo \"$a-$b\"";
        let mut order = shell(asking);
        let prompt = |pattern| Regex::new(pattern).unwrap();
        order.input = Input::Answers(vec![
            (prompt("Password: $"), line("ABC123")),
            (prompt("PIN: $"), line("1234")),
        ]);
        let outcome = run(&order);
        assert_eq!((&*outcome.stdout, outcome.answered), (&b"PIN: 1234-ABC123\n"[..], 2));
        // A program that never asks does not wait for the answers.
        let mut order = shell("exit 0");
        order.input = Input::Answers(vec![(prompt("PIN"), line("1234"))]);
        assert_eq!(run(&order).answered, 0);
    }

    #[test]
    fn endless_output_fills_no_memory() {
        let mut order = shell("yes 2>/dev/null | head -c 9000000");
        order.limit = Duration::from_secs(60);
        let outcome = run(&order);
        assert_eq!((outcome.stdout.len(), outcome.cut), (MOST_OUTPUT, true));
    }

    #[test]
    fn files_are_found_in_folders_of_folders_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::write(folder.path().join("a/log"), "x").unwrap();
        std::os::unix::fs::symlink("/", folder.path().join("root")).unwrap();
        let files = files_in(folder.path());
        assert_eq!(files, [(folder.path().join("a/log"), b"x".to_vec())]);
    }
}
