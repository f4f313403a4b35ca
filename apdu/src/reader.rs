//! A reader as a program sees it, in this process or on the machine's PC/SC service, and the errors of a reader.
//!
//! An error states what failed and at which reader. It must never contain a command or a response, nor advice: the
//! program that shows it knows its user.

use crate::foreign::ShowPath as _;
use crate::icc::IccError;
use std::fmt;
use std::io;
use std::path::PathBuf;

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
    /// [`ReaderError::NotPossible`] where the reader can't do that by itself.
    fn remove(&mut self) -> Result<(), ReaderError>;

    /// Puts the card back in that [`Reader::remove`] took out; without effect when it is in.
    ///
    /// # Errors
    /// [`ReaderError::NotPossible`] where the reader can't do that by itself.
    fn insert(&mut self) -> Result<(), ReaderError>;
}

/// An error of a reader.
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
    /// The command is so short that the way to the card takes it for a message of its own; it was not sent.
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
    /// The reader can't move its card by itself.
    NotPossible {
        /// The reader's name.
        reader: String,
        /// The movement that was asked for.
        movement: Movement,
        /// The only one that can make it.
        only: MovedBy,
    },
    /// No reader is called that.
    NoSuchReader {
        /// The name that was asked for.
        wanted: String,
        /// The readers there are.
        readers: Vec<String>,
    },
    /// More than one reader is called that.
    Ambiguous {
        /// The name that was asked for.
        wanted: String,
        /// The readers it could be.
        readers: Vec<String>,
    },
    /// There is no reader at all.
    NoReaders,
    /// No PC/SC service answers.
    NoService {
        /// The socket that the environment names; `None` for the machine's own service.
        socket: Option<PathBuf>,
    },
    /// The reader has been disconnected from the machine.
    Unplugged {
        /// The reader's name.
        reader: String,
    },
    /// The PC/SC service reports another error.
    Service {
        /// The reader's name; `None` if the call is about no single reader.
        reader: Option<String>,
        /// The return value of PC/SC.
        code: u32,
        /// The service's text for it, in English.
        text: String,
    },
    /// The operating system reports an error of the connection between the reader and its card.
    Connection {
        /// The reader's name.
        reader: String,
        /// The kind of error.
        kind: io::ErrorKind,
    },
}

/// A movement of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Movement {
    /// Into the reader.
    Insert,
    /// Out of the reader.
    Remove,
}

/// The only one that can move the card of a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MovedBy {
    /// A person, by hand: the reader is a device.
    Hand,
    /// The program that is the card: it holds the connection.
    Card,
}

impl ReaderError {
    /// The error of the reader called `reader` when its card fails with `error`.
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
            ReaderError::NoCard { reader } => write!(f, "no card in the reader \"{reader}\""),
            ReaderError::Gone { reader } => write!(f, "the card was pulled out of the reader \"{reader}\""),
            ReaderError::Mute { reader } => write!(f, "the card in the reader \"{reader}\" does not answer"),
            ReaderError::ResetByOther { reader } => write!(
                f,
                "another program has reset the card in the reader \"{reader}\"; connected again, the command was not sent"
            ),
            ReaderError::InUse { reader } => {
                write!(
                    f,
                    "another program uses the card in the reader \"{reader}\" exclusively"
                )
            }
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
            ReaderError::NotPossible { reader, movement, only } => {
                let movement = match movement {
                    Movement::Insert => "put a card in",
                    Movement::Remove => "take the card out",
                };
                let only = match only {
                    MovedBy::Hand => "by hand",
                    MovedBy::Card => "by the program that is the card",
                };
                write!(f, "the reader \"{reader}\" cannot {movement}: that is done {only}")
            }
            ReaderError::NoSuchReader { wanted, readers } => {
                write!(f, "no reader is called \"{wanted}\"; there are: {}", List(readers))
            }
            ReaderError::Ambiguous { wanted, readers } => {
                write!(f, "\"{wanted}\" can mean more than one reader: {}", List(readers))
            }
            ReaderError::NoReaders => f.write_str("the PC/SC service knows no reader"),
            ReaderError::NoService { socket: Some(socket) } => {
                let socket = socket.shown();
                write!(
                    f,
                    "no PC/SC service answers at {socket}, the socket that PCSCLITE_CSOCK_NAME names"
                )
            }
            ReaderError::NoService { socket: None } => f.write_str("the PC/SC service does not run"),
            ReaderError::Unplugged { reader } => write!(f, "the reader \"{reader}\" is no longer there"),
            ReaderError::Service {
                reader: Some(reader),
                text,
                ..
            } => {
                write!(f, "the PC/SC service reports: {text}; reader \"{reader}\"")
            }
            ReaderError::Service { reader: None, text, .. } => write!(f, "the PC/SC service reports: {text}"),
            ReaderError::Connection { reader, kind } => {
                write!(f, "the connection of the reader \"{reader}\" to its card fails: {kind}")
            }
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
    fn a_message_names_the_reader() {
        let reader = || "Desk 0".to_owned();
        for error in [
            ReaderError::NoCard { reader: reader() },
            ReaderError::Gone { reader: reader() },
            ReaderError::Mute { reader: reader() },
            ReaderError::ResetByOther { reader: reader() },
            ReaderError::InUse { reader: reader() },
            ReaderError::Unplugged { reader: reader() },
            ReaderError::NotPossible {
                reader: reader(),
                movement: Movement::Remove,
                only: MovedBy::Hand,
            },
            ReaderError::Service {
                reader: Some(reader()),
                code: 0x8010_0001,
                text: "internal error".to_owned(),
            },
        ] {
            let message = error.to_string();
            assert!(message.contains("\"Desk 0\""), "{message}");
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_readers_there_are() {
        let readers = vec!["A 00 00".to_owned(), "B 00 00".to_owned()];
        let message = ReaderError::NoSuchReader {
            wanted: "C".to_owned(),
            readers,
        }
        .to_string();
        assert!(message.ends_with("there are: \"A 00 00\", \"B 00 00\""), "{message}");
    }
}
