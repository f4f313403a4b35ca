//! pcscd's log with `--apdu`: `00000002 APDU: 00 A4 04 0C …` and `00000115 SW: 90 00`, in colours with the number of the
//! thread, and in the journal behind `pcscd[813]: `. The first number counts microseconds since the line before it; the log has
//! no date.
//!
//! With `--debug` the log also states which program connects to which reader, and each reset. A reset and a cold one by
//! SCardReconnect look alike and are taken for warm ones. Where several readers or programs could have sent a command, the
//! line is an error.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use super::super::What;
use super::line::Lines;
use super::transcript::{Transcript, name};
use super::{ImportError, Problem};

pub(super) const COMMAND: &str = "APDU: ";
/// The most programs and readers at a time: pcscd's threads, and more than it has readers.
const MOST: usize = 4096;

pub(super) fn read(mut lines: Lines<'_>, transcript: &mut Transcript) -> Result<(), ImportError> {
    let mut log = Log::default();
    while let Some(line) = lines.next()? {
        let Some(entry) = entry(&line.text) else {
            if is_of_the_journal(&line.text) {
                continue;
            }
            return Err(line.error(Problem::Foreign));
        };
        log.time += Duration::from_micros(entry.since.into());
        transcript.at(log.time);
        let bytes = |text: &str| line.bytes(text);
        let added = if let Some(command) = entry.text.strip_prefix(COMMAND) {
            log.command(&entry, &bytes(command)?, transcript)
        } else if let Some(answer) = entry.text.strip_prefix("SW:") {
            log.answer(&entry, &bytes(answer)?, transcript)
        } else if let Some(atr) = entry.text.strip_prefix("Card ATR:") {
            log.atr(bytes(atr)?, transcript)
        } else {
            log.other(&entry, transcript)
        };
        added.map_err(|problem| line.error(problem))?;
        if log.programs.len() + log.sent_to.len() + log.pending.len() + log.in_readers.len() > MOST {
            return Err(line.error(Problem::TooMany));
        }
    }
    Ok(())
}

/// A line of the log.
struct Entry<'a> {
    /// Microseconds since the line before it.
    since: u32,
    /// The number of the thread, in colours only.
    thread: Option<&'a str>,
    text: &'a str,
}

/// A line of pcscd; `None` if it is none.
fn entry(line: &str) -> Option<Entry<'_>> {
    let (in_journal, rest) = match journal(line) {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let delta = rest
        .split_once(' ')
        .filter(|(delta, _)| delta.len() == 8 && delta.bytes().all(|digit| digit.is_ascii_digit()));
    let (since, rest) = match delta {
        Some((delta, rest)) => (delta.parse().ok()?, rest),
        None if in_journal => (0, rest),
        None => return None,
    };
    let thread = rest
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "))
        .filter(|(thread, _)| !thread.is_empty() && thread.bytes().all(|digit| digit.is_ascii_alphanumeric()));
    Some(match thread {
        Some((thread, text)) => Entry {
            since,
            thread: Some(thread),
            text,
        },
        None => Entry {
            since,
            thread: None,
            text: rest,
        },
    })
}

/// The part behind `pcscd[813]: `.
fn journal(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("pcscd[")?;
    let (process, rest) = rest.split_once("]: ")?;
    process.bytes().all(|digit| digit.is_ascii_digit()).then_some(rest)
}

/// Empty lines, and those of journalctl and systemd.
fn is_of_the_journal(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with("-- ") || line.contains("systemd[")
}

/// Whether this is a line of pcscd's with a command.
pub(super) fn has_command(line: &str) -> bool {
    entry(line).is_some_and(|entry| entry.text.starts_with(COMMAND))
}

/// Why the next ATR is logged.
#[derive(Clone, Copy)]
enum Cause {
    PowerOn,
    Reset,
}

/// What is known of a program, which is a thread of pcscd's.
#[derive(Default)]
struct Program {
    /// The readers to which it is connected, in their order.
    connected: Vec<String>,
    /// A connection has ended, and it is not known which.
    unclear: bool,
}

/// What the log has stated so far.
#[derive(Default)]
struct Log {
    time: Duration,
    programs: HashMap<String, Program>,
    /// Without threads: the command of each program that is on its way.
    pending: HashMap<String, String>,
    /// The reader of the command that waits for its answer, by program.
    sent_to: HashMap<String, String>,
    /// Readers with a card.
    in_readers: BTreeSet<String>,
    /// Readers whose card has power.
    powered: HashSet<String>,
    /// The reader that a thread watches.
    watches: HashMap<String, String>,
    /// Why the next ATR is logged, and at which reader.
    cause: Option<(Cause, String)>,
}

impl Log {
    /// The program that a line belongs to: its thread, or the only one that is in one of these commands. The empty name if
    /// the log does not state programs.
    fn program(&self, entry: &Entry<'_>, commands: &[&str]) -> Result<String, Problem> {
        if let Some(thread) = entry.thread {
            return Ok(thread.to_owned());
        }
        let pending = self
            .pending
            .iter()
            .filter(|(_, command)| commands.contains(&command.as_str()));
        let mut programs = pending.map(|(program, _)| program);
        match (programs.next(), programs.next()) {
            (Some(only), None) => Ok(only.clone()),
            (None, _) => Ok(String::new()),
            _ => Err(Problem::Ambiguous),
        }
    }

    /// The reader of a program.
    fn reader(&self, program: &str) -> Result<String, Problem> {
        match self.programs.get(program) {
            Some(Program { connected, unclear }) if !connected.is_empty() => {
                let one = !unclear && connected.iter().all(|other| *other == connected[0]);
                one.then(|| connected[0].clone()).ok_or(Problem::Ambiguous)
            }
            _ => self.only_reader(),
        }
    }

    fn command(&mut self, entry: &Entry<'_>, command: &[u8], transcript: &mut Transcript) -> Result<(), Problem> {
        let program = self.program(entry, &["TRANSMIT"])?;
        let reader = self.reader(&program)?;
        transcript.command(&reader, command)?;
        self.sent_to.insert(program, reader);
        Ok(())
    }

    fn answer(&mut self, entry: &Entry<'_>, answer: &[u8], transcript: &mut Transcript) -> Result<(), Problem> {
        let program = self.program(entry, &["TRANSMIT"])?;
        let reader = self.sent_to.remove(&program).ok_or(Problem::NoCommand)?;
        match answer.is_empty() {
            // The card did not answer.
            true => transcript.unanswered(&reader),
            false => transcript.answer(&reader, answer),
        }
    }

    fn only_reader(&self) -> Result<String, Problem> {
        let mut readers = self.in_readers.iter();
        match (readers.next(), readers.next()) {
            (None, _) => Ok("pcscd".to_owned()),
            (Some(only), None) => Ok(only.clone()),
            _ => Err(Problem::Ambiguous),
        }
    }

    fn atr(&mut self, atr: Vec<u8>, transcript: &mut Transcript) -> Result<(), Problem> {
        let Some((cause, reader)) = self.cause.take() else {
            return Ok(());
        };
        let what = match cause {
            Cause::PowerOn => What::PowerOn(atr),
            Cause::Reset => What::Reset(atr),
        };
        transcript.event(&reader, what)?;
        self.powered.insert(reader);
        Ok(())
    }

    fn unpowered(&mut self, reader: &str, transcript: &mut Transcript) -> Result<(), Problem> {
        match self.powered.remove(reader) {
            true => transcript.event(reader, What::PowerOff),
            false => Ok(()),
        }
    }

    /// A line without bytes.
    fn other(&mut self, entry: &Entry<'_>, transcript: &mut Transcript) -> Result<(), Problem> {
        let text = entry.text;
        let behind = |words: &str| text.split_once(words).map(|(_, rest)| rest.trim_end());
        if let Some(reader) = behind("Card inserted into ") {
            let reader = name(reader)?;
            self.in_readers.insert(reader.clone());
            if let Some(thread) = entry.thread {
                self.watches.insert(thread.to_owned(), reader.clone());
            }
            self.cause = Some((Cause::PowerOn, reader));
        } else if let Some(reader) = behind("Card Removed From ") {
            let reader = name(reader)?;
            self.in_readers.remove(&reader);
            return self.unpowered(&reader, transcript);
        } else if text.contains("EHStatusHandlerThread() powerState: POWER_STATE_UNPOWERED") {
            let reader = match entry.thread {
                Some(thread) => self.watches.get(thread).cloned(),
                None => self.only_reader().ok(),
            };
            return reader.map_or(Ok(()), |reader| self.unpowered(&reader, transcript));
        } else if text.contains("SCardDisconnect() powerState: POWER_STATE_UNPOWERED") {
            let reader = self.reader(&self.program(entry, &["DISCONNECT"])?)?;
            return self.unpowered(&reader, transcript);
        } else if text.ends_with("power up complete.") {
            let reader = self.reader(&self.program(entry, &["CONNECT"])?)?;
            self.cause = Some((Cause::PowerOn, reader));
        } else if text.ends_with("Reset complete.") {
            let reader = self.reader(&self.program(entry, &["RECONNECT", "DISCONNECT"])?)?;
            self.cause = Some((Cause::Reset, reader));
        } else if let Some((command, client)) =
            behind("Received command: ").and_then(|rest| rest.split_once(" from client "))
        {
            if entry.thread.is_none() {
                self.pending.insert(client.to_owned(), command.to_owned());
            }
        } else {
            self.connection(entry)?;
        }
        Ok(())
    }

    /// A line about a program's connections.
    fn connection(&mut self, entry: &Entry<'_>) -> Result<(), Problem> {
        let text = entry.text;
        let behind = |words: &str| text.split_once(words).map(|(_, rest)| rest);
        if let Some(rest) = behind("Attempting Connect to ") {
            let (reader, _) = rest.rsplit_once(" using protocol").ok_or(Problem::Foreign)?;
            let reader = name(reader)?;
            let program = self.program(entry, &["CONNECT"])?;
            self.programs.entry(program).or_default().connected.push(reader);
            return Ok(());
        }
        // ` CONNECT for client 11, rv=SCARD_S_SUCCESS` ends a command, and `Client die: 11` a program.
        let ended = text
            .split_once(" for client ")
            .or_else(|| text.split_once(" Client die: "));
        let Some((before, rest)) = ended else { return Ok(()) };
        let (client, outcome) = rest.split_once(',').unwrap_or((rest, ""));
        let program = entry.thread.unwrap_or(client).to_owned();
        self.pending.remove(&program);
        let done = outcome.ends_with("rv=SCARD_S_SUCCESS");
        let command = before.rsplit(' ').next().unwrap_or_default();
        match (command, self.programs.get_mut(&program)) {
            ("CONNECT", Some(program)) if !done => drop(program.connected.pop()),
            ("DISCONNECT", Some(program)) if done => {
                let last = program.connected.pop();
                // The line does not state which connection ended.
                program.unclear |= program.connected.iter().any(|other| Some(other) != last.as_ref());
            }
            ("RELEASE_CONTEXT", _) => drop(self.programs.remove(&program)),
            _ if text.contains(" Client die: ") => drop(self.programs.remove(&program)),
            _ => {}
        }
        Ok(())
    }
}
