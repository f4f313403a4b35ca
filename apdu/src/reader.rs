//! What a program sees of any reader, in this process or on the machine's PC/SC service, and what can go wrong with one.
//!
//! Messages say what happened, at which reader, and what to do about it. They must never contain a command or a response.

use crate::icc::IccError;
use std::fmt;

/// A smart card reader with one slot.
pub trait Reader {
    /// The reader's name, as PC/SC or the user calls it.
    fn name(&self) -> &str;

    /// The ATR of the card, as of the last power-up or reset; `None` without a card that has given one.
    fn atr(&self) -> Option<&[u8]>;

    /// Sends a C-APDU; `response` is cleared and then holds the R-APDU, status word included.
    ///
    /// # Errors
    /// [`ReaderError`]; the content of `response` then means nothing.
    fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), ReaderError>;

    /// Warm reset: the card keeps its power.
    ///
    /// # Errors
    /// [`ReaderError`]
    fn reset(&mut self) -> Result<(), ReaderError>;

    /// Takes the power away and supplies it again (cold reset).
    ///
    /// # Errors
    /// [`ReaderError`]
    fn power_cycle(&mut self) -> Result<(), ReaderError>;

    /// Takes the card out.
    ///
    /// # Errors
    /// [`ReaderError::NotPossible`] where only a hand can do that.
    fn remove(&mut self) -> Result<(), ReaderError>;

    /// Puts the card back in that [`Reader::remove`] took out; without effect when it is in.
    ///
    /// # Errors
    /// [`ReaderError::NotPossible`] where only a hand can do that.
    fn insert(&mut self) -> Result<(), ReaderError>;
}

/// What can go wrong with a reader. `reader` is the reader's name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReaderError {
    /// There is no card in the reader.
    NoCard {
        /// The reader's name.
        reader: String,
    },
    /// The card was pulled out; a later call finds out whether there is one again.
    Gone {
        /// The reader's name.
        reader: String,
    },
    /// The card does not answer.
    Mute {
        /// The reader's name.
        reader: String,
    },
    /// Another program has reset the card. The connection has been renewed, and the command was not sent.
    ResetByOther {
        /// The reader's name.
        reader: String,
    },
    /// Another program uses the card exclusively.
    InUse {
        /// The reader's name.
        reader: String,
    },
    /// The command is shorter than what can be told from the reader's own messages; it was not sent.
    CommandTooShort {
        /// Bytes of the command.
        length: usize,
        /// The least that is possible, in bytes.
        limit: usize,
    },
    /// The command is longer than the way to the card can carry; it was not sent.
    CommandTooLong {
        /// Bytes of the command.
        length: usize,
        /// The most that is possible, in bytes.
        limit: usize,
    },
    /// This reader can't do that.
    NotPossible {
        /// What was asked for.
        what: &'static str,
        /// Why it can't be done.
        why: &'static str,
    },
    /// No reader is called that.
    NoSuchReader {
        /// What was asked for.
        wanted: String,
        /// The readers there are.
        readers: Vec<String>,
    },
    /// More than one reader is called that.
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// The readers it could be.
        readers: Vec<String>,
    },
    /// There is no reader at all.
    NoReaders,
    /// The PC/SC service is missing or fails; the sentence says what to do.
    Service(String),
}

impl ReaderError {
    /// What a failure of the card means at the reader called `reader`.
    pub fn from_icc(error: IccError, reader: &str) -> ReaderError {
        let reader = reader.to_owned();
        match error {
            IccError::Gone => ReaderError::Gone { reader },
            IccError::Mute => ReaderError::Mute { reader },
        }
    }
}

impl fmt::Display for ReaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReaderError::NoCard { reader } => write!(f, "no card in the reader \"{reader}\": put one in"),
            ReaderError::Gone { reader } => {
                write!(
                    f,
                    "the card was pulled out of the reader \"{reader}\": put it back and begin anew"
                )
            }
            ReaderError::Mute { reader } => {
                write!(
                    f,
                    "the card in the reader \"{reader}\" does not answer: power it off and on, or take it out"
                )
            }
            ReaderError::ResetByOther { reader } => write!(
                f,
                "another program has reset the card in the reader \"{reader}\"; connected again, the command was not \
                 sent: select the application and verify the PIN again"
            ),
            ReaderError::InUse { reader } => write!(
                f,
                "another program uses the card in the reader \"{reader}\" exclusively: close it, or wait until it is done"
            ),
            ReaderError::CommandTooShort { length, limit } => {
                write!(
                    f,
                    "the command has {length} bytes, at least {limit} get through; it was not sent"
                )
            }
            ReaderError::CommandTooLong { length, limit } => {
                write!(
                    f,
                    "the command has {length} bytes, at most {limit} get through; it was not sent"
                )
            }
            ReaderError::NotPossible { what, why } => write!(f, "cannot {what}: {why}"),
            ReaderError::NoSuchReader { wanted, readers } => {
                write!(f, "no reader is called \"{wanted}\"; there are: {}", List(readers))
            }
            ReaderError::Ambiguous { wanted, readers } => {
                write!(
                    f,
                    "\"{wanted}\" can mean more than one reader, say more of the name: {}",
                    List(readers)
                )
            }
            ReaderError::NoReaders => f.write_str(
                "the PC/SC service knows no reader: connect one, or for a virtual reader install Debian's package \
                 vsmartcard-vpcd and restart pcscd",
            ),
            ReaderError::Service(sentence) => f.write_str(sentence),
        }
    }
}

impl std::error::Error for ReaderError {}

/// Names in quotes, separated by commas.
struct List<'a>(&'a [String]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.0.iter().enumerate() {
            write!(f, "{}\"{name}\"", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_what_where_and_what_to_do() {
        let reader = || "Desk 0".to_owned();
        for error in [
            ReaderError::NoCard { reader: reader() },
            ReaderError::Gone { reader: reader() },
            ReaderError::Mute { reader: reader() },
            ReaderError::ResetByOther { reader: reader() },
            ReaderError::InUse { reader: reader() },
        ] {
            let message = error.to_string();
            assert!(message.contains("\"Desk 0\"") && message.contains(": "), "{message}");
        }
    }

    #[test]
    fn a_reader_that_is_not_found_is_answered_with_the_readers_there_are() {
        let readers = vec!["A 00 00".to_owned(), "B 00 00".to_owned()];
        let message = ReaderError::NoSuchReader {
            wanted: "C".to_owned(),
            readers,
        }
        .to_string();
        assert!(message.ends_with("there are: \"A 00 00\", \"B 00 00\""), "{message}");
    }
}
