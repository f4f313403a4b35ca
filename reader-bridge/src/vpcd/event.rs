//! The events of a conversation with vpcd, and its end.
//!
//! Events are borrowed and cost nothing without an observer. [`VpcdEvent::Apdu`] carries a whole command, PIN included: no
//! type here may have a Debug that would print one.

use super::address::VpcdAddress;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// An event of a conversation. Events come in the order in which they happen.
#[non_exhaustive]
pub enum VpcdEvent<'a> {
    /// vpcd does not listen; the next attempt follows.
    Waiting {
        /// The address where it should listen.
        address: &'a VpcdAddress,
        /// The error of the attempt.
        error: &'a io::Error,
        /// The time until the next attempt.
        retry_in: Duration,
        /// The moment of the first failed attempt.
        since: Instant,
    },
    /// It listens, and no peer has connected. Reported once for each wait.
    Listening {
        /// The address that it listens on.
        address: &'a VpcdAddress,
    },
    /// A peer has accepted the connection, or has connected. Whether it is vpcd is not known yet.
    Connected {
        /// The address of the peer.
        peer: SocketAddr,
    },
    /// Connected, but no request came for 2 seconds. The slot probably holds another card already (the kernel accepts the
    /// connection in vpcd's name), or the peer is not vpcd. Reported once a connection. The wait goes on, and the card
    /// comes into the reader when the slot becomes free.
    Idle,
    /// vpcd has sent its first request: the card is in the reader. pcscd shows it to programs within 400 ms.
    Inserted,
    /// The card was powered on.
    PowerOn {
        /// Its answer to reset.
        atr: &'a [u8],
    },
    /// The card was reset, its power stayed.
    Reset {
        /// Its answer to reset.
        atr: &'a [u8],
    },
    /// The card was powered off.
    PowerOff,
    /// A command has been answered. The answer is on its way already.
    Apdu {
        /// The C-APDU.
        command: &'a [u8],
        /// The R-APDU.
        response: &'a [u8],
        /// How long the card took.
        elapsed: Duration,
    },
    /// A command could not be answered; the program gets an error, as from a mute card.
    Failed {
        /// The C-APDU.
        command: &'a [u8],
        /// The reason.
        failure: Failure,
    },
    /// The connection is over and the card without power. Unless it is gone or the end was called for, it connects again.
    Disconnected {
        /// The reason.
        reason: &'a Reason,
    },
}

/// The reason why a command could not be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The card does not answer.
    Mute,
    /// The card has been pulled out.
    Gone,
    /// The card's answer has more than the 65,535 bytes vpcd can carry.
    AnswerTooLong {
        /// Bytes of the answer.
        length: usize,
    },
}

/// The reason for the end of a connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reason {
    /// The peer has closed it: pcscd has ended, or the peer is not vpcd.
    Closed,
    /// The operating system reports a failure.
    Lost(io::Error),
    /// The first message of the peer is longer than any of vpcd: another program uses this port.
    NotVpcd,
    /// The peer connected to a listener and then sent nothing for 4 seconds. Another one gets the place.
    Silent,
    /// The peer began a message and did not finish it.
    HalfMessage {
        /// Bytes of it that came.
        received: usize,
    },
    /// The peer sent more than 1,024 bytes ahead of an answer: it has cut the length of a command of more than 65,535 bytes
    /// to 16 bits.
    OutOfStep,
    /// vpcd waits for an answer to a command of one byte, which looks like a control message. The command fails for its
    /// program; the card is missing for a moment.
    OneByteCommand,
    /// A command was not answered, which vpcd notices only by the end of the connection.
    Mute,
    /// The card left the reader for a moment, so that pcscd notices that it has lost its power; it is back within a second.
    Removal,
    /// The card has been pulled out.
    Gone,
    /// [`StopHandle::stop`](super::StopHandle::stop) or [`StopHandle::remove`](super::StopHandle::remove) was called.
    Stopped,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Closed => f.write_str("closed by the other side"),
            Reason::Lost(error) => write!(f, "lost: {error}"),
            Reason::NotVpcd => f.write_str("another program than vpcd uses this port"),
            Reason::Silent => f.write_str("the other side has sent nothing since it connected"),
            Reason::HalfMessage { received } => {
                write!(f, "ended after {received} bytes of a message")
            }
            Reason::OutOfStep => f.write_str("out of step: vpcd can't carry a command of more than 65535 bytes"),
            Reason::OneByteCommand => {
                f.write_str("a program sent a command of one byte, which looks to vpcd like a control message")
            }
            Reason::Mute => f.write_str("the card did not answer"),
            Reason::Removal => f.write_str("the card left for a moment, so that pcscd powers it on again"),
            Reason::Gone => f.write_str("the card has been pulled out"),
            Reason::Stopped => f.write_str("ended"),
        }
    }
}

/// How a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// [`StopHandle::stop`](super::StopHandle::stop) was called.
    Stopped,
    /// The card has been pulled out.
    Gone,
    /// [`StopHandle::remove`](super::StopHandle::remove) was called.
    Removed,
}

/// An error that keeps a card out of a reader of vpcd.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VpcdError {
    /// The host is not this machine, and the caller has not allowed that.
    #[error(
        "{address} is not this machine ({addresses:?}): everything, PINs included, would go over the network unencrypted"
    )]
    NotLoopback {
        /// The address that was asked for.
        address: VpcdAddress,
        /// The addresses that it resolves to.
        addresses: Vec<SocketAddr>,
    },
    /// The address can't be listened on.
    #[error("{address} can't be listened on: {error}")]
    Listen {
        /// The address that was asked for.
        address: VpcdAddress,
        /// The error of the operating system.
        #[source]
        error: io::Error,
    },
    /// The card gives no ATR of 2 to 33 bytes (ISO/IEC 7816-3, 8.2) when it is powered on.
    #[error("the card gives {length} bytes when it is powered on; an ATR has 2 to 33")]
    NoAtr {
        /// The bytes that it gave instead.
        length: usize,
    },
}
