//! Control requests: how a process asks the one that has a card in use, on a socket that only this user can reach.
//!
//! A request is one line: a word, and the identity of the card in hexadecimal. The words are `tries` and `reset-state`. The
//! identity matters because an image can be replaced, and then its card is another one. The answer begins with `ok` or
//! `error MESSAGE`. After `ok`, `tries` continues with a line for each PIN: AID, file, tries left. No value of a PIN is ever
//! sent.
//!
//! The asking process may have timed out before the other one reads its request. So a request that can't be undone takes
//! two steps: the lock owner answers `ready`, and acts when it reads `go`. A process that reported a failure must not find
//! the request carried out a minute later.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use vmyna_apdu::{Aid, FileId, hex};
use vmyna_card_os::declaration::ObjectId;
use vmyna_card_os::state::LockOwner;
use vmyna_pcsc_service::connect;

/// How long the asking process waits for the answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// More than any answer has, in bytes.
const LONGEST: u64 = 64 * 1024;

/// The requests.
pub(crate) const TRIES: &str = "tries";
pub(crate) const RESET_STATE: &str = "reset-state";
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

/// Asks the process that has a card in use for the tries left of the card's PINs.
pub(crate) fn ask_tries(owner: &LockOwner, card: &[u8; 32]) -> Result<BTreeMap<ObjectId, u8>, ControlError> {
    let line = |line: &str| {
        let mut fields = line.split(' ');
        let aid = Aid::new(&hex::decode(fields.next()?).ok()?)?;
        let file = FileId::new(u16::from_str_radix(fields.next()?, 16).ok()?);
        Some((ObjectId { aid, file }, fields.next()?.parse().ok()?))
    };
    let mut request = Request::send(owner, TRIES, card)?;
    let answer = request.answer()?;
    let tries: Option<_> = answer.lines().map(line).collect();
    tries.ok_or_else(|| request.failed(ControlErrorKind::Unknown))
}

/// Asks the process that has a card in use to go back to the card as issued.
pub(crate) fn ask_reset(owner: &LockOwner, card: &[u8; 32]) -> Result<(), ControlError> {
    let mut request = Request::send(owner, RESET_STATE, card)?;
    request.confirm()?;
    request.answer().map(drop)
}

/// A request on its way.
struct Request<'a> {
    owner: &'a LockOwner,
    stream: BufReader<io::Take<UnixStream>>,
    /// Whether the request may be carried out from now on, even if no answer arrives.
    sent: bool,
}

impl<'a> Request<'a> {
    fn send(owner: &'a LockOwner, request: &str, card: &[u8; 32]) -> Result<Self, ControlError> {
        let path = owner.control.as_deref().unwrap_or_default();
        let send = || -> io::Result<UnixStream> {
            let mut stream = connect(Path::new(path), PATIENCE)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            stream.write_all(format!("{request} {}\n", hex::encode(card)).as_bytes())?;
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
        if line.trim_end() != READY {
            return Err(self.failed(ControlErrorKind::NoAnswer));
        }
        self.sent = true;
        let mut stream = self.stream.get_ref().get_ref();
        let written = stream.write_all(format!("{GO}\n").as_bytes());
        written.map_err(|error| unreachable(self.owner, true, error))
    }

    /// The answer after its first line.
    fn answer(&mut self) -> Result<String, ControlError> {
        let mut answer = String::new();
        let read = self.stream.read_to_string(&mut answer);
        read.map_err(|error| unreachable(self.owner, self.sent, error))?;
        if let Some(error) = answer.strip_prefix("error ") {
            return Err(self.failed(ControlErrorKind::Refused(error.trim_end().to_owned())));
        }
        match answer.split_once('\n') {
            Some(("ok", rest)) => Ok(rest.to_owned()),
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
