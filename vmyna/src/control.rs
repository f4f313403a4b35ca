//! Control requests: how a process asks the one that has a card in use, on a socket that only this user can reach.
//!
//! A request is one line: a word, and the identity of the card in hexadecimal. The identity matters because an image can be
//! replaced, and then its card is another one. The answer begins with `ok` or `error MESSAGE`.
//!
//! | Request | After `ok` |
//! |---|---|
//! | `tries` | a line for each PIN: AID, file, tries left, and `changed` for one with another value than recorded or issued |
//! | `operation` | the number of the last operation in hexadecimal; an empty line for none |
//! | `record` | the length of the card's record, and its bytes; 0 if its contents are as issued |
//! | `contents` | a line for each file that commands have changed: AID, file, and `changed` |
//! | `reset-state` | |
//! | `reset-pins` | |
//! | `replace`, with the length of the body behind the identity; the body follows ([`body`]) | `done` or `already` |
//!
//! A record has the card's private keys and PINs, as its image has. A body can also have values of PINs. No other message has
//! any of that.
//!
//! The asking process may have timed out before the other one reads its request. So a request that can't be undone takes
//! two steps: the lock owner answers `ready`, and acts when it reads `go`. A process that reported a failure must not find
//! the request carried out a minute later.

pub(crate) mod body;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use vmyna_apdu::hex;
use vmyna_card_os::declaration::ObjectId;
use vmyna_card_os::state::{LockOwner, Replacement};
use vmyna_pcsc_service::connect;
use zeroize::Zeroizing;

/// How long the asking process waits for the answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// More than any answer has, in bytes: the longest one is a record.
const LONGEST: u64 = Replacement::LONGEST_RECORD as u64 + 1024;

/// The requests.
pub(crate) const TRIES: &str = "tries";
pub(crate) const OPERATION: &str = "operation";
pub(crate) const RECORD: &str = "record";
pub(crate) const CONTENTS: &str = "contents";
pub(crate) const RESET_STATE: &str = "reset-state";
pub(crate) const RESET_PINS: &str = "reset-pins";
pub(crate) const REPLACE: &str = "replace";
/// The answers to [`REPLACE`]: the operation is done now, or was before.
pub(crate) const DONE: &str = "done";
pub(crate) const ALREADY: &str = "already";
/// In an answer to [`TRIES`]: the PIN has another value than recorded or issued.
pub(crate) const CHANGED: &str = "changed";
/// The two steps of a request that can't be undone.
pub(crate) const READY: &str = "ready";
pub(crate) const GO: &str = "go";

/// The process that has a card in use did not do what it was asked for.
#[derive(Debug)]
#[non_exhaustive]
pub struct ControlError {
    /// The process.
    pub owner: LockOwner,
    /// The reason.
    pub kind: ControlErrorKind,
}

/// Why a request failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ControlErrorKind {
    /// The process can't be reached, or did not answer in time.
    Unreachable {
        /// The reason of the operating system.
        error: io::Error,
        /// Whether the request may still be carried out.
        sent: bool,
    },
    /// The process closed the connection without an answer.
    NoAnswer,
    /// The answer is in no known form.
    Unknown,
    /// The process answered with this error.
    Refused(String),
}

impl ControlError {
    /// Whether the process may have ended, or be ending.
    pub(crate) fn is_of_the_end(&self) -> bool {
        match &self.kind {
            ControlErrorKind::Unreachable { error, .. } => error.kind() != ErrorKind::TimedOut,
            ControlErrorKind::NoAnswer => true,
            _ => false,
        }
    }
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pid = self.owner.pid;
        match &self.kind {
            ControlErrorKind::Unreachable { error, sent } => {
                let socket = self.owner.control.as_deref().unwrap_or_default();
                write!(
                    f,
                    "process {pid} has the card in use and does not answer on {socket}: {error}"
                )?;
                match sent {
                    true => f.write_str("; it may still do what it was asked for"),
                    false => Ok(()),
                }
            }
            ControlErrorKind::NoAnswer => {
                write!(
                    f,
                    "process {pid} has the card in use and closed the connection without an answer"
                )
            }
            ControlErrorKind::Unknown => write!(
                f,
                "process {pid} has the card in use, and its answer is in no known form"
            ),
            ControlErrorKind::Refused(message) => write!(f, "process {pid}: {message}"),
        }
    }
}

impl std::error::Error for ControlError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ControlErrorKind::Unreachable { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// Asks the process that has a card in use for the tries left of the card's PINs, and for the PINs with another value.
pub(crate) fn ask_tries(
    owner: &LockOwner,
    card: &[u8; 32],
) -> Result<(BTreeMap<ObjectId, u8>, BTreeSet<ObjectId>), ControlError> {
    ask(owner, TRIES, card, |answer| {
        let (mut left, mut changed) = (BTreeMap::new(), BTreeSet::new());
        for line in str::from_utf8(answer).ok()?.lines() {
            let (object, rest) = body::object(line)?;
            let mut words = rest.split(' ');
            left.insert(object, words.next()?.parse().ok()?);
            if words.next() == Some(CHANGED) {
                changed.insert(object);
            }
        }
        Some((left, changed))
    })
}

/// Asks the process that has a card in use for the number of the last operation.
pub(crate) fn ask_operation(owner: &LockOwner, card: &[u8; 32]) -> Result<Option<[u8; 16]>, ControlError> {
    ask(owner, OPERATION, card, |answer| match answer {
        b"\n" => Some(None),
        number => {
            let number = str::from_utf8(number).ok()?.trim_end();
            Some(Some(hex::decode(number).ok()?.try_into().ok()?))
        }
    })
}

/// Asks the process that has a card in use for the record of the card; `None` if its contents are as issued.
pub(crate) fn ask_record(owner: &LockOwner, card: &[u8; 32]) -> Result<Option<Zeroizing<Vec<u8>>>, ControlError> {
    ask(owner, RECORD, card, |answer| {
        let (length, record) = split_line(answer)?;
        let is_whole = length.parse() == Ok(record.len());
        is_whole.then(|| (!record.is_empty()).then(|| Zeroizing::new(record.to_vec())))
    })
}

/// Asks the process that has a card in use for the files that commands have changed.
pub(crate) fn ask_contents(owner: &LockOwner, card: &[u8; 32]) -> Result<BTreeSet<ObjectId>, ControlError> {
    ask(owner, CONTENTS, card, |answer| {
        let lines = str::from_utf8(answer).ok()?.lines();
        lines.map(|line| Some(body::object(line)?.0)).collect()
    })
}

/// Asks the process that has a card in use to go back to the card as issued ([`RESET_STATE`]), or in its PINs alone
/// ([`RESET_PINS`]).
pub(crate) fn ask_reset(owner: &LockOwner, request: &str, card: &[u8; 32]) -> Result<(), ControlError> {
    let mut request = Request::send(owner, request, card, None)?;
    request.confirm()?;
    request.answer().map(drop)
}

/// Asks the process that has a card in use to replace something in it. Returns whether it is done now, and was not before.
pub(crate) fn ask_replace(owner: &LockOwner, card: &[u8; 32], replacement: &Replacement) -> Result<bool, ControlError> {
    let mut request = Request::send(owner, REPLACE, card, Some(&body::encode(replacement)))?;
    request.confirm()?;
    let answer = request.answer()?;
    match str::from_utf8(&answer).map(str::trim_end) {
        Ok(DONE) => Ok(true),
        Ok(ALREADY) => Ok(false),
        _ => Err(request.failed(ControlErrorKind::Unknown)),
    }
}

/// Sends a request that changes nothing, and reads its answer.
fn ask<T>(
    owner: &LockOwner,
    request: &str,
    card: &[u8; 32],
    read: impl FnOnce(&[u8]) -> Option<T>,
) -> Result<T, ControlError> {
    let mut request = Request::send(owner, request, card, None)?;
    let answer = request.answer()?;
    read(&answer).ok_or_else(|| request.failed(ControlErrorKind::Unknown))
}

/// The first line, and what is behind it.
fn split_line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 1..]))
}

/// A request on its way.
struct Request<'a> {
    owner: &'a LockOwner,
    stream: BufReader<io::Take<UnixStream>>,
    /// Whether the request may be carried out from now on, even if no answer arrives.
    sent: bool,
}

impl<'a> Request<'a> {
    fn send(owner: &'a LockOwner, request: &str, card: &[u8; 32], body: Option<&[u8]>) -> Result<Self, ControlError> {
        let path = owner.control.as_deref().unwrap_or_default();
        let length = body.map(|body| format!(" {}", body.len())).unwrap_or_default();
        let send = || -> io::Result<UnixStream> {
            let mut stream = connect(Path::new(path), PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            stream.write_all(format!("{request} {}{length}\n", hex::encode(card)).as_bytes())?;
            stream.write_all(body.unwrap_or_default())?;
            Ok(stream)
        };
        let stream = send().map_err(|error| unreachable(owner, false, error))?;
        Ok(Self {
            owner,
            stream: BufReader::new(stream.take(LONGEST)),
            sent: false,
        })
    }

    /// Waits until the lock owner is ready, and confirms the request.
    fn confirm(&mut self) -> Result<(), ControlError> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line);
        read.map_err(|error| unreachable(self.owner, false, error))?;
        if let Some(error) = line.strip_prefix("error ") {
            return Err(self.failed(ControlErrorKind::Refused(error.trim_end().to_owned())));
        }
        if line.trim_end() != READY {
            return Err(self.failed(ControlErrorKind::NoAnswer));
        }
        self.sent = true;
        let mut stream = self.stream.get_ref().get_ref();
        let written = stream.write_all(format!("{GO}\n").as_bytes());
        written.map_err(|error| unreachable(self.owner, true, error))
    }

    /// The answer after its first line.
    fn answer(&mut self) -> Result<Zeroizing<Vec<u8>>, ControlError> {
        let mut answer = Zeroizing::new(Vec::new());
        let read = self.stream.read_to_end(&mut answer);
        read.map_err(|error| unreachable(self.owner, self.sent, error))?;
        match split_line(&answer) {
            Some(("ok", rest)) => Ok(Zeroizing::new(rest.to_vec())),
            Some((line, _)) if let Some(error) = line.strip_prefix("error ") => {
                Err(self.failed(ControlErrorKind::Refused(error.to_owned())))
            }
            _ => Err(self.failed(ControlErrorKind::NoAnswer)),
        }
    }

    fn failed(&self, kind: ControlErrorKind) -> ControlError {
        ControlError {
            owner: self.owner.clone(),
            kind,
        }
    }
}

fn unreachable(owner: &LockOwner, sent: bool, error: io::Error) -> ControlError {
    // A socket reports the end of its time limit as WouldBlock.
    let error = match error.kind() {
        ErrorKind::WouldBlock => ErrorKind::TimedOut.into(),
        _ => error,
    };
    ControlError {
        owner: owner.clone(),
        kind: ControlErrorKind::Unreachable { error, sent },
    }
}
