//! The reason why a log can't be imported. It never repeats a line, which may hold a PIN.

use std::fmt;

use super::{LONGEST_LINE, LONGEST_LOG, LONGEST_NAME, MOST_MESSAGES};

/// The place of a problem in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line, from 1.
    Line(usize),
    /// A packet, from 1.
    Packet(u64),
    /// The log as a whole.
    File,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(number) => write!(f, "line {number}: "),
            Self::Packet(number) => write!(f, "packet {number}: "),
            Self::File => Ok(()),
        }
    }
}

/// A log that can't be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}{problem}")]
pub struct ImportError {
    /// Where.
    pub place: Place,
    /// Why.
    pub problem: Problem,
}

impl ImportError {
    pub(super) fn of_file(problem: Problem) -> Self {
        Self {
            place: Place::File,
            problem,
        }
    }
}

/// A reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The log is too long.
    #[error("more than {} MiB", LONGEST_LOG >> 20)]
    LongLog,
    /// A line is too long.
    #[error("longer than {LONGEST_LINE} bytes")]
    LongLine,
    /// There are too many messages.
    #[error("more than {MOST_MESSAGES} messages")]
    TooMany,
    /// The log holds no message of a card.
    #[error("no message of a card")]
    Nothing,
    /// The line is none that this program writes.
    #[error("not a line of this format")]
    Foreign,
    /// Bytes are not in hexadecimal, or half a byte is missing.
    #[error("not bytes in hexadecimal")]
    NotHex,
    /// A C-APDU or R-APDU has no byte, or more than there can be.
    #[error("a message of {0} bytes, which no APDU has")]
    Length(usize),
    /// There are other bytes than the line states.
    #[error("{there} bytes, but the line states {stated}")]
    Count {
        /// How many the line states.
        stated: usize,
        /// How many there are.
        there: usize,
    },
    /// The log ends within a message.
    #[error("the message ends after {there} of {stated} bytes")]
    CutOff {
        /// How many bytes are announced.
        stated: usize,
        /// How many there are.
        there: usize,
    },
    /// An answer without a command before it.
    #[error("an answer without a command before it")]
    NoCommand,
    /// A reader's name is too long, or holds a control character.
    #[error("a reader's name that PC/SC does not allow (at most {LONGEST_NAME} bytes, no control character)")]
    Name,
    /// Several programs or readers are in use at once, and the log does not state whose message it is.
    #[error("the log does not state which of several readers or programs this message belongs to")]
    Ambiguous,
    /// The direction of the data of an instruction of T=0 is not known.
    #[error("whether the data of instruction {0:02X} are sent or received is not known")]
    Direction(u8),
    /// A capture contradicts itself.
    #[error("damaged: the packet or block contradicts itself")]
    Damaged,
}
