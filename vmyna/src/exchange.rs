//! C-APDUs in hexadecimal, for programs that are read aloud.

use std::fmt;

use vmyna_apdu::hex::{self, HexError};
use vmyna_apdu::{Reader, ReaderError, ResponseApdu, StatusWord};

/// Sends C-APDUs in hexadecimal through any [`Reader`].
pub trait Exchange: Reader {
    /// Sends a C-APDU, with or without spaces between its bytes; returns the data of the R-APDU.
    ///
    /// # Errors
    /// A status word other than 9000 is [`SendError::Refused`]. No error contains the command.
    fn send(&mut self, command: &str) -> Result<Vec<u8>, SendError> {
        let command = hex::decode(command).map_err(SendError::Hex)?;
        let mut response = Vec::new();
        self.transmit(&command, &mut response).map_err(SendError::Reader)?;
        match ResponseApdu::parse(&response) {
            Some(ResponseApdu {
                data,
                status_word: StatusWord::SUCCESS,
            }) => Ok(data.to_vec()),
            Some(other) => Err(SendError::Refused(other.status_word)),
            None => Err(SendError::NoStatusWord),
        }
    }
}

impl<R: Reader + ?Sized> Exchange for R {}

/// Why [`Exchange::send`] returns no data.
#[derive(Debug)]
#[non_exhaustive]
pub enum SendError {
    /// The command is not hexadecimal.
    Hex(HexError),
    /// The reader got no answer.
    Reader(ReaderError),
    /// The card refused the command, or answered a warning.
    Refused(StatusWord),
    /// The answer is shorter than a status word.
    NoStatusWord,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hex(error) => error.fmt(f),
            Self::Reader(error) => error.fmt(f),
            Self::Refused(sw) => write!(f, "the card answered {sw} ({})", sw.meaning()),
            Self::NoStatusWord => f.write_str("the answer is shorter than a status word"),
        }
    }
}

impl std::error::Error for SendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Hex(error) => Some(error),
            Self::Reader(error) => Some(error),
            Self::Refused(_) | Self::NoStatusWord => None,
        }
    }
}
