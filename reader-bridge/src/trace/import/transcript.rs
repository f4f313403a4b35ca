//! The messages that have been read, in their order: which answer belongs to which command, and what of them is secret.

use std::collections::HashMap;
use std::ops::Range;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use vmyna_apdu::CommandApdu;
use zeroize::Zeroizing;

use super::super::{MASK, Message, Octets, ReaderName, Readers, Secrecy, What};
use super::{ImportError, LONGEST_NAME, MOST_MESSAGES, Problem};

/// The most bytes of an R-APDU: 65,536 bytes of data and the status word.
const LONGEST_ANSWER: usize = 65_538;

/// The most readers of a log, as a reader keeps its last command.
const MOST_READERS: usize = 256;

/// Messages, and the commands that wait for their answers.
pub(super) struct Transcript {
    mask: bool,
    messages: Vec<Message>,
    readers: Readers,
    waiting: HashMap<ReaderName, Zeroizing<Vec<u8>>>,
    time: SystemTime,
}

impl Transcript {
    pub(super) fn new(show_secrets: bool) -> Self {
        Self {
            mask: !show_secrets,
            messages: Vec::new(),
            readers: Readers::default(),
            waiting: HashMap::new(),
            time: UNIX_EPOCH,
        }
    }

    /// The time of what follows, since 1970.
    pub(super) fn at(&mut self, since: Duration) {
        self.time = UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH);
    }

    /// Whether a command at this reader waits for its answer.
    pub(super) fn waits(&self, reader: &str) -> bool {
        self.waiting.contains_key(reader)
    }

    /// A C-APDU. If the one before it at this reader was not answered, the trace has no answer to that.
    pub(super) fn command(&mut self, reader: &str, command: &[u8]) -> Result<(), Problem> {
        check_length(command, CommandApdu::MAX_LENGTH)?;
        let octets = Octets::new(command, Secrecy::unknown().command(command), self.mask);
        self.add(reader, What::Command(octets))?;
        self.wait(reader, command)
    }

    /// An R-APDU to the last command at this reader.
    pub(super) fn answer(&mut self, reader: &str, answer: &[u8]) -> Result<(), Problem> {
        check_length(answer, LONGEST_ANSWER)?;
        let command = self.waiting.remove(reader).ok_or(Problem::NoCommand)?;
        // Without a status word all of it is data that was cut off.
        let data = answer.len().checked_sub(2).unwrap_or(answer.len());
        let secret = if Secrecy::unknown().answer(&command) {
            0..data
        } else {
            0..0
        };
        self.add(reader, What::Response(Octets::new(answer, secret, self.mask)))
    }

    /// The last command at this reader was not answered.
    pub(super) fn unanswered(&mut self, reader: &str) -> Result<(), Problem> {
        self.waiting.remove(reader).ok_or(Problem::NoCommand)?;
        self.add(reader, What::Unanswered)
    }

    /// A power event or a reset.
    pub(super) fn event(&mut self, reader: &str, what: What) -> Result<(), Problem> {
        self.waiting.remove(reader);
        self.add(reader, what)
    }

    /// A message of a trace of this program, which may be masked already.
    pub(super) fn exported(&mut self, message: &Message) -> Result<(), Problem> {
        self.time = message.time;
        let reader = message.reader.raw();
        // What a message states to be secret is, and what it does not state may be.
        let octets = |octets: &Octets, secret: Range<usize>, mask: bool| {
            let secret = match octets.secret() {
                stated if stated.is_empty() => secret,
                stated => stated,
            };
            let bytes = octets.as_bytes();
            let masked = !secret.is_empty() && bytes[secret.clone()].iter().all(|byte| *byte == MASK);
            Octets::new(bytes, secret, mask || masked)
        };
        match &message.what {
            What::Command(command) => {
                check_length(command.as_bytes(), CommandApdu::MAX_LENGTH)?;
                let bytes = command.as_bytes();
                self.add(
                    reader,
                    What::Command(octets(command, Secrecy::unknown().command(bytes), self.mask)),
                )?;
                self.wait(reader, bytes)
            }
            What::Response(answer) => {
                check_length(answer.as_bytes(), LONGEST_ANSWER)?;
                let command = self.waiting.remove(reader).ok_or(Problem::NoCommand)?;
                let secret = secret_data(&command, answer.as_bytes());
                self.add(reader, What::Response(octets(answer, secret, self.mask)))
            }
            What::Unanswered => self.unanswered(reader),
            event => self.event(reader, event.clone()),
        }
    }

    fn wait(&mut self, reader: &str, command: &[u8]) -> Result<(), Problem> {
        let name = self.reader(reader)?;
        if self.waiting.len() == MOST_READERS && !self.waits(reader) {
            return Err(Problem::TooMany);
        }
        self.waiting.insert(name, Zeroizing::new(command.to_vec()));
        Ok(())
    }

    fn reader(&mut self, name: &str) -> Result<ReaderName, Problem> {
        self.readers.name(name).map_err(|_| Problem::Name)
    }

    fn add(&mut self, reader: &str, what: What) -> Result<(), Problem> {
        if self.messages.len() == MOST_MESSAGES {
            return Err(Problem::TooMany);
        }
        let reader = self.reader(reader)?;
        self.messages.push(Message::new(reader, self.time, what));
        Ok(())
    }

    /// The messages.
    pub(super) fn finish(self) -> Result<Vec<Message>, ImportError> {
        let is_apdu = |message: &Message| matches!(message.what, What::Command(_) | What::Response(_));
        match self.messages.iter().any(is_apdu) {
            true => Ok(self.messages),
            false => Err(ImportError::of_file(Problem::Nothing)),
        }
    }
}

/// The data of an answer, if they may be secret.
fn secret_data(command: &[u8], answer: &[u8]) -> Range<usize> {
    // Without a status word all of it is data that was cut off.
    let data = answer.len().checked_sub(2).unwrap_or(answer.len());
    if Secrecy::unknown().answer(command) {
        0..data
    } else {
        0..0
    }
}

fn check_length(message: &[u8], most: usize) -> Result<(), Problem> {
    match message.len() {
        length if length == 0 || length > most => Err(Problem::Length(length)),
        _ => Ok(()),
    }
}

/// A reader's name, if PC/SC allows it.
pub(super) fn name(text: &str) -> Result<String, Problem> {
    match text.len() <= LONGEST_NAME && !text.contains(char::is_control) && !text.is_empty() {
        true => Ok(text.to_owned()),
        false => Err(Problem::Name),
    }
}
