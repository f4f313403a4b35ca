//! Traces: the messages between readers and cards, kept in a file.
//!
//! [`Traced`] stands between a reader and a card and gives every message to a [`Trace`], which writes it with a [`Sink`]:
//! [`PcapngSink`] for Wireshark, or another one of the caller. [`read`] reads such a file back, and [`import`] logs of other
//! programs.
//!
//! Secrets are masked at their length unless the caller asks for them: PINs in commands ([`vmyna_apdu::mask`]), and answers
//! from files declared secret, which the card reports to [`Secrecy`]. A trace must never change a message, delay a card for
//! ever, or end a conversation because a disk is full. A process that dies leaves a file that can be read up to the last
//! whole message.

mod exported_pdu;
pub mod import;
pub mod limits;
mod pcapng;
mod read;
mod secrecy;
mod traced;
mod traced_reader;

pub use limits::{ReaderName, Readers};
pub use pcapng::PcapngSink;
pub use read::{Numbered, ReadError, Recording, read};
pub use secrecy::Secrecy;
pub use traced::{Trace, Traced};
pub use traced_reader::TracedReader;

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Range;
use std::path::Path;
use std::time::SystemTime;

/// The byte that stands for a masked one: an asterisk.
pub const MASK: u8 = b'*';

/// A message between a reader and a card.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The reader's name.
    pub reader: ReaderName,
    /// The time of the message.
    pub time: SystemTime,
    /// The content.
    pub what: What,
}

impl Message {
    /// A message at the reader of this name.
    pub fn new(reader: impl Into<ReaderName>, time: SystemTime, what: What) -> Self {
        let reader = reader.into();
        Self { reader, time, what }
    }
}

/// The content of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The card was powered (cold reset) and gave this ATR.
    PowerOn(Vec<u8>),
    /// Warm reset; the card gave this ATR.
    Reset(Vec<u8>),
    /// The card lost its power.
    PowerOff,
    /// A C-APDU.
    Command(Octets),
    /// The R-APDU to the command before it at the same reader.
    Response(Octets),
    /// The command before it at the same reader was not answered.
    Unanswered,
}

/// Bytes of a message, of which some may be secret. `Debug` shows only how many there are.
#[derive(Clone, PartialEq, Eq)]
pub struct Octets {
    bytes: Vec<u8>,
    secret: Range<usize>,
    masked: bool,
}

impl Octets {
    /// Bytes of which those in `secret` are secret; with `mask` they are replaced by [`MASK`].
    pub fn new(bytes: &[u8], secret: Range<usize>, mask: bool) -> Self {
        let end = secret.end.min(bytes.len());
        let secret = if secret.start < end { secret.start..end } else { 0..0 };
        let mut bytes = bytes.to_vec();
        if mask {
            bytes[secret.clone()].fill(MASK);
        }
        Self {
            bytes,
            masked: mask && !secret.is_empty(),
            secret,
        }
    }

    /// The bytes; masked ones are [`MASK`].
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the secret ones are, masked or not; empty where none is.
    pub fn secret(&self) -> Range<usize> {
        self.secret.clone()
    }

    /// Where bytes are masked; empty where none is.
    pub fn masked(&self) -> Range<usize> {
        if self.masked { self.secret.clone() } else { 0..0 }
    }
}

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.bytes.len())
    }
}

/// A writer of messages.
pub trait Sink: Send {
    /// Writes messages that belong together with one call, so that a reader of the file finds half a message only at its
    /// end.
    ///
    /// # Errors
    /// An error of the file; nothing more is written after it.
    fn write(&mut self, messages: &[Message]) -> io::Result<()>;
}

/// Creates the file of a trace, for its owner only.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`]: it never overwrites a file; and errors of the file system.
pub fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests;
