//! C-APDUs in hexadecimal, for programs that are read aloud.

use vmyna_apdu::hex::{self, HexError};
use vmyna_apdu::{Reader, ReaderError, ResponseApdu, StatusWord};

/// Sends C-APDUs in hexadecimal through any [`Reader`].
pub trait Exchange: Reader {
    /// Sends a C-APDU, with or without spaces between its bytes; returns the data of the R-APDU.
    ///
    /// # Errors
    /// A status word other than 9000 is [`SendError::Refused`]. No error contains the command.
    fn send(&mut self, command: &str) -> Result<Vec<u8>, SendError> {
        let command = hex::decode(command)?;
        let mut response = Vec::new();
        self.transmit(&command, &mut response)?;
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
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The command is not hexadecimal.
    #[error("{0}")]
    Hex(#[from] HexError),
    /// The reader got no answer.
    #[error("{0}")]
    Reader(#[from] ReaderError),
    /// The card refused the command, or answered a warning.
    #[error("the card answered {0} ({meaning})", meaning = .0.meaning())]
    Refused(StatusWord),
    /// The answer is shorter than a status word.
    #[error("the answer is shorter than a status word")]
    NoStatusWord,
}
