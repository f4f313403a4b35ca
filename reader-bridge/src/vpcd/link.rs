//! vpcd's side of a connection: messages to a card, and its answers.
//!
//! An answer has a limit of length and of time. After an error the connection is closed, because a late answer would be
//! mistaken for the answer to another message. Must never send half a frame, nor a command that looks like another message.

use super::codec::{self, Message};
use socket2::SockRef;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;
use zeroize::{Zeroize, Zeroizing};

/// How long a card may take for an answer; clients of real cards allow up to 20 s for a signature.
const ANSWER: Duration = Duration::from_secs(30);

/// How long a card may take to state its ATR, which costs it no work.
const ATR_ANSWER: Duration = Duration::from_secs(5);

/// Bytes of the longest ATR (ISO/IEC 7816-3, 8.2).
const LONGEST_ATR: usize = 33;

/// The shortest command; one byte could be a control message.
pub(super) const SHORTEST_COMMAND: usize = 2;

/// A connection to a card.
pub(super) struct Link {
    /// `None` once the card is gone.
    stream: Option<TcpStream>,
    /// A command may hold a PIN.
    frame: Zeroizing<Vec<u8>>,
}

/// The reason why a message was not sent or not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkError {
    /// The connection was over before.
    NoCard,
    /// The card has ended the connection, or answers what no card does.
    Gone,
    /// The card has not answered in time.
    Mute,
    /// The message has this many bytes, more than a frame carries.
    TooLong(usize),
    /// The command has this many bytes, fewer than a command can have.
    TooShort(usize),
}

impl Link {
    pub(super) fn new(stream: TcpStream) -> io::Result<Link> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(ANSWER))?;
        Ok(Link {
            stream: Some(stream),
            frame: Zeroizing::default(),
        })
    }

    /// Whether the card is (still) connected, as far as is known.
    pub(super) fn is_open(&self) -> bool {
        self.stream.is_some()
    }

    /// Ends the connection.
    pub(super) fn close(&mut self) {
        if let Some(stream) = self.stream.take() {
            // Another handle of it may exist.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Sends a message that has no answer.
    pub(super) fn send(&mut self, message: &Message<'_>) -> Result<(), LinkError> {
        let body = message.body();
        codec::encode(body, &mut self.frame).map_err(|error| LinkError::TooLong(error.length))?;
        let Some(stream) = &mut self.stream else {
            return Err(LinkError::NoCard);
        };
        let sent = stream.write_all(&self.frame);
        self.frame.zeroize();
        sent.map_err(|_| self.over(LinkError::Gone))
    }

    /// Asks for the ATR.
    pub(super) fn atr(&mut self) -> Result<Vec<u8>, LinkError> {
        self.send(&Message::GetAtr)?;
        let mut atr = Vec::new();
        self.receive(&mut atr, ATR_ANSWER, LONGEST_ATR)?;
        Ok(atr)
    }

    /// Sends a command and waits for its answer.
    pub(super) fn transmit(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), LinkError> {
        if command.len() < SHORTEST_COMMAND {
            return Err(LinkError::TooShort(command.len()));
        }
        self.send(&Message::Apdu(command))?;
        self.receive(response, ANSWER, codec::LONGEST_BODY)
    }

    /// The body of the next frame. An empty one is no answer, as for vpcd.
    fn receive(&mut self, body: &mut Vec<u8>, time: Duration, longest: usize) -> Result<(), LinkError> {
        let Some(stream) = &mut self.stream else {
            return Err(LinkError::NoCard);
        };
        match read_frame(stream, body, time, longest) {
            Ok(()) if !body.is_empty() => Ok(()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Err(self.over(LinkError::Mute))
            }
            _ => Err(self.over(LinkError::Gone)),
        }
    }

    fn over(&mut self, error: LinkError) -> LinkError {
        self.close();
        error
    }
}

fn read_frame(stream: &mut TcpStream, body: &mut Vec<u8>, time: Duration, longest: usize) -> io::Result<()> {
    stream.set_read_timeout(Some(time))?;
    // A card that sends length and body apart would wait for the delayed acknowledgement of the first.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    SockRef::from(&*stream).set_tcp_quickack(true)?;
    let mut header = [0; codec::HEADER];
    stream.read_exact(&mut header)?;
    let length = usize::from(u16::from_be_bytes(header));
    if length > longest {
        return Err(ErrorKind::InvalidData.into());
    }
    body.clear();
    body.resize(length, 0);
    stream.read_exact(body)
}
